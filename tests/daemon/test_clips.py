"""Clips in a running agent: from a signal to what is signed, against an emulated camera."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_agent.cameras import clipping
from edge_agent.cameras.access import Access, access_of
from edge_agent.cameras.clipping import S
from edge_agent.cameras.folder import ClipFolder
from edge_agent.clock import SystemClock
from edge_agent.config import parse
from edge_agent.daemon.clips import HEARD_MAX, Clips, Shelf, clips_of
from edge_agent.domain.camera import CameraSettings, ClipSettings, Sees
from edge_agent.domain.event import Body, Draft, EventType, Numbered
from edge_agent.domain.kinds import Kind, Lane, State
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence.bodies import ActBody, FindingBody, SignalBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.clip import ClipBody, ClipChange
from edge_agent.evidence.command import CommandRef
from edge_agent.evidence.piece import Piece
from hil.cameras import Camera, Fault, picture
from tests.configuration import configuration
from tests.evidence.test_command import COMMAND as COMMANDED

BURGLARY = Signal(kind=Kind.BURGLARY, state=State.ACTIVE, zone=4)
MIB = 1 << 20
PATIENCE_S = 60.0


class Record:
    """Takes what is said; `durable` decides whether a vow is kept."""

    def __init__(self) -> None:
        self.said: list[tuple[EventType, Lane, Body]] = []
        self.acts: list[ActBody] = []
        self.durable = True

    def note(self, type_: EventType, lane: Lane, body: Body) -> None:
        self.said.append((type_, lane, body))

    def vow(self, body: ActBody) -> asyncio.Future[None]:
        self.acts.append(body)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.durable:
            future.set_result(None)
        return future

    @property
    def clips(self) -> list[ClipBody]:
        return [ClipBody.from_body(body) for type_, _, body in self.said if type_ == "clip"]

    @property
    def findings(self) -> list[FindingBody]:
        return [FindingBody.from_body(body) for type_, _, body in self.said if type_ == "finding"]


class SetClock(SystemClock):
    """The machine's clock, with a trusted wall clock that the test sets."""

    wall_ns: int | None = 1_800_000_000 * S
    trust = Trust.SYNCED

    def stamp(self) -> Stamp:
        return replace(super().stamp(), wall_ns=self.wall_ns, trust=self.trust)


class Scene:
    """One camera, its clips, and what is recorded."""

    def __init__(self, camera: Camera, folder: Path, **keys: Any) -> None:
        self.camera = camera
        self.folder = folder
        self.record = Record()
        self.clock = SetClock()
        self.is_full = False
        settings = keys.pop("settings", ClipSettings())
        defaults: dict[str, Any] = {
            "id": "front",
            "sees": (Sees(panel="p1", areas=(1,)),),
            "snapshot_url": camera.url(),
            "consent": ("image",),
            "pictures": 1,
        }
        shelf = Shelf(folder / "clips", settings, folder.joinpath, lambda: self.is_full)
        cameras = [CameraSettings(**(defaults | keys))]
        self.clips = Clips(cameras, {("p1", 4): 1}, shelf, self.record, self.clock)

    def alarm(self, said: Signal = BURGLARY, panel: str = "p1") -> None:
        body = SignalBody(signal=said, panel=panel, driver="d", driver_version="1").to_body()
        draft = Draft(EventType.SIGNAL, Lane.INTRUSION, self.clock.stamp(), body)
        self.clips.hear(Numbered(b"epoch001", 9, draft))

    async def until(self, is_so: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                await asyncio.sleep(0.005)


def play(folder: Path, act: Callable[[Scene], Awaitable[None]], **keys: Any) -> Scene:
    async def run() -> Scene:
        async with Camera(user=keys.get("user"), password="s3cret") as camera:
            scene = Scene(camera, folder, **keys)
            running = asyncio.ensure_future(scene.clips.run())
            try:
                await act(scene)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
            return scene

    return asyncio.run(run())


def test_an_alarm_becomes_a_signed_hash_of_what_lies_on_the_disk(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.alarm(Signal(kind=Kind.TEST, state=State.ACTIVE))
        scene.alarm()
        await scene.until(lambda: scene.record.clips)

    scene = play(tmp_path, act)
    ((type_, lane, body),) = scene.record.said
    assert (type_, lane) == (EventType.CLIP, Lane.VERDICT)
    clip = ClipBody.from_body(body)
    assert (clip.what, clip.camera, clip.panel, clip.kind) == ("kept", "front", "p1", "burglary")
    assert (clip.zone, clip.area) == (4, 1)
    assert clip.alarm == Place(b"epoch001", 9)
    (file,) = (tmp_path / "clips").iterdir()
    assert file.name == f"{clip.clip}.1.jpg"
    assert file.read_bytes() == picture(1)
    (part,) = clip.parts
    assert (part.digest, part.size) == (hashlib.sha256(picture(1)).digest(), len(picture(1)))


def test_what_is_no_alarm_of_a_seen_zone_is_passed_over(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.alarm(Signal(kind=Kind.BURGLARY, state=State.ACTIVE, zone=5))
        scene.alarm(Signal(kind=Kind.BURGLARY, state=State.RESTORED, zone=4))
        scene.alarm(panel="p2")
        scene.alarm()
        await scene.until(lambda: scene.record.clips)

    scene = play(tmp_path, act)
    assert scene.camera.asked == ["/snapshot"]
    assert len(scene.record.clips) == 1


def test_a_dead_camera_is_an_event_a_finding_and_nothing_else(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.camera.fault = Fault.MISSING
        scene.alarm()
        await scene.until(lambda: scene.record.findings)

    scene = play(tmp_path, act)
    (clip,) = scene.record.clips
    assert (clip.what, clip.clip, clip.zone) == (ClipChange.MISSED, None, 4)
    assert "status 404" in clip.detail
    (finding,) = scene.record.findings
    assert finding.subject == {"panel": "@gateway", "camera": "front"}
    assert finding.cause == "camera_answer"
    assert finding.remedy
    assert scene.clips.facts() == {
        "front": {"gives": ["image"], "known": True, "wrong": "camera_answer"}
    }


def test_a_camera_is_looked_at_without_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clipping, "LOOK_FIRST_NS", 0)
    monkeypatch.setattr(clipping, "LOOK_AGAIN_NS", 0)

    async def act(scene: Scene) -> None:
        scene.camera.fault = Fault.MISSING
        await scene.until(lambda: scene.record.findings)
        scene.camera.fault = Fault.NONE
        await scene.until(lambda: len(scene.record.findings) == 2)

    scene = play(tmp_path, act)
    assert [one.over for one in scene.record.findings] == [False, True]
    assert scene.record.clips == []
    assert not (tmp_path / "clips").exists()


def test_a_secret_is_in_nothing_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "password"
    secret.write_text("s3cret")
    secret.chmod(0o600)

    async def act(scene: Scene) -> None:
        scene.alarm()
        await scene.until(lambda: scene.record.clips)
        secret.write_text("0ther-secret")
        scene.alarm()
        scene.clips._clipping._cameras["front"].free_ns = 0  # its rest is over
        scene.clips._wake.set()
        await scene.until(lambda: scene.record.findings)

    scene = play(tmp_path, act, user="gateway", password_file="password")
    assert scene.record.findings[0].cause == "camera_login"
    assert scene.camera.refused == 1
    told = f"{scene.record.said}{capsys.readouterr()}"
    assert "s3cret" not in told
    assert "0ther" not in told


def test_a_flood_costs_a_glance_each(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        for _ in range(HEARD_MAX + 100):
            scene.alarm()
        assert len(scene.clips._heard) == HEARD_MAX
        await scene.until(lambda: scene.record.clips)

    assert len(play(tmp_path, act).camera.asked) == 1


# ---- room


def store(folder: Path, wall_ns: int, *sizes: int) -> list[str]:
    clips = ClipFolder(folder / "clips")
    names: list[str] = []
    for size in sizes:
        name = clips.name()
        (folder / "clips" / f"{name}.1.jpg").write_bytes(bytes(size))
        clips.date(name, wall_ns)
        names.append(name)
    return names


def gone(record: Record) -> list[tuple[str | None, str]]:
    return [(one.clip, one.detail) for one in record.clips if one.what is ClipChange.REMOVED]


def test_the_oldest_clip_makes_room_and_that_is_said(tmp_path: Path) -> None:
    first, second = store(tmp_path, SetClock.wall_ns or 0, MIB // 2, MIB // 2)

    async def act(scene: Scene) -> None:
        scene.alarm()
        await scene.until(lambda: len(scene.record.clips) == 3)

    scene = play(tmp_path, act, settings=ClipSettings(bytes_max=MIB))
    assert gone(scene.record) == [(first, "for its room"), (second, "for its room")]
    assert len(list((tmp_path / "clips").iterdir())) == 1


def test_old_clips_go_by_a_clock_that_is_set(tmp_path: Path) -> None:
    (old,) = store(tmp_path, 1_797_000_000 * S, 100)
    (new,) = store(tmp_path, 1_799_999_000 * S, 100)

    held = ClipFolder(tmp_path / "clips").held

    async def act(scene: Scene) -> None:
        await scene.until(lambda: [one.clip for one in held()] == [new])  # it is said before

    scene = play(tmp_path, act)
    assert gone(scene.record) == [(old, "older than 30 days")]


def test_a_clip_from_before_the_time_was_known_counts_from_now_on(tmp_path: Path) -> None:
    (clip,) = store(tmp_path, 5 * S, 100)
    folder = ClipFolder(tmp_path / "clips")

    async def known(scene: Scene) -> None:
        await scene.until(lambda: folder.held()[0].kept_ns == SetClock.wall_ns)

    play(tmp_path, known)
    assert [one.clip for one in folder.held()] == [clip]


@pytest.mark.parametrize("trust", [Trust.UNSET, Trust.SYNCED])
def test_only_a_clock_that_is_set_judges_a_cameras_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trust: Trust
) -> None:
    """After a power cut an alarm needs its pictures before anybody knows the time."""
    judged: list[bool] = []

    def access(*given: Any, clock_good: bool) -> Access:
        judged.append(clock_good)
        return access_of(*given, clock_good=clock_good)

    monkeypatch.setattr("edge_agent.daemon.clips.access_of", access)

    async def act(scene: Scene) -> None:
        scene.clock.trust = trust
        scene.alarm()
        await scene.until(lambda: scene.record.clips)

    play(tmp_path, act)
    assert judged == [trust is Trust.SYNCED]


def test_a_full_journal_leaves_clips_no_room(tmp_path: Path) -> None:
    store(tmp_path, SetClock.wall_ns or 0, 100)

    async def act(scene: Scene) -> None:
        scene.is_full = True
        scene.alarm()
        await scene.until(lambda: scene.record.findings)

    scene = play(tmp_path, act)
    assert scene.record.findings[0].cause == "clips_full"
    assert scene.camera.asked == []
    assert list((tmp_path / "clips").iterdir()) == []


# ---- reading


def test_a_reading_is_recorded_before_anything_is_shown(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.alarm()
        await scene.until(lambda: scene.record.clips)
        clip = scene.record.clips[0].clip or ""
        answer = await scene.clips.read(clip, "ana (uid 5)")
        assert answer == {"clip": clip, "files": [str(tmp_path / "clips" / f"{clip}.1.jpg")]}
        assert scene.record.acts == [ActBody("read", "ana (uid 5)", f"clip {clip}")]
        for wrong in ("000009-abcdef", "../../etc/passwd", ""):
            with pytest.raises(ValueError, match="no clip"):
                await scene.clips.read(wrong, "ana")
        assert len(scene.record.acts) == 1

    scene = play(tmp_path, act)

    async def stopped() -> None:
        with pytest.raises(ValueError, match="stops"):
            await scene.clips.read("x", "ana")

    asyncio.run(stopped())


def test_a_reading_that_cannot_be_recorded_shows_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.daemon.clips.ORDER_RECORD_S_MAX", 0.01)
    (clip,) = store(tmp_path, SetClock.wall_ns or 0, 100)

    async def act(scene: Scene) -> None:
        scene.record.durable = False
        with pytest.raises(ValueError, match="cannot be recorded"):
            await scene.clips.read(clip, "ana")

    play(tmp_path, act)


COMMAND = CommandRef("center", 7, bytes(32))


def test_a_clip_is_recorded_then_given_in_pieces(tmp_path: Path) -> None:
    (clip,) = store(tmp_path, SetClock.wall_ns or 0, 20_000)

    async def act(scene: Scene) -> None:
        given: list[Piece] = []

        async def give(data: bytes) -> str:
            assert scene.record.acts, "recorded first"
            given.append(Piece.from_bytes(data))
            with pytest.raises(ValueError, match="another clip"):
                await scene.clips.send(clip, "Li", COMMAND, give)
            return ""

        said = await scene.clips.send(clip, "Li", COMMAND, give)
        assert said == "1 parts, 20000 bytes"
        assert sum(len(one.data) for one in given) == 20_000
        assert scene.record.acts == [ActBody("read", "Li", f"clip {clip}", command=COMMAND)]
        await scene.clips.send(clip, "Li", COMMAND, took)

    play(tmp_path, act)


async def took(_: bytes) -> str:
    return ""


def test_a_command_asks_for_a_clip_by_its_name_alone(tmp_path: Path) -> None:
    (clip,) = store(tmp_path, SetClock.wall_ns or 0, 100)
    given: list[str] = []

    async def hand_over(center: str, _: bytes) -> str:
        given.append(center)
        return ""

    async def act(scene: Scene) -> None:
        work = scene.clips.work(hand_over)
        asked = replace(COMMANDED, what="clip", body={1: clip})
        result = await work(asked, CommandRef("police", 7, bytes(32)))
        assert (result.outcome, result.detail, given) == ("done", "1 parts, 100 bytes", ["police"])
        for body in ({}, {1: clip, 2: "more"}, {2: clip}):
            with pytest.raises(Malformed):
                await work(replace(asked, body=body), COMMAND)

    play(tmp_path, act)


def test_a_clip_that_the_broker_does_not_take_is_refused_and_another_may_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clip,) = store(tmp_path, SetClock.wall_ns or 0, 100)

    async def refuse(_: bytes) -> str:
        return "Not authorized"

    async def never(_: bytes) -> str:
        await asyncio.Event().wait()
        return ""

    async def act(scene: Scene) -> None:
        for give, why in ((refuse, "Not authorized"), (never, "no room"), (refuse, "after 0")):
            s_max = 0.01 if give is never else 60.0
            monkeypatch.setattr("edge_agent.daemon.file_sending.FILE_SEND_S_MAX", s_max)
            with pytest.raises(ValueError, match=why):
                await scene.clips.send(clip, "Li", COMMAND, give)

    play(tmp_path, act)


def test_clips_of_a_configuration(tmp_path: Path) -> None:
    more = """
[[zone]]
panel = "p1"
zone = 4
area = 1
[clips]
keep_days = 7
[[camera]]
id = "front"
sees = [{ panel = "p1", areas = [1] }]
snapshot_url = "http://10.0.0.2/"
consent = ["image"]
"""
    text = configuration(gateway='data_dir = "data"', more=more)
    loaded = parse(text.encode(), tmp_path / "gateway.toml")
    clips = clips_of(loaded, Record(), SystemClock(), bool)
    assert clips._shelf.folder == tmp_path / "data" / "clips"
    assert clips._shelf.settings.keep_days == 7
    assert clips._areas == {("p1", 4): 1}
    assert clips.facts() == {"front": {"gives": ["image"], "known": False, "wrong": None}}
