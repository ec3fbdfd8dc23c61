"""Reads a journal for the command line: no lock, no change, also while an agent writes it."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from edge_agent.journal.chain import Chain, Damage, Stored
from edge_agent.journal.disk import Disk, FolderDisk
from edge_agent.journal.format import HEAD_READ_BYTES, decode_head
from edge_agent.journal.recovery import list_segments, read_segment
from edge_agent.journal.scan import scan_segment


def read(directory: Path, damaged: Callable[[Damage], None] | None = None) -> Iterator[Stored]:
    """Yield every record in order; `damaged` is called for what is not whole.

    What an agent writes meanwhile may be in it or not; its last commit may be read before it is
    durable.  Raises OSError where the directory cannot be opened.
    """
    disk = FolderDisk(directory, locked=False)
    with contextlib.closing(disk):
        yield from read_disk(disk, damaged)


def read_disk(disk: Disk, damaged: Callable[[Damage], None] | None = None) -> Iterator[Stored]:
    """Yield every record of a journal on `disk`."""
    chain = Chain()
    for found in list_segments(disk, disk.names())[0]:
        data, _, damages = read_segment(disk, found.name, found.number)
        _tell(damages, damaged)
        yield from _records(chain.feed(found.number, scan_segment(data, found.number)), damaged)
    yield from _records(chain.finish(), damaged)


def heads(directory: Path) -> dict[bytes, bytes]:
    """Return the genesis envelope of each epoch of which there is a readable segment head.

    Raises OSError where the directory cannot be opened.
    """
    found: dict[bytes, bytes] = {}
    disk = FolderDisk(directory, locked=False)
    with contextlib.closing(disk):
        for each in list_segments(disk, disk.names())[0]:
            with contextlib.suppress(OSError):
                file = disk.open(each.name)
                with contextlib.closing(file):
                    head = decode_head(file.read(0, HEAD_READ_BYTES))
                if head is not None:
                    found[head.epoch] = head.data
    return found


def _records(
    found: Iterator[Stored | Damage], damaged: Callable[[Damage], None] | None
) -> Iterator[Stored]:
    for item in found:
        if isinstance(item, Damage):
            _tell([item], damaged)
        else:
            yield item


def _tell(damages: list[Damage], damaged: Callable[[Damage], None] | None) -> None:
    for damage in damages:
        if damaged is not None:
            damaged(damage)
