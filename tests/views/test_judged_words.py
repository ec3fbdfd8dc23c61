"""Verdicts and findings in words: nothing is missing in either language."""

import re
from typing import Any

import pytest

from edge_agent.diagnosis.cause import Cause
from edge_agent.diagnosis.finding import Severity
from edge_agent.diagnosis.health_rules import RULES as HEALTH_RULES
from edge_agent.diagnosis.rules import RULES
from edge_agent.views.judged_words import CAUSES, OWN, TIERS, Judged

VERDICT: dict[str, Any] = {
    "tier": 2,
    "panel": "p1",
    "area": 1,
    "zones": [4, 3],
    "reasons": ["bs8243.sequential", "bs8243.unconfirmed"],
    "cause": None,
    "evidence": ["0102030405060708/3", "0102030405060708/5"],
    "incident": "0102030405060708/3",
}
FINDING: dict[str, Any] = {
    "subject": {"panel": "p1", "zone": 4},
    "cause": "loop_drift",
    "severity": "maintain",
    "reasons": ["loop.drift"],
    "remedy": HEALTH_RULES["loop.drift"].remedy,
    "detail": "8.4 % off",
    "over": False,
}
LETTERS = re.compile("[a-z]{3,}")


def test_a_verdict_reads_in_one_line() -> None:
    assert Judged("en").verdict(VERDICT) == (
        "tier 2, presence likely: panel p1 area 1 zone 4, 3; A second, independent detector alarmed"
        " within the confirmation time: somebody is there (bs8243.sequential, bs8243.unconfirmed);"
        " 2 events, incident 0102030405060708/3"
    )
    assert Judged("zh").verdict({**VERDICT, "tier": 1, "cause": "loose_contact"}) == (
        "1 级，先核实：主机 p1 分区 1 防区 4、3；确认时间内第二个独立探测器报警：很可能有人"
        "（bs8243.sequential, bs8243.unconfirmed）；原因：触点松动；依据 2 条事件，"
        "事件组 0102030405060708/3"
    )


def test_a_finding_reads_in_one_line() -> None:
    english = Judged("en").finding(FINDING)
    assert english.startswith("p1 zone 4 loop drifts maintain; 8.4 % off; open the joints")
    chinese = Judged("zh").finding(FINDING)
    assert chinese.startswith("p1 防区 4 回路阻值漂移 下次维护；8.4 % off；")
    assert not LETTERS.search(chinese.replace("off", ""))
    over = {**FINDING, "over": True, "subject": {"panel": "@gateway"}}
    assert Judged("zh").finding(over) == "网关 回路阻值漂移 已消除"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_this_version_does_not_know_is_shown_as_it_stands(language: str) -> None:
    judged = Judged(language)
    strange = {**VERDICT, "reasons": ["new.rule"], "cause": "new_cause", "area": None, "zones": []}
    assert "new.rule" in judged.verdict(strange)
    assert "new_cause" in judged.verdict(strange)
    assert judged.verdict({**strange, "reasons": [], "panel": None})
    found = {**FINDING, "subject": {"panel": "p1", "rack": 2}, "cause": "dim", "severity": "soon"}
    for rule in ("x", "loop.drift"):  # one that is not known, or had another remedy
        said = judged.finding({**found, "reasons": [rule], "remedy": "turn it off"})
        assert all(word in said for word in ("rack 2", "dim", "soon", "turn it off"))


def test_every_cause_rule_and_severity_has_words_in_both() -> None:
    assert set(CAUSES) == {str(cause) for cause in Cause}
    english, chinese = Judged("en"), Judged("zh")
    for cause in Cause:
        assert english.cause(cause) != chinese.cause(cause)
    for name in OWN:
        assert english.cause(name) == name
        assert not LETTERS.search(chinese.cause(name).replace("TLS", ""))
    for rule in RULES:
        assert english.reason(rule) != chinese.reason(rule)
    for severity in Severity:
        assert severity not in chinese.finding({**FINDING, "severity": str(severity)})
    assert len(TIERS) == 5
