"""A clip from an emulated camera to the disk: what is kept, what is not, and its hashes."""

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_agent.cameras import take
from edge_agent.cameras.access import Access
from edge_agent.cameras.fetch import Asker
from edge_agent.cameras.folder import ClipFolder
from edge_agent.cameras.media import MEDIA
from edge_agent.cameras.take import DiskThread, Taken, Taking
from edge_agent.cameras.trouble import Cause
from edge_agent.clock import SystemClock
from edge_agent.domain.camera import CameraSettings, Recording, Sees
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence.clip import ClipPart
from hil.cameras import Camera, Fault, picture, recording

BUDGET = 1 << 20


async def here(host: str, port: int) -> str:
    return host


def settings(camera: Camera, **keys: Any) -> CameraSettings:
    defaults: dict[str, Any] = {
        "id": "front",
        "sees": (Sees(panel="p1"),),
        "snapshot_url": camera.url(),
        "consent": ("image",),
        "pictures": 2,
        "every_s": 0.2,
    }
    return CameraSettings(**(defaults | keys))


async def clip_of(
    camera: Camera, folder: Path, budget: int = BUDGET, alarm: Stamp | None = None, **keys: Any
) -> Taken:
    disk = DiskThread()
    clock = SystemClock()
    asked = settings(camera, **keys)
    clips = ClipFolder(folder)
    asker = Asker(asked, Access(None, None), here)
    taking = Taking(asker, clips, disk, clock, clips.name())
    try:
        return await taking.run(asked, alarm or clock.stamp(), budget)
    finally:
        await disk.do(int)  # what was asked for later is done
        disk.close()


def play(work: Callable[[Camera], Any]) -> Any:
    async def run() -> Any:
        async with Camera() as camera:
            return await work(camera)

    return asyncio.run(run())


def files(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted(folder.iterdir())]


def part(media_type: str, data: bytes, after_ms: int) -> ClipPart:
    return ClipPart(media_type, len(data), hashlib.sha256(data).digest(), after_ms)


def test_pictures_are_kept_apart_in_time_and_hashed(tmp_path: Path) -> None:
    async def work(camera: Camera) -> Taken:
        return await clip_of(camera, tmp_path)

    taken = play(work)
    assert taken.trouble is None
    assert files(tmp_path) == [picture(1), picture(2)]
    digests = [hashlib.sha256(data).digest() for data in files(tmp_path)]
    assert [one.digest for one in taken.parts] == digests
    assert taken.parts[1].after_ms - taken.parts[0].after_ms >= 199


def test_a_recording_begins_before_the_alarm(tmp_path: Path) -> None:
    async def work(camera: Camera) -> Taken:
        url = camera.url("/recording?from={start_unix}")
        wanted = Recording(url=url, before_s=5, after_s=0)
        alarm = Stamp(10**18, SystemClock().boottime_ns(), bytes(16), Trust.SYNCED)
        taken = await clip_of(camera, tmp_path, alarm=alarm, recording=wanted, snapshot_url=None)
        assert camera.asked == ["/recording?from=999999995"]
        return taken

    assert play(work).parts == [part("video/mp4", recording(1), -5000)]


def test_a_recorder_is_told_no_time_that_nobody_knows(tmp_path: Path) -> None:
    async def work(camera: Camera) -> Taken:
        wanted = Recording(url=camera.url("/recording?from={start}"), after_s=0)
        alarm = Stamp(5, SystemClock().boottime_ns(), bytes(16), Trust.UNSET)
        return await clip_of(camera, tmp_path, alarm=alarm, recording=wanted, pictures=1)

    taken = play(work)
    assert len(taken.parts) == 1
    assert "clock" in taken.left_out


def test_without_consent_nothing_is_asked(tmp_path: Path) -> None:
    async def work(camera: Camera) -> None:
        wanted = Recording(url=camera.url("/recording"), after_s=0, holds=("image", "sound"))
        for consent in ((), ("sound",)):
            taken = await clip_of(camera, tmp_path, recording=wanted, consent=consent)
            assert taken.parts == []
        assert camera.asked == []
        taken = await clip_of(camera, tmp_path, recording=wanted, consent=("image",), pictures=1)
        assert camera.asked == ["/snapshot"]

    play(work)


def test_sound_that_nobody_consented_to_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(camera: Camera) -> Taken:
        wanted = Recording(url=camera.url("/recording"), after_s=0)  # says that it holds images
        return await clip_of(camera, tmp_path, snapshot_url=None, recording=wanted)

    monkeypatch.setitem(MEDIA, "video/mp4", MEDIA["audio/mp4"])
    taken = play(work)
    assert taken.parts == []
    assert "nobody consented" in taken.trouble.detail
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("fault", "cause", "word"),
    [
        (Fault.CORRUPT, Cause.ANSWER, "torn"),
        (Fault.TORN, Cause.ANSWER, "ended"),
        (Fault.TYPE, Cause.ANSWER, "text/html"),
        (Fault.STREAM, Cause.ANSWER, "multipart/x-mixed-replace"),
        (Fault.ENDLESS, Cause.ANSWER, "more than"),
    ],
)
def test_a_lying_camera_leaves_nothing(
    tmp_path: Path, fault: Fault, cause: Cause, word: str
) -> None:
    async def work(camera: Camera) -> Taken:
        camera.fault = fault
        return await clip_of(camera, tmp_path)

    taken = play(work)
    assert taken.parts == []
    assert taken.trouble.cause is cause
    assert word in taken.trouble.detail
    assert files(tmp_path) == []


def test_what_was_taken_before_a_fault_is_kept(tmp_path: Path) -> None:
    async def work(camera: Camera) -> Taken:
        work = asyncio.ensure_future(clip_of(camera, tmp_path, pictures=3))
        while not camera.given:
            await asyncio.sleep(0.005)
        camera.fault = Fault.MISSING
        return await work

    taken = play(work)
    assert files(tmp_path) == [picture(1)]
    assert len(taken.parts) == 1
    assert taken.trouble.cause is Cause.ANSWER


def test_a_clip_keeps_to_its_budget(tmp_path: Path) -> None:
    async def work(camera: Camera) -> Taken:
        return await clip_of(camera, tmp_path, budget=len(picture(1)))

    taken = play(work)
    assert files(tmp_path) == [picture(1)]
    assert taken.trouble.cause is Cause.FULL


def test_a_slow_clip_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(take, "CLIP_S_MAX", 0.2)

    async def work(camera: Camera) -> Taken:
        camera.fault = Fault.SLOW
        return await clip_of(camera, tmp_path)

    taken = play(work)
    assert taken.trouble.cause is Cause.SLOW
    assert files(tmp_path) == []


def test_a_disk_that_refuses_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(ClipFolder, "create", refuse)

    async def work(camera: Camera) -> Taken:
        return await clip_of(camera, tmp_path)

    taken = play(work)
    assert taken.trouble.cause is Cause.FULL
    assert "Read-only" in taken.trouble.detail
