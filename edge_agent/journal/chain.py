"""Joins scanned segments to one order of records and tells torn writes from damage.

What was promised is known from what follows: a commit is only written after the one before it was
durable, so anything valid behind a bad region proves that the region once held committed records.
Across segments the sequence numbers prove it, and the head of the next epoch says how many events
its start had found in the one before.  What nothing follows was never promised: a torn write.
A write that the disk refused was repeated in the next segment: its remains, and its doubles, are
neither.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from edge_agent.journal.footer import Footer
from edge_agent.journal.format import Commit, Range, Record, RecordKind, decode_ranges
from edge_agent.journal.ranges import contains, overlapping, subtract
from edge_agent.journal.scan import Piece, Region, Scan

_KEPT = (RecordKind.RECEIPT, RecordKind.CENTER)  # saved beside events, wherever they are found

NOT_A_SEGMENT = "no readable head and no commit: not a segment, or destroyed"


@dataclass(frozen=True, slots=True)
class Stored:
    """A record and where it stands: segment number and byte offset of its commit or itself."""

    segment: int
    offset: int
    record: Record


@dataclass(frozen=True, slots=True)
class Summed:
    """A sealed segment that was not read: `footer` says what is in it.

    Its events below `expected` are repeated after a refused write and count where they first stood.
    """

    segment: int
    expected: int
    footer: Footer


@dataclass(frozen=True, slots=True)
class Damage:
    """Something that was promised and is not whole.

    `first` and `last` are the sequence numbers of `epoch` that are lost, None where nothing is
    known to be lost or how much is unknown.
    """

    segment: int
    offset: int
    what: str
    epoch: bytes | None = None
    first: int | None = None
    last: int | None = None

    def __str__(self) -> str:
        epoch = f" of epoch {self.epoch.hex()}" if self.epoch else ""
        return f"segment {self.segment}, byte {self.offset}: {self.what}{epoch}"


@dataclass(slots=True)
class Run:
    """One epoch as far as it was read; `expected` is the next sequence number, `noted` how many
    events `note` covers; `torn_bytes` counts what was dropped at its end."""

    epoch: bytes
    expected: int
    head: bytes | None = None
    note: bytes = b""
    noted: int = 0
    orderly: bool = False
    torn_bytes: int = 0
    forgone: list[Range] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Doubt:
    segment: int
    region: Region


Found = Stored | Summed | Damage


class Chain:
    """Feed it every segment in order of number, then `finish`; each returns what is now certain."""

    def __init__(self) -> None:
        self.run: Run | None = None
        self._doubts: list[_Doubt] = []

    def feed(self, number: int, scan: Scan) -> Iterator[Found]:
        """Take the next segment."""
        if scan.blank:
            return
        if scan.epoch is None:
            yield Damage(number, 0, NOT_A_SEGMENT)
            return
        if self.run is None or self.run.epoch != scan.epoch:
            yield from self._begin(number, scan)
        run = self.run
        assert run is not None
        if scan.head is not None:
            run.head = scan.head.data
        elif any(isinstance(piece, Commit) for piece in scan.pieces):
            yield Damage(number, 0, "segment head unreadable")
        if scan.sealed and scan.footer is None:
            yield Damage(number, scan.end, "footer unreadable: its records are read one by one")
        for piece in scan.pieces:
            yield from self._piece(run, number, piece)

    def finish(self) -> Iterator[Found]:
        """Decide what was still open at the end of the newest epoch."""
        if self.run is None:
            return
        if not self.run.orderly:  # nothing is written behind an END, so nothing is torn there
            torn = [doubt for doubt in self._doubts if doubt.region.tail]
            self.run.torn_bytes = sum(doubt.region.length for doubt in torn)
            self._doubts = [doubt for doubt in self._doubts if doubt not in torn]
        yield from self._settle(self.run, self.run.expected)
        self.run.expected = _past(self.run.expected, self.run.forgone)

    def _begin(self, number: int, scan: Scan) -> Iterator[Found]:
        """Close the epoch before, as far as the next one's head knows it, and open this one."""
        assert scan.epoch is not None
        before, head = self.run, scan.head
        if before is not None:
            follows = head is not None and head.previous == before.epoch
            yield from self._settle(before, head.previous_count if head and follows else 0, number)
            if head is not None and head.previous is not None and not follows:
                text = f"the epoch before it, {head.previous.hex()}, is missing"
                yield Damage(number, 0, text, head.previous)
        self.run = Run(scan.epoch, 0 if before is not None else _first(scan))

    def _piece(self, run: Run, number: int, piece: Piece) -> Iterator[Found]:
        if isinstance(piece, Commit):
            yield from self._commit(run, number, piece)
            return
        if isinstance(piece, Footer):
            yield from self._summary(run, number, piece)
            return
        if piece.first is not None:
            yield from self._settle(run, piece.first, number, piece.offset)
        self._doubts.append(_Doubt(number, piece))

    def _commit(self, run: Run, number: int, commit: Commit) -> Iterator[Found]:
        for record in commit.records:
            if record.kind is RecordKind.FORGONE:
                run.forgone += decode_ranges(record.data)[0]
                run.forgone.sort()
        yield from self._settle(run, commit.first, number, commit.offset)
        for record in commit.records:
            match record.kind:
                case RecordKind.ENVELOPE:
                    if record.seq < run.expected:
                        continue  # repeated after a refused write
                    yield from self._gap(run, record.seq, number, commit.offset)
                    run.expected = record.seq + 1
                case RecordKind.END:
                    yield from self._gap(run, record.seq, number, commit.offset)
                    run.expected = max(run.expected, record.seq)
            yield Stored(number, commit.offset, record)
        if commit.noted:
            run.note, run.noted = commit.note, commit.noted
        if commit.records:
            run.orderly = commit.records[-1].kind is RecordKind.END

    def _summary(self, run: Run, number: int, footer: Footer) -> Iterator[Found]:
        """Take all of a sealed segment at once."""
        run.forgone += footer.forgone
        run.forgone.sort()
        yield from self._settle(run, footer.first, number)
        expected = run.expected
        for first, last in footer.runs:
            yield from self._gap(run, first, number, footer.start)
            run.expected = max(run.expected, last + 1)
        if footer.ended is not None:
            yield from self._gap(run, footer.ended, number, footer.end)
            run.expected = max(run.expected, footer.ended)
        yield Summed(number, expected, footer)
        if footer.noted:
            run.note, run.noted = footer.note, footer.noted
        run.orderly = footer.ended is not None

    def _settle(
        self, run: Run, until: int, number: int | None = None, offset: int = 0
    ) -> Iterator[Found]:
        """Sequence numbers below `until` were promised: find them in what was doubtful."""
        missing = _unexplained(run, until)
        for doubt in self._doubts:
            saved = list(_saved(doubt, missing))
            if missing or not doubt.region.tail or run.orderly:
                text = f"{doubt.region.length} bytes unreadable, {len(saved)} records saved"
                yield Damage(doubt.segment, doubt.region.offset, text, run.epoch)
            yield from saved
            events = [s.record.seq for s in saved if s.record.kind is RecordKind.ENVELOPE]
            missing = subtract(missing, ((seq, seq) for seq in events))
        where = number if number is not None else self._last_segment()
        for first, last in missing:
            yield _lost(run, where, offset, first, last)
        self._doubts.clear()
        run.expected = max(run.expected, until)

    def _gap(self, run: Run, seq: int, number: int, offset: int) -> Iterator[Found]:
        """Name what is missing before `seq` inside a commit and was not forgone."""
        for first, last in _unexplained(run, seq):
            yield _lost(run, number, offset, first, last)

    def _last_segment(self) -> int:
        return self._doubts[-1].segment if self._doubts else 0


def _lost(run: Run, number: int, offset: int, first: int, last: int) -> Damage:
    return Damage(number, offset, f"events {first} to {last} are lost", run.epoch, first, last)


def _first(scan: Scan) -> int:
    """Return the first sequence number of a journal whose older segments are gone."""
    if scan.head is not None:
        return scan.head.first
    return next((p.first for p in scan.pieces if p.first is not None), 0)


def _saved(doubt: _Doubt, missing: list[Range]) -> Iterator[Stored]:
    """Yield the records of a region that are worth keeping, each number once."""
    taken: set[int] = set()
    for offset, record in doubt.region.records:
        if record.kind is RecordKind.ENVELOPE:
            if record.seq in taken or not contains(missing, record.seq):
                continue
            taken.add(record.seq)
        elif record.kind not in _KEPT or (doubt.region.tail and not missing):
            continue
        yield Stored(doubt.segment, offset, record)


def _unexplained(run: Run, until: int) -> list[Range]:
    """Return the numbers from the expected one to below `until` that were not forgone."""
    if until <= run.expected:
        return []
    gap = (run.expected, until - 1)
    return subtract([gap], overlapping(run.forgone, *gap))


def _past(seq: int, forgone: list[Range]) -> int:
    """Return the first number from `seq` on that was not forgone."""
    for first, last in forgone:
        if first <= seq <= last:
            seq = last + 1
    return seq
