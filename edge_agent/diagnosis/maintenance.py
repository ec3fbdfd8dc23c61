"""The maintenance list: what every detector, line, supply and bus is worth, and what to do.

A detector's score is its machines' own (`zone_watch`).  Of everything else it is 100 less the
points of the rules that hold there: the rule's own, or by how soon somebody has to come.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from edge_agent.diagnosis.board import Place
from edge_agent.diagnosis.finding import Finding, Severity
from edge_agent.diagnosis.health_rules import RULES
from edge_agent.domain.body import GATEWAY_PANEL

VISIT_BELOW = 60
"""A score below it wants a visit; at 40 a detector's word weighs half."""

_POINTS = {Severity.URGENT: 60, Severity.MAINTAIN: 30, Severity.NOTICE: 10}
_URGENCY = {Severity.URGENT: 0, Severity.MAINTAIN: 1, Severity.NOTICE: 2}


@dataclass(frozen=True, slots=True)
class Points:
    """What one rule takes off a score."""

    rule: str
    points: int

    def __str__(self) -> str:
        return f"{self.rule} -{self.points}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the list: a detector, supply or bus of a panel, or the panel's own line.

    `score` is 100 (sound) to 0, `points` what was taken off, the most first; `findings` hold now,
    the most urgent first.  `tested_days` is how long ago a detector was walk-tested; None: nobody
    knows of a test.
    """

    place: Place
    score: int
    points: tuple[Points, ...] = ()
    findings: tuple[Finding, ...] = ()
    tested_days: float | None = None

    @property
    def kind(self) -> str:
        """What it is: `detector`, `supply`, `bus`, `line`, or `uplink`, the gateway's own line."""
        part = self.place.part
        if part is None:
            return "uplink" if self.place.panel == GATEWAY_PANEL else "line"
        return "detector" if part[0] == "zone" else part[0]

    @property
    def flawed(self) -> bool:
        """Whether there is anything to say of it."""
        return bool(self.points or self.findings)


def points_of(rules: Iterable[str]) -> tuple[Points, ...]:
    """Return what rules that hold take off the score of what is no detector."""
    taken = [Points(one, RULES[one].weight or _POINTS[RULES[one].severity]) for one in rules]
    return tuple(sorted(taken, key=lambda one: (-one.points, one.rule)))


def score_of(points: Iterable[Points]) -> int:
    """Return 100 less all points, at least 0."""
    return max(0, 100 - sum(one.points for one in points))


def by_urgency(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the most urgent first, of those the oldest."""
    return tuple(sorted(findings, key=lambda one: (_URGENCY[one.severity], one.t_ns)))


def worst_first(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries in the order in which they want to be seen to."""
    return sorted(entries, key=lambda one: (one.score, _order(one.place)))


def _order(place: Place) -> tuple[str, str, int, str]:
    name, value = place.part or ("", "")
    number = value if isinstance(value, int) else 0
    return place.panel, name, number, str(value)
