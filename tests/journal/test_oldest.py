"""Removing the oldest segment: what is seen of it, and that what is left is whole."""

import contextlib
import errno
from collections.abc import Iterator
from random import Random

import pytest

from edge_agent.journal import Recovery, Tail, read_disk, recover
from edge_agent.journal.oldest import Glimpse
from tests.journal.simdisk import PowerCut, SimDisk
from tests.journal.upkeeping import Kept
from tests.journal.world import Draft, World, envelope, numbers

E1, E2 = b"epoch001", b"epoch002"
TEXT = b"x" * 4000


def filled(segments: int = 4) -> tuple[SimDisk, World, Kept]:
    """A journal whose first segments are sealed, with nothing receipted."""
    disk = SimDisk()
    world = World(disk, centers=("center", "police"))
    kept = Kept(disk, world)
    while world.scribe._segment is None or world.scribe._segment.number < segments:
        world.commit(*(Draft(TEXT) for _ in range(20)))
    kept.rest()
    return disk, world, kept


def receipted(world: World, first: int, last: int) -> None:
    for center in ("center", "police"):
        world.release(E1, range(first, last + 1), center=center)
    world.wait(11)


def first_of(world: World, place: int) -> int:
    return world.scribe._index.segments[place].first


def test_only_what_all_required_centers_hold_is_looked_into() -> None:
    _, world, _ = filled()
    last = first_of(world, 1) - 1
    assert world.scribe.oldest() == Glimpse(1, E1, receipted=False)
    world.release(E1, range(last + 1), center="center")
    assert world.scribe.oldest() == Glimpse(1, E1, receipted=False)
    world.release(E1, range(last), center="police")
    assert world.scribe.oldest() == Glimpse(1, E1, receipted=False)
    world.release(E1, [last], center="police")
    seen = world.scribe.oldest()
    assert seen == Glimpse(
        number=1,
        epoch=E1,
        receipted=True,
        first=0,
        last=last,
        note=b"peaks %d of epoch001" % (last + 1),
        newest=envelope(E1, last, TEXT),
    )
    assert world.scribe.newest_of(1) == envelope(E1, first_of(world, 2) - 1, TEXT)
    assert world.scribe.newest_of(9) == b""


def test_what_is_being_written_is_not_seen_and_what_is_not_sealed_is() -> None:
    """Sealing takes room: a full disk that waited for it would stay full."""
    disk = SimDisk()
    world = World(disk)
    world.commit(Draft(TEXT))
    world.release(E1, [0])
    assert world.scribe.oldest() is None
    while len(world.scribe._index.segments) < 2:
        world.commit(Draft(TEXT))
    world.release(E1, range(1000))
    disk.capacity_bytes = 0
    kept = Kept(disk, world)
    kept.rest()
    last = first_of(world, 1) - 1
    seen = world.scribe.oldest()
    assert seen is not None
    assert (seen.last, seen.newest) == (last, envelope(E1, last, TEXT))
    assert seen.note == b"peaks %d of epoch001" % (last + 1)
    kept.upkeep.remove(1)
    kept.rest()
    assert world.scribe.oldest_number() == 2


def removed(segments: int = 2) -> tuple[SimDisk, World, Kept]:
    disk, world, kept = filled()
    receipted(world, 0, first_of(world, segments) - 1)
    for number in range(1, segments + 1):
        kept.upkeep.remove(number)
        kept.rest()
    return disk, world, kept


def test_what_is_left_is_whole_and_fetched_and_counted() -> None:
    disk, world, kept = removed()
    first = first_of(world, 0)
    assert first > 0
    assert kept.upkeep.removal_refused is None
    names = [o for o in disk.operations if o[0] in {"remove", "sync_names"}][-4:]
    assert [operation for operation, _ in names] == ["remove", "sync_names"] * 2, "one by one"
    assert [name for name in disk.names() if name.startswith("0000000")][:1] == ["00000003.seg"]
    everything = [(E1, seq) for seq in range(first, len(world.log.durable))]
    for center in ("center", "police"):
        assert world.fetched(bytes_max=10**7, center=center) == everything
    assert world.scribe.progress(alive=True).unreceipted[2] == len(everything)
    again = World(disk.copy(), E2, centers=("center", "police"))
    found = again.recovery
    assert (found.damages, found.tail, found.count) == ((), Tail.CLEAN, len(world.log.durable))
    assert again.fetched(bytes_max=10**7, center="police") == everything
    events = [s.record for s in read_disk(disk) if s.record.data.startswith(E1)]
    assert numbers(events) == [seq for _, seq in everything]


def test_the_second_name_of_a_damaged_segment_stays_and_hinders_nobody() -> None:
    """Evidence is never removed; seen to fail with a removal that takes it along."""
    disk, world, kept = filled()
    disk.link("00000001.seg", "00000001.seg.broken")
    receipted(world, 0, first_of(world, 1) - 1)
    kept.upkeep.remove(1)
    kept.rest()
    assert "00000001.seg" not in disk.names()
    assert "00000001.seg.broken" in disk.names()
    found = recover(disk.copy())
    assert (found.damages, found.tail, found.count) == ((), Tail.CLEAN, len(world.log.durable))


def test_a_center_that_is_not_configured_is_no_longer_owed_what_was_removed() -> None:
    disk = SimDisk()
    World(disk, centers=("center", "gone")).commit(*(Draft(TEXT) for _ in range(20)))
    world = World(disk, E2, centers=("center",))
    world.commit(Draft())
    kept = Kept(disk, world)
    kept.rest()
    world.release(E1, range(20))
    world.wait(11)
    kept.upkeep.remove(1)
    kept.rest()
    back = World(disk.copy(), b"epoch003", centers=("center", "gone"))
    assert back.fetched(center="gone") == [(E2, 0)]
    assert back.recovery.damages == ()


def test_a_refusal_changes_nothing_and_is_said() -> None:
    disk, world, kept = filled()
    receipted(world, 0, first_of(world, 1) - 1)
    disk.refusing = {"remove": errno.EROFS}
    kept.upkeep.remove(1)
    kept.rest()
    assert (kept.upkeep.removal_refused, world.scribe.oldest_number()) == (
        "Read-only file system",
        1,
    )
    disk.refusing = {}
    kept.upkeep.remove(1)
    kept.rest()
    assert (kept.upkeep.removal_refused, world.scribe.oldest_number()) == (None, 2)
    kept.upkeep.remove(1)
    kept.rest()
    assert world.scribe.oldest_number() == 2, "asked twice, removed once"


def test_what_a_center_is_owed_is_a_defect_to_remove() -> None:
    _, world, _ = filled()
    with pytest.raises(AssertionError, match="owed"):
        world.scribe.remove(1)
    with pytest.raises(AssertionError, match="oldest"):
        world.scribe.remove(2)


@pytest.mark.thorough
def test_a_cut_at_any_moment_leaves_the_whole_end_of_the_journal() -> None:
    """Seen to fail with the second segment removed before the first."""
    for cut in range(12):
        disk, world, kept = filled()
        receipted(world, 0, first_of(world, 3) - 1)
        steps = iter(range(cut))

        def fall(operation: str, name: str, steps: Iterator[int] = steps) -> None:
            if operation in {"remove", "sync_names"} and next(steps, None) is None:
                raise PowerCut

        disk._before = fall
        with contextlib.suppress(PowerCut):
            for number in (1, 2, 3):
                kept.upkeep.remove(number)
                kept.rest()
        for seed in range(3):
            after = disk.after_cut(Random(seed))
            found: Recovery = recover(after)
            assert found.damages == (), cut
            assert found.count == len(world.log.durable)


def test_the_reserve_is_found_again_at_a_start() -> None:
    disk, world, _ = filled(2)
    for _ in range(3):
        world.scribe.spares._wanted += 1
        world.scribe.spares.prepare()
    found = recover(disk.copy())
    assert found.spares == (3, 4, 5)
    assert found.next_number == 6
    again = World(disk, E2)
    again.commit(Draft())
    assert again.scribe._segment is not None
    assert again.scribe._segment.number == 3
    assert recover(disk.copy()).spares == (4, 5)
