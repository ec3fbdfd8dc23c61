"""Reads what is whole of one segment, a piece at a time: never more of it is in memory.

A segment read at once, with all its records, takes 4 MiB, which the allocator then gives to nobody
else.  `commits` and `records` end where something is not whole; what can be saved behind that only
`scan` can tell, which needs all the rest: `envelopes` asks it.
"""

import contextlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from edge_agent.journal.disk import File, read_blocks
from edge_agent.journal.format import (
    BLOCK_BYTES,
    COMMIT_BYTES_MAX,
    RECORD_BYTES_MAX,
    Commit,
    Record,
    RecordKind,
    decode_commit,
    decode_record,
    record_size,
)
from edge_agent.journal.scan import Piece, Region, walk
from edge_agent.journal.sealed import belongs, walk_records

PIECE_BYTES = 64 * 1024
"""Of a sealed segment, or of anything that is copied: four of the longest records."""

assert PIECE_BYTES > 2 * RECORD_BYTES_MAX


class Read(NamedTuple):
    """A whole commit, and where it stands in the bytes that were read."""

    data: bytes
    place: int
    commit: Commit


def commits(file: File, at: int, end: int, number: int, epoch: bytes | None) -> Iterator[Read]:
    """Yield the commits from `at` to `end` of segment `number`.  Raises OSError."""
    data, base = b"", at
    while at < end:
        commit = decode_commit(data, at - base, base, number, epoch)
        if commit is None:  # of an unread part, or cut by the end of what was read
            data, base = file.read(at, min(COMMIT_BYTES_MAX, end - at)), at
            commit = decode_commit(data, 0, base, number, epoch)
        if commit is None:
            return
        yield Read(data, at - base, commit)
        at += commit.length


def records(file: File, at: int, end: int, epoch: bytes) -> Iterator[tuple[int, Record]]:
    """Yield the records of a sealed segment from `at` to `end`, with their places.  Raises
    OSError."""
    while at < end:
        data, place = file.read(at, min(PIECE_BYTES, end - at)), 0
        while (record := decode_record(data, place, len(data))) is not None:
            if not belongs(record, epoch):
                return
            yield at + place, record
            place += record_size(record)
        if not place:
            return
        at += place


class Stretch(NamedTuple):
    """A part of segment `number`: from byte `at`, where a commit (`sealed`: a record) begins."""

    number: int
    epoch: bytes
    at: int
    end: int
    sealed: bool


def envelopes(file: File, stretch: Stretch) -> Iterator[tuple[int, Record]]:
    """Yield the envelopes of a stretch, also what can be saved of a damaged one.

    Each comes with the offset of the commit or region that it stands in; in a sealed segment, with
    its own.  Blocks that the disk cannot read are damage, which the next start names.
    """
    number, epoch, at, end, sealed = stretch
    with contextlib.suppress(OSError):
        if sealed:
            for place, record in records(file, at, end, epoch):
                at = place + record_size(record)
                if record.kind is RecordKind.ENVELOPE:
                    yield place, record
        else:
            for _, _, commit in commits(file, at, end, number, epoch):
                at = commit.offset + commit.length
                yield from envelopes_of([commit])
            at = behind_zeros(file, at, end)
    if at < end:
        rest = stretch._replace(at=at)
        yield from _salvaged(read_blocks(file, end, BLOCK_BYTES)[0][at:], rest)


def behind_zeros(file: File, at: int, end: int) -> int:
    """Return where something may stand: most of a segment that is not full is zeros."""
    while at < end and not file.read(at, min(PIECE_BYTES, end - at)).strip(b"\0"):
        at = min(at + PIECE_BYTES, end)
    return at


def _salvaged(data: bytes, rest: Stretch) -> Iterator[tuple[int, Record]]:
    number, epoch, base, _, sealed = rest
    if sealed:
        for place, found in walk_records(data, 0, len(data), base, epoch):
            if found is not None and found.kind is RecordKind.ENVELOPE:
                yield place, found
        return
    yield from envelopes_of(walk(data, 0, base, number, epoch))


def envelopes_of(pieces: Iterable[Piece]) -> Iterator[tuple[int, Record]]:
    """Yield the envelopes of what was walked through, each with the offset of its piece."""
    for piece in pieces:
        match piece:
            case Commit(offset=offset, records=found):
                yield from ((offset, one) for one in found if one.kind is RecordKind.ENVELOPE)
            case Region(offset=offset, records=saved):
                yield from ((offset, one) for _, one in saved if one.kind is RecordKind.ENVELOPE)
