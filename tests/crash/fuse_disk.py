"""A disk with a volatile cache, as the one file of a FUSE file system: its power can be cut.

`python -m tests.crash.fuse_disk POINT IMAGE` mounts itself over the file POINT, which then holds
the bytes of IMAGE.  What is written is held apart until it is flushed.  Lines on standard input:

    cut SEED REQUESTS SECONDS LEDGER

        The power goes at the REQUESTS-th write or flush from now, or after SECONDS without it.
        What was flushed stays, and of the rest any subset of sectors, of older and newer writes
        alike; every request from then on is an error.  Answered when it has happened: the size of
        the file LEDGER at that moment, how many sectors were kept, how many were lost.

    on  The power is back.

No library: the kernel's protocol (linux/fuse.h, version 7.31 and later) has few messages for a
mount whose root is a regular file.  The loop driver turns a flush of the block device into FSYNC.
"""

import ctypes
import errno
import os
import select
import stat
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

IN_HEADER = struct.Struct("<IIQQIIIHH")  # length, opcode, unique, node, uid, gid, pid, ...
OUT_HEADER = struct.Struct("<IiQ")  # length, negative errno, unique
INIT_IN = struct.Struct("<IIII")  # major, minor, readahead, flags
INIT_OUT = struct.Struct("<IIIIHHIIHHI28x")  # ..., background, congestion, write, gran, pages
ATTR_OUT = struct.Struct("<QII6Q10I")  # valid, ..., ino, size, blocks, times, ..., mode, links
READ_WRITE_IN = struct.Struct("<QQIIQII")  # handle, offset, size, ...; a write's data follows
OPEN_OUT = struct.Struct("<QII")
WRITE_OUT = struct.Struct("<II")
STATFS_OUT = struct.Struct("<QQQQQIII28x")

FORGET, GETATTR, OPEN, READ, WRITE, STATFS, RELEASE, FSYNC = 2, 3, 14, 15, 16, 17, 18, 20
FLUSH, INIT, INTERRUPT, BATCH_FORGET = 25, 26, 36, 42
UNANSWERED = {FORGET, INTERRUPT, BATCH_FORGET}
MAJOR, MINOR = 7, 31
BIG_WRITES, MAX_PAGES = 1 << 5, 1 << 22
PAGES_MAX = 64
WRITE_BYTES_MAX = PAGES_MAX * 4096
REQUEST_BYTES_MAX = WRITE_BYTES_MAX + 4096
FOREVER_S = 1 << 30  # attributes never change

LINE_BYTES_MAX = 4096

SECTORS_BYTES = (512, 4096)  # what a disk writes whole, or not at all
CHANCES = (0.0, 0.3, 0.5, 0.7, 1.0)  # that a sector was written by itself when the power went


@dataclass(slots=True)
class VolatileDisk:
    """What is durable, and what only waits for a flush; pure."""

    durable: bytearray
    waiting: list[tuple[int, bytes]] = field(default_factory=list)  # offset and bytes, in order
    on: bool = True

    def read(self, offset: int, size: int) -> bytes:
        """Return bytes as they were written last."""
        found = bytearray(self.durable[offset : offset + size])
        for start, data in self.waiting:
            begin, end = max(start, offset), min(start + len(data), offset + len(found))
            if begin < end:
                found[begin - offset : end - offset] = data[begin - start : end - start]
        return bytes(found)

    def write(self, offset: int, data: bytes) -> None:
        """Take bytes that the next flush makes durable."""
        self.waiting.append((offset, data))

    def flush(self) -> None:
        """Make all that waits durable."""
        for offset, data in self.waiting:
            self.durable[offset : offset + len(data)] = data
        self.waiting.clear()

    def cut(self, chance: Random) -> tuple[int, int]:
        """The power goes; return how many sectors that waited are kept and lost."""
        size, probable = chance.choice(SECTORS_BYTES), chance.choice(CHANCES)
        kept = lost = 0
        for offset, data in self.waiting:
            at, end = offset, offset + len(data)
            while at < end:
                stop = min(end, at - at % size + size)
                if chance.random() < probable:
                    self.durable[at:stop] = data[at - offset : stop - offset]
                    kept += 1
                else:
                    lost += 1
                at = stop
        self.waiting.clear()
        self.on = False
        return kept, lost


class Server:
    """Answers the kernel for one disk; `handle` is pure but for the disk."""

    def __init__(self, disk: VolatileDisk) -> None:
        self._disk = disk
        self._answers: dict[int, Callable[[bytes], bytes]] = {
            INIT: self._init,
            GETATTR: self._attributes,
            OPEN: lambda _: OPEN_OUT.pack(1, 0, 0),  # nothing cached outlives an opening
            READ: self._read,
            WRITE: self._write,
            FSYNC: self._fsync,
            FLUSH: lambda _: b"",  # close(2): no flush of the disk
            RELEASE: lambda _: b"",
            STATFS: lambda _: STATFS_OUT.pack(0, 0, 0, 1, 0, 4096, 255, 4096),
        }

    def handle(self, request: bytes) -> bytes | None:
        """Return the answer to one request, None where none is wanted."""
        _, opcode, unique, *_ = IN_HEADER.unpack_from(request)
        if opcode in UNANSWERED:
            return None
        failed, body = 0, b""
        if opcode not in self._answers:
            failed = errno.ENOSYS
        elif not self._disk.on and opcode in (READ, WRITE, FSYNC):
            failed = errno.EIO
        else:
            body = self._answers[opcode](request[IN_HEADER.size :])
        return OUT_HEADER.pack(OUT_HEADER.size + len(body), -failed, unique) + body

    def take_unanswered(self, request: bytes) -> None:
        """Take a write that the power's going overtakes: it is among what may be there or not."""
        if IN_HEADER.unpack_from(request)[1] == WRITE:
            self._write(request[IN_HEADER.size :])

    def _init(self, body: bytes) -> bytes:
        _, _, readahead, flags = INIT_IN.unpack_from(body)
        taken = flags & (BIG_WRITES | MAX_PAGES)
        return INIT_OUT.pack(
            MAJOR, MINOR, readahead, taken, 16, 12, WRITE_BYTES_MAX, 1, PAGES_MAX, 0, 0
        )

    def _attributes(self, body: bytes) -> bytes:
        del body
        size = len(self._disk.durable)
        mode = stat.S_IFREG | 0o600
        times = (0,) * 6
        head = (FOREVER_S, 0, 0, 1, size, size // 512, *times[:3])
        return ATTR_OUT.pack(*head, *times[3:], mode, 1, 0, 0, 0, 4096, 0)

    def _read(self, body: bytes) -> bytes:
        _, offset, size, *_ = READ_WRITE_IN.unpack_from(body)
        return self._disk.read(offset, size)

    def _write(self, body: bytes) -> bytes:
        _, offset, size, *_ = READ_WRITE_IN.unpack_from(body)
        self._disk.write(offset, body[READ_WRITE_IN.size :][:size])
        return WRITE_OUT.pack(size, 0)

    def _fsync(self, body: bytes) -> bytes:
        del body
        self._disk.flush()
        return b""


@dataclass(slots=True)
class Cut:
    """A cut to come."""

    chance: Random
    requests: int  # left until then
    at_s: float  # then at the latest; time.perf_counter
    ledger: Path

    @staticmethod
    def parse(words: str) -> "Cut":
        """Read the words after `cut`; the last is a path and may hold spaces."""
        seed, requests, seconds, ledger = words.split(maxsplit=3)
        at_s = time.perf_counter() + float(seconds)
        return Cut(Random(int(seed)), int(requests), at_s, Path(ledger))

    def is_now(self, request: bytes) -> bool:
        """Count a request; tell whether the power goes before it is done."""
        self.requests -= IN_HEADER.unpack_from(request)[1] in (WRITE, FSYNC)
        return self.requests <= 0


def mount(point: Path) -> int:
    """Mount over the file `point`; return the kernel's end.  Raises OSError."""
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=100600,user_id=0,group_id=0,allow_other,max_read=131072"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"fuse_disk", os.fsencode(point), b"fuse", 0, options.encode()) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(point))
    return device


class Shell:
    """Carries requests and control lines; single-threaded, so a cut falls between two requests."""

    def __init__(self, device: int, disk: VolatileDisk) -> None:
        self._device = device
        self._disk = disk
        self._server = Server(disk)
        self._cut: Cut | None = None

    def serve(self) -> None:
        """Serve until it is unmounted or nobody controls it any more."""
        while True:
            cut = self._cut
            wait_s = None if cut is None else max(0.0, cut.at_s - time.perf_counter())
            ready, _, _ = select.select([self._device, 0], [], [], wait_s)
            if not ready:
                self._cut_now()
            if 0 in ready and not self._obey(os.read(0, LINE_BYTES_MAX).decode()):
                return
            if self._device in ready and not self._answer():
                return

    def _obey(self, line: str) -> bool:
        word, _, rest = line.rstrip("\n").partition(" ")
        if word == "cut":
            self._cut = Cut.parse(rest)
        elif word == "on":
            self._disk.on = True
            print("on", flush=True)
        return bool(line)

    def _answer(self) -> bool:
        try:
            request = os.read(self._device, REQUEST_BYTES_MAX)
        except OSError as error:
            # a request that was interrupted meanwhile, else it is unmounted
            return error.errno in (errno.ENOENT, errno.EINTR, errno.EAGAIN)
        if self._cut is not None and self._cut.is_now(request):
            self._server.take_unanswered(request)
            self._cut_now()
        answer = self._server.handle(request)
        if answer is not None:
            with suppress(FileNotFoundError):  # nobody waits for it any more
                os.write(self._device, answer)
        return True

    def _cut_now(self) -> None:
        cut, self._cut = self._cut, None
        assert cut is not None, "only what was asked for is waited for"
        told = cut.ledger.stat().st_size
        print(told, *self._disk.cut(cut.chance), flush=True)


def main() -> None:
    """Mount, say so, serve."""
    point, image = map(Path, sys.argv[1:])
    disk = VolatileDisk(bytearray(image.read_bytes()))
    device = mount(point)
    print("mounted", flush=True)
    Shell(device, disk).serve()


if __name__ == "__main__":
    main()
