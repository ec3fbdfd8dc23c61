"""Walks the bytes of one segment: whole commits, and regions that hold something else.

Resync needs no trust in lengths: commits begin on block boundaries, records begin with their
magic, and each is checked by CRC, place and epoch.  Whether a region is a torn write or damage
depends on what follows it, also in later segments: `chain` decides that.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.journal.format import (
    BLOCK_BYTES,
    HEAD_READ_BYTES,
    RECORD_MAGIC,
    Commit,
    Head,
    Record,
    RecordKind,
    decode_commit,
    decode_commit_head,
    decode_head,
    decode_record,
    head_size,
    record_size,
)

_OF_THIS_EPOCH = frozenset({RecordKind.ENVELOPE, RecordKind.END})
_OF_ANY_EPOCH = frozenset({RecordKind.RECEIPT, RecordKind.CENTER})
_ZEROS = bytes(1 << 20)


@dataclass(frozen=True, slots=True)
class Region:
    """Bytes that are no whole commit, with the records that could be saved out of them.

    `first` is the sequence number that a commit header in it announces, None without one.
    `tail`: nothing valid follows in this segment.
    """

    offset: int
    length: int
    tail: bool
    first: int | None
    records: tuple[tuple[int, Record], ...]


Piece = Commit | Region


@dataclass(frozen=True, slots=True)
class Scan:
    """One segment as read: `end` is where its last whole commit ends; `blank` means all zeros."""

    head: Head | None
    epoch: bytes | None
    pieces: tuple[Piece, ...]
    end: int
    blank: bool


def is_blank(data: bytes, at: int) -> bool:
    """Tell whether everything from `at` on is zero."""
    while at < len(data):
        step = min(len(data) - at, len(_ZEROS))
        if data[at : at + step] != _ZEROS[:step]:
            return False
        at += step
    return True


def scan_segment(data: bytes, number: int) -> Scan:
    """Read a whole segment that is known as `number`."""
    if is_blank(data, 0):
        return Scan(None, None, (), 0, blank=True)
    head = decode_head(data[:HEAD_READ_BYTES])
    if head is not None and head.number != number:
        return Scan(None, None, (), 0, blank=False)  # a stranger: nothing in it belongs here
    start = head_size(head) if head else min(BLOCK_BYTES, len(data))
    epoch = head.epoch if head else _epoch_of(data, number)
    pieces = tuple(walk(data, start, 0, number, epoch))
    whole = [piece.offset + piece.length for piece in pieces if isinstance(piece, Commit)]
    return Scan(head, epoch, pieces, max(whole, default=start), blank=False)


def _epoch_of(data: bytes, number: int) -> bytes | None:
    """Return the epoch that the first readable thing names, for a segment without head."""
    for at in range(BLOCK_BYTES, len(data), BLOCK_BYTES):
        if head := decode_commit_head(data, at, 0, number, None):
            return head.epoch
    kept = (r.epoch for _, r in _salvage(data, 0, len(data), 0, None) if r.kind in _OF_THIS_EPOCH)
    return next(kept, None)


def walk(data: bytes, at: int, base: int, number: int, epoch: bytes | None) -> Iterator[Piece]:
    """Yield what stands from `at` on in `data`, which was read from `base` of segment `number`."""
    while at < len(data):
        if commit := decode_commit(data, at, base, number, epoch):
            yield commit
            at += commit.length
            continue
        until = _next_commit(data, at + BLOCK_BYTES, base, number, epoch)
        if until is None and is_blank(data, at):
            return
        yield _region(data, at, until, base, number, epoch)
        at = len(data) if until is None else until


def _next_commit(data: bytes, at: int, base: int, number: int, epoch: bytes | None) -> int | None:
    for place in range(at, len(data), BLOCK_BYTES):
        if decode_commit_head(data, place, base, number, epoch):
            return place
    return None


def _region(
    data: bytes, at: int, until: int | None, base: int, number: int, epoch: bytes | None
) -> Region:
    end = at + len(data[at:].rstrip(b"\0")) if until is None else until
    head = decode_commit_head(data, at, base, number, epoch)
    return Region(
        offset=base + at,
        length=end - at,
        tail=until is None,
        first=head.first if head else None,
        # the last record's own end may be zeros: a signature's last byte often is
        records=tuple(_salvage(data, at, len(data) if until is None else until, base, epoch)),
    )


def _salvage(
    data: bytes, at: int, end: int, base: int, epoch: bytes | None
) -> Iterator[tuple[int, Record]]:
    """Yield every whole record between `at` and `end` that can belong here."""
    while (at := data.find(RECORD_MAGIC, at, end)) >= 0:
        record = decode_record(data, at, end)
        ours = record is not None and (
            record.kind in _OF_ANY_EPOCH or epoch in {None, record.epoch}
        )
        if record is not None and ours:
            yield base + at, record
            at += record_size(record)
        else:
            at += 1
