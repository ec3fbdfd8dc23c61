"""Plays a capture at its times: onto a line, where it stands in for the panel, or to whoever reads.

What the other end answers is read, told and dropped; nothing is said that is not in the capture.
"""

import asyncio
import os
import select
import tty
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.clock import Clock
from edge_agent.domain.address import LineAddress
from edge_agent.domain.stamp import Stamp
from edge_agent.linetools.format import LINE_BYTES_MAX, Reader, Record, Unreadable
from edge_agent.linetools.playback import Over, Play, Playback, Start, Stepped, Ticked
from edge_agent.link.line import Heard, Line, LineError, Opener
from edge_agent.link.open import opener

LOOK_S = 0.05  # how often a pty is looked at until somebody has opened it
LINGER_S = 1.0  # after the last byte, for the answer to it
READ_BYTES = 1 << 16
STDIN = 0


def records(path: Path, doubt: Callable[[Unreadable], None]) -> Iterator[Record]:
    """Yield what a capture holds; `doubt` hears of the lines that are unreadable.

    Raises OSError where the file cannot be read.
    """
    reader = Reader()
    with path.open("rb") as file:
        while data := file.read(min(READ_BYTES, LINE_BYTES_MAX)):
            yield from _readable(reader.feed(data), doubt)
    yield from _readable(reader.finish(), doubt)


def _readable(
    found: list[Record | Unreadable], doubt: Callable[[Unreadable], None]
) -> Iterator[Record]:
    for one in found:
        if isinstance(one, Unreadable):
            doubt(one)
        else:
            yield one


class PtyOpener:
    """Makes a pty, with a symbolic link to it where one is wanted; opens when somebody is there."""

    called = True

    def __init__(self, clock: Clock, link: Path | None, tell: Callable[[str], None]) -> None:
        self.name = str(link or "pty")
        self._clock = clock
        self._link = link
        self._tell = tell
        self._master: int | None = None

    async def open(self) -> "PtyLine":
        """Wait until the pty is opened from its other side."""
        self._master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(self._master, False)
        path = os.ttyname(slave)
        os.close(slave)  # from now on the master shows whether somebody has it open
        if self._link is not None:
            if self._link.exists() and not self._link.is_symlink():
                raise LineError(f"{self._link} is there and is no link", "name another place")
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(path)
        self._tell(str(self._link or path))
        while not _is_open(self._master):  # noqa: ASYNC110  nothing tells when a pty is opened
            await asyncio.sleep(LOOK_S)
        return PtyLine(self._master, self._clock)

    def close(self) -> None:
        """Remove the pty."""
        if self._master is not None:
            os.close(self._master)
            self._master = None
        if self._link is not None and self._link.is_symlink():
            self._link.unlink()


def _is_open(master: int) -> bool:
    poll = select.poll()
    poll.register(master, select.POLLHUP)
    return not poll.poll(0)


class PtyLine:
    """The master's side of a pty, as a line."""

    def __init__(self, master: int, clock: Clock) -> None:
        self._fd = master
        self._clock = clock
        self._loop = asyncio.get_running_loop()

    def read(self) -> asyncio.Future[Heard]:
        """See Line."""
        future: asyncio.Future[Heard] = self._loop.create_future()

        def readable() -> None:
            try:
                data = os.read(self._fd, READ_BYTES)
            except BlockingIOError:
                return
            except OSError:  # EIO: whoever had it open is gone
                data = b""
            self._loop.remove_reader(self._fd)
            if future.done():
                return
            if data:
                future.set_result(Heard(data, self._clock.stamp()))
            else:
                future.set_exception(LineError("nobody has the pty open any more"))

        self._loop.add_reader(self._fd, readable)
        return future

    def write(self, data: bytes, peer: int = 0) -> None:
        """Write what the pty takes; the rest is lost, as by an overrun."""
        del peer
        with suppress(BlockingIOError, OSError):
            os.write(self._fd, data)

    def hang_up(self, peer: int, reason: str) -> None:
        """There is one peer, and it hangs up by itself."""
        del peer, reason

    def close(self) -> None:
        """See Line; the opener removes the pty."""
        self._loop.remove_reader(self._fd)


def place(
    text: str, address: LineAddress | None, clock: Clock, tell: Callable[[str], None]
) -> Opener:
    """Return what opens the place to play to: `pty`, `pty:LINK`, or a line."""
    if address is None:
        link = text.partition(":")[2]
        return PtyOpener(clock, Path(link) if link else None, tell)
    tell(text)
    return opener(address, clock)


@dataclass(frozen=True, slots=True)
class Audience:
    """Who hears of it: of what is played, of what the other end answers.

    `step` gives what to wait for before the next one, None to go by the time.
    """

    tell: Callable[[Play], None]
    answered: Callable[[bytes, Stamp], None]
    step: Callable[[], "asyncio.Future[None] | None"]


async def play_to(where: Opener, playback: Playback, clock: Clock, audience: Audience) -> None:
    """Play everything to one line, then wait a little for the last answer.

    Raises LineError where the line does not open or is lost.
    """
    try:
        line = await where.open()
        try:
            await _converse(line, playback, clock, audience)
        finally:
            line.close()
    finally:
        where.close()


async def _converse(line: Line, playback: Playback, clock: Clock, audience: Audience) -> None:
    reading = asyncio.ensure_future(line.read())
    actions = playback.handle(Start(), clock.boottime_ns())
    stepping = audience.step()
    over = False
    try:
        while True:
            for action in actions:
                match action:
                    case Play(chunk):
                        line.write(chunk.data)
                        audience.tell(action)
                    case Over():
                        over = True
            waits: list[asyncio.Future[Any]] = [reading]
            waits += [stepping] if stepping is not None and not over else []
            wait_s = _wait_s(playback, clock, over)
            done, _ = await asyncio.wait(waits, timeout=wait_s, return_when="FIRST_COMPLETED")
            if over and not done:
                return
            actions = []
            if reading.done():
                try:
                    happened = reading.result()
                except LineError:
                    if over:
                        return  # who has heard all may hang up
                    raise
                if isinstance(happened, Heard):
                    audience.answered(happened.data, happened.stamp)
                reading = asyncio.ensure_future(line.read())
            if over:
                continue
            if stepping is not None and stepping.done():
                actions, stepping = playback.handle(Stepped(), clock.boottime_ns()), audience.step()
            else:
                actions = playback.handle(Ticked(), clock.boottime_ns())
    finally:
        reading.cancel()


def _wait_s(playback: Playback, clock: Clock, over: bool) -> float | None:
    if over:
        return LINGER_S
    deadline_ns = playback.deadline_ns()
    return None if deadline_ns is None else max(0, deadline_ns - clock.boottime_ns()) / 1e9


async def play_out(playback: Playback, clock: Clock, audience: Audience) -> None:
    """Play everything to the audience alone, each at its time."""
    actions = playback.handle(Start(), clock.boottime_ns())
    stepping = audience.step()
    while True:
        for action in actions:
            match action:
                case Play():
                    audience.tell(action)
                case Over():
                    return
        if stepping is not None:
            await stepping
            actions, stepping = playback.handle(Stepped(), clock.boottime_ns()), audience.step()
            continue
        await asyncio.sleep(_wait_s(playback, clock, over=False) or 0)
        actions = playback.handle(Ticked(), clock.boottime_ns())


class Steps:
    """One line of standard input for each step; its end lets everything go."""

    def __init__(
        self, playback: Playback, show: Callable[[Play], None], source: int = STDIN
    ) -> None:
        self._playback = playback
        self._source = source
        self._show = show
        self._loop = asyncio.get_running_loop()

    def __call__(self) -> "asyncio.Future[None]":
        """Show what comes next, and wait for a line."""
        if self._playback.upcoming is not None:
            self._show(self._playback.upcoming)
        future: asyncio.Future[None] = self._loop.create_future()

        def readable() -> None:
            os.read(self._source, READ_BYTES)
            self._loop.remove_reader(self._source)
            if not future.done():
                future.set_result(None)

        try:
            self._loop.add_reader(self._source, readable)
        except PermissionError:  # a file, or nothing: there is nobody to wait for
            future.set_result(None)
        return future
