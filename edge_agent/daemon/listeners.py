"""Tells who judges events of each one, in the order of their numbers, once it is on its way.

Nobody here stands between a signal and its sending: an event is told when it was published, or its
commit was, so what a listener makes of it can delay no alarm.  A listener returns at once; it takes
the event and works on it later.

Judging also lives on time: a deadline must not fall while an event of before it is still to come.
`earliest_ns` is the oldest stamp of what was stamped and not yet told.
"""

from collections import deque
from collections.abc import Callable, Iterable

from edge_agent.domain.event import Draft, Numbered
from edge_agent.domain.stamp import Stamp

Listener = Callable[[Numbered], None]
"""Takes one event, on the loop; must return at once and never raise."""


class Hearing:
    """What is on its way to the listeners."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._numbered: deque[Numbered] = deque()
        self._coming: dict[object, int] = {}  # what has no number yet, by identity: its boot time
        self._held_back: dict[str, int] = {}  # by panel: the report that found no room

    def listen(self, *listeners: Listener) -> None:
        """Tell `listeners` of every event from now on."""
        self._listeners += listeners

    # ---- on its way

    def coming(self, pending: object, stamp: Stamp) -> None:
        """An event was stamped, and will be numbered."""
        self._coming[pending] = stamp.boottime_ns

    def omitted(self, pending: object) -> None:
        """It will not: there is no room for it."""
        self._coming.pop(pending, None)

    def held_back(self, panel: str, stamp: Stamp) -> None:
        """A whole report of a panel found no room; it will be tried again, before any other."""
        self._held_back[panel] = stamp.boottime_ns

    def taken(self, panel: str) -> None:
        """A report of a panel found room."""
        self._held_back.pop(panel, None)

    def earliest_ns(self) -> int | None:
        """Return the boot time of the oldest event that was not told yet, None without any."""
        times = [event.draft.stamp.boottime_ns for event in self._numbered]
        return min((*self._coming.values(), *self._held_back.values(), *times), default=None)

    # ---- numbered, and told

    def numbered(self, epoch: bytes, events: Iterable[tuple[object, int, Draft]]) -> None:
        """These have their numbers: what came, the number, its draft."""
        for pending, seq, draft in events:
            self._coming.pop(pending, None)
            self._numbered.append(Numbered(epoch, seq, draft))

    def tell(self, last: int | None = None) -> None:
        """Tell of the events up to number `last`, None for all: they are published."""
        while self._numbered and (last is None or self._numbered[0].seq <= last):
            event = self._numbered.popleft()
            for listener in self._listeners:
                listener(event)
