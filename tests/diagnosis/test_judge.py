"""Machines on one time: deadlines before observations, in the order of time."""

from collections.abc import Sequence

from edge_agent.diagnosis.cause import Cause
from edge_agent.diagnosis.finding import Finding, Severity
from edge_agent.diagnosis.judge import Judge, Output
from edge_agent.diagnosis.observation import Observation
from edge_agent.domain.kinds import Kind


class Echo:
    """Says when it was called, and what with; asks to be woken at the given times."""

    def __init__(self, name: str, *wakes: int) -> None:
        self.name = name
        self.wakes = list(wakes)

    def handle(self, observation: Observation | None, now_ns: int) -> Sequence[Output]:
        if observation is None:
            assert self.wakes.pop(0) == now_ns
        said = Finding(
            t_ns=now_ns,
            panel=self.name,
            cause=Cause.TEST,
            severity=Severity.NOTICE,
            reasons=("echo",),
            remedy="none",
            lines=() if observation is None else (observation.line,),
        )
        return [said]

    def deadline_ns(self) -> int | None:
        return self.wakes[0] if self.wakes else None


def heard(outputs: Sequence[Output]) -> list[tuple[int, str | None, tuple[int, ...]]]:
    return [(one.t_ns, one.panel, one.lines) for one in outputs]


def test_every_deadline_up_to_an_observation_comes_before_it() -> None:
    judge = Judge([Echo("a", 5, 10), Echo("b", 3, 10, 11)])
    assert judge.deadline_ns() == 3
    found = list(judge.take(Observation(line=7, t_ns=10, kind=Kind.LOG)))
    assert heard(found) == [
        *[(3, "b", ()), (5, "a", ()), (10, "a", ()), (10, "b", ())],
        *[(10, "a", (7,)), (10, "b", (7,))],
    ]
    assert heard(list(judge.until(20))) == [(11, "b", ())]
    assert judge.deadline_ns() is None


class Belated:
    """Finds, on an observation, that something was due long before it."""

    def __init__(self) -> None:
        self.due: int | None = None
        self.called: list[int] = []

    def handle(self, observation: Observation | None, now_ns: int) -> Sequence[Output]:
        self.called.append(now_ns)
        self.due = 4 if observation is not None else None
        return []

    def deadline_ns(self) -> int | None:
        return self.due


def test_what_was_due_before_it_is_known_falls_at_once_and_not_in_the_past() -> None:
    """Fails where a deadline is taken at its word: verdicts were told with times that go back."""
    machine = Belated()
    list(Judge([machine]).take(Observation(line=7, t_ns=10, kind=Kind.LOG)))
    assert machine.called == [10, 10]
