"""The emulated panel: delays, errors, mutings and what it says of them."""

from datetime import datetime

import pytest

from hil.sites.plan import Zone
from hil.sites.script import Scene
from hil.sites.stimulus import Broken, ClockSet, Deaf, Disarm, How, WalkTest
from hil.sites.traits import ExitError, Restores
from hil.sites.world import play
from tests.hil.sites.scenes import BUTTON, DOOR, HALL, PLAN, ROOM, SMOKE, WINDOW, heard, scene

ARMED_AT = 60


def zone(number: int) -> Zone:
    return PLAN.zone(number)


def armed(**traits: object) -> Scene:
    """Armed at 60 s."""
    one = scene(**traits)
    one.arm(0, 1)
    return one


def said_after(one: Scene, t: float = ARMED_AT + 1) -> list[str]:
    return [line for line in heard(one) if int(line.split()[0]) >= t]


def alarms(one: Scene) -> list[str]:
    return [line for line in heard(one) if " burglary " in line]


def test_arming_is_an_exit_delay_and_then_armed() -> None:
    assert heard_of_end(armed()) == ["0 area exit_delay", "60 area armed_away"]


def heard_of_end(one: Scene) -> list[str]:
    one.speak(5000, kind="uplink", state="up")
    return heard(one)[:-1]


def test_a_perimeter_zone_alarms_at_once() -> None:
    one = armed()
    one.hold(100, zone(WINDOW), 5)
    assert said_after(one) == [
        "100 zone open 4",
        "100 burglary 131 active 4",
        "105 zone closed 4",
    ]


def test_the_door_starts_an_entry_delay_and_alarms_at_its_end() -> None:
    one = armed()
    one.hold(100, zone(DOOR), 5)
    one.hold(103, zone(HALL), 5)
    one.speak(500, kind="uplink", state="up")
    assert said_after(one) == [
        "100 zone open 1",
        "100 area entry_delay",
        "103 zone open 2",
        "105 zone closed 1",
        "108 zone closed 2",
        "130 burglary 134 active 1",
        "500 uplink up",
    ]


def test_a_code_in_time_says_nothing_but_disarmed() -> None:
    one = armed(cancels=True)
    one.hold(100, zone(DOOR), 5)
    one.disarm(120, 2)
    assert said_after(one, 106) == ["120 area disarmed"]


def test_a_code_after_the_alarm_is_followed_by_a_cancel() -> None:
    one = armed(cancels=True)
    one.hold(100, zone(WINDOW), 5)
    one.disarm(120, 2)
    assert said_after(one, 106) == ["120 area disarmed", "120 cancel 406 active"]


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        (ExitError.AT_ONCE, ["60 burglary 134 active 1"]),
        (ExitError.FLAGGED, ["90 exit_error 374 active 1", "90 burglary 134 active 1"]),
        (ExitError.ALARM_ONLY, ["90 burglary 134 active 1"]),
    ],
)
def test_a_door_that_stands_open_as_the_exit_delay_ends(
    style: ExitError, expected: list[str]
) -> None:
    one = armed(exit_error=style)
    one.hold(50, zone(DOOR), 400)
    assert [line for line in heard(one) if "burglary" in line or "exit_error" in line] == expected


def test_a_second_opening_of_the_door_restarts_the_exit_delay_once() -> None:
    one = armed()
    for t in (10, 30, 50):
        one.hold(t, zone(DOOR), 3)
    one.speak(500, kind="uplink", state="up")
    assert "90 area armed_away" in heard(one)


def test_a_zone_is_muted_after_its_alarms_and_still_says_its_state() -> None:
    one = armed(swinger_trips=2)
    for t in (100, 200, 300, 400):
        one.hold(t, zone(WINDOW), 5)
    assert alarms(one) == ["100 burglary 131 active 4", "200 burglary 131 active 4"]
    assert "300 bypass 575 active 4" in heard(one)
    assert "400 zone open 4" in heard(one)


def test_only_the_first_alarm_is_reported_where_a_panel_is_like_that() -> None:
    one = armed(first_alarm_only=True)
    one.hold(100, zone(WINDOW), 5)
    one.hold(110, zone(ROOM), 5)
    assert alarms(one) == ["100 burglary 131 active 4"]
    assert "110 zone open 3" in heard(one)


def test_a_report_held_for_an_abort_is_not_sent_when_the_code_comes() -> None:
    one = armed(abort_s=30.0)
    one.hold(100, zone(WINDOW), 5)
    one.disarm(120, 2)
    assert alarms(one) == []
    assert "120 cancel 406 active" in heard(one)
    later = armed(abort_s=30.0)
    later.hold(100, zone(WINDOW), 5)
    later.speak(500, kind="uplink", state="up")
    assert alarms(later) == ["130 burglary 131 active 4"]


@pytest.mark.parametrize(
    ("restores", "at"), [(Restores.AT_CLOSE, 105), (Restores.AT_DISARM, 400), (Restores.NEVER, 0)]
)
def test_when_an_alarm_is_said_to_be_over(restores: Restores, at: int) -> None:
    one = armed(restores=restores)
    one.hold(100, zone(WINDOW), 5)
    one.disarm(400, 2)
    over = [line for line in heard(one) if "restored" in line]
    assert over == ([f"{at} burglary 131 restored 4"] if at else [])


def test_only_the_shell_is_watched_while_people_sleep() -> None:
    one = scene()
    one.arm(0, 1, How.STAY)
    one.hold(100, zone(ROOM), 5)
    one.hold(200, zone(WINDOW), 5)
    assert alarms(one) == ["200 burglary 131 active 4"]


def test_a_window_open_at_arming_is_bypassed_until_it_closes() -> None:
    one = scene()
    one.hold(1, zone(WINDOW), 200)
    one.arm(10, 1)
    one.hold(300, zone(WINDOW), 5)
    assert "70 bypass 573 active 4" in heard(one)
    assert alarms(one) == ["300 burglary 131 active 4"]


def test_fire_and_hold_up_are_told_whatever_the_arming() -> None:
    one = scene()
    one.hold(10, zone(SMOKE), 5)
    one.hold(20, zone(BUTTON), 5)
    one.add(30, Disarm(1, 2))
    assert heard(one) == [
        "10 fire 111 active 5",
        "20 zone open 6",
        "20 holdup 129 active 6",
        "25 zone closed 6",
    ]


def test_a_walk_test_that_is_obeyed_gives_no_alarms() -> None:
    one = armed()
    one.add(90, WalkTest(1, 1, True))
    one.hold(100, zone(WINDOW), 5)
    assert alarms(one) == []


def test_a_cut_cable_is_a_tamper() -> None:
    one = armed()
    one.add(100, Broken(ROOM, "tamper"))
    assert said_after(one) == ["100 zone tamper 3", "100 tamper 137 active 3"]


def test_what_happens_while_the_panel_is_not_heard_is_lost_or_late() -> None:
    for held, found in ((True, ["300 burglary 131 active 4"]), (False, [])):
        one = armed()
        one.add(90, Deaf(True, held=held))
        one.hold(100, zone(WINDOW), 5)
        one.add(300, Deaf(False))
        assert alarms(one) == found


def test_a_duress_code_disarms_and_calls() -> None:
    one = armed()
    one.disarm(100, 2, duress=True)
    assert said_after(one) == ["100 area disarmed", "100 duress 121 active"]


def test_the_panels_clock_is_in_its_events() -> None:
    one = armed(panel_time=True)
    one.add(90, ClockSet(3600.0))
    one.hold(100, zone(WINDOW), 5)
    found = play(one, datetime.fromisoformat("2026-01-05T00:00:00+00:00"))
    times = [said.line["panel_time"] for said in found.said if "panel_time" in said.line]
    assert times == ["2026-01-05T01:01:40"]


def test_a_panel_without_zone_states_tells_events_only() -> None:
    one = armed(zone_lines=False)
    one.hold(100, zone(WINDOW), 5)
    assert said_after(one) == ["100 burglary 131 active 4"]


def test_a_panel_without_alarm_events_tells_states_only() -> None:
    one = armed(alarm_events=False, area_alarm=True)
    one.hold(100, zone(WINDOW), 5)
    assert said_after(one) == ["100 zone open 4", "100 area alarm", "105 zone closed 4"]
