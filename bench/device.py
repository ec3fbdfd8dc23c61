"""How many bytes reach the block device: ext4 in a file on a loop device, where root may mount.

The loop device counts what the file system sends it, its own journal and tables with it, and
nothing of other programs (block layer's `stat`, field 7, in sectors of 512 bytes).  Where it
cannot be mounted, `write_bytes` of /proc/self/io counts what this process caused to be written:
without the file system's own journal.
"""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

IMAGE_BYTES = 512 << 20
SECTOR_BYTES = 512
SECTORS_WRITTEN = 6  # the seventh field of /sys/block/<dev>/stat


@dataclass(frozen=True, slots=True)
class Meter:
    """A folder on a device, and what has been written to it so far."""

    folder: Path
    what: str
    written: Callable[[], int]

    def during(self, work: Callable[[], object]) -> int:
        """Return the bytes that `work` and what it leaves to be written cost."""
        os.sync()
        before = self.written()
        work()
        os.sync()
        return self.written() - before


@contextmanager
def meter(folder: Path) -> Iterator[Meter]:
    """Yield a meter in `folder`: a loop device where there may be one."""
    image, mounted = folder / "ext4.img", folder / "ext4"
    mounted.mkdir()
    if not _mount(image, mounted):
        yield Meter(mounted, "by this process, /proc/self/io", _io_bytes)
        return
    try:
        device = Path("/sys/block") / Path(_source(mounted)).name / "stat"
        yield Meter(
            mounted,
            "to ext4 on a loop device",
            lambda: int(device.read_text().split()[SECTORS_WRITTEN]) * SECTOR_BYTES,
        )
    finally:
        _do("umount", mounted)
        image.unlink()


def _mount(image: Path, mounted: Path) -> bool:
    if os.geteuid():
        return False
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    made = _do("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", image)
    return made and _do("mount", "-o", "loop", image, mounted)


def _do(*words: str | Path) -> bool:
    try:
        done = subprocess.run(list(map(str, words)), capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def _source(mounted: Path) -> str:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        source, place = line.split()[:2]
        if place == str(mounted):
            return source
    raise OSError(f"{mounted} is not mounted")


def _io_bytes() -> int:
    found = re.search(r"^write_bytes: (\d+)$", Path("/proc/self/io").read_text(), re.MULTILINE)
    assert found is not None, "proc(5)"
    return int(found[1])
