"""The one shape of every line, and what serial ports and sockets share: a non-blocking descriptor.

Nothing is read ahead: a line whose `read` is not called leaves its bytes with the kernel, and the
panel that hears no acknowledgement keeps its events.  That is the back-pressure.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edge_agent.clock import Clock
from edge_agent.domain.stamp import Stamp

READ_BYTES_MAX = 1024
"""One turn's share: a flooding line gives way to the others after this much."""

UNSENT_BYTES_MAX = 16 * 1024
"""What a peer may leave unread; answers to panels are a few bytes each, so more is a dead peer."""


class LineError(Exception):
    """A line cannot be opened or is lost: `cause` says why, `remedy` what a person can do."""

    def __init__(self, cause: str, remedy: str = "") -> None:
        super().__init__(f"{cause}; {remedy}" if remedy else cause)
        self.cause = cause
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Heard:
    """Bytes from a line and the reading of the clocks when they were read.

    On a line of many peers `peer` said them; `packet` says that they are one datagram.
    """

    data: bytes
    stamp: Stamp
    peer: int = 0
    packet: bool = False


@dataclass(frozen=True, slots=True)
class Came:
    """On a line of many peers: one called from `host`.  Its number is never given again."""

    peer: int
    host: str


@dataclass(frozen=True, slots=True)
class Went:
    """On a line of many peers: this one is gone."""

    peer: int


Happening = Heard | Came | Went
Reading = asyncio.Future[Heard] | asyncio.Future[Happening]
"""A read under way; a line of one peer hears bytes only."""


class Line(Protocol):
    """One open line."""

    def read(self) -> Reading:
        """Return the next bytes, at most READ_BYTES_MAX; one reader at a time.

        The future raises LineError when the line is lost, whatever lost it.
        """

    def write(self, data: bytes, peer: int = 0) -> None:
        """Send `data` without waiting; a line that takes no bytes is lost, and `read` says so.

        On a line of many peers to `peer`; nothing happens when that one is gone.
        """

    def hang_up(self, peer: int, reason: str) -> None:
        """End the conversation with one of many peers; on a line of one peer lose the line."""

    def close(self) -> None:
        """Close; a pending `read` is cancelled."""


class Opener(Protocol):
    """Opens one line, again and again."""

    @property
    def name(self) -> str:
        """What people call the line: a port or an address."""

    @property
    def called(self) -> bool:
        """Whether the peer calls us: then it decides when to come back, and we do not wait."""

    async def open(self) -> Line:
        """Return the open line; raises LineError where that is not possible now."""

    def close(self) -> None:
        """Give up what outlives a single line, such as a listening socket."""


class DescriptorLine:
    """A line over a descriptor in non-blocking mode, on the running loop and without threads.

    `release` closes the descriptor; it is called once.
    """

    def __init__(self, fd: int, clock: Clock, release: Callable[[], None], lost: LineError) -> None:
        self._fd = fd
        self._clock = clock
        self._release: Callable[[], None] | None = release
        self._ended = lost  # what it means when a read returns nothing
        self._loop = asyncio.get_running_loop()
        self._reading: asyncio.Future[Heard] | None = None
        self._watched = False
        self._blocked = False  # the descriptor took less than it was given
        self._unsent = bytearray()
        self._error: LineError | None = None

    def read(self) -> asyncio.Future[Heard]:
        """See Line."""
        assert self._reading is None, "one reader at a time"
        future: asyncio.Future[Heard] = self._loop.create_future()
        if self._error is not None:
            _fail(future, self._error)
        elif self._release is None:
            future.cancel()
        else:
            self._reading = future
            if not self._watched:
                self._loop.add_reader(self._fd, self._readable)
                self._watched = True
        return future

    def write(self, data: bytes, peer: int = 0) -> None:
        """See Line."""
        del peer  # there is one
        if self.over:
            return
        idle = not self._unsent
        self._unsent += data
        if idle:
            self._writable()
        if len(self._unsent) > UNSENT_BYTES_MAX:
            self.lose(LineError("the peer takes no bytes", "check cable, flow control and peer"))

    def hang_up(self, peer: int, reason: str) -> None:
        """See Line."""
        del peer
        self.lose(LineError(reason))

    def close(self) -> None:
        """See Line."""
        if self._release is None:
            return
        self._unwatch()
        self._loop.remove_writer(self._fd)
        release, self._release = self._release, None
        release()
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _readable(self) -> None:
        if self._reading is None:  # bytes wait, and nobody wants them now
            self._unwatch()
            return
        try:
            data = os.read(self._fd, READ_BYTES_MAX)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:  # EIO: the port is gone; ECONNRESET, ETIMEDOUT: the peer is
            self.lose(LineError(f"{self._ended.cause} ({error.strerror})", self._ended.remedy))
            return
        if not data:  # how an unplugged port and a peer that hung up look to read(2)
            self.lose(self._ended)
            return
        heard = Heard(data, self._clock.stamp())
        reading, self._reading = self._reading, None
        if not reading.done():
            reading.set_result(heard)

    def _unwatch(self) -> None:
        self._loop.remove_reader(self._fd)
        self._watched = False

    def _writable(self) -> None:
        try:
            sent = os.write(self._fd, self._unsent)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            self.lose(LineError(f"{self._ended.cause} ({error.strerror})", self._ended.remedy))
            return
        del self._unsent[:sent]
        if bool(self._unsent) is not self._blocked:
            self._blocked = not self._blocked
            if self._blocked:
                self._loop.add_writer(self._fd, self._writable)
            else:
                self._loop.remove_writer(self._fd)

    def fileno(self) -> int:
        """Return the descriptor, for what only it can be asked: a port's counts."""
        return self._fd

    @property
    def over(self) -> bool:
        """Whether the line is lost or closed."""
        return self._error is not None or self._release is None

    def lose(self, error: LineError) -> None:
        """Lose the line because of `error`: for whoever knows better than the descriptor."""
        if self.over:  # once closed, the number of its descriptor may be somebody else's
            return
        self._error = error
        self._unsent.clear()
        self._unwatch()
        self._loop.remove_writer(self._fd)
        reading, self._reading = self._reading, None
        if reading is not None and not reading.done():
            _fail(reading, error)


def _fail(future: asyncio.Future[Heard], error: LineError) -> None:
    future.set_exception(error)
    future.exception()  # now it is read: a line closed in the same turn would leave it unread
