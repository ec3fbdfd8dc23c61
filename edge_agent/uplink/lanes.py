"""Decides what waits in memory and what is read from the source: one queue a lane.

Live events, offered since the start, are held up to a bound; beyond it, or when they have grown
old in an outage, they are dropped from memory and the lane is *behind*: the source, which has
everything unreceipted, is read from its oldest on.  So memory does not grow with the backlog, and
nothing depends on what memory holds.
"""

from dataclasses import dataclass

from edge_agent.uplink.messages import Cursor, Key, Outgoing

LIVE_BYTES_MAX = 64 * 1024
"""Live events of one lane in memory: what is in flight at most, once more."""

AWAITED_BYTES_MAX = 64 * 1024
"""Live events of one lane that are in memory only while the disk refuses.  A panel that has
unacknowledged reports is not read on, so there are few; they never give way to others, since a
panel that waits for its ACK says nothing more, not even that it burns."""

LIVE_AGE_NS_MAX = 60_000_000_000
"""An event that waited longer for a connection is no longer news: it goes as backlog."""

FETCH_BYTES = 64 * 1024  # one read of the source
FETCH_LOW_BYTES = 32 * 1024  # read on before the last portion is used up


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event not yet sent; `offered_ns` None: it was read from the source."""

    event: Outgoing
    offered_ns: int | None

    @property
    def live(self) -> bool:
        """Whether it has been in memory since it was recorded."""
        return self.offered_ns is not None


class LaneQueue:
    """One lane: live events, then what was read from the source."""

    def __init__(self) -> None:
        self.live: dict[Key, Waiting] = {}
        self.backlog: dict[Key, Waiting] = {}
        self.live_bytes = 0
        self.awaited: dict[Key, Waiting] = {}  # live ones that a panel may be waiting for
        self.awaited_bytes = 0
        self.backlog_bytes = 0
        self.behind = True  # the source may hold what is neither here nor in flight
        self.cursor: Cursor | None = None
        self._missed = False  # something was dropped that a read under way may not see

    def offer(self, event: Outgoing, offered_ns: int) -> None:
        """Hold a live event, or leave it to the source where memory is full."""
        size = len(event.data)
        if event.awaited and self.awaited_bytes + size <= AWAITED_BYTES_MAX:
            self.awaited[event.key] = Waiting(event, offered_ns)
            self.awaited_bytes += size
        elif self.live_bytes + size <= LIVE_BYTES_MAX:
            self.live[event.key] = Waiting(event, offered_ns)
            self.live_bytes += size
        else:
            self.miss()

    def miss(self) -> None:
        """The source must be read again, from its oldest."""
        self.behind = self._missed = True

    def start_over(self, now_ns: int) -> None:
        """A new connection: what is old or was read goes back to the source."""
        for waiting in list(self.live.values()):
            if now_ns - (waiting.offered_ns or 0) > LIVE_AGE_NS_MAX:
                self.take(waiting.event.key)
        self.backlog.clear()
        self.backlog_bytes = 0
        self.cursor = None
        self.miss()

    def give_back(self, returned: list[Waiting]) -> None:
        """Hold live events again, ahead of the others, that were in flight when a link broke."""
        later = [*self.awaited.values(), *self.live.values()]
        self.live.clear()
        self.awaited.clear()
        self.live_bytes = self.awaited_bytes = 0
        for waiting in [*returned, *later]:
            self.offer(waiting.event, waiting.offered_ns or 0)

    def reading(self) -> None:
        """A read of the source begins, at `cursor`."""
        if self.cursor is None:
            self._missed = False

    def fetched(self, events: list[Outgoing], after: Cursor | None) -> None:
        """Take what was read; at the end of the source, read again only if something was missed."""
        for event in events:
            self.backlog[event.key] = Waiting(event, None)
            self.backlog_bytes += len(event.data)
        self.cursor = after
        if after is None:
            self.behind = self._missed

    def wants_more(self) -> bool:
        """Whether the source should be read now."""
        return self.behind and self.backlog_bytes < FETCH_LOW_BYTES

    def find(self, key: Key) -> Waiting | None:
        """Return the waiting event of that name."""
        return self.awaited.get(key) or self.live.get(key) or self.backlog.get(key)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits in memory."""
        return not (self.awaited or self.live or self.backlog)

    @property
    def waiting_bytes(self) -> int:
        """How many bytes wait in memory."""
        return self.awaited_bytes + self.live_bytes + self.backlog_bytes

    def take(self, key: Key) -> None:
        """Remove the waiting event of that name."""
        if (waiting := self.live.pop(key, None)) is not None:
            self.live_bytes -= len(waiting.event.data)
        if (waiting := self.awaited.pop(key, None)) is not None:
            self.awaited_bytes -= len(waiting.event.data)
        if (waiting := self.backlog.pop(key, None)) is not None:
            self.backlog_bytes -= len(waiting.event.data)
