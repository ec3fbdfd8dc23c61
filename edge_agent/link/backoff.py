"""Decides how long to wait before a line is opened again.

Waiting doubles from `least_ns` to `most_ns`, with jitter so that many lines of one unplugged hub do
not come back in step.  It starts over only after a line stayed up for `proven_ns`: a peer that
accepts and hangs up at once is not a peer that works.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waits:
    """How patient reopening is."""

    least_ns: int = 100_000_000  # a replugged adapter is back within a heartbeat of any panel
    most_ns: int = 10_000_000_000  # a technician who plugs in a cable sees it work while there
    proven_ns: int = 10_000_000_000  # longer than any known login and greeting of a panel
    call_ns: int = 90_000_000_000  # a panel that calls us is missed after three of its heartbeats


class Backoff:
    """Counts failures in a row; `random` returns 0 up to 1."""

    def __init__(self, waits: Waits, random: Callable[[], float]) -> None:
        self._waits = waits
        self._random = random
        self._wait_ns = waits.least_ns
        self._up_since_ns: int | None = None

    def up(self, now_ns: int) -> None:
        """The line is open."""
        self._up_since_ns = now_ns

    def failed(self, now_ns: int) -> int:
        """It could not be opened, or is lost: return how long to wait, half of it by chance."""
        since_ns, self._up_since_ns = self._up_since_ns, None
        if since_ns is not None and now_ns - since_ns >= self._waits.proven_ns:
            self._wait_ns = self._waits.least_ns
        wait_ns = self._wait_ns
        self._wait_ns = min(2 * wait_ns, self._waits.most_ns)
        return wait_ns // 2 + int(self._random() * (wait_ns // 2))
