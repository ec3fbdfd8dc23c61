"""What is known of the points of one polled device: values that have held, events that stand.

Pure.  All is unknown until it is read.  A new value counts when it has held for its time: away from
rest as soon as the point has been away that long, whatever it showed meanwhile; back to rest only
when rest itself has been shown that long.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from edge_agent.domain.kinds import Origin, State
from edge_agent.domain.register_points import Loop, Point, Reading, Standing
from edge_agent.domain.signal import Signal

SAMPLES_MIN = 10  # a mean of fewer is no better than its worst sample
MEASURE_NS_MIN = 60_000_000_000  # of measurements make a mean


@dataclass(slots=True)
class _Mean:
    """What was told of a loop, and its measurements of the minute that runs."""

    told_ohms: int | None = None
    told_ns: int = 0
    began_ns: int = 0
    total: int = 0
    count: int = 0

    def add(self, ohms: int, now_ns: int) -> int | None:
        """Take one measurement; return the mean of a minute when one is full."""
        self.total += ohms
        self.count += 1
        if self.count < SAMPLES_MIN or now_ns - self.began_ns < MEASURE_NS_MIN:
            return None
        steady = round(self.total / self.count)
        self.began_ns, self.total, self.count = now_ns, 0, 0
        return steady

    def tell(self, ohms: int, now_ns: int) -> int:
        """Count `ohms` as told; a new minute begins."""
        self.told_ohms, self.told_ns = ohms, now_ns
        self.began_ns, self.total, self.count = now_ns, 0, 0
        return ohms


@dataclass(slots=True)
class Track:
    """One point: its accepted reading (None: unknown), what stands of it, what may come next."""

    point: Point
    reading: Reading | None = None
    standing: set[Standing] = field(default_factory=set)
    away_ns: int | None = None  # since when something else than the accepted reading is read
    rest_ns: int | None = None  # since when, of that, it is rest
    due_ns: int | None = None  # when the new value will have held
    mean: _Mean = field(default_factory=_Mean)

    def open(self, standing: Iterable[Signal]) -> None:
        """Know nothing: the link came up.  `standing` is in the journal already."""
        self._forget()
        self.standing = {
            Standing(signal.kind, signal.code)
            for signal in standing
            if signal.zone == self.point.zone and signal.area in (None, self.point.area)
        }

    def lose(self) -> Signal | None:
        """Know nothing any more; return that, where the point has a word for it."""
        was = self.reading
        self._forget()
        if was is None or was.state is None:
            return None
        return self.point.state_signal(State.UNKNOWN, Origin.LIVE, b"")

    def read(self, word: int, reference: int | None, frame: bytes, now_ns: int) -> list[Signal]:
        """Take what was read; return what is news."""
        meaning = self.point.meaning
        if not isinstance(meaning, Loop):
            return self._take(meaning.reading(word), frame, now_ns)
        ohms = meaning.ohms(word, reference)
        before = None if self.reading is None else self.reading.state
        signals = self._take(meaning.reading(ohms, before), frame, now_ns)
        if ohms is not None:
            signals += self._measure(meaning, ohms, frame, now_ns, moved=bool(signals))
        return signals

    # ---- states and events

    def _forget(self) -> None:
        self.reading = self.away_ns = self.rest_ns = self.due_ns = None
        self.mean = _Mean()

    def _take(self, reading: Reading, frame: bytes, now_ns: int) -> list[Signal]:
        if self.reading is None:
            return self._accept(reading, Origin.AT_START, frame)
        if reading == self.reading:
            self.away_ns = self.rest_ns = self.due_ns = None
            return []
        if self._has_held(reading, now_ns):
            return self._accept(reading, Origin.LIVE, frame)
        return []

    def _has_held(self, reading: Reading, now_ns: int) -> bool:
        hold = self.point.hold
        if self.away_ns is None:
            self.away_ns = now_ns
        if reading.at_rest:
            if self.rest_ns is None:
                self.rest_ns = now_ns
            self.due_ns = self.rest_ns + hold.restore_ns
        else:
            self.rest_ns = None
            undefined = reading.state is State.FAULT
            self.due_ns = self.away_ns + (hold.undefined_ns if undefined else hold.alarm_ns)
        return now_ns >= self.due_ns

    def _accept(self, reading: Reading, origin: Origin, frame: bytes) -> list[Signal]:
        before, self.reading = self.reading, reading
        self.away_ns = self.rest_ns = self.due_ns = None
        signals = self._moved(before.state if before else None, reading.state, origin, frame)
        for event in sorted(self.standing & reading.over, key=_order):
            self.standing.discard(event)
            signals.append(self.point.event_signal(event, State.RESTORED, origin, frame))
        for event in reading.active:
            if event not in self.standing:
                self.standing.add(event)
                signals.append(self.point.event_signal(event, State.ACTIVE, origin, frame))
        return signals

    def _moved(
        self, before: State | None, state: State | None, origin: Origin, frame: bytes
    ) -> list[Signal]:
        """Return the new state; of a point that is started and then at rest that it is off too."""
        if state is None or state is before or (before is None and state is State.UNKNOWN):
            return []
        states = [state]
        if before is State.ON and state is not State.OFF:
            states.insert(0, State.OFF)
        found = [self.point.state_signal(each, origin, frame) for each in states]
        return [signal for signal in found if signal is not None]

    # ---- measurements

    def _measure(
        self, loop: Loop, ohms: int, frame: bytes, now_ns: int, *, moved: bool
    ) -> list[Signal]:
        """Return what is measured: with each new state, when it has drifted, and now and then."""
        mean, circuit = self.mean, loop.circuit
        if moved or mean.told_ohms is None:
            origin = Origin.LIVE if mean.told_ohms is not None else Origin.AT_START
            return [self.point.measured(mean.tell(ohms, now_ns), origin, frame)]
        if self.away_ns is not None:
            return []  # neither of the old state nor yet of a new one
        steady = mean.add(ohms, now_ns)
        if steady is None:
            return []
        drifted = abs(steady - mean.told_ohms) > circuit.measure_share * circuit.eol_ohms
        if not drifted and now_ns - mean.told_ns < circuit.measure_ns:
            return []
        return [self.point.measured(mean.tell(steady, now_ns), Origin.LIVE, frame)]


def _order(event: Standing) -> tuple[str, str]:
    return event.kind, event.code or ""


def holding(tracks: Sequence[Track]) -> int | None:
    """Return when the first new value will have held, None where all is as accepted."""
    return min((track.due_ns for track in tracks if track.due_ns is not None), default=None)
