"""Reads unreceipted events of one lane in order, in bounded steps, while the journal is written.

What is durable never changes, so segments are read without the lock; only what waits and where
commits end is looked up in the index, whose single reads are atomic.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from edge_agent.journal.disk import Disk, read_blocks
from edge_agent.journal.format import (
    BLOCK_BYTES,
    HEAD_READ_BYTES,
    Commit,
    Record,
    RecordKind,
    decode_head,
)
from edge_agent.journal.index import Index, Segment
from edge_agent.journal.scan import walk

FETCH_READ_BYTES_MAX = 4 * 1024 * 1024
"""What one fetch reads at most: 4 segments, some 20 ms from a card; then it returns what it has."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a lane was fetched: opaque, but kept by value (no file stays open for it).

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
    end = segment.end
    resumed = position.segment == segment.number
    offset = max(position.offset if resumed else 0, segment.start)
    known = position.seq if position.epoch == segment.epoch else -1
    data = _bytes(disk, segment.name, offset, end)
    state.read += len(data)
    for place, record in _events(data, offset, segment):
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
    state.position = Position(segment.number, end, segment.epoch, known)
    return True


def _events(data: bytes, base: int, segment: Segment) -> Iterator[tuple[int, Record]]:
    """Yield envelopes with the offset of the commit or region they stand in."""
    for piece in walk(data, 0, base, segment.number, segment.epoch):
        records = (
            piece.records if isinstance(piece, Commit) else (record for _, record in piece.records)
        )
        for record in records:
            if record.kind is RecordKind.ENVELOPE:
                yield piece.offset, record


def _bytes(disk: Disk, name: str, offset: int, end: int) -> bytes:
    """Return what can be read: a block that cannot is damage, which the next start names."""
    with contextlib.suppress(OSError):
        file = disk.open(name)
        with contextlib.closing(file):
            try:
                return file.read(offset, end - offset)
            except OSError:
                return read_blocks(file, end, BLOCK_BYTES)[0][offset:]
    return b""


def read_head(disk: Disk, segment: Segment) -> bytes | None:
    """Return the sealer's bytes at the start of a segment, None where they cannot be read."""
    with contextlib.suppress(OSError):
        file = disk.open(segment.name)
        with contextlib.closing(file):
            head = decode_head(file.read(0, HEAD_READ_BYTES))
            return head.data if head else None
    return None
