"""The gateway: the real `Agent` with all its tasks, in a machine that can be killed at any step.

Replaced are only its ends: journal thread, card, serial ports, MQTT socket, control socket, clocks
and the sources of chance.  A process that dies goes dumb at once: whatever its objects still do
reaches neither card nor panel nor network.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from edge_agent import agent as agent_module
from edge_agent.agent import Agent
from edge_agent.config import Loaded, load
from edge_agent.daemon import centers as centers_module
from edge_agent.daemon import children, lines
from edge_agent.daemon import epoch as epoch_module
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.health.body import Hardware
from edge_agent.journal.sealing import SEALING_SUFFIX
from edge_agent.link import reopen as reopen_module
from edge_agent.uplink import connections as connections_module
from edge_agent.uplink import uplink as uplink_module
from tests.journal.simdisk import PowerCut, SimDisk
from tests.simulation.broker import Bounds, Broker, SimPort
from tests.simulation.broker import Life as PortLife
from tests.simulation.clock import SimClock, Wall
from tests.simulation.journal import Card, InlineJournal, keep_briefly, make_segments_small
from tests.simulation.keys import seeded_signer, verify_once
from tests.simulation.loop import START_NS, VirtualLoop
from tests.simulation.panel import Panel, SimOpener

MS = 1_000_000
STOP_NS_MAX = 120_000 * MS  # six times what the unit gives an orderly stop
NO_BODY = Hardware(root=Path("/nowhere"))  # this machine's heat is no part of the world
CONFIG = """
[gateway]
id = "gw1"
data_dir = "data"
[[center]]
name = "center"
receipt_certificate = "receipt.pem"
ca = "ca.pem"
certificate = "client.pem"
key = "client.key"
[[center.path]]
host = "a"
[[center.path]]
host = "b"
[[panel]]
id = "p1"
driver = "surgard"
profile = "surgard_mlr2"
serial = { port = "p1" }
[[panel]]
id = "p2"
driver = "surgard"
profile = "surgard_system3"
tcp = { host = "p2", port = 1 }
"""
STEPS = ("write", "sync", "sealed", "committed", "publish", "ack", "receipt", "sealing")


class End(Enum):
    """How a life of the agent ends."""

    KILL = "kill -9"  # what the kernel was given is kept
    POWER = "power cut"  # of what was not flushed any part is kept
    STOP = "stop"


def make_site(folder: Path) -> Loaded:
    """A gateway's folder; made once for all worlds."""
    seeded_signer(Random("identity")).save(folder / "identity.key")
    (folder / "gateway.toml").write_text(CONFIG)
    return load(folder / "gateway.toml")


async def _child(*arguments: str, s_max: float) -> bytes:
    """What a child would say: no world starts a process."""
    await asyncio.sleep(2)
    if arguments[0] == "program":
        return b'{"version":"1","digest":"","dependencies":"","released":true,"differences":[]}'
    raise children.Failed("no process is started here")


class _NoSocket:
    def __init__(self, *_: object) -> None:
        pass

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass


@dataclass(eq=False)
class Life:
    """One run of the process."""

    gateway: "Gateway"
    clock: SimClock
    alive: bool = True
    refused: bool = False
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    agent: Agent | None = None
    task: asyncio.Task[None] | None = None
    journal: InlineJournal | None = None

    def step(self, name: str) -> None:
        if not self.step_or_die(name):
            raise PowerCut

    def step_or_die(self, name: str) -> bool:
        return self.alive and self.gateway.step(name)

    def write_ns(self) -> int:
        return self.gateway.write_ns()


@dataclass
class Armed:
    """A death at the n-th of some steps from now."""

    end: End
    step: str
    left: int


class Gateway:
    """The machine: card, clocks, and one life of the agent after another."""

    def __init__(
        self, loop: VirtualLoop, random: Random, loaded: Loaded, broker: Broker, wall: Wall
    ) -> None:
        self._loop, self._random, self._loaded, self._broker = loop, random, loaded, broker
        self.wall = wall
        self.card = Card(self._on_disk)
        self.panels: dict[str, Panel] = {}
        self.center_key: PublicKey | None = None
        self.life: Life | None = None
        self.armed: Armed | None = None
        self.bounds = Bounds()
        self.slow = False
        self.away = False  # kept from starting
        self.over = False  # for good: an absence that ends later brings nobody back
        self.defects = loop.defects
        self.ends: Counter[End] = Counter()
        self.died_in: Counter[tuple[str, str]] = Counter()
        self.rolled = 0  # segments that were filled up
        self.booted_ns: dict[bytes, int] = {}  # by boot id, on the loop's clock
        self.removed = 0
        self._boots, self._booted_ns = 1, START_NS - 60_000 * MS
        self._old: list[asyncio.Task[None]] = []
        self.on_end: Callable[[bytes], None] = lambda epoch: None
        self.on_start: Callable[[Life], None] = lambda life: None
        self.on_release: Callable[[bytes, tuple[int, ...]], None] = lambda epoch, seqs: None

    # ---- steps

    def _on_disk(self, operation: str, name: str) -> None:
        step = "sealing" if name.endswith(SEALING_SUFFIX) else operation
        if step in STEPS and not self.step(step):
            raise PowerCut

    def step(self, name: str) -> bool:
        """Something happens in the running life; return whether it goes on."""
        if self.armed is None or self.armed.step != name or self.life is None:
            return True
        self.armed.left -= 1
        if self.armed.left > 0:
            return True
        end, self.armed = self.armed.end, None
        self.died_in[end.value, name] += 1
        self.die(end)
        self._loop.call_later(self._random.uniform(0.5, 8), self.start)
        return False

    def write_ns(self) -> int:
        if self.slow and self._random.random() < 0.5:
            return self._random.randint(250, 4_000) * MS
        return self._random.randint(1, 25) * MS

    # ---- life and death

    def start(self) -> None:
        if self.life is not None or self.away or self.over:
            return
        clock = SimClock(self._loop, self.wall, self._boots, self._booted_ns)
        self.booted_ns[clock.stamp().boot_id] = self._booted_ns
        self.life = life = Life(self, clock)
        try:
            life.agent = Agent(self._loaded, clock, NO_BODY)
        except PowerCut:
            return
        self.on_start(life)
        life.task = self._loop.create_task(life.agent.serve(life.stop))
        life.task.add_done_callback(lambda task: self._ended(life, task))

    def die(self, end: End) -> None:
        """End the process, and with POWER the machine, at once."""
        life, self.life = self.life, None
        if life is None:
            return
        self.ends[end] += 1
        self._count(life)
        life.alive = False
        self._broker.drop("peer gone")
        for panel in self.panels.values():
            if panel.line is not None:
                panel.detach(panel.line)
        if life.task is not None:
            life.task.cancel()
            self._old.append(life.task)
        if life.agent is not None:
            self.on_end(life.agent._begun.epoch)
        if end is End.POWER:
            self.cut_power()

    def cut_power(self) -> None:
        """The card keeps what was flushed and some of the rest; the machine boots anew."""
        self._boots += 1
        self._booted_ns = self._loop.now_ns
        if self.wall.random.random() < 0.7:
            self.wall.start_without_battery(self._booted_ns)
            self._loop.call_later(self.wall.random.uniform(0, 90), self.wall.set_right)
        self._take(self.card.after_cut(self._random))

    def stop(self) -> None:
        """Ask the agent to stop in order."""
        if self.life is not None:
            self.ends[End.STOP] += 1
            self.life.stop.set()

    def _ended(self, life: Life, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if not life.alive:
            return  # what a dead process would still have done
        life.alive = False
        self.life = None
        self._count(life)
        assert life.agent is not None
        self.on_end(life.agent._begun.epoch)
        if error is not None:
            self.defects.append(error)
        elif not life.stop.is_set():
            self.defects.append(AssertionError("the agent ended by itself"))
        self._loop.call_later(self._random.uniform(0.5, 5), self.start)

    def _count(self, life: Life) -> None:
        if life.journal is not None:
            self.rolled += max(0, life.journal.scribe.opened - 1)
            self.removed += life.journal.scribe.removed

    def _take(self, disk: SimDisk) -> None:
        refusing, short = self.card.refusing, self.card.short
        self.card = Card.of(disk, self._on_disk)
        self.card.refusing, self.card.short = refusing, short

    def heal(self) -> None:
        self.armed, self.slow, self.away = None, False, False
        self.card.refusing, self.card.short = {}, None
        self.wall.set_right()
        self.start()

    async def end(self) -> None:
        """Stop for good and let the old lives' remains run out."""
        self.over = True
        self.stop()
        until_ns = self._loop.now_ns + STOP_NS_MAX
        while self.life is not None:
            if self._loop.now_ns > until_ns:
                self.defects.append(AssertionError("the agent does not stop when it is asked to"))
                self.die(End.KILL)
            await asyncio.sleep(0.1)
        await asyncio.gather(*self._old, return_exceptions=True)

    # ---- the agent's ends

    @contextmanager
    def ends_replaced(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            self._replace(patch)
            if self._random.random() < 0.5:
                make_segments_small(patch)
            if self._random.random() < 0.5:
                keep_briefly(patch)
            yield

    def _replace(self, patch: pytest.MonkeyPatch) -> None:
        random = self._random

        def journal(*parts: Any) -> InlineJournal:
            assert self.life is not None
            self.life.journal = InlineJournal((self._loop, self.life), *parts)
            self._watch_release(self.life.journal, self.life)
            return self.life.journal

        def opener(address: Any, clock: Any, peers_max: int = 1) -> SimOpener:
            assert peers_max == 1, "no line of many peers is simulated"
            assert self.life is not None
            name = getattr(address, "host", None) or address.port
            return SimOpener(self.panels[name], self.life, random)

        def port(path: Any, manner: Any, hearing: Any, patience_s: float) -> SimPort:
            life = self.life
            is_alive = lambda: life is not None and life.alive  # noqa: E731  one expression
            step = life.step_or_die if life is not None else lambda name: False
            world = self._loop, self._broker, PortLife(is_alive, step), self.bounds, random
            return SimPort(world, path, manner, hearing, patience_s)

        patch.setattr(agent_module, "Journal", journal)
        patch.setattr(epoch_module, "open_disk", lambda folder: self.card)
        patch.setattr(lines, "opener", opener)
        patch.setattr(agent_module, "ControlSocket", _NoSocket)
        patch.setattr(children, "run", _child)
        patch.setattr(centers_module, "load_signing_key", lambda *_: self.center_key)
        patch.setattr(centers_module, "client_id_of", lambda *_: "gw1")
        patch.setattr(connections_module, "Port", port)
        patch.setattr(uplink_module, "_jitter", random.random)
        patch.setattr(reopen_module, "random", SimpleNamespace(random=random.random))
        patch.setattr(epoch_module, "os", SimpleNamespace(urandom=random.randbytes))
        patch.setattr(PublicKey, "verify", verify_once())
        patch.setattr(Ed25519Signer, "generate", staticmethod(lambda: seeded_signer(random)))

    def _watch_release(self, journal: InlineJournal, life: Life) -> None:
        release = journal.release

        def watched(center: str, epoch: bytes, seqs: Any, receipt: bytes) -> None:
            held = tuple(seqs)
            if life.alive:
                self.on_release(epoch, held)
            if life.step_or_die("receipt"):
                release(center, epoch, held, receipt)

        journal.release = watched  # type: ignore[method-assign]
