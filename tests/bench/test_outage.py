"""What the program about long outages judges, on made-up measurements."""

from bench.outage import (
    State,
    judge_draining,
    judge_memory,
    judge_offline,
    judge_order,
    out_of_order,
)
from bench.report import Report

BEFORE = State(
    ready_s=0.4, rss_kib=50_000, pss_kib=40_000, ack_ms=6.0, receipt_ms=9.0, linked_kib=51_000
)


def bad(after: State) -> list[str]:
    report = Report("outage", quiet=True)
    judge_offline(report, BEFORE, after)
    judge_memory(report, BEFORE, after)
    judge_draining(report, BEFORE, after)
    return [check.name for check in report.checks if not check.good]


def test_the_same_is_good_and_each_excess_is_named() -> None:
    assert bad(BEFORE) == []
    worse = State(
        ready_s=1.1, rss_kib=55_001, pss_kib=44_001, ack_ms=16.1, receipt_ms=19.1, linked_kib=56_101
    )
    assert len(bad(worse)) == 6


def test_what_drains_before_something_more_urgent_is_counted() -> None:
    lanes = {0: 5, 1: 4, 2: 1, 3: 4, 4: 2}
    in_order = {0: 10, 2: 11, 4: 12, 1: 13, 3: 14}
    assert out_of_order(in_order, lanes) == 0
    assert out_of_order(in_order | {1: 5, 3: 11}, lanes) == 2


def test_each_lane_is_shown_with_its_span() -> None:
    report = Report("outage", quiet=True)
    judge_order(report, {0: 1_000_000_000, 1: 2_000_000_000}, {0: 5, 1: 1})
    assert report.facts["lane 1: 1 events receipted s"] == "1.00 to 1.00"
