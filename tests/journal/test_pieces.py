"""What is read piece by piece is what is read at once, and no piece is large.

Broken once each to see them fail: with `rest` not read, damage costs what stands behind it; with a
commit that the end of a piece cuts taken for the end, half a segment is missing; with the whole
stretch read at once, the largest read is a segment.
"""

from random import Random

import pytest

from edge_agent.journal import Record, RecordKind, read_disk
from edge_agent.journal.format import BLOCK_BYTES, COMMIT_BYTES_MAX
from edge_agent.journal.reader import envelopes_from
from tests.journal.sealing import filled, seal_all
from tests.journal.simdisk import SimDisk, SimFile
from tests.journal.world import Draft, World


def names(records: list[Record]) -> list[tuple[bytes, int, bytes]]:
    return [(one.epoch, one.seq, one.data) for one in records]


def whole(disk: SimDisk) -> list[tuple[bytes, int, bytes]]:
    """What the reader of everything finds, each event once."""
    found = (stored.record for stored in read_disk(disk))
    return sorted(set(names([one for one in found if one.kind is RecordKind.ENVELOPE])))


def by_pieces(disk: SimDisk, first: int = 0) -> list[tuple[bytes, int, bytes]]:
    return names(list(envelopes_from(disk, first)))


def journal(*, sealed: bool) -> SimDisk:
    disk = SimDisk()
    world = World(disk)
    filled(world, 3, lone=True)
    world.wait(20)
    if sealed:
        seal_all(disk, but_last=True)
    return disk


@pytest.mark.parametrize("sealed", [False, True])
def test_all_is_found_and_little_is_read_at_a_time(
    sealed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = journal(sealed=sealed)
    everything = whole(disk)
    sizes: list[int] = []
    read = SimFile.read

    def measured(file: SimFile, offset: int, size: int) -> bytes:
        sizes.append(size)
        return read(file, offset, size)

    monkeypatch.setattr(SimFile, "read", measured)
    assert by_pieces(disk) == everything
    assert max(sizes) <= COMMIT_BYTES_MAX
    later = by_pieces(disk, 2)
    assert later == everything[-len(later) :]
    assert 0 < len(later) < len(everything)


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_damage_costs_no_more_than_it_does_the_reader_of_everything(
    sealed: bool, seed: int
) -> None:
    disk, random = journal(sealed=sealed), Random(seed)
    everything = set(whole(disk))
    for name in disk.names():
        data = disk.nodes[name].data
        if not data.strip(b"\0"):
            continue
        for _ in range(3):
            data[random.randrange(len(data.rstrip(b"\0")))] ^= 1 << random.randrange(8)
    # a damaged last commit looks torn to the one, and the other takes what is whole in it
    assert set(whole(disk)) <= set(by_pieces(disk)) <= everything


def test_a_file_whose_head_is_lost_gives_what_it_has() -> None:
    disk = SimDisk()
    World(disk).commit(*(Draft(b"text %d" % number) for number in range(9)))
    disk.nodes["00000001.seg"].data[:BLOCK_BYTES] = bytes(BLOCK_BYTES)
    assert len(by_pieces(disk)) == 9
