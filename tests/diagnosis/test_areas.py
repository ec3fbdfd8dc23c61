"""Areas: who is expected where, from whatever lines the panel has."""

from typing import Any

from edge_agent.diagnosis.areas import AREAS_MAX, GATEWAYS_OWN_NS, Areas
from edge_agent.diagnosis.observation import Measure, Observation
from edge_agent.domain.kinds import Kind, State


def say(areas: Areas, kind: Kind | Measure, state: State, now_ns: int = 0, **more: Any) -> bool:
    told = Observation(line=1, t_ns=now_ns, kind=kind, state=state, panel="p1", **more)
    return areas.handle(told, now_ns)


def test_area_lines_and_openings_both_tell() -> None:
    areas = Areas(test_ns=100)
    say(areas, Kind.AREA, State.ARMED_AWAY, area=1)
    say(areas, Kind.OPEN_CLOSE, State.ARMED, area=2, code="441")
    assert areas.armed(1) is State.ARMED_AWAY
    assert areas.armed(2) is State.ARMED_STAY
    assert areas.armed(None) is None  # of a zone whose area nobody knows
    assert say(areas, Kind.OPEN_CLOSE, State.DISARMED, 7, area=2)
    assert areas.armed(2) is None
    assert areas.since_ns(2) == 7


def test_delays_and_alarms_change_nothing() -> None:
    areas = Areas(test_ns=100)
    say(areas, Kind.AREA, State.ARMED_AWAY, area=1)
    for state in (State.ENTRY_DELAY, State.ALARM, State.UNKNOWN, State.EXIT_DELAY):
        say(areas, Kind.AREA, state, area=1)
    assert areas.armed(1) is State.ARMED_AWAY


def test_a_panel_that_names_no_area_speaks_of_all() -> None:
    areas = Areas(test_ns=100)
    say(areas, Kind.AREA, State.ARMED_AWAY)
    assert areas.armed(5) is State.ARMED_AWAY
    assert areas.armed(None) is State.ARMED_AWAY


def test_a_walk_test_ends_by_its_restore_by_arming_or_by_itself() -> None:
    areas = Areas(test_ns=100)
    say(areas, Kind.TEST, State.ACTIVE, code="607", area=1)
    assert areas.in_test(1, 5, 50)
    assert not areas.in_test(2, 5, 50)
    assert not areas.in_test(1, 5, 101)
    say(areas, Kind.TEST, State.RESTORED, code="607", area=1)
    assert not areas.in_test(1, 5, 50)
    say(areas, Kind.TEST, State.ACTIVE, code="607", zone=5)
    assert areas.in_test(3, 5, 50)
    say(areas, Kind.AREA, State.ARMED_AWAY, area=1)
    assert not areas.in_test(3, 5, 50)


def test_a_walk_test_of_the_gateway_is_of_the_whole_panel_and_goes_on_while_one_arms() -> None:
    """Whoever walks tries the keypad as well; a test that nobody ends is over in two hours."""
    areas = Areas(test_ns=100)
    say(areas, Measure.WALK, State.ACTIVE)
    say(areas, Kind.AREA, State.ARMED_AWAY, area=1)
    assert areas.in_test(1, 5, 101)
    assert areas.in_test(None, 7, GATEWAYS_OWN_NS)
    assert not areas.in_test(1, 5, GATEWAYS_OWN_NS + 1)
    say(areas, Kind.TEST, State.ACTIVE, code="607", area=2)
    say(areas, Measure.WALK, State.RESTORED)
    assert not areas.in_test(1, 5, 50)
    assert areas.in_test(2, 5, 50)


def test_any_number_of_areas_is_bounded() -> None:
    areas = Areas(test_ns=100)
    for area in range(1, 2 * AREAS_MAX):
        say(areas, Kind.AREA, State.ARMED_AWAY, area=area)
        say(areas, Kind.TEST, State.ACTIVE, code="607", area=area)
    assert areas.armed(2 * AREAS_MAX - 1) is None
