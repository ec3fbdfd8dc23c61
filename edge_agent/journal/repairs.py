"""The changes that a start makes to the files of a journal.

None of them may keep the agent from starting: what the disk refuses is left for the next start.
"""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from edge_agent.journal.chain import NOT_A_SEGMENT, Damage
from edge_agent.journal.disk import Disk
from edge_agent.journal.format import SEGMENT_BYTES
from edge_agent.journal.index import Index, Segment
from edge_agent.journal.scan import Scan
from edge_agent.journal.sealing import SEALING_SUFFIX
from edge_agent.journal.spares import BROKEN_SUFFIX, MAKING_SUFFIX, segment_name

UNFINISHED = (MAKING_SUFFIX, SEALING_SUFFIX)
"""Endings of files that are worthless after a crash."""

HOLE_MAX = 1_000_000
"""How far past the newest readable segment a number may lie and still count: numbers may have
holes, but a stranger called 99999999.seg must not use up all that are left."""


@dataclass(slots=True)
class Found:
    """One segment file: `number` is what its head says, its name where there is no head.

    `end` is where its last whole commit ends; `sealed`: it is, and its footer holds.  What was read
    is not kept: of thousands of segments it would take tens of megabytes.
    """

    name: str
    number: int
    size: int = 0
    blank: bool = True
    headed: bool = False
    sealed: bool = False
    epoch: bytes | None = None
    end: int = 0
    damages: list[Damage] = field(default_factory=list)

    def take(self, scan: Scan) -> None:
        """Note what was found."""
        self.blank, self.epoch, self.end = scan.blank, scan.epoch, scan.end
        self.headed, self.sealed = scan.head is not None, scan.footer is not None

    @property
    def whole(self) -> bool:
        """Whether it is sealed and nothing is known to be wrong with it."""
        return self.sealed and not self.damages


def number_limit(files: Iterable[Found]) -> int:
    """Return the largest number that counts."""
    readable = (file.number for file in files if file.epoch is not None)
    return max(readable, default=0) + HOLE_MAX


class Repairs:
    """The changes that a start makes to the files; the first refusal is kept and the rest tried."""

    def __init__(self, disk: Disk, names: set[str]) -> None:
        self._disk = disk
        self.names = names
        self.known = {n.removesuffix(BROKEN_SUFFIX) for n in names if n.endswith(BROKEN_SUFFIX)}
        self.refused: str | None = None
        self.torn_bytes = 0

    def make(self, files: list[Found], index: Index) -> tuple[int, ...]:
        """Repair every file; return the numbers of unused segments that are ready for use."""
        for name in self.names:
            if name.endswith(UNFINISHED):
                self._try(partial(self._disk.remove, name))
        spares: list[int] = []
        by_number = {segment.number: segment for segment in index.segments}
        limit = number_limit(files)
        used = [file for file in files if not file.blank and file.number <= limit]
        for file in files:
            if file.blank and not file.damages:
                if _is_ready(file, used) and file.number <= limit:
                    spares.append(file.number)
                else:
                    self._try(partial(self._disk.remove, file.name))
            elif not file.whole:
                segment = by_number.get(file.number)
                self._repair(file, segment, last=file in used[-1:])
                if segment is not None:
                    segment.damaged = bool(file.damages)
        self._try(self._disk.sync)
        return tuple(spares)

    def _repair(self, file: Found, segment: Segment | None, *, last: bool) -> None:
        empty = not file.headed and (segment is None or not segment.span)
        if empty and all(d.what == NOT_A_SEGMENT for d in file.damages):
            self._set_aside(file, last=last)
            return
        if file.damages:
            broken = file.name + BROKEN_SUFFIX
            if broken not in self.names:
                self._try(lambda: self._disk.link(file.name, broken))
        elif segment is not None and file.size > file.end:
            self._try(lambda: self._cut(file.name, file.end))
            segment.end = segment.size = file.end
        # All that are not sealed: the flush of an earlier start may have been refused.
        self._try(lambda: self._flush(file.name))

    def _flush(self, name: str) -> None:
        """What a killed process wrote and did not flush was read from memory: make it durable
        before anything is built on it."""
        file = self._disk.open(name, writable=True)
        with contextlib.closing(file):
            file.sync()

    def _set_aside(self, file: Found, *, last: bool) -> None:
        """A file with nothing to read: as the newest, a first write that was torn."""
        if last:
            file.damages = []
            self.torn_bytes += file.size
        self._try(lambda: self._disk.rename(file.name, file.name + BROKEN_SUFFIX))

    def _cut(self, name: str, size: int) -> None:
        file = self._disk.open(name, writable=True)
        with contextlib.closing(file):
            file.truncate(size)
            file.sync()

    def _try(self, change: Callable[[], None]) -> None:
        try:
            change()
        except OSError as error:
            self.refused = self.refused or (error.strerror or str(error))


def _is_ready(file: Found, used: list[Found]) -> bool:
    """Tell whether an unused segment is whole and stands behind all that were used."""
    behind = not used or file.number > used[-1].number
    return behind and file.size == SEGMENT_BYTES and file.name == segment_name(file.number)
