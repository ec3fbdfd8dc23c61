"""Which events of a panel stand: reported active, and not yet ended.

Kept beside the sessions, which are made anew with each line: what stands at link-up and is in the
journal already is not reported a second time.

Some frames say the area of an event and some do not, on the same panel: a missing area fits any.
Two areas that are said are two events: on panels whose zones are numbered by loop, and where an
event is one of an area alone, such as a panic at its keypad.
"""

from collections.abc import Iterable
from dataclasses import replace

from edge_agent.domain.kinds import POINTS, Kind, State
from edge_agent.domain.signal import Signal

STANDING_MAX = 1000  # of a panel: more than any has zones in alarm; the oldest go first

_Key = tuple[Kind, str | None, int | None, int | None, str | None]


def _key(signal: Signal) -> _Key:
    """Return what makes two signals the same event, but for the area."""
    return signal.kind, signal.code, signal.zone, signal.user, signal.account


def bare(signal: Signal, state: State, frame: bytes = b"") -> Signal:
    """Return no more of an event than what makes it the same one; the area is not said again."""
    return Signal(
        kind=signal.kind,
        state=state,
        code=signal.code,
        zone=signal.zone,
        user=signal.user,
        account=signal.account,
        frame=frame,
    )


class Events:
    """A set of events, oldest first; one that is asked for without its area fits any."""

    def __init__(self, events: Iterable[Signal] = ()) -> None:
        self._events: dict[Signal, None] = {}  # bare ones: equal is the same
        self._areas: dict[_Key, list[Signal]] = {}
        for event in events:
            self.add(event)

    def __len__(self) -> int:
        return len(self._events)

    @property
    def signals(self) -> tuple[Signal, ...]:
        """The events, oldest first, without time, text and frame."""
        return tuple(self._events)

    def find(self, signal: Signal) -> tuple[Signal, ...]:
        """Return those that `signal` is about: one at most where it says its area."""
        known = self._areas.get(_key(signal), ())
        if signal.area is None:
            return tuple(known)
        same = [event for event in known if event.area == signal.area]
        return tuple(same or [event for event in known if event.area is None])

    def add(self, signal: Signal) -> None:
        """Take it among them, unless it is there."""
        if not self.find(signal):
            event = replace(bare(signal, State.ACTIVE), area=signal.area)
            self._events[event] = None
            self._areas.setdefault(_key(event), []).append(event)

    def discard(self, signal: Signal) -> None:
        """Take out all that `signal` is about."""
        for event in self.find(signal):
            self._drop(event)

    def drop_oldest(self) -> None:
        """Take out the one that was added first."""
        self._drop(next(iter(self._events)))

    def _drop(self, event: Signal) -> None:
        del self._events[event]
        same = self._areas[_key(event)]
        same.remove(event)
        if not same:
            del self._areas[_key(event)]


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
