"""What an intrusion alarm is worth: one witness or two, and what makes it more."""

from dataclasses import replace
from datetime import date

import pytest

from edge_agent.domain.site import Premises, Technology, ZoneSettings, ZoneType
from tests.diagnosis.timeline import (
    DOOR,
    GLASS,
    HALL,
    OFFICE,
    ROOM,
    SHOP,
    STORE,
    WINDOW,
    YARD,
    Line,
    alarm,
    armed,
    at,
    closes,
    disarmed,
    opens,
    run,
    tiers,
    verdicts,
)


def last(said: list[Line]) -> tuple[int, str]:
    return said[-1]["tier"], said[-1]["reasons"][0]


def test_one_trip_is_to_be_verified() -> None:
    said = run(armed(), opens(7300, WINDOW), alarm(7300.1, WINDOW, "131"))
    assert verdicts(said) == [(7300.1, 1, "bs8243.unconfirmed")]
    assert said[0]["lines"] == [3, 4]
    assert (said[0]["panel"], said[0]["area"], said[0]["zones"]) == ("p1", 1, [WINDOW])


def test_a_second_independent_detector_confirms_at_once() -> None:
    said = run(armed(), alarm(7300, ROOM), alarm(7306, OFFICE))
    assert verdicts(said) == [(7300, 1, "bs8243.unconfirmed"), (7306, 2, "bs8243.sequential")]
    assert len(tiers(said)) == 1


def test_a_broken_shell_and_then_a_room_threaten_property() -> None:
    said = run(armed(), alarm(7300, WINDOW, "131"), alarm(7309, ROOM, "132"))
    assert last(said) == (3, "avs01.breach_and_room")
    assert {"bs8243.sequential", "bs8243.unconfirmed"} < set(said[-1]["reasons"])


def test_a_tamper_and_a_trip_threaten_property() -> None:
    said = run(armed(), at(7300, "tamper", zone=OFFICE, area=1), alarm(7320, ROOM))
    assert verdicts(said) == [(7300, 1, "tamper.first"), (7320, 3, "avs01.tamper_and_trip")]


def test_an_opened_housing_of_the_panel_is_a_tamper_too() -> None:
    said = run(armed(), at(7300, "tamper", code="316"), alarm(7320, ROOM))
    assert last(said) == (3, "avs01.tamper_and_trip")


def test_tampers_while_people_are_there_are_to_be_looked_at() -> None:
    first = at(7300, "tamper", zone=OFFICE, area=1)
    said = run(armed(), disarmed(7000), first, at(7330, "tamper", zone=ROOM, area=1))
    assert [tier for _, tier, _ in verdicts(said)] == [1, 1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ROOM, ROOM),  # again and again
        (WINDOW, GLASS),  # two contacts on one window
        (YARD, ROOM),  # out of doors
        (None, ROOM),  # which zone the panel does not say
    ],
)
def test_one_witness_stays_one(one: int, other: int) -> None:
    said = run(armed(), alarm(7300, one), alarm(7420, other), alarm(7480, other))
    assert [tier for _, tier, _ in verdicts(said)] == [1, 1, 1]


def test_a_third_zone_lifts_what_two_on_one_window_are() -> None:
    said = run(armed(), alarm(7300, WINDOW), alarm(7301, GLASS), alarm(7310, ROOM))
    assert last(said)[0] == 3


def test_the_time_runs_from_the_newest_trip() -> None:
    swings = [alarm(7300 + 2400 * n, WINDOW) for n in range(5)]
    within, late = alarm(16_900 + 3590, ROOM), alarm(16_900 + 3610, ROOM)
    assert last(run(armed(), *swings, within))[0] == 3
    assert sorted(tiers(run(armed(), *swings, late)).values()) == [1, 1]


def test_openings_of_a_muted_zone_keep_the_incident_alive() -> None:
    """Cry wolf: the panel mutes the zone, the burglar swings on, then comes in elsewhere."""
    swings = [
        line
        for n in range(40)
        for line in (opens(7300 + 300 * n, WINDOW), closes(7302 + 300 * n, WINDOW))
    ]
    muted = at(7600.5, "bypass", zone=WINDOW, area=1, code="575")
    lines = sorted(
        [*swings, muted, alarm(7300, WINDOW), alarm(7600, WINDOW)], key=lambda line: line["t"]
    )
    said = run(armed(), *lines, alarm(7300 + 300 * 39 + 60, ROOM))
    assert last(said)[0] == 3
    assert len(tiers(said)) == 1


def test_openings_count_where_only_the_first_alarm_is_told() -> None:
    said = run(armed(), alarm(7300, WINDOW), opens(7309, ROOM))
    assert verdicts(said)[-1] == (7309, 3, "avs01.breach_and_room")
    assert said[-1]["lines"] == [3, 4]


def test_what_trips_faster_than_anybody_runs_is_one_witness() -> None:
    burst = [alarm(7300 + n / 10, zone) for n, zone in enumerate((DOOR, ROOM, OFFICE, STORE))]
    said = run(armed(), *burst)
    assert [tier for _, tier, _ in verdicts(said)] == [1, 1, 1, 1, 1]
    assert said[-2]["cause"] is None  # not known before the moment is over
    assert said[-1]["cause"] == "common_cause"
    again = run(armed(), *burst, alarm(7400, STORE))
    assert last(again)[0] == 1
    assert again[-1]["cause"] == "common_cause"


def test_any_trip_by_itself_lifts_a_common_cause() -> None:
    burst = [alarm(7300 + n / 10, zone) for n, zone in enumerate((DOOR, ROOM, OFFICE, STORE))]
    assert last(run(armed(), *burst, alarm(7400, WINDOW)))[0] >= 2
    assert last(run(armed(), *burst, alarm(7400, ROOM), alarm(7408, STORE)))[0] == 2


def test_the_late_word_of_an_entry_zone_is_of_its_burst() -> None:
    """Lightning starts an entry delay too; at its end the panel calls an alarm of the door."""
    burst = [alarm(7300 + n / 10, zone) for n, zone in enumerate((ROOM, WINDOW, HALL))]
    opened = [burst[0], burst[1], opens(7300.15, DOOR), burst[2], closes(7301, DOOR)]
    assert last(run(armed(), *opened, alarm(7330.2, DOOR, "134")))[0] == 1
    assert last(run(armed(), *burst, alarm(7330.2, DOOR, "134")))[0] == 1


def test_zones_that_share_no_bus_and_no_supply_have_no_cause_in_common() -> None:
    two = [alarm(7300, WINDOW), alarm(7300.4, OFFICE)]
    assert last(run(armed(), *two))[0] == 3
    ramming = [alarm(7300, WINDOW), alarm(7300.4, OFFICE), alarm(7300.8, HALL)]
    assert last(run(armed(), *ramming))[0] == 3


def test_what_is_told_at_the_end_of_a_delay_or_a_silence_was_not_at_that_moment() -> None:
    came_in = [alarm(7329.8, ROOM), alarm(7330.2, DOOR, "134"), alarm(7340, ROOM)]
    assert last(run(armed(), *came_in))[0] == 2
    silent = [at(7000, "panel", "offline"), at(8100, "panel", "online")]
    backlog = [alarm(8100.1, zone) for zone in (WINDOW, HALL, ROOM)]
    assert last(run(armed(), *silent, *backlog))[0] == 3


def test_the_panel_s_own_confirmation_counts_after_another_alarm_too() -> None:
    assert last(run(armed(), alarm(7300, ROOM), alarm(7310, None, "139")))[0] == 2
    assert last(run(armed(), alarm(7300, WINDOW), alarm(7310, GLASS, "139")))[0] == 1  # one door


def test_a_tamper_and_a_trip_are_the_same_whichever_comes_first() -> None:
    tamper = at(7310, "tamper", zone=STORE, area=1, code="383")
    assert last(run(armed(), alarm(7300, ROOM), tamper)) == (3, "avs01.tamper_and_trip")
    assert last(run(armed(), {**tamper, "t": 7290}, alarm(7300, ROOM)))[0] == 3


def test_an_alarm_that_only_an_armed_area_gives_proves_that_it_is() -> None:
    inside = [opens(7310, ROOM), opens(7320, OFFICE)]
    assert last(run(alarm(7300, WINDOW, "131"), *inside))[0] == 3
    always = alarm(7300, WINDOW, "133")
    assert last(run(always, *inside))[0] == 1
    assert last(run(disarmed(100), alarm(7300, WINDOW, "131"), *inside))[0] == 1
    day_and_night = Premises(zones=(replace(SHOP.zones[3], type=ZoneType.ALWAYS), *SHOP.zones[:3]))
    assert last(run(alarm(7300, WINDOW, "131"), opens(7310, ROOM), site=day_and_night))[0] == 1
    lost = [at(200, "panel", "offline"), at(300, "panel", "online")]
    asleep = [armed(state="armed_stay"), *lost, alarm(7300, WINDOW, "131")]
    assert last(run(*asleep, opens(7310, ROOM)))[0] == 1  # who sleeps there gets up
    assert last(run(armed(), *lost, alarm(7300, WINDOW, "131"), opens(7310, ROOM)))[0] == 3


def test_a_tamper_in_a_walk_test_is_looked_at_all_the_same() -> None:
    test = at(100, "test", code="607", area=1)
    said = run(test, at(200, "tamper", zone=ROOM, area=1), alarm(210, STORE))
    assert last(said)[0] == 1
    assert last(run(test, alarm(210, STORE)))[0] == 0


def test_two_who_run_through_neighbouring_rooms_are_believed() -> None:
    said = run(armed(), alarm(7300, HALL), alarm(7301.5, ROOM))
    assert verdicts(said)[-1] == (7303.5, 2, "bs8243.sequential")


def test_a_raise_that_waits_comes_within_five_seconds() -> None:
    lines = [alarm(7300, HALL), alarm(7301.5, ROOM), alarm(7303.2, STORE), alarm(7303.9, STORE)]
    first = next(one for one in run(armed(), *lines) if one["tier"] == 2)
    assert first["t"] <= 7301.5 + 5


@pytest.mark.parametrize(
    ("fault", "one", "other"),
    [
        (at(7290, "supply", None, supply="s1", volts=10.9), HALL, ROOM),
        (at(7290, "power", code="302"), HALL, ROOM),
        (at(7290, "module_trouble", code="333"), HALL, ROOM),
    ],
)
def test_what_hangs_on_a_failing_supply_or_bus_is_one_witness(
    fault: Line, one: int, other: int
) -> None:
    said = run(armed(), fault, alarm(7300, one), alarm(7320, other))
    assert last(said)[0] == 1
    assert said[-1]["cause"] in {"supply_low", "bus_fault"}
    assert last(run(armed(), fault, alarm(7300, one), alarm(7320, OFFICE)))[0] == 2
    assert last(run(armed(), fault, alarm(8000, one), alarm(8020, other)))[0] == 2  # long over


def test_a_measurement_afterwards_tells_the_cause_and_is_cited() -> None:
    said = run(armed(), alarm(7300, HALL), at(7330, "supply", None, supply="s1", volts=10.5))
    assert verdicts(said)[-1] == (7330, 1, "bs8243.unconfirmed")
    assert (said[-1]["cause"], said[-1]["lines"]) == ("supply_low", [3, 4])


def test_after_power_came_back_detectors_settle() -> None:
    back = [at(7000, "power", code="301"), at(7290, "power", "restored", code="301")]
    said = run(armed(), *back, alarm(7300, ROOM), alarm(7310, OFFICE))
    assert last(said)[0] == 1
    assert said[-1]["cause"] == "mains_loss"
    assert last(run(armed(), *back, alarm(7300, ROOM), alarm(7400, OFFICE)))[0] == 2
    assert (
        last(
            run(
                armed(),
                *back,
                alarm(7300, ROOM),
                alarm(7310, OFFICE),
                alarm(7400, WINDOW),
                alarm(7410, ROOM),
            )
        )[0]
        == 3
    )


def test_a_zone_on_trial_confirms_nothing_until_its_day() -> None:
    zones = tuple(
        ZoneSettings(
            panel="p1",
            zone=number,
            area=1,
            type=ZoneType.INTERIOR,
            technology=Technology.PIR,
            soak_until=day,
        )
        for number, day in ((1, None), (2, date(2026, 11, 24)))
    )
    site = Premises(zones=zones)
    assert last(run(armed(), alarm(7300, 1), alarm(7310, 2), site=site))[0] == 1
    later = 86_400.0
    said = run(armed(), alarm(later + 7300, 1), alarm(later + 7310, 2), site=site, until_s=None)
    assert last(said)[0] == 2


def test_the_panels_own_word_counts_where_it_names_no_second_zone() -> None:
    assert last(run(armed(), alarm(7300, ROOM), alarm(7310, ROOM, "139")))[0] == 2
    burst = [alarm(7300, DOOR), alarm(7300.1, ROOM), alarm(7300.1, ROOM, "139")]
    assert last(run(armed(), *burst))[0] == 1  # two at once are no two


def test_a_walk_test_is_no_alarm_and_ends() -> None:
    test = at(7000, "test", code="607", user=3, area=1)
    lines = [disarmed(10), test, alarm(7100, ROOM), alarm(7110, OFFICE)]
    said = run(armed(), *lines)
    assert [tier for _, tier, _ in verdicts(said)] == [0, 0]
    assert said[-1]["lines"] == [4, 5, 6]
    assert said[-1]["cause"] == "test"
    over = run(armed(), *lines, at(7200, "test", "restored", code="607", area=1), alarm(7300, ROOM))
    assert last(over)[0] == 1
    forgotten = run(armed(), *lines, alarm(7000 + 3601, ROOM))
    assert last(forgotten)[0] == 1
    rearmed = run(armed(), *lines, armed(7200), alarm(7400, ROOM))
    assert last(rearmed)[0] == 1


def test_after_a_silence_a_walk_test_proves_nothing_any_more() -> None:
    test = at(7000, "test", code="607", user=3, area=1)
    gap = [at(7010, "panel", "offline"), at(7020, "panel", "online")]
    for before in ([test, *gap], [*gap, disarmed(7030), {**test, "t": 7040}]):
        said = run(armed(), disarmed(10), *before, alarm(7100, ROOM))
        assert last(said) == ((1, "test.walk") if before[0] is test else (0, "test.walk"))


def test_a_walk_test_of_one_zone_covers_no_burglar() -> None:
    test = at(7000, "test", code="607", user=3, area=1, zone=STORE)
    said = run(armed(), test, alarm(7300, STORE), alarm(7310, ROOM))
    assert last(said)[0] == 2
    whole = run(armed(), at(7000, "test", code="607", user=3, area=1), alarm(7300, STORE))
    assert last(whole) == (1, "test.walk")  # an armed area never falls to 0 by it


def test_an_engineer_on_site_is_verified() -> None:
    visit = at(7000, "service", code="466", user=3)
    said = run(armed(), disarmed(10), visit, alarm(7300, ROOM), alarm(7310, OFFICE))
    assert [tier for _, tier, _ in verdicts(said)] == [1, 1]
    assert said[-1]["cause"] == "maintenance"
    assert last(run(armed(), visit, alarm(7300, ROOM), alarm(7310, OFFICE)))[0] == 2


def test_areas_without_a_way_between_them_are_two_incidents() -> None:
    far = ZoneSettings(panel="p1", zone=20, area=2, near=SHOP.zones[0].near[:0])
    site = Premises(zones=(*SHOP.zones, far))
    said = run(armed(), alarm(7300, ROOM), alarm(7310, 20, area=2), site=site)
    assert len(tiers(said)) == 1  # nobody said where zone 20 is
    other = at(7310, "burglary", zone=20, area=1)
    assert len(tiers(run(armed(), alarm(7300, ROOM), {**other, "panel": "p2"}))) == 2


def test_a_long_storm_goes_on_in_parts_that_know_each_other() -> None:
    storm = [alarm(7300 + 20 * n, WINDOW) for n in range(250)]
    said = run(armed(), *storm)
    assert len(tiers(said)) == 3
    assert sorted(
        line for part in {one["incident"]: one for one in said}.values() for line in part["lines"]
    ) == list(range(3, 253))
    said = run(armed(), *storm, alarm(12_400, ROOM))
    assert last(said)[0] == 3  # the second zone meets what the first parts saw


def test_an_unplaced_panel_is_judged_by_its_zone_numbers() -> None:
    said = run(alarm(7300, 5, area=None), alarm(7310, 6, area=None), site=Premises())
    assert [tier for _, tier, _ in verdicts(said)] == [1, 2]


def test_detectors_trip_by_themselves_as_the_mains_go_and_come() -> None:
    for state in ("active", "restored"):
        step = at(7299, "power", state, code="301")
        both = [alarm(7300, ROOM), alarm(7301.5, WINDOW)]
        said = run(armed(), step, *both)
        assert last(said)[0] == 1
        again = run(armed(), step, *both, alarm(7390, ROOM))
        assert last(again)[0] == 1
        assert "mains.step" in again[-1]["reasons"]
        assert last(run(armed(), step, *both, alarm(7390, OFFICE)))[0] >= 2
    after = run(armed(), *both, at(7302, "power", code="301"))
    assert last(after)[0] == 1
    assert last(run(armed(), *both))[0] == 3
    alone = [at(7299, "power", code="301"), alarm(7300, ROOM), alarm(7330, DOOR, "134")]
    assert last(run(armed(), *alone))[0] == 1  # the door's alarm is of the same moment
    assert last(run(armed(), *alone[:2], alarm(7310, WINDOW)))[0] == 2


def test_what_was_one_cause_once_is_so_again() -> None:
    burst = [alarm(7300 + n / 10, zone) for n, zone in enumerate((ROOM, WINDOW, HALL))]
    again = [opens(7400, ROOM), opens(7401, WINDOW)]
    assert last(run(armed(), *burst, *again))[0] == 1
    assert last(run(armed(), *burst, opens(7400, ROOM), opens(7404, WINDOW)))[0] == 2


def test_a_raise_that_waits_is_void_once_a_code_cleared_it_and_only_then() -> None:
    both = [alarm(7300, WINDOW), alarm(7301, ROOM)]
    assert last(run(armed(), *both, disarmed(7302)))[0] == 0
    assert last(run(armed(), *both, disarmed(7302, user=None)))[0] == 3
    assert last(run(armed(), *both, disarmed(7302, user=None), opens(7302.5, DOOR)))[0] == 3


def test_nobody_says_what_is_wired_or_hangs_on_which_bus() -> None:
    zones = tuple(replace(zone, bus=None, supply=None) for zone in SHOP.zones)
    plain = Premises(zones=zones)
    fault = at(7290, "module_trouble", code="333")
    assert last(run(armed(), fault, alarm(7300, HALL), alarm(7320, ROOM), site=plain))[0] == 1
    jam = at(7290, "comms", code="344")
    assert last(run(armed(), jam, alarm(7300, 3), site=Premises()))[0] == 1
