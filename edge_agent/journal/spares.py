"""Segments made ahead of need: full of zeros, durable in content and name before any commit.

A spare carries the number it will be used under, so that taking it changes no name: the commit
path needs no directory sync, and a crash at any step leaves a file of zeros or a `.making` file.
A segment that once refused a write is never used again; numbers may have holes.
"""

import contextlib
import re
import threading
from collections import deque
from collections.abc import Iterable

from edge_agent.journal.disk import Disk, File, write_all
from edge_agent.journal.format import NUMBER_MAX, SEGMENT_BYTES

SEGMENT_SUFFIX = ".seg"
BROKEN_SUFFIX = ".broken"
MAKING_SUFFIX = ".making"
_NAME = re.compile(r"(\d{8,10})\.seg")
_ZEROS = bytes(SEGMENT_BYTES)


def segment_name(number: int) -> str:
    """Return the file name of a segment."""
    return f"{number:08d}{SEGMENT_SUFFIX}"


def segment_number(name: str) -> int | None:
    """Return the number in a segment's file name, None for any other name."""
    match = _NAME.fullmatch(name)
    number = int(match[1]) if match else 0
    return number if match and number <= NUMBER_MAX and name == segment_name(number) else None


class Spares:
    """Segments ready for use, `wanted` of them where there is room.

    The first keeps roll-overs quick, the others are a reserve: space that no other program can
    take.  Every method may be called from any thread.
    """

    def __init__(self, disk: Disk, next_number: int, ready: Iterable[int], wanted: int = 1) -> None:
        self._disk = disk
        self._next = next_number
        self._ready = deque(sorted(ready))
        self._wanted = wanted
        self._lock = threading.Lock()
        self.refused: str | None = None

    @property
    def ready(self) -> int:
        """How many roll-overs would need no disk space."""
        return len(self._ready)

    @property
    def full(self) -> bool:
        """Whether all that are wanted are there."""
        return len(self._ready) >= self._wanted

    def prepare(self) -> None:
        """Make one spare if any is wanted.  Raises OSError; `refused` then says why."""
        with self._lock:
            if not self.full:
                self._ready.append(self._make())

    def take(self) -> tuple[int, File]:
        """Return a segment full of zeros, made now only if none is ready.  Raises OSError."""
        with self._lock:
            if not self._ready:
                self._ready.append(self._make())
            number = self._ready[0]
            file = self._disk.open(segment_name(number), writable=True)
            self._ready.popleft()
            return number, file

    def discard(self, number: int) -> None:
        """Remove a segment whose first write was refused: it holds nothing that was promised."""
        with contextlib.suppress(OSError):
            self._disk.remove(segment_name(number))

    def _make(self) -> int:
        number = self._next
        try:
            self._write(number)
        except OSError as error:
            self.refused = error.strerror or str(error)
            raise
        self.refused = None
        self._next = number + 1
        return number

    def _write(self, number: int) -> None:
        name = segment_name(number)
        making = name + MAKING_SUFFIX
        with contextlib.suppress(FileNotFoundError):
            self._disk.remove(making)
        try:
            file = self._disk.create(making)
            with contextlib.closing(file):
                write_all(file, 0, _ZEROS)
                file.sync()
            self._disk.rename(making, name)
            self._disk.sync()
        except OSError:
            self._remove(making)
            raise

    def _remove(self, name: str) -> None:
        """Give the space of an unfinished spare back: a full disk needs it most."""
        with contextlib.suppress(OSError):
            self._disk.remove(name)
