"""A simulated path, broker, center and journal around one outbox: time is a number.

The path has a rate and a delay each way; the center receipts what arrives, message by message.
Faults are switches: no path, no center, events that the center passes over, forged digests; and of
each path: `down` refuses, a `hole` swallows without a word, `deaf` is a broker without its center.
"""

import hashlib
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from edge_agent.evidence.receipt import Range, Receipt, range_digest
from edge_agent.uplink.messages import (
    Action,
    Answered,
    Connect,
    Connected,
    Disconnect,
    Fetch,
    Fetched,
    Greet,
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
    Ping,
    Probe,
    Publish,
    Receipted,
    Started,
    Ticked,
    Topic,
    Use,
)
from edge_agent.uplink.outbox import Outbox
from edge_agent.uplink.paths import Phase

MS = 1_000_000
TURNS_MAX = 100_000  # of one run; a drain of its largest backlog takes a tenth
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
    one_broker: bool = True  # all paths lead to it: it drops the older main connection
    down: set[int] = field(default_factory=set)
    hole: set[int] = field(default_factory=set)
    deaf: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.paths)
        self.links: dict[int, int] = {}  # accepted connections: their path
        self.probes: set[int] = set()
        self.doubled: list[Key] = []  # arrivals of what the center held, but the genesis
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
        self._kept: list[tuple[Receipt, tuple[Outgoing, ...]]] = []  # in the broker's session
        self._asked: set[int] = set()  # attempts that are being made
        self._main = 0

    # ---- driving

    def start(self) -> "World":
        self.feed(Started(EPOCH))
        return self

    def at(self, when: int, call: Callable[[], object]) -> None:
        heapq.heappush(self._due, (when, next(self._number), call))

    def run(self, for_ns: int) -> None:
        end = self.now + for_ns
        turns = 0
        while True:
            turns += 1
            assert turns < TURNS_MAX, f"it spins at {self.now}: {self.outbox.deadline_ns()}"
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
        """The attempt of the main connection, or of the one that is being made; 0 for none."""
        return self.outbox.paths.attempt if self.outbox.paths.phase is not Phase.WAITING else 0

    @property
    def path(self) -> int | None:
        """The path in use."""
        return self.outbox.paths.path if self.outbox.paths.phase is Phase.UP else None

    def cut(self, reason: str = "cut") -> None:
        """The present connection breaks; what is under way on it is gone."""
        self._end(self.connection, reason)

    def cut_path(self, path: int) -> None:
        """All connections over a path break, and it refuses new ones."""
        self.down.add(path)
        for attempt in [one for one, way in self.links.items() if way == path]:
            self._end(attempt, "cut")

    def _end(self, attempt: int, reason: str) -> None:
        self.links.pop(attempt, None)
        self._asked.discard(attempt)
        self.feed(Lost(attempt, reason, self.jitter))

    # ---- what the outbox asks for

    def _perform(self, action: Action) -> None:
        match action:
            case Connect() | Probe() | Greet() | Ping() | Use() | Disconnect():
                self._connect(action)
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
            case PathFault() | PathBack():
                self.told.append(action)

    def _connect(self, action: Connect | Probe | Greet | Ping | Use | Disconnect) -> None:
        match action:
            case Connect(path, attempt, patience) | Probe(path, attempt, patience):
                self._asked.add(attempt)
                if isinstance(action, Probe):
                    self.probes.add(attempt)
                trip = 4 * self.road.delay_ns
                self.at(self.now + trip, lambda: self._answer(path, attempt, patience))
            case Greet(attempt, genesis):
                self._carry(Topic.EVENTS, (genesis,), attempt)
            case Ping(attempt):
                trip = 2 * self.road.delay_ns
                self.at(self.now + trip, lambda: self._pong(attempt))
            case Use(attempt):
                self._main = attempt
                self.introduced.clear()
                kept, self._kept = self._kept, []
                for receipt, events in kept:
                    self.at(self.now + MS, lambda r=receipt, e=events: self._hear(r, e, 0))  # type: ignore[misc]  # bound here
                self.told.append(action)
            case Disconnect(_, attempt, _):
                self.links.pop(attempt, None)
                self._asked.discard(attempt)
                self.told.append(action)

    def _answer(self, path: int, attempt: int, patience: int) -> None:
        if attempt not in self._asked:
            return
        if path in self.hole:
            late = lambda: self._end(attempt, "late") if attempt in self._asked else None  # noqa: E731  a call for later
            self.at(self.now + patience, late)
            return
        self._asked.discard(attempt)
        if not self.broker_up or path in self.down:
            self.feed(Lost(attempt, "nobody listens", self.jitter))
            return
        older = [one for one in self.links if one not in self.probes and self._one(one, path)]
        self.links[attempt] = path
        if attempt not in self.probes:
            for one in older:  # before or after our own CONNACK, as it happens
                self.at(self.now + MS * round(self.jitter), lambda one=one: self._take_over(one))  # type: ignore[misc]  # bound here
        self.feed(Connected(attempt, 65535, self.jitter))

    def _one(self, attempt: int, path: int) -> bool:
        """Whether a connection and a path lead to one broker."""
        return self.one_broker or self.links[attempt] == path

    def _take_over(self, attempt: int) -> None:
        if attempt in self.links:
            if self.links[attempt] in self.hole:
                del self.links[attempt]  # nobody hears it
            else:
                self._end(attempt, "taken over")

    def _pong(self, attempt: int) -> None:
        if attempt in self.links and self.links[attempt] not in self.hole:
            self.feed(Answered(attempt))

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

    def _carry(self, topic: Topic, events: tuple[Outgoing, ...], over: int = 0) -> None:
        attempt = over or self._main
        if not over:
            assert self.outbox.paths.phase is Phase.UP
            for event in events:
                self.introduced |= {event.epoch} if event.seq == 0 else set()
                assert event.epoch in self.introduced, "an event before its genesis"
            self.published.append((topic, events))
        arrived = self._transmit("up", sum(len(event.data) for event in events) + 90)
        self.at(arrived, lambda: self._arrive(topic, events, attempt))

    def _arrive(self, topic: Topic, events: tuple[Outgoing, ...], attempt: int) -> None:
        path = self.links.get(attempt)
        if path is None or path in self.hole:
            return
        self.feed(Answered(attempt))  # PUBACK
        if not self.center_up or path in self.deaf:
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
            if event.key in self.at_center and event.seq:
                self.doubled.append(event.key)
            self.at_center.setdefault(event.key, self.now)
        receipt = make_receipt(events, forged=self.forging)
        arrived = self._transmit("down", 250)
        self.at(arrived, lambda: self._hear(receipt, events, attempt))
        self._commit(topic, attempt)

    def _hear(self, receipt: Receipt, events: tuple[Outgoing, ...], attempt: int) -> None:
        """The receipt goes to every connection to its broker; without one the session keeps it."""
        came_over = self.links.get(attempt)
        reached = [
            one
            for one, path in self.links.items()
            if self.one_broker or path == came_over or attempt == 0
        ]
        if not any(one not in self.probes for one in reached):
            self._kept.append((receipt, events))
        for one in reached:
            if self.links.get(one) in self.hole or one not in self.links:
                continue
            if one not in self.probes:
                for event in events:
                    self.receipted_at.setdefault(event.key, self.now)
            self.feed(Receipted(receipt, one))

    def latencies_ms(self, lane: int) -> list[float]:
        return sorted(
            (self.receipted_at[key] - offered) / MS
            for key, offered in self.offered_at.items()
            if key in self.receipted_at and self.lane_of[key] == lane
        )

    lane_of: dict[Key, int] = field(default_factory=dict)
