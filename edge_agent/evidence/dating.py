"""Dates events whose own wall clock could not be trusted: from what is known of their boot (pure).

Stamps are never rewritten; the corrected time stands beside them, with its bounds and what they
rest on.  Wall time minus boot time is the same all through one boot, but for the crystal's drift.
So a *tie*, which bounds the true time at one moment of boot time, bounds it at every other moment
of that boot, a little wider the further away.  What is true of all ties is true of the event:

    chronicle = Chronicle()
    for event in everything_known:            # in order of the epochs
        chronicle.learn(event, received_ns)   # None where nobody received it
    dated = chronicle.date(event.stamp, received_ns)

Ties are: stamps of a trusted clock; a clock event in which the gateway tells what the center's
receipt told it; the arrival at the center, before which the event must have been.  The last two are
*firm*: they are the center's own word, and a clock that contradicts them was wrong, whatever it
thought of itself.  Of clocks that contradict each other the later one is believed: a time source
that steps the clock corrects itself.  A boot without any tie lies between the boots before and
after it.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from edge_agent.domain.event import EventType
from edge_agent.domain.stamp import DRIFT_PPM_MAX, SLEW_NS_MAX, UNCERTAINTY_MS_MAX, Stamp, Trust
from edge_agent.evidence.bodies import ClockBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.envelope import Event

TIES_MAX = 64  # of a boot, of each kind; beyond it every other one in the middle is given up
SPACING_NS = 600_000_000_000  # ties nearer than this to one that is known tell nothing new
_MS = 1_000_000


class Basis(StrEnum):
    """What a corrected time rests on."""

    OWN = "own"  # the event's own stamp, of a trusted clock
    LATER = "later"  # something later of the same boot
    EARLIER = "earlier"
    BOTH = "both"  # something earlier and something later
    BOUNDS = "bounds"  # no tie: between what must have been before and after it
    UNCHECKED = "unchecked"  # its own clock, set from a battery: nobody bounds its error
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Dated:
    """When an event was, as far as it can be known: Unix time in ns.

    The true time is in `earliest_ns`..`latest_ns` (None: not bounded on that side).  `wall_ns` is
    the best single answer, None where there is none.
    """

    basis: Basis
    wall_ns: int | None = None
    earliest_ns: int | None = None
    latest_ns: int | None = None

    @property
    def uncertainty_ms(self) -> int | None:
        """How far the true time is from `wall_ns` at most; None where not bounded."""
        if self.wall_ns is None or self.earliest_ns is None or self.latest_ns is None:
            return None
        return -(-max(self.latest_ns - self.wall_ns, self.wall_ns - self.earliest_ns) // _MS)

    @property
    def order_ns(self) -> int:
        """Where the event stands among others of other gateways and boots."""
        for one in (self.wall_ns, self.latest_ns, self.earliest_ns):
            if one is not None:
                return one
        return 0


@dataclass(frozen=True, slots=True)
class Tie:
    """Bounds of the true time at `boottime_ns` of a boot; `firm` is the center's word."""

    boottime_ns: int
    earliest_ns: int | None
    latest_ns: int | None
    firm: bool = False

    def at(self, boottime_ns: int) -> tuple[int | None, int | None]:
        """Return the bounds that follow for another moment of the same boot."""
        away = boottime_ns - self.boottime_ns
        slack = -(-abs(away) * DRIFT_PPM_MAX // 1_000_000) + (SLEW_NS_MAX if away else 0)
        early, late = self.earliest_ns, self.latest_ns
        return (
            None if early is None else early + away - slack,
            None if late is None else late + away + slack,
        )

    @property
    def two_sided(self) -> bool:
        """Whether it tells a time, not only a bound."""
        return self.earliest_ns is not None and self.latest_ns is not None


def stamp_tie(stamp: Stamp) -> Tie | None:
    """Return what a stamp's wall clock says of the time, None where nobody vouches for it."""
    if stamp.wall_ns is None or stamp.trust is Trust.UNSET:
        return None
    doubt_ms = stamp.uncertainty_ms
    if doubt_ms is None:
        if stamp.trust is not Trust.SYNCED:
            return None
        doubt_ms = UNCERTAINTY_MS_MAX
    doubt_ns = doubt_ms * _MS
    return Tie(stamp.boottime_ns, stamp.wall_ns - doubt_ns, stamp.wall_ns + doubt_ns)


def told_tie(event: Event) -> Tie | None:
    """Return what a clock event tells of the center's time, None for any other event."""
    if event.type != EventType.CLOCK:
        return None
    try:
        told = ClockBody.from_body(event.body).told
    except Malformed:
        return None
    return None if told is None else Tie(event.stamp.boottime_ns, *told, firm=True)


def ties_of(event: Event, received_ns: int | None = None) -> Iterator[Tie]:
    """Yield all that an event, received at `received_ns`, tells of its boot: one firm, one not."""
    told, own = told_tie(event), stamp_tie(event.stamp)
    if told is not None:
        yield Tie(told.boottime_ns, told.earliest_ns, _earlier(told.latest_ns, received_ns), True)
    elif received_ns is not None:
        yield Tie(event.stamp.boottime_ns, None, received_ns, True)
    if own is not None:
        yield own


# ---- one boot


@dataclass(slots=True)
class Line:
    """The ties of one boot."""

    _firm: list[Tie] = field(default_factory=list)
    _claims: list[Tie] = field(default_factory=list)  # of clocks
    _believed: list[Tie] | None = None

    def add(self, tie: Tie, *, always: bool = False) -> bool:
        """Take a tie, and return whether it tells anything new.

        `always`: also one that is near others (of a clock event: something changed there).
        """
        ties = self._firm if tie.firm else self._claims
        at = bisect_left(ties, tie.boottime_ns, key=_boottime_ns)
        beside = ties[max(0, at - 1) : at + 1]
        if not always and any(_tells_as_much(known, tie) for known in beside):
            return False
        if tie in ties[at : at + 2]:
            return False
        insort(ties, tie, key=_boottime_ns)
        if len(ties) > TIES_MAX:
            del ties[1:-1:2]
        self._believed = None
        return True

    def believed(self) -> list[Tie]:
        """Return the ties that do not contradict each other."""
        if self._believed is None:
            self._believed = self._firm.copy()
            for claim in reversed(self._claims):
                if _agree(bounds(self._believed, claim.boottime_ns), claim):
                    self._believed.append(claim)
        return self._believed

    @property
    def started(self) -> tuple[int | None, int | None]:
        """Bounds of when this boot began."""
        return bounds(self.believed(), 0)

    @property
    def reached_ns(self) -> int | None:
        """A time that had come when the last known of this boot happened."""
        known = [tie.earliest_ns for tie in self.believed() if tie.earliest_ns is not None]
        return max(known, default=None)


def _boottime_ns(tie: Tie) -> int:
    return tie.boottime_ns


def _tells_as_much(known: Tie, tie: Tie) -> bool:
    """Whether `known` is near and bounds the time at `tie` nearly as well."""
    if abs(known.boottime_ns - tie.boottime_ns) >= SPACING_NS or known.two_sided != tie.two_sided:
        return False
    early, late = known.at(tie.boottime_ns)
    close = 2 * SLEW_NS_MAX
    return (
        tie.latest_ns is None
        or late is None
        or (abs(late - tie.latest_ns) if tie.two_sided else late - tie.latest_ns) < close
    ) and (early is None or tie.earliest_ns is None or abs(early - tie.earliest_ns) < close)


def bounds(ties: Iterable[Tie], boottime_ns: int) -> tuple[int | None, int | None]:
    """Return between which times a moment of a boot was, by all of `ties`."""
    earliest: int | None = None
    latest: int | None = None
    for tie in ties:
        early, late = tie.at(boottime_ns)
        earliest = _later(earliest, early)
        latest = _earlier(latest, late)
    return earliest, latest


def _later(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else max(one, other)


def _earlier(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else min(one, other)


def _agree(known: tuple[int | None, int | None], tie: Tie) -> bool:
    earliest, latest = known
    return not (
        (earliest is not None and tie.latest_ns is not None and tie.latest_ns < earliest)
        or (latest is not None and tie.earliest_ns is not None and tie.earliest_ns > latest)
    )


# ---- all boots


class Chronicle:
    """What is known of the boots of one gateway, in their order."""

    def __init__(self) -> None:
        self._lines: dict[bytes, Line] = {}  # in order of first mention

    def line(self, boot_id: bytes) -> Line:
        """Return the boot's line; a new one comes after all that are known."""
        return self._lines.setdefault(boot_id, Line())

    def learn(self, event: Event, received_ns: int | None = None) -> None:
        """Take what an event tells; feed epochs in their order."""
        line = self.line(event.stamp.boot_id)
        always = event.type == EventType.CLOCK
        for tie in ties_of(event, received_ns):
            line.add(tie, always=always)

    def date(self, stamp: Stamp, received_ns: int | None = None) -> Dated:
        """Return when the event of `stamp` was, received at `received_ns` (None: by nobody)."""
        ties = self._lines.get(stamp.boot_id, Line()).believed()
        earliest, latest = bounds(ties, stamp.boottime_ns)
        latest = _earlier(latest, received_ns)
        own = stamp_tie(stamp)
        if own is not None and _agree((earliest, latest), own):
            return Dated(Basis.OWN, stamp.wall_ns, own.earliest_ns, own.latest_ns)
        basis = _basis(ties, stamp.boottime_ns)
        if basis is None:
            return self._between(stamp, earliest, latest)
        if earliest is None or latest is None or earliest > latest:
            return Dated(Basis.UNKNOWN)  # the center's own clock went back: nothing is certain
        return Dated(basis, (earliest + latest) // 2, earliest, latest)

    def _between(self, stamp: Stamp, earliest: int | None, latest: int | None) -> Dated:
        """Date an event of a boot without ties by the boots around it."""
        before, after = self._around(stamp.boot_id)
        earliest, latest = _later(earliest, before), _earlier(latest, after)
        wall_ns = stamp.wall_ns
        if wall_ns is not None and stamp.trust is Trust.HOLDOVER:
            fits = Tie(stamp.boottime_ns, wall_ns, wall_ns)
            if _agree((earliest, latest), fits):
                return Dated(Basis.UNCHECKED, wall_ns, earliest, latest)
        if earliest is None and latest is None:
            return Dated(Basis.UNKNOWN)
        return Dated(Basis.BOUNDS, None, earliest, latest)

    def _around(self, boot_id: bytes) -> tuple[int | None, int | None]:
        """Return a time that had come before the boot, and one that came after it."""
        before: int | None = None
        after: int | None = None
        seen = False
        for name, line in self._lines.items():
            if name == boot_id:
                seen = True
            elif seen:
                after = _earlier(after, line.started[1])
            else:
                before = _later(before, line.reached_ns)
        return before, after


def _basis(ties: list[Tie], boottime_ns: int) -> Basis | None:
    earlier = any(tie.two_sided and tie.boottime_ns <= boottime_ns for tie in ties)
    later = any(tie.two_sided and tie.boottime_ns > boottime_ns for tie in ties)
    if earlier and later:
        return Basis.BOTH
    return Basis.EARLIER if earlier else Basis.LATER if later else None
