"""A machine that fails takes nothing else along, and is said."""

from collections.abc import Sequence

from edge_agent.diagnosis.guard import FRESH_MAX, Guard
from edge_agent.diagnosis.judge import Judge
from edge_agent.diagnosis.observation import Observation
from edge_agent.diagnosis.site import Site
from edge_agent.diagnosis.verdict import Verdict
from edge_agent.domain.kinds import Kind


class Brittle:
    """Fails at zone 13; its deadline at 100 stays due for ever."""

    def __init__(self, _: Site) -> None:
        self.heard = 0
        self.due_ns: int | None = None

    def handle(self, observation: Observation | None, now_ns: int) -> Sequence[Verdict]:
        if observation is not None:
            self.heard += 1
            if observation.zone == 13:
                raise KeyError("thirteen")
            self.due_ns = 100 if observation.zone == 100 else None
        return ()

    def deadline_ns(self) -> int | None:
        return self.due_ns


def seen(zone: int, t_ns: int = 0) -> Observation:
    return Observation(line=5, t_ns=t_ns, kind=Kind.LOG, panel="p1", zone=zone)


def test_a_fresh_machine_follows_one_that_failed() -> None:
    guard = Guard(Brittle, Site())
    assert guard.handle(seen(1), 0) == ()
    assert guard.failures == []
    guard.handle(seen(13), 0)
    (failure,) = guard.failures
    assert (failure.machine, failure.aside, failure.line) == ("Brittle", False, 5)
    assert failure.what.startswith("KeyError at test_guard.py:")
    assert isinstance(guard._machine, Brittle)
    assert guard._machine.heard == 0


def test_one_that_fails_again_and_again_is_set_aside() -> None:
    guard = Guard(Brittle, Site())
    for _ in range(FRESH_MAX + 1):
        guard.handle(seen(13), 0)
    assert [one.aside for one in guard.failures] == [False] * FRESH_MAX + [True]
    assert guard.handle(seen(13), 0) == ()
    assert len(guard.failures) == FRESH_MAX + 1
    assert guard.deadline_ns() is None


def test_a_deadline_that_is_never_over_holds_nobody_up() -> None:
    guard = Guard(Brittle, Site())
    judge = Judge([guard])
    list(judge.take(seen(100)))
    assert list(judge.until(1000)) == []
    assert "still due" in guard.failures[0].what
