"""The self-test of the running agent: on schedule and when asked; its outcome is a signed event.

What the agent knows anyway is only read: whether panels answer, how their lines damage bytes, how
long the journal's own commits take, the clock, the body.  Files and ways to centers are looked at
in a thread of its own, one after the other.  That an event comes back receipted is seen by the
first event of the run.  No panel is asked anything, nothing is written beside the journal, and the
first alarm ends it (`edge_agent.diagnosis.routine`).
"""

import asyncio
import contextlib
import hashlib
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

import structlog

from edge_agent.clock import Clock, Now
from edge_agent.config import Loaded
from edge_agent.diagnosis import probes
from edge_agent.diagnosis.probes import Probe, Probed
from edge_agent.diagnosis.routine import (
    SCHEDULE,
    Action,
    Alarmed,
    Asked,
    Begin,
    BreakOff,
    Ended,
    Refuse,
    Routine,
    Tell,
)
from edge_agent.domain.event import Body, EventType, Numbered
from edge_agent.domain.finding import Cause
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import ActBody, FindingBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.probe_row import ProbeRow
from edge_agent.limits import ORDER_RECORD_S_MAX

log = structlog.get_logger()

HOUR_NS = 3_600_000_000_000
RECEIPT_S_MAX = 10.0  # a receipt takes two round trips and a commit; failover takes ten seconds
RECEIPT_LOOK_S = 0.02
NEWS_S_MAX = 5.0  # how long one who asks waits for more, below the socket's own patience


@dataclass(frozen=True, slots=True)
class Senses:
    """What the agent knows without asking anybody, as it stands when called.

    `faults` are the counted faults of each panel's line, `centers` the entries of the status,
    `unsupervised` the panels that say nothing by themselves.
    """

    links: Callable[[], Mapping[str, bool | None]]
    faults: Callable[[], Mapping[str, Mapping[str, int]]]
    commits_ms: Callable[[], Sequence[float]]
    refusal: Callable[[], str | None]
    readings: Callable[[], Mapping[str, float]]
    centers: Callable[[], Sequence[Mapping[str, Any]]]
    now: Callable[[], Now]
    unsupervised: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outlet:
    """Where a self-test is recorded: the recorder's `note` and `vow`."""

    note: Callable[[EventType, Lane, Body], None]
    vow: Callable[[ActBody], Awaitable[None]]


Look = Callable[[Loaded, Callable[[], Now]], Iterator[Probed]]


def look_around(loaded: Loaded, now: Callable[[], Now]) -> Iterator[Probed]:
    """Yield what blocks: disk, memory, files, ways to centers.  Loaded when first needed."""
    from edge_agent.daemon import looking  # noqa: PLC0415  nobody needs it before

    folder = loaded.path(loaded.config.gateway.data_dir)
    return chain(looking.room(folder), looking.files(loaded, now), looking.ways(loaded, now))


class SelfTest:
    """The self-tests of one agent."""

    def __init__(
        self,
        loaded: Loaded,
        clock: Clock,
        senses: Senses,
        outlet: Outlet,
        look: Look = look_around,
    ) -> None:
        every_h = loaded.config.diagnose.every_h
        self._loaded = loaded
        self._clock = clock
        self._senses = senses
        self._outlet = outlet
        self._look = look
        self._routine = Routine(
            every_h * HOUR_NS if every_h else None,
            _spread(loaded.config.gateway.id),
            clock.boottime_ns(),
        )
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._found: asyncio.Queue[Probed | None] = asyncio.Queue()  # None: there is no more
        self._broken = ""  # why the run is broken off
        self._wanted = asyncio.Event()
        self._moved = asyncio.Event()  # the next deadline is another one
        self._news = asyncio.Event()
        self._number = 0
        self._actor = SCHEDULE
        self._said: list[Probed] = []
        self._over = True
        self._damaged: dict[str, Counter[str]] = {}  # at the last look
        self._noisy: set[str] = set()

    # ---- what the agent calls

    async def run(self) -> None:
        """Keep to the schedule, and do what is asked, until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_time())
                group.create_task(self._work())
        finally:
            self._stop.set()

    def hear(self, event: Numbered) -> None:
        """Take an event as it was sent: alarms end a run, and say when none may begin.

        What sessions found of their own line is told already, and only repeated here.
        """
        said = event.draft
        if said.lane <= Lane.INTRUSION:
            self._perform(self._routine.handle(Alarmed(), self._clock.boottime_ns()))
        elif said.type is EventType.FINDING:
            with contextlib.suppress(Malformed):
                self._heed(FindingBody.from_body(said.body))

    def _heed(self, finding: FindingBody) -> None:
        if finding.cause == Cause.LINE_NOISE:
            (self._noisy.discard if finding.over else self._noisy.add)(finding.panel)

    async def ask(self, request: Mapping[str, Any], actor: str) -> dict[str, Any]:
        """Answer `edge-agent diagnose`: begin a run, or wait for more of run `run` than `seen`.

        Raises ValueError where none may begin now.
        """
        number, seen = request.get("run"), request.get("seen", 0)
        if number is None:
            self._perform(self._routine.handle(Asked(actor), self._clock.boottime_ns()))
        elif number != self._number or not isinstance(seen, int) or seen < 0:
            raise ValueError("that self-test is over: ask for another")
        elif seen >= len(self._said) and not self._over:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(NEWS_S_MAX):
                    await self._news.wait()
        return {
            "run": self._number,
            "over": self._over,
            "broken": self._broken,
            "probes": [asdict(one) for one in self._said[seen if number is not None else 0 :]],
        }

    # ---- time

    async def _keep_time(self) -> None:
        while True:
            self._moved.clear()
            now_ns = self._clock.boottime_ns()
            self._perform(self._routine.handle(None, now_ns))
            deadline_ns = self._routine.deadline_ns()
            wait_s = None if deadline_ns is None else max(deadline_ns - now_ns, 0) / 1e9
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._moved.wait()

    def _perform(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Begin(actor):
                    self._moved.set()
                    self._number += 1
                    self._actor, self._said, self._over, self._broken = actor, [], False, ""
                    self._wanted.set()
                case BreakOff(reason):
                    self._broken = reason
                    self._stop.set()
                    self._found.put_nowait(None)
                case Refuse(reason):
                    raise ValueError(reason)
                case Tell(finding):
                    self._tell(finding)

    def _tell(self, finding: FindingBody) -> None:
        if finding.over:
            log.info("finding is over", cause=finding.cause)
        else:
            log.warning(
                "finding", cause=finding.cause, detail=finding.detail, remedy=finding.remedy
            )
        self._outlet.note(EventType.FINDING, Lane.FAULT, finding.to_body())

    # ---- one run

    async def _work(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await self._test()

    async def _test(self) -> None:
        began_ns = self._clock.boottime_ns()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ORDER_RECORD_S_MAX):
                await self._outlet.vow(ActBody("self_test", self._actor, "begins"))
        owed = {one["center"]: one["outstanding"] for one in self._senses.centers()}
        for probed in self._known():
            self._say(probed)
        await self._look_on()
        for name, count in owed.items():
            if not self._broken:
                self._say(await self._receipted(name, count, began_ns))
        self._conclude()

    def _say(self, probed: Probed) -> None:
        self._said.append(probed)
        self._tell_news()

    def _tell_news(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _known(self) -> Iterator[Probed]:
        """What the agent knows anyway."""
        senses, config = self._senses, self._loaded.config
        stamp, readings = self._clock.stamp(), senses.readings()
        folder = str(self._loaded.path(config.gateway.data_dir))
        yield probes.commits(senses.commits_ms(), senses.refusal(), folder)
        yield probes.clock(str(stamp.trust), stamp.uncertainty_ms)
        hot, low = config.body.temperature_max_c, readings.get("under_voltage")
        for probed in (
            probes.temperature(readings.get("temperature_c"), hot),
            probes.voltage(None if low is None else bool(low)),
        ):
            if probed is not None:
                yield probed
        faults = senses.faults()
        for panel, online in senses.links().items():
            before, counts = self._damaged.get(panel, Counter()), Counter(faults.get(panel, {}))
            self._damaged[panel] = counts
            supervised = panel not in senses.unsupervised
            yield probes.panel(panel, online=online, supervised=supervised)
            yield probes.line(panel, before, counts, noisy=panel in self._noisy)

    async def _look_on(self) -> None:
        """Take what a thread of its own sees, until it is through or the run is broken off."""
        if self._thread is not None and self._thread.is_alive():
            detail = "not tried: what the last self-test looked at still hangs"
            self._say(Probed(Probe.NAME, "files and ways to centers", None, detail))
            return
        self._stop, self._found = threading.Event(), asyncio.Queue()
        if self._broken:  # between the beginning and now
            return
        arguments = asyncio.get_running_loop(), self._found, self._stop
        self._thread = threading.Thread(
            target=self._look_in_thread, args=arguments, name="self-test", daemon=True
        )
        self._thread.start()
        while (probed := await self._found.get()) is not None:
            self._say(probed)

    def _look_in_thread(
        self,
        loop: asyncio.AbstractEventLoop,
        found: "asyncio.Queue[Probed | None]",
        stop: threading.Event,
    ) -> None:
        def hand_over(probed: Probed | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop ended meanwhile
                loop.call_soon_threadsafe(found.put_nowait, probed)

        try:
            for probed in self._look(self._loaded, self._senses.now):
                if stop.is_set():
                    break
                hand_over(probed)
        finally:
            hand_over(None)

    async def _receipted(self, name: str, owed: int, began_ns: int) -> Probed:
        """Wait for the run's first event to come back receipted."""
        until_ns = self._clock.boottime_ns() + int(RECEIPT_S_MAX * 1e9)
        while True:
            center = next(one for one in self._senses.centers() if one["center"] == name)
            if not center["outstanding"] or center["outstanding"] < owed:
                break
            if self._clock.boottime_ns() >= until_ns or self._broken or not center["connected"]:
                return probes.receipt(center, None)
            await asyncio.sleep(RECEIPT_LOOK_S)
        if not center["connected"]:
            return probes.receipt(center, None)
        trip_ms = center["round_trip_ms"]
        waited_ms = (self._clock.boottime_ns() - began_ns) / 1e6
        return probes.receipt(center, waited_ms if trip_ms is None else trip_ms)

    def _conclude(self) -> None:
        probed, whole = tuple(self._said), not self._broken
        now_ns = self._clock.boottime_ns()
        self._perform(self._routine.handle(Ended(probed, whole=whole), now_ns))
        self._moved.set()
        count = Counter(one.good for one in probed)
        said = f"{len(probed)} probed, {count[False]} to mend, {count[None]} not tried"
        outcome = "bad" if count[False] else "good"
        body = ActBody(
            "self_test",
            self._actor,
            said if whole else f"{said}; broken off: {self._broken}",
            outcome=outcome if whole else "broken_off",
            results=tuple(ProbeRow(one.probe, one.what, one.good, one.detail) for one in probed),
        )
        self._outlet.note(EventType.ACT, Lane.STATE, body.to_body())
        log.info("self-test", actor=self._actor, outcome=outcome, said=said)
        self._over = True
        self._tell_news()


def _spread(gateway: str) -> float:
    """Return 0 to 1, the same for one gateway and another for the next."""
    return int.from_bytes(hashlib.sha256(gateway.encode()).digest()[:4]) / 2**32
