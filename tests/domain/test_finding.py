"""Findings: every cause has its remedy and its rule."""

from edge_agent.domain.finding import REMEDIES, RULES, Cause


def test_every_cause_has_a_remedy_and_a_rule() -> None:
    assert set(REMEDIES) == set(RULES) == set(Cause)
    assert all(REMEDIES.values())
