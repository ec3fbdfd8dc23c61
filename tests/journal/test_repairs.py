"""What a start changes, and what strangers in the folder cannot do."""

import errno

import pytest

from edge_agent.journal import Tail, recover
from edge_agent.journal.format import SEGMENT_BYTES
from edge_agent.journal.repairs import HOLE_MAX
from tests.journal.sealing import seal_all
from tests.journal.simdisk import Node, SimDisk
from tests.journal.world import World, drafts


def runs(disk: SimDisk, *epochs: bytes) -> None:
    for epoch in epochs:
        world = World(disk, epoch)
        world.commit(*drafts(4))


@pytest.mark.parametrize("content", [b"garbage" * 99, bytes(SEGMENT_BYTES), b""])
@pytest.mark.parametrize("name", ["99999999.seg", "4294967295.seg", "3999999999.seg"])
def test_a_stranger_with_a_large_number_uses_none_up(name: str, content: bytes) -> None:
    disk = SimDisk()
    runs(disk, b"epoch001")
    disk.nodes[name] = Node(bytearray(content), content)
    for number in range(2, 5):
        runs(disk, b"epoch%03d" % number)
    found = recover(disk)
    assert [segment.number for segment in found.index.segments] == [1, 2, 3, 4]
    assert sum(segment.span for segment in found.index.segments) == 16


def test_a_readable_segment_with_a_large_number_counts() -> None:
    disk = SimDisk()
    runs(disk, b"epoch001")
    world = World(disk, b"epoch002")
    world.scribe.spares._next = 99_999_999
    world.commit(*drafts(4))
    runs(disk, b"epoch003")
    found = recover(disk)
    assert [s.number for s in found.index.segments] == [1, 99_999_999, 100_000_000]
    assert recover(disk).count == 4


def test_a_garbage_file_near_by_is_set_aside_and_its_number_not_used() -> None:
    disk = SimDisk()
    runs(disk, b"epoch001")
    disk.nodes["00000005.seg"] = Node(bytearray(b"x" * 9000), b"x" * 9000)
    found = recover(disk)
    assert (found.next_number, found.tail) == (6, Tail.TORN)
    assert "00000005.seg.broken" in disk.nodes
    assert found.next_number < HOLE_MAX


def test_what_sealing_left_behind_is_removed() -> None:
    disk = SimDisk()
    runs(disk, b"epoch001")
    disk.nodes["00000001.seg.sealing"] = Node(bytearray(b"half"), b"half")
    found = recover(disk)
    assert (found.foreign, found.damages) == ((), ())
    assert "00000001.seg.sealing" not in disk.nodes


def test_every_segment_that_is_not_sealed_is_flushed() -> None:
    disk = SimDisk()
    runs(disk, b"epoch001")
    recover(disk)
    seal_all(disk)
    runs(disk, b"epoch002", b"epoch003")
    disk.operations.clear()
    recover(disk)
    flushed = [name for operation, name in disk.operations if operation == "sync"]
    assert set(flushed) == {"00000002.seg", "00000003.seg"}


def test_a_flush_that_a_start_was_refused_is_repeated_by_the_next_also_for_older_ones() -> None:
    disk = SimDisk()
    runs(disk, b"epoch001")
    disk.nodes["00000001.seg"].durable = b""  # killed, and nothing of it was flushed
    disk.refusing = {"sync": errno.EIO}
    assert recover(disk).refused is not None
    disk.refusing = {}
    runs(disk, b"epoch002")
    recover(disk)
    assert bytes(disk.nodes["00000001.seg"].data) == disk.nodes["00000001.seg"].durable
