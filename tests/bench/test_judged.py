"""What an episode's outcome is taken from, and which verdicts break the contract."""

from typing import Any

import pytest

from bench.judged import Said, outcomes, shipped, uncited_falls
from hil.sites.timeline import Timeline
from tests.hil.sites.scenes import PLAN

LINES: list[dict[str, object]] = [
    {"t": 10.0, "kind": "burglary", "state": "active", "zone": 4},  # line 2
    {"t": 20.0, "kind": "zone", "state": "open", "zone": 3},
    {"t": 30.0, "kind": "area", "state": "disarmed", "area": 1, "user": 1},
    {"t": 90.0, "kind": "burglary", "state": "active", "zone": 4},  # line 5, nobody's
]


def timeline(**label: Any) -> Timeline:
    whole = {
        "episode": 1,
        "genuine": True,
        "group": "intrusion",
        "lines": [2, 3],
        "first_s": 10.0,
        "raw_s": 10.0,
        "alarmed": True,
        "disarmed_s": None,
        **label,
    }
    return Timeline(1, 1, PLAN, "2026-01-05T00:00:00+00:00", list(LINES), [whole], [2, 3, 5])


def verdict(t: float, tier: int, lines: list[int], incident: str = "i1") -> Said:
    return {
        "t": t,
        "type": "verdict",
        "incident": incident,
        "tier": tier,
        "lines": lines,
        "cause": None,
    }


def test_the_last_tier_is_the_one_that_counts() -> None:
    (one,) = outcomes(timeline(), [verdict(10, 1, [2]), verdict(20, 2, [2, 3])])
    assert (one.final, one.is_presence, one.raised_s(), one.unheld) == (2, True, 20, 0)


def test_a_tier_that_is_lowered_again_is_not_kept() -> None:
    said = [verdict(10, 2, [2]), verdict(30, 0, [2, 4])]
    (one,) = outcomes(timeline(), said)
    assert (one.final, one.is_presence, one.was_zero, one.raised_s()) == (0, False, True, None)


def test_an_incident_of_other_lines_does_not_count() -> None:
    (one,) = outcomes(timeline(), [verdict(90, 3, [5])])
    assert one.is_lost
    assert one.unheld == 1


def test_an_incident_counts_from_when_it_holds_a_line_of_the_episode() -> None:
    said = [verdict(5, 0, [9]), verdict(10, 1, [2, 9])]
    (one,) = outcomes(timeline(), said)
    assert [step.tier for step in one.steps] == [1]


def test_the_highest_of_several_incidents_counts() -> None:
    said = [verdict(10, 1, [2], "a"), verdict(20, 2, [3], "b"), verdict(25, 1, [2, 3], "a")]
    (one,) = outcomes(timeline(), said)
    assert one.final == 2


def test_a_verdict_that_comes_late_does_not_hold_the_alarm() -> None:
    (one,) = outcomes(timeline(), [verdict(10.6, 1, [2])])
    assert one.unheld == 1


@pytest.mark.parametrize(("disarmed", "freed"), [(None, False), (300.0, True), (320.0, False)])
def test_a_valid_code_within_five_minutes_frees(disarmed: float | None, freed: bool) -> None:
    (one,) = outcomes(timeline(disarmed_s=disarmed), [verdict(10, 1, [2])])
    assert one.is_freed is freed


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ([verdict(10, 2, [2]), verdict(30, 1, [2, 3])], "fell from 2 for nothing"),
        ([verdict(10, 2, [2, 3]), verdict(30, 3, [2])], "lines are gone"),
        ([verdict(10, 2, [2]), verdict(9, 3, [2], "i2")], "t goes back"),
    ],
)
def test_what_breaks_the_contract_is_named(said: list[Said], problem: str) -> None:
    (found,) = uncited_falls(timeline(), said)
    assert problem in found


def test_a_fall_with_the_disarming_among_its_lines_is_fine() -> None:
    assert uncited_falls(timeline(), [verdict(10, 2, [2]), verdict(30, 0, [2, 4])]) == []


def test_what_falls_after_the_last_line_is_judged_too() -> None:
    """Seen to fail: a window that was broken as the timeline ended had no verdict."""
    whole = timeline()
    armed: dict[str, object] = {"t": 1.0, "kind": "area", "state": "armed_away", "area": 1}
    broken: dict[str, object] = {"t": 7300.0, "kind": "zone", "state": "open", "zone": 4}
    whole.lines[:] = [{"panel": "p1", **line} for line in (armed, broken)]
    assert [one["tier"] for one in shipped(whole) if one["type"] == "verdict"] == [1]
