"""Waiting doubles, is bounded, and starts over only after the line stayed up."""

from edge_agent.link.backoff import Backoff, Waits
from tests.link.rig import MS

SECOND = 1000 * MS


def longest() -> float:
    return 1.0


def test_waits_double_up_to_the_longest() -> None:
    backoff = Backoff(Waits(), longest)
    waits_ms = [backoff.failed(0) // MS for _ in range(9)]
    assert waits_ms == [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]


def test_half_of_a_wait_is_chance() -> None:
    assert Backoff(Waits(), lambda: 0.0).failed(0) == 50 * MS
    assert Backoff(Waits(), lambda: 0.5).failed(0) == 75 * MS


def test_a_line_that_stayed_up_starts_over() -> None:
    backoff = Backoff(Waits(), longest)
    for _ in range(9):
        backoff.failed(0)
    backoff.up(5 * SECOND)
    assert backoff.failed(15 * SECOND) == 100 * MS


def test_a_line_that_hung_up_soon_does_not_start_over() -> None:
    backoff = Backoff(Waits(), longest)
    for _ in range(9):
        backoff.failed(0)
    for start in range(0, 100, 20):  # accepted and hung up just before it counts as proven
        backoff.up(start * SECOND)
        assert backoff.failed((start + 10) * SECOND - 1) == 10 * SECOND


def test_time_spent_down_proves_nothing() -> None:
    backoff = Backoff(Waits(), longest)
    backoff.up(0)
    backoff.failed(1)
    assert backoff.failed(100 * SECOND) == 200 * MS
