"""Every machine that judges keeps to what the judge asks of it."""

from edge_agent.diagnosis.judge import Judge
from edge_agent.diagnosis.machines import MACHINES
from edge_agent.diagnosis.observation import Observation
from edge_agent.diagnosis.site import Site
from edge_agent.domain.kinds import Kind, State


def test_all_machines_hear_an_alarm_of_a_site_that_nobody_described() -> None:
    judge = Judge(make(Site()) for make in MACHINES)
    alarm = Observation(line=1, t_ns=0, kind=Kind.PANIC, state=State.ACTIVE, panel="p1")
    assert [getattr(said, "tier", None) for said in judge.take(alarm)] == [4]
