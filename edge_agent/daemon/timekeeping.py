"""Keeps the time: says what happens to the wall clock, and learns it from the center's receipts.

An event was stamped at one moment of boot time and its receipt came at another: in between the
center wrote its own time into the receipt.  (When it left is no moment to go by: it may have left
before, over another connection, and the receipt may be for that.)  So a gateway that reaches no
time server, but its center, still knows the time, to within a round trip.  Its stamps stay what its
clocks said; what it learned goes into a `clock` event, from which readers date the others.
"""

import asyncio
from collections.abc import Callable, Container

import structlog

from edge_agent.clock import Changed, KeptClock, Told
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.domain.stamp import ClockChange, Trust
from edge_agent.evidence.bodies import ClockBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.receipt import peek_time_ms
from edge_agent.limits import CLOCK_LOOK_NS, CLOCK_TOLD_EVERY_NS

log = structlog.get_logger()

Note = Callable[[EventType, Lane, Body], None]
"""Record an event of the agent itself."""

_MS = 1_000_000
_PATIENCE_NS = 30_000_000_000  # then another event is followed: this one may never be receipted
_PRECEDENCE_NS = 10_000_000_000  # for so long only the first center is believed: it may be slow
_SHARPER = 4  # a second word in the hour is recorded if it is so many times narrower


class CenterTime:
    """Follows one event at a time from its stamp to its receipt (pure)."""

    def __init__(self) -> None:
        self._followed: tuple[int, int] | None = None  # number, boot time of its stamp
        self._recorded: Told | None = None

    def wants(self, boottime_ns: int) -> bool:
        """Tell whether an event that leaves now is to be followed."""
        return self._followed is None or boottime_ns - self._followed[1] > _PATIENCE_NS

    def follow(self, seq: int, stamped_ns: int) -> None:
        """Follow an event of the running epoch, stamped at `stamped_ns` of boot time."""
        self._followed = seq, stamped_ns

    def follows(self, seqs: Container[int]) -> bool:
        """Tell whether the event that is followed is one of `seqs`."""
        return self._followed is not None and self._followed[0] in seqs

    def receipted(self, seqs: Container[int], time_ms: int, boottime_ns: int) -> Told | None:
        """Its receipt came, made at `time_ms` of the center's clock; return what that tells."""
        if self._followed is None or not self.follows(seqs):
            return None
        stamped_ns, self._followed = self._followed[1], None
        made_ns = time_ms * _MS
        return Told(boottime_ns, made_ns, made_ns + _MS + boottime_ns - stamped_ns)

    def is_news(self, told: Told, trust: Trust) -> bool:
        """Tell whether `told` is to be recorded: while the clock is not synced, not too often."""
        if trust is Trust.SYNCED:
            return False
        known = self._recorded
        news = (
            known is None
            or told.boottime_ns - known.boottime_ns >= CLOCK_TOLD_EVERY_NS
            or _width_ns(told) * _SHARPER < _width_ns(known)
        )
        if news:
            self._recorded = told
        return news


def _width_ns(told: Told) -> int:
    return told.latest_ns - told.earliest_ns


class Timekeeper:
    """The shell: looks at the clock, and makes events of what changed.

    Two centers may disagree about the time: of those that answer in this run the first of the
    configuration is believed.  One that is no more must not leave a gateway without the time.
    """

    def __init__(self, clock: KeptClock, note: Note, centers: int = 1) -> None:
        self._clock, self._note = clock, note
        self._centers = tuple(CenterTime() for _ in range(centers))
        self._best: int | None = None  # the first one that has told the time in this run
        self._pending: tuple[int, Told] | None = None  # from one that is not the first
        self._begun_ns = clock.boottime_ns()

    def sent(self, seq: int, envelope: bytes) -> None:
        """An event of the running epoch was handed to the uplinks."""
        for center in self._centers:
            if center.wants(self._clock.boottime_ns()):
                center.follow(seq, peek(envelope)[1].stamp.boottime_ns)

    def receipted(self, rank: int, seqs: Container[int], receipt: bytes) -> None:
        """The verified receipt of a center, the `rank`-th from 0, for events of the run came."""
        center = self._centers[rank]
        if not center.follows(seqs):
            return
        try:
            time_ms = peek_time_ms(receipt)
        except Malformed:  # a receipt that tells no time is good for its events all the same
            return
        told = center.receipted(seqs, time_ms, self._clock.boottime_ns())
        if told is not None:
            self._weigh(rank, told)

    def _weigh(self, rank: int, told: Told) -> None:
        """Believe the first center at once, another one only where those before it are silent."""
        if self._best is not None and rank > self._best:
            return
        if rank == 0 or self._best is not None:
            self._hear(rank, told)
        elif self._pending is None or rank <= self._pending[0]:
            self._pending = rank, told

    def _hear(self, rank: int, told: Told) -> None:
        self._best = rank
        self._clock.hear(told)
        if self._centers[rank].is_news(told, self._clock.stamp().trust):
            pair = told.earliest_ns, told.latest_ns
            log.info("the center told the time", earliest_ns=pair[0], latest_ns=pair[1])
            self._say(ClockBody(ClockChange.TOLD, source="center", told=pair))

    def look(self) -> None:
        """Look at the clock, and whether a center that is not the first is to be believed."""
        silent_ns = self._clock.boottime_ns() - self._begun_ns
        if self._best is None and self._pending and silent_ns >= _PRECEDENCE_NS:
            self._hear(*self._pending)
        for changed in self._clock.look():
            self._changed(changed)

    async def run(self) -> None:
        """Look at the clock for ever."""
        while True:
            self.look()
            await asyncio.sleep(CLOCK_LOOK_NS / 1e9)

    def _changed(self, changed: Changed) -> None:
        tell = log.warning if changed.change is ClockChange.DOUBTED else log.info
        tell("clock", change=changed.change, step_s=changed.step_ns / 1e9, source=changed.source)
        step_ms = round(changed.step_ns / 1e6) if changed.change is ClockChange.STEPPED else None
        self._say(ClockBody(changed.change, step_ms, changed.was, changed.source))

    def _say(self, body: ClockBody) -> None:
        self._note(EventType.CLOCK, Lane.FAULT, body.to_body())
