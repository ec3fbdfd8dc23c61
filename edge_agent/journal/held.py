"""What is in memory: drafts that wait, signed records that are not yet durable, receipts to record.

Bounded.  When the bound is reached, records that every required center has receipted go first,
oldest first: their numbers are then recorded as forgone.  What a center still waits for is never
dropped; new drafts are refused instead, telemetry before alarms.  The caller holds the journal's
lock.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import islice

from edge_agent.journal.centers import NAME_BYTES_MAX
from edge_agent.journal.format import (
    COMMIT_BYTES_MAX,
    COMMIT_HEAD_BYTES,
    LANES,
    NO_EPOCH,
    NOTE_BYTES_MAX,
    RANGES_MAX,
    RECORD_BYTES_MAX,
    SLOTS,
    Framed,
    Range,
    Record,
    RecordKind,
    encode_ranges,
    record_size,
)
from edge_agent.journal.index import FIRST_SLOT
from edge_agent.journal.ranges import from_seqs

MEMORY_BYTES_MAX = 8 * 1024 * 1024
"""About 14,000 events: hours of a busy site with a dead card, in an agent of 60 MB.  Checked when a
draft comes; what drafts then grow by when they are signed is at most one commit."""

URGENT_BYTES = 2 * 1024 * 1024
"""The part of it that only lanes 0 to 3 may use: about 3,000 alarms after telemetry is refused."""

URGENT_LANES = 4

DRAFT_BYTES = 1024
"""What a draft counts for until it is signed: it is opaque, and an event is 300 to 900 bytes."""

OBJECT_BYTES = 200
"""What a record's objects take beside its framed bytes (measured, CPython 3.11)."""

GROUP_BYTES = 400
"""What a group takes beside its records and its note (measured, CPython 3.11)."""

FORGO_BYTES = 256 * 1024
"""Freed at a time when receipted records are let go, so that not every draft searches for one."""

RECEIPTS_BYTES_MAX = 256 * 1024
"""Receipts waiting to be recorded; past it the oldest is forgotten (its events stay released until
a restart sends them again)."""

CENTERS_BYTES_MAX = SLOTS * record_size(
    Record(RecordKind.CENTER, 0, NO_EPOCH, 0, bytes(NAME_BYTES_MAX))
)
"""The names of all centers, which the first commit of every segment takes along."""

PAYLOAD_BYTES_MAX = COMMIT_BYTES_MAX - COMMIT_HEAD_BYTES - NOTE_BYTES_MAX - CENTERS_BYTES_MAX
GROUP_BYTES_MAX = PAYLOAD_BYTES_MAX - record_size(
    Record(RecordKind.FORGONE, 0, NO_EPOCH, 0, bytes(RECORD_BYTES_MAX))
)
"""Signed records of one commit: leaves room for one FORGONE record beside them."""


class JournalFull(Exception):  # noqa: N818  reads as what it says
    """Memory for events that are not yet durable is used up: push back, do not acknowledge."""


@dataclass(slots=True)
class Group:
    """Records signed together, ready to be written: `note` covers the epoch's first `noted` events.

    `lanes` says the same as `records`, one byte each, as the index wants it.
    """

    note: bytes = b""
    noted: int = 0
    records: list[Record] = field(default_factory=list)
    lanes: bytearray = field(default_factory=bytearray)
    framed: Framed = field(default_factory=Framed)

    @property
    def weight(self) -> int:
        """Bytes of memory that it takes."""
        objects = GROUP_BYTES + OBJECT_BYTES * len(self.records)
        return self.framed.size + objects + len(self.note)

    def add(self, record: Record) -> None:
        """Put a signed record behind the others."""
        self.records.append(record)
        self.lanes.append(record.lane)
        self.framed.add(record)

    def extend(self, other: "Group") -> None:
        """Put a later group behind."""
        self.note, self.noted = other.note, other.noted
        self.records += other.records
        self.lanes += other.lanes
        self.framed.extend(other.framed)

    def keep(self, records: list[Record]) -> None:
        """Let all others go."""
        self.records, self.lanes, self.framed = [], bytearray(), Framed()
        for record in records:
            self.add(record)


@dataclass(slots=True)
class Load:
    """What one commit takes: `framed` in its order.

    `group` joins the first `groups` that wait: its records are to be reported.
    """

    group: Group
    groups: int
    framed: Framed
    forgone: list[Range]
    receipts: list[Record]


@dataclass(slots=True)
class Held:
    """Everything that a power cut would lose, and what is still to be said about receipts.

    `required` are the slots of the centers whose receipts are waited for.
    """

    required: Sequence[int] = (FIRST_SLOT,)
    waiting: int = 0
    groups: deque[Group] = field(default_factory=deque)
    forgone_count: int = 0
    receipts_lost: int = 0
    receipts_recorded: int = 0  # also the number of the next one
    _bytes: int = 0
    _flying: int = 0  # groups at the front that are being written
    _released: dict[int, set[int]] = field(default_factory=dict)  # by slot
    _forgone: set[int] = field(default_factory=set)
    _receipts: deque[Record] = field(default_factory=deque)
    _receipt_bytes: int = 0
    _note: bytes = b""
    _noted: int = 0

    @property
    def size(self) -> int:
        """Bytes of memory that count against MEMORY_BYTES_MAX."""
        return self._bytes + self.waiting * DRAFT_BYTES

    @property
    def to_write(self) -> bool:
        """Whether a commit would have something to say."""
        return bool(self.groups or self._receipts or self._forgone)

    def admit(self, lane: int) -> None:
        """Count a draft in.  Raises JournalFull."""
        limit = MEMORY_BYTES_MAX - (0 if lane < URGENT_LANES else URGENT_BYTES)
        if self.size + DRAFT_BYTES > limit:
            self._forgo(self.size + DRAFT_BYTES - limit)
        if self.size + DRAFT_BYTES > limit:
            raise JournalFull(
                f"{self.size} of {MEMORY_BYTES_MAX} bytes hold events that are neither written nor"
                f" receipted (lane {lane} may use {limit}): see why the disk refuses"
            )
        self.waiting += 1

    def seal(self, group: Group) -> None:
        """Drafts that were counted in have become signed records."""
        self.waiting -= len(group.records)
        assert self.waiting >= 0, "more was signed than waited"
        if len(self.groups) > self._flying:  # a lone event's group takes more than the event
            last = self.groups[-1]
            if last.framed.size + group.framed.size <= GROUP_BYTES_MAX:
                self.groups.pop()
                self._bytes -= last.weight
                last.extend(group)
                group = last
        self.groups.append(group)
        self._bytes += group.weight

    def release(self, slot: int, first: int, last: int) -> int:
        """Mark records of the running epoch as held by a center; return how many were here."""
        fresh: set[int] = set()
        place = max(bisect_right(self.groups, first, key=_noted) - 1, 0)
        while place < len(self.groups):
            group = self.groups[place]
            fresh |= {r.seq for r in group.records if first <= r.seq <= last}
            place = place + 1 if group.noted <= last else len(self.groups)
        released = self._released.setdefault(slot, set())
        fresh -= released
        released |= fresh
        return len(fresh)

    def receipt(self, records: Iterable[Record]) -> None:
        """Keep RECEIPT records for the next commit."""
        for record in records:
            self._receipts.append(record)
            self._receipt_bytes += record_size(record)
        while self._receipt_bytes > RECEIPTS_BYTES_MAX:
            self._receipt_bytes -= record_size(self._receipts.popleft())
            self.receipts_lost += 1

    def load(self, epoch: bytes, records_max: int) -> Load:
        """Return the next commit: forgone ranges, whole groups as many as fit, receipts."""
        forgone = from_seqs(self._forgone)[:RANGES_MAX] if self._forgone else []
        groups = 0
        if len(forgone) < RANGES_MAX:  # else numbers may be missing that are not explained yet
            groups = self._fitting(records_max)
        group = self._joined(groups)
        load = Load(group, groups, group.framed, forgone, [])
        if forgone:
            data = encode_ranges(forgone)
            load.framed = Framed()
            load.framed.add(Record(RecordKind.FORGONE, 0, epoch, forgone[0][0], data))
            load.framed.extend(group.framed)
        if self._receipts and groups == len(self.groups):  # never before its events
            self._add_receipts(load)
        self._flying = groups
        return load

    def _fitting(self, records_max: int) -> int:
        """Return how many groups one commit takes: at least one, where there is one."""
        size = records = 0
        for count, group in enumerate(self.groups):
            size += group.framed.size
            records += len(group.records)
            if count and (size > GROUP_BYTES_MAX or records > records_max):
                return count
        return len(self.groups)

    def _joined(self, count: int) -> Group:
        """Return the first `count` groups as one, which nobody changes: nearly always it is one."""
        if count == 1:
            return self.groups[0]
        joined = Group(self._note, self._noted)
        for group in islice(self.groups, count):
            joined.extend(group)
        return joined

    def _add_receipts(self, load: Load) -> None:
        framed = Framed()
        framed.extend(load.framed)
        while self._receipts and framed.size + record_size(self._receipts[0]) <= PAYLOAD_BYTES_MAX:
            number = self.receipts_recorded + len(load.receipts)
            record = replace(self._receipts.popleft(), seq=number)
            self._receipt_bytes -= record_size(record)
            framed.add(record)
            load.receipts.append(record)
        load.framed = framed

    def written(self, load: Load) -> Mapping[int, set[int]]:
        """Forget what became durable; return, by slot, what of it that center receipted already."""
        for _ in range(load.groups):
            self._bytes -= self.groups.popleft().weight
        self._flying = 0
        self.receipts_recorded += len(load.receipts)
        self._note, self._noted = load.group.note, load.group.noted
        for first, last in load.forgone:
            self._forgone.difference_update(range(first, last + 1))
        if not any(self._released.values()):
            return {}
        durable = {record.seq for record in load.group.records}
        released = {slot: seqs & durable for slot, seqs in self._released.items()}
        for seqs in self._released.values():
            seqs.difference_update(durable)
        return released

    def failed(self, load: Load) -> None:
        """What was being written waits again."""
        self._flying = 0
        self._receipts.extendleft(reversed(load.receipts))
        self._receipt_bytes += sum(map(record_size, load.receipts))

    def unreceipted(self, slot: int, lane: int, after: int) -> Iterable[Record]:
        """Return a lane's records past number `after` that the center of `slot` does not hold."""
        released = self._released.get(slot, set())
        return [
            record
            for group in self.groups
            for record in group.records
            if record.lane == lane and record.seq > after and record.seq not in released
        ]

    def counts(self, slots: Iterable[int]) -> list[int]:
        """Return how many records are here that any of these centers does not hold, per lane."""
        settled = self._settled(slots)
        counts = [0] * LANES
        for group in self.groups:
            for record in group.records:
                counts[record.lane] += record.seq not in settled
        return counts

    def _settled(self, slots: Iterable[int]) -> set[int]:
        """Return the numbers that all of these centers hold."""
        return reduce(set.__and__, (self._released.get(slot, set()) for slot in slots))

    def _forgo(self, wanted: int) -> None:
        """Let records go that all required centers hold, oldest first, to free `wanted` bytes."""
        settled = self._settled(self.required)
        if not settled:
            return
        wanted = max(wanted, FORGO_BYTES)
        for place, group in enumerate(self.groups):
            if wanted <= 0:
                return
            if place < self._flying:
                continue
            gone = {r.seq for r in group.records} & settled
            if not gone:
                continue
            before = group.weight
            group.keep([r for r in group.records if r.seq not in gone])
            self._bytes -= before - group.weight
            wanted -= before - group.weight
            self._forgone |= gone
            for seqs in self._released.values():
                seqs.difference_update(gone)
            self.forgone_count += len(gone)


def _noted(group: Group) -> int:
    return group.noted


def receipt_records(slot: int, epoch: bytes, ranges: list[Range], receipt: bytes) -> list[Record]:
    """Return the records that keep a receipt: the first holds its bytes, all hold ranges.

    Their numbers are given when they are written.
    Raises ValueError for a receipt that no record can hold.
    """
    records: list[Record] = []
    room = (RECORD_BYTES_MAX - 4 - len(receipt)) // 16
    if room < 1:
        raise ValueError(f"a receipt of {len(receipt)} bytes is longer than a record")
    while ranges or not records:
        part, ranges = ranges[: min(room, RANGES_MAX)], ranges[min(room, RANGES_MAX) :]
        data = encode_ranges(part, receipt)
        records.append(Record(RecordKind.RECEIPT, slot, epoch, 0, data))
        receipt, room = b"", RANGES_MAX
    return records
