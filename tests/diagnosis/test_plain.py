"""An alarm that no machine judges still has its verdict."""

from collections.abc import Sequence

import pytest

from edge_agent.diagnosis.guard import FRESH_MAX, Guard
from edge_agent.diagnosis.judge import Judge, Output
from edge_agent.diagnosis.observation import ALARM_KINDS, Observation
from edge_agent.diagnosis.plain import plainly
from edge_agent.diagnosis.site import Site
from edge_agent.diagnosis.verdict import Verdict
from edge_agent.domain.kinds import Kind, State


class Broken:
    """Fails at everything that it hears."""

    def __init__(self, _: Site) -> None:
        pass

    def handle(self, observation: Observation | None, now_ns: int) -> Sequence[Output]:
        raise KeyError(now_ns)

    def deadline_ns(self) -> int | None:
        return None


class Elsewhere(Broken):
    """Says a verdict, of something else."""

    def handle(self, observation: Observation | None, now_ns: int) -> Sequence[Output]:
        return [plainly(alarm(Kind.FIRE, 99))]


def alarm(kind: Kind, line: int) -> Observation:
    return Observation(line=line, t_ns=7, kind=kind, state=State.ACTIVE, panel="p1", zone=3, area=1)


@pytest.mark.parametrize("kind", sorted(ALARM_KINDS))
def test_each_alarm_stands_at_the_tier_of_its_kind_before_and_after_a_machine_is_set_aside(
    kind: Kind,
) -> None:
    judge = Judge([Guard(Broken, Site())])
    least = {Kind.BURGLARY: 1, Kind.TAMPER: 1, Kind.FIRE: 2, Kind.GAS: 2, Kind.CO: 2}
    for line in range(2, FRESH_MAX + 5):
        (said,) = judge.take(alarm(kind, line))
        assert isinstance(said, Verdict)
        assert said.reasons == ("judging.plain",)
        assert (said.tier, said.lines, said.incident) == (least.get(kind, 4), (line,), f"i{line}")
        assert (said.panel, said.area, said.zones, said.t_ns) == ("p1", 1, (3,), 7)


def test_a_verdict_that_does_not_hold_the_alarm_is_none_of_it() -> None:
    other, said = Judge([Elsewhere(Site())]).take(alarm(Kind.BURGLARY, 2))
    assert isinstance(other, Verdict)
    assert isinstance(said, Verdict)
    assert (other.lines, said.lines) == ((99,), (2,))


def test_nothing_is_said_of_what_is_no_alarm() -> None:
    judge = Judge([Guard(Broken, Site())])
    quiet = Observation(line=2, t_ns=7, kind=Kind.BURGLARY, state=State.RESTORED, panel="p1")
    assert list(judge.take(quiet)) == []
