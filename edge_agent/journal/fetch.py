"""Reads unreceipted events of one lane in order, in bounded steps, while the journal is written.

What is durable never changes, so segments are read without the lock; only what waits and where
commits end is looked up in the index, whose single reads are atomic.
"""

import contextlib
from collections.abc import Generator
from dataclasses import dataclass
from typing import NamedTuple

from edge_agent.journal import files
from edge_agent.journal.disk import Disk, File
from edge_agent.journal.format import SEALED_VERSION, Head, Record
from edge_agent.journal.index import Index, Segment
from edge_agent.journal.pieces import Stretch, envelopes

FETCH_READ_BYTES_MAX = 4 * 1024 * 1024
"""What one fetch reads at most: 4 segments, some 20 ms from a card; then it returns what it has."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a lane was fetched: opaque, but kept by value (no file stays open for it).  In a
    segment that was sealed since, the number counts and not the place.

    Everything in segments before `segment`, in it before `offset`, and of `epoch` up to `seq` was
    seen.
    """

    segment: int
    offset: int
    epoch: bytes
    seq: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Unreceipted events, oldest first; `next` continues behind them, None at the end.

    May be empty with `next` set: much was read and nothing found, ask again.
    """

    records: tuple[Record, ...]
    next: Position | None


class Owed(NamedTuple):
    """What is asked for: events of `lane` that the center of `slot` is owed."""

    slot: int
    lane: int


@dataclass(slots=True)
class _Progress:
    records: list[Record]
    position: Position
    room: int
    read: int = 0


START = Position(0, 0, b"", -1)


def fetch_stored(
    disk: Disk, index: Index, owed: Owed, after: Position | None, bytes_max: int
) -> Batch:
    """Return the next durable events that are owed; `next` is None when all segments were read."""
    state = _Progress([], after or START, bytes_max)
    number = state.position.segment
    while (segment := index.next_with(owed.slot, owed.lane, number)) is not None:
        if state.read >= FETCH_READ_BYTES_MAX or state.room <= 0:
            return Batch(tuple(state.records), state.position)
        if not _read(disk, segment, owed, state):
            return Batch(tuple(state.records), state.position)
        number = segment.number + 1
    return Batch(tuple(state.records), None)


def _read(disk: Disk, segment: Segment, owed: Owed, state: _Progress) -> bool:
    """Take what fits of one segment; return whether it was read to its end."""
    position = state.position
    known = position.seq if position.epoch == segment.epoch else -1
    offset = position.offset if position.segment == segment.number else 0
    end, reached = segment.end, max(offset, segment.start)
    with contextlib.closing(_events(disk, segment, reached, end, known)) as events:
        for place, record in events:
            state.read += max(place - reached, 0)
            reached = max(reached, place)
            if record.lane != owed.lane or record.seq <= known:
                continue
            if not segment.waits(owed.slot, record.seq):
                continue
            if state.records and len(record.data) > state.room:
                state.room = 0
                return False
            state.records.append(record)
            state.room -= len(record.data)
            known = record.seq
            state.position = Position(segment.number, place, segment.epoch, record.seq)
    state.read += max(end - reached, 0)
    state.position = Position(segment.number, end, segment.epoch, known)
    return True


def _events(
    disk: Disk, segment: Segment, offset: int, end: int, known: int
) -> Generator[tuple[int, Record], None, None]:
    """Yield what stands behind event `known`, with its place: it may have been sealed since its
    place was learned, so the file itself says how it is to be read.
    """
    with contextlib.suppress(OSError):
        file = disk.open(segment.name)
        with contextlib.closing(file):
            head = _head(file)
            sealed = segment.sealed if head is None else head.version == SEALED_VERSION
            if sealed:
                size = file.size()
                footer = files.read_footer(file, size, head) if head is not None else None
                offset = footer.place_of(known + 1) if footer is not None else 0
                end = footer.end if footer is not None else size
            stretch = Stretch(segment.number, segment.epoch, offset, end, sealed)
            yield from envelopes(file, stretch)


def _head(file: File) -> Head | None:
    with contextlib.suppress(OSError):
        return files.read_head(file)
    return None


def read_genesis(disk: Disk, headed: Segment | None, first: Segment | None) -> bytes | None:
    """Return an epoch's genesis from a segment with a head of it, or from the one with event 0: a
    power cut may tear the head and leave the rest."""
    found = read_head(disk, headed) if headed is not None else None
    return read_first(disk, first) if found is None and first is not None else found


def read_first(disk: Disk, segment: Segment) -> bytes | None:
    """Return the envelope of event 0, which `segment` was found to hold; None if it cannot be."""
    with contextlib.closing(_events(disk, segment, segment.start, segment.end, -1)) as events:
        return next((record.data for _, record in events if record.seq == 0), None)


def read_head(disk: Disk, segment: Segment) -> bytes | None:
    """Return the sealer's bytes at the start of a segment, None where they cannot be read."""
    with contextlib.suppress(OSError):
        file = disk.open(segment.name)
        with contextlib.closing(file):
            head = files.read_head(file)
            return head.data if head else None
    return None
