"""Writes small files so that a power cut leaves the old one or the new one, never half of it.

They are keys and what is kept beside keys: files are 0600, in folders of 0700, unless more is
asked for.
"""

import os
from pathlib import Path


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def copy(source: Path, target: Path) -> None:
    """Copy a file that is not there yet."""
    if not target.exists():
        write_new(target, source.read_bytes())


def write_new(file: Path, data: bytes) -> None:
    """Write a file that must not exist yet; a link, unlike a rename, never replaces one."""
    temporary = _temporary(file, data)
    try:
        os.link(temporary, file)
    finally:
        temporary.unlink()
    sync_folder(file.parent)


def replace(file: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file in place of what is there; `mode` whatever the process's mask is."""
    move(_temporary(file, data, mode), file)


def move(source: Path, target: Path) -> None:
    """Rename within a folder, in place of what is there."""
    source.replace(target)
    sync_folder(target.parent)


def point(link: Path, target: str) -> None:
    """Let a symbolic link point to `target`, in place of where it pointed."""
    temporary = link.with_name(f".{link.name}.new")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    move(temporary, link)


def _temporary(file: Path, data: bytes, mode: int = 0o600) -> Path:
    temporary = file.with_name(f".{file.name}.new")
    temporary.unlink(missing_ok=True)  # left by a run that was cut off
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        os.fchmod(descriptor, mode)
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    return temporary


def sync_folder(folder: Path) -> None:
    """Have what was added to a folder, or taken from it, on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
