"""A journal's folder that cannot be used at start: the agent starts all the same.

Read-only, full, not mounted, not ours: whatever it is, every attempt to write tries again, so the
journal refuses, says so, keeps what it is given in memory, and goes on by itself once the folder
can be made.  A journal that is found there by then was not recovered and is not touched: that
takes a restart.
"""

import errno
from pathlib import Path

from edge_agent.journal.disk import Disk, File, FolderDisk, JournalLocked
from edge_agent.journal.spares import segment_number


def open_disk(directory: Path) -> "FolderDisk | AbsentDisk":
    """Return the disk of a writer, whatever state it is in.  Raises JournalLocked only."""
    try:
        return FolderDisk(directory)
    except OSError as error:
        return AbsentDisk(directory, error)


class AbsentDisk:
    """Opens `directory` as soon as it can be; until then it is empty and refuses every change.

    Changes come from one thread at a time: the spares' lock sees to that.
    """

    def __init__(self, directory: Path, why: OSError) -> None:
        self._directory = directory
        self._disk: FolderDisk | None = None
        self.why = why

    def names(self) -> list[str]:
        """Return the names in the directory; none while it is not there."""
        return [] if self._disk is None else self._disk.names()

    def open(self, name: str, *, writable: bool = False) -> File:
        """Open an existing file."""
        return self._there().open(name, writable=writable)

    def create(self, name: str) -> File:
        """Create a file that must not exist yet."""
        return self._there().create(name)

    def mark(self, name: str) -> tuple[int, int]:
        """Return a file's length and the time of its last change."""
        return self._there().mark(name)

    def rename(self, old: str, new: str) -> None:
        """Rename."""
        self._there().rename(old, new)

    def link(self, old: str, new: str) -> None:
        """Give a file a second name."""
        self._there().link(old, new)

    def remove(self, name: str) -> None:
        """Remove a name."""
        self._there().remove(name)

    def sync(self) -> None:
        """Fsync the directory."""
        self._there().sync()

    def space(self) -> tuple[int, int]:
        """Return the bytes that are free for us, and all that the filesystem has."""
        if self._disk is None:
            raise self.why
        return self._disk.space()

    def close(self) -> None:
        """Let the directory and its lock go."""
        if self._disk is not None:
            self._disk.close()

    def _there(self) -> Disk:
        if self._disk is None:
            self._disk = _adopt(self._directory)
        return self._disk


def _adopt(directory: Path) -> FolderDisk:
    try:
        disk = FolderDisk(directory)
    except JournalLocked as error:
        raise OSError(errno.EBUSY, str(error)) from error
    if _holds_journal(disk):
        disk.close()
        raise OSError(errno.EEXIST, f"{directory} holds a journal by now: restart the agent")
    return disk


def _holds_journal(disk: FolderDisk) -> bool:
    try:
        return any(segment_number(name) is not None for name in disk.names())
    except OSError:  # as good as not there; the next attempt looks again
        return True
