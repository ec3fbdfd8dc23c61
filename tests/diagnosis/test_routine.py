"""The routine of self-tests as a dialogue: when one begins, when none may, and what is said."""

from edge_agent.diagnosis.probes import Probe, Probed
from edge_agent.diagnosis.routine import (
    AGAIN_NS,
    FIRST_NS,
    QUIET_NS,
    RUN_NS_MAX,
    SECOND_NS,
    SPREAD_NS,
    Alarmed,
    Asked,
    Begin,
    BreakOff,
    Ended,
    Refuse,
    Routine,
    Tell,
)
from edge_agent.evidence.bodies import FindingBody

DAY_NS = 86_400 * SECOND_NS
HOUR_NS = 3_600 * SECOND_NS


def probed(good: bool | None, what: str = "way a", probe: Probe = Probe.NETWORK) -> Probed:
    return Probed(probe, what, good, "as it is", "" if good else "mend it")


def begun(routine: Routine, now_ns: int = 0) -> None:
    assert routine.handle(Asked("root"), now_ns) == [Begin("root")]


def told(routine: Routine, *said: Probed, now_ns: int = 0) -> list[FindingBody]:
    """Make a run that ends with `said`; return the findings."""
    begun(routine, now_ns)
    actions = routine.handle(Ended(said), now_ns)
    assert all(isinstance(one, Tell) for one in actions)
    return [one.finding for one in actions if isinstance(one, Tell)]


def test_the_first_comes_after_the_start_and_the_next_after_the_interval() -> None:
    routine = Routine(DAY_NS, 0.5, 0)
    due_ns = FIRST_NS + SPREAD_NS // 2
    assert routine.deadline_ns() == due_ns
    assert routine.handle(None, due_ns - 1) == []
    assert routine.handle(None, due_ns) == [Begin("schedule")]
    assert routine.handle(Ended((probed(good=True),)), due_ns) == []
    again_ns = routine.deadline_ns()
    assert again_ns is not None
    assert 0.9 * DAY_NS <= again_ns - due_ns <= 1.1 * DAY_NS


def test_gateways_and_days_are_spread() -> None:
    times = set()
    for gateway in range(20):
        routine = Routine(DAY_NS, gateway / 20, 0)
        due_ns = 0
        for _ in range(5):
            due_ns = routine.deadline_ns() or 0
            routine.handle(None, due_ns)
            routine.handle(Ended(()), due_ns)
            times.add(due_ns // (60 * SECOND_NS) % 1440)
    assert len(times) > 70


def test_without_a_schedule_only_who_asks_gets_one() -> None:
    routine = Routine(None, 0.0, 0)
    assert routine.deadline_ns() is None
    assert routine.handle(None, DAY_NS) == []
    assert told(routine, probed(good=False))
    assert routine.deadline_ns() is None


def test_none_begins_while_an_alarm_is_young() -> None:
    routine = Routine(DAY_NS, 0.0, 0)
    routine.handle(Alarmed(), FIRST_NS - 1)
    assert routine.deadline_ns() == FIRST_NS - 1 + QUIET_NS
    assert routine.handle(None, FIRST_NS) == []
    [refused] = routine.handle(Asked("root"), FIRST_NS)
    assert isinstance(refused, Refuse)
    assert "30 min" in refused.reason
    assert not routine.running
    assert routine.handle(None, FIRST_NS - 1 + QUIET_NS) == [Begin("schedule")]


def test_an_alarm_breaks_off_what_goes_on_once() -> None:
    routine = Routine(DAY_NS, 0.0, 0)
    begun(routine)
    assert routine.handle(Alarmed(), SECOND_NS) == [BreakOff("an alarm came")]
    assert routine.handle(Alarmed(), SECOND_NS) == []
    assert routine.deadline_ns() is None  # its end is awaited
    [finding] = routine.handle(Ended((probed(good=False),), whole=False), 2 * SECOND_NS)
    assert isinstance(finding, Tell)  # what was seen by then counts
    assert routine.deadline_ns() == 2 * SECOND_NS + AGAIN_NS


def test_a_run_has_an_end_and_who_asks_meanwhile_begins_no_second() -> None:
    routine = Routine(DAY_NS, 0.0, 0)
    begun(routine)
    assert routine.handle(Asked("other"), 1) == []
    assert routine.deadline_ns() == RUN_NS_MAX
    [broken] = routine.handle(None, RUN_NS_MAX)
    assert isinstance(broken, BreakOff)


def test_what_fails_is_found_once_and_looked_at_again_within_the_hour() -> None:
    routine = Routine(DAY_NS, 0.0, 0)
    [finding] = told(routine, probed(good=False))
    assert (finding.cause, finding.panel, finding.over) == (
        "broker_unreachable",
        "@gateway",
        False,
    )
    assert finding.reasons == ("probe.network",)
    assert "way a" in finding.detail
    assert routine.deadline_ns() == HOUR_NS
    assert told(routine, probed(good=False), now_ns=HOUR_NS) == []
    [over] = told(routine, probed(good=True), now_ns=2 * HOUR_NS)
    assert over == FindingBody.from_body({**finding.to_body(), 8: True})
    assert told(routine, probed(good=True), now_ns=3 * HOUR_NS) == []


def test_a_second_failure_of_one_cause_is_told_with_the_first() -> None:
    routine = Routine(DAY_NS, 0.0, 0)
    told(routine, probed(good=False), probed(good=True, what="way b"))
    [both] = told(routine, probed(good=False), probed(good=False, what="way b"))
    assert "way a" in both.detail
    assert "way b" in both.detail
    assert told(routine, probed(good=True), probed(good=False, what="way b")) == []
    [over] = told(routine, probed(good=True), probed(good=True, what="way b"))
    assert over.over


def test_what_was_not_tried_changes_nothing() -> None:
    """A name that does not resolve hides what is behind it: that is no repair."""
    routine = Routine(DAY_NS, 0.0, 0)
    assert told(routine, probed(good=None)) == []
    told(routine, probed(good=False))
    [hidden] = told(routine, probed(good=False, probe=Probe.NAME), probed(good=None))
    assert hidden.cause == "name_unresolved"
    [found, mended] = told(routine, probed(good=True, probe=Probe.NAME), probed(good=True))
    assert {found.cause, mended.cause} == {"broker_unreachable", "name_unresolved"}
    assert found.over
    assert mended.over


def test_the_worst_of_one_cause_says_how_soon_and_watched_parts_are_found_by_others() -> None:
    routine = Routine(DAY_NS, 0.0, 0)
    [finding] = told(
        routine, probed(good=False, probe=Probe.TLS_FILES), probed(good=False, probe=Probe.PANEL)
    )
    assert finding.severity == "urgent"
    assert finding.cause == "credentials"
