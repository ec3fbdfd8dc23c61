"""Which events of a panel stand: reported active, and not yet ended.

Kept beside the sessions, which are made anew with each line: what stands at link-up and is in the
journal already is not reported a second time.

Some frames say the area of an event and some do not, on the same panel: a missing area fits any.
Two areas that are said are two events: on panels whose zones are numbered by loop, and where an
event is one of an area alone, such as a panic at its keypad.  Of a zone it is the same
event whoever did it: one user takes a zone out, another in again.
"""

from collections.abc import Iterable

from edge_agent.domain.kinds import POINTS, Kind, State
from edge_agent.domain.signal import Signal

STANDING_MAX = 1000  # of a panel: more than any has zones in alarm; the oldest go first

_Key = tuple[Kind, str | None, int | None, int | None, str | None]


def _key(signal: Signal) -> _Key:
    """Return what makes two signals the same event, but for the area."""
    return signal.kind, signal.code, signal.zone, _user(signal), signal.account


def _user(signal: Signal) -> int | None:
    return signal.user if signal.zone is None else None


def bare(signal: Signal, state: State, frame: bytes = b"") -> Signal:
    """Return no more of an event than what makes it the same one; the area is not said again."""
    return Signal(
        kind=signal.kind,
        state=state,
        code=signal.code,
        zone=signal.zone,
        user=_user(signal),
        account=signal.account,
        frame=frame,
    )


def _event(key: _Key, area: int | None) -> Signal:
    kind, code, zone, user, account = key
    return Signal(
        kind=kind, state=State.ACTIVE, code=code, area=area, zone=zone, user=user, account=account
    )


class Events:
    """A set of events, oldest first, those alike but for the area together; one that is asked for
    without its area fits any.

    Kept are keys and areas, of which signals are made when they are asked for: a storm leaves a
    thousand of a panel, and a signal takes three times as much.
    """

    def __init__(self, events: Iterable[Signal] = ()) -> None:
        self._areas: dict[_Key, tuple[int | None, ...]] = {}  # in which each stands, oldest first
        self._count = 0
        for event in events:
            self.add(event)

    def __len__(self) -> int:
        return self._count

    @property
    def signals(self) -> tuple[Signal, ...]:
        """The events, without time, text and frame."""
        return tuple(_event(key, area) for key, areas in self._areas.items() for area in areas)

    def find(self, signal: Signal) -> tuple[Signal, ...]:
        """Return those that `signal` is about: one at most where it says its area."""
        key = _key(signal)
        return tuple(_event(key, area) for area in self._found(key, signal.area))

    def add(self, signal: Signal) -> None:
        """Take it among them, unless it is there."""
        key = _key(signal)
        if not self._found(key, signal.area):
            self._areas[key] = (*self._areas.get(key, ()), signal.area)
            self._count += 1

    def discard(self, signal: Signal) -> None:
        """Take out all that `signal` is about."""
        key = _key(signal)
        self._drop(key, self._found(key, signal.area))

    def drop_oldest(self) -> None:
        """Take out the first of them."""
        key, areas = next(iter(self._areas.items()))
        self._drop(key, areas[:1])

    def _found(self, key: _Key, area: int | None) -> tuple[int | None, ...]:
        known = self._areas.get(key, ())
        if area is None:
            return known
        return (area,) if area in known else (None,) if None in known else ()

    def _drop(self, key: _Key, areas: tuple[int | None, ...]) -> None:
        left = tuple(area for area in self._areas.get(key, ()) if area not in areas)
        self._count -= len(areas)
        if left:
            self._areas[key] = left
        elif areas:
            del self._areas[key]


class Standing:
    """The standing events of one panel."""

    def __init__(self) -> None:
        self._events = Events()

    @property
    def signals(self) -> tuple[Signal, ...]:
        """The events, oldest first, without time, text and frame."""
        return self._events.signals

    def take(self, signal: Signal) -> None:
        """Take what was recorded."""
        if signal.kind in POINTS:
            return
        if signal.state is State.ACTIVE:
            self._events.add(signal)
            if len(self._events) > STANDING_MAX:
                self._events.drop_oldest()
        elif signal.state is State.RESTORED:
            self._events.discard(signal)
