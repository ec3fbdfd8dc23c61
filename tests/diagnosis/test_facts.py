"""What else is the case: since when, by which line, and for how long it counts."""

import pytest

from edge_agent.diagnosis.facts import Facts, Since
from edge_agent.diagnosis.observation import NS, Measure, Observation
from edge_agent.diagnosis.site import Site
from edge_agent.domain.kinds import Kind, State
from tests.diagnosis.timeline import HALL, OFFICE, ROOM, SHOP


def facts(*heard: Observation) -> Facts:
    found = Facts(Site(SHOP))
    for one in heard:
        found.take(one)
    return found


def said(
    t: float, kind: Kind | Measure, state: State | None = State.ACTIVE, **more: object
) -> Observation:
    fields = {"panel": "p1", **more}
    return Observation(line=7, t_ns=round(t * NS), kind=kind, state=state, **fields)  # type: ignore[arg-type]


def test_a_supply_is_suspect_for_a_while_after_each_low_reading() -> None:
    found = facts(said(10, Measure.SUPPLY, None, supply="s1", volts=11.0))
    zone, other = found.site.zone(("p1", HALL)), found.site.zone(("p1", OFFICE))
    assert found.failing_supply(zone, 600 * NS) == Since(10 * NS, 7)
    assert found.failing_supply(other, 600 * NS) is None
    assert found.failing_supply(zone, 611 * NS) is None
    low_24 = facts(said(10, Measure.SUPPLY, None, supply="s1", volts=22.9))
    assert low_24.failing_supply(zone, 20 * NS)
    assert not facts(said(10, Measure.SUPPLY, None, supply="s1", volts=24.5)).supplies


def test_a_link_is_lost_until_it_is_back() -> None:
    found = facts(said(10, Kind.COMMS, code="351"), said(20, Kind.COMMS, code="351"))
    assert found.lost_link("p1", 30 * NS) == Since(10 * NS, 7)
    assert found.lost_link("p2", 30 * NS) is None
    assert found.lost_link("p1", 400 * NS) is None  # long known
    found.take(said(40, Kind.COMMS, State.RESTORED, code="351"))
    assert found.lost_link("p1", 41 * NS) is None
    everybody = facts(Observation(line=3, t_ns=0, kind=Measure.UPLINK, up=False))
    assert everybody.lost_link("p1", NS) == everybody.lost_link("p2", NS) == Since(0, 3)


def test_a_walk_test_is_of_a_zone_an_area_or_all() -> None:
    area = facts(said(10, Kind.TEST, code="607", area=1))
    assert area.test_of(("p1", ROOM), 1, 20 * NS)
    assert area.test_of(("p1", ROOM), 2, 20 * NS) is None
    assert area.test_of(("p1", ROOM), 1, 3700 * NS) is None
    zone = facts(said(10, Kind.TEST, code="607", area=1, zone=ROOM))
    assert zone.test_of(("p1", ROOM), 1, 20 * NS)
    assert zone.test_of(("p1", HALL), 1, 20 * NS) is None
    assert not zone.is_whole("p1", zone.tests["p1", 1, ROOM])
    zone.armed("p1", 1)
    assert zone.test_of(("p1", ROOM), 1, 21 * NS) is None


def test_a_walk_test_that_is_told_again_runs_from_then_on() -> None:
    again = facts(
        said(500, Kind.TEST, code="607", area=1), said(3000, Kind.TEST, code="607", area=1)
    )
    assert again.test_of(("p1", ROOM), 1, 6600 * NS)
    assert not again.test_of(("p1", ROOM), 1, 6601 * NS)
    next_day = facts(*(said(t, Kind.TEST, code="607", area=1) for t in (500, 86_000)))
    assert next_day.test_of(("p1", ROOM), 1, 86_100 * NS)


@pytest.mark.parametrize(
    ("ends", "left"),
    [
        ({"area": 1}, {(2, None)}),
        ({}, set()),
        ({"area": 2}, {(1, None), (1, ROOM)}),
        ({"area": 1, "zone": ROOM}, {(None, None), (1, None), (2, None)}),
    ],
)
def test_a_restore_ends_the_walk_tests_that_it_names(
    ends: dict[str, int], left: set[tuple[int | None, int | None]]
) -> None:
    places = (None, None), (1, None), (2, None), (1, ROOM)
    found = facts(*(said(1, Kind.TEST, code="607", area=area, zone=zone) for area, zone in places))
    found.take(said(2, Kind.TEST, State.RESTORED, code="607", panel="p2"))
    assert len(found.tests) == 4
    found.take(said(2, Kind.TEST, State.RESTORED, code="607", **ends))
    assert {key[1:] for key in found.tests} == left


def test_only_what_is_active_begins_a_walk_test_or_a_visit() -> None:
    heard = [(Kind.TEST, "607"), (Kind.SERVICE, "466")]
    found = facts(*(said(1, kind, State.STATUS, code=code) for kind, code in heard))
    assert not found.tests
    assert not found.services


def test_a_visit_that_is_told_again_lasts_from_then_on() -> None:
    found = facts(*(said(t, Kind.SERVICE, code="466") for t in (500, 86_400)))
    assert found.service_of("p1", 86_500 * NS)
    found.take(said(86_600, Kind.SERVICE, State.RESTORED, code="466"))
    assert not found.service_of("p1", 86_600 * NS)


def test_a_restored_power_settles() -> None:
    assert (
        facts(said(10, Kind.POWER, State.RESTORED, code="301")).is_settling("p1", 20 * NS) is None
    )
    found = facts(said(5, Kind.POWER, code="301"), said(10, Kind.POWER, State.RESTORED, code="301"))
    assert found.is_settling("p1", 70 * NS)
    assert found.is_settling("p1", 71 * NS) is None


def test_a_zone_muted_by_its_panel_is_not_bypassed() -> None:
    assert facts(said(1, Kind.BYPASS, code="570", zone=ROOM)).bypassed
    assert not facts(said(1, Kind.BYPASS, code="575", zone=ROOM)).bypassed


def test_a_flood_is_more_than_ten_in_ten_minutes() -> None:
    found = facts()
    floods = []
    for t in (*range(0, 590, 59), 599, 1300):
        found.alarmed(t * NS)
        floods.append(found.is_flood)
    assert floods == [False] * 10 + [True, False]


def test_names_are_bounded() -> None:
    found = Facts(Site())
    for n in range(5000):
        found.take(said(n, Measure.SUPPLY, None, supply=f"s{n}", volts=9.0))
    assert len(found.supplies) == 4096
    assert ("p1", "s4999") in found.supplies


def test_what_is_told_after_a_silence_may_be_as_old_as_it() -> None:
    gone, back = said(10, Kind.PANEL, State.OFFLINE), said(90, Kind.PANEL, State.ONLINE)
    again = said(20, Kind.PANEL, State.OFFLINE)
    assert facts(gone, again, back).earliest_ns("p1", 95 * NS) == 10 * NS
    assert facts(gone, again, back).earliest_ns("p1", 96 * NS) == 96 * NS
    assert facts(gone).earliest_ns("p1", 11 * NS) == 11 * NS  # it speaks though it is gone
    assert facts(back).earliest_ns("p1", 90 * NS) == 90 * NS  # a start
    assert facts(gone, back).was_silent_since("p1", Since(9 * NS, 2))
    assert not facts(gone, back).was_silent_since("p1", Since(11 * NS, 2))
    assert not facts().was_silent_since("p1", Since(11 * NS, 2))
