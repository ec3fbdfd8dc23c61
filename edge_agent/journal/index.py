"""What is where, and which center already holds it: in memory, sets of events as integers.

A segment keeps one set an urgency lane and one a center; a set is an integer whose bit n stands for
the segment's n-th number.  That is about one byte and one bit a center for each event, and marking
or counting a whole range is one operation.  Counts per center and lane let a fetch skip whole
segments.  Everything here can be rebuilt from the segments.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from edge_agent.journal.format import LANES

ABSENT = 0xFE
"""Stands for the lane of a number that is not here: forgone, or lost to damage."""

FIRST_SLOT = 0
"""The slot of the first center: owed everything, also by a journal that never named its centers."""

_DIGITS = [bytes(b"01"[byte == lane] for byte in range(256)) for lane in range(LANES)]


@dataclass(slots=True)
class Segment:
    """One file: `start` and `end` bound its commits (where it is `sealed`: its records), `size` is
    what it takes on disk.  What is `damaged` stays as it is for ever.  `heard_ns` is the latest
    wall time of its events, known of a sealed one where any of them had one.

    `first` counts once there are events, `span` numbers from it on are known; `headed` tells
    whether its head is readable.  `lanes` and `held` are sets of events, by lane and by center's
    slot; `owed` are the slots of the centers that are owed this segment, shared by many: a long
    outage has thousands of segments.
    """

    number: int
    name: str
    epoch: bytes
    first: int
    start: int
    end: int
    size: int
    headed: bool = True
    sealed: bool = False
    damaged: bool = False
    heard_ns: int | None = None
    span: int = 0
    lanes: list[int] = field(default_factory=lambda: [0] * LANES)
    held: dict[int, int] = field(default_factory=dict)
    owed: frozenset[int] = frozenset()

    @property
    def present(self) -> int:
        """The set of events that are here."""
        here = 0
        for lane in self.lanes:
            here |= lane
        return here

    def missing(self, slot: int) -> int:
        """Return the set of events that a center has not receipted, owed to it or not."""
        return self.present & ~self.held.get(slot, 0)

    def within(self, first: int, last: int) -> int:
        """Return the set of all numbers of first..last that this segment spans, here or not."""
        start = max(first - self.first, 0)
        stop = min(last - self.first + 1, self.span)
        return ((1 << stop) - 1) & ~((1 << start) - 1) if start < stop else 0

    def waits(self, slot: int, seq: int) -> bool:
        """Tell whether event `seq` is here and owed to the center of `slot`."""
        place = seq - self.first
        if not 0 <= place < self.span or slot not in self.owed:
            return False
        return bool(self.missing(slot) >> place & 1)

    def awaited(self, slots: Iterable[int]) -> int:
        """Return the set of events that any center of `slots` is owed."""
        settled = -1
        for slot in slots:
            if slot in self.owed:
                settled &= self.held.get(slot, 0)
        return self.present & ~settled

    def count(self, events: int) -> list[int]:
        """Return how many of a set of events are of each lane."""
        return [(events & lane).bit_count() for lane in self.lanes]


class Index:
    """All segments in order, and the centers that are owed what is in them.

    `required` are the slots whose receipts are waited for.
    """

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.required: tuple[int, ...] = (FIRST_SLOT,)
        self._owed: dict[int, list[int]] = {FIRST_SLOT: [0] * LANES}  # by slot, over all segments
        self._awaited = [0] * LANES  # by any of `required`
        self._holding: dict[bytes, list[Segment]] = {}  # those with events, by epoch
        self._shared: dict[frozenset[int], frozenset[int]] = {}  # each set of slots once

    # ---- centers

    def owe(self, slot: int, start: int) -> None:
        """Owe the center of `slot` what is in segment `start` of the list and after it."""
        self._owed[slot] = [0] * LANES
        for place, segment in enumerate(self.segments):
            segment.owed = self._slots(segment.owed - {slot})
            if place >= start:
                segment.owed = self._slots(segment.owed | {slot})
                _add(self._owed[slot], segment.count(segment.missing(slot)))
        self.require(self.required)

    def forget(self, slot: int) -> None:
        """Forget what the center of `slot` holds: the slot is another center's from now on."""
        for segment in self.segments:
            segment.held.pop(slot, None)

    def require(self, slots: Iterable[int]) -> None:
        """Wait for the receipts of these centers, and of no other."""
        self.required = tuple(slots)
        self._awaited = [0] * LANES
        for segment in self.segments:
            _add(self._awaited, segment.count(segment.awaited(self.required)))

    def _slots(self, slots: frozenset[int]) -> frozenset[int]:
        return self._shared.setdefault(slots, slots)

    # ---- segments and events

    def add(self, segment: Segment) -> None:
        """Add the segment that follows all others."""
        assert not self.segments or segment.number > self.segments[-1].number
        segment.owed = self._slots(frozenset(self._owed))
        self.segments.append(segment)

    def extend(self, segment: Segment, first: int, lanes: bytes | bytearray) -> None:
        """Add the events from number `first` on, one lane each, or ABSENT.

        Numbers come in ascending order; those left out are not here.  All are owed to every center
        that is owed this segment.
        """
        if not segment.span:
            segment.first = first
            self._holding.setdefault(segment.epoch, []).append(segment)
        place = first - segment.first
        assert place >= segment.span, "an event is indexed twice"
        segment.span = place + len(lanes)
        totals = [self._owed[slot] for slot in segment.owed]
        if not segment.owed.isdisjoint(self.required):
            totals.append(self._awaited)
        uncounted = len(lanes)
        for lane in range(LANES):
            if not uncounted:
                break
            if count := lanes.count(lane):
                segment.lanes[lane] |= _events(lanes, lane, count) << place
                for counts in totals:
                    counts[lane] += count
                uncounted -= count

    def headed(self, epoch: bytes) -> Segment | None:
        """Return a segment whose head is of this epoch."""
        return next((s for s in reversed(self.segments) if s.epoch == epoch and s.headed), None)

    def first_of(self, epoch: bytes) -> Segment | None:
        """Return the segment that holds event 0 of an epoch, None where none does."""
        holding = self._holding.get(epoch)
        whole = holding and holding[0].first == 0 and holding[0].present & 1
        return holding[0] if holding and whole else None

    def release(self, slot: int, epoch: bytes, first: int, last: int) -> int:
        """Mark first..last of an epoch as held by a center; return how many of them it was owed."""
        segments = self._holding.get(epoch, [])
        place = max(bisect_right(segments, first, key=_first) - 1, 0)
        released = 0
        while place < len(segments) and segments[place].first <= last:
            released += self._release(segments[place], slot, first, last)
            place += 1
        return released

    def _release(self, segment: Segment, slot: int, first: int, last: int) -> int:
        held = segment.held.get(slot, 0)
        fresh = segment.within(first, last) & segment.present & ~held
        if not fresh:
            return 0
        segment.held[slot] = held | fresh
        if slot not in segment.owed:
            return 0
        counts = segment.count(fresh)
        _subtract(self._owed[slot], counts)
        if slot in self.required:
            settled = fresh & ~segment.awaited(self.required)
            _subtract(self._awaited, counts if settled == fresh else segment.count(settled))
        return fresh.bit_count()

    def remove_first(self) -> None:
        """Forget the first segment, which no required center waits for.

        The list is replaced, not changed: whoever reads it without the lock keeps what it has.
        """
        segment = self.segments[0]
        assert not segment.awaited(self.required), "a center is owed what is to be removed"
        self.segments = self.segments[1:]
        if segment.span:
            holding = self._holding[segment.epoch]
            assert holding[0] is segment
            self._holding[segment.epoch] = holding[1:]
        for slot in segment.owed:  # of centers that are not configured now
            _subtract(self._owed[slot], segment.count(segment.missing(slot)))

    # ---- questions

    def next_with(self, slot: int, lane: int, number: int) -> Segment | None:
        """Return the first segment from `number` on with an event of `lane` owed to a center."""
        segments = self.segments
        place = bisect_right(segments, number - 1, key=_number)
        while place < len(segments):
            segment = segments[place]
            if slot in segment.owed and segment.lanes[lane] & ~segment.held.get(slot, 0):
                return segment
            place += 1
        return None

    def owed(self, slot: int) -> tuple[int, ...]:
        """Return how many events a center is owed, per lane."""
        return tuple(self._owed.get(slot, [0] * LANES))

    def unreceipted(self) -> tuple[int, ...]:
        """Return how many events wait for the receipt of any required center, per lane."""
        return tuple(self._awaited)


def _events(lanes: bytes | bytearray, lane: int, count: int) -> int:
    """Return the set of the places in `lanes` that hold `lane`, of which there are `count`."""
    if count == len(lanes):  # nearly always, and a commit waits for it
        return (1 << count) - 1
    return int(lanes.translate(_DIGITS[lane])[::-1], 2)


def _add(counts: list[int], more: list[int]) -> None:
    for lane, count in enumerate(more):
        counts[lane] += count


def _subtract(counts: list[int], less: list[int]) -> None:
    for lane, count in enumerate(less):
        counts[lane] -= count


def _first(segment: Segment) -> int:
    return segment.first


def _number(segment: Segment) -> int:
    return segment.number
