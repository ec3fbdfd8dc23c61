"""Takes one clip: asks the camera for its pictures and its recording, and stores what is good.

Every part is hashed as it comes and is on the disk before anybody is told of it.  The disk's work
is done on a thread of its own, in order; the loop never waits for a card.
"""

import asyncio
import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from edge_agent.cameras.fetch import Asker
from edge_agent.cameras.folder import ClipFolder
from edge_agent.cameras.http import Head
from edge_agent.cameras.media import EDGE_BYTES, MEDIA, is_sound
from edge_agent.cameras.trouble import CameraError, Cause, Trouble
from edge_agent.clock import Clock
from edge_agent.domain.camera import Address, CameraSettings, Consent, address_of
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence.clip import ClipPart

MIB = 1 << 20

PICTURE_S_MAX = 10.0
"""For one picture, from the call to its last byte: cameras take one to two seconds at worst."""

PICTURE_BYTES_MAX = 4 * MIB
"""Of one picture: 12 megapixels as JPEG are about 3 MiB."""

RECORDING_S_MAX = 30.0
"""For a recording: recorders cut and send some seconds of film in five to ten."""

RECORDING_BYTES_MAX = 32 * MIB
"""Of one recording: a minute at 4 Mbit/s."""

LOOK_S_MAX = 10.0

CLIP_S_MAX = 180.0
"""For all of a clip, whatever its parts may take."""

_T = TypeVar("_T")


async def look(camera: CameraSettings, asker: Asker) -> None:
    """Ask `camera` whether it would give something; nothing of it is taken.  Raises CameraError."""
    if camera.takes_pictures and camera.snapshot_url is not None:
        await asker.head(address_of(camera.snapshot_url), LOOK_S_MAX)
    elif camera.recording is not None:  # a recorder would cut a film for nobody
        await asker.reach(address_of(camera.recording.filled(0)), LOOK_S_MAX)


class DiskThread:
    """One thread on which everything about the clips' folder is done, in order."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "clips")

    async def do(self, work: Callable[..., _T], *arguments: Any) -> _T:
        """Return what `work` returns.  Raises CameraError where the disk refuses."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, work, *arguments)
        except OSError as error:
            raise CameraError(Cause.FULL, f"the disk refuses: {error.strerror}") from error

    def later(self, work: Callable[..., object], *arguments: Any) -> None:
        """Do `work` after all that was asked before; nobody waits for it."""
        self._thread.submit(work, *arguments)

    def close(self) -> None:
        """Take nothing more; what is under way ends by itself."""
        self._thread.shutdown(wait=False)


@dataclass(slots=True)
class _Writing:
    """A part on its way to the disk; `first` and `last` are what its ends hold."""

    descriptor: int
    digest: Any = field(default_factory=hashlib.sha256)
    size: int = 0
    first: bytes = b""
    last: bytes = b""

    def write(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[os.write(self.descriptor, left) :]
        self.digest.update(data)
        self.size += len(data)
        self.first = self.first or data[:EDGE_BYTES]
        self.last = (self.last + data)[-EDGE_BYTES:]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a part may be."""

    address: Address
    within_s: float
    bytes_max: int
    still: bool
    holds: frozenset[Consent]


@dataclass(slots=True)
class Taken:
    """What a clip came to: its parts, what went wrong, what was left out and why."""

    parts: list[ClipPart] = field(default_factory=list)
    trouble: Trouble | None = None
    left_out: str = ""


class Taking:
    """One clip of one camera, named `clip`, of at most `budget` bytes."""

    def __init__(
        self, asker: Asker, folder: ClipFolder, disk: DiskThread, clock: Clock, clip: str
    ) -> None:
        self._asker = asker
        self._folder = folder
        self._disk = disk
        self._clock = clock
        self._clip = clip

    async def run(self, camera: CameraSettings, alarm: Stamp, budget: int) -> Taken:
        """Take all parts that the camera has and the client consents to.

        What fails ends the pictures or the recording, not the clip: what was taken before is kept.
        """
        taken = Taken()
        try:
            async with asyncio.timeout(CLIP_S_MAX):
                await self._pictures(camera, alarm, budget, taken)
                await self._recording(camera, alarm, budget, taken)
        except TimeoutError:
            taken.trouble = Trouble(Cause.SLOW, f"a clip took more than {CLIP_S_MAX:g} s")
        if taken.parts:
            await self._disk.do(self._folder.keep, self._clip)
        return taken

    async def _pictures(
        self, camera: CameraSettings, alarm: Stamp, budget: int, taken: Taken
    ) -> None:
        if camera.snapshot_url is None or not camera.takes_pictures:
            return
        begin_ns = self._clock.boottime_ns()
        address = address_of(camera.snapshot_url)
        for number in range(camera.pictures):
            await self._wait_until(begin_ns + round(number * camera.every_s * 1e9))
            after_ms = _after_ms(alarm, self._clock.boottime_ns())
            left = min(PICTURE_BYTES_MAX, budget - _size(taken))
            wanted = _Wanted(address, PICTURE_S_MAX, left, True, frozenset({"image"}))
            if not await self._add(wanted, after_ms, taken):
                return

    async def _recording(
        self, camera: CameraSettings, alarm: Stamp, budget: int, taken: Taken
    ) -> None:
        recording = camera.recording
        if recording is None or not camera.takes_recording:
            return
        if recording.needs_time and (alarm.wall_ns is None or alarm.trust is Trust.UNSET):
            taken.left_out = "no recording: the gateway's clock is not set"
            return
        await self._wait_until(alarm.boottime_ns + round(recording.after_s * 1e9))
        address = address_of(recording.filled((alarm.wall_ns or 0) // 1_000_000_000))
        left = min(RECORDING_BYTES_MAX, budget - _size(taken))
        holds = frozenset(recording.holds)
        wanted = _Wanted(address, RECORDING_S_MAX, left, False, holds)
        await self._add(wanted, -recording.before_s * 1000, taken)

    async def _wait_until(self, boottime_ns: int) -> None:
        wait_ns = boottime_ns - self._clock.boottime_ns()
        if wait_ns > 0:
            await asyncio.sleep(wait_ns / 1e9)

    async def _add(self, wanted: _Wanted, after_ms: int, taken: Taken) -> bool:
        try:
            part = await self._part(wanted, len(taken.parts) + 1, after_ms)
        except CameraError as error:
            taken.trouble = error.trouble
            return False
        taken.parts.append(part)
        return True

    async def _part(self, wanted: _Wanted, number: int, after_ms: int) -> ClipPart:
        if wanted.bytes_max <= 0:
            raise CameraError(Cause.FULL, "no room is left for the rest of the clip")
        writing: _Writing | None = None
        media_type = suffix = ""

        def begin(head: Head) -> None:
            nonlocal media_type, suffix
            media_type, suffix = head.media_type, _suffix(head, wanted)

        async def sink(data: bytes) -> None:
            nonlocal writing
            if writing is None:
                opened = await self._disk.do(self._folder.create, self._clip, number, suffix)
                writing = _Writing(opened)
            if writing.size + len(data) > wanted.bytes_max:
                raise CameraError(Cause.ANSWER, f"it sends more than {wanted.bytes_max} bytes")
            await self._disk.do(writing.write, data)

        is_good = False
        try:
            await self._asker.body(wanted.address, wanted.within_s, begin, sink)
            if writing is None or not is_sound(media_type, writing.first, writing.last):
                raise CameraError(Cause.ANSWER, f"what it sends as {media_type} is torn or none")
            await self._disk.do(os.fdatasync, writing.descriptor)
            is_good = True
            return ClipPart(media_type, writing.size, writing.digest.digest(), after_ms)
        finally:
            if writing is not None:
                self._disk.later(os.close, writing.descriptor)
            if not is_good:
                self._disk.later(self._folder.drop, self._clip, number, suffix)


def _suffix(head: Head, wanted: _Wanted) -> str:
    """Return how a file of what the head announces is named.  Raises CameraError."""
    media = MEDIA.get(head.media_type)
    if media is None or (wanted.still and not media.still):
        shown = head.media_type if head.media_type.isprintable() else ""
        raise CameraError(Cause.ANSWER, f"it sends {shown[:40] or 'something without a type'}")
    if not media.holds & wanted.holds:
        raise CameraError(Cause.ANSWER, f"it sends {head.media_type}, which nobody consented to")
    return media.suffix


def _size(taken: Taken) -> int:
    return sum(part.size for part in taken.parts)


def _after_ms(alarm: Stamp, now_ns: int) -> int:
    return max(0, now_ns - alarm.boottime_ns) // 1_000_000
