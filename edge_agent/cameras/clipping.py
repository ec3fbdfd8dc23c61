"""Decides which camera is asked when: after an alarm, again after a rest, and now and then whether
it is there at all.  A pure machine: the shell around it asks, and says what came of it.

An alarm waits for none of this.  A camera takes one clip at a time; alarms that come meanwhile are
joined into the next one, and an alarm whose camera has no time for it within a minute is told as
missed, for a picture of the next day verifies nothing.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from edge_agent.cameras.trouble import Cause, Trouble
from edge_agent.domain.camera import CameraSettings
from edge_agent.domain.event import EventType, Numbered
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.stamp import Stamp
from edge_agent.evidence.bodies import SignalBody
from edge_agent.evidence.cited import Place

S = 1_000_000_000

REST_NS = 20 * S
"""From one clip to the next of the same camera: a zone that swings fills no card."""

CLIPS_AN_HOUR_MAX = 20
"""Of one camera: an hour of alarms is known after twenty looks."""

HOUR_NS = 3600 * S

WAIT_NS_MAX = 60 * S
"""How old an alarm may be when its clip begins."""

LOCKED_NS = 300 * S
"""After a refused login: cameras lock a user for minutes after a few of them."""

LOOK_FIRST_NS = 30 * S
LOOK_NS = 6 * 3600 * S
"""How often a camera is asked whether it is there; nothing of a picture is taken then."""

LOOK_AGAIN_NS = 900 * S
"""The same, while something is wrong with it."""

ALARMS = frozenset(
    {
        *(Kind.MEDICAL, Kind.PANIC, Kind.DURESS, Kind.HOLDUP, Kind.FIRE, Kind.GAS, Kind.CO),
        *(Kind.BURGLARY, Kind.TAMPER),
    }
)
"""Kinds that a clip is taken for: those that diagnosis judges."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that is worth a look: what a signal of `panel` said, and which event that is."""

    panel: str
    kind: Kind
    zone: int | None
    area: int | None
    stamp: Stamp
    place: Place


_WORDS = frozenset({*ALARMS, Kind.AREA})


def alarm_of(event: Numbered, areas: Mapping[tuple[str, int], int]) -> Alarm | None:
    """Return the alarm that an event is, None for all others.

    Only what is heard live: what stood before, or is read from a log, is over or was seen.  `areas`
    gives a zone's area where the panel does not say it.
    """
    draft = event.draft
    if draft.type is not EventType.SIGNAL or draft.body.get(1) not in _WORDS:
        return None  # most events, at the cost of a look
    said = SignalBody.from_body(draft.body)
    signal, panel = said.signal, said.panel
    if signal.origin is not Origin.LIVE:
        return None
    if signal.state is not (State.ALARM if signal.kind is Kind.AREA else State.ACTIVE):
        return None
    area = signal.area
    if area is None and signal.zone is not None:
        area = areas.get((panel, signal.zone))
    place = Place(event.epoch, event.seq)
    return Alarm(panel, signal.kind, signal.zone, area, draft.stamp, place)


@dataclass(frozen=True, slots=True)
class Done:
    """A clip or look of `camera` has ended, with what was wrong, if anything."""

    camera: str
    trouble: Trouble | None
    looked: bool = False


@dataclass(frozen=True, slots=True)
class Take:
    """Take a clip; `joined` more alarms came while the camera was busy."""

    camera: str
    alarm: Alarm
    joined: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """Ask whether the camera is there."""

    camera: str


@dataclass(frozen=True, slots=True)
class Missed:
    """Say that there is no clip of an alarm, and why."""

    camera: str
    alarm: Alarm
    why: str
    joined: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """Say that something is wrong with a camera, or (`over`) no more."""

    camera: str
    trouble: Trouble
    over: bool = False


Action = Take | Look | Missed | Found


@dataclass(slots=True)
class _Camera:
    """What is known of one camera."""

    settings: CameraSettings
    look_ns: int
    busy: bool = False  # with a clip
    looking: bool = False
    free_ns: int = 0  # not before
    taken: deque[int] = field(default_factory=lambda: deque(maxlen=CLIPS_AN_HOUR_MAX))
    waiting: Alarm | None = None
    joined: int = 0  # alarms besides `waiting`
    wrong: Trouble | None = None
    wrong_in_clip: bool = False  # found by more than a look
    known: bool = False  # asked at least once

    def begins_ns(self) -> int:
        """When the next clip may begin."""
        full = len(self.taken) == CLIPS_AN_HOUR_MAX
        return max(self.free_ns, self.taken[0] + HOUR_NS if full else 0)

    def due_ns(self) -> int | None:
        """When something is to be done by itself."""
        if self.waiting is not None:
            given_up_ns = self.waiting.stamp.boottime_ns + WAIT_NS_MAX
            return given_up_ns if self.busy else min(self.begins_ns(), given_up_ns)
        return None if self.busy or self.looking else max(self.look_ns, self.free_ns)

    def learn(self, done: Done) -> bool:
        """Take what was found out; return whether it tells anything new of what is wrong."""
        if done.looked and done.trouble is None and self.wrong_in_clip:
            return self.wrong is not None and self.wrong.cause in _AT_THE_DOOR
        self.wrong_in_clip = not done.looked and done.trouble is not None
        return True


_AT_THE_DOOR = frozenset({Cause.UNREACHABLE, Cause.LOGIN, Cause.TLS, Cause.FILES})
"""What a look alone shows to be over: the other causes are in what comes after the head."""


class Clipping:
    """All cameras that may be asked for anything; `now_ns` is boot time, as stamps have it."""

    def __init__(self, cameras: Iterable[CameraSettings], now_ns: int) -> None:
        self._cameras = {
            one.id: _Camera(one, now_ns + LOOK_FIRST_NS) for one in cameras if one.gives
        }

    @property
    def wrong(self) -> dict[str, Trouble | None]:
        """What is wrong with each camera now."""
        return {name: camera.wrong for name, camera in self._cameras.items()}

    @property
    def known(self) -> frozenset[str]:
        """The cameras that were asked for something in this run."""
        return frozenset(name for name, camera in self._cameras.items() if camera.known)

    def deadline_ns(self) -> int | None:
        """Return when `handle` is to be called without an input."""
        return min(
            (due for camera in self._cameras.values() if (due := camera.due_ns()) is not None),
            default=None,
        )

    def handle(self, happened: Alarm | Done | None, now_ns: int) -> list[Action]:
        """Take an alarm, the end of a clip or look, or the deadline; return what is to be done."""
        match happened:
            case Alarm():
                return list(self._alarm(happened, now_ns))
            case Done():
                return list(self._done(happened, now_ns))
        return [action for name in self._cameras for action in self._due(name, now_ns)]

    def _alarm(self, alarm: Alarm, now_ns: int) -> Iterator[Action]:
        for name, camera in self._cameras.items():
            if not camera.settings.covers(alarm.panel, alarm.zone, alarm.area):
                continue
            if camera.waiting is None:
                camera.waiting = alarm
            else:
                camera.joined += 1
            yield from self._due(name, now_ns)

    def _done(self, done: Done, now_ns: int) -> Iterator[Action]:
        camera = self._cameras[done.camera]
        if done.looked:
            camera.looking = False
        else:
            camera.busy = False
        locked = done.trouble is not None and done.trouble.cause is Cause.LOGIN
        camera.free_ns = max(camera.free_ns, now_ns + (LOCKED_NS if locked else 0))
        camera.known = True
        camera.look_ns = now_ns + (LOOK_NS if done.trouble is None else LOOK_AGAIN_NS)
        if camera.learn(done):
            yield from self._changed(camera, done)
        yield from self._due(done.camera, now_ns)

    def _changed(self, camera: _Camera, done: Done) -> Iterator[Found]:
        was, camera.wrong = camera.wrong, done.trouble
        if was is not None and (done.trouble is None or done.trouble.cause != was.cause):
            yield Found(done.camera, was, over=True)
        if done.trouble is not None and (was is None or done.trouble.cause != was.cause):
            yield Found(done.camera, done.trouble)

    def _due(self, name: str, now_ns: int) -> Iterator[Action]:
        camera = self._cameras[name]
        alarm = camera.waiting
        if alarm is not None:
            if not camera.busy and now_ns >= camera.begins_ns():
                yield self._take(name, camera, alarm, now_ns)
            elif now_ns >= alarm.stamp.boottime_ns + WAIT_NS_MAX:
                missed = Missed(name, alarm, _why(camera, now_ns), camera.joined)
                camera.waiting, camera.joined = None, 0
                yield missed
        elif (due_ns := camera.due_ns()) is not None and now_ns >= due_ns:
            camera.looking = True
            yield Look(name)

    def _take(self, name: str, camera: _Camera, alarm: Alarm, now_ns: int) -> Take:
        joined, camera.waiting, camera.joined = camera.joined, None, 0
        camera.busy = True
        camera.taken.append(now_ns)
        camera.free_ns = now_ns + REST_NS
        return Take(name, alarm, joined)


def _why(camera: _Camera, now_ns: int) -> str:
    if camera.busy:
        return "the camera was busy with another clip"
    if camera.wrong is not None and camera.wrong.cause is Cause.LOGIN and now_ns < camera.free_ns:
        return "it refused a login: not asked again for some minutes"
    return f"more than {CLIPS_AN_HOUR_MAX} clips in an hour"
