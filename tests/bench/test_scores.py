"""Scores: which side of a limit is good, and that nothing counted is not good."""

import math

import pytest

from bench.intervals import Share
from bench.judged import Outcome, Step
from bench.scores import (
    Card,
    delays_s,
    false,
    multi,
    number,
    precision,
    share,
    single,
    threshold_keeping,
)


@pytest.mark.parametrize(
    ("hits", "limit", "at_least", "good"),
    [
        (97, 97.0, True, True),
        (96, 97.0, True, False),
        (0, 0.0, False, True),
        (1, 0.0, False, False),
    ],
)
def test_a_share_against_its_limit(hits: int, limit: float, at_least: bool, good: bool) -> None:
    assert share("x", Share(hits, 100), limit, at_least=at_least).good is good


def test_nothing_counted_is_not_good() -> None:
    assert not share("x", Share(0, 0), 90.0).good
    assert not number("x", math.nan, "s", 5.0).good
    assert number("x", 7.0, "s").good


def outcome(genuine: bool, *steps: tuple[float, int], **label: object) -> Outcome:
    whole = {
        "genuine": genuine,
        "group": "intrusion",
        "kind": "sweep",
        "first_s": 0.0,
        "raw_s": 0.0,
        "disarmed_s": None,
        "second_s": None,
        "second_entry": False,
        **label,
    }
    return Outcome(whole, tuple(Step(t, tier) for t, tier in steps))


def test_precision_counts_what_was_left_high() -> None:
    found = [
        outcome(True, (0, 2)),
        outcome(True, (0, 1)),
        outcome(False, (0, 2)),
        outcome(False, (0, 2), (9, 1)),
    ]
    assert precision(found) == Share(1, 2)


def test_who_came_home_without_an_alarm_or_a_verdict_is_no_false_alarm() -> None:
    came_home = outcome(False, raw_s=None)
    unsaid = outcome(False)  # the panel alarmed, the judge said nothing
    opened = outcome(False, (0, 1), raw_s=None)
    assert false([came_home, unsaid, opened]) == [unsaid, opened]


def test_a_threshold_keeps_as_many_and_no_more() -> None:
    assert threshold_keeping([0.2, 0.9, 0.5, 0.7], 3) == 0.5
    assert threshold_keeping([0.2, 0.9], 0) == math.inf


def test_delay_is_from_the_second_witness_to_the_tier_that_was_kept() -> None:
    found = [
        outcome(True, (0, 1), (12, 2), second_s=10.0),
        outcome(True, (0, 2), second_s=10.0),
        outcome(True, (0, 1), second_s=10.0),
    ]
    assert delays_s(found) == [2.0, 0.0]


def test_the_entry_route_alone_makes_an_insider_and_nobody_else_multi_zone() -> None:
    sweep = outcome(True, (0, 2), second_s=1.0, second_entry=True)
    insider = outcome(True, (0, 2), second_s=1.0, second_entry=True, kind="insider")
    assert multi([sweep, insider]) == [insider]
    assert single([sweep, insider]) == [sweep]


def test_a_card_ends_with_1_when_a_limit_does_not_hold(capsys: pytest.CaptureFixture[str]) -> None:
    card = Card(quiet=False)
    card.add(share("fine", Share(9, 10), 50.0))
    assert card.end() == 0
    card.add(share("bad", Share(1, 10), 50.0))
    assert card.end() == 1
    assert "FAIL" in capsys.readouterr().out
