"""A panel's clock: several readings agree before anything is said."""

from edge_agent.diagnosis.clock_of_panel import ClockLimits, PanelTimes
from edge_agent.diagnosis.measures import S

MINUTE_NS = 60 * S


def offsets(clock: PanelTimes, *seconds: float, every_s: float = 600.0) -> list[bool]:
    told = []
    for step, off_s in enumerate(seconds):
        now_ns = int((1_000_030 + step * every_s) * S)
        told += [one.holds for one in clock.handle(now_ns + int(off_s * S), now_ns)]
    return told


def test_a_right_clock_and_slow_lines_say_nothing() -> None:
    assert offsets(PanelTimes(ClockLimits()), 0.4, -1.2, -2.4, 0.1, -40.0, 0.2, -1.0, -0.5) == []


def test_three_readings_agree_on_a_small_offset_two_on_a_large_one_one_on_an_hour() -> None:
    assert offsets(PanelTimes(ClockLimits()), -9.0, -8.5) == []
    assert offsets(PanelTimes(ClockLimits()), -9.0, -8.5, -8.0) == [True]
    assert offsets(PanelTimes(ClockLimits()), -200.0) == []
    assert offsets(PanelTimes(ClockLimits()), -200.0, -201.0) == [True]
    assert offsets(PanelTimes(ClockLimits()), 3600.0) == [True]


def test_one_reading_proves_a_fast_clock_and_no_slow_one() -> None:
    """Nothing that holds a report up makes it early."""
    assert offsets(PanelTimes(ClockLimits()), 15.0) == [True]
    assert offsets(PanelTimes(ClockLimits()), 15.0, 0.1, 0.2, 0.1) == [True, False]
    assert offsets(PanelTimes(ClockLimits()), 9.0) == []
    assert offsets(PanelTimes(ClockLimits()), -45.0) == []
    rounds_up = PanelTimes(ClockLimits())
    assert rounds_up.handle(1_000_080 * S, 1_000_025 * S) == []  # it shows whole minutes


def test_a_clock_that_was_set_is_right_again() -> None:
    clock = PanelTimes(ClockLimits())
    assert offsets(clock, 30.0, 30.0, 30.0, 0.2, 0.2, 0.2) == [True, False]
    assert not clock.off
    assert [one.holds for one in clock.told(True, "code 626")] == [True]
    assert [one.holds for one in clock.told(False, "code 625")] == [False]


def test_whole_minutes_are_a_coarse_clock_and_not_a_slow_one() -> None:
    clock = PanelTimes(ClockLimits())
    told = []
    for step in range(30):
        now_ns = int((1_000_000 + step * 607) * S)
        told += clock.handle(now_ns // MINUTE_NS * MINUTE_NS, now_ns)
    assert told == []


def test_reports_that_were_held_back_are_one_reading() -> None:
    clock = PanelTimes(ClockLimits())
    told = []
    for burst in range(3):
        for step, off_s in enumerate((-250.0, -180.0, -90.0, -0.5)):
            now_ns = int((1_000_030 + burst * 900 + step * 2) * S)
            told += clock.handle(now_ns + int(off_s * S), now_ns)
    assert told == []
