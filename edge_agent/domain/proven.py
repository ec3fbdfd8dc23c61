"""What is proven of a panel's points and standing events since its link came up.

Pure.  Panels that are polled say the same state again and again: only what is new is reported.  All
is unknown when the link comes up; what is then heard for the first time has origin `at_start`.
"""

from collections.abc import Iterable
from dataclasses import replace

from edge_agent.domain.kinds import POINTS, Kind, Origin, State
from edge_agent.domain.signal import Signal

POINTS_MAX = 10_000  # the largest panels have some thousands; a panel that names more is damaged

_PointKey = tuple[Kind, int | None, int | None, str | None]
_EventKey = tuple[Kind, str | None, int | None, int | None, str | None]


def _point_key(signal: Signal) -> _PointKey:
    # a zone is known by its number: some frames say its area along, some do not
    area = signal.area if signal.kind is Kind.AREA else None
    return signal.kind, area, signal.zone, signal.account


def _event_key(signal: Signal) -> _EventKey:
    return signal.kind, signal.code, signal.zone, signal.user, signal.account


def _ended(signal: Signal, frame: bytes) -> Signal:
    """Return the end of an event as a map tells it: no more than that it stands no longer."""
    return Signal(
        kind=signal.kind,
        state=State.RESTORED,
        code=signal.code,
        zone=signal.zone,
        user=signal.user,
        account=signal.account,
        frame=frame,
    )


class Proven:
    """The memory of one session.

    proven.heard(frame.signals)                  # of an event: all is reported, and remembered
    proven.map("05", frame.signals, frame.raw)   # of a status answer: only what is new
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Know nothing: the link came up."""
        self._points: dict[_PointKey, State] = {}
        self._standing: dict[_EventKey, Signal] = {}
        self._maps: dict[str, frozenset[_EventKey]] = {}

    def state(self, kind: Kind, number: int) -> State | None:
        """Return what is proven of a point, None where nothing is."""
        for (known, area, zone, _), state in self._points.items():
            if known is kind and number == (area if kind is Kind.AREA else zone):
                return state
        return None

    def heard(self, signals: Iterable[Signal]) -> tuple[Signal, ...]:
        """Take what a panel said by itself; all of it is news."""
        told = tuple(signals)
        for signal in told:
            if signal.kind in POINTS:
                self._learn(signal)
            elif signal.state is State.RESTORED:
                self._standing.pop(_event_key(signal), None)
            elif signal.state is State.ACTIVE and len(self._standing) < POINTS_MAX:
                self._standing[_event_key(signal)] = signal
        return told

    def map(self, name: str, signals: Iterable[Signal], frame: bytes) -> tuple[Signal, ...]:
        """Take the answer to request `name`, which came as `frame`: a state, and standing events.

        Returns points that are new or changed, events that nobody reported, and the end
        (`restored`) of those that the same map showed and shows no more.  What only an event told
        is ended by an event only: a map that never showed it may not be about it.
        """
        told = tuple(signals)
        news = [self._dated(signal) for signal in told if signal.kind in POINTS]
        events = {_event_key(s): s for s in told if s.kind not in POINTS}
        first = name not in self._maps
        for key, signal in events.items():
            if key not in self._standing:
                self._standing[key] = signal
                news.append(replace(signal, origin=Origin.AT_START) if first else signal)
        over = self._maps.get(name, frozenset()) - set(events)
        self._maps[name] = frozenset(events)
        ended = (self._standing.pop(key, None) for key in sorted(over, key=str))
        restored = (_ended(signal, frame) for signal in ended if signal)
        return (*(signal for signal in news if signal is not None), *restored)

    def _dated(self, signal: Signal) -> Signal | None:
        before = self._points.get(_point_key(signal))
        if before is signal.state:
            return None
        self._learn(signal)
        return replace(signal, origin=Origin.AT_START) if before is None else signal

    def _learn(self, signal: Signal) -> None:
        key = _point_key(signal)
        if key in self._points or len(self._points) < POINTS_MAX:
            self._points[key] = signal.state
