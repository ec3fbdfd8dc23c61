"""What is proven of a Galaxy's zones and areas, by the answers of level 4.

Points are told as the maps show them.  Alarms, tamper and faults are the panel's own to say, and it
keeps what it has not said: a map tells those of which nobody heard, and their ends.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from drivers._galaxy_orders import INPUTS, RIOS, data_of, read, zone_at
from edge_agent.domain.kinds import POINTS, Kind, Origin, State
from edge_agent.domain.proven import Proven
from edge_agent.domain.session import Frame
from edge_agent.domain.signal import Signal

ALARMS, ARMED = "SA91", "SA"
_HALVES = ("1", "2")
OMITTED, MASKED, OPEN = "ZS50", "ZS60", "ZS20"
ROUND: Final = (
    # what hides a contact before the contacts, alarms of areas before how they are armed
    *(ALARMS, ARMED),
    *(name + half for half in _HALVES for name in ("ZS10", OMITTED, MASKED, OPEN, "ZS30", "ZS70")),
)
"""The questions that show the whole state, in their order."""

_INTRUSIONS: Final = frozenset(
    {
        *(Kind.BURGLARY, Kind.FIRE, Kind.FIRE_SUPERVISORY, Kind.PANIC, Kind.HOLDUP, Kind.MEDICAL),
        *(Kind.DURESS, Kind.GAS, Kind.CO, Kind.ENVIRONMENT),
    }
)
EVENTS: Final = {
    "ZS10": (Kind.BURGLARY, "130", _INTRUSIONS),
    "ZS30": (Kind.TAMPER, "383", frozenset({Kind.TAMPER})),
    "ZS70": (Kind.ZONE_TROUBLE, "380", frozenset({Kind.ZONE_TROUBLE})),
}
"""By the question without its half: what a marked zone is, and which events are the same."""

AREA_STATES: Final = {1: State.ARMED_AWAY, 2: State.ARMED_STAY}
POINT_STATES: Final = {OMITTED: State.BYPASSED, MASKED: State.MASKED, OPEN: State.OPEN}


def signals_of(of: str, digits: dict[int, int], frame: bytes) -> tuple[Signal, ...]:
    """Return what an answer says of all that is not at rest."""
    if of in (ALARMS, ARMED):
        states = {1: State.ALARM} if of == ALARMS else AREA_STATES
        return tuple(
            Signal(kind=Kind.AREA, state=states[digit], area=area, frame=frame)
            for area, digit in digits.items()
            if digit in states
        )
    if of[:-1] in EVENTS:
        kind, code, _ = EVENTS[of[:-1]]
        return tuple(
            Signal(kind=kind, code=code, state=State.ACTIVE, zone=zone, frame=frame)
            for zone in digits
        )
    state = POINT_STATES.get(of[:-1])
    if state is None:
        return ()
    return tuple(Signal(kind=Kind.ZONE, state=state, zone=zone, frame=frame) for zone in digits)


class GalaxyState:
    """The memory of one link: `zones` and `areas` are told of from the start, others as they come.

    state.forget(standing)    # the line came up
    state.heard(signals)      # events that the panel said
    state.told(frame)         # an answer; returns what is news
    """

    def __init__(self, zones: int, areas: int) -> None:
        self._zones = {zone_at(*divmod(at, INPUTS)) for at in range(zones)}
        self._areas = set(range(1, areas + 1))
        self.account: str | None = None
        self._proven = Proven()
        self.forget(())

    def forget(self, standing: Iterable[Signal]) -> None:
        """Nothing is known but what stands in the journal."""
        self.absent()
        self._said: dict[str, set[int]] = {name: set() for name in EVENTS}  # by the panel itself
        self._shown: dict[str, set[int]] = {}  # by a map alone; none: it was not read yet
        self.heard(standing)

    def absent(self) -> None:
        """The panel was away: how its points are is not known."""
        self._proven.forget()
        self._marked: dict[str, set[int]] = {}  # as they were shown

    def heard(self, signals: Iterable[Signal]) -> None:
        """Note what the panel said by itself: it says its end too."""
        for signal in signals:
            self.account = signal.account or self.account
            if signal.kind in POINTS or signal.zone is None:
                continue
            for name, (_, _, kinds) in EVENTS.items():
                if signal.kind not in kinds:
                    continue
                self._shown.get(name + _half(signal.zone), set()).discard(signal.zone)
                if signal.state is State.ACTIVE:
                    self._said[name].add(signal.zone)
                elif signal.state is State.RESTORED:
                    self._said[name].discard(signal.zone)

    def told(self, frame: Frame) -> tuple[Signal, ...]:
        """Take an answer; return what is news, with the panel's account."""
        told, raw = read(data_of(frame.raw)), frame.raw
        if told is None or told.digits is None:
            return ()  # it is no more than taken, or refused
        of, digits = told.of, told.digits
        found = signals_of(of, digits, raw)
        if of[:-1] in EVENTS:
            news = self._events(of, {one.zone: one for one in found if one.zone}, raw)
        else:
            self._marked[of] = {number for number, digit in digits.items() if digit == 1}
            news = self._proven.map(of, self._points(of, digits, found, raw), raw)
        return tuple(replace(one, account=self.account) for one in news)

    def _events(self, of: str, found: dict[int, Signal], raw: bytes) -> tuple[Signal, ...]:
        said, shown = self._said[of[:-1]], self._shown.get(of)
        is_first = shown is None
        shown = shown or set()
        new = [one for zone, one in found.items() if zone not in said | shown]
        over = [zone for zone in sorted(shown) if zone not in found]
        self._shown[of] = shown.intersection(found) | {one.zone for one in new if one.zone}
        kind, code, _ = EVENTS[of[:-1]]
        ends = (
            Signal(kind=kind, code=code, state=State.RESTORED, zone=zone, frame=raw)
            for zone in over
        )
        starts = (replace(one, origin=Origin.AT_START) if is_first else one for one in new)
        return (*starts, *ends)

    def _points(
        self, of: str, digits: dict[int, int], found: tuple[Signal, ...], raw: bytes
    ) -> tuple[Signal, ...]:
        """Return the points that an answer settles, at rest too where they are told of."""
        if of == ARMED:
            self._areas |= {one.area for one in found if one.area}
            in_alarm = self._marked.get(ALARMS, set())
            return tuple(
                Signal(
                    kind=Kind.AREA,
                    state=AREA_STATES.get(digits[area], State.DISARMED),
                    area=area,
                    frame=raw,
                )
                for area in sorted(self._areas & digits.keys() - in_alarm)
            )
        self._zones |= {one.zone for one in found if one.zone}
        if of[:-1] != OPEN:
            return found
        hidden = {
            zone for name in (OMITTED, MASKED) for zone in self._marked.get(name + of[-1], ())
        }
        return tuple(
            Signal(
                kind=Kind.ZONE,
                state=State.OPEN if zone in digits else State.CLOSED,
                zone=zone,
                frame=raw,
            )
            for zone in sorted(self._zones - hidden)
            if _half(zone) == of[-1]
        )


def _half(zone: int) -> str:
    """Return which of two maps has a zone: that of lines 1 and 2, or of 3 and 4."""
    return _HALVES[zone >= zone_at(2 * RIOS, 0)]
