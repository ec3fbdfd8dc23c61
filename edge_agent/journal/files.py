"""The segment files of a journal: which there are, in which order, and what they say of themselves.

What a sealed segment's footer says is all that a start, a search by time and a proof need of most
of them: a few small reads a file, or none where the cache has it.
"""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from edge_agent.journal.cache import Cache
from edge_agent.journal.chain import Damage
from edge_agent.journal.disk import File, Readable, read_blocks
from edge_agent.journal.footer import TRAILER_BYTES, Footer, decode_footer, decode_trailer
from edge_agent.journal.format import (
    BLOCK_BYTES,
    HEAD_READ_BYTES,
    SEALED_BYTES_MAX,
    SEALED_VERSION,
    SEGMENT_BYTES,
    Head,
    Record,
    RecordKind,
    decode_head,
)
from edge_agent.journal.scan import Scan, head_fits
from edge_agent.journal.sealed import walk_records
from edge_agent.journal.spares import segment_number


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """One segment file: `number` is what its head says, its name's where it was not `headed`."""

    name: str
    number: int
    sealed: bool
    cached: bool = False
    headed: bool = True

    def came_meanwhile(self, scan: Scan) -> bool:
        """Tell whether an agent began to use the file after it was listed.

        The one before it may have been read when it was not full yet: a reader beside a running
        agent must stop here, or it would miss the events in between.
        """
        return scan.head is not None and not self.headed


class Outline(NamedTuple):
    """What a sealed segment says of itself, in a file of `size` bytes."""

    head: Head
    footer: Footer
    size: int


def list_segments(
    disk: Readable, names: Iterable[str], cache: Cache | None = None
) -> tuple[list[SegmentFile], list[str]]:
    """Return the segment files in the order of their heads, and the names of copies.

    The head counts, not the name: swapped files are put right.  Of two files with one number the
    one with the right name counts, the other is a stranger and left alone.
    """
    by_number: dict[int, SegmentFile] = {}
    copies: list[str] = []
    for name in sorted(names):
        named = segment_number(name)
        if named is None:
            continue
        file = _look(disk, name, named, cache)
        other = by_number.get(file.number)
        if other is None or named == file.number:
            by_number[file.number] = file
            file = other or file
        if other is not None:
            copies.append(file.name)
    return [by_number[number] for number in sorted(by_number)], copies


def _look(disk: Readable, name: str, named: int, cache: Cache | None) -> SegmentFile:
    number = cache.number(name) if cache is not None else None
    if number is not None:
        return SegmentFile(name, number, sealed=True, cached=True)
    with contextlib.suppress(OSError):
        file = disk.open(name)
        with contextlib.closing(file):
            if head := read_head(file):
                return SegmentFile(name, head.number, sealed=head.version == SEALED_VERSION)
    return SegmentFile(name, named, sealed=False, headed=False)


def outline(disk: Readable, file: SegmentFile, cache: Cache | None = None) -> Outline | None:
    """Return what a sealed segment says of itself, None of any other and where it does not hold."""
    if not file.sealed:
        return None
    if cache is not None and file.cached and (known := cache.load(file.name)) is not None:
        return Outline(*known)
    with contextlib.suppress(OSError):
        opened = disk.open(file.name)
        with contextlib.closing(opened):
            head = read_head(opened)
            if head is None or head.number != file.number:
                return None
            size = opened.size()
            footer = read_footer(opened, size, head)
            return Outline(head, footer, size) if footer is not None else None
    return None


def read_head(file: File) -> Head | None:
    """Return a segment's head, None where it does not hold.  Raises OSError."""
    data = file.read(0, BLOCK_BYTES)
    head = decode_head(data)
    if head is None and len(data) == BLOCK_BYTES:  # most heads are this short
        head = decode_head(file.read(0, HEAD_READ_BYTES))
    return head


def read_footer(file: File, size: int, head: Head) -> Footer | None:
    """Return the footer of a sealed segment, None of any other and where it does not hold."""
    if head.version != SEALED_VERSION:
        return None
    with contextlib.suppress(OSError):
        window = min(size, BLOCK_BYTES)
        data = file.read(size - window, window)
        place = decode_trailer(data[-TRAILER_BYTES:], size)
        if place is None:
            return None
        offset, length = place
        if length + TRAILER_BYTES > len(data):
            data = file.read(offset, length + TRAILER_BYTES)
        footer = decode_footer(data[-length - TRAILER_BYTES : -TRAILER_BYTES])
        if footer is None or (footer.number, footer.end) != (head.number, offset):
            return None
        return footer if head_fits(head, footer) else None
    return None


def read_segment(disk: Readable, name: str, number: int) -> tuple[bytes, int, list[Damage]]:
    """Return a segment's bytes, its size, and what of it is unreadable or foreign."""
    try:
        file = disk.open(name)
    except OSError as error:
        return b"", 0, [Damage(number, 0, f"cannot be opened: {error.strerror}")]
    damages: list[Damage] = []
    with contextlib.closing(file):
        size = file.size()
        data, unreadable = read_blocks(file, min(size, SEALED_BYTES_MAX), BLOCK_BYTES)
    if unreadable:
        text = f"{len(unreadable)} blocks of {BLOCK_BYTES} bytes: the disk cannot read them"
        damages.append(Damage(number, unreadable[0], text))
    if size > SEGMENT_BYTES:
        head = decode_head(data[:HEAD_READ_BYTES])
        longest = SEALED_BYTES_MAX if head and head.version == SEALED_VERSION else SEGMENT_BYTES
        if size > longest:
            text = "longer than any segment: the rest is foreign"
            damages.append(Damage(number, longest, text))
            data = data[:longest]
    return data, size, damages


def last_events(disk: Readable, name: str, footer: Footer, count: int) -> list[Record]:
    """Return about the last `count` envelopes of a sealed segment, or more; fewer where it cannot
    be read."""
    if not footer.runs:
        return []
    start = footer.place_of(footer.runs[-1][1] - count + 1)
    with contextlib.suppress(OSError):
        file = disk.open(name)
        with contextlib.closing(file):
            data = file.read(start, footer.end - start)
            found = walk_records(data, 0, len(data), start, footer.epoch)
            return [r for _, r in found if r is not None and r.kind is RecordKind.ENVELOPE]
    return []
