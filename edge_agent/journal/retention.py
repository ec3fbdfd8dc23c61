"""Decides whether the oldest segment may be removed: receipted by all, and past its keep time.

Segments go oldest first and none is skipped.  So no receipt is ever removed before the events that
it covers (it stands behind them), and what is left is always the whole end of the journal.

When space presses, a shorter keep time counts.  What a required center has not receipted stays,
whatever presses; so does what is younger than the shorter time, and what nobody can date.
"""

from dataclasses import dataclass
from enum import StrEnum

from edge_agent.journal.space import LEVELS, Room

PRESSED_LEVEL = LEVELS[1]
"""From this level on the shorter keep time counts, until the use fell below the first level."""


class Why(StrEnum):
    """Why the oldest segment is removed, or is not."""

    AGE = "older than the keep time"
    SPACE = "space presses, and older than the shortest keep time"
    UNRECEIPTED = "a center has not receipted all of its events"
    YOUNG = "younger than the shortest keep time"
    UNDATED = "its age is not known: the clock was not, or is not, trusted"


@dataclass(frozen=True, slots=True)
class Oldest:
    """The oldest segment that is written no more.

    `receipted`: every required center holds all of it.  `age_ns`: so old is its newest event at
    least; None where that cannot be known.
    """

    number: int
    receipted: bool
    age_ns: int | None


@dataclass(frozen=True, slots=True)
class Remove:
    """Say that this segment is removed and why, and when that is durable remove it."""

    number: int
    why: Why


@dataclass(frozen=True, slots=True)
class Stuck:
    """Say that space presses and nothing can be removed, and why."""

    why: Why


class Retention:
    """One decision after the other, the oldest first.  Times in ns."""

    def __init__(self, keep_ns: int, keep_pressed_ns: int) -> None:
        self._keep_ns = keep_ns
        self._keep_pressed_ns = min(keep_ns, keep_pressed_ns)
        self._pressed = False
        self._told: Why | None = None

    def handle(self, oldest: Oldest | None, room: Room | None) -> Remove | Stuck | None:
        """Look at the oldest segment, None where there is none; at the space, None: not known."""
        self._press(room)
        if oldest is None:
            return None
        why = self._judge(oldest)
        if why in {Why.AGE, Why.SPACE}:
            self._told = None
            return Remove(oldest.number, why)
        if not self._pressed:
            self._told = None
        elif why is not self._told:
            self._told = why
            return Stuck(why)
        return None

    def _press(self, room: Room | None) -> None:
        if room is None:
            self._pressed = False
        elif room.level >= PRESSED_LEVEL:
            self._pressed = True
        elif room.level == 0:
            self._pressed = False

    def _judge(self, oldest: Oldest) -> Why:
        if not oldest.receipted:
            return Why.UNRECEIPTED
        if oldest.age_ns is None:
            return Why.UNDATED
        if oldest.age_ns >= self._keep_ns:
            return Why.AGE
        if self._pressed and oldest.age_ns >= self._keep_pressed_ns:
            return Why.SPACE
        return Why.YOUNG
