"""Which times are meant, and what can lie between them."""

import argparse
from datetime import datetime, timedelta

import pytest

from edge_agent.cli.period import MARGIN_NS, Period, moment
from edge_agent.clock import SystemClock
from edge_agent.evidence.dating import Basis, Dated
from edge_agent.journal.footer import Span

S = 1_000_000_000
DAY = 86_400 * S


def test_a_time_with_its_zone() -> None:
    assert moment("1970-01-02T00:00:00Z") == DAY
    assert moment("1970-01-02T01:00+01:00") == DAY
    assert moment("1969-12-31T00:00Z") == -DAY


def test_a_time_without_zone_is_local() -> None:
    local = datetime.fromtimestamp(10**9).astimezone()
    assert moment(local.strftime("%Y-%m-%dT%H:%M:%S")) == 10**18
    midnight = (local - timedelta(hours=local.hour, minutes=local.minute)).strftime("%Y-%m-%d")
    assert moment(midnight) <= 10**18


@pytest.mark.parametrize(
    ("text", "ago_ns"),
    [("90s", 90 * S), ("30m", 1800 * S), ("2h", 7200 * S), ("3d", 3 * DAY), ("1w", 7 * DAY)],
)
def test_how_long_ago(text: str, ago_ns: int) -> None:
    now_ns = SystemClock().stamp().wall_ns
    assert now_ns is not None
    assert 0 <= moment(text) - (now_ns - ago_ns) < 60 * S


@pytest.mark.parametrize("text", ["", "yesterday", "2h30", "-1d", "99:00", "2026-13-01", "9" * 30])
def test_what_is_no_time_says_what_is(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="how long ago"):
        moment(text)


def test_an_event_is_in_it_or_may_have_been() -> None:
    period = Period(10 * S, 20 * S)
    assert [period.holds(Dated(Basis.OWN, wall)) for wall in (9 * S, 10 * S, 20 * S, 21 * S)] == [
        False,
        True,
        True,
        False,
    ]
    assert period.holds(Dated(Basis.UNKNOWN))
    assert period.holds(Dated(Basis.BOUNDS, None, 5 * S, 11 * S))
    assert not period.holds(Dated(Basis.BOUNDS, None, 5 * S, 9 * S))
    assert not period.holds(Dated(Basis.BOUNDS, None, 21 * S))
    assert Period().holds(Dated(Basis.OWN, 0))
    assert Period().whole
    assert not period.whole


def test_a_segment_is_skipped_only_when_nothing_of_it_can_be_in() -> None:
    period = Period(1000 * S, 2000 * S)
    assert period.may_hold(Span(0, 1000 * S - MARGIN_NS, 0, 9 * S))
    assert not period.may_hold(Span(0, 1000 * S - MARGIN_NS - 1, 0, 9 * S))
    assert not period.may_hold(Span(2001 * S + MARGIN_NS, 3000 * S, 0, 9 * S))
    assert period.may_hold(Span()), "nobody had told the clock"
    undated = Span(1500 * S + 900 * S, 2500 * S, 0, 400 * S, 1)
    assert period.may_hold(undated), "an event before the clock was set may be in it"
    assert not period.may_hold(Span(2500 * S, 2600 * S, 0, 400 * S, 1))
    assert period.may_hold(Span(2500 * S, 2600 * S, None, None, 1))
