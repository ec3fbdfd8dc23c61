"""The folder of clips: files that only their owner can read, written beside the journal.

A part is `<clip>.<part>.<suffix>`; while it is written it has `.new` behind, and what a crash left
so is removed at the start.  A clip's name is a number that grows and six random digits: the order
of storing needs no clock, and a folder made anew repeats no name.  All of it blocks.
"""

import contextlib
import os
import re
import secrets
from pathlib import Path

from edge_agent.cameras.media import SUFFIXES
from edge_agent.cameras.quota import Held

_FILE = re.compile(rf"(\d{{6,12}}-[0-9a-f]{{6}})\.(\d{{1,2}})\.(?:{'|'.join(sorted(SUFFIXES))})")
_NEW = ".new"


class ClipFolder:
    """The clips below `path`; made with the first one.  Methods raise OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._number = 0

    def clean(self) -> None:
        """Remove what a crash left unfinished."""
        for file in self._files():
            if file.name.endswith(_NEW):
                file.unlink()

    def held(self) -> list[Held]:
        """Return all clips in the order of storing."""
        sizes: dict[str, tuple[int, int]] = {}
        for file in self._files():
            if found := _FILE.fullmatch(file.name):
                told = file.stat()
                size, kept_ns = sizes.get(found[1], (0, told.st_mtime_ns))
                sizes[found[1]] = size + told.st_size, min(kept_ns, told.st_mtime_ns)
        held = [Held(clip, size, kept_ns) for clip, (size, kept_ns) in sizes.items()]
        return sorted(held, key=lambda one: int(one.clip.partition("-")[0]))

    def parts(self, clip: str) -> list[Path]:
        """Return the files of `clip` in order."""
        found = [
            (int(match[2]), file)
            for file in self._files()
            if (match := _FILE.fullmatch(file.name)) and match[1] == clip
        ]
        return [file for _, file in sorted(found)]

    def name(self) -> str:
        """Return a name that no clip has had; makes the folder."""
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        taken = [int(one.clip.partition("-")[0]) for one in self.held()]
        self._number = max([self._number, *taken]) + 1
        return f"{self._number:06}-{secrets.token_hex(3)}"

    def create(self, clip: str, part: int, suffix: str) -> int:
        """Open a new part for writing; the descriptor is the caller's."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        return os.open(self._path / f"{clip}.{part}.{suffix}{_NEW}", flags, 0o600)

    def drop(self, clip: str, part: int, suffix: str) -> None:
        """Remove a part that is not finished."""
        (self._path / f"{clip}.{part}.{suffix}{_NEW}").unlink(missing_ok=True)

    def keep(self, clip: str) -> None:
        """Give the finished parts of `clip` their names, for good."""
        for file in self._files():
            if file.name.startswith(f"{clip}.") and file.name.endswith(_NEW):
                file.rename(file.with_name(file.name.removesuffix(_NEW)))
        folder = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def remove(self, clip: str) -> None:
        """Remove all parts of `clip`."""
        for file in self.parts(clip):
            file.unlink(missing_ok=True)

    def date(self, clip: str, wall_ns: int) -> None:
        """Say of `clip` that it was kept at `wall_ns`: nobody knew the time when it was."""
        for file in self.parts(clip):
            os.utime(file, ns=(wall_ns, wall_ns))

    def free_bytes(self) -> int:
        """Return what the filesystem has free for us."""
        there = next(one for one in (self._path, *self._path.parents) if one.exists())
        told = os.statvfs(there)
        return told.f_bavail * told.f_frsize

    def _files(self) -> list[Path]:
        with contextlib.suppress(FileNotFoundError):
            return sorted(self._path.iterdir())
        return []
