"""Decides whether zones tripped together because something struck their wiring: lightning, a dip.

People trip detectors one after the other, as fast as they walk.  Where nobody should be, three
zones within two seconds that nobody can have walked are enough.  Where people are, many may trip at
once by chance: so it takes more, and more the busier the hour is.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import exp

from edge_agent.diagnosis.measures import HOUR_NS, S


@dataclass(frozen=True, slots=True, kw_only=True)
class SurgeLimits:
    """Parameters of the rule `common.struck`."""

    zones: int = 3
    window_s: float = 2.0
    busy_zones: int = 3
    busy_window_s: float = 2.0
    chance: float = 1e-7
    quiet_h: float = 1.0


@dataclass(frozen=True, slots=True)
class Tripped:
    """A zone that opened, or whose state was lost (`lost`), where nobody should be (`armed`)."""

    at_ns: int
    zone: int
    armed: bool
    lost: bool


class Surge:
    """All zones of a panel; `walk_s`: the time between two of them, None where not known."""

    def __init__(self, limits: SurgeLimits, walk_s: Callable[[int, int], float | None]) -> None:
        self._limits = limits
        self._walk_s = walk_s
        self._recent: deque[Tripped] = deque(maxlen=256)
        self._hour: tuple[int, float] = (0, 0.0)  # until when, trips of the last hour, fading

    def handle(self, tripped: Tripped) -> frozenset[int]:
        """Take a trip; return the zones that were struck with it, none where people may have."""
        limits, now_ns = self._limits, tripped.at_ns
        busy = self._busy(now_ns)
        since_ns = now_ns - int(limits.window_s * S)
        while self._recent and self._recent[0].at_ns < since_ns:
            self._recent.popleft()
        self._recent.append(tripped)
        if len(self._recent) < limits.zones:
            return frozenset()
        unexpected = {one.zone: one.at_ns for one in self._recent if one.armed or one.lost}
        if len(unexpected) >= limits.zones and not self._can_walk(unexpected):
            return frozenset(unexpected)
        since_ns = now_ns - int(limits.busy_window_s * S)
        at_once = {one.zone: one.at_ns for one in self._recent if one.at_ns >= since_ns}
        if len(at_once) < limits.busy_zones or self._can_walk(at_once):
            return frozenset()
        mean = (busy + 1.0) / 3_600 * limits.busy_window_s
        return frozenset(at_once) if _at_least(len(at_once), mean) < limits.chance else frozenset()

    def _busy(self, now_ns: int) -> float:
        """Return about how many trips the last hour had before this one."""
        at_ns, level = self._hour
        faded = level * exp(-max(now_ns - at_ns, 0) / HOUR_NS)
        self._hour = now_ns, faded + 1.0
        return faded

    def _can_walk(self, at_once: Mapping[int, int]) -> bool:
        """Whether somebody can have gone from each to the next in the time between them.

        Without a plan nobody can tell for three; four within two seconds nobody passes.
        """
        route = sorted(at_once, key=lambda zone: at_once[zone])
        unknown = False
        for here, there in pairwise(route):
            walk_s = self._walk_s(here, there)
            if walk_s is None:
                unknown = True
            elif (at_once[there] - at_once[here]) / S < 0.5 * walk_s:
                return False
        return not unknown or len(at_once) <= self._limits.zones


def _at_least(count: int, mean: float) -> float:
    """Return the chance of `count` or more where `mean` are usual (Poisson)."""
    term = total = exp(-mean)
    for index in range(1, count):
        term *= mean / index
        total += term
    return max(1.0 - total, term * mean / count)
