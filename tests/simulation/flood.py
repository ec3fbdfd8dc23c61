"""A flood: eight panels that say as much as line and ACKs let them, for as long as one likes.

The real agent on its virtual loop, the real store; the card is slow and stalls, the center drains
slower than what comes, the card refuses, the link is down, at last both: then nothing may be
acknowledged, and the panels keep their events themselves.  Watched all the time: every bound, that
nothing acknowledged is lost, and how soon an alarm for a life is on its way.
"""

import asyncio
import gc
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
import structlog

from edge_agent.config import Loaded, load
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import SignalBody
from edge_agent.evidence.cbor import split_sequence
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.signers import load_signer
from edge_agent.journal.disk import FolderDisk, FolderFile
from edge_agent.journal.format import COMMIT_BYTES_MAX
from edge_agent.journal.held import MEMORY_BYTES_MAX
from edge_agent.limits import UNCOMMITTED_REPORTS_MAX
from edge_agent.link import conversation
from edge_agent.link.reports import Reports
from edge_agent.uplink.lanes import AWAITED_BYTES_MAX, FETCH_BYTES, FETCH_LOW_BYTES, LIVE_BYTES_MAX
from edge_agent.uplink.window import IN_FLIGHT_BYTES_MAX
from hil.panels.machine import Entry, Said
from tests.simulation.broker import Broker
from tests.simulation.center import Center
from tests.simulation.clock import Wall
from tests.simulation.gateway import CONFIG, Gateway, Life
from tests.simulation.journal import Card, InlineJournal
from tests.simulation.keys import seeded_signer
from tests.simulation.loop import VirtualLoop
from tests.simulation.panel import Panel
from tests.simulation.world import PEACE_S_MAX, drop

MS, SECOND = 1_000_000, 1_000_000_000
PANELS = 8
AHEAD = 4  # signals that each panel keeps waiting: it always has something to say
WORDS = ("alarm", "restore alarm", "tamper", "trouble", "restore trouble", "restore tamper")
LIFE_EVERY_S = 2.5
LIFE_NS_MAX = 300 * MS
"""From the last byte of an alarm for a life to the broker: 200 ms are what a commit may take before
the event goes without it; the rest is the line's reader, a signature and the way to the broker."""

ENDS = b"\x14\r\n"
TASKS_MAX = 4 * PANELS + 20  # three a panel, and 25 of the gateway, handing over and parting too
TIMERS_MAX = 64 + 20 * PANELS  # an urgent event has one for 200 ms, a line some
LANE_BYTES_MAX = AWAITED_BYTES_MAX + LIVE_BYTES_MAX + FETCH_BYTES + FETCH_LOW_BYTES + 4096


class TrialError(AssertionError):
    """A bound or a promise that did not hold."""


# ---- the parts that differ from the usual world


class _SlowFile(FolderFile):
    def __init__(self, card: "FloodCard", descriptor: int) -> None:
        super().__init__(descriptor)
        self._card = card

    def write(self, offset: int, data: bytes | memoryview) -> int:
        self._card.check()
        return super().write(offset, data)

    def sync(self) -> None:
        self._card.check()  # no power is cut here: time is what a flush costs


class FloodCard(FolderDisk):
    """A card in a folder: an hour of a flood is more than a simulated disk should hold."""

    refuses = False

    def check(self) -> None:
        if self.refuses:
            raise OSError(5, "Input/output error")

    def open(self, name: str, *, writable: bool = False) -> FolderFile:
        return _SlowFile(self, super()._open(name, 0o2 if writable else 0))

    def create(self, name: str) -> FolderFile:
        self.check()
        return _SlowFile(self, super()._open(name, 0o302))

    def sync(self) -> None:
        self.check()


class FloodPanel(Panel):
    """Always has something to say; remembers only what is open."""

    def __init__(self, flood: "Flood", name: str, *, tcp: bool, seed: int) -> None:
        profile = "surgard_system3" if tcp else "surgard_mlr2"
        super().__init__(flood.loop, profile, seed, lambda _panel, _frame: None, tcp)
        self._flood, self.name = flood, name
        self.acked = 0
        self.lives = 0

    def fill(self) -> None:
        face = self.subject.face
        while self.told - self.acked < AHEAD:
            distinct = face.speak(self.told, True).split("zone=")[1].split(" as=")[0]
            self.command(f"{WORDS[self.told % len(WORDS)]} zone={distinct}")
            self.told += 1

    def life(self) -> None:
        """Somebody presses the panic button."""
        number = 900_000 + self.lives
        self.lives += 1
        self.command(f"panic zone={number % 999 + 1} area={number // 999 % 99 + 1} account=9999")
        self.told += 1

    def _note(self, entry: Entry) -> None:
        if entry.state is Said.DROPPED:
            raise TrialError(f"{self.name} was told more than it can keep")
        if entry.state is Said.SAID:
            self._flood.said(self.name, entry.frame.rstrip(ENDS))
        elif entry.state is Said.ACKED:
            self.acked += 1
            self._flood.acked(self.name, entry.frame.rstrip(ENDS))

    @property
    def content(self) -> bool:
        return self.acked == self.told


class FloodGateway(Gateway):
    """A gateway whose card is as slow as the act says, and never cut off."""

    write_s = 0.005, 0.025
    stall = 0.0  # chance that a write takes seconds

    def write_ns(self) -> int:
        if self._random.random() < self.stall:
            return round(self._random.uniform(1.0, 4.0) * SECOND)
        return round(self._random.uniform(*self.write_s) * SECOND)

    def _replace(self, patch: pytest.MonkeyPatch) -> None:
        verify = PublicKey.verify
        super()._replace(patch)
        patch.setattr(PublicKey, "verify", verify)  # it would remember every question
        patch.setattr(InlineJournal, "signs_meanwhile", True)


@dataclass
class Act:
    """A part of the flood: how card, center and link are."""

    name: str
    share: float
    write_s: tuple[float, float] = (0.005, 0.025)
    stall: float = 0.0
    turn_s: tuple[float, float] = (0.001, 0.02)
    refuses: bool = False
    link: bool = True

    @property
    def closed(self) -> bool:
        """Whether neither card nor center takes anything."""
        return self.refuses and not self.link


ACTS = (
    Act("all well", 0.2),
    Act("slow card", 0.15, write_s=(0.005, 0.1), stall=0.02),
    Act("slow center", 0.15, turn_s=(0.5, 1.5)),
    Act("card refuses", 0.15, turn_s=(0.2, 0.6), refuses=True),
    # longer than the 10 s after which a card that is well again is tried at the latest
    Act("link down", 0.25, link=False, write_s=(0.005, 0.1), stall=0.01),
    Act("neither card nor link", 0.1, link=False, refuses=True),
)


@dataclass
class Facts:
    """What a flood came to."""

    acked: int = 0
    acked_in: Counter[str] = field(default_factory=Counter)  # by act
    life_ns: dict[str, list[int]] = field(default_factory=dict)  # by act
    peaks: Counter[str] = field(default_factory=Counter)
    backlog: int = 0  # unreceipted, at most
    again: int = 0  # said once by a panel and recorded twice: its ACK came too late
    peace_s: float = 0.0
    objects: tuple[int, int] = (0, 0)  # of the process, after the first act and at the end

    def lines(self) -> list[str]:
        acts = "; ".join(f"{name} {count}" for name, count in self.acked_in.items())
        urgent = "; ".join(
            f"{name} {max(found) / MS:.0f} of {len(found)}" for name, found in self.life_ns.items()
        )
        return [
            f"acknowledged {self.acked}: {acts}",
            f"life alarm until published, longest ms: {urgent}",
            f"largest backlog {self.backlog}, recorded twice {self.again}",
            f"peace after {self.peace_s:.0f} s, objects {self.objects}",
            "peaks: " + "; ".join(f"{name} {value}" for name, value in self.peaks.items()),
        ]


def make_site(folder: Path) -> Loaded:
    """A gateway's folder with eight panels."""
    seeded_signer(Random("identity")).save(folder / "identity.key")
    head = CONFIG.partition("[[panel]]")[0]
    panels = [
        f'[[panel]]\nid = "p{n}"\ndriver = "surgard"\n'
        + (
            f'profile = "surgard_mlr2"\nserial = {{ port = "p{n}" }}\n'
            if n <= PANELS // 2
            else f'profile = "surgard_system3"\ntcp = {{ host = "p{n}", port = 1 }}\n'
        )
        for n in range(1, PANELS + 1)
    ]
    (folder / "gateway.toml").write_text(head + "".join(panels))
    return load(folder / "gateway.toml")


# ---- the flood


class Flood:
    """One flood of `seconds` simulated seconds."""

    def __init__(self, loop: VirtualLoop, seed: int, loaded: Loaded, folder: Path) -> None:
        self.loop = loop
        self.random = Random(f"{seed} flood")
        wall = Wall()
        self.broker = Broker(loop, Random(f"{seed} broker"), self._published)
        self.gateway = FloodGateway(loop, Random(f"{seed} gateway"), loaded, self.broker, wall)
        self.card = FloodCard(folder / "card")
        self.gateway.card = cast("Card", self.card)  # no power is cut, so no more is asked of it
        identity = load_signer(loaded.path("identity.key")).public
        self.center = Center(
            loop,
            Random(f"{seed} center"),
            self.broker,
            identity,
            lambda: (loop.now_ns + wall.offset_ns) // MS,
            file=str(folder / "center.db"),
        )
        self.center.connection.execute("PRAGMA synchronous = OFF")
        self.gateway.center_key = self.center.signer.public
        for number in range(1, PANELS + 1):
            name, tcp = f"p{number}", number > PANELS // 2
            self.gateway.panels[name] = FloodPanel(self, name, tcp=tcp, seed=seed + number)
        self.facts = Facts()
        self.act = ACTS[0]
        self._owed: Counter[tuple[str, bytes]] = Counter()  # acknowledged, not yet at the center
        self._early: Counter[tuple[str, bytes]] = Counter()  # there before its panel heard the ACK
        self._seen_id = 0
        self._life_ns: dict[bytes, int] = {}  # said, not yet published
        self._reports: list[Reports] = []

    @property
    def panels(self) -> list[FloodPanel]:
        return [one for one in self.gateway.panels.values() if isinstance(one, FloodPanel)]

    @property
    def _connected(self) -> bool:
        """Whether there is a way: one that came back is found within half a minute."""
        life = self.gateway.life
        agent = life.agent if life is not None else None
        return agent is not None and agent._supply.is_connected()

    # ---- what is heard of it

    def said(self, panel: str, frame: bytes) -> None:
        del panel
        if b"9999" in frame and self.act.link and self._connected:
            self._life_ns[frame] = self.loop.now_ns

    def acked(self, panel: str, frame: bytes) -> None:
        self.facts.acked += 1
        self.facts.acked_in[self.act.name] += 1
        if self._early[panel, frame]:
            self._pay(self._early, (panel, frame))
        else:
            self._owed[panel, frame] += 1

    def _published(self, data: bytes) -> None:
        if not self._life_ns:
            return
        for envelope in split_sequence(data, 2048):
            _, event = peek(envelope)
            if event.lane == Lane.LIFE and event.type is EventType.SIGNAL:
                frame = SignalBody.from_body(event.body).signal.frame.rstrip(ENDS)
                begun_ns = self._life_ns.pop(frame, None)
                if begun_ns is not None:
                    took_ns = self.loop.now_ns - begun_ns
                    self.facts.life_ns.setdefault(self.act.name, []).append(took_ns)

    def _arrived(self) -> None:
        """Count what the center stored since the last look."""
        rows = self.center.connection.execute(
            "SELECT id, envelope FROM event WHERE id > ? AND type = 'signal' ORDER BY id",
            (self._seen_id,),
        )
        for number, envelope in rows:
            self._seen_id = number
            body = SignalBody.from_body(peek(envelope)[1].body)
            said = body.panel, body.signal.frame.rstrip(ENDS)
            if self._owed[said]:
                self._pay(self._owed, said)
            else:
                self._early[said] += 1

    def _pay(self, debts: Counter[tuple[str, bytes]], said: tuple[str, bytes]) -> None:
        debts[said] -= 1
        if not debts[said]:
            del debts[said]

    # ---- the play

    async def run(self, seconds: float) -> Facts:
        with self._replaced(), self.gateway.ends_replaced():
            self.gateway.start()
            talk = [self.loop.create_task(self._feed()), self.loop.create_task(self._lives())]
            for act in ACTS:
                self._set(act)
                await self._watch(act, seconds * act.share)
                if act is ACTS[0]:
                    self.facts.objects = (_objects(), 0)
            self._set(ACTS[0])
            for task in talk:
                task.cancel()
            await asyncio.gather(*talk, return_exceptions=True)
            await self._peace()
            self.facts.objects = (self.facts.objects[0], _objects())
            await self.gateway.end()
        self._judge()
        return self.facts

    @contextmanager
    def _replaced(self) -> Iterator[None]:
        """Know every panel's reports: nothing else refers to them."""
        known = self._reports

        class Known(Reports):
            def __init__(self, *arguments: Any) -> None:
                super().__init__(*arguments)
                known.append(self)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(conversation, "Reports", Known)
            yield

    def _set(self, act: Act) -> None:
        self.act = act
        self.gateway.write_s, self.gateway.stall = act.write_s, act.stall
        self.center.turn_s = act.turn_s
        self.card.refuses = act.refuses
        for name, network in self.broker.networks.items():
            if act.link:
                network.up = True
            elif network.up:
                self.broker.cut(name)
        if not act.link:
            self._life_ns.clear()

    async def _feed(self) -> None:
        while True:
            for panel in self.panels:
                panel.fill()
            await asyncio.sleep(0.1)

    async def _lives(self) -> None:
        while True:
            await asyncio.sleep(self.random.expovariate(1 / LIFE_EVERY_S))
            if self.act.link:
                self.random.choice(self.panels).life()

    async def _watch(self, act: Act, seconds: float) -> None:
        until_ns = self.loop.now_ns + round(seconds * SECOND)
        grace_ns = self.loop.now_ns + 3 * SECOND // 2  # what was committed or receipted before
        before = -1
        while self.loop.now_ns < until_ns:
            await asyncio.sleep(1)
            self._look()
            if act.closed and self.loop.now_ns > grace_ns:
                before = self.facts.acked if before < 0 else before
                if self.facts.acked != before:
                    raise TrialError("acknowledged while neither card nor center takes anything")

    async def _peace(self) -> None:
        begun_ns = self.loop.now_ns
        while (missing := self._missing()) or not all(panel.content for panel in self.panels):
            await asyncio.sleep(1)
            self._look()
            self.facts.peace_s = (self.loop.now_ns - begun_ns) / SECOND
            if self.facts.peace_s > PEACE_S_MAX + self.facts.backlog / 100:
                silent = {p.name: p.told - p.acked for p in self.panels if not p.content}
                raise TrialError(f"no end: {missing} unreceipted; not acknowledged: {silent}")

    def _missing(self) -> int:
        life = self._running()
        assert life.journal is not None
        progress = life.journal.progress()
        return progress.waiting + sum(progress.unreceipted)

    # ---- the bounds

    def _running(self) -> Life:
        if self.loop.defects:
            raise self.loop.defects[0]
        assert self.gateway.life is not None, "the agent runs all the time"
        return self.gateway.life

    def _look(self) -> None:
        life = self._running()
        self._arrived()
        agent, journal = life.agent, life.journal
        assert agent is not None
        assert journal is not None
        progress = journal.progress()
        self.facts.backlog = max(self.facts.backlog, sum(progress.unreceipted))
        self._bound("journal memory", progress.held_bytes, MEMORY_BYTES_MAX + COMMIT_BYTES_MAX)
        recorder = agent._recorder
        signals = PANELS * (UNCOMMITTED_REPORTS_MAX + 8)
        # each signal may have brought a verdict, which waits beside it
        self._bound("events not yet durable", len(recorder._waiting), 2 * signals + 64)
        self._bound("of these sent", len(recorder._published), len(recorder._waiting))
        self._bound("notes postponed", sum(map(len, recorder._postponed)), 64)
        for reports in self._reports:
            self._bound(
                "reports uncommitted", len(reports._committing), UNCOMMITTED_REPORTS_MAX + 8
            )
            self._bound("reports held", len(reports._held), 8)
        for supplied in agent._supply._centers:
            if supplied.uplink is None:
                continue
            view = supplied.uplink.view()
            self._bound("in flight", view.outstanding_bytes, IN_FLIGHT_BYTES_MAX)
            self._bound("uplink memory", view.waiting_bytes, len(Lane) * LANE_BYTES_MAX)
            self._bound("uplink news", len(supplied.uplink._news), 256)
        self._bound("tasks", len(asyncio.all_tasks()), TASKS_MAX)
        self._bound("timers", len(self.loop._scheduled), TIMERS_MAX)  # type: ignore[attr-defined]
        self._bound("calls", len(self.loop._ready), 256)  # type: ignore[attr-defined]

    def _bound(self, what: str, value: int, most: int) -> None:
        self.facts.peaks[what] = max(self.facts.peaks[what], value)
        if value > most:
            raise TrialError(f"{what}: {value}, allowed {most}, in {self.act.name!r}")

    def _judge(self) -> None:
        self._arrived()
        if self._owed:
            raise TrialError(
                f"{len(self._owed)} acknowledged and not at the center: {self._owed!r:.300}"
            )
        self.facts.again = self._early.total()
        counters = self.center.counters()
        for name in ("forks", "forged", "malformed", "misdirected", "held_overflow"):
            if counters.get(name):
                raise TrialError(f"the center counts {name}")
        for name, times in self.facts.life_ns.items():
            if max(times) > LIFE_NS_MAX:
                raise TrialError(f"{name}: a life alarm took {max(times) / MS:.0f} ms")


def _objects() -> int:
    gc.collect()
    return len(gc.get_objects())


def flood(seed: int, loaded: Loaded, folder: Path, seconds: float) -> Facts:
    """Play a flood of `seconds` simulated seconds in `folder`; raises TrialError where it fails."""
    structlog.configure(processors=[drop])
    assert math.isclose(sum(act.share for act in ACTS), 1.0)
    loop = VirtualLoop(Random(f"{seed} loop"))

    async def whole() -> Facts:
        return await Flood(loop, seed, loaded, folder).run(seconds)

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(whole())
