"""What is read piece by piece is what is read at once, and no piece is large.

Broken once each to see them fail: with `rest` not read, damage costs what stands behind it; with a
commit that the end of a piece cuts taken for the end, half a segment is missing; with the whole
stretch read at once, the largest read is a segment.
"""

from random import Random

import pytest

from edge_agent.journal import Record, RecordKind, read_disk
from edge_agent.journal.format import BLOCK_BYTES, COMMIT_BYTES_MAX, SEGMENT_BYTES
from edge_agent.journal.reader import envelopes_from
from edge_agent.journal.scrub import examine
from edge_agent.journal.sealing import Sealed, seal
from tests.journal.sealing import CONTENTS, drain, end_of, filled, seal_all
from tests.journal.simdisk import SimDisk, SimFile
from tests.journal.world import Draft, World, drafts


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


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What was read or written at once, in octets, since the test emptied it."""
    sizes: list[int] = []
    read, write = SimFile.read, SimFile.write

    def measured(file: SimFile, offset: int, size: int) -> bytes:
        sizes.append(size)
        return read(file, offset, size)

    def written(file: SimFile, offset: int, data: bytes | memoryview) -> int:
        sizes.append(len(data))
        return write(file, offset, data)

    monkeypatch.setattr(SimFile, "read", measured)
    monkeypatch.setattr(SimFile, "write", written)
    return sizes


@pytest.mark.parametrize("sealed", [False, True])
def test_all_is_found_and_little_is_read_at_a_time(sealed: bool, sizes: list[int]) -> None:
    disk = journal(sealed=sealed)
    disk.create("00000009.seg").write(0, bytes(SEGMENT_BYTES))  # a spare
    everything = whole(disk)
    sizes.clear()
    assert by_pieces(disk) == everything
    assert max(sizes) <= COMMIT_BYTES_MAX
    later = by_pieces(disk, 2)
    assert later == everything[-len(later) :]
    assert 0 < len(later) < len(everything)


def test_sealing_and_looking_through_take_little_at_a_time(sizes: list[int]) -> None:
    disk = SimDisk()
    filled(World(disk), 2)
    end = end_of(disk, "00000001.seg", 1)
    sizes.clear()
    assert isinstance(drain(seal(disk, "00000001.seg", 1, end, CONTENTS)), Sealed)
    assert len(disk.nodes["00000001.seg"].data) > 2 * COMMIT_BYTES_MAX
    assert drain(examine(disk, "00000001.seg", 1)) == []
    assert max(sizes) <= COMMIT_BYTES_MAX


def test_what_an_agent_begins_meanwhile_is_left_to_the_next_reading() -> None:
    """What it wrote in between, at the end of the segment before, was not read."""
    disk = SimDisk()
    world = World(disk)
    world.commit(*drafts(3))
    world.scribe.spares.prepare()
    reading = envelopes_from(disk, 0)
    found = [next(reading) for _ in range(3)]

    def begin(operation: str, name: str) -> None:
        if (operation, name) == ("read", "00000002.seg"):
            disk._before = lambda *_: None
            filled(world, 2)

    disk._before = begin
    found += reading
    assert world.scribe._segment is not None
    assert world.scribe._segment.number == 2
    assert [one.seq for one in found] == [0, 1, 2]


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
