"""One zone: its machines together, and its score."""

import tracemalloc

import pytest

from edge_agent.diagnosis.contact import Around, Hour
from edge_agent.diagnosis.health_rules import RULES, Limits
from edge_agent.diagnosis.measures import DAY_NS, HOUR_NS, S
from edge_agent.diagnosis.zone_watch import Nature, ZoneWatch, tells_of_detector
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.site import Technology, ZoneSettings, ZoneType


def watch(
    technology: str = "contact", kind: str = "perimeter", *, wireless: bool = False
) -> ZoneWatch:
    settings = ZoneSettings(
        panel="p1",
        zone=3,
        technology=Technology(technology),
        type=ZoneType(kind),
        wireless=wireless,
    )
    return ZoneWatch(Limits(), settings, 0)


def test_its_nature_follows_from_its_settings() -> None:
    assert Nature.of(None) == Nature(inside=True, known=False)
    assert watch("pir", "interior").nature == Nature(motion=True, inside=True)
    assert watch("button", "panic").nature == Nature(by_hand=True, rare=True)
    assert watch("contact", "entry_exit", wireless=True).nature == Nature(entry=True, wireless=True)


def test_a_sound_zone_has_all_points() -> None:
    zone = watch()
    zone.state(State.CLOSED, Around(), 0)
    assert zone.score(DAY_NS) == (100, ())


def test_points_are_taken_off_with_their_reasons_the_worst_first() -> None:
    zone = watch()
    for step in range(3):
        zone.ohms(1_000.0, step * HOUR_NS)
    for step in range(3, 5):
        zone.ohms(2.0, step * HOUR_NS)
    zone.trouble("384", on=True)
    score, reasons = zone.score(5 * HOUR_NS)
    assert score == 0
    assert reasons == ("loop.short -70", "battery.low -40")


def test_a_loop_that_drifts_is_taken_off_once_and_by_its_weight() -> None:
    zone, hours = watch(), 0
    while not zone.ohms(1_000.0 if hours < 100 else 1_120.0, hours * HOUR_NS):
        hours += 1
    _, reasons = zone.score(hours * HOUR_NS)
    weight = RULES["loop.drift"].weight
    assert [one for one in reasons if one.startswith("loop.")] == [f"loop.drift -{weight}"]


def test_a_detector_whose_radio_is_not_heard_is_not_called_dead_as_well() -> None:
    heard, lost = (watch("pir", "interior", wireless=True) for _ in range(2))
    assert [one.rule for one in lost.trouble("147", on=True)] == ["radio.supervision"]
    told = {
        zone: [one.rule for day in range(40) for one in zone.day_over(True, 1.0, day * DAY_NS)]
        for zone in (heard, lost)
    }
    assert (told[heard], told[lost]) == (["detector.silent"], [])


def test_half_a_year_without_a_walk_test_costs_a_little() -> None:
    score, reasons = watch().score(200 * DAY_NS)
    assert (score, reasons) == (95, ("walktest.due -5",))


def test_a_wired_zone_in_tamper_whose_loop_nobody_measures_is_cut() -> None:
    zone = watch()
    assert [one.rule for one in zone.state(State.TAMPER, Around(), 0)] == ["loop.told_cut"]
    radio = watch(wireless=True)
    assert radio.state(State.TAMPER, Around(), 0) == []


def test_a_fault_waits_for_the_loops_next_reading() -> None:
    zone = watch()
    for step in range(3):
        zone.ohms(1_000.0, step * HOUR_NS)
    assert zone.trouble("380", on=True) == []
    cut = zone.ohms(900_000.0, 4 * HOUR_NS) + zone.ohms(900_000.0, 5 * HOUR_NS)
    assert [one.rule for one in cut] == ["loop.cut"]
    other = watch()
    for step in range(3):
        other.ohms(1_000.0, step * HOUR_NS)
    other.trouble("380", on=True)
    assert [one.rule for one in other.ohms(1_001.0, 4 * HOUR_NS)] == ["detector.inactive"]


@pytest.mark.parametrize(
    ("code", "rule"),
    [("372", "loop.told_short"), ("385", "detector.told"), ("393", "detector.told")],
)
def test_what_its_panel_says_of_a_detector_holds_until_it_takes_it_back(
    code: str, rule: str
) -> None:
    zone = watch()
    assert [(one.rule, one.holds) for one in zone.trouble(code, on=True)] == [(rule, True)]
    assert [(one.rule, one.holds) for one in zone.trouble(code, on=False)] == [(rule, False)]


def test_a_zone_that_nobody_walked_for_a_year_is_due() -> None:
    zone, hour = watch(), Hour(3, disarmed=True, active=False)
    assert zone.hour_over(hour, 364 * DAY_NS) == []
    told = zone.hour_over(hour, 366 * DAY_NS)
    assert [(one.rule, one.holds) for one in told] == [("walktest.due", True)]
    zone.tested_ns = 366 * DAY_NS
    told = zone.hour_over(hour, 367 * DAY_NS)
    assert [(one.rule, one.holds) for one in told] == [("walktest.due", False)]


def test_an_alarm_that_its_panel_repeats_says_nothing_of_the_contact() -> None:
    zone = watch()
    zone.alarm(False, Around(), 0)
    for _ in range(20):
        zone.alarm(True, Around(), 10 * S)
    assert zone.contact.day_trips == 1
    assert zone.contact.looseness(10 * S) == 0


def test_an_alarm_stands_for_the_state_where_the_panel_tells_none() -> None:
    zone = watch()
    zone.alarm(True, Around(), S)
    assert zone.contact.state == "open"
    zone.alarm(False, Around(), 3 * S)
    zone.state(State.CLOSED, Around(), 4 * S)
    zone.alarm(True, Around(), 5 * S)
    assert zone.contact.state == "closed"


def test_a_lost_wireless_detector_is_found_by_a_change_and_not_by_a_map() -> None:
    zone = watch(wireless=True)
    zone.state(State.CLOSED, Around(), 0)
    assert [one.holds for one in zone.trouble("381", on=True)] == [True]
    assert zone.state(State.CLOSED, Around(), S) == []
    assert [one.holds for one in zone.state(State.OPEN, Around(), 2 * S)] == [False]
    assert [one.rule for one in zone.vanished()] == ["radio.supervision"]
    assert zone.trouble("999", on=True) == []


def test_which_events_tell_of_a_detector() -> None:
    assert tells_of_detector(Kind.BURGLARY)
    assert not tells_of_detector(Kind.TEST)


def test_a_zone_of_which_nothing_is_measured_takes_little_memory() -> None:
    """A receiver is told of thousands: twelve kilobytes each were half of all the agent took."""
    limits, known = Limits(), Around(armed=True)
    tracemalloc.start()
    try:
        zones = [ZoneWatch(limits, None, 0) for _ in range(200)]
        for zone in zones:
            zone.alarm(True, known, S)
            zone.alarm(False, known, 2 * S)
        octets, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert octets / len(zones) < 2_500
