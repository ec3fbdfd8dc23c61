"""Reads the oldest segments, so that somebody who understands events can say how old they are."""

from dataclasses import dataclass

from edge_agent.journal.disk import Disk
from edge_agent.journal.files import SegmentFile, last_events, outline, read_segment
from edge_agent.journal.format import Commit, RecordKind
from edge_agent.journal.index import Index, Segment
from edge_agent.journal.scan import scan_segment


@dataclass(frozen=True, slots=True)
class Glimpse:
    """The oldest segment, which is written no more.

    `receipted`: every required center holds all of it, or was never owed it.  The rest is only
    read where that is so.  `first` and `last`: the numbers of its events, None without any.
    `note` covers the events of `epoch` up to `last`, empty where it is not readable.  `newest` is
    its last envelope, empty without any.
    """

    number: int
    epoch: bytes
    receipted: bool
    first: int | None = None
    last: int | None = None
    note: bytes = b""
    newest: bytes = b""


def glimpse(disk: Disk, index: Index) -> Glimpse | None:
    """Return what is known of the oldest segment, None where it is the newest as well.

    It need not be sealed: a full disk has no room for that, and needs its removal most.  Does I/O;
    the index is read without its lock.
    """
    segments = index.segments
    if len(segments) < 2:
        return None
    oldest = segments[0]
    if oldest.awaited(index.required):
        return Glimpse(oldest.number, oldest.epoch, receipted=False)
    newest, note, noted = _last(disk, oldest)
    if not oldest.span:
        return Glimpse(oldest.number, oldest.epoch, receipted=True)
    last = oldest.first + oldest.span - 1
    return Glimpse(
        number=oldest.number,
        epoch=oldest.epoch,
        receipted=True,
        first=oldest.first,
        last=last,
        note=note if noted == last + 1 else b"",
        newest=newest,
    )


def newest_of(disk: Disk, index: Index, place: int) -> bytes:
    """Return the last envelope of the segment `place` behind the oldest, empty without any.

    Never that of the newest segment, which is being written.  Does I/O.
    """
    segments = index.segments
    return _last(disk, segments[place])[0] if 0 <= place < len(segments) - 1 else b""


def _last(disk: Disk, segment: Segment) -> tuple[bytes, bytes, int]:
    """Return the last whole envelope of a segment, its last note, and how much that covers."""
    found = outline(disk, SegmentFile(segment.name, segment.number, segment.sealed))
    if found is not None:
        footer = found.footer
        events = last_events(disk, segment.name, footer, 1)
        return events[-1].data if events else b"", footer.note, footer.noted
    data, _, _ = read_segment(disk, segment.name, segment.number)
    envelope, note, noted = b"", b"", 0
    for piece in scan_segment(data, segment.number).pieces:
        if isinstance(piece, Commit):
            note, noted = piece.note, piece.noted
            for record in piece.records:
                if record.kind is RecordKind.ENVELOPE:
                    envelope = record.data
    return envelope, note, noted
