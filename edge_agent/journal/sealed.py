"""The layout of a sealed segment: head, records back to back, footer; making and walking it.

What is sealed is undamaged; every record keeps the bytes and the CRC that it was committed with.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from edge_agent.journal.contents import Contents
from edge_agent.journal.footer import (
    FOOTER_BYTES_MAX,
    MARK_BYTES,
    Footer,
    Receipted,
    Span,
    encode_footer,
)
from edge_agent.journal.format import (
    COMMIT_HEAD_BYTES,
    RECORD_MAGIC,
    SEALED_BYTES_MAX,
    SEALED_VERSION,
    SEGMENT_BYTES,
    Commit,
    Head,
    Range,
    Record,
    RecordKind,
    decode_ranges,
    decode_record,
    encode_head,
    record_size,
)
from edge_agent.journal.ranges import merged
from edge_agent.journal.subtrees import Cover

Extent = tuple[int, int]
"""A stretch of a file: its offset and its length."""

_OF_THE_EPOCH = frozenset({RecordKind.ENVELOPE, RecordKind.END, RecordKind.FORGONE})


@dataclass(slots=True)
class _Bounds:
    """Earliest and latest of what was seen."""

    first: int | None = None
    last: int | None = None

    def see(self, value: int) -> None:
        if self.first is None or self.last is None:
            self.first = self.last = value
        else:
            self.first, self.last = min(self.first, value), max(self.last, value)


@dataclass(slots=True)
class Summary:
    """Gathers a footer from records in their order; `at` is where the next one begins."""

    at: int
    contents: Contents | None = None
    _records: int = 0
    _lanes: bytearray = field(default_factory=bytearray)
    _runs: list[Range] = field(default_factory=list)
    _covers: list[Cover] = field(default_factory=list)
    _marks: list[tuple[int, int]] = field(default_factory=list)
    _marked: int = -MARK_BYTES
    _wall: _Bounds = field(default_factory=_Bounds)
    _boot: _Bounds = field(default_factory=_Bounds)
    _undated: int = 0
    _receipts: dict[tuple[int, bytes], list[Range]] = field(default_factory=dict)
    _forgone: list[Range] = field(default_factory=list)
    _others: list[Record] = field(default_factory=list)
    _ended: int | None = None

    def add(self, record: Record) -> None:
        """Take the next record."""
        match record.kind:
            case RecordKind.ENVELOPE:
                self._event(record)
            case RecordKind.RECEIPT:
                ranges = self._receipts.setdefault((record.lane, record.epoch), [])
                ranges += decode_ranges(record.data)[0]
            case RecordKind.FORGONE:
                self._forgone += decode_ranges(record.data)[0]
            case RecordKind.END:
                self._ended = record.seq
            case _:
                self._others.append(record)
        self._records += 1
        self.at += record_size(record)

    def _event(self, record: Record) -> None:
        seq = record.seq
        if self._runs and self._runs[-1][1] == seq - 1:
            self._runs[-1] = (self._runs[-1][0], seq)
        else:
            self._runs.append((seq, seq))
            self._covers.append(Cover(seq))
        if self.at - self._marked >= MARK_BYTES:
            self._marked = self.at
            self._marks.append((self.at, seq))
        self._lanes.append(record.lane)
        if self.contents is None:
            self._undated += 1
            return
        self._covers[-1].add(self.contents.leaf(record.data), self.contents.node)
        times = self.contents.times(record.data)
        if times is not None:
            self._boot.see(times.boot_ns)
        if times is None or times.wall_ns is None:
            self._undated += 1
        else:
            self._wall.see(times.wall_ns)

    def footer(self, head: Head, start: int, first: int, noted: int, note: bytes) -> Footer:
        """Return the footer of all that was added."""
        hashes = tuple(one for cover in self._covers for one in cover.hashes)
        receipts = tuple(
            Receipted(slot, epoch, *pair)
            for (slot, epoch), ranges in sorted(self._receipts.items())
            for pair in merged(ranges)
        )
        bounds = (self._wall.first, self._wall.last, self._boot.first, self._boot.last)
        return Footer(
            number=head.number,
            epoch=head.epoch,
            start=start,
            end=self.at,
            records=self._records,
            first=self._runs[0][0] if self._runs else first,
            runs=tuple(self._runs),
            lanes=bytes(self._lanes),
            hashes=hashes,
            marks=tuple(self._marks),
            span=Span(*bounds, self._undated),
            receipts=receipts,
            forgone=tuple(merged(self._forgone)),
            others=tuple(self._others),
            ended=self._ended,
            noted=noted,
            note=note,
        )


@dataclass(frozen=True, slots=True)
class Compacted:
    """A sealed segment to be made: `start`, the `extents` of the old file in their order, `ending`.

    `size` is what it takes; `digest` is the SHA-256 of all of it, from when it was found whole.
    """

    start: bytes
    extents: tuple[Extent, ...]
    ending: bytes
    size: int
    digest: bytes
    footer: Footer


@dataclass(slots=True)
class Compaction:
    """Plans the rewriting of one undamaged segment, commit by commit: no more of it than a commit
    needs to be in memory."""

    head: Head
    contents: Contents
    _extents: list[Extent] = field(default_factory=list)
    _digest: Any = field(init=False)
    _summary: Summary = field(init=False)
    _start: bytes = field(init=False)
    _last: Commit | None = None

    def __post_init__(self) -> None:
        self.head = replace(self.head, version=SEALED_VERSION)
        self._start = encode_head(self.head)
        self._digest = sha256(self._start)
        self._summary = Summary(len(self._start), self.contents)

    def add(self, data: bytes, at: int, commit: Commit) -> None:
        """Take the commit that stands at `at` of `data`: its records' own bytes are kept."""
        before = COMMIT_HEAD_BYTES + len(commit.note)
        size = sum(map(record_size, commit.records))
        self._extents.append((commit.offset + before, size))
        self._digest.update(data[at + before : at + before + size])
        for record in commit.records:
            self._summary.add(record)
        self._last = commit

    def finish(self) -> Compacted | None:
        """Return the sealed segment to be made; None for what no sealed segment can hold."""
        last = self._last
        if last is None:
            return None
        start = len(self._start)
        footer = self._summary.footer(self.head, start, last.first, last.noted, last.note)
        ending = encode_footer(footer)
        size = footer.end + len(ending)
        if len(ending) > FOOTER_BYTES_MAX or size > SEALED_BYTES_MAX:
            return None
        if size == SEGMENT_BYTES:  # else a lost head would make it look like a torn write
            return None
        self._digest.update(ending)
        digest = self._digest.digest()
        return Compacted(self._start, tuple(self._extents), ending, size, digest, footer)


def walk_records(
    data: bytes, at: int, end: int, base: int, epoch: bytes | None
) -> Iterator[tuple[int, Record | None]]:
    """Yield the records of a sealed segment with their places; None where bytes begin that are none
    of its records.  `data` was read from `base` on, `at` and `end` are places in it."""
    while at < end:
        record = decode_record(data, at, end)
        if record is not None and belongs(record, epoch):
            yield base + at, record
            at += record_size(record)
        else:
            yield base + at, None
            at = _next_record(data, at + 1, end, epoch)


def _next_record(data: bytes, at: int, end: int, epoch: bytes | None) -> int:
    while (at := data.find(RECORD_MAGIC, at, end)) >= 0:
        record = decode_record(data, at, end)
        if record is not None and belongs(record, epoch):
            return at
        at += 1
    return end


def belongs(record: Record, epoch: bytes | None) -> bool:
    """Tell whether a record can stand in a segment of `epoch`: receipts may be for any."""
    return record.kind not in _OF_THE_EPOCH or epoch in {None, record.epoch}


def summarise(
    head: Head, records: Iterable[Record], first: int, noted: int, note: bytes, contents: Contents
) -> Footer:
    """Return the footer that these records should have."""
    start = len(encode_head(head))
    summary = Summary(start, contents)
    for record in records:
        summary.add(record)
    return summary.footer(head, start, first, noted, note)
