"""Segments made ahead of need: full of zeros, durable in content and name before any commit.

A spare carries the number it will be used under, so that taking it changes no name: the commit
path needs no directory sync, and a crash at any step leaves a file of zeros or a `.making` file.
A segment that once refused a write is never used again; numbers may have holes.
"""

import contextlib
import re
import threading

from edge_agent.journal.disk import Disk, File, write_all
from edge_agent.journal.format import SEGMENT_BYTES

SEGMENT_SUFFIX = ".seg"
BROKEN_SUFFIX = ".broken"
MAKING_SUFFIX = ".making"
_NAME = re.compile(r"(\d{8})\.seg")
_ZEROS = bytes(SEGMENT_BYTES)


def segment_name(number: int) -> str:
    """Return the file name of a segment."""
    return f"{number:08d}{SEGMENT_SUFFIX}"


def segment_number(name: str) -> int | None:
    """Return the number in a segment's file name, None for any other name."""
    match = _NAME.fullmatch(name)
    return int(match[1]) if match else None


class Spares:
    """At most one segment ready for use.  Both methods may be called from any thread."""

    def __init__(self, disk: Disk, next_number: int, ready: int | None) -> None:
        self._disk = disk
        self._next = next_number
        self._ready = ready
        self._lock = threading.Lock()
        self.refused: str | None = None

    @property
    def ready(self) -> bool:
        """Whether a roll-over would need no disk space."""
        return self._ready is not None

    def prepare(self) -> None:
        """Make the spare if there is none.  Raises OSError; `refused` then says why."""
        with self._lock:
            if self._ready is None:
                self._ready = self._make()

    def take(self) -> tuple[int, File]:
        """Return a segment full of zeros, made now only if none is ready.  Raises OSError."""
        with self._lock:
            number = self._make() if self._ready is None else self._ready
            self._ready = number
            file = self._disk.open(segment_name(number), writable=True)
            self._ready = None
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
