"""Feeds observations and deadlines, in the order of their time, to machines that judge them.

Machines live on stamps: before an observation at t every deadline up to t fires, live and in replay
alike.  So what is said depends on what was heard and on nothing else.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from edge_agent.diagnosis.finding import Finding
from edge_agent.diagnosis.observation import Observation
from edge_agent.diagnosis.plain import plainly
from edge_agent.diagnosis.verdict import Verdict

Output = Verdict | Finding


class Machine(Protocol):
    """One decision that takes time."""

    def handle(self, observation: Observation | None, now_ns: int) -> Sequence[Output]:
        """Take one observation, None where the deadline has come; return what is judged now."""

    def deadline_ns(self) -> int | None:
        """Return when `handle` is to be called without an observation, None for never."""


class Judge:
    """Several machines on one time."""

    def __init__(self, machines: Iterable[Machine]) -> None:
        self._machines = tuple(machines)
        self._heard_ns: int | None = None  # nothing falls before it any more

    def take(self, observation: Observation) -> Iterator[Output]:
        """Yield what falls up to and with this observation.

        An alarm is in the lines of a verdict, whatever the machines make of it: where none of them
        says one, because it failed or is set aside, the alarm is judged by its kind alone.
        """
        yield from self.until(observation.t_ns)
        self._heard_ns = observation.t_ns
        held = not observation.is_alarm
        for machine in self._machines:
            for output in machine.handle(observation, observation.t_ns):
                held = held or (isinstance(output, Verdict) and observation.line in output.lines)
                yield output
        if not held:
            yield plainly(observation)
        yield from self.until(observation.t_ns)  # what it shows to be due since before it

    def until(self, now_ns: int) -> Iterator[Output]:
        """Yield what falls by deadlines up to `now_ns`, that moment included."""
        while (due := self._due(now_ns)) is not None:
            machine, at_ns = due
            if self._heard_ns is not None:
                at_ns = max(at_ns, self._heard_ns)
            yield from machine.handle(None, at_ns)
            after_ns = machine.deadline_ns()
            assert after_ns is None or after_ns > at_ns, "a deadline that has come is over"

    def deadline_ns(self) -> int | None:
        """Return the earliest deadline of all machines."""
        return min(
            (at for machine in self._machines if (at := machine.deadline_ns()) is not None),
            default=None,
        )

    def _due(self, now_ns: int) -> tuple[Machine, int] | None:
        found: tuple[Machine, int] | None = None
        for machine in self._machines:
            at_ns = machine.deadline_ns()
            if at_ns is not None and at_ns <= now_ns and (found is None or at_ns < found[1]):
                found = machine, at_ns
        return found
