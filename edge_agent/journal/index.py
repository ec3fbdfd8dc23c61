"""What is where, and what the center already holds: in memory, one byte an event.

A byte is the event's lane while it waits for its receipt, else RELEASED or ABSENT.  Counts per
lane let a fetch skip whole segments.  Everything here can be rebuilt from the segments.
"""

from bisect import bisect_right
from dataclasses import dataclass, field

from edge_agent.journal.format import LANES

RELEASED = 0xFF
ABSENT = 0xFE


@dataclass(slots=True)
class Segment:
    """One file: `start` and `end` bound its commits, `size` is what it takes on disk.

    `first` counts once there are events; `headed` tells whether its head is readable.
    """

    number: int
    name: str
    epoch: bytes
    first: int
    start: int
    end: int
    size: int
    headed: bool = True
    states: bytearray = field(default_factory=bytearray)
    lanes: list[int] = field(default_factory=lambda: [0] * LANES)

    def release(self, first: int, last: int, totals: list[int]) -> int:
        """Mark what of first..last waits here as receipted; return how many that were.

        They are taken off the counts per lane, here and in `totals`.
        """
        start = max(first - self.first, 0)
        stop = min(last - self.first + 1, len(self.states))
        released = 0
        for place in range(start, stop):
            state = self.states[place]
            if state < LANES:
                self.lanes[state] -= 1
                totals[state] -= 1
                self.states[place] = RELEASED
                released += 1
        return released

    def waits(self, seq: int) -> bool:
        """Tell whether event `seq` is here and not yet receipted."""
        place = seq - self.first
        return 0 <= place < len(self.states) and self.states[place] < LANES


class Index:
    """All segments in order."""

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self._totals = [0] * LANES
        self._holding: dict[bytes, list[Segment]] = {}  # those with events, by epoch

    def add(self, segment: Segment) -> None:
        """Add the segment that follows all others."""
        assert not self.segments or segment.number > self.segments[-1].number
        self.segments.append(segment)

    def extend(self, segment: Segment, first: int, states: bytes | bytearray) -> None:
        """Add the events from number `first` on, one state each.

        Numbers come in ascending order; what is left out is ABSENT.
        """
        if not segment.states:
            segment.first = first
            self._holding.setdefault(segment.epoch, []).append(segment)
        place = first - segment.first
        assert place >= len(segment.states), "an event is indexed twice"
        if place > len(segment.states):
            segment.states += bytes([ABSENT]) * (place - len(segment.states))
        segment.states += states
        uncounted = len(states)
        for lane in range(LANES):
            if not uncounted:
                break
            if count := states.count(lane):
                segment.lanes[lane] += count
                self._totals[lane] += count
                uncounted -= count

    def headed(self, epoch: bytes) -> Segment | None:
        """Return a segment whose head is of this epoch."""
        return next((s for s in reversed(self.segments) if s.epoch == epoch and s.headed), None)

    def release(self, epoch: bytes, first: int, last: int) -> int:
        """Mark first..last of an epoch as receipted; return how many of them waited here."""
        segments = self._holding.get(epoch, [])
        place = max(bisect_right(segments, first, key=_first) - 1, 0)
        released = 0
        while place < len(segments) and segments[place].first <= last:
            released += segments[place].release(first, last, self._totals)
            place += 1
        return released

    def next_with(self, lane: int, number: int) -> Segment | None:
        """Return the first segment from `number` on that holds an unreceipted event of `lane`."""
        place = bisect_right(self.segments, number - 1, key=_number)
        while place < len(self.segments):
            if self.segments[place].lanes[lane]:
                return self.segments[place]
            place += 1
        return None

    def unreceipted(self) -> tuple[int, ...]:
        """Return how many events wait for a receipt, per lane."""
        return tuple(self._totals)


def _first(segment: Segment) -> int:
    return segment.first


def _number(segment: Segment) -> int:
    return segment.number
