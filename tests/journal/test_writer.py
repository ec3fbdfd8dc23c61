"""Where commits go: one behind the other, into the next segment, never twice to one place."""

import errno
from random import Random

import pytest

from edge_agent.journal import Record, RecordKind, recover
from edge_agent.journal.format import (
    BLOCK_BYTES,
    SEGMENT_BYTES,
    Commit,
    Framed,
    decode_head,
)
from edge_agent.journal.scan import scan_segment
from edge_agent.journal.spares import Spares
from edge_agent.journal.writer import Opening, Origin, Placed, Writer
from tests.journal.simdisk import SimDisk
from tests.journal.world import World, drafts

EPOCH = b"epoch001"


class Bench:
    """A writer on a disk of its own; every event is one of `size` bytes."""

    def __init__(self) -> None:
        self.disk = SimDisk()
        self.spares = Spares(self.disk, 1, ())
        self.writer = Writer(self.disk, self.spares, Origin(b"epoch000", 7))
        self.seq = 0

    def append(self, size: int = 100) -> Placed:
        framed = Framed()
        framed.add(Record(RecordKind.ENVELOPE, 0, EPOCH, self.seq, bytes(size)))
        placed = self.writer.append(
            EPOCH, self.seq, framed, b"note", self.seq + 1, Opening(b"genesis")
        )
        self.seq += 1
        return placed

    def stored(self, number: int) -> list[tuple[int, int]]:
        """Offset and first number of each commit of a segment."""
        scan = scan_segment(bytes(self.disk.nodes[f"{number:08d}.seg"].data), number)
        commits = [piece for piece in scan.pieces if isinstance(piece, Commit)]
        assert len(commits) == len(scan.pieces)
        return [(commit.offset, commit.first) for commit in commits]


def test_the_first_commit_opens_a_segment_and_the_next_stands_behind_it() -> None:
    bench = Bench()
    name = "00000001.seg"
    assert bench.append() == Placed(1, name, BLOCK_BYTES, BLOCK_BYTES, fresh=True)
    assert bench.append(5000) == Placed(1, name, 2 * BLOCK_BYTES, 2 * BLOCK_BYTES, fresh=False)
    assert bench.append() == Placed(1, name, 4 * BLOCK_BYTES, BLOCK_BYTES, fresh=False)
    assert bench.stored(1) == [(BLOCK_BYTES, 0), (2 * BLOCK_BYTES, 1), (4 * BLOCK_BYTES, 2)]
    head = decode_head(bytes(bench.disk.nodes[name].data))
    assert head is not None
    assert (head.number, head.first, head.epoch) == (1, 0, EPOCH)
    assert (head.previous, head.previous_count, head.data) == (b"epoch000", 7, b"genesis")


def test_a_commit_that_does_not_fit_opens_the_next_segment() -> None:
    bench = Bench()
    while not (placed := bench.append(16_000)).fresh or placed.number == 1:
        last = placed
    assert SEGMENT_BYTES - BLOCK_BYTES * 4 < last.offset + last.length <= SEGMENT_BYTES
    assert placed[:3] == (2, "00000002.seg", BLOCK_BYTES)
    assert bench.stored(2) == [(BLOCK_BYTES, bench.seq - 1)]
    head = decode_head(bytes(bench.disk.nodes["00000002.seg"].data))
    assert head is not None
    assert head.first == bench.seq - 1


def test_a_commit_that_fills_the_segment_to_its_last_byte_still_fits() -> None:
    bench = Bench()
    while (placed := bench.append()).offset + placed.length < SEGMENT_BYTES:
        assert placed.number == 1
    assert bench.append().number == 2


@pytest.mark.parametrize("operation", ["write", "sync"])
def test_a_segment_that_refused_is_never_touched_again(operation: str) -> None:
    bench = Bench()
    bench.append()
    bench.spares.prepare()
    bench.disk.refusing = {operation: errno.EIO}
    with pytest.raises(OSError, match="Input/output"):
        bench.append()
    bench.disk.refusing = {}
    bench.disk.operations.clear()
    assert bench.append().number == 2
    assert {name for operation, name in bench.disk.operations} == {"00000002.seg"}


@pytest.mark.parametrize("operation", ["write", "sync"])
def test_a_segment_whose_first_write_was_refused_is_removed(operation: str) -> None:
    bench = Bench()
    bench.spares.prepare()
    bench.disk.refusing = {operation: errno.ENOSPC}
    with pytest.raises(OSError, match="No space"):
        bench.append()
    assert bench.disk.names() == []
    bench.disk.refusing = {}
    assert bench.append().number == 2


def test_no_segment_can_be_made_and_later_one_can() -> None:
    bench = Bench()
    bench.disk.refusing = {"create": errno.EROFS}
    for _ in range(2):
        with pytest.raises(OSError, match="Read-only"):
            bench.append()
    bench.disk.refusing = {}
    assert bench.append().fresh


def test_what_is_closed_is_not_written_again() -> None:
    bench = Bench()
    bench.append()
    bench.writer.close()
    bench.writer.close()
    assert bench.append().number == 2


def test_short_writes_are_finished() -> None:
    disk = SimDisk()
    disk.short = Random(1)
    world = World(disk)
    for _ in range(20):
        world.commit(*drafts(5, b"z" * 2000))
    assert recover(disk.copy()).count == 100
