"""Upkeep without its thread, for tests."""

from edge_agent.journal import Care, Damage, Terms, recover
from edge_agent.journal.scribe import Scribe
from edge_agent.journal.upkeep import REST_NS, Upkeep
from tests.journal.sealing import CONTENTS
from tests.journal.simdisk import SimDisk
from tests.journal.world import Log, PlainSealer, World


class Kept:
    """An upkeep on a journal that nobody writes, or beside a world's run."""

    def __init__(self, disk: SimDisk, world: World | None = None) -> None:
        found = recover(disk) if world is None else world.recovery
        sealer = PlainSealer(b"keeper01")
        scribe = world.scribe if world else Scribe(disk, found, sealer, Log(), Terms(["center"]))
        self.damages: list[Damage] = []
        self.upkeep = Upkeep(disk, found, scribe, Care(CONTENTS, self.damages.append))
        self.now_ns = 0

    def rest(self) -> int:
        """Work until there is nothing to do now; return how long it would rest then."""
        while (rest_ns := self.upkeep.step(self.now_ns)) <= REST_NS:
            self.now_ns += REST_NS
        return rest_ns

    def wait(self, seconds: float) -> None:
        """Work for so long."""
        end_ns = self.now_ns + int(seconds * 1e9)
        while self.now_ns < end_ns:
            self.now_ns += self.upkeep.step(self.now_ns)


def kept_up(disk: SimDisk) -> Kept:
    """Start, do what upkeep does at once, and stop."""
    kept = Kept(disk)
    kept.rest()
    kept.upkeep.close()
    return kept
