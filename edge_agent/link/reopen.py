"""Opens a line again for ever, and says once that it is down and once that it is back.

Here, and nowhere else, the faults of the world that lines meet are handled.  "Back" is said when
bytes are heard: a serial server that accepts calls for an adapter that it lost is not back.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable

import structlog

from edge_agent.clock import Clock
from edge_agent.link.backoff import Backoff, Waits
from edge_agent.link.line import Line, LineError, Opener

FLAPS_SAID_MAX = 6  # losses of a line that are logged in one minute; those beyond are counted:
FLAPS_NS = 60_000_000_000  # whoever can reach a port can make a thousand calls a second


class Reopening:
    """One line's supply of open lines; `down` is told of each failure, for the panels on it."""

    def __init__(
        self,
        opener: Opener,
        clock: Clock,
        down: Callable[[LineError], None],
        waits: Waits,
        **context: str,
    ) -> None:
        self._opener = opener
        self._clock = clock
        self._tell = down
        self._call_ns = waits.call_ns
        self._backoff = Backoff(waits, random.random)  # spreads lines, protects nothing
        self._wait_ns = 0
        self._down_since_ns: int | None = None
        self._opened = False
        self._said_ns: deque[int] = deque(maxlen=FLAPS_SAID_MAX)  # when losses were logged
        self._is_said = False  # the present one was
        self._unsaid = 0
        self._log = structlog.get_logger().bind(line=opener.name, **context)

    async def open(self) -> Line:
        """Return an open line, however long that takes."""
        while True:
            await asyncio.sleep(self._wait_ns / 1e9)
            try:
                line = await self._call() if self._opener.called else await self._opener.open()
            except LineError as error:
                self._wait_ns = self._backoff.failed(self._clock.boottime_ns())
                self._down(error)
                continue
            self._backoff.up(self._clock.boottime_ns())
            if not self._opened and self._down_since_ns is None:
                self._log.info("line.open")
            self._opened = True
            return line

    async def _call(self) -> Line:
        """Wait for the peer's call; a peer that has never called is not passed over in silence."""
        known = self._opened or self._down_since_ns is not None
        try:
            async with asyncio.timeout(None if known else self._call_ns / 1e9):
                return await self._opener.open()
        except TimeoutError:
            self._down(LineError("nobody calls", "check the panel's settings and the network"))
        return await self._opener.open()

    def lost(self, error: LineError) -> None:
        """The line that `open` returned is lost or was closed because of `error`."""
        wait_ns = self._backoff.failed(self._clock.boottime_ns())
        self._wait_ns = 0 if self._opener.called else wait_ns
        self._down(error)

    def heard(self) -> None:
        """Bytes came."""
        if self._down_since_ns is not None:
            down_ns = self._clock.boottime_ns() - self._down_since_ns
            self._down_since_ns = None
            if self._is_said:
                self._log.info("line.back", down_s=round(down_ns / 1e9, 1))

    def close(self) -> None:
        """Give up."""
        self._opener.close()

    def _down(self, error: LineError) -> None:
        if self._down_since_ns is None:
            self._down_since_ns = self._clock.boottime_ns()
            self._say(error, self._down_since_ns)
        self._tell(error)

    def _say(self, error: LineError, now_ns: int) -> None:
        said = self._said_ns
        self._is_said = len(said) < FLAPS_SAID_MAX or now_ns - said[0] >= FLAPS_NS
        if not self._is_said:
            self._unsaid += 1
            return
        said.append(now_ns)
        more = {"unsaid": self._unsaid} if self._unsaid else {}
        self._unsaid = 0
        self._log.warning("line.down", cause=error.cause, remedy=error.remedy, **more)
