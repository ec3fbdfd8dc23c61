"""A conversation with a real panel: the agent's own line, runner and session, and a notebook.

Between the runner and the session sits a tap that counts bytes both ways, and reads what the panel
says with a decoder of its own, so that damage is counted apart from what the session makes of it.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from edge_agent.clock import SystemClock
from edge_agent.daemon.panels import Fitted
from edge_agent.domain.finding import Finding
from edge_agent.domain.kinds import POINTS, Origin
from edge_agent.domain.session import (
    Action,
    Answered,
    Decoder,
    Fault,
    FaultKind,
    Frame,
    Input,
    Nature,
    Received,
    Recent,
    Send,
    Session,
    Unanswered,
)
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Stamp
from edge_agent.domain.standing import Standing
from edge_agent.link.bus import Member, frames_of, pace_of, run_bus
from edge_agent.link.desk import Desk
from edge_agent.link.open import opener
from edge_agent.link.runner import run_panel
from tests.hil.bench.file import Bench

LOOK_S = 0.02
RECENT_MAX = 32


@dataclass(slots=True)
class Seen:
    """What one conversation has come to."""

    signals: list[Signal] = field(default_factory=list)
    links: list[bool | None] = field(default_factory=list)
    faults: Counter[FaultKind] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    good: int = 0  # frames
    bad: int = 0
    bytes_heard: int = 0
    bytes_sent: int = 0
    clock_offsets_s: list[float] = field(default_factory=list)

    @property
    def online(self) -> bool:
        return self.links[-1:] == [True]

    @property
    def events(self) -> list[Signal]:
        return [signal for signal in self.signals if signal.kind not in POINTS]

    @property
    def points(self) -> list[Signal]:
        return [signal for signal in self.signals if signal.kind in POINTS]


class Notebook:
    """An intake that keeps everything in memory; what it takes is durable at once."""

    def __init__(self, seen: Seen, fitted: Fitted) -> None:
        self._seen = seen
        self._fitted = fitted

    def record(self, panel: str, signals: tuple[Signal, ...], stamp: Stamp) -> asyncio.Future[None]:
        del panel, stamp
        self._seen.signals += signals
        for signal in signals:
            self._compare_clock(signal)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def link(self, panel: str, online: bool | None, reason: str) -> None:
        del panel, reason
        self._seen.links.append(online)

    def fault(self, panel: str, fault: Fault) -> None:
        del panel
        self._seen.faults[fault.kind] += 1

    def finding(self, panel: str, finding: Finding) -> None:
        del panel
        self._seen.findings.append(finding)

    def recent(self, panel: str) -> tuple[Recent, ...]:
        del panel
        return tuple(Recent(signal.frame, 0) for signal in self._seen.signals[-RECENT_MAX:])

    def standing(self, panel: str) -> tuple[Signal, ...]:
        del panel
        standing = Standing()
        for signal in self._seen.signals:
            standing.take(signal)
        return standing.signals

    def _compare_clock(self, signal: Signal) -> None:
        if signal.panel_time is None or signal.origin is not Origin.LIVE:
            return
        try:
            told = datetime.fromisoformat(signal.panel_time)
        except ValueError:  # a time without its date, as some panels say it
            return
        if told.tzinfo is None:
            told = told.replace(tzinfo=self._fitted.setup.zone)
        now_s = time.clock_gettime(time.CLOCK_REALTIME)
        self._seen.clock_offsets_s.append(told.timestamp() - now_s)


class Tap:
    """A session with an ear on both directions."""

    def __init__(self, session: Session, decoder: Decoder, seen: Seen) -> None:
        self._session = session
        self._decoder = decoder
        self._seen = seen

    def deadline_ns(self) -> int | None:
        return self._session.deadline_ns()

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        match happened:
            case Received(data):
                self._seen.bytes_heard += len(data)
                self._count(self._decoder.feed(data))
            case Answered():
                self._seen.good += 1
            case Unanswered():
                self._seen.bad += 1
        actions = self._session.handle(happened, now_ns)
        sent = (len(action.data) for action in actions if isinstance(action, Send))
        self._seen.bytes_sent += sum(sent)
        return actions

    def _count(self, frames: list[Frame]) -> None:
        bad = sum(frame.fault is not None for frame in frames)
        self._seen.bad += bad
        self._seen.good += len(frames) - bad


class Talk:
    """One conversation, for the time of an `async with`."""

    def __init__(self, bench: Bench, fitted: Fitted) -> None:
        self.seen = Seen()
        self.desk = Desk(fitted.setup.allow)
        self._bench = bench
        self._fitted = fitted
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.get_running_loop().create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None, "entered"
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait for a condition; return whether it came true in time.  A defect comes out here."""
        assert self._task is not None, "entered"
        end_s = time.perf_counter() + seconds
        while not condition():
            if self._task.done():
                await self._task
            if time.perf_counter() >= end_s:
                return False
            await asyncio.sleep(LOOK_S)
        return True

    def _session(self) -> Session:
        fitted = self._fitted
        return Tap(fitted.session(), fitted.driver.decoder(fitted.setup), self.seen)

    def _run(self) -> Coroutine[Any, Any, None]:
        clock, panel = SystemClock(), self._fitted.panel
        notebook = Notebook(self.seen, self._fitted)
        if self._fitted.driver.nature is Nature.STREAM:
            assert panel.line is not None, "checked with the file"
            where = opener(panel.line, clock, self._fitted.driver.peers_max)
            return run_panel(panel.id, self._session, where, notebook, clock, desk=self.desk)
        bus = self._bench.bus_of(self._fitted)
        assert bus is not None, "checked with the file"
        protocol = (lambda: frames_of(bus.address), pace_of(bus.address))
        member = Member(panel.id, panel.unit or 1, self._session, desk=self.desk)
        return run_bus([member], opener(bus.address, clock), protocol, notebook, clock)
