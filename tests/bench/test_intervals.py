"""Clopper-Pearson intervals against published values."""

import pytest

from bench.intervals import Share, at_most, interval


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [
        (0, 10, 0.0, 0.30850),  # 1 - 0.025 ** (1 / 10)
        (10, 10, 0.69150, 1.0),
        (5, 10, 0.18709, 0.81291),
        (1, 100, 0.00025, 0.05446),
        (0, 3000, 0.0, 0.001229),
        (81, 263, 0.25274, 0.36762),
    ],
)
def test_known_intervals(hits: int, total: int, low: float, high: float) -> None:
    assert interval(hits, total) == pytest.approx((low, high), abs=2e-5)


def test_an_interval_of_nothing_is_everything() -> None:
    assert interval(0, 0) == (0.0, 1.0)


def test_large_counts_are_no_trouble() -> None:
    low, high = interval(29_100, 30_000)
    assert 0.967 < low < 0.97 < high < 0.972


def test_the_tail_sums_to_one() -> None:
    assert at_most(7, 7, 0.3) == pytest.approx(1.0)
    assert at_most(3, 10, 0.5) == pytest.approx(176 / 1024)
    assert at_most(8, 10, 0.5) == pytest.approx(1013 / 1024)
    assert (at_most(2, 9, 0.0), at_most(2, 9, 1.0)) == (1.0, 0.0)


def test_a_share_has_its_interval() -> None:
    share = Share(5, 10)
    assert share.value == 0.5
    assert share.low < 0.5 < share.high
