"""Two independent detectors that still prove nobody: people on their way, and pets."""

from edge_agent.domain.site import Premises
from tests.diagnosis.timeline import (
    DOOR,
    HALL,
    OFFICE,
    ROOM,
    STORE,
    WINDOW,
    YARD,
    Line,
    alarm,
    armed,
    at,
    closes,
    opens,
    run,
)


def last(said: list[Line]) -> tuple[int, str]:
    return said[-1]["tier"], said[-1]["reasons"][0]


def test_only_motion_long_apart_is_pets() -> None:
    assert last(run(armed(), alarm(7300, ROOM), alarm(7610, OFFICE)))[0] == 1
    assert last(run(armed(), alarm(7300, ROOM), alarm(7590, OFFICE)))[0] == 2
    third = run(armed(), alarm(7300, ROOM), alarm(7610, OFFICE), alarm(8000, STORE))
    assert last(third)[0] == 2
    opened = run(armed(), alarm(7300, WINDOW), alarm(7610, OFFICE))
    assert last(opened)[0] == 3  # somebody came in by the window


def test_who_has_just_left_comes_back_for_the_keys() -> None:
    back = [opens(100, DOOR), opens(104, HALL), alarm(130, DOOR, "134")]
    said = run(armed(), *back)
    assert last(said)[0] == 1
    assert "cp01.way_out" in said[-1]["reasons"]
    assert last(run(armed(), *back, alarm(190, ROOM)))[0] == 2


def test_who_leaves_too_slowly_is_one_who_leaves() -> None:
    """Caught in a room, then by the hall to the door, and back by it."""
    slow = [alarm(70, ROOM), opens(76, DOOR), opens(78, HALL), alarm(106, DOOR, "134")]
    said = run(armed(), *slow, opens(270, DOOR), opens(273, HALL))
    assert last(said)[0] == 1
    assert "cp01.way_out" in said[-1]["reasons"]
    assert last(run(armed(), *slow, alarm(300, ROOM)))[0] == 2  # still there
    assert last(run(armed(), *slow, alarm(300, OFFICE)))[0] == 2
    assert last(run(armed(), alarm(70, WINDOW), alarm(76, ROOM)))[0] == 3  # nobody leaves so


def test_who_comes_by_the_door_has_the_entry_delay_to_say_who_he_is() -> None:
    late = [opens(7300, DOOR), opens(7304, HALL), alarm(7330, DOOR, "134")]
    said = run(armed(), *late)
    assert last(said)[0] == 1
    assert "bs8243.way_in" in said[-1]["reasons"]
    stays = [*late[:2], closes(7309, HALL), late[2], opens(7333, HALL)]
    assert last(run(armed(), *stays))[0] == 2  # and says nothing
    assert last(run(armed(), *late, alarm(7340, ROOM)))[0] == 2
    before = [opens(7300, DOOR), opens(7304, HALL), alarm(7310, ROOM)]
    assert last(run(armed(), *before))[0] == 2
    outside = run(armed(), alarm(7290, YARD), *late)
    assert last(outside)[0] == 2  # it alarmed already when the door was opened
    told = run(armed(), alarm(7330, DOOR, "134"), alarm(7330, HALL))  # where no opening is told
    assert last(told)[0] == 1
    assert last(run(armed(), alarm(7330, DOOR, "134"), alarm(7335, HALL)))[0] == 2


def test_a_keyholder_may_come_by_the_door_that_stands_open() -> None:
    ajar = [opens(7300, DOOR), alarm(7330, DOOR, "134")]
    assert last(run(armed(), *ajar, alarm(9000, HALL)))[0] == 1
    assert last(run(armed(), *ajar, alarm(9000, HALL), opens(9031, HALL)))[0] == 2
    shut = [*ajar, closes(7400, DOOR)]
    assert last(run(armed(), *shut, alarm(9000, HALL)))[0] == 2  # he was inside all the time


def test_without_a_site_what_the_panel_calls_no_alarm_in_time_may_be_the_way_in() -> None:
    nothing = Premises()
    tells = at(1, "open_close", "armed", code="401", user=3, area=1)
    came = [opens(7300, 1), opens(7304, 2), opens(7309, 3)]
    said = run(armed(), tells, *came, site=nothing)
    assert last(said)[0] == 1
    assert "bs8243.way_in" in said[-1]["reasons"]
    assert last(run(armed(), tells, *came, alarm(7380, 1, "134"), site=nothing))[0] == 1
    assert last(run(armed(), tells, *came, opens(7390, 4), site=nothing))[0] == 2
    assert last(run(armed(), tells, *came, alarm(7320, 5, "132"), site=nothing))[0] == 2
    assert last(run(armed(), *came, site=nothing))[0] == 2  # one that never tells alarms
    called = [alarm(7360, 1, "134"), alarm(7360, 5, "132")]  # the second is none of an entry
    assert last(run(armed(), *called, site=nothing))[0] == 2


def test_without_a_site_who_leaves_too_slowly_passes_one_room() -> None:
    nothing = Premises()
    leaves = [alarm(70, 3, "132"), opens(76, 2), alarm(106, 1, "134")]
    said = run(armed(), *leaves, site=nothing)
    assert last(said)[0] == 1
    assert "cp01.way_out" in said[-1]["reasons"]
    assert last(run(armed(), *leaves, alarm(110, 4, "132"), site=nothing))[0] == 2
    assert last(run(armed(), *leaves, opens(600, 3), site=nothing))[0] == 2
    broken = [alarm(70, 5, "131"), opens(76, 3)]  # nobody leaves by a window
    assert last(run(armed(), *broken, site=nothing))[0] >= 2
