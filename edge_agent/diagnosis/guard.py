"""Keeps a machine that fails from taking anything else along.

A bug in judging must cost a verdict, never a signal.  So an exception in a machine ends that
machine alone: a fresh one takes its place, which knows nothing of before (and what is unknown
lowers no tier).  One that fails again and again is set aside for the rest of the run; all is said.
The same events make the same machine fail in a replay, so this too is the same there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from edge_agent.diagnosis.judge import Machine, Output
from edge_agent.diagnosis.observation import Observation
from edge_agent.diagnosis.site import Site

FRESH_MAX = 3
"""So often a failed machine is replaced in one run: a bug that comes with every event costs little,
one that comes once a day costs no more than what was open then."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A machine failed: its name, what was raised and where, and whether it is set aside."""

    machine: str
    what: str
    aside: bool
    line: int | None


class Guard:
    """One machine, and those that follow it."""

    def __init__(self, make: Callable[[Site], Machine], site: Site) -> None:
        self._make = make
        self._site = site
        self._machine: Machine | None = make(site)
        self._left = FRESH_MAX
        self.failures: list[Failure] = []

    def handle(self, observation: Observation | None, now_ns: int) -> Sequence[Output]:
        """Take an observation or a deadline; never raises."""
        if self._machine is None:
            return ()
        try:
            said = tuple(self._machine.handle(observation, now_ns))
            if observation is None:
                due_ns = self._machine.deadline_ns()
                assert due_ns is None or due_ns > now_ns, "still due"
        except Exception as error:  # whatever it is, alarms go on
            self._replace(error, None if observation is None else observation.line)
            return ()
        return said

    def deadline_ns(self) -> int | None:
        """Return when `handle` is to be called without an observation."""
        return None if self._machine is None else self._machine.deadline_ns()

    def _replace(self, error: Exception, line: int | None) -> None:
        aside = self._left == 0
        self._left -= 1
        self._machine = None if aside else self._make(self._site)
        name = getattr(self._make, "__name__", "machine")
        self.failures.append(Failure(name, _told(error), aside, line))


def _told(error: Exception) -> str:
    """Return what was raised, and where: enough to find it by."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code.co_filename if trace is not None else "?"
    at = f"{PurePath(code).name}:{trace.tb_lineno}" if trace is not None else "?"
    return f"{type(error).__name__} at {at}: {str(error)[:80]}"
