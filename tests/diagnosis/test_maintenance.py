"""The maintenance list: points by rule or by urgency, the worst first, kinds by what a place is."""

import pytest

from edge_agent.diagnosis.board import Place
from edge_agent.diagnosis.cause import Cause
from edge_agent.diagnosis.finding import Finding, Severity
from edge_agent.diagnosis.maintenance import Entry, by_urgency, points_of, score_of, worst_first


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        (Place("@gateway"), "uplink"),
        (Place("p1"), "line"),
        (Place("p1", ("zone", 4)), "detector"),
        (Place("p1", ("supply", "s1")), "supply"),
        (Place("p1", ("bus", "b1")), "bus"),
    ],
)
def test_what_a_place_is(place: Place, kind: str) -> None:
    assert Entry(place=place, score=100).kind == kind
    assert not Entry(place=place, score=100).flawed


def test_a_rule_takes_its_own_points_or_those_of_its_urgency() -> None:
    points = points_of(["line.noise", "link.panel", "panel.clock"])
    assert [str(one) for one in points] == ["link.panel -60", "line.noise -30", "panel.clock -10"]
    assert score_of(points) == 0
    assert score_of(points[1:]) == 60
    assert score_of(()) == 100


def test_the_worst_comes_first_and_numbers_in_their_order() -> None:
    places = [("p1", 10), ("p1", 9), ("p2", 1), ("p1", 2)]
    entries = [
        Entry(place=Place(panel, ("zone", zone)), score=40 if zone == 10 else 100)
        for panel, zone in places
    ]
    order = [one.place.part for one in worst_first(entries)]
    assert order == [("zone", 10), ("zone", 2), ("zone", 9), ("zone", 1)]


def test_the_urgent_comes_first() -> None:
    found = [
        Finding(
            t_ns=at, panel="p1", cause=Cause.LINE_NOISE, severity=severity,
            reasons=("line.noise",), remedy="mend it",
        )
        for at, severity in ((3, Severity.NOTICE), (2, Severity.URGENT), (1, Severity.URGENT))
    ]  # fmt: skip
    assert [one.t_ns for one in by_urgency(found)] == [1, 2, 3]
