"""The maintenance list of a journal: every part with its score, what is wrong and what to do."""

import json

from edge_agent.diagnosis.board import Place
from edge_agent.diagnosis.site import Site
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Kind, State
from edge_agent.evidence.bodies import ActBody, FindingBody, Severity
from edge_agent.views.maintaining import Maintained, facts, lines, maintained, words
from tests.diagnosis.runs import Runs

HOT = FindingBody(
    panel="@gateway",
    cause="overheated",
    severity=Severity.MAINTAIN,
    reasons=("body.temperature",),
    remedy="give it air",
    detail="84.5 C, limit 80 C",
)
NAMES = {Place("p1", ("zone", 5)): "Back door"}


def worn() -> Runs:
    """Zone 5 flickers by day, zone 6 is well and was walk-tested, the gateway is hot."""
    runs = Runs()
    runs.start()
    runs.record(EventType.FINDING, HOT.to_body())
    clocks = runs.clocks
    for zone in (5, 6):
        runs.hear(kind=Kind.ZONE, state=State.CLOSED, area=1, zone=zone)
    clocks.now_s += 600
    runs.hear(kind=Kind.TEST, state=State.ACTIVE, code="607", area=1)
    runs.hear(kind=Kind.ZONE, state=State.OPEN, area=1, zone=6)
    clocks.now_s += 5
    runs.hear(kind=Kind.ZONE, state=State.CLOSED, area=1, zone=6)
    runs.hear(kind=Kind.TEST, state=State.RESTORED, code="607", area=1)
    for _ in range(12):
        clocks.now_s += 1200
        runs.hear(kind=Kind.ZONE, state=State.OPEN, area=1, zone=5)
        clocks.now_s += 0.1
        runs.hear(kind=Kind.ZONE, state=State.CLOSED, area=1, zone=5)
    return runs


def of(runs: Runs) -> Maintained:
    return maintained(runs.journal, Site(runs.premises))


def test_each_part_has_its_score_the_worst_first() -> None:
    found = of(worn())
    worst = found.entries[0]
    assert (worst.place, worst.findings[0].cause) == (Place("p1", ("zone", 5)), "loose_contact")
    assert worst.score < 100
    assert worst.tested_days is None
    well = next(one for one in found.entries if one.place.part == ("zone", 6))
    assert well.score == 100
    assert well.tested_days is not None
    assert found.others == (HOT,)
    assert found.to_see_to == 2


def test_a_walk_test_by_the_gateway_counts_as_one() -> None:
    """Seen to fail with acts left out of what diagnosis hears."""
    runs = Runs()
    runs.start()
    for outcome in ("begins", "ends"):
        runs.record(
            EventType.ACT, ActBody("walk_test", "me", panel="p1", outcome=outcome).to_body()
        )
        zone = 6 if outcome == "begins" else 7
        runs.clocks.now_s += 600
        runs.hear(kind=Kind.ZONE, state=State.OPEN, area=1, zone=zone)
        runs.hear(kind=Kind.ZONE, state=State.CLOSED, area=1, zone=zone)
    tested = {one.place.part: one.tested_days is not None for one in of(runs).entries}
    assert (tested["zone", 6], tested["zone", 7]) == (True, False)


def test_what_is_over_and_what_an_earlier_run_found_is_not_on_it() -> None:
    runs = worn()
    runs.record(EventType.FINDING, {**HOT.to_body(), 8: True})
    assert of(runs).others == ()
    runs = worn()
    runs.record(EventType.FINDING, {1: "no finding"})
    runs.start()
    assert of(runs).others == ()


def test_people_read_it_in_their_language() -> None:
    found = of(worn())
    english = "\n".join(lines(found, NAMES, words("en")))
    assert "p1 zone 5  Back door" in english
    assert "tighten the terminals" in english
    assert "gateway: overheated" in english
    assert "no walk test known" in english
    assert "2 to see to" in english
    chinese = "\n".join(lines(found, NAMES, words("zh")))
    assert "p1 防区 5" in chinese
    assert "紧固探测器至主机的接线端子" in chinese
    assert "下次维护" in chinese
    assert list(lines(Maintained((), ()), {}, words("en"))) == ["nothing was heard yet"]


def test_programs_read_all_of_it() -> None:
    told = json.loads(json.dumps(facts(of(worn()), NAMES)))
    worst = told["parts"][0]
    assert worst["subject"] == {"panel": "p1", "zone": 5}
    assert worst["name"] == "Back door"
    assert worst["findings"][0]["remedy_zh"]
    assert sum(worst["points"].values()) == 100 - worst["score"]
    assert {part["kind"] for part in told["parts"]} >= {"detector", "line", "uplink"}
    assert told["others"][0]["cause"] == "overheated"
