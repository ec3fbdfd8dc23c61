"""What is proven of a panel's points and standing events since its link came up.

Pure.  Panels that are polled say the same state again and again: only what is new is reported.  All
is unknown when the link comes up; what is then heard for the first time has origin `at_start`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from edge_agent.domain.kinds import POINTS, Kind, Origin, State
from edge_agent.domain.signal import Signal
from edge_agent.domain.standing import Events, bare

_Alike = Mapping[str, Collection[str]]

POINTS_MAX = 10_000  # the largest panels have some thousands; a panel that names more is damaged

_PointKey = tuple[Kind, int | None, int | None, str | None]


def _point_key(signal: Signal) -> _PointKey:
    # a zone is known by its number: some frames say its area along, some do not
    area = signal.area if signal.kind is Kind.AREA else None
    return signal.kind, area, signal.zone, signal.account


def is_about(said: Signal, event: Signal) -> bool:
    """Tell whether what is said of a zone, an area, or all is about that of this event.

    As in `Events`, an area that one of both does not say fits any.
    """
    is_in_area = None in (said.area, event.area) or said.area == event.area
    return said.zone in (None, event.zone) and is_in_area


class Proven:
    """The memory of one session.

    proven.heard(frame.signals)                  # of an event: all is reported, and remembered
    proven.map("05", frame.signals, frame.raw)   # of a status answer: only what is new
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self, standing: Iterable[Signal] = ()) -> None:
        """Know nothing: the link came up.  `standing` is in the journal, and ends by proof only."""
        self._points: dict[_PointKey, State] = {}
        self._standing = Events(standing)
        self._unproven = set(self._standing.signals)  # since the link came up
        self._maps: dict[str, dict[Signal, Signal]] = {}  # what stands, and as the map showed it

    @property
    def standing(self) -> tuple[Signal, ...]:
        """The events that are reported and not ended."""
        return self._standing.signals

    def stands(self, signal: Signal) -> bool:
        """Tell whether this event is reported and not ended."""
        return bool(self._standing.find(signal))

    def area_of(self, event: Signal) -> int | None:
        """Return the area of an event that stands, where more stand that are the same but for it;
        None where it need not be said."""
        is_one_of_many = len(self._standing.find(replace(event, area=None))) > 1
        return event.area if is_one_of_many else None

    def end_of(self, event: Signal, frame: bytes) -> Signal:
        """Return the end of an event that stands, with its area where that has to be said."""
        return replace(bare(event, State.RESTORED, frame), area=self.area_of(event))

    def state(self, kind: Kind, number: int) -> State | None:
        """Return what is proven of a point, None where nothing is."""
        for (known, area, zone, _), state in self._points.items():
            if known is kind and number == (area if kind is Kind.AREA else zone):
                return state
        return None

    def heard(
        self, signals: Iterable[Signal], alike: _Alike = MappingProxyType({})
    ) -> tuple[Signal, ...]:
        """Take what a panel said by itself; all of it is news.

        An end whose code is in `alike` ends what stands there in one of those codes.
        """
        told = tuple(one for signal in signals for one in self._in_its_words(signal, alike))
        for signal in told:
            if signal.kind in POINTS:
                self._learn(signal)
            elif signal.state is State.RESTORED:
                self._standing.discard(signal)
            elif signal.state is State.ACTIVE and len(self._standing) < POINTS_MAX:
                self._standing.add(signal)
        return told

    def map(
        self,
        name: str,
        signals: Iterable[Signal],
        frame: bytes,
        covers: Callable[[Signal], bool] = lambda _: False,
        alike: _Alike = MappingProxyType({}),
    ) -> tuple[Signal, ...]:
        """Take the answer to request `name`, which came as `frame`: a state, and standing events.

        Returns points that are new or changed, events that nobody reported, and the end
        (`restored`) of those that the same map showed and shows no more.  What only an event told
        is ended by an event only: a map that never showed it may not be about it.  But of what
        stood before the link came up, the map ends what it `covers` and does not show: it ended
        while nobody listened.  An event whose code is in `alike` is no news where one stands
        in one of those codes: the map shows that one.
        """
        told = tuple(signals)
        news = [self._dated(signal) for signal in told if signal.kind in POINTS]
        before, shown = self._maps.get(name), dict[Signal, Signal]()
        for signal in told:
            if signal.kind in POINTS:
                continue
            if not (found := self._found(signal, alike)):
                self._standing.add(signal)
                news.append(replace(signal, origin=Origin.AT_START) if before is None else signal)
                found = self._standing.find(signal)
            shown |= dict.fromkeys(found, signal)
        over = (before or {}).keys() - shown.keys()
        over |= {event for event in self._unproven - shown.keys() if covers(event)}
        self._unproven -= over | shown.keys()
        self._maps[name] = shown
        # mostly nothing ended, and then no signal has to be made of what stands
        ended = [event for event in self._standing.signals if event in over] if over else []
        restored = [self._end(event, (before or {}).get(event), frame) for event in ended]
        return (*(signal for signal in news if signal is not None), *restored)

    def _found(self, signal: Signal, alike: _Alike) -> tuple[Signal, ...]:
        """Return what stands of what `signal` is about, in its code and in those that are alike."""
        found = self._standing.find(signal)
        codes = alike.get(signal.code or "")
        if not codes:
            return found
        others = (
            one for one in self._standing.signals if one.code in codes and is_about(signal, one)
        )
        return (*found, *others)

    def _in_its_words(self, signal: Signal, alike: _Alike) -> Iterable[Signal]:
        if signal.state is not State.RESTORED or (signal.code or "") not in alike:
            return (signal,)
        found = self._found(signal, alike)
        ends = (replace(signal, kind=one.kind, code=one.code) for one in found)
        return tuple(dict.fromkeys(ends)) or (signal,)  # of two areas, where it says none, one end

    def _end(self, event: Signal, shown: Signal | None, frame: bytes) -> Signal:
        """End it in the words of the map: no area where it says none, and none is needed."""
        over = self.end_of(event, frame)
        self._standing.discard(event)
        return over if over.area or shown is None else replace(over, area=shown.area)

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
