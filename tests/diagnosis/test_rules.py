"""The rule table: complete, in range, and the same times as a configuration takes."""

import re
from pathlib import Path

from edge_agent.diagnosis.rules import RULES, TIMES, Parameter, Rule
from edge_agent.domain.site import TIME_NAMES

ROOT = Path(__file__).resolve().parent.parent.parent


def test_every_time_that_can_be_stated_has_its_default_and_range() -> None:
    assert set(TIMES) == set(TIME_NAMES)
    assert all(one.allows(one.default) and one.clause for one in TIMES.values())


def used() -> set[str]:
    """Every rule that the sources name in a reason."""
    found: set[str] = set()
    for file in (
        "intrusion",
        "doubt",
        "sabotage",
        "witness",
        "clearing",
        "openings",
        "life",
        "fire",
        "why",
        "incident",
        "incidents",
        "plain",
    ):
        text = (ROOT / f"edge_agent/diagnosis/{file}.py").read_text()
        found |= set(re.findall(r'"([a-z0-9]+\.[a-z_]+|soak)"', text))
    return found


def test_every_rule_is_used_and_every_one_used_is_there() -> None:
    assert used() == set(RULES)


def test_every_rule_is_explained_in_both_tongues_and_within_its_range() -> None:
    for rule in RULES.values():
        assert rule.english.endswith(".")
        assert rule.chinese.endswith("。")
        assert rule.standard
        assert rule.effect
        assert all(one.allows(one.default) and one.clause for one in rule.parameters.values())


def row(name: str, rule: Rule) -> str:
    return f"| `{name}` | {rule.standard} | {rule.effect} | {rule.english} |"


def test_the_page_has_every_rule() -> None:
    page = (ROOT / "docs/diagnosis.md").read_text()
    rows = [row(name, rule) for name, rule in RULES.items()]
    assert [
        line for line in page.splitlines() if line.startswith("| `") and line.count("|") == 5
    ] == rows


def test_numbers_come_from_the_table() -> None:
    assert RULES["common.cause"].ns("together_s") == 2_000_000_000
    assert not Parameter(1, 2, 3, "x").allows(1)
