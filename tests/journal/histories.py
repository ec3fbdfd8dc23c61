"""Random journals of several runs: crashes and orderly stops, refusals, receipts, three centers."""

import errno
from random import Random

from edge_agent.journal.scribe import Scribe
from tests.journal.simdisk import SimDisk
from tests.journal.world import Draft, World

CENTERS = ("center", "police", "old")


def history(random: Random, runs: int = 3) -> SimDisk:
    disk = SimDisk()
    for number in range(runs):
        world = World(disk, b"epoch%03d" % number, centers=random.sample(CENTERS, 2))
        for _ in range(random.randint(2, 15)):
            _act(random, world, disk)
        disk.refusing = {}
        if random.random() < 0.5:
            world.wait(30)
            world.scribe.finish(world.now_ns)
        disk = disk.copy()
    return disk


def _act(random: Random, world: World, disk: SimDisk) -> None:
    disk.refusing = {}
    if random.random() < 0.15:
        disk.refusing = {random.choice(("write", "sync")): errno.EIO}
    for _ in range(random.choice((1, 1, 2, 60))):
        size = random.choice((10, 300, 3000, 9000))
        world.submit(Draft(random.randbytes(size), random.randrange(7)))
    world.settle()
    if random.random() < 0.4:
        count = max(1, world.scribe._sealed)
        seqs = {random.randrange(count) for _ in range(random.choice((1, 5, 60)))}
        world.release(world.epoch, seqs, center=random.choice(list(centers_of(world.scribe))))
    world.wait(random.choice((0, 0, 1, 20)))


def centers_of(scribe: Scribe) -> list[str]:
    return list(scribe._slots)
