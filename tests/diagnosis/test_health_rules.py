"""The rule table is whole: each parameter has a range, each rule both tongues, each code a rule."""

import ast
from pathlib import Path

from edge_agent.diagnosis import health_rules
from edge_agent.diagnosis.cause import Cause
from edge_agent.diagnosis.health_rules import (
    EXPLAINS,
    RULES,
    Limits,
    groups,
    parameters,
    row,
    span_row,
)
from edge_agent.diagnosis.zone_watch import TROUBLES

PAGE = Path(__file__).resolve().parent.parent.parent / "docs/diagnosis.md"
FOLDER = Path(health_rules.__file__).parent


def test_every_parameter_has_a_range_that_holds_its_default() -> None:
    told = {span.of: span for span in parameters()}
    known = {f"{group}.{name}" if group else name for group, name in groups()}
    missing = known - set(told)
    assert missing <= {"power_settle_s"}, f"no range for {sorted(missing)}"
    assert set(told) <= known
    for span in told.values():
        assert span.low <= span.default(Limits()) <= span.high, span


def test_every_rule_speaks_both_tongues() -> None:
    for rule in RULES.values():
        assert rule.says.endswith(".")
        assert rule.remedy
        for chinese in (rule.says_zh, rule.remedy_zh):
            assert any("\u4e00" <= sign <= "\u9fff" for sign in chinese), rule.id


def test_every_rule_is_used_and_every_used_rule_is_there() -> None:
    used = set()
    for file in FOLDER.glob("*.py"):
        if file.name != "health_rules.py":
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Constant) and node.value in RULES:
                    used.add(node.value)
    assert used == set(RULES)
    assert set(TROUBLES.values()) <= set(RULES)


def test_nothing_explains_in_a_circle() -> None:
    def reach(cause: Cause, seen: frozenset[Cause]) -> None:
        assert cause not in seen, f"{cause} explains itself over {sorted(seen)}"
        for other in EXPLAINS.get(cause, ()):
            reach(other, seen | {cause})

    for cause in EXPLAINS:
        reach(cause, frozenset())


def test_the_page_has_every_rule_and_every_parameter() -> None:
    page = PAGE.read_text().splitlines()
    wanted = [row(rule) for rule in RULES.values()]
    assert [line for line in page if line.startswith("| `") and line.count("|") == 7] == wanted
    spans = [span_row(rule, span) for rule in RULES.values() for span in rule.spans]
    assert [line for line in page if line.startswith("| `") and line.count("|") == 6] == spans
