"""Makes every signal evidence: number, root, signature; then the journal, the panel's ACK.

Two threads meet here.  The `Notary` runs on the journal's thread and decides what is signed.  The
`Recorder` lives on the loop: it hands drafts over, learns what is durable and tells those who wait.
*Durable* means fsynced here or receipted by a center; whichever comes first settles the promise
that a panel's ACK waits for.  One center is enough: the promise is that the signal is not lost, and
it is stored and known then; the other centers get theirs all the same.
"""

import asyncio
import functools
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import structlog

from edge_agent.clock import Clock
from edge_agent.daemon.listeners import Hearing
from edge_agent.domain.event import Body, Draft, EventType
from edge_agent.domain.finding import REMEDIES, RULES, URGENT, Finding
from edge_agent.domain.kinds import Lane, lane_of
from edge_agent.domain.recent import RecentFrames
from edge_agent.domain.session import Fault, FaultKind, Recent
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Stamp
from edge_agent.domain.standing import Standing
from edge_agent.evidence.bodies import (
    ActBody,
    FindingBody,
    JournalBody,
    JournalChange,
    LinkBody,
    Severity,
    SignalBody,
)
from edge_agent.evidence.cose import Signer
from edge_agent.evidence.envelope import Event, seal
from edge_agent.evidence.tree import Peaks, leaf_hash
from edge_agent.journal import Damage, Journal, JournalFull, NoSpace, Record, RecordKind
from edge_agent.limits import (
    NOTES_POSTPONED_MAX,
    STATE_PATIENCE_NS,
    TELEMETRY_PATIENCE_NS,
    URGENT_COMMIT_NS_MAX,
)
from edge_agent.link.intake import IntakeFull

log = structlog.get_logger()

_PATIENCE_NS = {Lane.STATE: STATE_PATIENCE_NS, Lane.TELEMETRY: TELEMETRY_PATIENCE_NS}

_RETRY_S = 0.2  # how soon a report that the journal had no room for is tried again


@dataclass(slots=True)
class Ticket:
    """The promise to one report: `settled` is called when all of its events are durable."""

    future: asyncio.Future[None]
    left: int
    settled: Callable[[], None]

    def settle_one(self) -> None:
        """One more event of the report is durable."""
        self.left -= 1
        if self.left == 0:
            self.settled()
            if not self.future.done():
                self.future.set_result(None)


@dataclass(frozen=True, slots=True, eq=False)
class Pending:
    """A draft on its way through the journal's thread, with the promise that waits for it."""

    draft: Draft
    ticket: Ticket | None = None
    patient: bool = True  # may wait for a shared commit, as its lane allows


@dataclass(slots=True, eq=False)
class _Signed:
    """An event that is not yet durable here, who waits for it, and which centers hold it."""

    record: Record
    ticket: Ticket | None
    holders: set[str] = field(default_factory=set)

    def settle(self) -> None:
        """It is durable: keep the promise, once."""
        ticket, self.ticket = self.ticket, None
        if ticket is not None:
            ticket.settle_one()


@dataclass(frozen=True, slots=True)
class Head:
    """How far the epoch has come: the next number and the root over everything before it."""

    next_seq: int
    root: bytes


class Notary:
    """Numbers and signs the events of one epoch; called by the journal, in order of commit.

    The epoch's genesis is event 0, ready-made: it was signed by the identity key.
    """

    def __init__(self, gateway: str, epoch: bytes, genesis: bytes, signer: Signer) -> None:
        self.epoch = epoch
        self._gateway = gateway
        self._genesis = genesis
        self._signer = signer
        self._peaks = Peaks()
        self._lock = threading.Lock()

    def seal(self, draft: object) -> Record:
        """Make `draft` the next event; the first draft is the genesis itself."""
        assert isinstance(draft, Pending)
        with self._lock:
            seq = self._peaks.size
            lane = draft.draft.lane
            envelope = self._genesis if seq == 0 else self._sign(draft.draft, seq)
            self._peaks.append(leaf_hash(envelope))
        return Record(RecordKind.ENVELOPE, int(lane), self.epoch, seq, envelope)

    def _sign(self, draft: Draft, seq: int) -> bytes:
        event = Event(
            gateway=self._gateway,
            epoch=self.epoch,
            seq=seq,
            root=self._peaks.root(),
            stamp=draft.stamp,
            lane=draft.lane,
            type=draft.type,
            body=draft.body,
        )
        return seal(event, self._signer)

    def head(self) -> bytes:
        """Return the genesis envelope, which heads every segment."""
        return self._genesis

    def note(self) -> bytes:
        """Return the tree's peaks, which every commit carries."""
        with self._lock:
            return self._peaks.to_bytes()

    def frontier(self) -> Head:
        """Return the running head, from any thread."""
        with self._lock:
            return Head(self._peaks.size, self._peaks.root())


@dataclass(frozen=True, slots=True)
class Source:
    """Which driver and profile speak for a panel: signed into each of its events.

    `broken` is why the driver does not load: then nobody speaks for the panel.
    """

    driver: str
    driver_version: str
    profile: str | None
    profile_version: str | None
    acknowledges: bool  # the panel waits for an ACK: its signals never wait for a shared commit
    broken: str = ""


def _may_use_reserve(pending: Pending) -> bool:
    """Whether an event may use the space that is kept for alarms, whatever its lane.

    What a panel waits with may be followed by an alarm that it holds back until then.  What is said
    about the journal itself tells why other events are missing.
    """
    if pending.draft.type in {EventType.JOURNAL, EventType.GENESIS}:
        return True
    if pending.ticket is None:
        return False
    return not pending.patient or pending.draft.lane < Lane.TELEMETRY


Publish = Callable[[Record, bytes, AbstractSet[str]], None]
"""Hand a record and its leaf hash to the uplinks, but of the centers named; called on the loop."""


class Recorder:
    """The loop's side: takes what sessions report, tells when it is durable, publishes it.

    It is the journal's listener (its three methods are called on the journal's thread and only hand
    over) and the sessions' intake.
    """

    def __init__(
        self,
        clock: Clock,
        sources: Mapping[str, Source],
        publish: Publish,
        disk_changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._disk_changed = disk_changed
        self._sources = sources
        self._publish = publish
        self._loop: asyncio.AbstractEventLoop
        self._journal: Journal
        self._running_epoch = b""
        self._waiting: dict[int, _Signed] = {}  # by number: what is not yet durable here
        self._published: set[int] = set()  # of those in _waiting: sent uncommitted
        self._unwritten = 0  # the first number that is not on the disk, whoever holds it
        self._recent: dict[str, RecentFrames] = {}
        self._standing = {panel: Standing() for panel in sources}
        self._postponed = deque[Pending](), deque[Pending]()  # urgent ones, others
        self._finished = False
        self.hearing = Hearing()
        self._retry: asyncio.TimerHandle | None = None
        self.unsaid = 0  # events of the agent itself that found no room at all
        self.omitted: Counter[Lane] = Counter()  # not recorded for lack of space, not yet said
        self.refusal: str | None = None
        self.faults: dict[str, Counter[str]] = {panel: Counter() for panel in sources}
        self.links: dict[str, bool | None] = dict.fromkeys(sources)
        self.reasons = dict.fromkeys(sources, "")  # why each that is not heard is not
        self.recorded = 0

    def attach(self, journal: Journal, epoch: bytes, genesis: Draft) -> None:
        """Record into `journal` from now on, genesis first; called before all else, on the loop."""
        self._loop = asyncio.get_running_loop()
        self._journal = journal
        self._running_epoch = epoch
        first = Pending(genesis)
        self.hearing.coming(first, genesis.stamp)
        journal.submit(first, lane=Lane.LIFE)  # number 0: before any alarm
        self.recorded += 1

    # ---- what sessions and the agent say

    def record(self, panel: str, signals: tuple[Signal, ...], stamp: Stamp) -> asyncio.Future[None]:
        """Make `signals` events; the future is done when all are durable.

        Raises IntakeFull, with nothing taken, when the bounded memory is exhausted.
        """
        assert signals, "a report has signals"
        future: asyncio.Future[None] = self._loop.create_future()
        heard = functools.partial(self._settled, panel, signals, stamp)
        ticket = Ticket(future, len(signals), heard)
        patient = not self._sources[panel].acknowledges
        pendings = [
            Pending(self._draft(panel, signal, stamp), ticket, patient) for signal in signals
        ]
        for pending in pendings:
            self.hearing.coming(pending, stamp)
        left = [pending for pending in pendings if not self._is_taken(pending)]
        if len(left) == len(pendings):
            self.hearing.held_back(panel, stamp)
            for pending in pendings:
                self.hearing.omitted(pending)
            raise IntakeFull
        self.hearing.taken(panel)
        self._postpone(left)
        return future

    def note(self, type_: EventType, lane: Lane, body: Body) -> None:
        """Record an event of the agent itself; kept for later where the journal has no room."""
        if self._finished or sum(map(len, self._postponed)) >= NOTES_POSTPONED_MAX:
            self.unsaid += 1
            return
        pending = Pending(Draft(type_, lane, self._clock.stamp(), body))
        self.hearing.coming(pending, pending.draft.stamp)
        self._postpone([pending])

    def say(self, body: JournalBody, lane: Lane = Lane.FAULT) -> None:
        """Record something about the journal itself."""
        self.note(EventType.JOURNAL, lane, body.to_body())

    def vow(self, body: JournalBody | ActBody) -> asyncio.Future[None]:
        """Record what is about to be done; the future is done when it is durable."""
        future: asyncio.Future[None] = self._loop.create_future()
        ticket = Ticket(future, 1, lambda: None)
        type_ = EventType.ACT if isinstance(body, ActBody) else EventType.JOURNAL
        draft = Draft(type_, Lane.FAULT, self._clock.stamp(), body.to_body())
        pending = Pending(draft, ticket)
        self.hearing.coming(pending, draft.stamp)
        self._postpone([pending])
        return future

    def say_omitted(self) -> None:
        """Record how many events were not recorded for lack of space, and count anew."""
        counts, self.omitted = self.omitted, Counter()
        if counts:
            parts = ", ".join(f"{count} of {lane.name.lower()}" for lane, count in counts.items())
            self.say(JournalBody(JournalChange.OMITTED, f"not recorded for lack of space: {parts}"))

    def hasten(self) -> None:
        """Let nothing wait any longer for a shared commit: somebody waits to hear of it."""
        self._journal.hasten()

    def finish(self) -> None:
        """The journal is about to be closed: what is noted from now on is only counted."""
        self._finished = True
        if self._retry is not None:
            self._retry.cancel()
        self.unsaid += sum(map(len, self._postponed))

    def link(self, panel: str, online: bool | None, reason: str) -> None:
        """Record that a panel came or went."""
        self.links[panel] = online
        self.reasons[panel] = "" if online else reason
        self.note(EventType.LINK, Lane.FAULT, LinkBody(panel, online, reason).to_body())

    def fault(self, panel: str, fault: Fault) -> None:
        """Count a fault of a panel's line; what was repeated is as young as its newest copy."""
        self.faults[panel][fault.kind.value] += 1
        if fault.kind is FaultKind.REPEAT:
            self._recent_of(panel).repeated(fault.frame, self._clock.stamp())

    def finding(self, panel: str, finding: Finding) -> None:
        """Record what a session found wrong with its panel or line."""
        remedy = REMEDIES[finding.cause]
        log.warning(
            "panel.finding" if finding.active else "panel.finding_over",
            panel=panel,
            cause=finding.cause.value,
            detail=finding.detail,
            remedy=remedy,
        )
        body = FindingBody(
            panel=panel,
            cause=finding.cause.value,
            severity=Severity.URGENT if finding.cause in URGENT else Severity.MAINTAIN,
            reasons=(RULES[finding.cause],),
            remedy=remedy,
            detail=finding.detail,
            over=not finding.active,
        )
        self.note(EventType.FINDING, Lane.FAULT, body.to_body())

    def recent(self, panel: str) -> tuple[Recent, ...]:
        """Return the newest durable frames of `panel`, oldest first, for `Opened`.

        Only what is durable: a session acknowledges a copy of it at once.
        """
        now = self._clock.stamp()
        return tuple(
            # another boot: how long ago cannot be known
            Recent(frame, _age_ns(now, stamp) if stamp.boot_id == now.boot_id else None)
            for frame, stamp in self._recent_of(panel)
        )

    def standing(self, panel: str) -> tuple[Signal, ...]:
        """Return the durable events of `panel` that stand, for `Opened`."""
        return self._standing[panel].signals

    def recall(self, panel: str, signal: Signal) -> None:
        """Take one more durable signal of `panel`, in the order they were recorded."""
        if panel in self._standing:
            self._standing[panel].take(signal)

    def remember(self, panel: str, recent: RecentFrames) -> None:
        """Begin with the newest frames of `panel` that an earlier run recorded."""
        self._recent[panel] = recent

    def _recent_of(self, panel: str) -> RecentFrames:
        return self._recent.setdefault(panel, RecentFrames())

    def _settled(self, panel: str, signals: tuple[Signal, ...], stamp: Stamp) -> None:
        for signal in signals:
            self._recent_of(panel).take(signal, stamp)
            self.recall(panel, signal)

    def _draft(self, panel: str, signal: Signal, stamp: Stamp) -> Draft:
        source = self._sources[panel]
        body = SignalBody(
            signal=signal,
            panel=panel,
            driver=source.driver,
            driver_version=source.driver_version,
            profile=source.profile,
            profile_version=source.profile_version,
        )
        return Draft(EventType.SIGNAL, lane_of(signal.kind), stamp, body.to_body())

    def _submit(self, pending: Pending) -> None:
        patience_ns = _PATIENCE_NS.get(pending.draft.lane, 0) if pending.patient else 0
        lane, reserved = pending.draft.lane, _may_use_reserve(pending)
        self._journal.submit(pending, patience_ns, lane, reserved=reserved)
        self.recorded += 1

    def _is_taken(self, pending: Pending) -> bool:
        """Return whether nothing is left to do for it."""
        try:
            self._submit(pending)
        except JournalFull:
            return False
        except NoSpace:
            self.omitted[pending.draft.lane] += 1
            self.hearing.omitted(pending)
            if pending.ticket is not None:
                pending.ticket.settle_one()
        return True

    def _postpone(self, pendings: Sequence[Pending]) -> None:
        """Submit all; what finds no room now is tried again until it does, alarms first."""
        for pending in pendings:
            self._postponed[pending.draft.lane > Lane.VERDICT].append(pending)
        self._push()

    def _push(self) -> None:
        for queue in self._postponed:
            while queue and self._is_taken(queue[0]):
                queue.popleft()
        if any(self._postponed):
            if self._retry is None:
                self._retry = self._loop.call_later(_RETRY_S, self._again)
        elif self.unsaid:
            count, self.unsaid = self.unsaid, 0
            detail = f"{count} events of the agent itself found no room"
            body = JournalBody(JournalChange.UNSAID, detail).to_body()
            self.note(EventType.JOURNAL, Lane.FAULT, body)

    def _again(self) -> None:
        self._retry = None
        self._push()

    # ---- the journal's word, on its own thread

    def sealed(self, pairs: list[tuple[object, Record]]) -> None:
        """These are signed and about to be written."""
        self._hand_over(self._on_sealed, pairs)

    def committed(self, records: list[Record]) -> None:
        """These are fsynced."""
        self._hand_over(self._on_committed, records)

    def refused(self, reason: str) -> None:
        """The disk refuses."""
        self._hand_over(self._on_refused, reason)

    def accepted(self) -> None:
        """The disk is back."""
        self._hand_over(self._on_accepted)

    def damaged(self, damage: Damage) -> None:
        """Something in the journal that no start had named is not whole any more."""
        self._hand_over(self._on_damaged, str(damage))

    def _hand_over(self, function: Callable[..., None], *arguments: object) -> None:
        self._loop.call_soon_threadsafe(functools.partial(function, *arguments))

    # ---- the same, on the loop

    def _on_sealed(self, pairs: list[tuple[object, Record]]) -> None:
        numbered: list[tuple[object, int, Draft]] = []
        for pending, record in pairs:
            assert isinstance(pending, Pending)
            numbered.append((pending, record.seq, pending.draft))
            self._waiting[record.seq] = _Signed(record, pending.ticket)
            if self.refusal is not None:
                self._send(record)
            elif record.lane <= Lane.FIRE:
                self._loop.call_later(
                    URGENT_COMMIT_NS_MAX / 1e9, self._send_uncommitted, record.seq
                )
        self.hearing.numbered(self._running_epoch, numbered)
        if self.refusal is not None:
            self.hearing.tell()

    def _on_committed(self, records: list[Record]) -> None:
        self._unwritten = records[-1].seq + 1
        for record in records:
            self._published.discard(record.seq)
            signed = self._waiting.pop(record.seq, None)
            if signed is None:
                continue  # the receipts of all required centers came first
            # Also what went out uncommitted: an uplink may have had to leave it to the journal,
            # and found it neither there nor in memory while it was being written.
            self._publish(record, leaf_hash(record.data), signed.holders)
            signed.settle()
        self.hearing.tell(records[-1].seq)

    def _on_refused(self, reason: str) -> None:
        self.refusal = reason
        log.error("journal.refused", reason=reason, remedy="check the card: full, worn or unsafe")
        for signed in list(self._waiting.values()):
            self._send(signed.record)
        self.hearing.tell()
        body = JournalBody(JournalChange.REFUSED, reason, first=self._unwritten)
        self.note(EventType.JOURNAL, Lane.FAULT, body.to_body())
        self._disk_changed()

    def _on_accepted(self) -> None:
        self.refusal = None
        log.info("journal.accepted")
        self.note(EventType.JOURNAL, Lane.FAULT, JournalBody(JournalChange.ACCEPTED).to_body())
        self._disk_changed()

    def _on_damaged(self, detail: str) -> None:
        log.error(
            "journal damaged",
            damage=detail,
            then="what is whole of it is served; the file is kept",
            remedy="the card loses what was written: have it changed",
        )
        body = JournalBody(JournalChange.DAMAGED, detail).to_body()
        self.note(EventType.JOURNAL, Lane.FAULT, body)

    def _send_uncommitted(self, seq: int) -> None:
        if seq in self._waiting:
            self._send(self._waiting[seq].record)
            self.hearing.tell(seq)

    def _send(self, record: Record) -> None:
        """Publish an event that is not fsynced: a center's receipt can make it durable too."""
        if record.seq not in self._published:
            self._published.add(record.seq)
            self._publish(record, leaf_hash(record.data), frozenset())

    # ---- a center's word

    def receipted(self, center: str, epoch: bytes, seqs: Iterable[int], receipt: bytes) -> None:
        """A center's verified receipt holds these: they are durable, and the journal may know."""
        held = list(seqs)
        if epoch == self._running_epoch:
            for seq in held:
                if (signed := self._waiting.get(seq)) is not None:
                    signed.holders.add(center)
                    signed.settle()
                    if signed.holders.issuperset(self._journal.required):
                        del self._waiting[seq]
                        self._published.discard(seq)
                        self.hearing.tell(seq)  # a disk that never says so does not hide it
        self._journal.release(center, epoch, held, receipt)


def _age_ns(now: Stamp, then: Stamp) -> int:
    return max(0, now.boottime_ns - then.boottime_ns)
