"""Listens to lines and keeps what is heard: never a byte is sent.

A capture must never fill the disk that the journal needs: it ends while there is room.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from edge_agent.clock import Clock
from edge_agent.domain.address import LineAddress, SerialAddress
from edge_agent.domain.stamp import Stamp
from edge_agent.linetools import places
from edge_agent.linetools.format import (
    LINE_BYTES_MAX,
    Chunk,
    Happened,
    Header,
    Note,
    Place,
    Reader,
    Record,
    Said,
    encode,
)
from edge_agent.link.line import Came, Heard, Line, LineError, Went
from edge_agent.link.open import opener

PEERS_MAX = 16  # callers of a listening port that are heard at once
AGAIN_S = 1.0  # a line that is lost is opened again so often
FREE_BYTES_MIN = 256 << 20  # less is left to the journal
LOOK_BYTES = 1 << 20  # how much is written between two looks at the free space


class CaptureError(Exception):
    """A capture cannot be kept; the message says why and what to do."""


class DiskLowError(CaptureError):
    """There is room for nothing but the journal; `free_bytes` are left."""

    def __init__(self, free_bytes: int) -> None:
        super().__init__(f"{free_bytes >> 20} MiB are left on the disk")
        self.free_bytes = free_bytes


class CaptureFile:
    """A file that is only appended to; what was written outlives a kill at any moment."""

    def __init__(self, path: Path, free_bytes_min: int = FREE_BYTES_MIN) -> None:
        """Open `path` for appending; raises CaptureError where it is something else."""
        self._path = path
        self._free_bytes_min = free_bytes_min
        self._unlooked = LOOK_BYTES
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CaptureError(f"{path}: {error.strerror}") from None
        try:
            self._mend()
        except BaseException:
            os.close(self._fd)
            raise

    def _mend(self) -> None:
        size = os.fstat(self._fd).st_size
        if not size:
            return
        head = os.pread(self._fd, LINE_BYTES_MAX, 0)
        first = Reader().feed(head.partition(b"\n")[0] + b"\n")
        if not first or not isinstance(first[0], Header):
            raise CaptureError(f"{self._path} is there and is no capture: name another file")
        if os.pread(self._fd, 1, size - 1) != b"\n":
            os.write(self._fd, b"\n")  # the last writer was killed in the middle of a line

    def write(self, record: Record) -> None:
        """Append a record; raises CaptureError, DiskLowError when there is no room any more."""
        line = encode(record)
        self._unlooked += len(line)
        if self._unlooked >= LOOK_BYTES:
            self._unlooked = 0
            disk = os.fstatvfs(self._fd)
            free_bytes = disk.f_bavail * disk.f_frsize
            if free_bytes < self._free_bytes_min:
                raise DiskLowError(free_bytes)
        try:
            if os.write(self._fd, line) != len(line):
                raise DiskLowError(0)
        except OSError as error:
            raise CaptureError(f"{self._path}: {error.strerror}") from None

    def close(self) -> None:
        """Close it, safely on disk."""
        with suppress(OSError):
            os.fsync(self._fd)
        os.close(self._fd)


def header_of(
    tapped: Sequence[tuple[LineAddress, Said]],
    stamp: Stamp,
    driver: str | None = None,
    profile: str | None = None,
    by: str = "",
) -> Header:
    """Return the header of a capture that begins now."""
    heard = tuple(
        Place(
            places.text(address),
            said,
            places.settings_text(address) if isinstance(address, SerialAddress) else None,
        )
        for address, said in tapped
    )
    return Header(
        wall_ns=stamp.wall_ns,
        mono_ns=stamp.boottime_ns,
        boot=stamp.boot_id.hex(),
        trust=str(stamp.trust),
        places=heard,
        driver=driver,
        profile=profile,
        by=by,
    )


async def listen(
    tapped: Sequence[tuple[LineAddress, Said]], clock: Clock, take: Callable[[Record], None]
) -> None:
    """Hand everything heard to `take` until cancelled, through every loss of a line.

    Raises LineError where a line does not open the first time.
    """
    ears = [_Ear(at, address, said, clock, take) for at, (address, said) in enumerate(tapped)]
    try:
        async with asyncio.TaskGroup() as group:
            for ear in ears:
                group.create_task(ear.run())
    except* LineError as several:
        error = several.exceptions[0]
        assert isinstance(error, LineError), "TaskGroup groups what its tasks raise"
        raise error from None
    except* CaptureError as several:
        raise several.exceptions[0] from None


class _Ear:
    """One line."""

    def __init__(
        self,
        at: int,
        address: LineAddress,
        said: Said,
        clock: Clock,
        take: Callable[[Record], None],
    ) -> None:
        self._at = at
        self._said = said
        self._clock = clock
        self._take = take
        self._opener = opener(address, clock, PEERS_MAX)
        self._hosts: dict[int, str] = {}

    async def run(self) -> None:
        """Listen for ever."""
        lost = ""
        opened = False
        try:
            while True:
                try:
                    line = await self._opener.open()
                except LineError as error:
                    if not opened:
                        raise
                    lost = self._lose(error, lost)
                    await asyncio.sleep(AGAIN_S)
                    continue
                opened, lost = True, ""
                self._note(Happened.OPENED)
                try:
                    await self._hear(line)
                except LineError as error:
                    lost = self._lose(error, lost)
                finally:
                    line.close()
                if not self._opener.called:
                    await asyncio.sleep(AGAIN_S)
        finally:
            self._opener.close()

    async def _hear(self, line: Line) -> None:
        while True:
            match await line.read():
                case Heard(data, stamp, peer, packet):
                    self._take(
                        Chunk(
                            mono_ns=stamp.boottime_ns,
                            wall_ns=stamp.wall_ns,
                            said=self._said,
                            data=data,
                            at=self._at,
                            peer=peer,
                            packet=packet,
                        )
                    )
                case Came(peer, host):
                    self._hosts[peer] = host
                    self._note(Happened.CAME, host)
                case Went(peer):
                    self._note(Happened.WENT, self._hosts.pop(peer, str(peer)))

    def _lose(self, error: LineError, before: str) -> str:
        cause = str(error)
        if cause != before:  # said once, however often it does not open
            self._note(Happened.LOST, cause)
        return cause

    def _note(self, what: Happened, detail: str = "") -> None:
        stamp = self._clock.stamp()
        self._take(Note(stamp.boottime_ns, stamp.wall_ns, what, self._at, detail))
