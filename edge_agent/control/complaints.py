"""Decides which refusals become events (pure): whoever asks in a loop is no flood of events."""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

SAID_EVERY_NS = 60_000_000_000  # of one kind: a flood costs the journal one event a minute
KINDS_MAX = 64  # counted apart; what comes beyond is counted with the last of them

Kind = TypeVar("Kind", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Say(Generic[Kind]):
    """Record a refusal: `count` of its kind since the last such event, `detail` of the newest."""

    kind: Kind
    count: int
    detail: str


class Complaints(Generic[Kind]):
    """The first of a kind is said at once, then one a minute, counted."""

    def __init__(self) -> None:
        self._said_ns: dict[Kind, int] = {}
        self._unsaid: Counter[Kind] = Counter()
        self._newest: dict[Kind, str] = {}

    def handle(self, kind: Kind, detail: str, now_ns: int) -> list[Say[Kind]]:
        """Take one; return what is to be recorded now."""
        if kind not in self._said_ns and len(self._said_ns) >= KINDS_MAX:
            kind = next(reversed(self._said_ns))
        self._unsaid[kind] += 1
        self._newest[kind] = detail
        return self.tick(now_ns)

    def tick(self, now_ns: int) -> list[Say[Kind]]:
        """Return what is due."""
        due = [
            kind
            for kind in self._unsaid
            if kind not in self._said_ns or now_ns - self._said_ns[kind] >= SAID_EVERY_NS
        ]
        said = [Say(kind, self._unsaid.pop(kind), self._newest.pop(kind)) for kind in due]
        self._said_ns |= dict.fromkeys(due, now_ns)
        return said

    def deadline_ns(self) -> int | None:
        """Return when `tick` is wanted, None for never."""
        times = [self._said_ns[kind] + SAID_EVERY_NS for kind in self._unsaid]
        return min(times, default=None)
