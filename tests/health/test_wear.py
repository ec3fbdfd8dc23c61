"""The rate at which a card is written.  Seen to fail: a rate told before the hour was over."""

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.health.wear import WINDOW_NS, WriteRate


def test_the_rate_is_that_of_the_last_whole_hour() -> None:
    rate = WriteRate()
    assert rate.handle(10**12, 0) is None
    assert rate.handle(10**12 + 10**9, WINDOW_NS - 1) is None
    assert rate.handle(10**12 + 10**9, WINDOW_NS) == 24
    assert rate.handle(10**12 + 5 * 10**9, WINDOW_NS + 5) == 24
    assert rate.handle(10**12, 2 * WINDOW_NS) == 24  # the counter went back: another card
    assert rate.handle(10**12, 3 * WINDOW_NS) == 0


@given(st.integers(0, 10**9), st.integers(1, 600))
def test_a_steady_writer_is_told_its_rate(bytes_a_second: int, step_s: int) -> None:
    rate = WriteRate()
    for second in range(0, 3 * 3600, step_s):
        rate.handle(second * bytes_a_second, second * 10**9)
    assert rate.gb_a_day is not None
    assert abs(rate.gb_a_day - bytes_a_second * 86_400 / 1e9) < 1e-6 * max(1, bytes_a_second)
