"""When a broker is asked, and when its silence counts.

Seen to fail: a deadline that ignores what waits finds a dead path only at the next idle question.
"""

from edge_agent.uplink.pulse import (
    ANSWER_NS_MAX,
    ANSWER_NS_MIN,
    HUSH_NS,
    IDLE_NS,
    Pulse,
    idle_ns_of,
)
from tests.uplink.world import SECOND


def test_an_idle_connection_is_asked_seldom_and_one_that_owes_a_receipt_soon() -> None:
    pulse = Pulse(IDLE_NS, SECOND)
    assert pulse.deadline_ns(None) == SECOND + IDLE_NS
    assert not pulse.is_due(None, SECOND + IDLE_NS - 1)
    assert pulse.is_due(None, SECOND + IDLE_NS)
    waiting = 9 * SECOND
    assert pulse.deadline_ns(waiting) == waiting + HUSH_NS
    pulse.heard(waiting + SECOND)
    assert pulse.deadline_ns(waiting) == waiting + SECOND + HUSH_NS


def test_silence_is_a_question_without_an_answer() -> None:
    pulse = Pulse(IDLE_NS, 0)
    assert not pulse.is_silent(99 * SECOND), "nobody asked"
    pulse.ask(None, SECOND)
    assert pulse.is_asked
    assert not pulse.is_due(0, 99 * SECOND), "one question at a time"
    assert pulse.deadline_ns(0) == SECOND + ANSWER_NS_MIN
    assert not pulse.is_silent(SECOND + ANSWER_NS_MIN - 1)
    assert pulse.is_silent(SECOND + ANSWER_NS_MIN)
    pulse.heard(SECOND + ANSWER_NS_MIN)
    assert not pulse.is_silent(99 * SECOND)


def test_a_slow_path_has_more_time_within_a_bound() -> None:
    pulse = Pulse(IDLE_NS, 0)
    pulse.ask(SECOND, 0)
    assert pulse.deadline_ns(None) == 4 * SECOND
    pulse.heard(0)
    pulse.ask(30 * SECOND, 0)
    assert pulse.deadline_ns(None) == ANSWER_NS_MAX
    assert HUSH_NS + ANSWER_NS_MAX <= 6 * SECOND, "failover has 10 s in all"


def test_three_losses_fit_the_reporting_time() -> None:
    assert idle_ns_of(20) == 5 * SECOND
    assert idle_ns_of(90) == IDLE_NS
