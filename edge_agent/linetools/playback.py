"""When the bytes of a capture are played again: a pure machine.

The gaps between them are those of the capture, divided by the speed and cut to the longest wanted.
Between two parts, and wherever the clock of a capture goes back, nobody knows the gap: one second.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.linetools.format import Chunk, Header, Note, Record, Said

UNKNOWN_GAP_NS = 1_000_000_000
GAP_NS_MAX = 3600 * 1_000_000_000  # what waits longer looks as if it hung


@dataclass(frozen=True, slots=True)
class Start:
    """Begin now."""


@dataclass(frozen=True, slots=True)
class Ticked:
    """The deadline has passed."""


@dataclass(frozen=True, slots=True)
class Stepped:
    """By hand: the next one now."""


@dataclass(frozen=True, slots=True)
class Play:
    """Say this now; `gap_ns` is how long after the one before it was heard, None for unknown."""

    chunk: Chunk
    header: Header
    gap_ns: int | None


@dataclass(frozen=True, slots=True)
class Over:
    """Nothing is left."""


Input = Start | Ticked | Stepped
Action = Play | Over


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast: `speed` times, None for without any gap; `by_hand` waits for `Stepped`."""

    speed: float | None = 1.0
    gap_ns_max: int = GAP_NS_MAX
    by_hand: bool = False

    def __post_init__(self) -> None:
        if self.speed is not None and not self.speed > 0:
            raise ValueError(f"a speed is above 0, not {self.speed}")


class Playback:
    """Plays the chunks of those in `said` in order; of `records` one is read ahead."""

    def __init__(self, records: Iterator[Record], pace: Pace, said: frozenset[Said]) -> None:
        self._records = records
        self._pace = pace
        self._said = said
        self._header: Header | None = None
        self._before: int | None = None  # of the chunk or note before, in the capture's time
        self._next: Play | None = None
        self._due_ns: int | None = None
        self._over = False

    def deadline_ns(self) -> int | None:
        """Return when the next one is to be said; None before the start, by hand, at the end."""
        return None if self._pace.by_hand else self._due_ns

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """Take one input; return what is to be said, in order."""
        actions: list[Action] = []
        match happened:
            case Start():
                self._advance(now_ns)
            case Stepped():
                actions += self._play(now_ns)
            case Ticked():
                pass
        while (due_ns := self.deadline_ns()) is not None and due_ns <= now_ns:
            actions += self._play(due_ns)  # not from now: a slow reader stretches nothing
        if self._next is None and not self._over:
            self._over = True
            actions.append(Over())
        return actions

    @property
    def upcoming(self) -> Play | None:
        """What is said next."""
        return self._next

    def _play(self, at_ns: int) -> list[Action]:
        play = self._next
        if play is None:
            return []
        self._advance(at_ns)
        return [play]

    def _advance(self, at_ns: int) -> None:
        """Read on to the next chunk that is wanted; what is left out keeps its time."""
        is_first, self._next, self._due_ns = self._before is None, None, None
        gap_ns: int | None = 0
        for record in self._records:
            before, self._before = self._before, record.mono_ns
            if isinstance(record, Header):
                gap_ns = None if self._header else gap_ns
                self._header = record
                continue
            step_ns = record.mono_ns - before if before is not None else 0
            gap_ns = None if gap_ns is None or step_ns < 0 else gap_ns + step_ns
            if isinstance(record, Note) or record.said not in self._said:
                continue
            assert self._header is not None, "a reader gives no record before its header"
            self._next = Play(record, self._header, gap_ns)
            self._due_ns = at_ns + (0 if is_first else self._wait_ns(gap_ns))
            return

    def _wait_ns(self, gap_ns: int | None) -> int:
        if self._pace.speed is None:
            return 0
        told_ns = UNKNOWN_GAP_NS if gap_ns is None else gap_ns
        return min(int(told_ns / self._pace.speed), self._pace.gap_ns_max)
