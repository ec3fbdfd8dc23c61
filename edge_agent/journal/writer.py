"""Appends commits: one pwrite and one fdatasync each, never twice to the same place.

A segment that refused a write or a flush is left for good (after a failed fsync nobody knows what
its pages hold); the caller brings the same records again and they go to the next one.
"""

import contextlib
from dataclasses import dataclass, field
from typing import NamedTuple

from edge_agent.journal.disk import Disk, File, write_all
from edge_agent.journal.format import (
    BLOCK_BYTES,
    COMMIT_BYTES_MAX,
    COMMIT_MAGIC,
    SEGMENT_BYTES,
    Framed,
    Head,
    encode_commit,
    encode_head,
)
from edge_agent.journal.spares import Spares, segment_name


class Placed(NamedTuple):
    """Where a commit became durable; `fresh` where it opened a segment."""

    number: int
    name: str
    offset: int
    length: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class Origin:
    """What every segment head of this run says: the epoch found at start."""

    previous: bytes | None
    previous_count: int


@dataclass(frozen=True, slots=True)
class Opening:
    """What every segment of this run begins with: its head's payload, and records for its first
    commit."""

    head: bytes = b""
    framed: Framed = field(default_factory=Framed)


@dataclass(slots=True)
class _Active:
    number: int
    name: str
    file: File
    end: int


class Writer:
    """The only one that writes segments.  Called on the journal thread."""

    def __init__(self, disk: Disk, spares: Spares, origin: Origin) -> None:
        self._disk = disk
        self._spares = spares
        self._origin = origin
        self._active: _Active | None = None

    def append(
        self, epoch: bytes, first: int, framed: Framed, note: bytes, noted: int, opening: Opening
    ) -> Placed:
        """Return when the records are durable.  Raises OSError: then nothing is known about them.

        `opening` begins a new segment if one is needed; `first` is the first sequence number not
        yet durable.
        """
        assert framed.records
        active = self._active
        if active is not None:
            data = encode_commit(active.number, active.end, epoch, framed, note, noted)
            if active.end + len(data) <= SEGMENT_BYTES:
                return self._write(active, active.end, data, 0)
            self._leave()
        number, file = self._spares.take()
        self._active = active = _Active(number, segment_name(number), file, 0)
        previous, count = self._origin.previous, self._origin.previous_count
        start = encode_head(Head(number, first, epoch, previous, count, opening.head))
        together = Framed()
        together.extend(opening.framed)
        together.extend(framed)
        data = encode_commit(number, len(start), epoch, together, note, noted)
        return self._write(active, 0, start + data, len(start))

    def close(self) -> None:
        """Let the active segment go."""
        self._leave()

    def _write(self, active: _Active, offset: int, data: bytes, head_bytes: int) -> Placed:
        length = len(data) - head_bytes
        assert offset == active.end, "committed bytes would be written again"
        assert length <= COMMIT_BYTES_MAX
        assert offset + len(data) <= SEGMENT_BYTES
        assert offset % BLOCK_BYTES == len(data) % BLOCK_BYTES == 0
        assert data.startswith(COMMIT_MAGIC, head_bytes)
        start, end = offset + head_bytes, offset + len(data)
        placed = Placed(active.number, active.name, start, length, head_bytes > 0)
        try:
            write_all(active.file, offset, data)
            active.file.sync()
        except OSError:
            self._leave()
            if offset == 0:
                self._spares.discard(active.number)
            raise
        active.end = end
        return placed

    def _leave(self) -> None:
        active, self._active = self._active, None
        if active is not None:
            with contextlib.suppress(OSError):  # every commit in it was flushed on its own
                active.file.close()
