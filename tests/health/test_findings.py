"""Rules over readings: found once, over once, in words; gone is not absent.

Seen to fail: a reading that vanished judged as 0; `over` said of what was never found; an absent
reading that became a finding; a rule without hysteresis.
"""

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.body import BodySettings
from edge_agent.evidence.bodies import FindingBody, Severity
from edge_agent.health.debounce import S
from edge_agent.health.findings import LOST_NS, Findings, rules_of

RULES = rules_of(BodySettings())
BAD = {
    "temperature_c": 84.5,
    "under_voltage": 1.0,
    "throttled": 1.0,
    "card_life_percent": 90.0,
    "card_reserve_step": 3.0,
    "card_gb_a_day": 12.0,
    "handles_percent": 71.0,
    "threads": 50.0,
    "memory_mib": 180.0,
    "memory_pressure_percent": 40.0,
}
GOOD = dict.fromkeys(BAD, 0.0) | {"card_reserve_step": 1.0}


def fed(findings: Findings, readings: dict[str, float], start: int, stop: int) -> list[FindingBody]:
    """Feed the same readings every second."""
    return [found for t in range(start, stop) for found in findings.handle(readings, t * S)]


def test_every_rule_finds_and_ends_once() -> None:
    assert {rule.reading for rule in RULES} == set(BAD)
    findings = Findings(RULES)
    assert fed(findings, GOOD, 0, 300) == []
    found = fed(findings, BAD, 300, 600)
    assert [one.reasons[0] for one in found if one.over] == []
    assert sorted(one.reasons[0] for one in found) == sorted(rule.id for rule in RULES)
    assert len(findings.holding()) == len(RULES)
    for one in found:
        assert one.remedy
        assert one.detail
        assert one.panel == "@gateway"
        one.to_body()
    over = fed(findings, GOOD, 600, 900)
    assert sorted(one.reasons[0] for one in over) == sorted(rule.id for rule in RULES)
    assert all(one.over for one in over)
    assert findings.holding() == []


def test_a_finding_tells_what_was_measured_and_the_limit() -> None:
    findings = Findings(rules_of(BodySettings(temperature_max_c=70)))
    (hot,) = fed(findings, {"temperature_c": 71.26}, 0, 60)
    assert (hot.cause, hot.detail, hot.severity) == (
        "overheated",
        "71.3 C, limit 70 C",
        Severity.MAINTAIN,
    )
    assert fed(findings, {"temperature_c": 66}, 60, 600) == []  # between the limits
    (over,) = fed(findings, {"temperature_c": 65}, 600, 700)
    assert over.over
    (low,) = fed(Findings(RULES), {"under_voltage": 1.0}, 0, 60)
    assert low.subject == {"panel": "@gateway", "supply": "main"}


def test_handles_are_found_well_before_the_limit() -> None:
    findings = Findings(RULES)
    found = [
        (used, one)
        for used in range(101)
        for one in findings.handle({"handles_percent": used}, used)
    ]
    assert [(used, one.cause) for used, one in found] == [(70, "handles_low")]


def test_what_was_never_there_is_no_finding_and_what_is_gone_is_one() -> None:
    findings = Findings(RULES)
    assert fed(findings, {}, 0, 3600) == []
    assert "temperature_c" in findings.absent()
    assert fed(findings, {"temperature_c": 40}, 3600, 3700) == []
    assert "temperature_c" not in findings.absent()
    gone = fed(findings, {}, 3700, 3800)
    assert [one.cause for one in gone] == ["source_lost"]
    assert gone[0].detail == "temperature_c cannot be read any more"
    (back,) = fed(findings, {"temperature_c": 40}, 3800, 3900)
    assert back.over


def test_a_reading_that_is_away_for_a_moment_is_not_lost() -> None:
    findings = Findings(RULES)
    for start in range(0, 600, 60):
        assert fed(findings, {"temperature_c": 40}, start, start + 35) == []
        assert fed(findings, {}, start + 35, start + 60) == []


def test_what_the_configuration_asks_for_is_missed_from_the_start() -> None:
    findings = Findings(RULES, ["tamper"])
    found: list[FindingBody] = []
    for t in range(60):
        found += findings.handle({}, t * S, {"tamper": "gpiochip0 line 4 is in use"})
    (missed,) = found
    assert missed.severity is Severity.URGENT
    assert missed.reasons == ("body.lost.tamper",)
    assert missed.detail == "tamper is configured and cannot be read: gpiochip0 line 4 is in use"
    (over,) = findings.handle({"tamper": 1.0}, 100 * S)
    assert over.over


def test_a_reading_that_is_gone_neither_finds_nor_ends_anything() -> None:
    findings = Findings(RULES)
    fed(findings, BAD, 0, 300)
    held = {one.reasons for one in findings.holding()}
    fed(findings, {}, 300, 600)
    assert held < {one.reasons for one in findings.holding()}


values = st.fixed_dictionaries(
    {}, optional={name: st.floats(-10, 200, allow_nan=False) for name in BAD}
)


@given(st.lists(st.tuples(values, st.integers(0, 40)), max_size=40))
def test_finding_and_over_take_turns(said: list[tuple[dict[str, float], int]]) -> None:
    findings = Findings(RULES)
    now = 0
    holds: set[tuple[str, ...]] = set()
    for readings, pause_s in said:
        now += pause_s * S
        for one in findings.handle(readings, now):
            assert one.over is (one.reasons in holds)
            holds ^= {one.reasons}
    assert holds == {one.reasons for one in findings.holding()}
    assert LOST_NS > 0
