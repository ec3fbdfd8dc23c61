"""A simulated path, broker, center and journal around one outbox: time is a number.

The path has a rate and a delay each way; the center receipts what arrives, message by message.
Faults are switches: no path, no center, events that the center passes over, forged digests.
"""

import hashlib
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from edge_agent.evidence.receipt import Range, Receipt, range_digest
from edge_agent.uplink.messages import (
    Action,
    Connect,
    Connected,
    Disconnect,
    Fetch,
    Fetched,
    Input,
    Introduce,
    Introduced,
    Key,
    LetGo,
    Lost,
    Offered,
    Outgoing,
    PathBack,
    PathFault,
    Publish,
    Receipted,
    Started,
    Ticked,
    Topic,
)
from edge_agent.uplink.outbox import Outbox
from edge_agent.uplink.paths import Phase

MS = 1_000_000
SECOND = 1_000_000_000
EPOCH = b"epoch001"
OLD_EPOCH = b"epoch000"


def make_event(seq: int, lane: int = 5, size: int = 300, epoch: bytes = EPOCH) -> Outgoing:
    data = bytes(size - 8) + seq.to_bytes(8, "big")
    return Outgoing(epoch, seq, lane, hashlib.sha256(epoch + data).digest(), data)


def make_receipt(events: list[Outgoing] | tuple[Outgoing, ...], *, forged: bool = False) -> Receipt:
    """Return a receipt with one range for each run of neighbouring numbers."""
    ranges: list[Range] = []
    ordered = sorted({event.key: event for event in events}.values(), key=lambda e: e.key)
    for _, run in itertools.groupby(enumerate(ordered), lambda p: (p[1].epoch, p[1].seq - p[0])):
        events_of_run = [event for _, event in run]
        digest = range_digest(event.leaf for event in events_of_run)
        ranges.append(
            Range(
                events_of_run[0].epoch,
                events_of_run[0].seq,
                events_of_run[-1].seq,
                hashlib.sha256(digest).digest() if forged else digest,
            )
        )
    return Receipt("gw1", "center", 0, tuple(ranges))


@dataclass
class Road:
    """What lies between gateway and center."""

    rate_bytes_s: int = 10_000_000
    delay_ns: int = 1 * MS  # one way
    center_ns: int = 1 * MS  # a commit, shared by what waits
    event_ns: int = 200_000  # the center's work for one event


@dataclass
class World:
    road: Road = field(default_factory=Road)
    paths: int = 1
    now: int = SECOND
    broker_up: bool = True
    center_up: bool = True
    forging: bool = False
    passed_over: set[Key] = field(default_factory=set)
    jitter: float = 0.5

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.paths)
        self.source: dict[Key, Outgoing] = {}
        self.genesis = {epoch: make_event(0, 5, 300, epoch) for epoch in (EPOCH, OLD_EPOCH)}
        self.at_center: dict[Key, int] = {}
        self.receipted_at: dict[Key, int] = {}
        self.offered_at: dict[Key, int] = {}
        self.published: list[tuple[Topic, tuple[Outgoing, ...]]] = []
        self.told: list[Action] = []
        self.bytes_out_max = 0
        self.introduced: set[bytes] = set()
        self._due: list[tuple[int, int, Callable[[], object]]] = []
        self._number = itertools.count()
        self._path_free = {"up": 0, "down": 0}
        self._turn: dict[Topic, list[Outgoing]] = {}  # what waits for the center's next commit
        self._busy = dict.fromkeys(Topic, False)
        self._attempt = 0

    # ---- driving

    def start(self) -> "World":
        self.feed(Started(EPOCH))
        return self

    def at(self, when: int, call: Callable[[], object]) -> None:
        heapq.heappush(self._due, (when, next(self._number), call))

    def run(self, for_ns: int) -> None:
        end = self.now + for_ns
        while True:
            deadline = self.outbox.deadline_ns()
            next_due = self._due[0][0] if self._due else None
            when = min((t for t in (deadline, next_due) if t is not None), default=end + 1)
            if when > end:
                break
            self.now = max(self.now, when)
            if next_due is not None and next_due <= self.now:
                heapq.heappop(self._due)[2]()
            else:
                self.feed(Ticked(self.jitter))
        self.now = end

    def feed(self, happened: Input) -> list[Action]:
        actions = self.outbox.handle(happened, self.now)
        for action in actions:
            self._perform(action)
        self.bytes_out_max = max(self.bytes_out_max, self.outbox.window.bytes_out)
        return actions

    def record(self, event: Outgoing, *, offered: bool = True) -> None:
        self.source[event.key] = event
        self.offered_at[event.key] = self.now
        if offered:
            self.feed(Offered(event))

    @property
    def connection(self) -> int:
        """The attempt that stands or is being made, 0 for none."""
        return self._attempt

    def cut(self, reason: str = "cut") -> None:
        """The present connection breaks; what is under way on it is gone."""
        attempt, self._attempt = self._attempt, 0
        self.feed(Lost(attempt, reason, self.jitter))

    # ---- what the outbox asks for

    def _perform(self, action: Action) -> None:
        match action:
            case Publish(topic, events):
                self._carry(topic, events)
            case LetGo(epoch, seqs):
                for seq in seqs:
                    assert (epoch, seq) in self.at_center, "let go of what the center has not"
                    self.source.pop((epoch, seq), None)
            case Fetch():
                self.at(self.now + MS, lambda: self.feed(self._fetch(action)))
            case Introduce(epoch):
                found = Introduced(epoch, self.genesis.get(epoch))
                self.at(self.now + MS, lambda: self.feed(found))
            case Connect(_, attempt):
                self._attempt = attempt
                self.introduced.clear()
                trip = 4 * self.road.delay_ns
                self.at(self.now + trip, lambda: self._answer(attempt))
            case Disconnect():
                self._attempt = 0
                self.told.append(action)
            case PathFault() | PathBack():
                self.told.append(action)

    def _answer(self, attempt: int) -> None:
        if attempt != self._attempt:
            return
        if self.broker_up:
            self.feed(Connected(attempt, 65535))
        else:
            self.feed(Lost(attempt, "nobody listens", self.jitter))

    def _fetch(self, asked: Fetch) -> Fetched:
        chosen: list[Outgoing] = []
        size = 0
        for event in list(self.source.values()):
            behind = asked.after is not None and event.key <= asked.after  # type: ignore[operator]  # the cursor is a key here
            if event.lane != asked.lane or behind:
                continue
            if size + len(event.data) > asked.bytes_max:
                return Fetched(asked.request, tuple(chosen), chosen[-1].key)
            chosen.append(event)
            size += len(event.data)
        return Fetched(asked.request, tuple(chosen), None)

    # ---- path and center

    def _transmit(self, way: str, size: int) -> int:
        """Return when `size` bytes have arrived at the other end."""
        begin = max(self.now, self._path_free[way])
        self._path_free[way] = begin + size * SECOND // self.road.rate_bytes_s
        return self._path_free[way] + self.road.delay_ns

    def _carry(self, topic: Topic, events: tuple[Outgoing, ...]) -> None:
        assert self.outbox.paths.phase is Phase.UP
        for event in events:
            self.introduced |= {event.epoch} if event.seq == 0 else set()
            assert event.epoch in self.introduced, "an event before its genesis"
        self.published.append((topic, events))
        arrived = self._transmit("up", sum(len(event.data) for event in events) + 90)
        attempt = self._attempt
        self.at(arrived, lambda: self._arrive(topic, events, attempt))

    def _arrive(self, topic: Topic, events: tuple[Outgoing, ...], attempt: int) -> None:
        if attempt != self._attempt or not self.center_up:
            return
        taken = [event for event in events if event.key not in self.passed_over]
        self._turn.setdefault(topic, []).extend(taken)
        if not self._busy[topic]:
            self._commit(topic, attempt)

    def _commit(self, topic: Topic, attempt: int) -> None:
        events = tuple(self._turn.pop(topic, ()))
        self._busy[topic] = bool(events)
        if events:
            took = self.road.center_ns + len(events) * self.road.event_ns
            self.at(self.now + took, lambda: self._store(topic, events, attempt))

    def _store(self, topic: Topic, events: tuple[Outgoing, ...], attempt: int) -> None:
        for event in events:
            self.at_center.setdefault(event.key, self.now)
        receipt = make_receipt(events, forged=self.forging)
        arrived = self._transmit("down", 250)
        self.at(arrived, lambda: self._hear(receipt, events, attempt))
        self._commit(topic, attempt)

    def _hear(self, receipt: Receipt, events: tuple[Outgoing, ...], attempt: int) -> None:
        if attempt != self._attempt:
            return
        for event in events:
            self.receipted_at.setdefault(event.key, self.now)
        self.feed(Receipted(receipt))

    def latencies_ms(self, lane: int) -> list[float]:
        return sorted(
            (self.receipted_at[key] - offered) / MS
            for key, offered in self.offered_at.items()
            if key in self.receipted_at and self.lane_of[key] == lane
        )

    lane_of: dict[Key, int] = field(default_factory=dict)
