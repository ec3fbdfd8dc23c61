"""The uplink's shell: performs what the outbox decides, verifies receipts, sends the heartbeat.

Everything runs on the loop.  An offered event goes to the socket within the call of `offer`; what
comes from outside (receipts, connections, reads of the source) is handed to `run`, so that a
defect found there ends the process instead of a callback.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from edge_agent.clock import Clock
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature
from edge_agent.evidence.receipt import Receipt, open_receipt
from edge_agent.evidence.tree import leaf_hash
from edge_agent.uplink.connections import Connections, Listener
from edge_agent.uplink.dial import CenterAccess
from edge_agent.uplink.messages import (
    Action,
    Answered,
    Connect,
    Connected,
    Cursor,
    Disconnect,
    Fetch,
    Fetched,
    FetchFailed,
    Greet,
    Input,
    Introduce,
    Introduced,
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
    Unread,
    Use,
)
from edge_agent.uplink.outbox import Outbox, Tally
from edge_agent.uplink.paths import Phase
from edge_agent.uplink.supervision import Rhythm
from edge_agent.uplink.trouble import Trouble

log = structlog.get_logger()

STATUS_INTERVAL_S = 25.0
"""Of the 90 s reporting time of EN 50136 three are missed before a fault, with time to judge."""

ANSWERS_GAP_NS = 250_000_000
"""In a drain the broker answers a thousand times a second; told so often it costs nothing."""

STATUS_GAP_S_MIN = 0.5  # changes within this share one status message


@dataclass(frozen=True, slots=True)
class Portion:
    """What one read of the source gave: `next` None means that the lane's end was reached."""

    events: tuple[Outgoing, ...]
    next: Cursor | None


class Source(Protocol):
    """The journal, as the uplink sees it: it has everything unreceipted."""

    async def fetch(self, lane: int, after: Cursor | None, bytes_max: int) -> Portion:
        """Return unreceipted events of `lane`, oldest first.  May raise OSError."""

    async def genesis(self, epoch: bytes) -> bytes | None:
        """Return the genesis envelope of `epoch`, None where there is none.  May raise OSError."""

    def release(self, epoch: bytes, seqs: tuple[int, ...], receipt: bytes) -> None:
        """The center holds these: `receipt` is its signed word."""

    def path(self, center: str, path: str, up: bool, reason: str) -> None:
        """Record that a way to the center came or went."""


@dataclass(frozen=True, slots=True)
class Site:
    """Whose events these are: gateway id, running epoch, and its signed heartbeat when asked.

    `is_stopping` tells whether the agent stops in order: then the heartbeat, asked once more at the
    end, is its good-bye.  `commanded` is handed what comes as a command, unread, and whether the
    broker was to keep it; it must only hand over.
    """

    gateway: str
    epoch: bytes
    status: Callable[[], bytes]
    status_interval_s: float = STATUS_INTERVAL_S
    is_stopping: Callable[[], bool] = lambda: False
    commanded: Callable[[bytes, bool], None] = lambda _data, _retained: None


@dataclass(frozen=True, slots=True)
class PathView:
    """One way to the center: `good` as last proven, None where never tried; `reason` why not."""

    path: str
    in_use: bool
    good: bool | None
    since_ns: int | None  # boot time
    reason: str


@dataclass(frozen=True, slots=True)
class UplinkView:
    """How the uplink stands: for status and heartbeat.  Times are None where unknown."""

    center: str
    path: str
    paths: tuple[PathView, ...]
    connected: bool
    proven: bool  # a receipt came over this path since its last fault
    since_ns: int | None  # boot time of the connection
    outstanding_events: int
    outstanding_bytes: int
    waiting_bytes: int  # in memory, not yet sent
    behind: tuple[int, ...]  # lanes of which the journal holds more than memory
    round_trip_ns: int | None
    rate_bytes_s: int
    window_bytes: int
    set_aside: int
    receipts_refused: int
    publishes_refused: int
    last_trouble: str
    tally: Tally


@dataclass(slots=True)
class _Refusals:
    """What was not taken, counted since the start."""

    receipts: int = 0
    publishes: int = 0
    told: set[str] = field(default_factory=set)


class Uplink:
    """The way to one center."""

    def __init__(
        self,
        site: Site,
        center: CenterAccess,
        source: Source,
        clock: Clock,
        rhythm: Rhythm | None = None,
    ) -> None:
        self._site = site
        self._center = center
        self._source = source
        self._clock = clock
        self._outbox = Outbox(len(center.paths), rhythm)
        listener = Listener(
            connected=self._connected,
            lost=self._lost,
            alive=self._alive,
            heard=self._heard,
            refused=self._publish_refused,
            unread=self._unread,
        )
        prefix = f"edge/v1/{site.gateway}/"
        self._receipts = f"{prefix}receipts"
        self._commands = f"{prefix}commands"
        self._connections = Connections(center, prefix, listener)
        self._news: deque[Input | tuple[int, bytes]] = deque()  # receipts are not yet verified
        self._alive_ns = 0
        self._wake = asyncio.Event()
        self._status_wanted = asyncio.Event()
        self._timer: tuple[int, asyncio.TimerHandle] | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._refusals = _Refusals()
        self._trouble: Trouble | None = None

    # ---- what the agent calls

    def offer(self, event: Outgoing) -> None:
        """Send an event that was recorded just now; the source has it too.  On the loop."""
        if self._tasks is not None:  # before and after `run` the source is enough
            self._take(Offered(event))

    def status_changed(self) -> None:
        """Send a heartbeat soon, not only at its time."""
        self._status_wanted.set()

    def reply(self, payload: bytes) -> None:
        """Send the answer to a command; one that gets lost is asked for again by the center.

        Not acknowledged by the broker: how many such messages it takes is the events' to use up.
        """
        if self._outbox.paths.phase is Phase.UP:
            self._publish("replies", payload, qos=0)

    def is_idle(self) -> bool:
        """Whether everything was sent and receipted: the line is free for what can wait."""
        box = self._outbox
        waits = any(lane.waiting_bytes or lane.behind for lane in box.lanes)
        return box.paths.phase is Phase.UP and not (waits or box.flights.out)

    def hand_over(self, piece: bytes) -> "asyncio.Future[str]":
        """Send a piece of a file; the future says why the broker did not take it, or nothing.

        One at a time, and only while `is_idle`: events go first.
        """
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._connections.hand_over("files", piece, done.set_result)
        return done

    async def run(self) -> None:
        """Keep the center supplied until cancelled; then say good-bye to the broker."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                heartbeat = tasks.create_task(self._heartbeat())
                self._take(Started(self._site.epoch))
                try:
                    await self._listen()
                finally:
                    self._tasks = None  # no offer asks the source any more
                    heartbeat.cancel()
        finally:
            self._stop()

    def view(self) -> UplinkView:
        """Return how the uplink stands now."""
        box, now_ns = self._outbox, self._clock.boottime_ns()
        up = box.paths.phase is Phase.UP
        return UplinkView(
            center=self._center.name,
            path=self._center.paths[box.paths.path].where,
            paths=tuple(
                PathView(
                    access.where,
                    up and number == box.paths.path,
                    way.good,
                    way.since_ns,
                    way.reason,
                )
                for number, (access, way) in enumerate(
                    zip(self._center.paths, box.paths.ways, strict=True)
                )
            ),
            connected=up,
            proven=up and box.paths.ways[box.paths.path].good is True,
            since_ns=box.paths.since_ns if up else None,
            outstanding_events=len(box.flights.out),
            outstanding_bytes=box.window.bytes_out,
            waiting_bytes=sum(lane.waiting_bytes for lane in box.lanes),
            behind=tuple(number for number, lane in enumerate(box.lanes) if lane.behind),
            round_trip_ns=box.window.round_trip_ns,
            rate_bytes_s=box.window.rate_bytes_s,
            window_bytes=box.window.limit_bytes(now_ns),
            set_aside=len(box.flights.aside),
            receipts_refused=self._refusals.receipts,
            publishes_refused=self._refusals.publishes,
            last_trouble=str(self._trouble or ""),
            tally=box.tally,
        )

    # ---- the loop that takes news

    async def _listen(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._news:
                news = self._news.popleft()
                if isinstance(news, tuple):
                    self._open(*news)
                else:
                    self._take(news)
            self._tick()

    def _tick(self) -> None:
        deadline_ns = self._outbox.deadline_ns()
        if deadline_ns is not None and self._clock.boottime_ns() >= deadline_ns:
            self._take(Ticked(_jitter()))

    def _tell(self, news: Input | tuple[int, bytes]) -> None:
        self._news.append(news)
        self._wake.set()

    def _take(self, happened: Input, receipt: bytes = b"") -> None:
        actions = self._outbox.handle(happened, self._clock.boottime_ns())
        for action in actions:
            self._perform(action, receipt)
        self._arm()

    def _arm(self) -> None:
        """Have `run` woken at the deadline; a timer that is early enough stays."""
        deadline_ns = self._outbox.deadline_ns()
        if deadline_ns is None or (self._timer is not None and self._timer[0] <= deadline_ns):
            return
        if self._timer is not None:
            self._timer[1].cancel()
        after_s = max(0, deadline_ns - self._clock.boottime_ns()) / 1e9
        handle = asyncio.get_running_loop().call_later(after_s, self._due)
        self._timer = (deadline_ns, handle)

    def _due(self) -> None:
        self._timer = None
        self._wake.set()
        # a timer of the loop may fire a moment before boot time says so
        if (self._outbox.deadline_ns() or 0) > self._clock.boottime_ns():
            self._arm()

    # ---- what the outbox asks for

    def _perform(self, action: Action, receipt: bytes) -> None:
        match action:
            case Publish(topic, events):
                self._publish(topic, b"".join(event.data for event in events), qos=1)
            case LetGo(epoch, seqs):
                self._source.release(epoch, seqs, receipt)
            case Fetch():
                self._spawn(self._fetch(action))
            case Introduce(epoch):
                self._spawn(self._introduce(epoch))
            case Use(attempt):
                self._connections.use(attempt)
                self.status_changed()
            case PathFault(path, reason):
                where = self._center.paths[path].where
                log.warning("path lost", center=self._center.name, path=where, reason=reason)
                self._source.path(self._center.name, where, False, reason)
                self.status_changed()
            case PathBack(path):
                where = self._center.paths[path].where
                log.info("path proven by a receipt", center=self._center.name, path=where)
                self._source.path(self._center.name, where, True, "")
                self.status_changed()
            case _:
                self._connect(action)

    def _connect(self, action: Connect | Probe | Greet | Ping | Disconnect) -> None:
        connections = self._connections
        match action:
            case Connect(path, attempt, patience_ns):
                connections.open(path, attempt, patience_ns, probe=False)
            case Probe(path, attempt, patience_ns):
                connections.open(path, attempt, patience_ns, probe=True)
            case Greet(attempt, genesis):
                connections.publish_over(attempt, Topic.EVENTS, genesis.data, qos=1)
            case Ping(attempt):
                connections.ping(attempt)
            case Disconnect(_, attempt, _, orderly):
                connections.drop(attempt, orderly=orderly)

    def _connected(self, attempt: int, messages_max: int) -> None:
        self._tell(Connected(attempt, messages_max, _jitter()))

    def _lost(self, attempt: int, why: Trouble) -> None:
        if not self._outbox.supervision.is_probe(attempt):
            self._trouble = why
        self._tell(Lost(attempt, str(why), _jitter()))

    def _alive(self, attempt: int) -> None:
        now_ns = self._clock.boottime_ns()
        awaited = self._outbox.supervision.awaits_answer
        if awaited or now_ns - self._alive_ns >= ANSWERS_GAP_NS:
            self._alive_ns = now_ns
            self._tell(Answered(attempt))

    def _unread(self) -> None:
        self._tell(Unread())
        self._tell_once("the broker has no subscriber", "is the center running?")

    def _publish(self, topic: str, payload: bytes, *, qos: int, retain: bool = False) -> None:
        self._connections.publish(topic, payload, qos=qos, retain=retain)

    def _spawn(self, work: "asyncio._CoroutineLike[None]") -> None:
        assert self._tasks is not None
        self._tasks.create_task(work)

    async def _fetch(self, asked: Fetch) -> None:
        try:
            portion = await self._source.fetch(asked.lane, asked.after, asked.bytes_max)
        except OSError as error:
            self._tell_once("journal cannot be read for the center", str(error))
            self._tell(FetchFailed(asked.request))
        else:
            self._tell(Fetched(asked.request, portion.events, portion.next))

    async def _introduce(self, epoch: bytes) -> None:
        try:
            envelope = await self._source.genesis(epoch)
        except OSError as error:
            self._tell_once("genesis cannot be read", str(error))
            envelope = None
        if envelope is None:
            self._tell_once("no genesis: events of this epoch are kept, not sent", epoch.hex())
            self._tell(Introduced(epoch, None))
            return
        genesis = Outgoing(epoch, 0, GENESIS_LANE, leaf_hash(envelope), envelope)
        self._tell(Introduced(epoch, genesis))

    # ---- what the broker brings

    def _heard(self, attempt: int, topic: str, payload: bytes, retained: bool) -> None:
        if topic == self._receipts:
            self._tell((attempt, payload))
        elif topic == self._commands:
            self._site.commanded(payload, retained)

    def _open(self, attempt: int, payload: bytes) -> None:
        try:
            receipt = open_receipt(payload, self._center.receipt_key)
        except (Malformed, BadSignature) as error:
            self._refuse_receipt(str(error))
            return
        if receipt.gateway != self._site.gateway:
            self._refuse_receipt(f"meant for gateway {receipt.gateway}")
            return
        self._receipted(receipt, attempt, payload)

    def _receipted(self, receipt: Receipt, attempt: int, payload: bytes) -> None:
        before = self._outbox.tally.receipt_mismatch
        self._take(Receipted(receipt, attempt), payload)
        if self._outbox.tally.receipt_mismatch > before:
            self._tell_once("receipt for bytes that we did not send", "kept and sent again")

    def _refuse_receipt(self, reason: str) -> None:
        self._refusals.receipts += 1
        self._tell_once("receipt refused", reason)

    def _publish_refused(self, reason: str) -> None:
        self._refusals.publishes += 1
        self._tell_once("the broker did not take a message", reason)

    def _tell_once(self, what: str, detail: str) -> None:
        """Log the first of a kind; the counters have the rest."""
        if what not in self._refusals.told:
            self._refusals.told.add(what)
            log.warning(what, center=self._center.name, detail=detail)

    # ---- heartbeat and end

    async def _heartbeat(self) -> None:
        while True:
            if self._outbox.paths.phase is Phase.UP:
                self._publish("status", self._site.status(), qos=0, retain=True)
            await asyncio.sleep(STATUS_GAP_S_MIN)
            try:
                async with asyncio.timeout(self._site.status_interval_s - STATUS_GAP_S_MIN):
                    await self._status_wanted.wait()
            except TimeoutError:
                pass
            self._status_wanted.clear()

    def _stop(self) -> None:
        self._tasks = None
        if self._timer is not None:
            self._timer[1].cancel()
            self._timer = None
        if self._site.is_stopping() and self._outbox.paths.phase is Phase.UP:
            self._publish("status", self._site.status(), qos=0, retain=True)
        self._connections.close()


GENESIS_LANE = 5
"""The lane that a genesis read for an introduction is held in: it is state, and urgent to none."""


def _jitter() -> float:
    return random.random()  # noqa: S311  spreads reconnects, hides nothing
