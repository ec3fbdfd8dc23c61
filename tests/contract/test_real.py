"""The same contract where nothing is simulated: emulated panels as processes, real ports and time.

One driver of each nature: a receiver on a pty paced at 9600 baud and on TCP both ways round, an
input module over RTU on a pty and over TCP.  Parity cannot be proven on a pty.
"""

import asyncio
import functools
import socket
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
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
from tests.contract.subjects import BUS, STREAM, Subject, names
from tests.contract.world import body
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

    @property
    def frames(self) -> Counter[str]:
        return Counter(body(signal.frame).hex() for signal in self.durable)

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


def acked(panel: Emulator, count: int) -> set[str]:
    """Wait for so many acknowledgements; return the frames."""
    return {panel.state("acked")["frame"] for _ in range(count)}


def stream(subject: Subject, address: LineAddress, recorder: Recorder) -> Coroutine[Any, Any, None]:
    clock = SystemClock()
    return run_panel("p", subject.session, opener(address, clock), recorder, clock)


def say(panel: Emulator, subject: Subject, numbers: range) -> None:
    panel.tell(*(subject.face.speak(number, False) for number in numbers))


@pytest.mark.parametrize("subject", STREAM, ids=names)
def test_a_paced_pty_with_bad_frames_and_an_unplug(subject: Subject, tmp_path: Path) -> None:
    link = tmp_path / "panel"
    recorder = Recorder()
    with running(
        *(subject.driver.name, "--pty", "--link", str(link), "--baud", "9600"),
        *("--split", "random", "--repeat-s", "0.5", "--heartbeat-s", "1"),
    ) as panel:
        panel.where()

        def script() -> None:
            say(panel, subject, range(5))
            frames = acked(panel, 5)
            panel.tell("garbage 40")
            say(panel, subject, range(5, 10))
            frames |= acked(panel, 5)
            panel.tell("unplug 0.2")
            say(panel, subject, range(10, 15))
            frames |= acked(panel, 5)
            assert len(frames) == 15
            assert frames <= set(recorder.frames), "acknowledged but not durable"

        address = SerialAddress(port=str(link), baud=9600)
        converse(stream(subject, address, recorder), script)
    assert len(recorder.frames) == 15
    assert set(recorder.frames.values()) == {1}
    assert recorder.links[0] is True
    assert False in recorder.links
    assert recorder.links[-1] is True


@pytest.mark.parametrize("calls", [False, True], ids=["panel_listens", "panel_calls"])
@pytest.mark.parametrize("subject", STREAM[:1], ids=names)
def test_tcp_both_ways_round(subject: Subject, calls: bool) -> None:
    recorder = Recorder()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    where = ("--connect", f"127.0.0.1:{port}") if calls else ("--tcp", str(port))
    address: LineAddress = TcpAddress(host="127.0.0.1", port=port)
    if calls:
        address = ListenAddress(host="127.0.0.1", port=port)
    with running(subject.driver.name, *where, "--split", "bytes") as panel:
        panel.where()

        def script() -> None:
            say(panel, subject, range(20))
            frames = acked(panel, 20)
            assert frames <= set(recorder.frames), "acknowledged but not durable"
            panel.tell("unplug 0.2")
            say(panel, subject, range(20, 25))
            acked(panel, 5)

        converse(stream(subject, address, recorder), script)
    assert len(recorder.frames) == 25
    assert set(recorder.frames.values()) == {1}


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


@pytest.mark.parametrize("over", ["rtu", "tcp"])
@pytest.mark.parametrize("subject", BUS, ids=names)
def test_a_module_read_over_a_real_bus(subject: Subject, over: str, tmp_path: Path) -> None:
    recorder = Recorder()
    link = tmp_path / "module"
    line = ("--pty", "--link", str(link), "--baud", "9600") if over == "rtu" else ("--tcp", "0")
    with running(subject.driver.name, *line, "--units", "17") as module:
        where = module.where()
        address: BusAddress = SerialAddress(port=str(link), baud=9600)
        if over == "tcp":
            address = TcpAddress(host="127.0.0.1", port=int(where.rpartition(":")[2]))

        def durable(count: int) -> bool:
            return len(recorder.meanings) == count

        def script() -> None:
            wait_for(lambda: recorder.links[-1:] == [True], "the module is online")
            for number in range(16):
                module.tell(subject.face.speak(number, False))
                module.state("said")
                # recorded when the next answer has confirmed it
                wait_for(functools.partial(durable, number + 1), f"edge {number} is durable")
            module.tell("unplug 0.2")
            wait_for(lambda: False in recorder.links, "the module is gone")
            wait_for(lambda: recorder.links[-1] is True, "the module is back")
            module.tell("dead 3")
            wait_for(lambda: recorder.links.count(False) == 2, "the module is dead")
            wait_for(lambda: recorder.links[-1] is True, "the module answers again")

        converse(bus(subject, address, recorder), script)
    assert len(recorder.meanings) == 16
