"""What happens behind the commits: in which order, and that nothing of it stands in their way.

Broken once to see it fail: with the active segment among `sealable`, with a retry at once after a
refusal, and with damage told at every reading.
"""

import errno

from edge_agent.journal import Damage, read_disk, recover
from edge_agent.journal.cache import CACHE_NAME
from edge_agent.journal.upkeep import RETRY_NS, SCRUB_EVERY_NS, SCRUB_START_NS
from tests.journal.sealing import filled
from tests.journal.simdisk import SimDisk
from tests.journal.upkeeping import Kept, kept_up
from tests.journal.world import Draft, World, drafts

DAY_S = 86_400


def filled_world(segments: int = 4) -> tuple[SimDisk, World]:
    disk = SimDisk()
    world = World(disk)
    while world.scribe._segment is None or world.scribe._segment.number < segments:
        world.commit(*(Draft(b"x" * 4000, lane=number % 3) for number in range(25)))
    return disk, world


def sealed(world: World) -> list[bool]:
    return [segment.sealed for segment in world.scribe._index.segments]


def test_all_but_the_segment_that_is_written_are_sealed() -> None:
    disk, world = filled_world()
    before = list(read_disk(disk))
    owed = world.fetched(1, 10**6)
    kept = Kept(disk, world)
    kept.rest()
    assert sealed(world) == [True, True, True, False]
    assert [(s.record.seq, s.record.data) for s in read_disk(disk)] == [
        (s.record.seq, s.record.data) for s in before
    ]
    assert world.fetched(1, 10**6) == owed
    assert kept.damages == []
    assert kept.upkeep.sealed == 3


def test_a_fetch_goes_on_where_it_was_though_the_segment_was_sealed_meanwhile() -> None:
    disk, world = filled_world(3)
    expected = world.fetched(2, 10**7)
    for steps in range(0, 30, 3):
        disk, world = filled_world(3)
        kept = Kept(disk, world)
        got: list[int] = []
        after = None
        while True:
            batch = world.scribe.fetch("center", 2, after, 30_000)
            got += [record.seq for record in batch.records]
            after = batch.next
            if after is None:
                break
            for _ in range(steps):
                kept.upkeep.step(kept.now_ns)
        assert got == [seq for _, seq in expected], steps


def test_what_an_earlier_run_left_is_sealed_too() -> None:
    disk, _ = filled_world(2)
    later = World(disk.copy(), b"epoch002")
    assert isinstance(later.disk, SimDisk)
    kept = Kept(later.disk, later)
    kept.rest()
    assert sealed(later) == [True, True]
    assert recover(later.disk).uncached == (), "and the next start need not open them"


def test_a_refusal_is_left_alone_for_a_while_and_others_go_on() -> None:
    disk, world = filled_world()
    kept = Kept(disk, world)
    disk.refusing = {"create": errno.ENOSPC}
    kept.rest()
    tried = sum(operation == "create" for operation, _ in disk.operations)
    kept.wait(RETRY_NS / 1e9 / 2)
    assert sum(operation == "create" for operation, _ in disk.operations) == tried
    disk.refusing = {}
    kept.wait(RETRY_NS / 1e9)
    assert sealed(world) == [True, True, True, False]


def test_a_segment_that_is_not_whole_any_more_is_said_once_and_kept() -> None:
    disk, world = filled_world()
    disk.nodes["00000002.seg"].data[9000] ^= 1
    kept = Kept(disk, world)
    kept.wait(300)
    assert [damage.segment for damage in kept.damages] == [2]
    assert sealed(world) == [True, False, True, False]
    assert "00000002.seg.broken" in disk.nodes
    later = recover(disk.copy())
    assert later.damages == ()
    assert {damage.segment for damage in later.known} == {2}


def test_all_that_is_sealed_is_read_through_at_start_and_every_week() -> None:
    disk, world = filled_world()
    kept = Kept(disk, world)
    kept.wait(SCRUB_START_NS / 1e9 - 1)
    assert kept.upkeep.scrubbed == 0
    kept.wait(60)
    assert kept.upkeep.scrubbed == 3
    kept.wait(SCRUB_EVERY_NS / 1e9 - DAY_S)
    assert kept.upkeep.scrubbed == 3
    kept.wait(DAY_S)
    assert kept.upkeep.scrubbed == 6


def test_damage_that_reading_through_finds_is_said_once() -> None:
    disk, world = filled_world()
    kept = Kept(disk, world)
    kept.rest()
    data = disk.nodes["00000002.seg"].data
    data[len(data) // 2] ^= 1
    kept.wait(SCRUB_EVERY_NS / 1e9 * 2)
    assert [damage.segment for damage in kept.damages] == [2, 2]
    assert lost(kept.damages) == 1
    assert "00000002.seg.broken" in disk.nodes
    later = Kept(disk.copy())
    later.wait(DAY_S)
    assert later.damages == [], "known to every later run"


def lost(damages: list[Damage]) -> int:
    return sum(d.last - d.first + 1 for d in damages if d.first is not None and d.last is not None)


def test_a_folder_that_cannot_keep_the_second_name_hears_it_again_at_the_next_start() -> None:
    disk, world = filled_world()
    disk.nodes["00000002.seg"].data[9000] ^= 1
    disk.refusing = {"link": errno.EROFS}
    kept = Kept(disk, world)
    kept.wait(10)
    assert [damage.segment for damage in kept.damages] == [2]
    disk.refusing = {}
    assert {damage.segment for damage in recover(disk.copy()).damages} == {2}


def test_lone_events_take_little_once_they_are_sealed() -> None:
    disk = SimDisk()
    world = World(disk)
    filled(world, 2, lone=True)
    kept = Kept(disk, world)
    kept.rest()
    segment = world.scribe._index.segments[0]
    assert segment.span > 200
    assert segment.size < segment.span * 300
    assert world.scribe.progress(alive=True).disk_bytes < 1_200_000


def test_nothing_at_all() -> None:
    kept = kept_up(SimDisk())
    assert kept.upkeep.sealed == 0
    assert CACHE_NAME not in kept.upkeep.disk.names()
    world = World(SimDisk())
    world.commit(*drafts(1))
    assert isinstance(world.disk, SimDisk)
    Kept(world.disk, world).wait(100)
    assert sealed(world) == [False]
