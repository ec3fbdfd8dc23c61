"""Rebuilds what a run keeps in memory from what a start found: the index, and who is owed what."""

from collections import deque
from collections.abc import Iterable

from edge_agent.journal.centers import Center, center_of
from edge_agent.journal.chain import Damage, Stored, Summed
from edge_agent.journal.footer import Footer
from edge_agent.journal.format import Record, RecordKind, decode_ranges
from edge_agent.journal.index import Index

VISITED_MAX = 1000
"""The newest envelopes shown to the visitor: covers the last frames of every panel of a gateway
(8 panels) and keeps a start short whatever the journal holds."""


class Rebuild:
    """Takes what the chain finds, in its order.

    `newest` are the last envelopes that were read, each with its segment's number.
    """

    def __init__(self) -> None:
        self.index = Index()
        self.centers = _Centers(self.index)
        self.newest: deque[tuple[int, Record]] = deque(maxlen=VISITED_MAX)

    def take(self, found: Iterable[Stored | Summed | Damage]) -> list[Damage]:
        """Put what was found where it belongs; return the damage among it."""
        damages: list[Damage] = []
        events = _Events(self.index)
        for item in found:
            if isinstance(item, Damage):
                damages.append(item)
            elif isinstance(item, Summed):
                events.flush()
                self._summed(item)
            else:
                self._stored(item, events)
        events.flush()
        return damages

    def _stored(self, item: Stored, events: "_Events") -> None:
        record = item.record
        match record.kind:
            case RecordKind.ENVELOPE:
                events.add(item.segment, record)
                self.newest.append((item.segment, record))
            case RecordKind.RECEIPT:
                events.flush()
                for first, last in decode_ranges(record.data)[0]:
                    self.index.release(record.lane, record.epoch, first, last)
            case RecordKind.CENTER:
                events.flush()
                self.centers.take(record)

    def _summed(self, item: Summed) -> None:
        """Take a sealed segment by its footer: the newest of the index."""
        footer = item.footer
        for record in footer.others:
            if record.kind is RecordKind.CENTER:
                self.centers.take(record)
        for first, lanes in _runs(footer):
            known = max(item.expected - first, 0)
            if known < len(lanes):
                self.index.extend(self.index.segments[-1], first + known, lanes[known:])
        for receipted in footer.receipts:
            self.index.release(receipted.slot, receipted.epoch, receipted.first, receipted.last)


def _runs(footer: Footer) -> Iterable[tuple[int, bytes]]:
    at = 0
    for first, last in footer.runs:
        count = last - first + 1
        yield first, footer.lanes[at : at + count]
        at += count


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
