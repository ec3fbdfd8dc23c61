"""The bytes of the journal: segment head, commit, record; encoding and strict decoding, no I/O.

docs/journal-format.md is the page this file follows.  All integers are big-endian.  Whatever does
not decode is None: the scanner decides whether that is a torn write or damage.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from zlib import crc32

BLOCK_BYTES = 4096
"""Commits begin and end on this boundary, so that a committed flash page is not written again."""

SEGMENT_BYTES = 1 << 20
"""One file: small enough to zero ahead and to read whole, large enough for 255 lone events."""

COMMIT_BYTES_MAX = 128 * 1024
"""One commit with its header: some 300 events share its flush; more would save little and waits."""

RECORD_BYTES_MAX = 16 * 1024
"""Payload of one record: the largest frame (4 KiB) with texts and signature, four times over."""

NOTE_BYTES_MAX = 4 * 1024
"""The sealer's note: 64 tree peaks of 32 bytes are 2 KiB."""

HEAD_BYTES_MAX = 16 * 1024
"""The sealer's head of a segment: one envelope."""

LANES = 7
SLOTS = 8
"""Centers that can be told apart: old and new at a handover, a police center, and spare ones."""

EPOCH_BYTES = 8
NO_EPOCH = bytes(EPOCH_BYTES)
VERSION = 1
SEALED_VERSION = 2
SEALED_BYTES_MAX = 2 * SEGMENT_BYTES
"""A sealed segment: nearly always smaller than it was; its footer may take more than it saved."""

NUMBER_MAX = 4_000_000_000
"""Of a segment: no gateway gets near it, and the field of four bytes never overflows."""

RECORD_MAGIC = b"\xeaRec"
COMMIT_MAGIC = b"\xeaCom"
SEGMENT_MAGIC = b"\xeaSegment"

_RECORD = struct.Struct(">4sBBH8sQI")  # magic, kind, lane, 0, epoch, seq, length; then CRC
_COMMIT = struct.Struct(">4sIIIIQII8sQ8s")  # see `_Place`; then CRC
_HEAD = struct.Struct(">8sHHIQ8s8sQI")  # magic, version, 0, number, first, epoch, previous, length
_CRC = struct.Struct(">I")
_RANGE = struct.Struct(">QQ")

RECORD_HEAD_BYTES = _RECORD.size + _CRC.size
COMMIT_HEAD_BYTES = _COMMIT.size + _CRC.size
RANGES_MAX = 900
"""Ranges in one record: 14 KiB, so that they and a small receipt stay below RECORD_BYTES_MAX."""

Range = tuple[int, int]
"""First and last sequence number, both included."""


class RecordKind(IntEnum):
    """What a record holds."""

    ENVELOPE = 1  # one signed event
    RECEIPT = 2  # ranges of one epoch that a center holds, with its receipt
    END = 3  # the epoch ended orderly; seq is the number of its events
    FORGONE = 4  # ranges receipted while the disk refused, let go from memory, never stored here
    CENTER = 5  # which center has a slot, and the first epoch whose events it is owed


@dataclass(frozen=True, slots=True)
class Record:
    """One framed entry.  `data` is opaque; `epoch` has 8 bytes; `seq` counts within the epoch.

    `lane` is 0..6; for a RECEIPT and a CENTER it is the center's slot, 0..7.
    """

    kind: RecordKind
    lane: int
    epoch: bytes
    seq: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """What stands at the start of a segment.

    `first` is the first sequence number that was to go into it; `previous` and `previous_count`
    name the epoch found at start and how many events it had (None and 0 for the first epoch).
    `version` is SEALED_VERSION in a sealed segment.
    """

    number: int
    first: int
    epoch: bytes
    previous: bytes | None
    previous_count: int
    data: bytes
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class CommitHead:
    """The fixed part of a commit; `size` counts header, note and records, without the padding."""

    size: int
    note_size: int
    records: int
    first: int
    envelopes: int
    epoch: bytes
    noted: int


@dataclass(frozen=True, slots=True)
class Commit:
    """One whole commit as read: `noted` is the number of events that its note covers."""

    offset: int
    length: int
    epoch: bytes
    first: int
    noted: int
    note: bytes
    records: tuple[Record, ...]


def padded(size: int) -> int:
    """Return `size` rounded up to whole blocks."""
    return -(-size // BLOCK_BYTES) * BLOCK_BYTES


# ---- record


def record_size(record: Record) -> int:
    """Return the bytes that a record takes in a commit."""
    return RECORD_HEAD_BYTES + len(record.data)


def encode_record(record: Record) -> bytes:
    """Return the framed record."""
    return _record_head(record) + record.data


def _record_head(record: Record) -> bytes:
    data = record.data
    assert len(data) <= RECORD_BYTES_MAX
    head = _RECORD.pack(
        RECORD_MAGIC, record.kind, record.lane, 0, record.epoch, record.seq, len(data)
    )
    return head + _CRC.pack(crc32(data, crc32(head)))


@dataclass(slots=True)
class Framed:
    """Records as they will stand in a commit, `size` bytes: framed when they are signed, so that a
    commit only joins `parts`.

    `first` is the number of the first envelope, None without one.
    """

    parts: list[bytes] = field(default_factory=list)
    size: int = 0
    records: int = 0
    envelopes: int = 0
    first: int | None = None

    def add(self, record: Record) -> None:
        """Put a record behind the others."""
        self.parts += (_record_head(record), record.data)
        self.size += RECORD_HEAD_BYTES + len(record.data)
        self.records += 1
        if record.kind is _ENVELOPE:
            self.envelopes += 1
            if self.first is None:
                self.first = record.seq

    def extend(self, other: "Framed") -> None:
        """Put what `other` holds behind the others."""
        self.parts += other.parts
        self.size += other.size
        self.records += other.records
        self.envelopes += other.envelopes
        if self.first is None:
            self.first = other.first


_ENVELOPE = RecordKind.ENVELOPE
_VERSIONS = frozenset({VERSION, SEALED_VERSION})
_KINDS = {kind.value: kind for kind in RecordKind}


def decode_record(data: bytes, at: int, end: int) -> Record | None:
    """Return the record that starts at `at` and ends by `end`, None where there is no whole one."""
    start = at + RECORD_HEAD_BYTES
    if start > end:
        return None
    magic, number, lane, _, epoch, seq, size = _RECORD.unpack_from(data, at)
    if magic != RECORD_MAGIC or size > RECORD_BYTES_MAX or start + size > end:
        return None
    if lane >= (LANES if number == _ENVELOPE else SLOTS):
        return None
    body = data[start : start + size]
    crc = crc32(body, crc32(data[at : at + _RECORD.size]))
    kind = _KINDS.get(number)
    if kind is None or _CRC.unpack_from(data, at + _RECORD.size)[0] != crc:
        return None
    return Record(kind, lane, epoch, seq, body)


# ---- commit


def encode_commit(
    number: int, offset: int, epoch: bytes, framed: Framed, note: bytes, noted: int
) -> bytes:
    """Return a commit for `offset` of segment `number`, padded to whole blocks."""
    assert len(note) <= NOTE_BYTES_MAX
    assert offset % BLOCK_BYTES == 0
    size = COMMIT_HEAD_BYTES + len(note) + framed.size
    head = _COMMIT.pack(
        COMMIT_MAGIC,
        size,
        len(note),
        number,
        offset,
        noted if framed.first is None else framed.first,
        framed.records,
        framed.envelopes,
        epoch,
        noted,
        NO_EPOCH,
    )
    crc = _CRC.pack(crc32(note, crc32(head)))
    return b"".join((head, crc, note, *framed.parts, bytes(-size % BLOCK_BYTES)))


def decode_commit_head(
    data: bytes, at: int, base: int, number: int, epoch: bytes | None
) -> CommitHead | None:
    """Return the commit header at `at` of `data`, which was read from offset `base` of a segment.

    None unless its CRC holds and it was written for this very place (and `epoch`, where known): a
    block that went astray, or bytes of a record that look like a header, are no commit.
    """
    if len(data) - at < COMMIT_HEAD_BYTES or not data.startswith(COMMIT_MAGIC, at):
        return None
    fields = _COMMIT.unpack_from(data, at)
    _, size, note_size, its_number, offset, first, records, envelopes, its_epoch, noted, _ = fields
    start = at + COMMIT_HEAD_BYTES
    if note_size > NOTE_BYTES_MAX or size > COMMIT_BYTES_MAX or start + note_size > len(data):
        return None
    crc = crc32(data[start : start + note_size], crc32(data[at : at + _COMMIT.size]))
    if _CRC.unpack_from(data, at + _COMMIT.size)[0] != crc:
        return None
    if (its_number, offset) != (number, base + at) or epoch not in {None, its_epoch}:
        return None
    return CommitHead(size, note_size, records, first, envelopes, its_epoch, noted)


def decode_commit(
    data: bytes, at: int, base: int, number: int, epoch: bytes | None
) -> Commit | None:
    """Return the whole commit at `at`, None where any part of it does not hold."""
    head = decode_commit_head(data, at, base, number, epoch)
    if head is None or at + head.size > len(data):
        return None
    start = at + COMMIT_HEAD_BYTES
    place, end = start + head.note_size, at + head.size
    records: list[Record] = []
    while place < end:
        record = decode_record(data, place, end)
        if record is None:
            return None
        records.append(record)
        place += record_size(record)
    if len(records) != head.records or not _in_order(records, head):
        return None
    note = data[start : start + head.note_size]
    return Commit(
        base + at, padded(head.size), head.epoch, head.first, head.noted, note, tuple(records)
    )


def _in_order(records: Sequence[Record], head: CommitHead) -> bool:
    """Tell whether the envelopes are of the commit's epoch, ascending, as many as announced."""
    last, count = head.first - 1, 0
    for record in records:
        if record.kind is RecordKind.ENVELOPE:
            if record.epoch != head.epoch or record.seq <= last:
                return False
            if count == 0 and record.seq != head.first:
                return False
            last, count = record.seq, count + 1
    return count == head.envelopes


# ---- segment head


def encode_head(head: Head) -> bytes:
    """Return the head of a segment, padded to whole blocks unless it is sealed."""
    assert len(head.data) <= HEAD_BYTES_MAX
    fixed = _HEAD.pack(
        SEGMENT_MAGIC,
        head.version,
        0,
        head.number,
        head.first,
        head.epoch,
        head.previous or NO_EPOCH,
        head.previous_count,
        len(head.data),
    )
    crc = _CRC.pack(crc32(head.data, crc32(fixed)))
    size = len(fixed) + len(crc) + len(head.data)
    return b"".join((fixed, crc, head.data, bytes(head_size(head) - size)))


def head_size(head: Head) -> int:
    """Return the offset of the first commit (sealed: record) behind this head."""
    size = _HEAD.size + _CRC.size + len(head.data)
    return size if head.version == SEALED_VERSION else padded(size)


HEAD_READ_BYTES = padded(_HEAD.size + _CRC.size + HEAD_BYTES_MAX)
"""How much must be read of a segment to have any head whole."""


def decode_head(data: bytes) -> Head | None:
    """Return the head at the start of a segment, None where it does not hold or is not ours."""
    start = _HEAD.size + _CRC.size
    if len(data) < start or not data.startswith(SEGMENT_MAGIC):
        return None
    _, version, _, number, first, epoch, previous, count, size = _HEAD.unpack_from(data)
    if version not in _VERSIONS or number > NUMBER_MAX:
        return None
    if size > HEAD_BYTES_MAX or start + size > len(data):
        return None
    body = data[start : start + size]
    if _CRC.unpack_from(data, _HEAD.size)[0] != crc32(body, crc32(data[: _HEAD.size])):
        return None
    before = None if previous == NO_EPOCH else previous
    return Head(number, first, epoch, before, count, body, version)


# ---- ranges inside RECEIPT and FORGONE records


def encode_ranges(ranges: Sequence[Range], rest: bytes = b"") -> bytes:
    """Return the payload of a RECEIPT or FORGONE record: count, ranges, then `rest`."""
    assert len(ranges) <= RANGES_MAX
    return b"".join((_CRC.pack(len(ranges)), *(_RANGE.pack(*pair) for pair in ranges), rest))


def decode_ranges(data: bytes) -> tuple[list[Range], bytes]:
    """Return the ranges of a RECEIPT or FORGONE record and what follows them (the receipt).

    Bytes that are not ours give no ranges: such a record releases nothing.
    """
    if len(data) < _CRC.size:
        return [], b""
    (count,) = _CRC.unpack_from(data)
    end = _CRC.size + count * _RANGE.size
    if count > RANGES_MAX or end > len(data):
        return [], b""
    ranges = [(first, last) for first, last in _RANGE.iter_unpack(data[_CRC.size : end])]
    return [pair for pair in ranges if pair[0] <= pair[1]], data[end:]
