"""The footer of a sealed segment: what a start, a search and a proof need to know of its records.

It stands behind the records; a trailer of fixed size at the end of the file says where it begins.
The same facts can be had from the records again (`edge-agent journal check` compares them).
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from zlib import crc32

from edge_agent.journal.contents import HASH_BYTES
from edge_agent.journal.format import (
    EPOCH_BYTES,
    LANES,
    NOTE_BYTES_MAX,
    RECORD_HEAD_BYTES,
    SEALED_BYTES_MAX,
    Range,
    Record,
    decode_record,
    encode_record,
    record_size,
)
from edge_agent.journal.subtrees import spans

FOOTER_MAGIC = b"\xeaFoo"
TRAILER_MAGIC = b"\xeaEnd"
FOOTER_BYTES_MAX = 512 * 1024
"""Beyond every real one: a segment of nothing but receipts for lone events has some 200 KiB."""

UNPACKED_BYTES_MAX = 4 * 1024 * 1024
"""What the packed part may become: bytes from a damaged disk are not trusted."""

EVENTS_MAX = SEALED_BYTES_MAX // RECORD_HEAD_BYTES
MARK_BYTES = 32 * 1024
"""How far the places that the footer names are apart: a reader of one event reads this much."""

_FIXED = struct.Struct(">4sI8sIIIQQQqqqqIII")  # see `encode_footer`; then the packed part
_TRAILER = struct.Struct(">4sIII")  # magic, segment number, footer's offset and length; then CRC
TRAILER_BYTES = _TRAILER.size + 4
_COUNT = struct.Struct(">I")
_RANGE = struct.Struct(">QQ")
_MARK = struct.Struct(">IQ")
_RECEIPT = struct.Struct(f">B{EPOCH_BYTES}sQQ")
_NONE = -(2**63)  # where there is no time, and no end
_COUNT_MAX = UNPACKED_BYTES_MAX // _MARK.size


@dataclass(frozen=True, slots=True)
class Receipted:
    """Events that a receipt record in this segment lets go: of `epoch`, for the center `slot`."""

    slot: int
    epoch: bytes
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Span:
    """When the events of a segment were heard, by their stamps.

    The wall clock's bounds count `undated` events not, and are None where all are; boot time is
    None where no event says it.
    """

    wall_first_ns: int | None = None
    wall_last_ns: int | None = None
    boot_first_ns: int | None = None
    boot_last_ns: int | None = None
    undated: int = 0


@dataclass(frozen=True, slots=True)
class Footer:
    """What is in a sealed segment.

    `start` and `end` bound its records in the file.  `first` is the first sequence number that
    they could hold, `runs` are those of its events, `lanes` one byte for each of them in order,
    `hashes` the subtrees that cover each run (see `subtrees.spans`).  `marks` are places where a
    record begins, with the first sequence number from there on.  `ended` is the number of the
    epoch's events where its END stands here.  `others` are the records of every other kind, as
    they stand here.  `note` covers the epoch's first `noted` events.
    """

    number: int
    epoch: bytes
    start: int
    end: int
    records: int
    first: int
    runs: tuple[Range, ...]
    lanes: bytes
    hashes: tuple[bytes, ...]
    marks: tuple[tuple[int, int], ...]
    span: Span
    receipts: tuple[Receipted, ...]
    forgone: tuple[Range, ...]
    others: tuple[Record, ...]
    ended: int | None
    noted: int
    note: bytes

    @property
    def events(self) -> int:
        """How many events stand here."""
        return len(self.lanes)

    def subtrees(self) -> Iterator[tuple[Range, bytes]]:
        """Yield the leaves that each hash covers, and the hash."""
        covered = (span for run in self.runs for span in spans(*run))
        return zip(covered, self.hashes, strict=True)

    def place_of(self, seq: int) -> int:
        """Return a place from which on event `seq` stands, if it does."""
        place = self.start
        for offset, first in self.marks:
            if first > seq:
                break
            place = offset
        return place


def encode_footer(footer: Footer) -> bytes:
    """Return the footer with its trailer, as it stands at `footer.end`."""
    packed = zlib.compress(_pack(footer), 6)
    span = footer.span
    fixed = _FIXED.pack(
        FOOTER_MAGIC,
        footer.number,
        footer.epoch,
        footer.start,
        footer.end,
        footer.records,
        footer.first,
        footer.noted,
        _UNENDED if footer.ended is None else footer.ended,
        *map(_or_none, (span.wall_first_ns, span.wall_last_ns)),
        *map(_or_none, (span.boot_first_ns, span.boot_last_ns)),
        span.undated,
        footer.events,
        len(packed),
    )
    body = fixed + packed
    body += _COUNT.pack(crc32(body))
    trailer = _TRAILER.pack(TRAILER_MAGIC, footer.number, footer.end, len(body))
    return body + trailer + _COUNT.pack(crc32(trailer))


_UNENDED = 2**64 - 1


def _or_none(value: int | None) -> int:
    return _NONE if value is None else value


def _pack(footer: Footer) -> bytes:
    receipts = [_RECEIPT.pack(r.slot, r.epoch, r.first, r.last) for r in footer.receipts]
    return b"".join(
        (
            _section(1, [footer.note]),
            _section(_RANGE.size, [_RANGE.pack(*run) for run in footer.runs]),
            _section(1, [footer.lanes]),
            _section(HASH_BYTES, footer.hashes),
            _section(_MARK.size, [_MARK.pack(*mark) for mark in footer.marks]),
            _section(_RECEIPT.size, receipts),
            _section(_RANGE.size, [_RANGE.pack(*pair) for pair in footer.forgone]),
            _section(1, [encode_record(record) for record in footer.others]),
        )
    )


def _section(size: int, parts: Sequence[bytes]) -> bytes:
    data = b"".join(parts)
    return _COUNT.pack(len(data) // size) + data


class _Sections:
    """Takes the sections off again.  Raises ValueError for what is not there."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int, count_max: int = _COUNT_MAX) -> bytes:
        """Return the next section, of entries of `size` bytes."""
        if self._at + _COUNT.size > len(self._data):
            raise ValueError("a section is missing")
        (count,) = _COUNT.unpack_from(self._data, self._at)
        start = self._at + _COUNT.size
        self._at = start + count * size
        if count > count_max or self._at > len(self._data):
            raise ValueError("a section is longer than it can be")
        return self._data[start : self._at]

    def finish(self) -> None:
        """Say that all were taken."""
        if self._at != len(self._data):
            raise ValueError("something follows the last section")


def decode_trailer(data: bytes, size: int) -> tuple[int, int] | None:
    """Return offset and length of the footer of a file of `size` bytes, whose last bytes are
    `data`; None where no trailer stands at its end."""
    if len(data) < TRAILER_BYTES:
        return None
    trailer = data[-TRAILER_BYTES:]
    magic, _, offset, length = _TRAILER.unpack_from(trailer)
    crc = crc32(trailer[: _TRAILER.size])
    if magic != TRAILER_MAGIC or _COUNT.unpack_from(trailer, _TRAILER.size)[0] != crc:
        return None
    if length > FOOTER_BYTES_MAX or offset + length + TRAILER_BYTES != size:
        return None
    return offset, length


def decode_footer(data: bytes) -> Footer | None:
    """Return the footer in `data` (without the trailer), None where anything does not hold."""
    end = len(data) - _COUNT.size
    if end < _FIXED.size or not data.startswith(FOOTER_MAGIC):
        return None
    fixed = _FIXED.unpack_from(data)
    if _COUNT.unpack_from(data, end)[0] != crc32(data[:end]) or _FIXED.size + fixed[-1] != end:
        return None
    try:
        return _decoded(fixed, data[_FIXED.size : end])
    except (ValueError, zlib.error, struct.error):
        return None


def _decoded(fixed: tuple[Any, ...], packed: bytes) -> Footer:
    _, number, epoch, start, stop, records, first, noted, ended, *times, undated, events, _ = fixed
    bounds = [None if time == _NONE else time for time in times]
    inflate = zlib.decompressobj()
    sections = _Sections(inflate.decompress(packed, UNPACKED_BYTES_MAX))
    if not inflate.eof:
        raise ValueError("longer than any footer")
    note = sections.take(1, NOTE_BYTES_MAX)
    runs = _ranges(sections.take(_RANGE.size))
    lanes = sections.take(1, EVENTS_MAX)
    hashes = sections.take(HASH_BYTES)
    marks = tuple(_MARK.iter_unpack(sections.take(_MARK.size)))
    receipted = sections.take(_RECEIPT.size)
    receipts = tuple(Receipted(*fields) for fields in _RECEIPT.iter_unpack(receipted))
    forgone = _ranges(sections.take(_RANGE.size))
    others = _records(sections.take(1))
    sections.finish()
    if len(lanes) != events or sum(last - first + 1 for first, last in runs) != events:
        raise ValueError("the runs are not as long as the lanes")
    if lanes and max(lanes) >= LANES:
        raise ValueError("no such lane")
    split = tuple(hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES))
    if len(split) not in {0, sum(1 for run in runs for _ in spans(*run))}:
        raise ValueError("not the subtrees of these runs")
    return Footer(
        number=number,
        epoch=epoch,
        start=start,
        end=stop,
        records=records,
        first=first,
        runs=runs,
        lanes=lanes,
        hashes=split,
        marks=marks,
        span=Span(bounds[0], bounds[1], bounds[2], bounds[3], undated),
        receipts=receipts,
        forgone=forgone,
        others=others,
        ended=None if ended == _UNENDED else ended,
        noted=noted,
        note=note,
    )


def _ranges(data: bytes) -> tuple[Range, ...]:
    pairs: tuple[Range, ...] = tuple(_RANGE.iter_unpack(data))
    for (_, last), (first, _) in pairwise(pairs):
        if first <= last:
            raise ValueError("ranges are not in order")
    if any(first > last for first, last in pairs):
        raise ValueError("a range ends before it begins")
    return pairs


def _records(data: bytes) -> tuple[Record, ...]:
    records: list[Record] = []
    at = 0
    while at < len(data):
        record = decode_record(data, at, len(data))
        if record is None:
            raise ValueError("a record that does not hold")
        records.append(record)
        at += record_size(record)
    return tuple(records)
