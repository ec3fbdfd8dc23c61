"""What is said and what not, of one incident and of findings that others say."""

from edge_agent.diagnosis.cause import Cause
from edge_agent.diagnosis.docket import INCIDENTS_MAX, SAID_MAX, Docket
from edge_agent.diagnosis.finding import Finding, Severity
from edge_agent.diagnosis.guard import Failure
from edge_agent.diagnosis.numbering import Numbering
from edge_agent.diagnosis.verdict import Verdict
from edge_agent.domain.event import Body, Draft, EventType, Numbered
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import FindingBody
from edge_agent.evidence.cited import Place
from edge_agent.evidence.verdict import VerdictBody
from tests.diagnosis.runs import Clocks

E = b"epoch--1"


def docket(events: int = 2000) -> Docket:
    numbering = Numbering()
    for seq in range(events):
        numbering.line(Place(E, seq))
    return Docket(numbering)


def verdict(tier: int, *lines: int, first: int = 1, t_ns: int = 0) -> Verdict:
    return Verdict(
        t_ns=t_ns,
        incident=f"i{first}",
        tier=tier,
        reasons=(f"rule.{tier}",),
        lines=lines or (first,),
        panel="p1",
        area=None,
        zones=(),
        cause=None,
        available=(),
        missing=(),
    )


def finding(cause: Cause, *, over: bool = False) -> Finding:
    return Finding(
        t_ns=0,
        panel="p1",
        cause=cause,
        severity=Severity.NOTICE,
        reasons=("a.rule",),
        remedy="mend it",
        over=over,
        lines=(2, 1, 2),
    )


def event(type_: EventType, body: Body, seq: int = 5) -> Numbered:
    return Numbered(E, seq, Draft(type_, Lane.FAULT, Clocks().stamp(), body))


def test_a_fall_from_a_height_that_this_run_never_saw_is_not_said() -> None:
    """As where a rule was changed between two runs: the code that proves a fall is not there."""
    one = docket()
    said = VerdictBody(incident=Place(E, 0), tier=3, reasons=("old.rule",), evidence=(Place(E, 0),))
    one.hear(event(EventType.VERDICT, said.to_body()), 0)
    one.take(verdict(1))
    assert not any(one.begin())
    assert one.take(verdict(2, 1, 3)) == []
    assert len(one.take(verdict(4, 1, 3, 4))) == 1
    assert len(one.take(verdict(0, 1, 3, 4, 5))) == 1


def test_what_a_session_found_is_not_said_beside_it() -> None:
    one = docket()
    body = FindingBody(
        panel="p1", cause="panel_clock", severity="maintain", reasons=("panel.clock",), remedy=""
    )
    one.hear(event(EventType.FINDING, body.to_body()), 0)
    one.begin()
    assert one.take(finding(Cause.PANEL_CLOCK)) == []
    (saying,) = one.take(finding(Cause.LINE_NOISE))
    assert isinstance(saying.said, FindingBody)
    assert saying.said.evidence == (Place(E, 0), Place(E, 1))
    assert [body.cause for body in one.findings.values()] == ["panel_clock", "line_noise"]
    one.take(finding(Cause.LINE_NOISE, over=True))
    assert [body.cause for body in one.findings.values()] == ["panel_clock"]


def test_a_failure_is_said_and_one_set_aside_is_a_condition() -> None:
    one = docket()
    assert one.fail(Failure("Health", "KeyError at x.py:3: 5", aside=False, line=4)) == []
    (saying,), () = one.begin()
    assert saying.lane is Lane.FAULT
    assert not one.failed
    (saying,) = one.fail(Failure("Health", "KeyError at x.py:3: 5", aside=True, line=None))
    assert isinstance(saying.said, FindingBody)
    assert (saying.said.panel, saying.said.severity) == ("@gateway", "urgent")
    assert one.failed


def test_what_stands_is_shown_newest_first_and_only_what_is_not_too_old() -> None:
    one = docket()
    one.begin()
    for first, t_ns in ((1, 10), (5, 30), (9, 20)):
        one.take(verdict(1, first=first, t_ns=t_ns))
    one.take(verdict(2, 1, 3, t_ns=40))
    shown = [(body.incident.seq, body.tier) for body in one.verdicts(20)]
    assert shown == [(0, 2), (8, 1), (4, 1)]
    assert len(list(one.verdicts(35))) == 1


def test_memory_is_bounded() -> None:
    one = docket()
    one.begin()
    for first in range(1, INCIDENTS_MAX + 50):
        one.take(verdict(1, first=first))
    for line in range(2, SAID_MAX + 50):
        one.take(verdict(1, 1990, 1990 + line % 3, line, first=1990))
    assert len(list(one.verdicts(0))) == INCIDENTS_MAX
    assert len(one._said) <= INCIDENTS_MAX
    assert max(len(keys) for _, keys in one._said.values()) <= SAID_MAX
