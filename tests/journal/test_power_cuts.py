"""The whole journal without its thread, on a disk that forgets.

Broken once to see it fail: without `active.file.sync()` in writer.py, and with `lying` here,
`test_a_power_cut_takes_nothing_that_was_committed` finds lost events within the first seeds.
"""

from random import Random

import pytest

from edge_agent.journal import RecordKind, Tail, read_disk, recover
from edge_agent.journal.format import BLOCK_BYTES, SEGMENT_BYTES
from tests.journal.simdisk import PowerCut, SimDisk
from tests.journal.world import Draft, World, drafts, numbers, text_of


def cut_run(seed: int, *, lying: bool = False) -> tuple[World, SimDisk]:
    """Run until the power fails at a random operation; return the run and what is left."""
    random = Random(seed)
    left = random.randrange(400)

    def cut(operation: str, name: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise PowerCut

    disk = SimDisk(cut)
    disk.lying = lying
    disk.nodes, disk._durable_names = {}, {}
    return run_until_cut(disk, random), disk.after_cut(random)


def run_until_cut(disk: SimDisk, random: Random, epoch: bytes = b"epoch001") -> World:
    world = World.__new__(World)
    try:
        world.__init__(disk, epoch)  # type: ignore[misc]
        while True:
            for _ in range(random.choice((1, 1, 1, 3, 40))):
                world.submit(Draft(text_of(random), random.randrange(7)))
            world.settle()
            if random.random() < 0.3:
                world.scribe.spares.prepare()
            if world.log.durable and random.random() < 0.3:
                world.release(epoch, [random.choice(world.log.durable).seq])
            world.wait(random.choice((0, 0, 1, 20)))
    except PowerCut:
        return world


def check_after_cut(world: World, disk: SimDisk, seed: int) -> None:
    found = recover(disk.copy())
    assert found.damages == (), f"{seed=} {found.damages}"
    durable = numbers(world.log.durable)
    stored = [s.record for s in read_disk(disk) if s.record.kind is RecordKind.ENVELOPE]
    assert numbers(stored) == list(range(len(stored))), f"{seed=}"
    assert len(stored) >= len(durable), f"{seed=}: lost {len(durable) - len(stored)}"
    assert found.count == found.noted == len(stored), f"{seed=}"
    signed = {record.seq: record.data for record in world.log.signed}
    assert all(record.data == signed[record.seq] for record in stored), f"{seed=}"


@pytest.mark.thorough
def test_a_power_cut_takes_nothing_that_was_committed() -> None:
    torn = 0
    for seed in range(50):
        world, left = cut_run(seed)
        check_after_cut(world, left, seed)
        torn += recover(left.copy()).tail is Tail.TORN
    assert torn > 3, "no cut ever tore a write: the test does not test"


@pytest.mark.thorough
def test_the_test_finds_a_disk_that_does_not_sync() -> None:
    lost = 0
    for seed in range(25):
        world, left = cut_run(seed, lying=True)
        stored = [s.record for s in read_disk(left) if s.record.kind is RecordKind.ENVELOPE]
        lost += len(stored) < len(world.log.durable)
    assert lost > 8


@pytest.mark.parametrize("damaged", [False, True])
def test_what_a_killed_process_left_unflushed_is_durable_before_it_counts(damaged: bool) -> None:
    disk = SimDisk()
    world = World(disk)
    world.commit(Draft())
    world.commit(Draft())
    disk._before = _kill_at_sync
    with pytest.raises(PowerCut):
        world.commit(Draft())
    disk._before = None  # the process is gone, the machine runs on
    if damaged:  # then the file is not cut, but flushed all the same
        node = disk.nodes["00000001.seg"]
        node.data[BLOCK_BYTES + 100] ^= 1
        node.durable = (
            node.durable[: BLOCK_BYTES + 100]
            + node.data[BLOCK_BYTES + 100 :][:1]
            + (node.durable[BLOCK_BYTES + 101 :])
        )
    assert recover(disk).count == 3
    for seed in range(20):
        assert recover(disk.after_cut(Random(seed))).count == 3


def _kill_at_sync(operation: str, name: str) -> None:
    if operation == "sync":
        raise PowerCut


@pytest.mark.thorough
def test_cut_after_cut_each_epoch_is_whole() -> None:
    for seed in range(20):
        random = Random(seed)
        disk = SimDisk()
        promised: dict[bytes, int] = {}
        for number in range(6):
            left = random.randrange(60)

            def cut(operation: str, name: str) -> None:
                nonlocal left
                left -= 1
                if left < 0:
                    raise PowerCut

            disk._before = cut
            epoch = b"epoch%03d" % number
            world = run_until_cut(disk, random, epoch)
            if hasattr(world, "scribe"):
                promised[epoch] = len(world.log.durable)
            disk = disk.after_cut(random)
        found = recover(disk)
        assert found.damages == (), f"{seed=} {found.damages}"
        stored: dict[bytes, list[int]] = {}
        for item in read_disk(disk):
            if item.record.kind is RecordKind.ENVELOPE:
                stored.setdefault(item.record.epoch, []).append(item.record.seq)
        for epoch, count in promised.items():
            seqs = stored.get(epoch, [])
            assert seqs == list(range(len(seqs))), f"{seed=} {epoch!r}"
            assert len(seqs) >= count, f"{seed=} {epoch!r}"


@pytest.mark.thorough
def test_roll_over_is_safe_at_every_step() -> None:
    """The power fails at each single operation of a roll-over, without and with a spare."""
    for prepared in (False, True):
        step = 0
        while not _roll_over_cut_at(step, prepared=prepared):
            step += 1
        assert step >= (2 if prepared else 6)


def _roll_over_cut_at(step: int, *, prepared: bool) -> bool:
    """Return whether the roll-over came through before operation `step`."""
    disk = SimDisk()
    world = World(disk)
    while world.scribe._writer._active is None or (
        world.scribe._writer._active.end <= SEGMENT_BYTES - 2 * BLOCK_BYTES
    ):
        world.commit(Draft())
    if prepared:
        world.scribe.spares.prepare()
    left = step

    def cut(operation: str, name: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise PowerCut

    disk._before = cut
    try:
        world.commit(*drafts(50))
        done = True
    except PowerCut:
        done = False
    disk._before = None
    for seed in range(10):
        check_after_cut(world, disk.after_cut(Random(seed)), seed)
    return done
