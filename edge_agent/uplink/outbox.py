"""Decides what is published when, over which path, and what the source may forget.

Urgent lanes go first, within a lane live events before the backlog; what is in flight is bounded
by the window, and only verified receipts free it.  After a reconnect everything unreceipted is
sent again.  Memory holds a bounded part; the source (the journal) has everything unreceipted.
The facts behind it: a default mosquitto drops silently what exceeds 1000 queued messages after
it acknowledged them, so PUBACK frees nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.domain.kinds import Lane
from edge_agent.evidence.receipt import Range, Receipt
from edge_agent.uplink.flights import Flight, Flights, Verdict
from edge_agent.uplink.introductions import Introductions
from edge_agent.uplink.lanes import FETCH_BYTES, LaneQueue, Waiting
from edge_agent.uplink.messages import (
    Action,
    Answered,
    Connected,
    Fetch,
    Fetched,
    FetchFailed,
    Input,
    Introduce,
    Introduced,
    Key,
    LetGo,
    Lost,
    Offered,
    Outgoing,
    Publish,
    Receipted,
    Started,
    Ticked,
    Topic,
    Unread,
)
from edge_agent.uplink.paths import Joined, Paths, Phase
from edge_agent.uplink.supervision import Rhythm, Supervision, Traffic
from edge_agent.uplink.window import MESSAGE_OVERHEAD_BYTES, Sent, Urgency, Window

LIFE_LANE_MAX = Lane.FIRE  # live events up to here wait for nothing
URGENT_LANE_MAX = Lane.INTRUSION  # live events up to here never wait for the window
ALARM_LANE_MAX = Lane.VERDICT  # live events up to here go to the topic `alarms`

EVENTS_A_MESSAGE_MAX = 64
"""16 KiB of the smallest envelopes are about as many; one transaction of the center stays short."""

UNREAD_NS_MIN = 500_000_000
UNREAD_NS_MAX = 8_000_000_000
"""How soon everything is sent again after the broker dropped a message because nobody subscribed:
after a restart of the broker the gateway is often back before the center."""

FETCH_RETRY_NS = 5_000_000_000  # a source that could not read: its disk, which has its own alarm


@dataclass(slots=True)
class Tally:
    """What went wrong with receipts and events, counted since the start."""

    receipt_mismatch: int = 0  # ranges whose digest was not ours
    receipt_unknown: int = 0  # ranges about events not in memory
    resent: int = 0  # passed over by the center while others were receipted
    overflowed: int = 0  # live events left to the source because memory was full
    without_genesis: int = 0  # events of an epoch whose genesis the source does not have
    let_go: int = 0


@dataclass(frozen=True, slots=True)
class _Batch:
    """One message to be."""

    topic: Topic
    waiting: tuple[Waiting, ...]
    urgency: Urgency = Urgency.NONE


class Outbox:
    """The uplink to one center with `paths` paths."""

    def __init__(self, paths: int, rhythm: Rhythm | None = None) -> None:
        self.supervision = Supervision(paths, rhythm or Rhythm())
        self.paths: Paths = self.supervision.paths  # where the main connection stands
        self.window = Window()
        self.flights = Flights()
        self.lanes = [LaneQueue() for _ in Lane]
        self.tally = Tally()
        self._introductions = Introductions()
        self._reading = _Reading()
        self._running: bytes | None = None
        self._unread = _Unread()

    def deadline_ns(self) -> int | None:
        """Return when `Ticked` is wanted, None for never."""
        times = [self.supervision.deadline_ns(self.flights.silent_ns)]
        if self.paths.phase is Phase.UP:
            retry_ns, again_ns = self._reading.retry_ns, self._unread.again_ns
            times += [self.flights.deadline_ns(), retry_ns, again_ns]
        return min((time for time in times if time is not None), default=None)

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """Take one input at `now_ns`; return what is to be done, in order."""
        actions = self._decide(happened, now_ns)
        paths = self.paths
        if paths.leaving is not None:
            self._close_left(actions, now_ns)
        if paths.phase is Phase.UP:
            if self.supervision.wants_quiet:
                quiet = not self.flights.out
                actions += self.supervision.return_if_quiet(nothing_out=quiet, now_ns=now_ns)
            self._pump(actions, now_ns)
        return actions

    def _traffic(self) -> Traffic:
        return Traffic(self.flights.silent_ns, self.window.round_trip_ns)

    def _decide(self, happened: Input, now_ns: int) -> list[Action]:
        match happened:
            case Offered(event):
                self._offer(event, now_ns)
            case Answered(attempt):
                return self.supervision.answered(attempt, now_ns)
            case Receipted(receipt, attempt):
                return self._receipted(receipt, attempt, now_ns)
            case Fetched():
                self._fetched(happened, now_ns)
            case FetchFailed(request):
                self._reading.fail(request, now_ns)
            case Introduced(epoch, genesis):
                self._introductions.answered(epoch, genesis, self._running)
            case Started(epoch):
                self._running = epoch
                ask = [Introduce(epoch)] if self._introductions.ask(epoch) else []
                return [*ask, *self.paths.start()]
            case Connected():
                return self._connected(happened, now_ns)
            case Lost(attempt, reason, jitter):
                return self.supervision.lost(attempt, reason, jitter, now_ns)
            case Unread():
                self._unread.happened(now_ns)
            case Ticked(jitter):
                return self._tick(jitter, now_ns)
        return []

    # ---- what comes in

    def _offer(self, event: Outgoing, now_ns: int) -> None:
        lane = self.lanes[event.lane]
        if lane.find(event.key) or self.flights.is_settled(event.key, now_ns):
            return  # offered twice: before its commit and after it
        lane.offer(event, now_ns)
        self.tally.overflowed += lane.find(event.key) is None

    def _connected(self, accepted: Connected, now_ns: int) -> list[Action]:
        genesis = self._introductions.known(self._running)
        joined, actions = self.supervision.connected(
            accepted.attempt, genesis, accepted.jitter, now_ns
        )
        if joined is not Joined.NOT:
            self._unread.again_ns = None
        if joined is Joined.ANEW:
            self.window.reset(accepted.messages_max)
            self._send_all_again(self.flights.start_over(), now_ns)
        elif joined is Joined.MOVED:
            self.window.moved(accepted.messages_max, now_ns)
            self._introductions.start_over()
        return actions

    def _close_left(self, actions: list[Action], now_ns: int) -> None:
        """End a connection that was left for a preferred path; send again what it leaves open."""
        moved_ns = self.supervision.moved_ns
        first = next(iter(self.flights.out.values()), None)
        owes = first is not None and first.sent.sent_ns < moved_ns
        if closing := self.paths.leave(nothing_out=not owes, now_ns=now_ns):
            actions += closing
            for flight in self.flights.recall_before(moved_ns):
                self._send_again(flight)

    def _send_all_again(self, flights: list[Flight], now_ns: int) -> None:
        self._introductions.start_over()
        self._reading.start_over()
        returned = [flight for flight in flights if flight.offered_ns is not None]
        for number, lane in enumerate(self.lanes):
            lane.give_back(
                [Waiting(f.event, f.offered_ns) for f in returned if f.event.lane == number]
            )
            lane.start_over(now_ns)

    def _fetched(self, portion: Fetched, now_ns: int) -> None:
        number = self._reading.end(portion.request)
        if number is None:
            return  # asked over an earlier connection
        lane = self.lanes[number]
        new = [
            event
            for event in portion.events
            if not lane.find(event.key) and not self.flights.is_settled(event.key, now_ns)
        ]
        lane.fetched(new, portion.next)

    def _receipted(self, receipt: Receipt, attempt: int, now_ns: int) -> list[Action]:
        if self.supervision.is_probe(attempt):
            genesis = self._introductions.known(self._running)
            return self.supervision.probe_receipted(receipt, genesis, now_ns)
        actions: list[Action] = []
        for claimed in receipt.ranges:
            match self.flights.judge(claimed, self._waiting_leaf):
                case Verdict.HELD:
                    actions += self._let_go(claimed, attempt, now_ns)
                case Verdict.MISMATCH:
                    self.tally.receipt_mismatch += 1
                case Verdict.UNKNOWN:
                    self.tally.receipt_unknown += 1
        return actions

    def _let_go(self, held: Range, attempt: int, now_ns: int) -> list[Action]:
        gone: list[int] = []
        landed = False
        for seq in range(held.first, held.last + 1):
            key = (held.epoch, seq)
            waiting = self._find_waiting(key)
            flight = self.flights.land(key, now_ns)
            if flight:
                landed = True
                self.window.receipted(flight.sent, flight.size_bytes, now_ns)
            if waiting:
                self.lanes[waiting.event.lane].take(key)
            if event := flight or waiting:
                self.flights.remember(key, event.event.leaf)
                gone.append(seq)
        self.tally.let_go += len(gone)
        self._unread.pause_ns = UNREAD_NS_MIN
        if not gone:
            return []
        let_go = LetGo(held.epoch, tuple(gone))
        if not landed:
            return [let_go]
        proved = self.supervision.receipted(attempt, now_ns, news=held.last > 0)
        return [let_go, *proved]

    def _find_waiting(self, key: Key) -> Waiting | None:
        return next((found for lane in self.lanes if (found := lane.find(key))), None)

    def _waiting_leaf(self, key: Key) -> bytes | None:
        waiting = self._find_waiting(key)
        return waiting.event.leaf if waiting else None

    def _tick(self, jitter: float, now_ns: int) -> list[Action]:
        actions = self.supervision.tick(self._traffic(), jitter, now_ns)
        self._reading.tick(now_ns)
        if self.paths.phase is not Phase.UP:
            return actions
        if self._unread.is_due(now_ns):
            self.window.again()
            self._send_all_again(self.flights.recall(), now_ns)
        for flight in self.flights.drop_late(now_ns):
            self._send_again(flight)
        if self.flights.recall_aside(now_ns):
            for lane in self.lanes:
                lane.miss()
        return actions

    def _send_again(self, flight: Flight) -> None:
        self.window.forgotten(flight.sent, flight.size_bytes)
        self.tally.resent += 1
        lane = self.lanes[flight.event.lane]
        if flight.event.key in self.flights.aside or flight.offered_ns is None:
            lane.miss()
        else:
            lane.offer(flight.event, flight.offered_ns)

    # ---- what goes out

    def _pump(self, actions: list[Action], now_ns: int) -> None:
        self._introduce_running(actions, now_ns)
        went: list[Sent] = []
        while batch := self._next_batch(actions, now_ns):
            went.append(self._send(batch, actions, now_ns))
        if not (self.supervision.wants_quiet or all(lane.is_empty for lane in self.lanes)):
            for sent in went:
                sent.full = True
        self._read_on(actions)

    def _introduce_running(self, actions: list[Action], now_ns: int) -> None:
        epoch = self._running
        if epoch is None or self._introductions.is_done(epoch):
            return
        if genesis := self._introductions.introduce(epoch):
            self._send_genesis(genesis, Topic.ALARMS, actions, now_ns)

    def _next_batch(self, actions: list[Action], now_ns: int) -> _Batch | None:
        for number, part in self._turns():
            if part:
                self._leave_out_orphans(self.lanes[number], part)
            if not part:
                continue
            first = next(iter(part.values()))
            topic = _topic(number, live=first.live)
            # the introduction may have been all that waited here
            if self._is_introduced(first, topic, actions, now_ns) and part:
                return self._fill(number, topic, part, now_ns)
        return None

    def _turns(self) -> Iterator[tuple[int, dict[Key, Waiting]]]:
        """Yield what may be sent, in order: urgent lanes first, live before backlog.

        Right after lives and fire come those live ones that a panel waits for, of any lane: it may
        hold an alarm back behind a trouble that is not acknowledged.
        """
        quiet = self.supervision.wants_quiet
        for number, lane in enumerate(self.lanes):
            if number == LIFE_LANE_MAX + 1:
                yield from ((at, one.awaited) for at, one in enumerate(self.lanes))
            elif number <= LIFE_LANE_MAX:
                yield number, lane.awaited
            yield number, lane.live
            if not quiet:
                yield number, lane.backlog

    def _leave_out_orphans(self, lane: LaneQueue, part: dict[Key, Waiting]) -> None:
        """What no genesis vouches for stays in the source: the center could only hold it."""
        while part:
            epoch = next(iter(part.values())).event.epoch
            if epoch == self._running or not self._introductions.is_missing(epoch):
                return  # live alarms go even so: held at the center is better than held here
            lane.take(next(iter(part)))
            self.tally.without_genesis += 1

    def _is_introduced(
        self, first: Waiting, topic: Topic, actions: list[Action], now_ns: int
    ) -> bool:
        epoch = first.event.epoch
        if self._introductions.is_done(epoch) or self._introductions.is_missing(epoch):
            return True
        if genesis := self._introductions.introduce(epoch):
            self._send_genesis(genesis, topic, actions, now_ns)
            return True
        if self._introductions.ask(epoch):
            actions.append(Introduce(epoch))
        return False

    def _send_genesis(
        self, genesis: Outgoing, topic: Topic, actions: list[Action], now_ns: int
    ) -> None:
        if genesis.key not in self.flights.out:
            waiting = self._find_waiting(genesis.key) or Waiting(genesis, None)
            self._send(_Batch(topic, (waiting,)), actions, now_ns)

    def _fill(
        self, number: int, topic: Topic, part: dict[Key, Waiting], now_ns: int
    ) -> _Batch | None:
        """Take from the head of `part` what fits one message; None: it must wait for receipts."""
        lane = self.lanes[number]
        live = part is not lane.backlog
        urgency = _urgency(number, awaited=part is lane.awaited) if live else Urgency.NONE
        room = self.window.room_bytes(now_ns, urgency)
        wanted = self.window.message_bytes(now_ns)
        if not live and room < min(wanted, MESSAGE_OVERHEAD_BYTES + lane.backlog_bytes):
            return None  # no tails of single events: the receipts under way make more room
        chosen, size = _take_head(part, min(room, wanted))
        return _Batch(topic, tuple(chosen), urgency) if size <= room else None

    def _send(self, batch: _Batch, actions: list[Action], now_ns: int) -> Sent:
        events = tuple(waiting.event for waiting in batch.waiting)
        size = MESSAGE_OVERHEAD_BYTES + sum(len(event.data) for event in events)
        sent = self.window.sent(size, len(events), now_ns, batch.urgency)
        overhead = MESSAGE_OVERHEAD_BYTES  # counted with the first event
        for waiting in batch.waiting:
            event = waiting.event
            self.lanes[event.lane].take(event.key)
            size = len(event.data) + overhead
            self.flights.add(Flight(event, waiting.offered_ns, batch.topic, sent, size))
            overhead = 0
        actions.append(Publish(batch.topic, events))
        return sent

    def _read_on(self, actions: list[Action]) -> None:
        """Read the most urgent lane that is behind; lower ones wait until its end is reached."""
        if self._reading.busy:
            return
        for number, lane in enumerate(self.lanes):
            if lane.behind:
                if lane.wants_more():
                    actions.append(self._reading.begin(number, lane))
                return


class _Unread:
    """When everything is sent again because nobody had subscribed."""

    def __init__(self) -> None:
        self.again_ns: int | None = None
        self.pause_ns = UNREAD_NS_MIN

    def happened(self, now_ns: int) -> None:
        if self.again_ns is None:
            self.again_ns = now_ns + self.pause_ns
            self.pause_ns = min(2 * self.pause_ns, UNREAD_NS_MAX)

    def is_due(self, now_ns: int) -> bool:
        due = self.again_ns is not None and now_ns >= self.again_ns
        if due:
            self.again_ns = None
        return due


class _Reading:
    """The one read of the source that may be under way."""

    def __init__(self) -> None:
        self.retry_ns: int | None = None
        self._request = 0
        self._lane: int | None = None

    @property
    def busy(self) -> bool:
        return self._lane is not None or self.retry_ns is not None

    def start_over(self) -> None:
        self._lane = self.retry_ns = None

    def begin(self, number: int, lane: LaneQueue) -> Fetch:
        self._request += 1
        self._lane = number
        lane.reading()
        return Fetch(self._request, number, lane.cursor, FETCH_BYTES)

    def end(self, request: int) -> int | None:
        if request != self._request:
            return None
        number, self._lane = self._lane, None
        return number

    def fail(self, request: int, now_ns: int) -> None:
        if self.end(request) is not None:
            self.retry_ns = now_ns + FETCH_RETRY_NS

    def tick(self, now_ns: int) -> None:
        if self.retry_ns is not None and now_ns >= self.retry_ns:
            self.retry_ns = None


def _urgency(lane: int, *, awaited: bool) -> Urgency:
    """Return which reserves live events may use."""
    if lane <= LIFE_LANE_MAX:
        return Urgency.LIFE
    return Urgency.INTRUSION if awaited or lane <= URGENT_LANE_MAX else Urgency.NONE


def _topic(lane: int, *, live: bool) -> Topic:
    return Topic.ALARMS if live and lane <= ALARM_LANE_MAX else Topic.EVENTS


def _take_head(part: dict[Key, Waiting], bytes_max: int) -> tuple[list[Waiting], int]:
    """Return the first events of one epoch that fit, at least one, and their size as a message."""
    chosen: list[Waiting] = []
    size = MESSAGE_OVERHEAD_BYTES
    for waiting in part.values():
        grown = size + len(waiting.event.data)
        if chosen and (grown > bytes_max or waiting.event.epoch != chosen[0].event.epoch):
            break
        chosen.append(waiting)
        size = grown
        if len(chosen) == EVENTS_A_MESSAGE_MAX:
            break
    return chosen, size
