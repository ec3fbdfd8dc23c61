"""Writers to be cut off, and disks: ext4 in a file, on a loop device; one whose power can be cut.

What is mounted is unmounted whatever happens.
"""

import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

from hil.rig import wait_until
from tests.crash.writer import Order

IMAGE_BYTES = 24 << 20
WAIT_S_MAX = 60.0  # far above what anything takes, also on a busy machine of two cores
EXT4_IOC_SHUTDOWN, NO_LOG_FLUSH = 0x8004587D, 2  # linux/fs/ext4/ext4.h
ENVIRONMENT = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}


def sized(name: str, normally: int) -> int:
    """Return how many of something a run makes: the environment may ask for more."""
    return int(os.environ.get(name, normally))


def run(*words: str | Path) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


class Writer:
    """One running writer, told apart from others by its process descriptor."""

    def __init__(self, pid: int, ledger: Path) -> None:
        self.pid = pid
        self._ledger = ledger
        self._handle = os.pidfd_open(pid)

    def ledger(self) -> str:
        return self._ledger.read_text() if self._ledger.exists() else ""

    def wait_told(self, lines: int) -> None:
        """Return when so many commits were told."""

        def told() -> bool:
            ledger = self.ledger()
            assert "ended " not in ledger, f"the writer ended by itself: {ledger[-300:]}"
            return ledger.count("told ") >= lines

        wait_until(told, f"{lines} commits told")

    def wait_said(self, word: str) -> None:
        wait_until(lambda: word in self.ledger(), lambda: f"{word!r} in {self.ledger()[-300:]!r}")

    def end(self, number: int = signal.SIGKILL) -> None:
        """Send the signal and wait until the process is gone."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, number)
        self.wait_gone()

    def wait_gone(self) -> None:
        """Return when the process has ended."""
        gone, _, _ = select.select([self._handle], [], [], WAIT_S_MAX)
        assert gone, f"process {self.pid} does not end"

    def close(self) -> None:
        self.end()
        os.close(self._handle)


@contextmanager
def traced(pid: int, trace: Path, *options: str) -> Iterator[None]:
    """Let strace follow a process and its threads, from now until it has ended in the block."""
    words = ["strace", "-f", "-p", str(pid), "-o", str(trace), *options]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr is not None
        try:
            assert "attached" in (said := strace.stderr.readline()), said
            yield
        except BaseException:
            strace.terminate()
            raise


class Writers:
    """Starts writers within milliseconds."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.writer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )

    @contextmanager
    def writing(self, order: Order) -> Iterator[Writer]:
        """Run one writer; it is gone when the block is left."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        with self._asking:
            self._server.stdin.write(order.text() + "\n")
            self._server.stdin.flush()
            writer = Writer(int(self._server.stdout.readline()), Path(order.ledger))
        try:
            yield writer
        finally:
            writer.close()

    @contextmanager
    def traced(self, order: Order, trace: Path, *options: str) -> Iterator[Writer]:
        """Run one writer whose every call strace sees; the trace is whole behind the block."""
        stopped = replace(order, stopped=True)
        with self.writing(stopped) as writer, traced(writer.pid, trace, *options):
            os.kill(writer.pid, signal.SIGCONT)
            yield writer
            writer.wait_gone()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(WAIT_S_MAX)
        self._server.stdout.close()


class LoopDisk:
    """ext4 in a file; `plug` is called with the file before it is mounted."""

    def __init__(self, top: Path, plug: Callable[[Path], None] = lambda _: None) -> None:
        self.folder = top / "disk"
        self.image = top / "disk.img"
        self.folder.mkdir(parents=True)
        with self.image.open("wb") as image:
            image.truncate(IMAGE_BYTES)
        options = "lazy_itable_init=1,nodiscard"
        run("mkfs.ext4", "-q", "-F", "-b", "4096", "-E", options, self.image)
        plug(self.image)
        self.mount()

    def mount(self) -> None:
        run("mount", "-o", "loop,errors=remount-ro", self.image, self.folder)

    def umount(self) -> None:
        run("umount", self.folder)
        # the kernel lets the loop device go a moment later: until then it may still write
        wait_until(lambda: not run("losetup", "-j", self.image), "the image let go")

    def turn_read_only(self) -> None:
        """Let the file system meet an error, as on a dying card: it takes no more writes."""
        device = run("findmnt", "-no", "SOURCE", self.folder).strip().rpartition("/")[2]
        Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("1")

    def repair(self) -> None:
        subprocess.run(["e2fsck", "-fy", self.image], capture_output=True, check=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        if os.path.ismount(self.folder):
            run("umount", "-l", self.folder)
        self.image.unlink()


class CutDisk:
    """ext4 on a disk that forgets what was not flushed when its power goes (see `fuse_disk`)."""

    def __init__(self, top: Path) -> None:
        self._server: subprocess.Popen[str] | None = None
        try:
            self._disk = LoopDisk(top, self._plug)
        except BaseException:
            self._unplug(top / "disk.img")
            raise
        self.folder = self._disk.folder

    def _plug(self, image: Path) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.fuse_disk", image, image],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        assert self._heard() == ["mounted"]

    def _unplug(self, image: Path) -> None:
        if self._server is not None:
            # whatever state it is in: with a dead server not even `ismount` gets an answer
            subprocess.run(["umount", "-l", image], capture_output=True, check=False)
            assert self._server.stdin is not None
            assert self._server.stdout is not None
            self._server.stdin.close()
            self._server.wait(WAIT_S_MAX)
            self._server.stdout.close()

    def cut(self, seed: int, requests: int, patience_s: float, ledger: Path) -> str:
        """Cut the power at that write or flush; return what the ledger held at that moment."""
        size, *_ = self._ask(f"cut {seed} {requests} {patience_s} {ledger}")
        return ledger.read_bytes()[: int(size)].decode()

    def start_again(self) -> None:
        """The power is back; ext4 replays its log.  Whatever used the disk must have ended."""
        self._disk.umount()
        self._ask("on")
        self._disk.mount()

    def _ask(self, line: str) -> list[str]:
        assert self._server is not None
        assert self._server.stdin is not None
        self._server.stdin.write(line + "\n")
        self._server.stdin.flush()
        return self._heard()

    def _heard(self) -> list[str]:
        assert self._server is not None
        assert self._server.stdout is not None
        return self._server.stdout.readline().split()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        try:
            if os.path.ismount(self.folder):
                self._disk.umount()
        finally:
            self._unplug(self._disk.image)
            self._disk.image.unlink()


class ShutDisk:
    """ext4 that is shut down at once (its ioctl): what only its page cache held is gone.

    Quicker than a disk that is cut, and kinder: pages that were written are written whole.
    """

    def __init__(self, top: Path) -> None:
        self._disk = LoopDisk(top)
        self.folder = self._disk.folder

    def cut(self, seed: int, requests: int, patience_s: float, ledger: Path) -> str:
        """Shut it down now; return what the ledger held just before."""
        del seed, requests, patience_s  # the writer goes on meanwhile: any moment is as good
        said = ledger.read_text()
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(folder)
        return said

    def start_again(self) -> None:
        """Mount it anew; ext4 replays its log.  Whatever used it must have ended."""
        self._disk.umount()
        self._disk.mount()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._disk.__exit__(*failure)


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """Mount a tmpfs of `size` bytes; it can be remounted larger."""
    folder.mkdir(parents=True)
    run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder)
    try:
        yield folder
    finally:
        run("umount", "-l", folder)


def enlarge(folder: Path, size: int) -> None:
    run("mount", "-o", f"remount,size={size}", folder)
