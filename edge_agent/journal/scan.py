"""Walks the bytes of one segment: whole commits, and regions that hold something else.

A sealed segment has no commits of its own: its records are given as such, one for each run of whole
ones, and its footer says what they should be.

Resync needs no trust in lengths: commits begin on block boundaries, records begin with their
magic, and each is checked by CRC, place and epoch.  Whether a region is a torn write or damage
depends on what follows it, also in later segments: `chain` decides that.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.journal.footer import TRAILER_BYTES, Footer, decode_footer, decode_trailer
from edge_agent.journal.format import (
    BLOCK_BYTES,
    HEAD_READ_BYTES,
    RECORD_MAGIC,
    SEALED_VERSION,
    SEGMENT_BYTES,
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
from edge_agent.journal.sealed import walk_records

_OF_THIS_EPOCH = frozenset({RecordKind.ENVELOPE, RecordKind.END})
_OF_ANY_EPOCH = frozenset({RecordKind.RECEIPT, RecordKind.CENTER})
_ZEROS = bytes(1 << 16)


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


Walked = Commit | Region
Piece = Walked | Footer
"""A footer stands for the records that it sums up, which were not read."""


@dataclass(frozen=True, slots=True)
class Scan:
    """One segment as read: `end` is where its last whole commit ends; `blank` means all zeros.

    `footer` is None in a segment that is not `sealed`, and where it does not hold.
    """

    head: Head | None
    epoch: bytes | None
    pieces: tuple[Piece, ...]
    end: int
    blank: bool = False
    sealed: bool = False
    footer: Footer | None = None


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
        return Scan(None, None, (), 0)  # a stranger: nothing in it belongs here
    footer = footer_of(data, number, head)
    if footer is not None or (head is not None and head.version == SEALED_VERSION):
        owner = footer or head
        assert owner is not None
        return _scan_sealed(data, owner.epoch, head, footer)
    start = head_size(head) if head else min(BLOCK_BYTES, len(data))
    epoch = head.epoch if head else _epoch_of(data, number)
    if head is None and epoch is not None and _was_sealed(data, number):
        return _scan_sealed(data, epoch, None, None)
    pieces = tuple(walk(data, start, 0, number, epoch))
    whole = [piece.offset + piece.length for piece in pieces if isinstance(piece, Commit)]
    return Scan(head, epoch, pieces, max(whole, default=start))


def footer_of(data: bytes, number: int, head: Head | None) -> Footer | None:
    """Return the footer at the end of a whole segment, None where there is none that belongs."""
    place = decode_trailer(data[-TRAILER_BYTES:], len(data))
    footer = decode_footer(data[place[0] : place[0] + place[1]]) if place is not None else None
    if footer is None or place is None:
        return None
    fits = (footer.number, footer.end) == (number, place[0]) and footer.start <= footer.end
    return footer if fits and head_fits(head, footer) else None


def head_fits(head: Head | None, footer: Footer) -> bool:
    """Tell whether head and footer are of one sealed segment; a lost head fits."""
    if head is None:
        return True
    return head.version == SEALED_VERSION and (head.epoch, head_size(head)) == (
        footer.epoch,
        footer.start,
    )


def _was_sealed(data: bytes, number: int) -> bool:
    """Tell whether a segment without head and footer was sealed, so that nothing in it is torn.

    A first write that was torn left a file of its full size, or a commit.
    """
    places = range(0, len(data), BLOCK_BYTES)
    return len(data) != SEGMENT_BYTES and not any(
        decode_commit_head(data, at, 0, number, None) for at in places
    )


def _scan_sealed(data: bytes, epoch: bytes, head: Head | None, footer: Footer | None) -> Scan:
    start = head_size(head) if head is not None else footer.start if footer is not None else 0
    end = footer.end if footer is not None else len(data)
    pieces: list[Piece] = list(_sealed_pieces(data, start, end, epoch))
    if footer is None:
        if pieces and isinstance(pieces[-1], Region):
            pieces.pop()  # the remains of the footer
    else:
        pieces.append(_last_word(footer))
    return Scan(head, epoch, tuple(pieces), len(data), sealed=True, footer=footer)


def _sealed_pieces(data: bytes, start: int, end: int, epoch: bytes) -> Iterator[Commit | Region]:
    """Yield each run of whole records as one commit, and what is between them."""
    found = list(walk_records(data, start, end, 0, epoch))
    run: list[Record] = []
    begun = start
    for place, (at, record) in enumerate(found):
        if record is not None:
            run.append(record)
            continue
        if run:
            yield _run(begun, at, epoch, run)
        begun = found[place + 1][0] if place + 1 < len(found) else end
        yield Region(at, begun - at, tail=False, first=None, records=())
        run = []
    if run:
        yield _run(begun, end, epoch, run)


def _run(begun: int, end: int, epoch: bytes, records: list[Record]) -> Commit:
    first = next((r.seq for r in records if r.kind is RecordKind.ENVELOPE), 0)
    return Commit(begun, end - begun, epoch, first, 0, b"", tuple(records))


def _last_word(footer: Footer) -> Commit:
    """Return what the footer says of the records before it: how many events, and the note."""
    until = footer.runs[-1][1] + 1 if footer.runs else footer.first
    return Commit(footer.end, 0, footer.epoch, until, footer.noted, footer.note, ())


def _epoch_of(data: bytes, number: int) -> bytes | None:
    """Return the epoch that the first readable thing names, for a segment without head."""
    for at in range(BLOCK_BYTES, len(data), BLOCK_BYTES):
        if head := decode_commit_head(data, at, 0, number, None):
            return head.epoch
    kept = (r.epoch for _, r in _salvage(data, 0, len(data), 0, None) if r.kind in _OF_THIS_EPOCH)
    return next(kept, None)


def walk(data: bytes, at: int, base: int, number: int, epoch: bytes | None) -> Iterator[Walked]:
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
