"""Zone counts: per incident, by the newest word on it."""

import json
from typing import Any

import pytest

from edge_agent.domain.zone_rates import INCIDENTS_MAX, ZoneRates


def test_each_zone_of_an_incident_is_counted_once_by_the_newest_word() -> None:
    rates = ZoneRates()
    rates.verdict(1, "p1", (3,))
    rates.verdict(1, "p1", (3, 5))
    rates.verdict(1, "p1", (3,))  # late, and knows less
    rates.said(1, "false", "animal", 100)
    rates.said(1, "genuine", None, 200)
    rates.said(1, "test", None, 150)  # said earlier, came later
    counts = rates.counts()
    assert list(counts) == [("p1", 3), ("p1", 5)]
    assert all((one.alarms, one.genuine, one.false_total, one.test) == (1, 1, 0, 0)
               for one in counts.values())  # fmt: skip


def test_a_zone_is_high_after_three_false_ones_of_four() -> None:
    rates = ZoneRates()
    for incident in range(3):
        rates.verdict(incident, "p1", (3,))
        assert list(rates.high()) == []
        rates.said(incident, "false", "animal" if incident else "weather", 0)
    ((zone, count),) = rates.high()
    assert zone == ("p1", 3)
    assert count.words == "3 of 3 alarms false (animal 2, weather 1)"
    rates.verdict(3, "p1", (3,))
    rates.said(3, "genuine", None, 0)
    assert count.false_share == 1.0
    assert [one.false_share for _, one in rates.high()] == [0.75]
    rates.verdict(4, "p1", (3,))
    rates.said(4, "genuine", None, 0)
    assert list(rates.high()) == []


def test_tests_and_what_nobody_judged_say_nothing_of_a_detector() -> None:
    rates = ZoneRates()
    for incident in range(9):
        rates.verdict(incident, "p1", (3,))
        if incident % 2:
            rates.said(incident, "test", None, 0)
    (count,) = rates.counts().values()
    assert (count.alarms, count.test, count.false_share) == (9, 4, None)


def test_it_is_the_same_after_a_start() -> None:
    rates = ZoneRates()
    for incident in "abc":
        rates.verdict(incident, "p1", (3, 5))
        rates.said(incident, "false", "animal", 7)
    again = ZoneRates.from_rows(json.loads(json.dumps(rates.rows())))
    assert again.counts() == rates.counts()
    again.said("a", "genuine", None, 6)
    assert again.counts() == rates.counts(), "said before what counts"
    wrongs: list[Any] = [
        None,
        5,
        {},
        [1],
        [[1, 2]],
        [["a", "p1", None, None, None, 1]],
        [["a", "p1", [], 1, 2, "x"]],
        [["a", None, [3], None, None, 1]],
        [["a", [["p1", 3]], None, None, 1]],
    ]
    for wrong in wrongs:
        with pytest.raises(ValueError):  # noqa: PT011  any of them
            ZoneRates.from_rows(wrong)


def test_memory_is_bounded_and_no_zone_is_no_trouble() -> None:
    rates = ZoneRates()
    for incident in range(INCIDENTS_MAX + 10):
        rates.verdict(incident, None, (3,))
        rates.said(incident, "false", None, 0)
    assert rates.counts() == {}
    assert len(rates._incidents) == INCIDENTS_MAX
