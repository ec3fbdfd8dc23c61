"""A finding is told once, and its end once, whatever its details do meanwhile."""

from dataclasses import replace

from edge_agent.daemon.news import Told
from edge_agent.evidence.bodies import FindingBody, Severity

ONE = FindingBody(
    panel="p1", cause="loose", severity=Severity.MAINTAIN, reasons=("rule",), remedy="mend it"
)
OTHER = replace(ONE, part=("zone", 3))
WORSE = replace(ONE, detail="by now 7")


def test_what_is_new_is_told_once() -> None:
    told = Told()
    assert list(told.take([ONE])) == [ONE]
    assert list(told.take([ONE, OTHER])) == [OTHER]
    assert list(told.take([OTHER, WORSE])) == []


def test_ends_come_before_what_is_new() -> None:
    told = Told()
    list(told.take([WORSE]))
    assert list(told.take([OTHER])) == [replace(ONE, over=True), OTHER]
    assert list(told.take([])) == [replace(OTHER, over=True)]
    assert list(told.take([])) == []
