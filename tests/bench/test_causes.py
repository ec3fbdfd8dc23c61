"""Findings against faults: what counts as right, as foreseen, and as made up."""

from typing import Any

import pytest

from bench.causes import attributions, false_findings
from bench.judged import Said
from hil.sites.plan import DAY_S
from hil.sites.timeline import Timeline
from tests.hil.sites.scenes import PLAN

FAULT: dict[str, Any] = {
    "episode": 1,
    "kind": "loop_drift",
    "genuine": False,
    "group": "fault",
    "lines": [],
    "trips": [],
    "start": 9.0 * DAY_S,
    "end": 9.0 * DAY_S,
    "cause": "loop_drift",
    "subject": {"panel": "p1", "zone": 3},
    "onset_s": 4.0 * DAY_S,
    "failure_s": 9.0 * DAY_S,
    "mended_s": 10.0 * DAY_S,
    "shows": True,
    "explains": [],
}


def site(**label: Any) -> Timeline:
    return Timeline(1, 14, PLAN, "2026-01-05T00:00:00+00:00", [], [{**FAULT, **label}], [])


def finding(day: float, cause: str, **part: object) -> Said:
    return {"t": day * DAY_S, "type": "finding", "subject": {"panel": "p1", **part}, "cause": cause}


def test_the_cause_that_comes_first_counts() -> None:
    said = [finding(5, "loop_drift", zone=3), finding(6, "cable_cut", zone=3)]
    (one,) = attributions(site(), said, [])
    assert one.is_right
    assert one.lead_s == 4 * DAY_S
    assert one.could_foresee
    (other,) = attributions(site(), said[::-1][:1], [])
    assert other.found == "cable_cut"


def test_nothing_found_is_not_right() -> None:
    (one,) = attributions(site(), [finding(5, "loop_drift", zone=4)], [])
    assert one.found is None
    assert not one.is_right


def test_a_fault_that_a_site_cannot_show_is_not_asked_for() -> None:
    assert attributions(site(shows=False), [], []) == []


@pytest.mark.parametrize(
    ("said", "made_up"),
    [
        (finding(5, "loop_drift", zone=3), False),
        (finding(5, "cable_cut", zone=3), False),  # wrong, but there is a fault
        (finding(5, "loop_drift", zone=4), True),
        (finding(1, "loop_drift", zone=3), True),  # before it began
        (finding(13.5, "loop_drift", zone=3), True),  # long after it was mended
        (finding(5, "supply_low", supply="s1"), False),  # what feeds that zone
        (finding(5, "supply_low", supply="s2"), True),
    ],
)
def test_a_finding_without_a_fault_is_made_up(said: Said, made_up: bool) -> None:
    assert (false_findings(site(), [said]) == [said]) is made_up


def test_what_people_did_explains_findings_about_people() -> None:
    late = site(kind="late_code", cause=None, subject={}, start=2.0 * DAY_S)
    assert false_findings(late, [finding(3, "entry_late", area=1)]) == []
    assert false_findings(late, [finding(3, "loop_drift", zone=1)]) != []
