"""What tests of lines share: a clock, an intake to look into, ports to pull out, and waiting."""

import asyncio
import os
import pty
import tty
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

from edge_agent.clock import SystemClock
from edge_agent.domain.finding import Finding
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import (
    WAITING,
    Action,
    Close,
    Committed,
    Fault,
    FaultKind,
    Input,
    Link,
    Opened,
    Received,
    Recent,
    Report,
    Send,
    Ticked,
)
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Stamp
from edge_agent.link.backoff import Waits
from edge_agent.link.intake import IntakeFull

T = TypeVar("T")
MS = 1_000_000
QUICK = Waits(least_ns=2 * MS, most_ns=20 * MS, proven_ns=10_000 * MS)
PATIENCE_S = 60.0


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` with everything that asyncio complains about being an error."""
    complaints: list[str] = []

    async def watched() -> T:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(str(context)))
        async with asyncio.timeout(3 * PATIENCE_S):
            return await main

    result = asyncio.run(watched())
    assert not complaints, complaints
    return result


async def until(condition: Callable[[], object], what: str = "") -> None:
    """Wait until `condition` is true; fails after PATIENCE_S."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, f"waited in vain: {what}"
        await asyncio.sleep(0.001)


class Running:
    """A task for the time of a `with`: cancelled at its end, and its failure raised."""

    def __init__(self, main: Coroutine[Any, Any, None]) -> None:
        self._main = main
        self.task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.task = asyncio.get_running_loop().create_task(self._main)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.task is not None
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


@dataclass
class Intake:
    """Keeps what it is told; commits at once, or when the test says so."""

    commits: bool = True
    room: bool = True
    recorded: list[tuple[str, Signal, Stamp]] = field(default_factory=list)
    futures: list[asyncio.Future[None]] = field(default_factory=list)
    links: list[tuple[str, bool | None, str]] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    findings: list[tuple[str, Finding]] = field(default_factory=list)
    recent_of: tuple[Recent, ...] = ()
    standing_of: tuple[Signal, ...] = ()

    def record(self, panel: str, signals: tuple[Signal, ...], stamp: Stamp) -> asyncio.Future[None]:
        if not self.room:
            raise IntakeFull
        self.recorded += [(panel, signal, stamp) for signal in signals]
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.commits:
            future.set_result(None)
        else:
            self.futures.append(future)
        return future

    def link(self, panel: str, online: bool | None, reason: str) -> None:
        self.links.append((panel, online, reason))

    def fault(self, panel: str, fault: Fault) -> None:
        self.faults[fault.kind.value] += 1

    def finding(self, panel: str, finding: Finding) -> None:
        self.findings.append((panel, finding))

    def recent(self, panel: str) -> tuple[Recent, ...]:
        return self.recent_of

    def standing(self, panel: str) -> tuple[Signal, ...]:
        return self.standing_of

    @property
    def texts(self) -> list[str]:
        return [signal.text or "" for _, signal, _ in self.recorded]


class Port:
    """The panel's end of a serial cable that can be pulled out and plugged in again."""

    def __init__(self, folder: Path, name: str = "port") -> None:
        self.path = folder / name
        self._panel_fd: int | None = None
        self._port_fd: int | None = None

    def plug(self) -> Self:
        self._panel_fd, self._port_fd = pty.openpty()
        tty.setraw(self._port_fd)
        os.set_blocking(self._panel_fd, False)
        self.path.symlink_to(os.ttyname(self._port_fd))
        return self

    @property
    def device(self) -> Path:
        return self.path.resolve()

    def unplug(self) -> None:
        self.path.unlink(missing_ok=True)
        for fd in (self._panel_fd, self._port_fd):
            if fd is not None:
                os.close(fd)
        self._panel_fd = self._port_fd = None

    def say(self, data: bytes) -> int:
        assert self._panel_fd is not None
        return os.write(self._panel_fd, data)

    def hear(self) -> bytes:
        assert self._panel_fd is not None
        with suppress(BlockingIOError):
            return os.read(self._panel_fd, 4096)
        return b""

    async def expect(self, wanted: bytes) -> bytes:
        """Wait until `wanted` is heard; return everything heard until then."""
        heard = bytearray()

        def come() -> bool:
            heard.extend(self.hear())
            return wanted in heard

        await until(come, f"{wanted!r} from the gateway")
        return bytes(heard)

    def __enter__(self) -> Self:
        return self.plug()

    def __exit__(self, *_: object) -> None:
        self.unplug()


ACK = b"\x06"


class LineSession:
    """A protocol for tests: a line of text is a report, acknowledged by ACK and the same text.

    `?...` is a fault, `bye` closes the line, `bug` is a bug of the session; silence for
    `silence_ns` makes the panel offline.
    """

    def __init__(self, silence_ns: int | None = None) -> None:
        self.opened: Opened | None = None
        self.received = 0
        self.committed: list[int] = []
        self._silence_ns = silence_ns
        self._silent_at_ns: int | None = None
        self._buffer = b""
        self._texts: list[str] = []

    def deadline_ns(self) -> int | None:
        return self._silent_at_ns

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        match happened:
            case Opened():
                self.opened = happened
                self._arm(now_ns)
                return [Send(b"hello\n")]
            case Received(data):
                self.received += 1
                self._arm(now_ns)
                return [Link(True, "heard"), *self._lines(data)]
            case Committed(token):
                self.committed.append(token)
                if token == WAITING:  # of the line before: its panel repeats what it wants answered
                    return []
                return [Send(ACK + self._texts[token].encode() + b"\n")]
            case Ticked():
                self._silent_at_ns = None
                return [Link(False, "silent")]
            case _:
                return []

    def _arm(self, now_ns: int) -> None:
        self._silent_at_ns = None if self._silence_ns is None else now_ns + self._silence_ns

    def _lines(self, data: bytes) -> list[Action]:
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        return [action for line in lines for action in self._line(line)]

    def _line(self, line: bytes) -> list[Action]:
        text = line.decode("ascii", "replace")[:100]
        match text:
            case "bye":
                return [Close("goodbye")]
            case "bug":
                raise ZeroDivisionError
        if text.startswith("?"):
            return [Fault(FaultKind.NOISE, frame=line)]
        self._texts.append(text)
        signal = Signal(kind=Kind.BURGLARY, state=State.ACTIVE, text=text or "-", frame=b"x")
        return [Report(len(self._texts) - 1, (signal,))]


CLOCK = SystemClock()
