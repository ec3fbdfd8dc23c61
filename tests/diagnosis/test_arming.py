"""Whether an area is armed, from what different panels say of it."""

import pytest

from edge_agent.diagnosis.arming import Arm, Armed, Arming, Disarmed, Opening
from edge_agent.diagnosis.observation import NS, Observation
from edge_agent.diagnosis.site import Site
from edge_agent.domain.kinds import Kind, State
from tests.diagnosis.timeline import DOOR, HALL, ROOM, SHOP, WINDOW, YARD


def said(t: float, state: State, kind: Kind = Kind.AREA, **more: object) -> Observation:
    fields = {"panel": "p1", "area": 1, **more}
    return Observation(line=2, t_ns=round(t * NS), kind=kind, state=state, **fields)  # type: ignore[arg-type]


def arming(*heard: Observation, site: Site | None = None) -> Arming:
    found = Arming(site or Site(SHOP))
    for one in heard:
        found.take(one)
    return found


def worth(found: Arming, zone: int, t: float) -> Opening:
    return found.opening(("p1", zone), 1, round(t * NS))


@pytest.mark.parametrize(
    ("heard", "arm"),
    [
        ([], Arm.UNKNOWN),
        ([said(1, State.ARMED_AWAY)], Arm.AWAY),
        ([said(1, State.ARMED_STAY)], Arm.STAY),
        ([said(1, State.ARMED, Kind.OPEN_CLOSE, code="401")], Arm.AWAY),
        ([said(1, State.ARMED, Kind.OPEN_CLOSE, code="441")], Arm.STAY),
        ([said(1, State.EXIT_DELAY)], Arm.AWAY),
        ([said(1, State.ARMED_AWAY), said(2, State.ENTRY_DELAY), said(3, State.ALARM)], Arm.AWAY),
        ([said(1, State.ARMED_AWAY), said(2, State.DISARMED)], Arm.DISARMED),
        ([said(1, State.ARMED_AWAY), said(2, State.UNKNOWN)], Arm.UNKNOWN),
        ([said(1, State.ARMED_AWAY), said(1, State.ARMED_STAY)], Arm.STAY),
        ([said(1, State.ARMED_AWAY, area=None)], Arm.AWAY),
        ([said(1, State.ARMED_AWAY), said(2, State.DISARMED, area=None)], Arm.DISARMED),
        ([said(1, State.ARMED_AWAY, area=2)], Arm.UNKNOWN),
    ],
)
def test_what_is_known_of_an_area(heard: list[Observation], arm: Arm) -> None:
    assert arming(*heard).state("p1", 1).arm is arm


def test_after_a_silence_nothing_is_known() -> None:
    found = arming(said(1, State.ARMED_AWAY))
    found.forget("p1", 100 * NS)
    found.forget("p1", 200 * NS)  # gone, and back
    state = found.state("p1", 1)
    assert state.arm is Arm.UNKNOWN
    assert not state.is_armed


def test_after_a_silence_openings_count_as_if_it_were_armed_as_before() -> None:
    found = arming(said(1, State.ARMED_AWAY))
    found.forget("p1", 300 * NS)
    assert worth(found, ROOM, 400) is Opening.TRIP
    assert not found.state("p1", 1).is_doubtful(1200 * NS)
    assert found.state("p1", 1).is_doubtful(1201 * NS)  # somebody may have come
    found.forget("p1", 1200 * NS)  # back
    assert not found.state("p1", 1).is_doubtful(90_000 * NS)
    found.take(said(90_000, State.DISARMED))
    assert worth(found, ROOM, 90_001) is Opening.NOTHING
    found.forget("p1", 90_002 * NS)
    assert worth(found, ROOM, 90_003) is Opening.NOTHING
    unsaid = arming(said(1, State.ARMED_STAY), said(300, State.UNKNOWN))
    assert worth(unsaid, WINDOW, 400) is Opening.TRIP
    assert worth(unsaid, ROOM, 400) is Opening.NOTHING


def test_only_an_armed_area_counts_down_an_entry() -> None:
    assert arming(said(1, State.ENTRY_DELAY)).state("p1", 1).arm is Arm.AWAY
    found = arming(said(1, State.ARMED_STAY))
    found.forget("p1", 300 * NS)
    found.take(said(301, State.ENTRY_DELAY))
    assert found.state("p1", 1).arm is Arm.STAY


def test_an_unnamed_area_is_that_of_all_where_they_agree() -> None:
    found = arming(said(1, State.ARMED_AWAY), said(1, State.ARMED_AWAY, area=2), site=Site())
    assert found.state("p1", None).arm is Arm.AWAY
    found.take(said(2, State.DISARMED, area=2))
    assert found.state("p1", None).arm is Arm.UNKNOWN


def test_changes_are_told_once() -> None:
    found = arming()
    assert found.take(said(1, State.ARMED_AWAY)) == [Armed("p1", 1, 2)]
    assert found.take(said(1, State.ARMED, Kind.OPEN_CLOSE)) == []
    free = said(9, State.DISARMED, user=3)
    assert found.take(free) == [Disarmed("p1", 1, 2, valid=True)]
    assert found.take(said(9, State.DISARMED)) == [Disarmed("p1", 1, 2, valid=False)]


def test_leaving_is_no_trip() -> None:
    told_at_start = arming(said(0, State.ARMED_AWAY))
    assert worth(told_at_start, WINDOW, 59) is Opening.NOTHING
    assert worth(told_at_start, WINDOW, 61) is Opening.TRIP
    told_at_end = arming(said(0, State.EXIT_DELAY), said(60, State.ARMED_AWAY))
    assert worth(told_at_end, WINDOW, 61) is Opening.TRIP
    both = arming(said(0, State.EXIT_DELAY), said(0, State.ARMED, Kind.OPEN_CLOSE))
    assert worth(both, WINDOW, 70) is Opening.NOTHING  # the panel still says exit delay


def test_what_an_opening_is_worth() -> None:
    away = arming(said(0, State.ARMED_AWAY))
    assert worth(away, DOOR, 100) is Opening.ENTRY
    assert worth(away, HALL, 100) is Opening.TRIP  # not by the door
    assert away.begin_entry("p1", 1, 100 * NS) == (100 + 30 * 1.1 + 2) * NS
    assert worth(away, HALL, 101) is Opening.ENTRY
    assert worth(away, ROOM, 101) is Opening.TRIP
    away.take(said(110, State.ALARM))
    assert worth(away, HALL, 111) is Opening.TRIP
    stay = arming(said(0, State.ARMED_STAY))
    assert worth(stay, ROOM, 100) is Opening.NOTHING
    assert worth(stay, WINDOW, 100) is Opening.TRIP
    assert worth(arming(), WINDOW, 100) is Opening.NOTHING


def test_an_unknown_zone_may_be_the_way_in_or_an_inner_room() -> None:
    nothing = Site()
    assert worth(arming(said(0, State.ARMED_AWAY), site=nothing), YARD, 100) is Opening.ENTRY
    assert worth(arming(said(0, State.ARMED_STAY), site=nothing), YARD, 100) is Opening.INSIDE


def test_an_area_that_the_site_does_not_have_says_nothing_of_the_whole_panel() -> None:
    heard = [said(0, State.ARMED_AWAY), said(1, State.DISARMED, area=77)]
    assert arming(*heard).state("p1", None).arm is Arm.AWAY
    assert arming(*heard).areas_of("p1") == {1}
    assert arming(*heard, site=Site()).state("p1", None).arm is Arm.UNKNOWN
    assert arming(*heard, site=Site()).areas_of("p1") == {1, 77}


def test_memory_is_bounded() -> None:
    found = Arming(Site())
    for area in range(1, 6000):
        found.take(said(0, State.ARMED_AWAY, area=area))
    assert found.state("p1", 5999).arm is Arm.AWAY
    assert len(found.areas_of("p1")) <= 4096
