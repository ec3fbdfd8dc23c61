"""Torn writes and damage told apart, and everything that is whole served.

Broken once to see it fail: with `_next_commit` returning None the bit-flip test finds lost
events; with `tail=False` for every region the torn-tail test finds damage that is none.
"""

import errno
from random import Random

import pytest

from edge_agent.journal import Damage, RecordKind, Recovery, Tail, read_disk, recover
from edge_agent.journal.format import BLOCK_BYTES, SEGMENT_BYTES
from tests.journal.simdisk import Node, SimDisk
from tests.journal.world import World, drafts, numbers


def written(commits: int = 6, per_commit: int = 3, epoch: bytes = b"epoch001") -> SimDisk:
    disk = SimDisk()
    world = World(disk, epoch)
    for _ in range(commits):
        world.commit(*drafts(per_commit))
    return disk


def stored(disk: SimDisk) -> list[int]:
    return [s.record.seq for s in read_disk(disk) if s.record.kind is RecordKind.ENVELOPE]


def served(disk: SimDisk, epoch: bytes = b"nextone1") -> list[int]:
    return [seq for _, seq in World(disk, epoch).fetched()]


def test_an_empty_directory() -> None:
    found = recover(SimDisk())
    assert (found.epoch, found.count, found.tail, found.next_number) == (None, 0, Tail.CLEAN, 1)


@pytest.mark.thorough
def test_a_torn_tail_at_every_byte_is_cut_and_costs_only_itself() -> None:
    disk = written(commits=3, per_commit=1)
    data = bytes(disk.nodes["00000001.seg"].data)
    start = 3 * BLOCK_BYTES
    size = len(data[start : start + BLOCK_BYTES].rstrip(b"\0"))
    for kept in range(size):
        torn = disk.copy()
        torn.nodes["00000001.seg"] = Node(bytearray(data[: start + kept].ljust(len(data), b"\0")))
        found = recover(torn)
        assert found.damages == (), kept
        assert found.count == found.noted == 2
        assert found.tail is (Tail.TORN if kept else Tail.CLEAN)
        assert found.torn_bytes == len(data[start : start + kept].rstrip(b"\0"))
        assert len(torn.nodes["00000001.seg"].data) == start
        assert stored(torn) == [0, 1]
        assert recover(torn).tail is Tail.CLEAN, "said once"


def test_a_file_cut_short_at_every_block_of_its_last_commit() -> None:
    disk = SimDisk()
    world = World(disk)
    world.commit(*drafts(1))
    world.commit(*drafts(100))
    for size in range(2 * BLOCK_BYTES, 8 * BLOCK_BYTES, 1000):
        short = disk.copy()
        del short.nodes["00000001.seg"].data[size:]
        found = recover(short)
        assert (found.count, found.damages) == (1, ()), size


def flipped(disk: SimDisk, name: str, offset: int, size: int = 1) -> SimDisk:
    damaged = disk.copy()
    for place in range(offset, offset + size):
        damaged.nodes[name].data[place] ^= 0x5A
    return damaged


@pytest.mark.thorough
def test_a_flipped_bit_anywhere_costs_at_most_its_own_record_and_is_named() -> None:
    disk = written()
    whole = list(range(18))
    end = 7 * BLOCK_BYTES
    name = "00000001.seg"
    data = bytes(disk.nodes[name].data)
    tried = 0
    for offset in range(0, end - BLOCK_BYTES, 97):
        at_rest = data[offset]
        damaged = flipped(disk, name, offset)
        left = stored(damaged)
        found = recover(damaged)
        padding = at_rest == 0 and not found.damages
        assert len(left) >= 17, f"{offset}: {left}"
        assert found.count == 18, offset
        if not padding:
            tried += 1
            assert found.tail is Tail.DAMAGED
            assert name + ".broken" in damaged.nodes
            lost = {n for d in found.damages for n in lost_in(d)}
            assert sorted({*left, *lost}) == whole, f"{offset} {found.damages}"
            assert served(damaged) == left, offset
            again = recover(damaged)
            assert again.damages == ()
            assert again.known, "named once, and known from then on"
        else:
            assert left == whole
    assert tried > 30


def lost_in(damage: Damage) -> list[int]:
    if damage.first is None or damage.last is None:
        return []
    return list(range(damage.first, damage.last + 1))


def test_a_damaged_receipt_is_named_though_no_event_is_lost() -> None:
    disk = SimDisk()
    world = World(disk)
    world.commit(*drafts(2))
    world.release(b"epoch001", [0, 1])
    world.wait(11)
    world.commit(*drafts(1))
    found = recover(flipped(disk, "00000001.seg", 2 * BLOCK_BYTES + 100))
    assert (found.tail, found.count) == (Tail.DAMAGED, 3)
    assert found.unreceipted[2] == 3


def test_damage_in_the_last_commit_looks_torn() -> None:
    disk = written()
    found = recover(flipped(disk, "00000001.seg", 6 * BLOCK_BYTES + 200))
    assert (found.tail, found.count) == (Tail.TORN, 15)


def test_damage_in_the_last_commit_is_seen_once_an_end_or_an_epoch_follows() -> None:
    disk = written()
    World(disk, b"epoch002").commit(*drafts(2))
    damaged = flipped(disk, "00000001.seg", 6 * BLOCK_BYTES + 200)
    left = stored(damaged)
    assert left[:15] == list(range(15))
    assert left[-2:] == [0, 1]
    assert len(left) == 19
    found = recover(damaged)
    assert found.tail is Tail.DAMAGED
    assert [n for d in found.damages for n in lost_in(d)] == sorted({15, 16, 17} - {*left[15:17]})


def test_damage_at_the_end_of_a_segment_is_seen_by_the_next_one() -> None:
    disk = SimDisk()
    world = World(disk)
    while len([n for n in disk.names() if n.endswith(".seg")]) < 2:
        world.commit(*drafts(3))
    world.commit(*drafts(3))
    before = stored(disk)
    damaged = flipped(disk, "00000001.seg", SEGMENT_BYTES - BLOCK_BYTES + 100, 300)
    left = stored(damaged)
    found = recover(damaged)
    lost = [n for d in found.damages for n in lost_in(d)]
    assert sorted([*left, *lost]) == before
    assert 1 <= len(lost) <= 2
    assert found.tail is Tail.DAMAGED


def many_segments() -> SimDisk:
    disk = SimDisk()
    world = World(disk)
    for _ in range(900):
        world.commit(*drafts(1))
    world.release(b"epoch001", range(100))
    world.wait(11)
    return disk


def test_a_missing_segment_is_named_with_its_numbers() -> None:
    disk = many_segments()
    gone = disk.copy()
    del gone.nodes["00000002.seg"]
    left = stored(gone)
    found = recover(gone)
    (damage,) = found.damages
    assert sorted([*left, *lost_in(damage)]) == list(range(900))
    assert served(gone) == [n for n in left if n >= 100]
    lost = f"events {damage.first} to {damage.last} are lost of epoch {b'epoch001'.hex()}"
    assert str(damage) == f"segment 3, byte {BLOCK_BYTES}: {lost}"


def test_swapped_files_are_put_right() -> None:
    disk = many_segments()
    nodes = disk.nodes
    nodes["00000002.seg"], nodes["00000003.seg"] = nodes["00000003.seg"], nodes["00000002.seg"]
    assert stored(disk) == list(range(900))
    found = recover(disk)
    assert (found.count, found.damages) == (900, ())
    assert served(disk) == list(range(100, 900))


def test_a_copy_of_a_segment_doubles_nothing() -> None:
    disk = many_segments()
    for name in ("00000009.seg", "00000000.seg"):
        disk.nodes[name] = Node(bytearray(disk.nodes["00000002.seg"].data))
    assert stored(disk) == list(range(900))
    found = recover(disk)
    assert (found.count, found.damages) == (900, ())
    assert set(found.foreign) == {"00000000.seg", "00000009.seg"}
    assert served(disk) == list(range(100, 900))


def test_an_epoch_that_is_gone_is_named() -> None:
    disk = written()
    World(disk, b"epoch002").commit(*drafts(2))
    World(disk, b"epoch003").commit(*drafts(2))
    del disk.nodes["00000002.seg"]
    (damage,) = recover(disk).damages
    assert damage.epoch == b"epoch002"
    assert b"epoch002".hex() in damage.what


@pytest.mark.parametrize("size", [0, 1, 100, 4096, 5000, SEGMENT_BYTES, SEGMENT_BYTES + 10])
def test_foreign_files_do_not_stop_the_start(size: int) -> None:
    random = Random(size)
    disk = written()
    for name in ("00000007.seg", "notes.txt", "00000001.seg.bak", "00000009.seg.making"):
        disk.nodes[name] = Node(bytearray(random.randbytes(size)))
    found = recover(disk)
    assert found.count == 18
    assert {"notes.txt", "00000001.seg.bak"} <= set(found.foreign)
    assert found.next_number >= 8 or size == 0
    assert "00000009.seg.making" not in disk.nodes
    world = World(disk, b"epoch002")
    world.commit(*drafts(2))
    assert numbers(world.log.durable) == [0, 1]


def test_garbage_before_the_newest_segment_is_damage_said_once() -> None:
    disk = written()
    garbage = Random(1).randbytes(9000)
    disk.nodes["00000000.seg"] = Node(bytearray(garbage))
    found = recover(disk)
    assert (found.tail, found.count, len(found.damages)) == (Tail.DAMAGED, 18, 1)
    assert bytes(disk.nodes["00000000.seg.broken"].data) == garbage
    assert recover(disk).tail is Tail.CLEAN


def test_a_damaged_file_is_kept_and_never_changed() -> None:
    disk = flipped(written(), "00000001.seg", 2 * BLOCK_BYTES + 300)
    before = bytes(disk.nodes["00000001.seg"].data)
    recover(disk)
    assert bytes(disk.nodes["00000001.seg"].data) == before
    assert bytes(disk.nodes["00000001.seg.broken"].data) == before


def test_something_behind_an_orderly_end_is_damage() -> None:
    disk = SimDisk()
    world = World(disk)
    world.commit(*drafts(3))
    world.scribe.finish(0)
    found = recover(flipped(disk, "00000001.seg", 9 * BLOCK_BYTES))
    assert (found.tail, found.orderly, found.count) == (Tail.DAMAGED, True, 3)


def test_blocks_that_the_disk_cannot_read_cost_only_themselves() -> None:
    disk = written()
    bad = 3 * BLOCK_BYTES

    reads: list[int] = []

    def fail(operation: str, name: str) -> None:
        if operation == "read" and name == "00000001.seg":
            reads.append(1)
            # head, whole, then block by block: the fourth block fails
            if len(reads) in {2, 3 + bad // BLOCK_BYTES}:
                raise OSError(errno.EIO, "Input/output error")

    disk._before = fail
    found = recover(disk)
    assert found.tail is Tail.DAMAGED
    assert [n for d in found.damages for n in lost_in(d)] == [6, 7, 8]
    assert any("cannot read" in damage.what for damage in found.damages)


@pytest.mark.thorough
def test_random_damage_never_stops_a_start_and_never_invents() -> None:
    base = many_segments()
    for seed in range(15):
        random = Random(seed)
        disk = base.copy()
        for _ in range(random.randint(1, 12)):
            name = random.choice([n for n in disk.nodes if n.endswith(".seg")])
            data = disk.nodes[name].data
            at = random.randrange(max(len(data), 1))
            match random.randrange(4):
                case 0:
                    data[at : at + 1] = random.randbytes(1)
                case 1:
                    data[at : at + 3000] = random.randbytes(len(data[at : at + 3000]))
                case 2:
                    data[at : at + 9000] = bytes(len(data[at : at + 9000]))
                case _:
                    del data[at:]
        left = stored(disk)
        assert left == sorted(set(left)), f"{seed=}"
        found: Recovery = recover(disk.copy())
        lost = {n for d in found.damages for n in lost_in(d)}
        if found.tail is Tail.CLEAN:
            assert left == list(range(len(left))), f"{seed=}"
        assert {*left, *lost} >= set(range(found.count)), f"{seed=}"
        world = World(disk, b"epoch002")
        world.commit(*drafts(1))
        fetched = [seq for epoch, seq in world.fetched() if epoch == b"epoch001"]
        assert set(fetched) <= set(left)
        assert {n for n in left if n >= 100} <= set(fetched), f"{seed=}"


def test_a_receipt_right_behind_its_events_counts() -> None:
    disk = SimDisk()
    world = World(disk)
    world.commit(*drafts(3))
    world.release(b"epoch001", [0, 2])
    world.wait(11)
    world.commit(*drafts(1))
    found = recover(disk)
    assert found.unreceipted[2] == 2
    assert served(disk) == [1, 3]
