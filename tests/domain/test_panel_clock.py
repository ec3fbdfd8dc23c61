"""Panel time: oddities put right with a mark, and a clock that is off is found."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.panel_clock import PanelClock, bcd, bcd_time, digits_time, panel_time
from edge_agent.domain.session import ClockRead
from edge_agent.domain.stamp import Trust

NS = 1_000_000_000
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("date", "clock", "iso", "corrected"),
    [
        ((2026, 11, 23), (20, 15, 30), "2026-11-23T20:15:30", False),
        ((2026, 11, 23), (20, 60, 0), "2026-11-23T21:00:00", True),
        ((2026, 12, 31), (23, 60, 5), "2027-01-01T00:00:05", True),
        ((2026, 11, 23), (24, 0, 0), "2026-11-24T00:00:00", True),
        ((2026, 11, 0), (1, 2, 3), "2026-11-01T01:02:03", True),
        ((2026, 13, 31), (1, 2, 3), "2026-12-31T01:02:03", True),
        ((2026, 2, 30), (1, 2, 3), "2026-02-28T01:02:03", True),
        ((2000, 0, 0), (0, 0, 0), "2000-01-01T00:00:00", True),
    ],
)
def test_oddities_are_put_right_with_a_mark(
    date: tuple[int, int, int], clock: tuple[int, int, int], iso: str, corrected: bool
) -> None:
    told = panel_time(date, clock)
    assert (told.iso, told.corrected) == (iso, corrected)


@given(
    st.tuples(st.integers(0, 9999), st.integers(0, 255), st.integers(0, 255)),
    st.tuples(*[st.integers(0, 255)] * 3),
)
def test_no_numbers_of_the_wire_fail(
    date: tuple[int, int, int], clock: tuple[int, int, int]
) -> None:
    assert panel_time(date, clock).local.year >= 1


def clock(trust: Trust = Trust.SYNCED) -> PanelClock:
    panel_clock = PanelClock(SHANGHAI)
    start = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)  # 20:00 in Shanghai
    panel_clock.read(ClockRead(int(start.timestamp()) * NS, trust))
    return panel_clock


EIGHT = datetime(2026, 11, 23, 20, 0, 0)  # noqa: DTZ001  as a panel tells it


def test_time_is_the_sites_and_only_while_ours_is_synced() -> None:
    assert clock().now(90 * NS) == EIGHT + timedelta(seconds=90)
    assert clock(Trust.HOLDOVER).now(0) is None
    assert PanelClock(UTC).now(0) is None


def test_a_clock_that_is_off_is_found_once_and_its_end_too() -> None:
    panel_clock = clock()
    found = []
    for off_s in (0, 59, -60, 61, 3600, 61, 40, 29, -20, -61, 0):
        found += panel_clock.compare(EIGHT + timedelta(seconds=off_s), 0)
    assert [(one.active, one.detail) for one in found] == [
        (True, "+61 s"),
        (False, "+29 s"),
        (True, "-61 s"),
        (False, "+0 s"),
    ]


def test_nothing_is_judged_by_a_clock_that_is_not_synced() -> None:
    for trust in (Trust.HOLDOVER, Trust.UNSET):
        assert clock(trust).compare(EIGHT + timedelta(days=1), 0) == []


@pytest.mark.parametrize(
    ("told", "off"),
    [
        ((20, 0, 59), []),
        ((20, 2, 0), ["+120 s"]),
        ((7, 59, 0), ["+43140 s"]),
        ((8, 1, 0), ["-43140 s"]),
        ((43, 59, 60), []),  # carried
    ],
)
def test_a_time_of_day_is_that_of_the_nearest_day(
    told: tuple[int, int, int], off: list[str]
) -> None:
    found = clock(Trust.SYNCED).compare_time_of_day(told, 0)
    assert [one.detail for one in found] == off
    assert clock(Trust.UNSET).compare_time_of_day(told, 0) == []


def test_a_panel_without_summer_time_shows_an_hour_less_in_summer() -> None:
    for month, hour in ((1, 12), (7, 12)):
        at = datetime(2026, month, 5, 11, tzinfo=UTC)
        offset_ns = int(at.timestamp()) * 10**9
        clock = PanelClock(ZoneInfo("Europe/Berlin"), summer_time=False)
        clock.read(ClockRead(offset_ns, Trust.SYNCED))
        assert clock.now(0) == datetime(2026, month, 5, hour, tzinfo=UTC).replace(tzinfo=None)


def test_a_time_in_bcd_is_read_and_put_right() -> None:
    assert bcd(bytes.fromhex("26 99 0A")) == [26, 99, 10]
    assert bcd_time(bytes.fromhex("26 11 23 20 15 30")).iso == "2026-11-23T20:15:30"
    assert bcd_time(bytes.fromhex("26 02 30 20 15 60")).corrected
    assert digits_time("261123201530").iso == "2026-11-23T20:15:30"
    assert digits_time("260230201560").corrected
