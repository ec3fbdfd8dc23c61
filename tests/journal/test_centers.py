"""Slots of centers: given for good, found again at the next start, never a silent loss."""

import errno
from dataclasses import replace

import pytest

from edge_agent.journal import Record, RecordKind, read_disk, recover
from edge_agent.journal.centers import Center, assign, center_of, center_record
from edge_agent.journal.format import BLOCK_BYTES, NO_EPOCH, SLOTS
from edge_agent.journal.held import MEMORY_BYTES_MAX
from tests.journal.simdisk import SimDisk
from tests.journal.world import Draft, World, drafts

OLD, NEW, POLICE = "old", "new", "police"
E1, E2, E3 = b"epoch001", b"epoch002", b"epoch003"


# ---- who gets which slot


def test_the_first_centers_get_the_first_slots_and_keep_them() -> None:
    first = assign((), [OLD, NEW], empty=True)
    assert first == [Center(0, OLD, None), Center(1, NEW, None)]
    known = [replace(center, epoch=E1) for center in first]
    assert assign(known, [POLICE, NEW], empty=False) == [*known, Center(2, POLICE, None)]
    assert assign(known, [OLD], empty=False) == known


def test_a_journal_that_never_named_its_centers_meant_the_first_configured_one() -> None:
    assert assign((), [OLD, NEW], empty=False) == [Center(0, OLD, NO_EPOCH), Center(1, NEW, None)]


def test_a_slot_whose_name_was_lost_to_damage_is_owed_everything() -> None:
    known = [Center(1, NEW, E1)]
    assert assign(known, [NEW, OLD], empty=False)[0] == Center(0, OLD, NO_EPOCH)


def test_when_all_slots_are_taken_one_that_is_not_configured_is_given_anew() -> None:
    known = [Center(slot, f"c{slot}", E1) for slot in range(SLOTS)]
    found = assign(known, ["c0", "c2", NEW], empty=False)
    assert found == [known[0], Center(1, NEW, None), *known[2:]]


@pytest.mark.parametrize(
    "names", [[], [OLD, OLD], [""], ["x" * 33], [f"c{n}" for n in range(SLOTS + 1)]]
)
def test_names_that_cannot_have_a_slot(names: list[str]) -> None:
    with pytest.raises(ValueError, match="center"):
        assign((), names, empty=True)


def test_a_record_gives_back_what_was_put_in() -> None:
    center = Center(7, "zürich", E1)
    assert center_of(center_record(center)) == center
    for data in (b"", b"\xff", b"x" * 33):
        assert center_of(Record(RecordKind.CENTER, 1, E1, 0, data)) is None


# ---- in the journal


def owed(world: World, center: str) -> list[tuple[bytes, int]]:
    return world.fetched(center=center)


def counts(world: World) -> tuple[int, dict[str, int]]:
    progress = world.scribe.progress(alive=True)
    return sum(progress.unreceipted), {name: sum(n) for name, n in progress.owed.items()}


def test_each_center_is_owed_what_it_has_not_receipted_itself() -> None:
    disk = SimDisk()
    world = World(disk, centers=(OLD, NEW))
    world.commit(*drafts(4))
    world.release(E1, [0, 1], center=OLD)
    world.release(E1, [1, 2], center=NEW)
    assert owed(world, OLD) == [(E1, 2), (E1, 3)]
    assert owed(world, NEW) == [(E1, 0), (E1, 3)]
    assert counts(world) == (3, {OLD: 2, NEW: 2})
    world.wait(11)
    again = World(disk.copy(), E2, centers=(NEW, OLD))  # the order is nobody's business
    assert owed(again, OLD) == [(E1, 2), (E1, 3)]
    assert owed(again, NEW) == [(E1, 0), (E1, 3)]
    assert counts(again) == (3, {OLD: 2, NEW: 2})
    assert again.recovery.unreceipted[2] == 3


def test_an_optional_center_is_supplied_and_not_waited_for() -> None:
    """Seen to fail: with all centers required, one that is away keeps everything for ever."""
    disk = SimDisk()
    world = World(disk, centers=(OLD, NEW), optional=(NEW,))
    world.commit(*drafts(3))
    world.release(E1, [0, 1, 2], center=OLD)
    assert owed(world, NEW) == [(E1, 0), (E1, 1), (E1, 2)]
    assert counts(world) == (0, {OLD: 0, NEW: 3})
    world.wait(11)
    again = World(disk.copy(), E2, centers=(OLD, NEW), optional=(NEW,))
    assert owed(again, NEW) == [(E1, 0), (E1, 1), (E1, 2)]
    again.release(E1, [1], center=NEW)
    assert owed(again, NEW) == [(E1, 0), (E1, 2)]
    assert counts(again)[0] == 0


def test_a_new_center_starts_at_a_genesis_and_sees_nothing_older() -> None:
    disk = SimDisk()
    World(disk, centers=(OLD,)).commit(*drafts(2))
    world = World(disk, E2, centers=(OLD, NEW))
    world.commit(*drafts(2))
    third = World(disk, E3, centers=(OLD, NEW))
    third.commit(Draft())
    new = [(E2, 0), (E2, 1), (E3, 0)]
    assert owed(third, NEW) == new
    assert owed(third, OLD) == [(E1, 0), (E1, 1), *new]
    assert recover(disk.copy()).centers == (Center(0, OLD, E1), Center(1, NEW, E2))


def test_a_center_that_left_is_not_waited_for_and_goes_on_where_it_was() -> None:
    disk = SimDisk()
    world = World(disk, centers=(OLD, NEW))
    world.commit(*drafts(3))
    world.release(E1, [0], center=OLD)
    world.release(E1, [0, 1, 2], center=NEW)
    world.wait(11)
    alone = World(disk, E2, centers=(NEW,))
    assert counts(alone) == (0, {NEW: 0})
    alone.commit(Draft())
    alone.release(E2, [0], center=NEW)
    alone.wait(11)
    back = World(disk, E3, centers=(OLD, NEW))
    assert owed(back, OLD) == [(E1, 1), (E1, 2), (E2, 0)]
    assert owed(back, NEW) == []
    with pytest.raises(KeyError):
        alone.release(E2, [0], center=OLD)


def test_an_old_journal_is_owed_to_the_first_configured_center() -> None:
    disk = SimDisk()
    world = World(disk)
    world.scribe._centers = []  # as it was written before centers had names
    world.commit(*drafts(3))
    world.release(E1, [1])
    world.wait(11)
    assert recover(disk.copy()).centers == ()
    again = World(disk, E2, centers=(OLD, NEW))
    again.commit(Draft())
    assert owed(again, OLD) == [(E1, 0), (E1, 2), (E2, 0)]
    assert owed(again, NEW) == [(E2, 0)]
    third = World(disk, E3, centers=(NEW, OLD))
    assert owed(third, OLD) == [(E1, 0), (E1, 2), (E2, 0)]
    assert owed(third, NEW) == [(E2, 0)]


def test_every_segment_names_all_centers_so_that_no_single_damage_forgets_one() -> None:
    disk = SimDisk()
    world = World(disk, centers=(OLD, NEW))
    for _ in range(300):
        world.commit(Draft())
    world.release(E1, range(299), center=NEW)
    world.wait(11)
    named = [
        (found.segment, center_of(found.record))
        for found in read_disk(disk)
        if found.record.kind is RecordKind.CENTER
    ]
    both = (Center(0, OLD, E1), Center(1, NEW, E1))
    assert named == [(1, both[0]), (1, both[1]), (2, both[0]), (2, both[1])]
    disk.nodes["00000001.seg"].data[BLOCK_BYTES + 40 : 2 * BLOCK_BYTES] = bytes(BLOCK_BYTES - 40)
    again = World(disk, E2, centers=(NEW, OLD))
    assert owed(again, NEW) == [(E1, 299)]
    assert len(owed(again, OLD)) == 299  # number 0 was destroyed


def test_a_reused_slot_inherits_nothing() -> None:
    disk = SimDisk()
    names = [f"c{n}" for n in range(SLOTS)]
    world = World(disk, centers=names)
    world.commit(*drafts(2))
    world.release(E1, [0, 1], center="c7")
    world.wait(11)
    world = World(disk, E2, centers=(*names[:7], NEW))
    world.commit(*drafts(2))
    for now in (world, World(disk, E3, centers=(*names[:7], NEW))):
        assert owed(now, NEW) == [(E2, 0), (E2, 1)]
        assert owed(now, "c6") == [(E1, 0), (E1, 1), (E2, 0), (E2, 1)]


def test_memory_lets_go_only_of_what_all_centers_hold() -> None:
    disk = SimDisk()
    world = World(disk, centers=(OLD, NEW))
    world.commit(Draft())
    disk.refusing = {"sync": errno.EIO}
    for _ in range(1, 1200):
        world.commit(Draft(b"x" * 4000))
    everything = [(E1, seq) for seq in range(1200)]
    world.release(E1, range(1200), center=OLD)
    for _ in range(600):
        world.commit(Draft(b"x" * 4000, lane=0))
    progress = world.scribe.progress(alive=True)
    assert progress.forgone == 0
    assert owed(world, NEW) == everything
    assert owed(world, OLD) == []
    world.release(E1, range(600), center=NEW)
    for _ in range(300):
        world.commit(Draft(b"x" * 4000, lane=0))
    progress = world.scribe.progress(alive=True)
    assert progress.forgone > 0
    assert progress.held_bytes <= MEMORY_BYTES_MAX + 8192
    disk.refusing = {}
    world.wait(11)
    world.wait(11)
    again = World(disk.copy(), E2, centers=(OLD, NEW))
    assert owed(again, NEW) == everything[600:]
    assert again.recovery.damages == ()
