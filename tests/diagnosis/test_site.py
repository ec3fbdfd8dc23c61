"""The premises as judging asks about them."""

from datetime import datetime, timedelta, timezone

import pytest

from edge_agent.diagnosis.observation import NS
from edge_agent.diagnosis.site import Hours, Site
from edge_agent.domain.site import (
    AreaSettings,
    Near,
    Premises,
    Role,
    ScheduleSettings,
    SiteSettings,
    Technology,
    UserSettings,
    ZoneSettings,
)

CHINA = timezone(timedelta(hours=8))


def zone(number: int, *near: tuple[int, float], **more: object) -> ZoneSettings:
    steps = tuple(Near(zone=other, walk_s=walk_s) for other, walk_s in near)
    return ZoneSettings(panel="p1", zone=number, near=steps, **more)  # type: ignore[arg-type]


def test_an_empty_site_knows_nothing_and_has_the_standards_times() -> None:
    site = Site()
    assert site.zone(("p1", 1)) is None
    assert site.walk_s(("p1", 1), ("p1", 2)) is None
    assert not site.are_apart(("p1", 1), ("p1", 2))
    assert site.time_ns("p1", 1, "cancel_window_s") == 300 * NS
    assert site.hours("p1", 1, 0) is None
    assert site.is_valid_user("p1", 9)
    assert not site.is_valid_user("p1", None)


def test_times_of_the_area_go_before_those_of_the_site() -> None:
    areas = (AreaSettings(panel="p1", area=1, entry_delay_s=45),)
    site = Site(Premises(site=SiteSettings(entry_delay_s=40, test_max_s=60), areas=areas))
    assert site.time_ns("p1", 1, "entry_delay_s") == 45 * NS
    assert site.time_ns("p1", 2, "entry_delay_s") == 40 * NS
    assert site.time_ns(None, None, "test_max_s") == 60 * NS
    assert site.is_time_given("p1", 1, "test_max_s")
    assert not site.is_time_given("p1", 1, "exit_delay_s")


def test_walks_go_both_ways_and_by_the_shortest() -> None:
    site = Site(Premises(zones=(zone(1, (2, 3.0)), zone(2, (3, 4.0)), zone(3, (1, 20.0)), zone(4))))
    assert site.walk_s(("p1", 3), ("p1", 1)) == 7.0
    assert site.walk_s(("p1", 1), ("p1", 4)) is None
    assert not site.are_apart(("p1", 1), ("p1", 4))  # nobody said where zone 4 is
    assert site.are_apart(("p1", 1), ("p2", 1))


def test_parts_of_a_plan_without_a_way_are_apart() -> None:
    site = Site(Premises(zones=(zone(1, (2, 3.0)), zone(2), zone(3, (4, 3.0)), zone(4))))
    assert site.are_apart(("p1", 1), ("p1", 4))


@pytest.mark.parametrize(
    ("one", "other", "near_s", "overlaps", "same"),
    [
        (Technology.PIR, Technology.PIR, 3.0, True, True),
        (Technology.PIR, Technology.MICROWAVE, 3.0, True, False),
        (Technology.PIR, None, 3.0, True, True),  # of what kind it is nobody said
        (Technology.PIR, Technology.PIR, 0.5, False, False),
        (Technology.CONTACT, Technology.CONTACT, 0.5, False, True),
        (Technology.CONTACT, Technology.CONTACT, 3.0, False, False),
        (Technology.CONTACT, Technology.PIR, 0.5, False, False),
    ],
)
def test_one_witness(
    one: Technology, other: Technology | None, near_s: float, overlaps: bool, same: bool
) -> None:
    overlap = (1,) if overlaps else ()
    zones = (zone(1, (2, near_s), technology=one), zone(2, technology=other, overlaps=overlap))
    site = Site(Premises(zones=zones))
    assert site.sees_the_same(("p1", 1), ("p1", 2)) is same
    assert site.sees_the_same(("p1", 2), ("p1", 1)) is same


def test_listed_users_are_the_only_ones() -> None:
    site = Site(Premises(users=(UserSettings(panel="p1", user=3, role=Role.CLEANER),)))
    assert site.is_valid_user("p1", 3)
    assert not site.is_valid_user("p1", 4)
    assert not site.is_valid_user("p2", 3)
    assert site.role_of("p1", 3) is Role.CLEANER
    anywhere = Site(Premises(users=(UserSettings(user=3),)))
    assert anywhere.is_valid_user("p2", 3)


@pytest.mark.parametrize(
    ("when", "hours"),
    [
        ("2026-11-23T07:29", Hours.CLOSED),  # a Monday
        ("2026-11-23T07:30", Hours.NEAR),
        ("2026-11-23T08:00", Hours.OPEN),
        ("2026-11-23T18:30", Hours.NEAR),
        ("2026-11-23T19:00", Hours.CLOSED),
        ("2026-11-22T12:00", Hours.CLOSED),
        ("2026-11-27T23:00", Hours.OPEN),  # a Friday: the bar closes at two
        ("2026-11-28T01:59", Hours.OPEN),
        ("2026-11-28T02:31", Hours.CLOSED),
    ],
)
def test_hours(when: str, hours: Hours) -> None:
    schedules = (
        ScheduleSettings(area=1, days="Mon-Fri", open="08:00", close="18:30"),
        ScheduleSettings(panel="p1", days="fri", open="20:00", close="02:00"),
    )
    site = Site(Premises(schedules=schedules), CHINA)
    wall_ns = round(datetime.fromisoformat(when + "+08:00").timestamp()) * NS
    assert site.hours("p1", 1, wall_ns) is hours
    assert site.hours("p1", 1, None) is None
