"""The journal without its thread: seals what waits, writes it, keeps the index and the memory.

`turn` and `finish` belong to the journal thread (a simulation calls them inline), `take` and
`seal_waiting` to whichever thread feeds it; everything else may be called from any thread.  One
lock guards the index and what is held, so that a receipt finds every record either in memory or in
a segment; another guards signing and the timing.  No I/O happens under either, so that an alarm is
signed and can be sent while the disk takes its time over an earlier commit.
"""

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from edge_agent.journal.cadence import Cadence, Do, Failed, Happened, Offered, Refuse
from edge_agent.journal.centers import assign, center_record
from edge_agent.journal.chain import Damage
from edge_agent.journal.contents import Contents
from edge_agent.journal.disk import Disk
from edge_agent.journal.fetch import START, Batch, Owed, Position, fetch_stored, read_genesis
from edge_agent.journal.format import (
    EPOCH_BYTES,
    LANES,
    NO_EPOCH,
    NOTE_BYTES_MAX,
    RECORD_BYTES_MAX,
    SEGMENT_BYTES,
    Framed,
    Record,
    RecordKind,
    record_size,
)
from edge_agent.journal.held import GROUP_BYTES_MAX, Group, Held, Load, receipt_records
from edge_agent.journal.index import ABSENT, Segment
from edge_agent.journal.oldest import Glimpse, glimpse, newest_of
from edge_agent.journal.ranges import from_seqs
from edge_agent.journal.receipts import Binding, Bound
from edge_agent.journal.recovery import Recovery
from edge_agent.journal.sealing import Sealed
from edge_agent.journal.space import Measured, NoSpace
from edge_agent.journal.spares import Spares
from edge_agent.journal.writer import Opening, Origin, Placed, Writer

COMMIT_RECORDS_MAX = 4096
"""Events of one commit: more never fit COMMIT_BYTES_MAX, so bytes are the bound that counts."""

_GROUP_OPEN_BYTES = GROUP_BYTES_MAX - record_size(
    Record(RecordKind.ENVELOPE, 0, NO_EPOCH, 0, bytes(RECORD_BYTES_MAX))
)
"""A group this small takes any one more record; how long that is shows only when it is signed."""


class Sealer(Protocol):
    """Numbers and signs.  Called on the journal thread only."""

    def seal(self, draft: object) -> Record:
        """Return the next envelope: sequence numbers start at 0 and have no gaps."""

    def head(self) -> bytes:
        """Return the genesis envelope of the running epoch; asked for after the first `seal`."""

    def note(self) -> bytes:
        """Return what goes into a commit after the last sealed record."""


class Listener(Protocol):
    """Told on the journal thread; must only hand over."""

    def sealed(self, pairs: list[tuple[object, Record]]) -> None:
        """Signed and not yet durable, in order."""

    def committed(self, records: list[Record]) -> None:
        """Durable, in order."""

    def refused(self, reason: str) -> None:
        """The disk refuses; records stay in memory and are tried again."""

    def accepted(self) -> None:
        """The disk is back; `committed` was called for what it took."""


@dataclass(frozen=True, slots=True)
class Care:
    """What the journal needs for it: `contents` reads its payloads; `damaged` is told, on the
    background thread, of damage that no start had named."""

    contents: Contents
    damaged: Callable[[Damage], None]


@dataclass(frozen=True, slots=True)
class Terms:
    """What the journal is told by the configuration.

    An event is let go when all `centers` that are owed it have receipted it, but those in
    `optional`: they are supplied as long as the others wait.  A new one is owed what is recorded
    from this start on.
    Without `care` full segments stay as they are.
    """

    centers: Sequence[str]
    optional: Collection[str] = ()
    commit_records_max: int = COMMIT_RECORDS_MAX
    spares: int = 1  # segments made ahead; those past the first are a reserve
    care: Care | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How the journal is doing.  Times are of the clock it was given, None for never.

    `busy_since_ns`: since when the thread is in one turn (a stuck disk shows here), None while it
    waits for work.  `alive` is False when the thread ended on its own: our bug, end the process.
    `refused` and `spare_refused` say why the disk refuses commits, or the next segment (a full
    disk shows there first).  `unreceipted` counts events per lane that any required center is
    owed, `owed` those of each center; `forgone` events that were receipted while the disk refused
    and never written; `receipts_lost` receipts not recorded.
    """

    alive: bool
    busy_since_ns: int | None
    committed_ns: int | None
    waiting: int
    held_bytes: int
    refused: str | None
    spare_refused: str | None
    unreceipted: tuple[int, ...]
    owed: Mapping[str, tuple[int, ...]]
    forgone: int
    receipts_lost: int
    disk_bytes: int
    segments: int


class Scribe:
    """Everything that the journal does, one turn at a time."""

    def __init__(
        self,
        disk: Disk,
        recovery: Recovery,
        sealer: Sealer,
        listener: Listener,
        terms: Terms,
    ) -> None:
        self._disk = disk
        self._sealer = sealer
        self._listener = listener
        self._commit_records_max = terms.commit_records_max
        self._index = recovery.index
        self._centers = assign(recovery.centers, terms.centers, empty=not self._index.segments)
        self._slots = {c.name: c.slot for c in self._centers if c.name in terms.centers}
        for center in self._centers:
            if center.epoch is None:
                self._index.forget(center.slot)
                self._index.owe(center.slot, len(self._index.segments))
        self._index.require(
            slot for name, slot in self._slots.items() if name not in terms.optional
        )
        self._held = Held(self._index.required)
        self._cadence = Cadence()
        self._lock = threading.Lock()
        self._turn = threading.Lock()  # taken before _lock where both are
        self.spares = Spares(disk, recovery.next_number, recovery.spares, terms.spares)
        self._writer = Writer(disk, self.spares, Origin(recovery.epoch, recovery.count))
        self._past = recovery.epoch
        self._urgent: deque[object] = deque()
        self._drafts: deque[object] = deque()
        self._epoch = NO_EPOCH
        self._opening = Opening()
        self._sealed = 0  # also the next sequence number
        self._durable = 0  # the first one not yet durable
        self._segment: Segment | None = None
        self._reason: str | None = None
        self.busy_since_ns: int | None = None
        self._committed_ns: int | None = None
        self._binding = Binding()
        self.lane_max = LANES - 1  # lanes past it are refused for lack of space

    # ---- journal thread

    @property
    def committed_ns(self) -> int | None:
        """The time of the last turn that made something durable, None before the first."""
        return self._committed_ns

    def take(self, draft: object, patience_ns: int, now_ns: int, *, urgent: bool = False) -> None:
        """Take a draft that was admitted; the urgent are signed before all others."""
        with self._turn:
            (self._urgent if urgent else self._drafts).append(draft)
            self._cadence.handle(Offered(patience_ns), now_ns)

    def note_receipt(self, now_ns: int) -> None:
        """A release left a receipt to be recorded."""
        with self._turn:
            self._cadence.handle(Happened.RECEIPTED, now_ns)

    def hasten(self, now_ns: int) -> None:
        """Somebody waits for the numbers of what is patient: sign and write it now."""
        with self._turn:
            if self._urgent or self._drafts:
                self._cadence.handle(Offered(0), now_ns)

    def seal_waiting(self, now_ns: int) -> None:
        """Sign what waits while the journal thread is busy with the disk."""
        with self._turn:
            if self._urgent or self._drafts:
                self._seal(now_ns)

    def deadline_ns(self) -> int | None:
        """Return when `turn` is wanted next."""
        return self._cadence.deadline_ns()

    def turn(self, now_ns: int) -> None:
        """Do what is due: at most one group is sealed and one commit written."""
        with self._turn:
            actions = self._cadence.handle(Happened.TICKED, now_ns)
            if Do.SEAL in actions:
                self._seal(now_ns)
        if Do.WRITE in actions:
            self._write(now_ns)

    def finish(self, now_ns: int) -> int:
        """Seal and write everything and end the epoch; return how many events stayed unwritten."""
        while self._urgent or self._drafts:
            self.seal_waiting(now_ns)
        ended, tries = self._sealed == 0, 2  # a refusal is answered once, in the next segment
        while tries and not ended:
            ending = not self._held.to_write
            if self._write(now_ns, ending=ending):
                ended = ending
            else:
                tries -= 1
        self._writer.close()
        with self._lock:
            return sum(len(group.records) for group in self._held.groups)

    def _seal(self, now_ns: int) -> None:
        """Sign what waits, as much as one commit takes, the most urgent first."""
        urgent, drafts, seal = self._urgent, self._drafts, self._sealer.seal
        pairs: list[tuple[object, Record]] = []
        group = Group()
        framed, count_max = group.framed, self._commit_records_max
        while (
            (urgent or drafts) and framed.size <= _GROUP_OPEN_BYTES and framed.records < count_max
        ):
            draft = (urgent or drafts).popleft()
            record = seal(draft)
            if self._sealed == 0:
                self._begin(record)
            if not self._follows(record):
                raise AssertionError(f"not the next record of this epoch: {record}")
            self._sealed += 1
            group.add(record)
            pairs.append((draft, record))
        more = Happened.SEALED_SOME if urgent or drafts else Happened.SEALED
        self._cadence.handle(more, now_ns)
        if not pairs:
            return
        group.note, group.noted = self._sealer.note(), self._sealed
        assert len(group.note) <= NOTE_BYTES_MAX, "the note is longer than a commit can hold"
        with self._lock:
            self._held.seal(group)
        self._listener.sealed(pairs)

    def _begin(self, first: Record) -> None:
        """The first record says which epoch this run is."""
        assert len(first.epoch) == EPOCH_BYTES, "an epoch has 8 bytes"
        assert first.epoch != self._past, "every start has a new epoch"
        self._epoch = first.epoch
        framed = Framed()
        for center in self._centers:
            framed.add(center_record(replace(center, epoch=center.epoch or self._epoch)))
        self._opening = Opening(self._sealer.head(), framed)

    def _follows(self, record: Record) -> bool:
        """Tell whether numbers neither repeat nor skip and a commit can hold the record."""
        return (
            record.seq == self._sealed
            and record.epoch == self._epoch
            and record.kind is RecordKind.ENVELOPE
            and 0 <= record.lane < LANES
            and len(record.data) <= RECORD_BYTES_MAX
        )

    def _write(self, now_ns: int, *, ending: bool = False) -> bool:
        """Make one commit durable; return whether the disk took it."""
        with self._turn:  # nothing is written before its signing was told
            if not self._sealed:  # receipts of earlier epochs wait for this one's first commit
                self._cadence.handle(Happened.WRITTEN, now_ns)
                return False
            with self._lock:
                load = self._held.load(self._epoch, self._commit_records_max)
                if ending:
                    assert not load.groups, "something was signed behind the end"
                    load.framed.add(Record(RecordKind.END, 0, self._epoch, self._sealed, b""))
            if not load.framed.records:  # all of it went with an earlier commit
                self._cadence.handle(Happened.WRITTEN, now_ns)
                return False
        try:
            placed = self._writer.append(
                self._epoch,
                self._durable,
                load.framed,
                load.group.note,
                load.group.noted,
                self._opening,
            )
        except OSError as error:
            self._failed(error.strerror or str(error), load, now_ns)
            return False
        self._settle(load, placed, now_ns)
        return True

    def _failed(self, reason: str, load: Load, now_ns: int) -> None:
        with self._lock:
            self._held.failed(load)
            self._reason = reason
        with self._turn:
            actions = self._cadence.handle(Failed(reason), now_ns)
        for action in actions:
            if isinstance(action, Refuse):
                self._listener.refused(action.reason)

    def _settle(self, load: Load, placed: Placed, now_ns: int) -> None:
        """What was written is durable: index it, let its memory go, say so.

        In this order: who was told must find it, or a fetch would come to the end without it.
        """
        events = load.group.records
        with self._lock:
            released = self._held.written(load)
            if load.receipts:
                self._binding.add(load.receipts)
            if placed.fresh:
                self._open(placed)
            segment = self._segment
            assert segment is not None
            if events:
                self._index.extend(segment, events[0].seq, _lanes(load.group))
                for slot, seqs in released.items():
                    for first, last in from_seqs(seqs):
                        self._index.release(slot, self._epoch, first, last)
            # last: a fetch that reads up to here without the lock must find it all in the index
            segment.end = placed.offset + placed.length
            self._reason = None
            self._committed_ns = now_ns
        if events:
            assert events[0].seq >= self._durable
            self._durable = events[-1].seq + 1
            self._listener.committed(events)
        with self._turn:  # what is signed meanwhile must not be taken for written
            happened = Happened.WRITTEN_SOME if self._held.to_write else Happened.WRITTEN
            actions = self._cadence.handle(happened, now_ns)
        if Do.ACCEPT in actions:
            self._listener.accepted()

    def _open(self, placed: Placed) -> None:
        self._segment = Segment(
            number=placed.number,
            name=placed.name,
            epoch=self._epoch,
            first=0,
            start=placed.offset,
            end=placed.offset,
            size=SEGMENT_BYTES,
        )
        self._index.add(self._segment)

    # ---- upkeep: sealing, and what else is done to files that are full

    def sealable(self) -> list[Segment]:
        """Return the segments that can be sealed, oldest first: all but the one being written.

        Of what a refused write left at the end of one, all is durable in a later one by then.
        """
        with self._lock:
            return [
                segment
                for segment in self._index.segments
                if not (segment.sealed or segment.damaged or segment is self._segment)
            ]

    def was_sealed(self, segment: Segment, sealed: Sealed) -> None:
        """A segment's file is another one now."""
        footer = sealed.footer
        with self._lock:
            segment.sealed = True
            segment.start, segment.end, segment.size = footer.start, footer.end, sealed.size
            segment.heard_ns = footer.span.wall_last_ns

    def sealed_from(self, number: int) -> Segment | None:
        """Return the first sealed and undamaged segment from `number` on."""
        with self._lock:
            whole = (s for s in self._index.segments if s.sealed and not s.damaged)
            return next((s for s in whole if s.number >= number), None)

    def segment_named(self, name: str) -> Segment | None:
        """Return the segment in file `name`."""
        with self._lock:
            return next((s for s in self._index.segments if s.name == name), None)

    # ---- any thread

    def admit(self, lane: int, *, reserved: bool = True) -> None:
        """Count a draft of `lane` in.  Raises JournalFull; NoSpace only if it is not `reserved`."""
        if not reserved and lane > self.lane_max:
            raise NoSpace(lane)
        with self._lock:
            self._held.admit(lane)

    def bind(self) -> Bound | None:
        """Return the digest over the receipts recorded since the last call, None without any."""
        with self._lock:
            return self._binding.bind()

    def oldest(self) -> Glimpse | None:
        """Return what is known of the oldest segment; see `glimpse`.  Does I/O."""
        return glimpse(self._disk, self._index)

    def oldest_number(self) -> int | None:
        """Return the number of the oldest segment."""
        segments = self._index.segments
        return segments[0].number if segments else None

    def newest_of(self, place: int) -> bytes:
        """Return the last envelope of the segment `place` behind the oldest.  Does I/O."""
        return newest_of(self._disk, self._index, place)

    def remove(self, number: int) -> None:
        """Remove the oldest segment, which all required centers hold.  Raises OSError.

        Durable when it returns: a later removal must never survive a power cut without this one.
        """
        with self._lock:
            oldest = self._index.segments[0]
            assert oldest.number == number, "only the oldest segment is removed"
            assert oldest is not self._segment, "it is being written"
            assert not oldest.awaited(self._index.required), "a center is owed it"
        with contextlib.suppress(FileNotFoundError):
            self._disk.remove(oldest.name)
        self._disk.sync()
        with self._lock:
            self._index.remove_first()

    def measure(self) -> Measured:
        """Return what space the journal takes and finds.  Does I/O.  Raises OSError."""
        free_bytes, total_bytes = self._disk.space()
        spare_bytes = SEGMENT_BYTES * self.spares.ready
        with self._lock:
            stored = sum(segment.size for segment in self._index.segments)
        return Measured(stored + spare_bytes, spare_bytes, free_bytes, total_bytes)

    def release(self, center: str, epoch: bytes, seqs: Iterable[int], receipt: bytes) -> None:
        """Mark events as held by a center and keep its receipt for the next commit.

        Raises ValueError for a receipt longer than a record.
        """
        slot, ranges = self._slots[center], from_seqs(seqs)
        records = receipt_records(slot, epoch, ranges, receipt)
        with self._lock:
            for first, last in ranges:
                self._index.release(slot, epoch, first, last)
                if epoch == self._epoch:
                    self._held.release(slot, first, last)
            self._held.receipt(records)

    def fetch(self, center: str, lane: int, after: Position | None, bytes_max: int) -> Batch:
        """Return events of `lane` that a center is owed; see `Journal.fetch`."""
        owed = Owed(self._slots[center], lane)
        with self._lock:  # before reading: what is committed meanwhile stands behind this place
            segment = self._segment
            place = (segment.number, segment.end) if segment else (0, 0)
        batch = fetch_stored(self._disk, self._index, owed, after, bytes_max)
        if batch.next is not None or self._reason is None:
            return batch
        return self._with_held(batch, owed, after or START, place, bytes_max)

    def _with_held(
        self, stored: Batch, owed: Owed, after: Position, place: tuple[int, int], bytes_max: int
    ) -> Batch:
        """Add what is only in memory, while the disk refuses to take it."""
        records = list(stored.records)
        known = after.seq if after.epoch == self._epoch else -1
        if records and records[-1].epoch == self._epoch:
            known = records[-1].seq
        room = bytes_max - sum(len(record.data) for record in records)
        with self._lock:
            for record in self._held.unreceipted(owed.slot, owed.lane, known):
                if records and len(record.data) > room:
                    seq = records[-1].seq if records[-1].epoch == self._epoch else -1
                    return Batch(tuple(records), Position(*place, self._epoch, seq))
                records.append(record)
                room -= len(record.data)
        return Batch(tuple(records), None)

    def first_of(self, epoch: bytes) -> bytes | None:
        """Return the genesis envelope of an epoch that the journal holds, None of any other."""
        with self._lock:
            headed, first = self._index.headed(epoch), self._index.first_of(epoch)
        found = read_genesis(self._disk, headed, first)
        if found is None and epoch == self._epoch and headed is None:
            return self._opening.head
        return found

    def progress(self, *, alive: bool) -> Progress:
        """Return how the journal is doing."""
        with self._lock:
            counts = self._held.counts
            stored = self._index.unreceipted()
            segments = self._index.segments
            return Progress(
                alive=alive,
                busy_since_ns=self.busy_since_ns,
                committed_ns=self._committed_ns,
                waiting=self._held.waiting,
                held_bytes=self._held.size,
                refused=self._reason,
                spare_refused=self.spares.refused,
                unreceipted=_sum(stored, counts(self._index.required)),
                owed={
                    name: _sum(self._index.owed(slot), counts((slot,)))
                    for name, slot in self._slots.items()
                },
                forgone=self._held.forgone_count,
                receipts_lost=self._held.receipts_lost,
                disk_bytes=sum(s.size for s in segments) + SEGMENT_BYTES * self.spares.ready,
                segments=len(segments),
            )


def _lanes(group: Group) -> bytearray:
    """Return what the index is to say of a group's events: forgone numbers leave gaps."""
    events = group.records
    first, count = events[0].seq, events[-1].seq - events[0].seq + 1
    if count == len(events):
        return group.lanes
    lanes = bytearray([ABSENT]) * count
    for record in events:
        lanes[record.seq - first] = record.lane
    return lanes


def _sum(stored: Iterable[int], held: Iterable[int]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(stored, held, strict=True))
