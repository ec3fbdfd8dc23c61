"""Seals a full segment: rewrites it compactly beside itself, checks the copy, puts it in its place.

At every step the file under the segment's name is whole, as it was or as it is to be; what a cut
leaves beside it (`.sealing`) is worthless.  Nothing that was committed is changed in place.  What
is not whole from its first to its last commit is never sealed.
"""

import contextlib
import errno
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from hashlib import sha256

from edge_agent.journal.contents import Contents
from edge_agent.journal.disk import Disk, File, write_all
from edge_agent.journal.files import read_footer, read_head
from edge_agent.journal.footer import Footer
from edge_agent.journal.format import SEALED_VERSION, Head, head_size
from edge_agent.journal.pieces import PIECE_BYTES, commits
from edge_agent.journal.sealed import Compacted, Compaction

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
        head = read_head(file)
        if head is None or head.number != number:
            return NotWhole(0)
        if head.version == SEALED_VERSION:
            return _already(file, head)
        compaction = Compaction(head, contents)
        at = head_size(head)
        for data, place, commit in commits(file, at, end, number, head.epoch):
            compaction.add(data, place, commit)
            at = commit.offset + commit.length
            yield
        if at != end:
            return NotWhole(at)
        made = compaction.finish()
        if made is None:
            return None
        yield
        yield from _replace(disk, name, file, made)
    return Sealed(made.footer, made.size)


def _already(file: File, head: Head) -> Outcome:
    size = file.size()
    footer = read_footer(file, size, head)
    return NotWhole(size) if footer is None else Sealed(footer, size)


def _replace(disk: Disk, name: str, old: File, made: Compacted) -> Generator[None, None, None]:
    sealing = name + SEALING_SUFFIX
    with contextlib.suppress(FileNotFoundError):
        disk.remove(sealing)
    try:
        file = disk.create(sealing)
        with contextlib.closing(file):
            at = 0
            for piece in _pieces(old, made):
                write_all(file, at, piece)
                at += len(piece)
                yield
            file.sync()
            yield
            file.uncache()
            yield from _compare(file, made)
        disk.rename(sealing, name)
    except OSError:
        with contextlib.suppress(OSError):
            disk.remove(sealing)
        raise
    disk.sync()


def _pieces(old: File, made: Compacted) -> Iterator[bytes]:
    """Yield the new file's bytes in pieces of some size."""
    parts, size = [made.start], len(made.start)
    for offset, length in made.extents:
        parts.append(old.read(offset, length))
        size += length
        if size >= PIECE_BYTES:
            yield b"".join(parts)
            parts, size = [], 0
    yield b"".join((*parts, made.ending))


def _compare(file: File, made: Compacted) -> Generator[None, None, None]:
    """Raise OSError unless the file is, byte for byte, what was found whole in the old one."""
    digest = sha256()
    for at in range(0, made.size, PIECE_BYTES):
        digest.update(file.read(at, PIECE_BYTES))
        yield
    if file.size() != made.size or digest.digest() != made.digest:
        raise OSError(errno.EIO, "the disk does not give back what was written")
