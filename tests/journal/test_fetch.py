"""Fetching: each lane in order, in bounded steps, whatever is unreadable."""

import errno
from random import Random

from edge_agent.journal.fetch import FETCH_READ_BYTES_MAX, Position
from edge_agent.journal.format import BLOCK_BYTES, SEGMENT_BYTES
from edge_agent.journal.sealing import Sealed
from tests.journal.sealing import seal_one
from tests.journal.simdisk import SimDisk
from tests.journal.world import Draft, World, drafts, envelope, numbers, text_of


def test_each_lane_is_fetched_by_itself_across_epochs_and_segments() -> None:
    random = Random(7)
    disk = SimDisk()
    said: dict[int, list[tuple[bytes, int]]] = {lane: [] for lane in range(7)}
    for number in range(3):
        epoch = b"epoch00%d" % number
        world = World(disk, epoch)
        for seq in range(300):
            lane = random.randrange(7)
            world.commit(Draft(text_of(random), lane))
            said[lane].append((epoch, seq))
    for lane in range(7):
        assert world.fetched(lane, 9000) == said[lane]
        assert world.fetched(lane, 1) == said[lane]


def test_a_fetch_goes_on_where_it_was() -> None:
    world = World(SimDisk())
    world.commit(*drafts(5))
    batch = world.scribe.fetch("center", 2, None, 500)
    assert numbers(batch.records) == [0, 1]
    world.commit(*drafts(3))
    batch = world.scribe.fetch("center", 2, batch.next, 100_000)
    assert numbers(batch.records) == [2, 3, 4, 5, 6, 7]
    assert batch.next is None


def test_a_fetch_from_memory_goes_on_when_the_disk_is_back() -> None:
    disk = SimDisk()
    world = World(disk)
    world.commit(*drafts(3))
    disk.refusing = {"write": errno.EIO}
    world.commit(*drafts(20))
    batch = world.scribe.fetch("center", 2, None, 2000)
    assert numbers(batch.records) == list(range(9))
    disk.refusing = {}
    world.wait(11)
    world.commit(*drafts(2))
    batch = world.scribe.fetch("center", 2, batch.next, 100_000)
    assert numbers(batch.records) == list(range(9, 25))
    assert batch.next is None


def test_a_fetch_goes_on_in_a_segment_that_was_sealed_meanwhile() -> None:
    """Seen to fail: by its place in the old file, or read as the old file, what comes is lost."""
    disk = SimDisk()
    world = World(disk)
    world.commit(*drafts(40))
    batch = world.scribe.fetch("center", 2, None, 500)
    assert isinstance(seal_one(disk), Sealed)
    rest = world.scribe.fetch("center", 2, batch.next, 100_000)
    assert numbers([*batch.records, *rest.records]) == list(range(40))


def test_an_event_longer_than_asked_for_comes_alone() -> None:
    world = World(SimDisk())
    world.commit(*drafts(3, b"x" * 5000))
    batch = world.scribe.fetch("center", 2, None, 1)
    assert numbers(batch.records) == [0]
    assert batch.next is not None
    assert numbers(world.scribe.fetch("center", 2, batch.next, 1).records) == [1]


def test_a_lane_in_which_nothing_waits_is_not_read() -> None:
    disk = SimDisk()
    world = World(disk)
    world.commit(*drafts(3))
    disk.operations.clear()
    assert world.fetched(lane=5) == []
    world.release(b"epoch001", range(3))
    assert world.fetched() == []
    assert disk.operations == []


def test_what_is_receipted_between_two_fetches_is_left_out() -> None:
    world = World(SimDisk())
    world.commit(*drafts(6))
    first = world.scribe.fetch("center", 2, None, 500)
    assert numbers(first.records) == [0, 1]
    world.release(b"epoch001", [2, 4])
    assert numbers(world.scribe.fetch("center", 2, first.next, 9000).records) == [3, 5]


def test_one_fetch_reads_a_bounded_part_and_the_next_goes_on() -> None:
    """One rare event in each of many segments that are full of others."""
    disk = SimDisk()
    world = World(disk)
    rare: list[int] = []
    while len(world.scribe._index.segments) < FETCH_READ_BYTES_MAX // SEGMENT_BYTES + 3:
        before = len(world.scribe._index.segments)
        world.commit(*drafts(20, b"x" * 6000))
        if len(world.scribe._index.segments) > before:
            rare.append(len(world.log.durable))
            world.commit(Draft(lane=5))
    disk.operations.clear()
    batch = world.scribe.fetch("center", 5, None, 10**6)
    assert batch.next is not None
    assert 1 < len(batch.records) < len(rare)
    read = {name for operation, name in disk.operations if operation == "read"}
    assert len(read) <= FETCH_READ_BYTES_MAX // SEGMENT_BYTES + 1
    rest = world.scribe.fetch("center", 5, batch.next, 10**6)
    assert rest.next is None
    assert numbers([*batch.records, *rest.records]) == rare


def test_a_position_says_what_was_seen() -> None:
    world = World(SimDisk())
    world.commit(*drafts(2))
    beyond = Position(1, SEGMENT_BYTES, b"epoch001", 1)
    assert world.scribe.fetch("center", 2, beyond, 9000).records == ()
    seen = Position(1, BLOCK_BYTES, b"epoch001", 0)
    assert numbers(world.scribe.fetch("center", 2, seen, 9000).records) == [1]
    stranger = Position(1, BLOCK_BYTES, b"another1", 99)
    assert numbers(world.scribe.fetch("center", 2, stranger, 9000).records) == [0, 1]


def test_a_file_that_is_gone_costs_only_its_own_events() -> None:
    disk = SimDisk()
    World(disk).commit(*drafts(2))
    world = World(disk, b"epoch002")
    world.commit(*drafts(2))
    del disk.nodes["00000001.seg"]
    assert world.fetched() == [(b"epoch002", 0), (b"epoch002", 1)]
    assert world.scribe.first_of(b"epoch001") is None


def test_a_block_that_cannot_be_read_costs_only_its_own_events() -> None:
    disk = SimDisk()
    world = World(disk)
    for _ in range(5):
        world.commit(Draft())
    reads = 0

    def fail(operation: str, name: str) -> None:
        nonlocal reads
        reads += operation == "read"
        # what is wanted, the whole file, then block by block: the head and events 0, 1, 2
        if operation == "read" and reads in {1, 2, 3, 4 + 3}:
            raise OSError(errno.EIO, "Input/output error")

    disk._before = fail
    assert world.fetched(bytes_max=10**6) == [(b"epoch001", seq) for seq in (0, 1, 3, 4)]


def test_a_head_that_cannot_be_read_is_none() -> None:
    disk = SimDisk()
    world = World(disk)
    world.commit(Draft())
    assert world.scribe.first_of(b"epoch001") == b"genesis of epoch001"
    disk.refusing = {"read": errno.EIO}
    assert world.scribe.first_of(b"epoch001") is None


def test_the_first_event_is_there_where_the_head_is_torn() -> None:
    """Fails where only a head is asked: the events behind a torn one were never sent again, for
    no genesis vouched for them."""
    disk = SimDisk()
    World(disk).commit(*drafts(2))
    disk.nodes["00000001.seg"].data[20] ^= 1
    world = World(disk, b"epoch002")
    assert world.fetched() == [(b"epoch001", 0), (b"epoch001", 1)]
    assert world.scribe.first_of(b"epoch001") == envelope(b"epoch001", 0, b"x" * 200)
    disk.nodes["00000001.seg"].data[BLOCK_BYTES + 200] ^= 1
    assert world.scribe.first_of(b"epoch001") is None
