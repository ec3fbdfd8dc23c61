"""Disks that refuse: turned read-only, full, worn, not there."""

import os
import resource
import subprocess
from pathlib import Path
from typing import Protocol

from hil.rig import Agent, wait_until

LIMIT_BYTES = 48 * 1024  # of a file: what a worn card still takes; a journal soon wants more
FULL_BYTES = 1_300_000  # one segment of a journal fits, its spare does not
IMAGE_BYTES = 16 << 20


class Card(Protocol):
    """A folder for a journal whose disk can be made to refuse."""

    folder: Path

    def refuse(self, agent: Agent | None = None) -> None:
        """From now on nothing is written; `agent` None: there is none yet."""

    def mend(self, agent: Agent) -> None:
        """Everything is as before; where the agent runs and must not, it is stopped first."""

    def close(self) -> None:
        """Leave nothing behind."""


class ReadOnlyCard:
    """ext4 on a loop device that meets an error and turns read-only, as a dying SD card does.

    It stays so until it was unmounted and checked: an agent has to be stopped for that.
    """

    def __init__(self, top: Path) -> None:
        self.folder = top / "card"
        self._image = top / "card.img"
        self.folder.mkdir()
        with self._image.open("wb") as image:
            image.truncate(IMAGE_BYTES)
        _do("mkfs.ext4", "-q", "-F", self._image)
        self._mount()

    def _mount(self) -> None:
        _do("mount", "-o", "loop,errors=remount-ro", self._image, self.folder)

    def refuse(self, agent: Agent | None = None) -> None:
        del agent
        device = _do("findmnt", "-no", "SOURCE", self.folder).strip().rpartition("/")[2]
        Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("1")

    def mend(self, agent: Agent) -> None:
        assert agent.stop() == 0, agent.tail()
        _do("umount", self.folder)
        # the kernel lets the loop device go a moment later: until then it may still write its error
        wait_until(lambda: not _do("losetup", "-j", self._image), "the image is let go")
        done = subprocess.run(["e2fsck", "-fy", self._image], capture_output=True, check=False)
        assert done.returncode <= 1, done  # 1: errors were there and are corrected
        self._mount()
        agent.start()

    def close(self) -> None:
        subprocess.run(["umount", "-l", self.folder], capture_output=True, check=False)


class FullCard:
    """A small tmpfs that is filled to the last byte."""

    def __init__(self, top: Path) -> None:
        self.folder = top / "card"
        self.folder.mkdir()
        _do("mount", "-t", "tmpfs", "-o", f"size={FULL_BYTES}", "tmpfs", self.folder)

    def refuse(self, agent: Agent | None = None) -> None:
        del agent
        with (self.folder / "film.mp4").open("wb", buffering=0) as film:
            try:
                while film.write(bytes(4096)):
                    pass
            except OSError:
                return

    def mend(self, agent: Agent) -> None:
        del agent
        (self.folder / "film.mp4").unlink()
        _do("mount", "-o", f"remount,size={8 * FULL_BYTES}", self.folder)

    def close(self) -> None:
        subprocess.run(["umount", "-l", self.folder], capture_output=True, check=False)


class WornCard:
    """A process may not write beyond a file's first blocks (RLIMIT_FSIZE): anybody can do that.

    The agent's log is a file as well and has to stay below the limit.
    """

    def __init__(self, top: Path) -> None:
        self.folder = top / "card"
        self.folder.mkdir()

    def refuse(self, agent: Agent | None = None) -> None:
        assert agent is not None, "a limit is a running process's"
        self._limit(agent, LIMIT_BYTES)

    def mend(self, agent: Agent) -> None:
        self._limit(agent, resource.RLIM_INFINITY)

    def _limit(self, agent: Agent, most: int) -> None:
        assert agent.process is not None
        resource.prlimit(agent.process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

    def close(self) -> None:
        """It was never more than a folder."""


class DeadCard:
    """At start already: a folder that cannot be made, below a file; nobody, root neither, can."""

    def __init__(self, top: Path) -> None:
        (top / "card").write_text("no folder")
        self.folder = top / "card" / "data"

    def refuse(self, agent: Agent | None = None) -> None:
        """It does so from the beginning."""

    def mend(self, agent: Agent) -> None:
        del agent
        self.folder.parent.unlink()

    def close(self) -> None:
        """Nothing was mounted."""


ROOT = os.geteuid() == 0  # mounts are root's


def _do(*words: str | Path) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout
