"""Clips in a running agent: hears alarms, has cameras asked beside everything else, says what came.

The shell around `edge_agent.cameras`.  Events are only glanced at here, when they are on their way
already; nothing waits for a camera.  Loaded only where the configuration names one.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import structlog

from edge_agent.cameras.access import access_of
from edge_agent.cameras.clipping import Alarm, Clipping, Done, Found, Look, Missed, Take, alarm_of
from edge_agent.cameras.fetch import Asker
from edge_agent.cameras.folder import ClipFolder
from edge_agent.cameras.quota import Held, allowed_bytes, to_remove
from edge_agent.cameras.take import MIB, DiskThread, Taken, Taking, look
from edge_agent.cameras.trouble import MEANINGS, CameraError, Cause, Trouble
from edge_agent.clock import Clock
from edge_agent.config import Loaded
from edge_agent.daemon.commands import DONE, Result, Work
from edge_agent.daemon.file_sending import Give, send
from edge_agent.domain.body import GATEWAY_PANEL
from edge_agent.domain.camera import CameraSettings, ClipSettings
from edge_agent.domain.event import Body, EventType, Numbered
from edge_agent.domain.kinds import Lane
from edge_agent.domain.stamp import Trust
from edge_agent.evidence import fields
from edge_agent.evidence.bodies import ActBody, FindingBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.clip import ClipBody, ClipChange
from edge_agent.evidence.command import CLIP_NAME, CenterCommand, CommandRef
from edge_agent.evidence.fields import NAME_CHARS_MAX
from edge_agent.limits import BUILT_NS, ORDER_RECORD_S_MAX
from edge_agent.uplink.names import NAMES

log = structlog.get_logger()

HEARD_MAX = 256
"""Alarms that may wait for a turn of the loop: a flood; the newest are then dropped, for all of one
camera's alarms of a minute make one clip."""

TIDY_S = 60.0
"""How often the folder is held to its quota and days."""

RESOLVE_S_MAX = 5.0
PURPOSE_CHARS_MAX = 90  # why a clip is read, beside its name in one sentence of an event
_DAY_NS = 86_400 * 1_000_000_000
_PICTURE_BYTES = MIB  # for which room is made beforehand
_RECORDING_BYTES = 16 * MIB
_LEAST_BYTES = 65_536
_RULE = "camera.clip"


class Record(Protocol):
    """Where it is said: the recorder."""

    def note(self, type_: EventType, lane: Lane, body: Body) -> None:
        """Record an event of the agent itself."""

    def vow(self, body: ActBody) -> asyncio.Future[None]:
        """Record what is about to be done; the future is done when it is durable."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where clips lie, how much of them, and what files of the configuration are relative to.

    `journal_full` tells whether the journal has no room to spare.
    """

    folder: Path
    settings: ClipSettings
    path: Callable[[str], Path]
    journal_full: Callable[[], bool]


class Clips:
    """All cameras of a gateway; `areas` gives a zone's area where a panel does not say it."""

    def __init__(
        self,
        cameras: Sequence[CameraSettings],
        areas: dict[tuple[str, int], int],
        shelf: Shelf,
        record: Record,
        clock: Clock,
    ) -> None:
        self._cameras = {camera.id: camera for camera in cameras}
        self._areas = areas
        self._shelf = shelf
        self._record = record
        self._clock = clock
        self._folder = ClipFolder(shelf.folder)
        self._disk = DiskThread()
        self._names = ThreadPoolExecutor(2, "camera names")
        self._clipping = Clipping(cameras, clock.boottime_ns())
        self._heard: deque[Alarm | Done] = deque()
        self._wake = asyncio.Event()
        self._tidying = asyncio.Lock()
        self._sending = False
        self._stopped = False

    # ---- what the agent tells and asks

    def hear(self, event: Numbered) -> None:
        """Take an event that is on its way to the center; costs no more than a look."""
        alarm = alarm_of(event, self._areas)
        if alarm is not None and len(self._heard) < HEARD_MAX:
            self._heard.append(alarm)
            self._wake.set()

    def facts(self) -> dict[str, Any]:
        """Return each camera's state in plain values: what it may be asked for, whether it ever
        was, and what is `wrong`, None where nothing is.
        """
        known, wrong = self._clipping.known, self._clipping.wrong
        return {
            name: {
                "gives": sorted(camera.gives),
                "known": name in known,
                "wrong": _cause(wrong.get(name)),
            }
            for name, camera in self._cameras.items()
        }

    async def answer(self, request: Mapping[str, Any], who: object) -> dict[str, Any]:
        """Answer `edge-agent clips get`; `who` asks."""
        purpose = str(request.get("purpose") or "")[:PURPOSE_CHARS_MAX]
        return await self.read(str(request.get("clip")), str(who), purpose)

    async def read(self, clip: str, actor: str, purpose: str = "") -> dict[str, Any]:
        """Record that `actor` reads a clip, then return its files.

        Raises ValueError where there is none, or where the reading cannot be recorded.
        """
        act = ActBody("read", actor, f"clip {clip}" + (f"; {purpose}" if purpose else ""))
        files = await self._recorded(clip, act)
        return {"clip": clip, "files": [str(file) for file in files]}

    async def send(self, clip: str, actor: str, command: CommandRef, give: Give) -> str:
        """Record that `actor` gets a clip, then `give` it in pieces; return what was sent.

        Raises ValueError where it cannot be had, recorded or given.
        """
        if self._sending:
            raise ValueError("another clip is on its way: ask again when it is there")
        files = await self._recorded(clip, ActBody("read", actor, f"clip {clip}", command=command))
        self._sending = True
        try:
            sent = await send(clip, files, self._disk.do, give)
        except CameraError as error:
            raise ValueError(error.trouble.detail) from error
        finally:
            self._sending = False
        return f"{len(files)} parts, {sent} bytes"

    def work(self, hand_over: Callable[[str, bytes], Awaitable[str]]) -> Work:
        """Return what carries out the command `clip`: `hand_over` sends a center a piece."""

        async def work(command: CenterCommand, ref: CommandRef) -> Result:
            if command.body.keys() != {CLIP_NAME}:
                raise Malformed("a clip is asked for by its name alone")
            clip = fields.text(command.body, CLIP_NAME, NAME_CHARS_MAX)
            give = partial(hand_over, ref.center)
            return Result(DONE, await self.send(clip, command.actor, ref, give))

        return work

    async def _recorded(self, clip: str, act: ActBody) -> list[Path]:
        """Record that a clip is read; return its files.  Raises ValueError."""
        if self._stopped:
            raise ValueError("the agent stops")
        try:
            files = await self._disk.do(self._folder.parts, clip)
        except CameraError as error:
            raise ValueError(error.trouble.detail) from error
        if not files:
            raise ValueError(f"no clip {clip!r} on this gateway's disk: it was removed, or never")
        vow = self._record.vow(act)
        await asyncio.wait([vow], timeout=ORDER_RECORD_S_MAX)
        if not vow.done():
            raise ValueError("the reading cannot be recorded, so nothing is shown")
        return files

    # ---- life

    async def run(self) -> None:
        """Ask cameras as alarms come, until cancelled."""
        with contextlib.suppress(CameraError):
            await self._disk.do(self._folder.clean)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._tidy())
                while True:
                    await self._wait()
                    while self._heard:
                        self._turn(self._heard.popleft(), group)
                    self._turn(None, group)
        finally:
            self._stopped = True
            self._disk.close()
            self._names.shutdown(wait=False)

    async def _wait(self) -> None:
        deadline_ns = self._clipping.deadline_ns()
        left_s = None
        if deadline_ns is not None:
            left_s = max(0.0, (deadline_ns - self._clock.boottime_ns()) / 1e9)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left_s):
                await self._wake.wait()
        self._wake.clear()

    def _turn(self, happened: Alarm | Done | None, group: asyncio.TaskGroup) -> None:
        for action in self._clipping.handle(happened, self._clock.boottime_ns()):
            match action:
                case Take():
                    group.create_task(self._take(action))
                case Look():
                    group.create_task(self._look(action.camera))
                case Missed():
                    self._say_missed(action.camera, action.alarm, action.why, action.joined)
                case Found():
                    self._say_found(action)

    async def _take(self, take: Take) -> None:
        camera, alarm = self._cameras[take.camera], take.alarm
        clip, taken = "", Taken()
        try:
            asker = await self._asker(camera)
            budget = await self._make_room(camera)
            clip = await self._disk.do(self._folder.name)
            taking = Taking(asker, self._folder, self._disk, self._clock, clip)
            taken = await taking.run(camera, alarm.stamp, budget)
        except CameraError as error:
            taken.trouble = error.trouble
        trouble = taken.trouble
        why = "; ".join(
            said for said in (taken.left_out, trouble.detail if trouble else "") if said
        )
        if taken.parts:
            body = ClipBody(
                what=ClipChange.KEPT,
                camera=take.camera,
                clip=clip,
                **_of_alarm(alarm),
                parts=tuple(taken.parts),
                joined=take.joined,
                detail=why,
            )
            log.info("clip", camera=take.camera, clip=clip, parts=len(taken.parts))
            self._record.note(EventType.CLIP, Lane.VERDICT, body.to_body())
        else:
            self._say_missed(take.camera, alarm, why, take.joined)
        self._done(Done(take.camera, trouble))

    async def _look(self, name: str) -> None:
        camera = self._cameras[name]
        trouble = None
        try:
            asker = await self._asker(camera)
            await look(camera, asker)
        except CameraError as error:
            trouble = error.trouble
        self._done(Done(name, trouble, looked=True))

    def _done(self, done: Done) -> None:
        self._heard.append(done)
        self._wake.set()

    async def _asker(self, camera: CameraSettings) -> Asker:
        clock_good = self._clock.stamp().trust is not Trust.UNSET
        access = await self._disk.do(
            lambda: access_of(camera, self._shelf.path, clock_good=clock_good)
        )
        return Asker(camera, access, self._resolve)

    async def _resolve(self, host: str, port: int) -> str:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._names, NAMES.resolve, host, port, RESOLVE_S_MAX)
        return str(found[0][1][0])

    # ---- room

    async def _make_room(self, camera: CameraSettings) -> int:
        """Return how many bytes a clip may have.  Raises CameraError where there is no room."""
        wanted = camera.pictures * _PICTURE_BYTES if camera.takes_pictures else 0
        wanted += _RECORDING_BYTES if camera.takes_recording else 0
        left = await self._hold_to_quota(wanted)
        if left < _LEAST_BYTES:
            raise CameraError(Cause.FULL, "the journal needs the room that is left on the disk")
        return left

    async def _hold_to_quota(self, wanted: int = 0) -> int:
        """Remove what is too much or too old; return what is left for new clips."""
        async with self._tidying:
            held = await self._dated(await self._disk.do(self._folder.held))
            free = await self._disk.do(self._folder.free_bytes)
            total = sum(one.size for one in held)
            settings, full = self._shelf.settings, self._shelf.journal_full()
            allowed = allowed_bytes(settings.bytes_max, free, total, journal_full=full)
            wall_ns = self._wall_ns()
            old_ns = None if wall_ns is None else wall_ns - settings.keep_days * _DAY_NS
            for gone in to_remove(held, min(wanted, allowed), allowed, old_ns):
                detail = f"older than {settings.keep_days} days" if gone.is_old else "for its room"
                body = ClipBody(what=ClipChange.REMOVED, clip=gone.clip, detail=detail)
                self._record.note(EventType.CLIP, Lane.STATE, body.to_body())
                await self._disk.do(self._folder.remove, gone.clip)
                total -= gone.size
            return allowed - total

    async def _dated(self, held: list[Held]) -> list[Held]:
        """Give those a date that were kept while nobody knew the time: from now on it counts."""
        wall_ns = self._wall_ns()
        if wall_ns is None:
            return held
        dated: list[Held] = []
        for one in held:
            if one.kept_ns < BUILT_NS:
                await self._disk.do(self._folder.date, one.clip, wall_ns)
                dated.append(replace(one, kept_ns=wall_ns))
            else:
                dated.append(one)
        return dated

    def _wall_ns(self) -> int | None:
        stamp = self._clock.stamp()
        return None if stamp.trust is Trust.UNSET else stamp.wall_ns

    async def _tidy(self) -> None:
        while True:
            with contextlib.suppress(CameraError):  # a disk that refuses: the journal says so
                await self._hold_to_quota()
            await asyncio.sleep(TIDY_S)

    # ---- what is said

    def _say_missed(self, camera: str, alarm: Alarm, why: str, joined: int) -> None:
        log.warning("clip.missed", camera=camera, cause=why)
        body = ClipBody(
            what=ClipChange.MISSED,
            camera=camera,
            **_of_alarm(alarm),
            joined=joined,
            detail=why,
        )
        self._record.note(EventType.CLIP, Lane.FAULT, body.to_body())

    def _say_found(self, found: Found) -> None:
        meaning = MEANINGS[found.trouble.cause]
        log.warning(
            "camera.well" if found.over else "camera.wrong",
            camera=found.camera,
            cause=found.trouble.cause.value,
            detail=found.trouble.detail,
            remedy=meaning.remedy,
        )
        body = FindingBody(
            panel=GATEWAY_PANEL,
            cause=found.trouble.cause.value,
            severity=meaning.severity,
            reasons=(_RULE,),
            remedy=meaning.remedy,
            detail=found.trouble.detail,
            part=("camera", found.camera),
            over=found.over,
        )
        self._record.note(EventType.FINDING, Lane.FAULT, body.to_body())


def _of_alarm(alarm: Alarm) -> dict[str, Any]:
    return {
        "panel": alarm.panel,
        "kind": alarm.kind.value,
        "zone": alarm.zone,
        "area": alarm.area,
        "alarm": alarm.place,
    }


def _cause(trouble: Trouble | None) -> str | None:
    return None if trouble is None else trouble.cause.value


def clips_of(
    loaded: Loaded, recorder: Record, clock: Clock, journal_full: Callable[[], bool]
) -> Clips:
    """Return the clips of a configuration that names cameras."""
    config = loaded.config
    areas = {(zone.panel, zone.zone): zone.area for zone in config.zone if zone.area is not None}
    folder = loaded.path(config.gateway.data_dir) / "clips"
    shelf = Shelf(folder, config.clips, loaded.path, journal_full)
    return Clips(config.camera, areas, shelf, recorder, clock)
