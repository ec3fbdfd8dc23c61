"""The count: what is lost, doubled, unreceipted, late; with made-up ledgers and stores."""

from dataclasses import replace
from typing import Any

import pytest

from edge_agent.demo.tally import Break, Summary, count, held, latency_ns, match, percentile
from tests.demo.figures import MS, event, evidence, key, signal, spoken


def counted(*arguments: Any, **values: Any) -> Summary:
    return count(evidence(*arguments, **values))


def test_all_there_once_is_good() -> None:
    summary = counted([spoken(1, 10), spoken(2, 20)], [signal(1, 1, 11), signal(2, 2, 21)])
    assert summary.good
    assert summary.as_json() == {
        "signals_acknowledged": 2,
        "events_journaled": 2,
        "events_received": 2,
        "lost": 0,
        "doubled": 0,
        "unverified": 0,
        "latency_ms": {"p50": 7.0, "p99": 7.0},
        "outages": 0,
        "verdicts": 0,
    }


def test_nothing_acknowledged_proves_nothing() -> None:
    assert not counted([], []).good
    assert not counted([spoken(1, 10, due=False)], [signal(1, 1, 11)]).good


def test_an_acknowledged_signal_that_is_not_there_is_lost_and_named() -> None:
    summary = counted([spoken(1, 10), spoken(2, 20)], [signal(1, 1, 11)])
    assert [one.number for one in summary.lost] == [2]
    assert not summary.good


def test_one_that_was_never_acknowledged_may_be_there_or_not() -> None:
    said = [spoken(1, 10), spoken(2, 20, due=False)]
    assert counted(said, [signal(1, 1, 11)]).good
    assert counted(said, [signal(1, 1, 11), signal(2, 2, 21)]).good


def test_the_same_said_twice_has_to_be_there_twice() -> None:
    said = [spoken(1, 10), spoken(1, 500)]
    assert counted(said, [signal(1, 1, 11), signal(2, 1, 501)]).good
    assert [one.said_ns for one in counted(said, [signal(1, 1, 11)]).lost] == [500 * MS]


def test_more_often_there_than_said_is_doubled() -> None:
    summary = counted([spoken(1, 10)], [signal(1, 1, 11), signal(2, 1, 15)])
    assert [one.place for one in summary.surplus] == [("e1", 2)]
    assert summary.as_json()["doubled"] == 1
    assert not summary.good


def test_what_nobody_said_is_surplus() -> None:
    summary = counted([spoken(1, 10)], [signal(1, 1, 11), signal(2, 9, 15)])
    assert [one.key for one in summary.surplus] == [key(9)]


def test_an_unacknowledged_copy_does_not_take_the_place_of_a_due_one() -> None:
    """Said first without an ACK, then again with one: the one event there is the due one's."""
    summary = counted([spoken(1, 10, due=False), spoken(1, 50)], [signal(1, 1, 51)])
    assert summary.good
    assert summary.latencies == [7.0]


def test_the_same_signal_of_two_panels_is_two() -> None:
    found = match([spoken(1, 10), spoken(1, 10, panel="p2")], [signal(1, 1, 11)])
    assert [one.panel for one in found.lost] == ["p2"]


def test_without_a_fitting_receipt_it_is_named() -> None:
    summary = counted([spoken(1, 10)], [signal(1, 1, 11)], receipted=set())
    assert [one.number for one in summary.unreceipted] == [1]
    assert not summary.good


def test_an_event_that_stayed_in_the_journal_is_counted() -> None:
    there = [signal(1, 1, 11)]
    summary = counted([spoken(1, 10)], there, journal=[*there, event(2, 30)])
    assert summary.undelivered == 1
    assert not summary.good


@pytest.mark.parametrize("mark", ["fork", "unvouched"])
def test_a_doubtful_event_is_not_verified(mark: str) -> None:
    summary = counted([spoken(1, 10)], [replace(signal(1, 1, 11), marks=(mark,))])
    assert summary.unverified == 1
    assert not summary.good


def test_what_the_verifier_and_the_stage_say_counts() -> None:
    assert counted([spoken(1, 10)], [signal(1, 1, 11)], unverified=3).unverified == 3
    assert not counted([spoken(1, 10)], [signal(1, 1, 11)], problems=["agent died"]).good


def test_verdicts_and_signed_losses_are_counted() -> None:
    others = [
        event(2, 20, type="path", body={"up": False}),
        event(3, 30, type="path", body={"up": True}),
        event(4, 40, type="link", body={"panel": "p1", "online": False}),
        event(5, 50, type="link", body={"panel": "p1"}),
        event(6, 60, type="verdict"),
    ]
    summary = counted([spoken(1, 10)], [signal(1, 1, 11), *others])
    assert (summary.outages, summary.verdicts) == (2, 1)
    kept = counted([spoken(1, 10)], [signal(1, 1, 11)], journal=[signal(1, 1, 11), *others])
    assert kept.outages == 0, "not at the center, not counted"


# ---- latency


def test_latency_ties_boot_time_and_wall_time_by_the_stamp() -> None:
    """Said at 10 ms, stamped at 11, stored in the fifth millisecond after: at its end, 17."""
    assert latency_ns(spoken(1, 10), signal(1, 1, 11, late_ms=5)) == 7 * MS


def test_latency_is_unknown_without_a_clock() -> None:
    assert latency_ns(spoken(1, 10), replace(signal(1, 1, 11), wall_ns=None)) is None
    assert latency_ns(spoken(1, 10), replace(signal(1, 1, 11), received_ms=None)) is None


def test_signals_that_a_network_cut_held_up_are_counted_apart() -> None:
    said = [spoken(1, 10), spoken(2, 1_100), spoken(3, 3_000)]
    there = [
        signal(1, 1, 11),
        signal(2, 2, 1_101, late_ms=900),
        event(3, 2_000, type="path", body={"up": True}),
        signal(4, 3, 3_001),
    ]
    summary = counted(said, there, breaks=[Break(1_000 * MS)])
    assert summary.latencies == [7.0, 7.0]
    assert summary.held_up == [902.0]


def test_a_signal_on_its_way_when_the_network_goes_is_held_up_too() -> None:
    there = [signal(1, 1, 996, late_ms=900), event(2, 1_800, type="path", body={"up": True})]
    assert counted([spoken(1, 995)], there, breaks=[Break(1_000 * MS)]).latencies == []


def test_a_broken_line_holds_up_its_own_panel_only() -> None:
    said = [spoken(1, 1_100), spoken(2, 1_100, panel="p2")]
    there = [signal(1, 1, 1_900), signal(2, 2, 1_101, panel="p2")]
    there.append(event(3, 1_800, type="link", body={"panel": "p1", "online": True}))
    summary = counted(said, there, breaks=[Break(1_000 * MS, "p1")])
    assert (len(summary.latencies), len(summary.held_up)) == (1, 1)


def test_an_outage_without_an_end_holds_up_all_that_follows() -> None:
    summary = counted([spoken(1, 9_000)], [signal(1, 1, 9_001)], breaks=[Break(1_000 * MS)])
    assert summary.held_up == [7.0]


@pytest.mark.parametrize(
    ("values", "percent", "found"),
    [
        ([], 50, None),
        ([4.0], 99, 4.0),
        ([3.0, 1.0, 2.0], 50, 2.0),
        ([1.0, 2.0], 50, 1.0),
        ([float(value) for value in range(1, 201)], 99, 198.0),
    ],
)
def test_a_percentile_is_a_value_that_was_measured(
    values: list[float], percent: float, found: float | None
) -> None:
    assert percentile(values, percent) == found


# ---- reading events


def test_states_are_read_along_and_are_no_signals() -> None:
    body: dict[str, Any] = {
        "panel": "p3",
        "kind": "zone",
        "code": None,
        "state": "open",
        "frame": "00",
    }
    body |= {"area": None, "zone": 3, "user": None, "account": None}
    stamp = {"wall_ns": 1, "boottime_ns": 2}
    facts = {"epoch": "e1", "seq": 4, "type": "signal", "stamp": stamp, "body": body}
    assert held(facts, ("p1",)).key is None
    alarm = held({**facts, "body": {**body, "kind": "fire"}}, ("p1",)).key
    assert alarm is not None
    assert alarm.frame == "", "a register map's bytes carry a running number"
