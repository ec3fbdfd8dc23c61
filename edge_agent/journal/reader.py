"""Reads a journal for the command line: no lock, no change, also while an agent writes it."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from edge_agent.journal.chain import Chain, Damage, Stored, Summed
from edge_agent.journal.disk import File, FolderDisk, Readable
from edge_agent.journal.files import (
    SegmentFile,
    list_segments,
    outline,
    read_footer,
    read_head,
    read_segment,
)
from edge_agent.journal.footer import Footer
from edge_agent.journal.format import (
    SEALED_BYTES_MAX,
    SEALED_VERSION,
    SEGMENT_BYTES,
    Head,
    Record,
    head_size,
)
from edge_agent.journal.pieces import Stretch, behind_zeros, envelopes, envelopes_of
from edge_agent.journal.scan import Scan, scan_segment

Where = Path | Readable
"""A journal: its folder, or what somebody opened who may."""

Wanted = Callable[[Footer], bool]
Damaged = Callable[[Damage], None]


@contextlib.contextmanager
def opened(where: Where) -> Iterator[Readable]:
    """Open a journal for reading; what is open already stays so.  Raises OSError."""
    if not isinstance(where, Path):
        yield where
        return
    with contextlib.closing(FolderDisk(where, locked=False)) as disk:
        yield disk


def read(
    where: Where, damaged: Damaged | None = None, wanted: Wanted | None = None
) -> Iterator[Stored]:
    """Yield every record in order; `damaged` is called for what is not whole.

    Sealed segments of which `wanted` says no are not read: only their footers are.  What an agent
    writes meanwhile may be in it or not; its last commit may be read before it is durable.  Raises
    OSError where it cannot be opened.
    """
    with opened(where) as disk:
        yield from read_disk(disk, damaged, wanted)


def read_disk(
    disk: Readable, damaged: Damaged | None = None, wanted: Wanted | None = None
) -> Iterator[Stored]:
    """Yield every record of a journal on `disk`."""
    chain = Chain()
    for file in list_segments(disk, disk.names())[0]:
        scan = _skipped(disk, file, wanted)
        if scan is None:
            data, _, damages = read_segment(disk, file.name, file.number)
            if damages and file.name not in disk.names():
                continue  # the agent removed it meanwhile
            _tell(damages, damaged)
            scan = scan_segment(data, file.number)
            if file.came_meanwhile(scan):
                break
        yield from _records(chain.feed(file.number, scan), damaged)
    yield from _records(chain.finish(), damaged)


def envelopes_from(disk: Readable, first: int) -> Iterator[Record]:
    """Yield the envelopes from segment number `first` on, in order, in little memory.

    For whoever needs what was recorded and not what is wrong with it: what is not whole is left out
    without a word, and what was written again in the next segment comes again.  Raises OSError
    where the directory cannot be read.
    """
    for segment in list_segments(disk, disk.names())[0]:
        if segment.number < first:
            continue
        with contextlib.suppress(OSError):  # the agent removed it meanwhile
            file = disk.open(segment.name)
            with contextlib.closing(file):
                head = read_head(file)
                if head is None:
                    yield from _headless(disk, segment, file)
                elif segment.headed:
                    yield from (record for _, record in envelopes(file, _stretch(file, head)))
                else:
                    return  # as `SegmentFile.came_meanwhile` has it


def _stretch(file: File, head: Head) -> Stretch:
    start, size = head_size(head), file.size()
    if head.version != SEALED_VERSION:
        return Stretch(head.number, head.epoch, start, min(size, SEGMENT_BYTES), sealed=False)
    footer = read_footer(file, size, head)
    end = min(size, SEALED_BYTES_MAX) if footer is None else footer.end
    return Stretch(head.number, head.epoch, start, end, sealed=True)


def _headless(disk: Readable, segment: SegmentFile, file: File) -> Iterator[Record]:
    """Yield what stands in a file whose head is lost; most such files are not used yet."""
    size = file.size()
    if behind_zeros(file, 0, size) >= size:
        return
    scan = scan_segment(read_segment(disk, segment.name, segment.number)[0], segment.number)
    yield from (record for _, record in envelopes_of(scan.pieces))


def heads(where: Where) -> dict[bytes, bytes]:
    """Return the genesis envelope of each epoch of which there is a readable segment head.

    Raises OSError where the directory cannot be opened.
    """
    found: dict[bytes, bytes] = {}
    with opened(where) as disk:
        for each in list_segments(disk, disk.names())[0]:
            with contextlib.suppress(OSError):
                file = disk.open(each.name)
                with contextlib.closing(file):
                    head = read_head(file)
                if head is not None:
                    found[head.epoch] = head.data
    return found


def _skipped(disk: Readable, file: SegmentFile, wanted: Wanted | None) -> Scan | None:
    """Return what stands for a segment that nobody wants, None for one that must be read."""
    found = outline(disk, file) if wanted is not None else None
    if found is None or wanted is None or wanted(found.footer):
        return None
    head, footer, size = found
    return Scan(head, head.epoch, (footer,), size, sealed=True, footer=footer)


def _records(
    found: Iterator[Stored | Summed | Damage], damaged: Damaged | None
) -> Iterator[Stored]:
    for item in found:
        if isinstance(item, Damage):
            _tell([item], damaged)
        elif isinstance(item, Stored):
            yield item


def _tell(damages: list[Damage], damaged: Damaged | None) -> None:
    for damage in damages:
        if damaged is not None:
            damaged(damage)
