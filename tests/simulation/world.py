"""One seeded world: gateway, panels, broker, center; first faults, then peace, then the laws."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import structlog

from edge_agent.config import Loaded
from edge_agent.evidence.signers import load_signer
from tests.simulation.broker import Broker
from tests.simulation.center import Center
from tests.simulation.clock import WALL_NS, Wall
from tests.simulation.copies import Copies
from tests.simulation.director import Director
from tests.simulation.faults import Table
from tests.simulation.gateway import Gateway
from tests.simulation.laws import LawError, Laws
from tests.simulation.loop import VirtualLoop
from tests.simulation.panel import Panel

SIGNALS_ALIKE = 999 * 99  # so many signals of a panel have one account: the next has another
SIGNALS_EVERY_S = 6.0  # of one panel, on average
PEACE_S_MAX = 900.0
"""Bound of liveness: a panel's heartbeat after it gave up (30 s), the uplink's longest pause (30 s)
and stall (30 s), the journal's longest (10 s) together are below two minutes; an event that the
center passed over three times is set aside for ten."""


@dataclass
class Outcome:
    """What one seed gave: the first broken law, None where all hold; and what was reached."""

    seed: int
    broken: LawError | None
    table: Table
    peace_s: float
    events: int
    trace: str  # a digest of everything that happened: the same for the same seed


class World:
    """Everything of one seed."""

    def __init__(self, loop: VirtualLoop, seed: int, loaded: Loaded) -> None:
        self.loop, self.seed = loop, seed
        self.random = Random(f"{seed} world")
        self.trace = hashlib.sha256()
        wall = Wall(random=self._chance("wall"))
        self.broker = Broker(loop, self._chance("broker"), self._published)
        self.gateway = Gateway(loop, self._chance("gateway"), loaded, self.broker, wall)
        identity = load_signer(loaded.path("identity.key"))
        self.identity = identity.public
        self.center = Center(
            loop,
            self._chance("center"),
            self.broker,
            self.identity,
            lambda: (loop.now_ns + WALL_NS) // 1_000_000,
        )
        self.gateway.center_key = self.center.signer.public
        self.laws = Laws(self.gateway, self.center, Copies(self.gateway))
        self.gateway.on_start = self.laws.copies.started
        self.gateway.on_release = self.laws.released
        self.gateway.on_end = self.laws.ended
        for name, profile, notices, first in (
            ("p1", "surgard_mlr2", False, 0),
            ("p2", "surgard_system3", True, SIGNALS_ALIKE),
        ):
            panel = Panel(loop, profile, seed, self._acked, notices, first)
            self.gateway.panels[name] = panel
        self.director = Director(loop, seed, self.gateway, self.broker, self.center)

    def _chance(self, part: str) -> Random:
        return Random(f"{self.seed} {part}")

    def _published(self, data: bytes) -> None:
        self.trace.update(data)
        self.laws.published(data)

    def _acked(self, panel: Panel, frame: bytes) -> None:
        self.trace.update(b"%d " % self.loop.now_ns + frame)
        self.laws.acked(panel.ledger.forms(frame))

    # ---- the two acts

    async def run(self) -> Outcome:
        with self.gateway.ends_replaced():
            self.gateway.start()
            faults = self.loop.create_task(self.director.play())
            talk = [self.loop.create_task(self._talk(p)) for p in self.gateway.panels.values()]
            while not faults.done() and not self._is_over():
                await asyncio.sleep(1)
                self.laws.look()
            for task in (faults, *talk):
                task.cancel()
            await asyncio.gather(*talk, return_exceptions=True)
            if faults.done() and not faults.cancelled():
                faults.result()
            peace_s = await self._peace()
            if not self._is_over():
                self.laws.at_end(self.identity)
            await self.gateway.end()
        return self._outcome(peace_s)

    def _is_over(self) -> bool:
        return bool(self.laws.broken or self.gateway.defects)

    async def _talk(self, panel: Panel) -> None:
        while True:
            await asyncio.sleep(self.random.expovariate(1 / SIGNALS_EVERY_S))
            if panel.told - len(panel.ledger.acked) < 60:
                for _ in range(self.random.choice((1, 1, 1, 2, 6))):
                    panel.say()

    async def _peace(self) -> float:
        """Faults stop; wait until all is said, acknowledged and receipted, but not for ever."""
        self.director.heal()
        began_ns = self.loop.now_ns
        while (passed_s := (self.loop.now_ns - began_ns) / 1e9) < PEACE_S_MAX:
            if self._is_over():
                return passed_s
            await asyncio.sleep(1)
            self.laws.look()
            if not self._missing():
                return passed_s
        self.laws.break_(5, f"not in {PEACE_S_MAX} s: {self._missing()}")
        return PEACE_S_MAX

    def _missing(self) -> str:
        for name, panel in self.gateway.panels.items():
            if not panel.content:
                return f"{name} still has something to say"
        life = self.gateway.life
        if life is None or life.journal is None:
            return "no agent runs"
        progress = life.journal.progress()
        if progress.waiting or sum(progress.unreceipted):
            return f"unreceipted {progress.unreceipted}, waiting {progress.waiting}"
        return ""

    def _outcome(self, peace_s: float) -> Outcome:
        broken = self.laws.broken[0] if self.laws.broken else None
        if self.gateway.defects and broken is None:
            defect = self.gateway.defects[0]
            broken = LawError(0, f"the agent ended with a defect: {_story(defect)}")
            broken.__cause__ = defect
        table = self.director.table
        table.died += self.gateway.died_in
        table.rolled = self.gateway.rolled
        table.removed = self.gateway.removed
        events = len(self.center.envelopes())
        return Outcome(self.seed, broken, table, peace_s, events, self.trace.hexdigest())


def _story(error: BaseException) -> str:
    inner = error
    while isinstance(inner, BaseExceptionGroup):
        inner = inner.exceptions[0]
    cause = inner.__cause__
    return f"{inner!r}" + (f" from {cause!r}" if cause is not None else "")


def play(seed: int, loaded: Loaded, before: Callable[[World], None] | None = None) -> Outcome:
    """Play the world of `seed`; `before` may change it."""
    structlog.configure(processors=[drop])
    loop = VirtualLoop(Random(f"{seed} loop"))

    async def whole() -> Outcome:
        world = World(loop, seed, loaded)
        if before is not None:
            before(world)
        return await world.run()

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(whole())


def drop(*_: object) -> dict[str, object]:
    raise structlog.DropEvent
