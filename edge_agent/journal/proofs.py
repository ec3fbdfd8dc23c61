"""Proofs that an event is in the tree of a signed head, and that one head follows another.

The hashes are those of RFC 9162 section 2.1.  What a sealed segment keeps in its footer stands for
its events, so a proof reads footers, the records of the one segment that holds the event, and those
of segments that are not sealed yet: nothing else, however long the epoch.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from edge_agent.journal.contents import Contents
from edge_agent.journal.disk import Readable
from edge_agent.journal.files import SegmentFile, list_segments, outline, read_segment
from edge_agent.journal.format import Range, Record, RecordKind
from edge_agent.journal.scan import Region, scan_segment
from edge_agent.journal.subtrees import consistency_ranges, inclusion_ranges, range_root, spans


class NotProvable(Exception):  # noqa: N818  reads as what it says
    """The journal does not hold what the proof needs; says which event is missing."""


@dataclass(frozen=True, slots=True)
class _Holding:
    """A sealed segment with the first number of a run of its events."""

    first: int
    file: SegmentFile


class Prover:
    """Proves from one epoch of a journal as it is found now, also while an agent writes it."""

    def __init__(self, disk: Readable, contents: Contents, epoch: bytes) -> None:
        self._disk = disk
        self._contents = contents
        self._epoch = epoch
        self._known: dict[Range, bytes] = {}
        self._holding: list[_Holding] = []
        self._read: set[str] = set()
        for file in list_segments(disk, disk.names())[0]:
            found = outline(disk, file)
            if found is None or not found.footer.hashes:
                self._read_leaves(file)
            elif found.footer.epoch == epoch:
                self._known.update(found.footer.subtrees())
                self._holding += (_Holding(first, file) for first, _ in found.footer.runs)
        self._holding.sort(key=_first)

    def inclusion(self, seq: int, size: int) -> list[bytes]:
        """Return the audit path of event `seq` in the tree of the epoch's first `size` events.

        Lowest first, as RFC 9162 section 2.1.3.1 has it.  Raises NotProvable; ValueError where such
        a tree has no such event.
        """
        ranges = inclusion_ranges(seq, size)
        self._leaf(seq)
        return self._roots(ranges)

    def consistency(self, old_size: int, size: int) -> list[bytes]:
        """Return the proof that the tree of `old_size` events is a prefix of that of `size`.

        RFC 9162 section 2.1.4.1.  Raises NotProvable; ValueError where the old one is larger.
        """
        return self._roots(consistency_ranges(old_size, size))

    def root(self, size: int) -> bytes:
        """Return the root over the epoch's first `size` events, 1 or more.  Raises NotProvable."""
        return self._roots([(0, size - 1)])[0]

    def peaks(self, size: int) -> list[bytes]:
        """Return the roots of the perfect subtrees over the epoch's first `size` events, largest
        first.  Raises NotProvable."""
        return self._roots(spans(0, size - 1))

    def leaf(self, seq: int) -> bytes:
        """Return the leaf hash of event `seq`.  Raises NotProvable."""
        return self._leaf(seq)

    def _roots(self, ranges: Iterable[Range]) -> list[bytes]:
        try:
            return [range_root(*leaves, self._find, self._contents.node) for leaves in ranges]
        except KeyError as error:
            raise _missing(error.args[0]) from None

    def _find(self, leaves: Range) -> bytes | None:
        known = self._known.get(leaves)
        if known is None and leaves[0] == leaves[1]:
            self._load(leaves[0])
            known = self._known.get(leaves)
        return known

    def _leaf(self, seq: int) -> bytes:
        leaf = self._find((seq, seq))
        if leaf is None:
            raise _missing(seq)
        return leaf

    def _load(self, seq: int) -> None:
        """Read the leaves of the sealed segment that holds an event."""
        place = bisect_right(self._holding, seq, key=_first) - 1
        if place >= 0:
            self._read_leaves(self._holding[place].file)

    def _read_leaves(self, file: SegmentFile) -> None:
        if file.name in self._read:
            return
        self._read.add(file.name)
        data, _, _ = read_segment(self._disk, file.name, file.number)
        for record in _records(data, file.number):
            if record.kind is RecordKind.ENVELOPE and record.epoch == self._epoch:
                leaf = self._contents.leaf(record.data)
                self._known.setdefault((record.seq, record.seq), leaf)


def _records(data: bytes, number: int) -> Iterable[Record]:
    for piece in scan_segment(data, number).pieces:
        if isinstance(piece, Region):
            yield from (record for _, record in piece.records)
        else:
            yield from getattr(piece, "records", ())


def _missing(seq: int) -> NotProvable:
    return NotProvable(f"event {seq} is not in the journal: forgone, lost, or not durable yet")


def _first(holding: _Holding) -> int:
    return holding.first
