"""A point says what changed, once, and at start how it is.

Seen to fail: a point that said `restored` again after it had been unknown for a while.
"""

from edge_agent.domain.kinds import Kind, Lane, Origin, State, lane_of
from edge_agent.health.debounce import Debounce
from edge_agent.health.points import TAMPER, Point


def test_the_enclosure_speaks_as_a_panel_does() -> None:
    point = Point(TAMPER, Debounce(50, 50))
    assert point.handle(False, 0, b"at rest") == []
    (closed,) = point.handle(False, point.deadline_ns() or 0, b"at rest")
    assert (closed.signal.state, closed.signal.origin) == (State.RESTORED, Origin.AT_START)
    assert point.handle(True, 100, b"open") == []
    (opened,) = point.handle(True, 150, b"open")
    signal = opened.signal
    assert (signal.kind, signal.code, signal.state) == (Kind.TAMPER, "137", State.ACTIVE)
    assert (signal.origin, signal.frame, signal.text) == (Origin.LIVE, b"open", "enclosure")
    assert lane_of(signal.kind) is Lane.INTRUSION
    assert (point.state, point.deadline_ns()) == (True, None)


def test_what_is_so_at_start_says_that_it_is_no_news() -> None:
    point = Point(TAMPER, Debounce(0, 0))
    (said,) = point.handle(True, 0, b"")
    assert (said.signal.state, said.signal.origin) == (State.ACTIVE, Origin.AT_START)


def test_unknown_says_nothing_and_the_same_again_is_not_repeated() -> None:
    point = Point(TAMPER, Debounce(0, 0))
    assert point.handle(None, 0, b"") == []
    (first,) = point.handle(False, 1, b"")
    assert first.signal.origin is Origin.AT_START
    assert point.handle(None, 2, b"") == []
    assert point.state is None
    assert point.handle(False, 3, b"") == []
    assert point.handle(None, 4, b"") == []
    (opened,) = point.handle(True, 5, b"")
    assert (opened.signal.state, opened.signal.origin) == (State.ACTIVE, Origin.LIVE)
