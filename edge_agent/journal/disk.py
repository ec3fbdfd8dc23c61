"""The journal's only way to I/O: what it asks of a disk, and the real one.

Everything here raises OSError where the world refuses.  `FolderDisk` works relative to an open
directory; files are 0600, the directory 0700, and one process at a time holds the lock.
"""

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

LOCK_NAME = "journal.lock"
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


class File(Protocol):
    """An open file."""

    def read(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes; fewer only at the end of the file."""

    def write(self, offset: int, data: bytes | memoryview) -> int:
        """Write at `offset`; return how many bytes were taken, which may be fewer."""

    def sync(self) -> None:
        """Return when all that was written, and the file's length, survives a power cut."""

    def truncate(self, size: int) -> None:
        """Cut the file to `size` bytes."""

    def size(self) -> int:
        """Return the file's length in bytes."""

    def uncache(self) -> None:
        """Let the next reads come from the medium, where the system can do that."""

    def close(self) -> None:
        """Let the file go."""


class Readable(Protocol):
    """One flat directory of files, as far as it is read."""

    def names(self) -> list[str]:
        """Return the names in the directory, in any order."""

    def open(self, name: str) -> File:
        """Open an existing file."""


class Disk(Readable, Protocol):
    """One flat directory of files."""

    def open(self, name: str, *, writable: bool = False) -> File:
        """Open an existing file."""

    def create(self, name: str) -> File:
        """Create a file that must not exist yet, for writing."""

    def mark(self, name: str) -> tuple[int, int]:
        """Return a file's length and the time of its last change, which tell it from another."""

    def rename(self, old: str, new: str) -> None:
        """Rename; an existing `new` is replaced."""

    def link(self, old: str, new: str) -> None:
        """Give the file a second name that survives the removal of the first."""

    def remove(self, name: str) -> None:
        """Remove a name."""

    def sync(self) -> None:
        """Return when the names themselves survive a power cut."""

    def space(self) -> tuple[int, int]:
        """Return the bytes that are free for us, and all that the filesystem has."""


class JournalLocked(Exception):  # noqa: N818  reads as what it says
    """Another process has this journal open; `pid` is None where it did not say who it is."""

    def __init__(self, directory: Path, pid: int | None) -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(
            f"{directory}: the journal is in use by {who}. Two writers would destroy it: stop the"
            f" other first (systemctl stop edge-agent{f', or kill {pid}' if pid else ''}), or give"
            " this gateway its own data_dir."
        )
        self.pid = pid


def write_all(file: File, offset: int, data: bytes) -> None:
    """Write all of `data`, going on after short writes.

    Raises OSError (EIO) where the disk takes nothing and does not say why.
    """
    taken = file.write(offset, data)
    if taken == len(data):
        return
    rest = memoryview(data)
    while taken < len(rest):
        if taken <= 0:
            raise OSError(errno.EIO, "the disk took no bytes")
        rest, offset = rest[taken:], offset + taken
        taken = file.write(offset, rest)
    assert taken == len(rest), "the disk claims more bytes than it was given"


class FolderFile:
    """A file of `FolderDisk`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes; fewer only at the end of the file."""
        data = os.pread(self._descriptor, size, offset)
        while data and len(data) < size:
            more = os.pread(self._descriptor, size - len(data), offset + len(data))
            if not more:
                break
            data += more
        return data

    def write(self, offset: int, data: bytes | memoryview) -> int:
        """Write at `offset`; return how many bytes were taken."""
        return os.pwrite(self._descriptor, data, offset)

    def sync(self) -> None:
        """fdatasync: the data, and the length where it changed."""
        os.fdatasync(self._descriptor)

    def truncate(self, size: int) -> None:
        """Cut the file to `size` bytes."""
        os.ftruncate(self._descriptor, size)

    def size(self) -> int:
        """Return the file's length in bytes."""
        return os.fstat(self._descriptor).st_size

    def uncache(self) -> None:
        """Drop the file's clean pages from memory: what is read next comes from the medium."""
        with contextlib.suppress(OSError):
            os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self._descriptor)


class FolderDisk:
    """A directory of a real filesystem, made if it is not there.

    With `locked` (anyone who writes) the directory is held until `close()`, against every other
    process.  Raises JournalLocked, or OSError where the directory can neither be opened nor made.
    """

    def __init__(self, directory: Path, *, locked: bool = True) -> None:
        if locked:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        if locked:
            try:
                _lock(self._folder, directory)
            except BaseException:
                os.close(self._folder)
                raise

    def names(self) -> list[str]:
        """Return the names in the directory, in any order."""
        return os.listdir(self._folder)  # noqa: PTH208  of the open directory, not of a path

    def open(self, name: str, *, writable: bool = False) -> FolderFile:
        """Open an existing file, never through a symbolic link."""
        mode = os.O_RDWR if writable else os.O_RDONLY
        return FolderFile(self._open(name, mode | os.O_NONBLOCK))  # a FIFO must not hang the start

    def create(self, name: str) -> FolderFile:
        """Create a file that must not exist yet, for writing."""
        return FolderFile(self._open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL))

    def mark(self, name: str) -> tuple[int, int]:
        """Return a file's length and the time of its last change in nanoseconds."""
        status = os.stat(name, dir_fd=self._folder, follow_symlinks=False)
        return status.st_size, status.st_mtime_ns

    def rename(self, old: str, new: str) -> None:
        """Rename; an existing `new` is replaced."""
        os.rename(old, new, src_dir_fd=self._folder, dst_dir_fd=self._folder)

    def link(self, old: str, new: str) -> None:
        """Hard link; a copy where the filesystem has no links."""
        try:
            os.link(
                old, new, src_dir_fd=self._folder, dst_dir_fd=self._folder, follow_symlinks=False
            )
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            self._copy(old, new)

    def remove(self, name: str) -> None:
        """Remove a name."""
        os.unlink(name, dir_fd=self._folder)

    def sync(self) -> None:
        """Fsync the directory."""
        os.fsync(self._folder)

    def space(self) -> tuple[int, int]:
        """Return the bytes that are free for us, and all that the filesystem has."""
        found = os.fstatvfs(self._folder)
        return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize

    def close(self) -> None:
        """Let the directory and its lock go."""
        os.close(self._folder)

    def _open(self, name: str, flags: int) -> int:
        return os.open(name, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600, dir_fd=self._folder)

    def _copy(self, old: str, new: str) -> None:
        source = self.open(old)
        target = self.create(new)
        with contextlib.closing(source), contextlib.closing(target):
            write_all(target, 0, source.read(0, source.size()))
            target.sync()


def _lock(folder: int, directory: Path) -> None:
    """Lock the directory itself, and write our process id for the next one's message.

    A disk that is full or read-only cannot make a lock file; a directory is always there.
    """
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise JournalLocked(directory, _holder(folder)) from None
    with contextlib.suppress(OSError):  # a full or read-only disk: the lock holds without a name
        descriptor = os.open(LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600, dir_fd=folder)
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        finally:
            os.close(descriptor)


def _holder(folder: int) -> int | None:
    """Return the process id that the holder of the lock wrote, None where it could not."""
    with contextlib.suppress(OSError):
        descriptor = os.open(LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
        try:
            return _number(os.pread(descriptor, 20, 0))
        finally:
            os.close(descriptor)
    return None


def _number(data: bytes) -> int | None:
    text = data.strip()
    return int(text) if text.isdigit() else None


def read_blocks(file: File, size: int, block_bytes: int) -> tuple[bytes, list[int]]:
    """Read `size` bytes from the start; blocks that the disk cannot read are zeros and are named.

    Returns the bytes and the offsets of the unreadable blocks.
    """
    try:
        return file.read(0, size), []
    except OSError:
        return _read_each(lambda at: file.read(at, min(block_bytes, size - at)), size, block_bytes)


def _read_each(
    read: Callable[[int], bytes], size: int, block_bytes: int
) -> tuple[bytes, list[int]]:
    parts: list[bytes] = []
    unreadable: list[int] = []
    for offset in range(0, size, block_bytes):
        try:
            parts.append(read(offset))
        except OSError:
            unreadable.append(offset)
            parts.append(bytes(min(block_bytes, size - offset)))
    return b"".join(parts), unreadable
