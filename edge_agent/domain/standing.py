"""Which events of a panel stand: reported active, and not yet ended.

Kept beside the sessions, which are made anew with each line: what stands at link-up and is in the
journal already is not reported a second time.
"""

from edge_agent.domain.kinds import POINTS, Kind, State
from edge_agent.domain.signal import Signal

STANDING_MAX = 1000  # of a panel: more than any has zones in alarm; the oldest go first

EventKey = tuple[Kind, str | None, int | None, int | None, str | None]


def event_key(signal: Signal) -> EventKey:
    """Return what makes two signals the same event; the area is not said by every frame."""
    return signal.kind, signal.code, signal.zone, signal.user, signal.account


def bare(signal: Signal, state: State, frame: bytes = b"") -> Signal:
    """Return no more of an event than what makes it the same one."""
    return Signal(
        kind=signal.kind,
        state=state,
        code=signal.code,
        zone=signal.zone,
        user=signal.user,
        account=signal.account,
        frame=frame,
    )


class Standing:
    """The standing events of one panel."""

    def __init__(self) -> None:
        self._events: dict[EventKey, Signal] = {}

    @property
    def signals(self) -> tuple[Signal, ...]:
        """The events, oldest first, without time, text and frame."""
        return tuple(self._events.values())

    def take(self, signal: Signal) -> None:
        """Take what was recorded."""
        if signal.kind in POINTS:
            return
        key = event_key(signal)
        if signal.state is State.ACTIVE:
            self._events.setdefault(key, bare(signal, State.ACTIVE))
            if len(self._events) > STANDING_MAX:
                del self._events[next(iter(self._events))]
        elif signal.state is State.RESTORED:
            self._events.pop(key, None)
