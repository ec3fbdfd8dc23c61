"""Seals a full segment: rewrites it compactly beside itself, checks the copy, puts it in its place.

At every step the file under the segment's name is whole, as it was or as it is to be; what a cut
leaves beside it (`.sealing`) is worthless.  Nothing that was committed is changed in place.  What
is not whole from its first to its last commit is never sealed.
"""

import contextlib
import errno
from collections.abc import Generator
from dataclasses import dataclass

from edge_agent.journal.contents import Contents
from edge_agent.journal.disk import Disk, File, write_all
from edge_agent.journal.footer import Footer
from edge_agent.journal.format import (
    HEAD_READ_BYTES,
    SEALED_VERSION,
    Commit,
    Head,
    decode_head,
    head_size,
)
from edge_agent.journal.scan import footer_of, walk
from edge_agent.journal.sealed import Compaction

SEALING_SUFFIX = ".sealing"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A segment that is sealed now; `size` is what its file takes."""

    footer: Footer
    size: int


@dataclass(frozen=True, slots=True)
class NotWhole:
    """A segment that stays as it is: what stands from `offset` on is not what was committed."""

    offset: int


Outcome = Sealed | NotWhole | None
"""None: nothing is wrong with it, but no sealed segment could hold what is in it."""


def seal(
    disk: Disk, name: str, number: int, end: int, contents: Contents
) -> Generator[None, None, Outcome]:
    """Seal segment `number`, whose last durable commit ends at `end`.

    Yields between pieces of work of a few milliseconds.  Raises OSError where the disk refuses;
    the segment is as it was then.
    """
    file = disk.open(name)
    with contextlib.closing(file):
        data = file.read(0, end)
        head = decode_head(data[:HEAD_READ_BYTES])
        if head is None or head.number != number:
            return NotWhole(0)
        if head.version == SEALED_VERSION:
            return _already(file, number, head)
    compaction = Compaction(head, contents)
    at = head_size(head)
    for piece in walk(data, at, 0, number, head.epoch):
        if not isinstance(piece, Commit):
            return NotWhole(piece.offset)
        compaction.add(data, piece.offset, piece)
        at = piece.offset + piece.length
        yield
    if at != end:
        return NotWhole(at)
    made = compaction.finish()
    if made is None:
        return None
    yield
    yield from _replace(disk, name, made[0])
    return Sealed(made[1], len(made[0]))


def _already(file: File, number: int, head: Head) -> Outcome:
    size = file.size()
    footer = footer_of(file.read(0, size), number, head)
    return NotWhole(size) if footer is None else Sealed(footer, size)


def _replace(disk: Disk, name: str, data: bytes) -> Generator[None, None, None]:
    sealing = name + SEALING_SUFFIX
    with contextlib.suppress(FileNotFoundError):
        disk.remove(sealing)
    try:
        file = disk.create(sealing)
        with contextlib.closing(file):
            write_all(file, 0, data)
            yield
            file.sync()
            yield
            file.uncache()
            _compare(file, data)
        disk.rename(sealing, name)
    except OSError:
        with contextlib.suppress(OSError):
            disk.remove(sealing)
        raise
    disk.sync()


def _compare(file: File, data: bytes) -> None:
    if file.read(0, len(data) + 1) != data:
        raise OSError(errno.EIO, "the disk does not give back what was written")
