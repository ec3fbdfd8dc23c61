"""What this machine must be able to do for a test of this folder; asked once.

Each probe does the thing itself: a container may be root and may still not mount.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tests.crash.netns import cable
from tests.crash.rig import CutDisk, LoopDisk, small_disk


def _loop(folder: Path) -> None:
    with LoopDisk(folder / "probe") as disk:
        disk.umount()


def _fuse(folder: Path) -> None:
    ledger = folder / "ledger"
    ledger.touch()
    with CutDisk(folder / "probe") as disk:
        disk.cut(0, 1, 0, ledger)
        disk.start_again()


def _tmpfs(folder: Path) -> None:
    with small_disk(folder / "probe", 4096):
        pass


def _strace(folder: Path) -> None:
    words = ["strace", "-f", "-o", str(folder / "trace"), "-e", "inject=fdatasync:error=EIO"]
    subprocess.run([*words, sys.executable, "-c", ""], capture_output=True, check=True)


def _netns(folder: Path) -> None:
    del folder
    with cable() as wire:
        wire.swallow()


def _users(folder: Path) -> None:
    del folder
    code = "import os; os.setgid(65534); os.setuid(65534)"
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)


PROBES: dict[str, tuple[Callable[[Path], None], str]] = {
    "loop": (_loop, "mount ext4 in a file (root and a loop device)"),
    "fuse": (_fuse, "make a disk whose power can be cut (root, /dev/fuse and a loop device)"),
    "tmpfs": (_tmpfs, "mount a tmpfs (root)"),
    "netns": (_netns, "make a network namespace and filter in it (root, ip and nft)"),
    "users": (_users, "run something as another user (root)"),
    "strace": (_strace, "trace a process (strace, ptrace)"),
}


@cache
def cannot(need: str) -> str | None:
    """Return why the machine cannot do it, None where it can."""
    probe, what = PROBES[need]
    with tempfile.TemporaryDirectory() as name:
        try:
            probe(Path(name))
        except (OSError, subprocess.CalledProcessError, AssertionError) as error:
            return f"this machine cannot {what}: {error}"
    return None
