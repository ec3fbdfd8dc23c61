"""Which camera is asked when: dialogues of alarms, ends and deadlines."""

import pytest

from edge_agent.cameras.clipping import (
    CLIPS_AN_HOUR_MAX,
    HOUR_NS,
    LOCKED_NS,
    LOOK_AGAIN_NS,
    LOOK_FIRST_NS,
    LOOK_NS,
    REST_NS,
    WAIT_NS_MAX,
    Alarm,
    Clipping,
    Done,
    Found,
    Look,
    Missed,
    S,
    Take,
    alarm_of,
)
from edge_agent.cameras.trouble import Cause, Trouble
from edge_agent.domain.camera import CameraSettings, Recording, Sees
from edge_agent.domain.event import Draft, EventType, Numbered
from edge_agent.domain.kinds import Kind, Lane, Origin, State
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence.bodies import SignalBody
from edge_agent.evidence.cited import Place

URL = "http://192.168.1.40/picture"
FRONT = CameraSettings(
    id="front", sees=(Sees(panel="p1", zones=(1, 2)),), snapshot_url=URL, consent=("image",)
)
YARD = CameraSettings(
    id="yard", sees=(Sees(panel="p1", areas=(7,)),), snapshot_url=URL, consent=("image",)
)
EPOCH = b"epoch001".hex()
DEAD = Trouble(Cause.UNREACHABLE, "it does not answer")


def alarm(at_s: float = 1, zone: int | None = 1, area: int | None = None) -> Alarm:
    stamp = Stamp(10**18, round(at_s * S), bytes(16), Trust.SYNCED)
    return Alarm("p1", Kind.BURGLARY, zone, area, stamp, Place(b"epoch001", 9))


def event(said: Signal, type_: EventType = EventType.SIGNAL) -> Numbered:
    body = SignalBody(signal=said, panel="p1", driver="d", driver_version="1").to_body()
    return Numbered(b"epoch001", 9, Draft(type_, Lane.INTRUSION, alarm().stamp, body))


def signal(kind: Kind = Kind.BURGLARY, state: State = State.ACTIVE, **more: object) -> Signal:
    return Signal(kind=kind, state=state, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "is_alarm"),
    [
        (signal(zone=1), True),
        (signal(Kind.DURESS), True),
        (signal(Kind.FIRE), True),
        (signal(Kind.AREA, State.ALARM, area=1), True),
        (signal(state=State.RESTORED), False),
        (signal(state=State.STATUS), False),
        (signal(Kind.ZONE, State.OPEN, zone=1), False),
        (signal(Kind.AREA, State.ARMED_AWAY, area=1), False),
        (signal(origin=Origin.AT_START), False),
        (signal(origin=Origin.BACKFILL), False),
        (signal(Kind.TEST), False),
    ],
)
def test_what_is_worth_a_look(said: Signal, is_alarm: bool) -> None:
    found = alarm_of(event(said), {})
    assert (found is not None) is is_alarm
    if found is not None:
        assert (found.panel, found.kind, str(found.place)) == ("p1", said.kind, f"{EPOCH}/9")
    assert alarm_of(event(said, EventType.LINK), {}) is None


def test_a_zones_area_is_known_from_the_site() -> None:
    found = alarm_of(event(signal(zone=5)), {("p1", 5): 7})
    assert found is not None
    assert found.area == 7
    named = alarm_of(event(signal(zone=5, area=2)), {("p1", 5): 7})
    assert named is not None
    assert named.area == 2


def test_only_who_sees_it_is_asked() -> None:
    clipping = Clipping([FRONT, YARD], 0)
    assert clipping.handle(alarm(), S) == [Take("front", alarm())]
    there = alarm(zone=9, area=7)
    assert clipping.handle(there, S) == [Take("yard", there)]
    assert clipping.handle(alarm(zone=9, area=8), S) == []
    assert clipping.handle(alarm(zone=None), S) == []


def test_without_consent_nobody_is_asked_anything() -> None:
    silent = CameraSettings(id="front", sees=FRONT.sees, snapshot_url=URL)
    heard = CameraSettings(
        id="mic",
        sees=FRONT.sees,
        recording=Recording(url=URL, holds=("sound",)),
        consent=("image",),
    )
    clipping = Clipping([silent, heard], 0)
    assert clipping.handle(alarm(), S) == []
    assert clipping.deadline_ns() is None
    assert clipping.handle(None, 10**15) == []


def test_alarms_meanwhile_are_joined_into_the_next_clip() -> None:
    clipping = Clipping([FRONT], 0)
    clipping.handle(alarm(1), S)
    assert clipping.handle(alarm(2), 2 * S) == []
    assert clipping.handle(alarm(3, 2), 3 * S) == []
    assert clipping.handle(Done("front", None), 5 * S) == []
    assert clipping.deadline_ns() == S + REST_NS
    assert clipping.handle(None, S + REST_NS) == [Take("front", alarm(2), joined=1)]


def test_a_busy_camera_misses_an_alarm_aloud() -> None:
    clipping = Clipping([FRONT], 0)
    clipping.handle(alarm(1), S)
    clipping.handle(alarm(2), 2 * S)
    given_up_ns = 2 * S + WAIT_NS_MAX
    assert clipping.deadline_ns() == given_up_ns
    (missed,) = clipping.handle(None, given_up_ns)
    assert missed == Missed("front", alarm(2), "the camera was busy with another clip")
    assert clipping.deadline_ns() is None  # until the clip ends


def test_an_hour_has_twenty_clips() -> None:
    clipping = Clipping([FRONT], 0)
    now_ns = S
    for _ in range(CLIPS_AN_HOUR_MAX):
        assert clipping.handle(alarm(now_ns / S), now_ns) != []
        clipping.handle(Done("front", None), now_ns + S)
        now_ns += REST_NS
    late = alarm(now_ns / S)
    assert clipping.handle(late, now_ns) == []
    (missed,) = clipping.handle(None, now_ns + WAIT_NS_MAX)
    assert missed == Missed("front", late, "more than 20 clips in an hour")
    again = alarm(HOUR_NS / S + 1)
    assert clipping.handle(again, HOUR_NS + S) == [Take("front", again)]


def test_a_refused_login_is_not_tried_again_at_once() -> None:
    clipping = Clipping([FRONT], 0)
    clipping.handle(alarm(1), S)
    trouble = Trouble(Cause.LOGIN, "no")
    assert clipping.handle(Done("front", trouble), 2 * S) == [Found("front", trouble)]
    assert clipping.handle(alarm(30), 30 * S) == []
    (missed,) = clipping.handle(None, 30 * S + WAIT_NS_MAX)
    assert isinstance(missed, Missed)
    assert "refused a login" in missed.why
    later = alarm(2 + LOCKED_NS / S)
    assert clipping.handle(later, 2 * S + LOCKED_NS) == [Take("front", later)]


def test_a_camera_is_looked_at_now_and_then() -> None:
    clipping = Clipping([FRONT], 0)
    assert clipping.deadline_ns() == LOOK_FIRST_NS
    assert clipping.handle(None, LOOK_FIRST_NS - 1) == []
    assert clipping.handle(None, LOOK_FIRST_NS) == [Look("front")]
    assert clipping.deadline_ns() is None
    assert clipping.handle(Done("front", None, looked=True), 31 * S) == []
    assert clipping.deadline_ns() == 31 * S + LOOK_NS


def test_an_alarm_does_not_wait_for_a_look() -> None:
    clipping = Clipping([FRONT], 0)
    clipping.handle(None, LOOK_FIRST_NS)
    assert clipping.handle(alarm(31), 31 * S) == [Take("front", alarm(31))]


def test_a_dead_camera_is_found_before_any_alarm_and_its_return_too() -> None:
    clipping = Clipping([FRONT], 0)
    clipping.handle(None, LOOK_FIRST_NS)
    assert clipping.handle(Done("front", DEAD, looked=True), 40 * S) == [Found("front", DEAD)]
    assert clipping.wrong == {"front": DEAD}
    again_ns = 40 * S + LOOK_AGAIN_NS
    assert clipping.handle(None, again_ns) == [Look("front")]
    said = Trouble(DEAD.cause, "in other words")
    assert (
        clipping.handle(Done("front", said, looked=True), again_ns) == []
    )  # nothing is said twice
    clipping.handle(None, again_ns + LOOK_AGAIN_NS)
    over = clipping.handle(Done("front", None, looked=True), again_ns + LOOK_AGAIN_NS)
    assert over == [Found("front", said, over=True)]
    assert clipping.wrong == {"front": None}


def test_one_trouble_takes_the_place_of_another() -> None:
    clipping = Clipping([FRONT], 0)
    slow = Trouble(Cause.SLOW, "x")
    clipping.handle(alarm(1), S)
    clipping.handle(Done("front", DEAD), 2 * S)
    clipping.handle(alarm(40), 40 * S)
    said = clipping.handle(Done("front", slow), 41 * S)
    assert said == [Found("front", DEAD, over=True), Found("front", slow)]


@pytest.mark.parametrize(
    ("cause", "is_over"),
    [(Cause.ANSWER, False), (Cause.SLOW, False), (Cause.FULL, False), (Cause.TLS, True)],
)
def test_a_look_does_not_clear_what_only_a_clip_can_show(cause: Cause, is_over: bool) -> None:
    clipping = Clipping([FRONT], 0)
    clipping.handle(alarm(1), S)
    clipping.handle(Done("front", Trouble(cause, "x")), 2 * S)
    clipping.handle(None, 2 * S + LOOK_AGAIN_NS)
    said = clipping.handle(Done("front", None, looked=True), 3 * S + LOOK_AGAIN_NS)
    assert bool(said) is is_over


def test_a_flood_is_one_clip_and_bounded() -> None:
    clipping = Clipping([FRONT, YARD], 0)
    actions = [
        action for turn in range(1000) for action in clipping.handle(alarm(1 + turn / 1000), S)
    ]
    assert len(actions) == 1
