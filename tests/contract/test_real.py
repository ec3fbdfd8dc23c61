"""The same contract where nothing is simulated: emulated panels at real ports, in real time.

Every driver with every profile on every kind of line that it names: a pty paced at 9600 baud, TCP
both ways round, datagrams, some of them at a time on one loop; an input module as a process of its
own, over RTU on a pty and over TCP.  Parity cannot be proven on a pty.
"""

import asyncio
import functools
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_agent.clock import SystemClock
from edge_agent.domain.address import BusAddress, LineAddress, SerialAddress, TcpAddress
from edge_agent.domain.finding import Finding
from edge_agent.domain.kinds import POINTS
from edge_agent.domain.session import Fault, FaultKind, Recent
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Stamp
from edge_agent.link.bus import Member, frames_of, pace_of, run_bus
from edge_agent.link.open import opener
from edge_agent.link.runner import run_panel
from hil.lines import SECOND_NS, Quality, Split, byte_ns
from hil.panels.machine import describe
from hil.panels.outbox import Patience
from hil.panels.stand import Stand, StandSetup
from tests.contract.subjects import (
    BUS,
    STREAM,
    Subject,
    is_supervised,
    wants_password,
)
from tests.contract.world import body, standing_of
from tests.hil.plugged import Panel, until
from tests.hil.process import PATIENCE_S, running

PACE, WHOLE, RANDOM = byte_ns(9600), Split.WHOLE, Split.RANDOM
COMMIT_S = 0.003  # a good disk's fsync


class Recorder:
    """An intake whose disk takes a moment; it remembers when each signal was durable."""

    def __init__(self) -> None:
        self.durable: list[Signal] = []
        self.links: list[bool | None] = []
        self._begun = 0  # how much was durable when the panel came
        self._heard: deque[bytes] = deque(maxlen=32)  # a frame of each report, as the agent keeps
        self.faults: Counter[FaultKind] = Counter()
        self.findings: list[Finding] = []

    def record(self, panel: str, signals: tuple[Signal, ...], stamp: Stamp) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def commit() -> None:
            self.durable += signals
            self._heard.append(signals[-1].frame)
            done.set_result(None)

        loop.call_later(COMMIT_S, commit)
        return done

    def link(self, panel: str, online: bool | None, reason: str) -> None:
        self.links.append(online)
        self._begun = len(self.durable)

    def fault(self, panel: str, fault: Fault) -> None:
        self.faults[fault.kind] += 1

    def finding(self, panel: str, finding: Finding) -> None:
        self.findings.append(finding)

    def recent(self, panel: str) -> tuple[Recent, ...]:
        return tuple(Recent(frame, 0) for frame in self._heard)

    def standing(self, panel: str) -> tuple[Signal, ...]:
        return standing_of(self.durable)

    @property
    def is_talking(self) -> bool:
        """Whether the panel is there and has shown how a point of it is."""
        shown = any(signal.kind in POINTS for signal in self.durable[self._begun :])
        return self.links[-1:] == [True] and shown

    @property
    def frames(self) -> Counter[str]:
        return Counter(
            body(signal.frame).hex() for signal in self.durable if signal.kind not in POINTS
        )

    @property
    def meanings(self) -> list[dict[str, object]]:
        return [describe(signal) for signal in self.durable if signal.kind not in POINTS]


def converse(runner: Coroutine[Any, Any, None], script: Callable[[], None]) -> None:
    """Run the agent's side of a line on the loop and the script of the other side beside it."""

    async def both() -> None:
        running_ = asyncio.ensure_future(runner)
        scripted = asyncio.get_running_loop().run_in_executor(None, script)
        await asyncio.wait({running_, scripted}, return_when=asyncio.FIRST_COMPLETED)
        running_.cancel()
        with suppress(asyncio.CancelledError):
            await running_
        await scripted

    asyncio.run(both())


def stream(subject: Subject, address: LineAddress, recorder: Recorder) -> Coroutine[Any, Any, None]:
    clock = SystemClock()
    where = opener(address, clock, subject.driver.peers_max)
    return run_panel("p", subject.session, where, recorder, clock)


def events(subject: Subject, numbers: range) -> list[str]:
    """Control lines of events, without those that only move a point."""
    lines = [subject.face.speak(number, False) for number in numbers]
    return [line for line in lines if line.split()[0] not in {"open", "close", "output"}]


REAL = [(subject, way) for subject in STREAM for way in subject.driver.lines]
IMPATIENT: dict[str, dict[str, Any]] = {
    # what is lost with the plug is soon said again
    "dc09": {"poll_s": 1.0, "retry_s": 0.5, "rest_s": 0.5},
    "cn_fire": {"beat_s": 0.5, "repeat_s": 0.1},
    # one block for each event; how long it waits for an ACK is as its driver believes it
    "galaxy_sia": {"level": 2, "rest_s": 0.5},
    "gb26875": {"heartbeat_ns": SECOND_NS, "patience": Patience(SECOND_NS // 2, 4, SECOND_NS // 2)},
}
LOGS = {"satel"}
"""Whose events stand in the panel's log alone: what the first look finds there is history."""
GIVES_WORD = {True: "acked", False: "arrived"}  # by whether the driver acknowledges


class Talk:
    """One panel and its driver on one real line: bad frames, an unplug, and all is recorded."""

    def __init__(self, subject: Subject, way: str, folder: Path) -> None:
        self._subject, self._way = subject, way
        self._recorder = Recorder()
        out = Quality(PACE if way == "serial" else 0, split=WHOLE if way == "udp" else RANDOM)
        settings = IMPATIENT.get(subject.driver.name, {})
        machine = subject.face.for_profile(subject.profile, settings)
        stand = Stand(machine, StandSetup(out=out))
        peers_max = subject.face.peers_max
        self._panel = Panel(subject.driver.name, stand, way, folder, peers_max=peers_max)
        self._frames: list[set[str]] = []

    async def play(self) -> None:
        """Talk; an AssertionError says what was in vain waited for, or is wrong."""
        async with self._panel.plugged() as panel:
            line = asyncio.ensure_future(stream(self._subject, panel.address, self._recorder))
            script = asyncio.ensure_future(self._script(panel))
            await asyncio.wait({line, script}, return_when=asyncio.FIRST_COMPLETED)
            for task in (script, line):
                task.cancel()
            with suppress(asyncio.CancelledError):
                await line
            await script
        self._check()

    async def _script(self, panel: Panel) -> None:
        links = self._recorder.links
        await self._say(panel, range(6))
        if self._way != "udp" and is_supervised(self._subject.profile):
            panel.tell("garbage 40")  # in print it is text before the text
        await self._say(panel, range(6, 12))
        gone = links.count(False)
        panel.tell("unplug 0.2")
        if self._way in {"serial", "tcp"}:
            await until(lambda: links.count(False) > gone, "the panel is gone")
        await self._say(panel, range(12, 18))

    async def _say(self, panel: Panel, numbers: range) -> None:
        recorder = self._recorder
        if is_supervised(self._subject.profile):
            await until(lambda: recorder.links[-1:] == [True], "the panel is there")
        else:
            await until(lambda: panel.is_heard, "somebody hears the panel")
        if self._subject.driver.name in LOGS or wants_password(self._subject):
            # it is there sooner than it tells
            await until(lambda: recorder.is_talking, "the panel has let us in")
        lines, begun = events(self._subject, numbers), len(panel.entries)
        word = GIVES_WORD[self._subject.driver.acknowledges]

        def heard() -> set[str]:
            told = [entry for entry in panel.entries[begun:] if entry["state"] == word]
            return {body(bytes.fromhex(entry["frame"])).hex() for entry in told}

        panel.tell(*lines)
        await until(lambda: len(heard()) >= len(lines), f"all of {lines} has got across")
        await until(lambda: heard() <= set(recorder.frames), "all is durable")
        self._frames.append(heard())

    def _check(self) -> None:
        frames = self._recorder.frames
        everything = set().union(*self._frames)
        # or more: a panel may say something by itself meanwhile, and that is recorded once as well
        assert len(everything) >= len(events(self._subject, range(18)))
        assert {frames[frame] for frame in everything} == {1}, "each is recorded once"
        assert self._recorder.links[0] is True
        assert self._recorder.links[-1] is True


TALKS_MAX = 16
"""So many at a time: all of them on one loop made each slower than the patience of a real panel."""


def test_every_profile_on_every_real_line_with_bad_frames_and_an_unplug(tmp_path: Path) -> None:
    async def all_in_turn() -> dict[str, BaseException | None]:
        turn = asyncio.Semaphore(TALKS_MAX)

        async def play(subject: Subject, way: str) -> None:
            folder = tmp_path / f"{subject}-{way}"
            folder.mkdir()
            async with turn:
                await Talk(subject, way, folder).play()

        names = [f"{subject} over {way}" for subject, way in REAL]
        talks = [play(subject, way) for subject, way in REAL]
        ended = await asyncio.gather(*talks, return_exceptions=True)
        return dict(zip(names, ended, strict=True))

    assert {where: what for where, what in asyncio.run(all_in_turn()).items() if what} == {}


def bus(subject: Subject, address: BusAddress, recorder: Recorder) -> Coroutine[Any, Any, None]:
    clock = SystemClock()
    protocol = (lambda: frames_of(address), pace_of(address))
    member = Member("p", 17, subject.session)
    return run_bus([member], opener(address, clock), protocol, recorder, clock)


def wait_for(condition: Callable[[], bool], what: str) -> None:
    end = time.perf_counter() + PATIENCE_S
    while not condition():
        assert time.perf_counter() < end, f"in vain waited until {what}"
        time.sleep(0.01)


ON_A_BUS = [
    pytest.param(
        replace(subject, options={"points": 16, "poll_ms": 100}), over, id=f"{subject}-{over}"
    )
    for subject in BUS
    for over in ("rtu", "tcp")
    if subject.first or over == "rtu"  # what a map changes is no matter of the line
]


@pytest.mark.parametrize(("subject", "over"), ON_A_BUS)
def test_a_module_read_over_a_real_bus(subject: Subject, over: str, tmp_path: Path) -> None:
    recorder = Recorder()
    assert subject.profile is not None
    edges = 16 if subject.first else 2
    link = tmp_path / "module"
    line = ("--pty", "--link", str(link), "--baud", "9600") if over == "rtu" else ("--tcp", "0")
    model = ("--model", subject.profile.name)
    with running(subject.driver.name, *line, "--units", "17", *model) as module:
        where = module.where()
        address: BusAddress = SerialAddress(port=str(link), baud=9600)
        if over == "tcp":
            address = TcpAddress(host="127.0.0.1", port=int(where.rpartition(":")[2]))

        def durable(count: int) -> bool:
            return len(recorder.meanings) == count

        def script() -> None:
            wait_for(lambda: recorder.links[-1:] == [True], "the module is online")
            for number in range(edges):
                module.tell(subject.face.speak(number, False))
                module.state("said")
                # recorded when the next answer has confirmed it
                wait_for(functools.partial(durable, number + 1), f"edge {number} is durable")
            if not subject.first:
                return
            module.tell("unplug 0.2")
            wait_for(lambda: False in recorder.links, "the module is gone")
            wait_for(lambda: recorder.links[-1] is True, "the module is back")
            module.tell("dead 3")
            wait_for(lambda: recorder.links.count(False) == 2, "the module is dead")
            wait_for(lambda: recorder.links[-1] is True, "the module answers again")

        converse(bus(subject, address, recorder), script)
    assert len(recorder.meanings) == edges
