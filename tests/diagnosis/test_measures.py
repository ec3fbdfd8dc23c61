"""Measures: bounded, right at the start, and deaf to what does not matter."""

import pytest

from edge_agent.diagnosis.measures import (
    DAY_NS,
    HOUR_NS,
    Average,
    Bucket,
    Latest,
    Settling,
    Trend,
    keep,
    line_through,
)


def test_of_a_list_that_is_full_the_oldest_goes() -> None:
    values: list[int] = []
    for value in range(5):
        keep(values, value, 3)
    assert values == [2, 3, 4]


def test_a_bucket_forgets_by_the_day_and_never_holds_less_than_nothing() -> None:
    bucket = Bucket(leak_a_day=5.0)
    assert bucket.level(0) == 0.0
    assert bucket.add(4.0, 0) == 4.0
    assert bucket.level(DAY_NS // 2) == 1.5
    assert bucket.add(-9.0, DAY_NS // 2) == 0.0
    assert bucket.add(99.0, DAY_NS, most=20.0) == 20.0
    assert bucket.level(0) == 20.0  # a clock that goes back takes nothing away


def test_one_wild_reading_does_not_move_the_median() -> None:
    latest = Latest(3)
    assert latest.median is None
    for value, median in ((900.0, 900.0), (10.0, 455.0), (11.0, 11.0), (12.0, 11.0)):
        latest.add(value)
        assert latest.median == median
    latest.clear()
    assert not latest.full


def test_an_average_is_exact_at_first_and_follows_later() -> None:
    average = Average(4)
    for value in (2.0, 4.0, 6.0):
        average.add(value)
    assert average.mean == pytest.approx(4.0)
    assert average.spread == pytest.approx((8 / 3) ** 0.5)
    for _ in range(40):
        average.add(10.0)
    assert average.mean == pytest.approx(10.0, abs=0.01)


def test_a_level_settles_by_time_and_not_by_count() -> None:
    dense, sparse = Settling(HOUR_NS), Settling(HOUR_NS)
    dense.add(0.0, 0)
    sparse.add(0.0, 0)
    for step in range(1, 61):
        dense.add(1.0, step * HOUR_NS // 60)
    assert sparse.add(1.0, HOUR_NS) == pytest.approx(0.632, abs=0.001)
    assert dense.value == pytest.approx(0.632, abs=0.01)


def test_a_trend_takes_means_of_spans_and_the_running_one_on_demand() -> None:
    trend = Trend(DAY_NS, 5)
    for day in range(6):
        for hour in range(0, 24, 6):
            wave = 3.0 if hour < 12 else -3.0  # returns each day, and is not a trend
            trend.add(100 - 2 * day + wave, day * DAY_NS + hour * HOUR_NS)
    slope = trend.slope()
    assert slope is not None
    assert slope.a_day == pytest.approx(-2.0, abs=0.01)
    assert slope.sure > 100
    assert slope.days_to(80.0) == pytest.approx((slope.end - 80.0) / 2, abs=0.1)
    assert slope.days_to(200.0) is None
    running = trend.slope(4, running=True)
    assert running is not None
    assert running.end < slope.end
    trend.clear()
    assert trend.slope() is None
    assert len(trend) == 0


def test_points_of_one_moment_have_no_line() -> None:
    assert line_through([(1.0, 5.0)] * 4) is None
