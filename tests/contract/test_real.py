"""The same contract where nothing is simulated: emulated panels as processes, real ports and time.

Every driver on every kind of line that it names: a pty paced at 9600 baud, TCP both ways round,
datagrams; an input module over RTU on a pty and over TCP.  Parity cannot be proven on a pty.
"""

import asyncio
import functools
import socket
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_agent.clock import SystemClock
from edge_agent.domain.address import (
    BusAddress,
    LineAddress,
    ListenAddress,
    SerialAddress,
    TcpAddress,
)
from edge_agent.domain.finding import Finding
from edge_agent.domain.kinds import POINTS
from edge_agent.domain.session import Fault, FaultKind, Recent
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Stamp
from edge_agent.link.bus import Member, frames_of, pace_of, run_bus
from edge_agent.link.open import opener
from edge_agent.link.runner import run_panel
from hil.panels.machine import describe
from tests.contract.subjects import BUS, STREAM, Subject
from tests.contract.world import body, standing_of
from tests.hil.process import PATIENCE_S, Emulator, running

COMMIT_S = 0.003  # a good disk's fsync


class Recorder:
    """An intake whose disk takes a moment; it remembers when each signal was durable."""

    def __init__(self) -> None:
        self.durable: list[Signal] = []
        self.links: list[bool | None] = []
        self.faults: Counter[FaultKind] = Counter()
        self.findings: list[Finding] = []

    def record(self, panel: str, signals: tuple[Signal, ...], stamp: Stamp) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def commit() -> None:
            self.durable += signals
            done.set_result(None)

        loop.call_later(COMMIT_S, commit)
        return done

    def link(self, panel: str, online: bool | None, reason: str) -> None:
        self.links.append(online)

    def fault(self, panel: str, fault: Fault) -> None:
        self.faults[fault.kind] += 1

    def finding(self, panel: str, finding: Finding) -> None:
        self.findings.append(finding)

    def recent(self, panel: str) -> tuple[Recent, ...]:
        return tuple(Recent(signal.frame, 0) for signal in self.durable[-32:])

    def standing(self, panel: str) -> tuple[Signal, ...]:
        return standing_of(self.durable)

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


def heard(panel: Emulator, subject: Subject, count: int) -> set[str]:
    """Wait until so many events are acknowledged, or have arrived where nothing is; their frames.

    Frames are cut at their ends as recorded ones are.
    """
    state = "acked" if subject.driver.acknowledges else "arrived"
    return {body(bytes.fromhex(panel.state(state)["frame"])).hex() for _ in range(count)}


def stream(subject: Subject, address: LineAddress, recorder: Recorder) -> Coroutine[Any, Any, None]:
    clock = SystemClock()
    where = opener(address, clock, subject.driver.peers_max)
    return run_panel("p", subject.session, where, recorder, clock)


def events(subject: Subject, numbers: range) -> list[str]:
    """Control lines of events, without those that only move a point."""
    lines = [subject.face.speak(number, False) for number in numbers]
    return [line for line in lines if line.split()[0] not in {"open", "close", "output"}]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


Way = Callable[[str, int], tuple[tuple[str, ...], LineAddress]]
WAYS: dict[str, Way] = {
    # a line of `Driver.lines`: how its panel is started, and where its driver finds it
    "serial": lambda link, _: (
        ("--pty", "--link", link, "--baud", "9600"),
        SerialAddress(port=link),
    ),
    "tcp": lambda _, port: (("--tcp", str(port)), TcpAddress(host="127.0.0.1", port=port)),
    "listen": lambda _, port: (
        ("--connect", f"127.0.0.1:{port}"),
        ListenAddress(host="127.0.0.1", port=port),
    ),
    "udp": lambda _, port: (
        ("--udp", f"127.0.0.1:{port}"),
        ListenAddress(host="127.0.0.1", port=port, transport="udp"),
    ),
}
REAL = [
    pytest.param(subject, way, id=f"{subject.driver.name}-{way}")
    for subject in STREAM
    if subject.first
    for way in subject.driver.lines
]


@pytest.mark.parametrize(("subject", "way"), REAL)
def test_a_real_line_with_bad_frames_and_an_unplug(
    subject: Subject, way: str, tmp_path: Path
) -> None:
    recorder = Recorder()
    arguments, address = WAYS[way](str(tmp_path / "panel"), free_port())
    split = "whole" if way == "udp" else "random"
    with running(subject.driver.name, *arguments, "--split", split, *subject.face.quick) as panel:
        panel.where()
        frames: list[set[str]] = []

        def say(numbers: range) -> None:
            wait_for(lambda: recorder.links[-1:] == [True], "the panel is there")
            lines = events(subject, numbers)
            panel.tell(*lines)
            frames.append(heard(panel, subject, len(lines)))
            wait_for(lambda: frames[-1] <= set(recorder.frames), "all is durable")

        def script() -> None:
            say(range(6))
            if way != "udp":
                panel.tell("garbage 40")
            say(range(6, 12))
            gone = recorder.links.count(False)
            panel.tell("unplug 0.2")
            if way in {"serial", "tcp"}:
                wait_for(lambda: recorder.links.count(False) > gone, "the panel is gone")
            say(range(12, 18))

        converse(stream(subject, address, recorder), script)
    everything = set().union(*frames)
    assert len(everything) == len(events(subject, range(18)))
    assert {recorder.frames[frame] for frame in everything} == {1}, "each is recorded once"
    assert recorder.links[0] is True
    assert recorder.links[-1] is True


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
