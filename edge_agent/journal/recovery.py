"""What a start finds: reads every segment, decides torn from damaged, cuts, keeps, rebuilds.

Nothing here may keep the agent from starting: a file that cannot be read is named, a repair that
the disk refuses is left for the next start.  A torn tail is cut off; a damaged file is never
changed again and gets a second name, `<name>.broken`, which also tells the next start that the
damage is already known.
"""

import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

from edge_agent.journal.centers import Center, center_of
from edge_agent.journal.chain import NOT_A_SEGMENT, Chain, Damage, Stored
from edge_agent.journal.disk import LOCK_NAME, Disk, read_blocks
from edge_agent.journal.format import (
    BLOCK_BYTES,
    HEAD_READ_BYTES,
    SEGMENT_BYTES,
    Record,
    RecordKind,
    decode_head,
    decode_ranges,
)
from edge_agent.journal.index import Index, Segment
from edge_agent.journal.scan import Scan, scan_segment
from edge_agent.journal.spares import BROKEN_SUFFIX, MAKING_SUFFIX, segment_name, segment_number

VISITED_MAX = 1000
"""The newest envelopes shown to the visitor: covers the last frames of every panel of a gateway
(8 panels) and keeps a start short whatever the journal holds."""


class Tail(Enum):
    """In what state the journal was found."""

    CLEAN = "clean"
    TORN = "torn"  # an unfinished last write was dropped: never promised to anybody
    DAMAGED = "damaged"  # something that had been durable is not whole (named since this start)


@dataclass(frozen=True, slots=True)
class Recovery:
    """The journal as found.  `epoch` is the newest epoch, None in an empty journal.

    `count` is the number of its events (last sequence number + 1) and `noted` how many of them
    `note`, the sealer's last durable note, covers (fewer only after damage).  `head` is its
    genesis envelope.  `damages` were never named before, `known` were.  `centers` are those that
    have a slot; `unreceipted` counts per lane, over all epochs, the events that any of them is
    owed.  `refused`: why a repair could not be made, None where all
    were.  `foreign`: names in the directory that are not the journal's.
    """

    epoch: bytes | None
    count: int
    note: bytes
    noted: int
    head: bytes | None
    tail: Tail
    orderly: bool
    torn_bytes: int
    damages: tuple[Damage, ...]
    known: tuple[Damage, ...]
    centers: tuple[Center, ...]
    unreceipted: tuple[int, ...]
    foreign: tuple[str, ...]
    refused: str | None
    index: Index
    spare: int | None
    next_number: int


@dataclass(slots=True)
class _Found:
    """One segment file: `number` is what its head says, its name where there is no head."""

    name: str
    number: int
    scan: Scan = field(default=Scan(None, None, (), 0, blank=True))
    size: int = 0
    damages: list[Damage] = field(default_factory=list)


def recover(disk: Disk, visit: Callable[[Record], None] | None = None) -> Recovery:
    """Read the journal and make it ready for a new epoch.

    `visit` is called with the newest envelopes (at most VISITED_MAX), oldest first.
    """
    names = disk.names()
    files, copies = list_segments(disk, names)
    index, chain = Index(), Chain()
    centers = _Centers(index)
    newest: deque[Record] = deque(maxlen=VISITED_MAX)
    for file in files:
        data, file.size, file.damages = read_segment(disk, file.name, file.number)
        file.scan = scan_segment(data, file.number)
        if file.scan.epoch is not None:
            index.add(_segment(file))
        _sort(chain.feed(file.number, file.scan), files, centers, newest)
        file.scan = Scan(
            file.scan.head, file.scan.epoch, (), file.scan.end, file.scan.blank
        )  # lets the records go
    _sort(chain.finish(), files, centers, newest)
    repairs = _Repairs(disk, set(names))
    spare = repairs.make(files, index)
    for record in newest:
        if visit is not None:
            visit(record)
    return _recovery(chain, centers, files, copies, repairs, spare)


def _recovery(
    chain: Chain,
    centers: "_Centers",
    files: list[_Found],
    copies: list[str],
    repairs: "_Repairs",
    spare: int | None,
) -> Recovery:
    run, index = chain.run, centers.index
    index.require(sorted(centers.known) or index.required)
    damages = [d for f in files for d in f.damages if f.name not in repairs.known]
    known = [d for f in files for d in f.damages if f.name in repairs.known]
    torn_bytes = repairs.torn_bytes + (run.torn_bytes if run else 0)
    named = [segment_number(n.removesuffix(BROKEN_SUFFIX)) or 0 for n in repairs.names]
    return Recovery(
        epoch=run.epoch if run else None,
        count=run.expected if run else 0,
        note=run.note if run else b"",
        noted=run.noted if run else 0,
        head=run.head if run else None,
        tail=Tail.DAMAGED if damages else Tail.TORN if torn_bytes else Tail.CLEAN,
        orderly=run is not None and run.orderly,
        torn_bytes=torn_bytes,
        damages=tuple(damages),
        known=tuple(known),
        centers=tuple(centers.known.values()),
        unreceipted=index.unreceipted(),
        foreign=tuple(sorted([*copies, *(n for n in repairs.names if _is_foreign(n))])),
        refused=repairs.refused,
        index=index,
        spare=spare,
        next_number=max([0, *named, *(f.number for f in files)]) + 1,
    )


def list_segments(disk: Disk, names: list[str]) -> tuple[list[_Found], list[str]]:
    """Return the segment files in the order of their heads, and the names of copies.

    The head counts, not the name: swapped files are put right.  Of two files with one number the
    one with the right name counts, the other is a stranger and left alone.
    """
    by_number: dict[int, _Found] = {}
    copies: list[str] = []
    for name in sorted(names):
        named = segment_number(name)
        if named is None:
            continue
        file = _Found(name, _number_of(disk, name, named))
        other = by_number.get(file.number)
        if other is None or named == file.number:
            by_number[file.number] = file
            file = other or file
        if other is not None:
            copies.append(file.name)
    return [by_number[number] for number in sorted(by_number)], copies


def _number_of(disk: Disk, name: str, number: int) -> int:
    with contextlib.suppress(OSError):
        file = disk.open(name)
        with contextlib.closing(file):
            if head := decode_head(file.read(0, HEAD_READ_BYTES)):
                return head.number
    return number


def read_segment(disk: Disk, name: str, number: int) -> tuple[bytes, int, list[Damage]]:
    """Return a segment's bytes (at most SEGMENT_BYTES), its size, and what of it is unreadable."""
    try:
        file = disk.open(name)
    except OSError as error:
        return b"", 0, [Damage(number, 0, f"cannot be opened: {error.strerror}")]
    damages: list[Damage] = []
    with contextlib.closing(file):
        size = file.size()
        data, unreadable = read_blocks(file, min(size, SEGMENT_BYTES), BLOCK_BYTES)
    if unreadable:
        text = f"{len(unreadable)} blocks of {BLOCK_BYTES} bytes: the disk cannot read them"
        damages.append(Damage(number, unreadable[0], text))
    if size > SEGMENT_BYTES:
        damages.append(
            Damage(number, SEGMENT_BYTES, "longer than any segment: the rest is foreign")
        )
    return data, size, damages


def _segment(file: _Found) -> Segment:
    scan = file.scan
    assert scan.epoch is not None
    return Segment(
        number=file.number,
        name=file.name,
        epoch=scan.epoch,
        first=0,
        start=BLOCK_BYTES,
        end=min(file.size, SEGMENT_BYTES),
        size=file.size,
        headed=scan.head is not None,
    )


def _sort(
    found: Iterator[Stored | Damage],
    files: list[_Found],
    centers: "_Centers",
    newest: deque[Record],
) -> None:
    """Put what the chain found where it belongs."""
    index = centers.index
    events = _Events(index)
    for item in found:
        if isinstance(item, Damage):
            owner = next((f for f in files if f.number == item.segment), files[-1])
            owner.damages.append(item)
            continue
        record = item.record
        match record.kind:
            case RecordKind.ENVELOPE:
                events.add(item.segment, record)
                newest.append(record)
            case RecordKind.RECEIPT:
                events.flush()
                for first, last in decode_ranges(record.data)[0]:
                    index.release(record.lane, record.epoch, first, last)
            case RecordKind.CENTER:
                events.flush()
                centers.take(record)
    events.flush()


class _Centers:
    """Collects which center has which slot, and has the index owe it what it is owed."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.known: dict[int, Center] = {}

    def take(self, record: Record) -> None:
        """Take a CENTER record; all segments up to its own are in the index."""
        center = center_of(record)
        if center is None or center == (before := self.known.get(center.slot)):
            return
        self.known[center.slot] = center
        if before is not None:
            self.index.forget(center.slot)
        # An epoch that is not there is older than all that is left: then it is owed everything.
        epochs = [segment.epoch for segment in self.index.segments]
        self.index.owe(center.slot, epochs.index(record.epoch) if record.epoch in epochs else 0)


class _Events:
    """Collects events until a number or a segment is skipped: the index takes them all at once."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._segment = 0
        self._next = 0
        self._lanes = bytearray()

    def add(self, segment: int, record: Record) -> None:
        """Take an event of a segment."""
        if record.seq != self._next or segment != self._segment:
            self.flush()
            self._segment = segment
        self._lanes.append(record.lane)
        self._next = record.seq + 1

    def flush(self) -> None:
        """Bring the index up to date: before a receipt, which may be for the last event."""
        if self._lanes:
            segment = next(s for s in reversed(self._index.segments) if s.number == self._segment)
            self._index.extend(segment, self._next - len(self._lanes), self._lanes)
            self._lanes = bytearray()


class _Repairs:
    """The changes that a start makes to the files; the first refusal is kept and the rest tried."""

    def __init__(self, disk: Disk, names: set[str]) -> None:
        self._disk = disk
        self.names = names
        self.known = {n.removesuffix(BROKEN_SUFFIX) for n in names if n.endswith(BROKEN_SUFFIX)}
        self.refused: str | None = None
        self.torn_bytes = 0

    def make(self, files: list[_Found], index: Index) -> int | None:
        """Repair every file; return the number of an unused segment that is ready for use."""
        for name in self.names:
            if name.endswith(MAKING_SUFFIX):
                self._try(partial(self._disk.remove, name))
        spare = None
        by_number = {segment.number: segment for segment in index.segments}
        used = [file for file in files if not file.scan.blank]
        for file in files:
            if file.scan.blank and not file.damages:
                spare = self._unused(file, last=file is files[-1])
            else:
                self._repair(file, by_number.get(file.number), last=file in used[-1:])
        self._try(self._disk.sync)
        return spare

    def _unused(self, file: _Found, *, last: bool) -> int | None:
        """Keep a whole unused segment for this run, remove any other."""
        if last and file.size == SEGMENT_BYTES and file.name == segment_name(file.number):
            return file.number
        self._try(lambda: self._disk.remove(file.name))
        return None

    def _repair(self, file: _Found, segment: Segment | None, *, last: bool) -> None:
        empty = file.scan.head is None and (segment is None or not segment.span)
        if empty and all(d.what == NOT_A_SEGMENT for d in file.damages):
            self._set_aside(file, last=last)
            return
        if file.damages:
            broken = file.name + BROKEN_SUFFIX
            if broken not in self.names:
                self._try(lambda: self._disk.link(file.name, broken))
        elif segment is not None and file.size > file.scan.end:
            self._try(lambda: self._cut(file.name, file.scan.end))
            segment.end = segment.size = file.scan.end
        if last:
            self._try(lambda: self._flush(file.name))

    def _flush(self, name: str) -> None:
        """What a killed process wrote and did not flush was read from memory: make it durable
        before anything is built on it."""
        file = self._disk.open(name, writable=True)
        with contextlib.closing(file):
            file.sync()

    def _set_aside(self, file: _Found, *, last: bool) -> None:
        """A file with nothing to read: as the newest, a first write that was torn."""
        if last:
            file.damages = []
            self.torn_bytes += file.size
        self._try(lambda: self._disk.rename(file.name, file.name + BROKEN_SUFFIX))

    def _cut(self, name: str, size: int) -> None:
        file = self._disk.open(name, writable=True)
        with contextlib.closing(file):
            file.truncate(size)
            file.sync()

    def _try(self, change: Callable[[], None]) -> None:
        try:
            change()
        except OSError as error:
            self.refused = self.refused or (error.strerror or str(error))


def _is_foreign(name: str) -> bool:
    stem = name.removesuffix(BROKEN_SUFFIX)
    ours = segment_number(stem) is not None or name == LOCK_NAME
    return not ours and not name.endswith(MAKING_SUFFIX)
