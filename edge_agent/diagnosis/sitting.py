"""One run's judging: the events of the journal in, verdicts and findings as events out.

    sitting = Sitting(site)
    for event in journal: for sayings in sitting.take(event): ...
    for sayings in sitting.begin(): ...           # what was before is rebuilt; say what is unsaid
    for sayings in sitting.take(event): ...       # live
    for sayings in sitting.until(boottime_ns): ...

A live run and `edge-agent judge --journal` are this same machine.  What it says depends on the
events, on which one was the last before `begin`, and on nothing else: when a live run calls `until`
changes nothing, as long as it never goes beyond an event that is still to come.

Work comes in steps, so that whoever runs it can attend to something else between any two.
"""

from collections.abc import Callable, Iterable, Iterator

from edge_agent.diagnosis.docket import Docket, Saying
from edge_agent.diagnosis.events import Events
from edge_agent.diagnosis.guard import Guard
from edge_agent.diagnosis.judge import Judge, Machine, Output
from edge_agent.diagnosis.machines import MACHINES
from edge_agent.diagnosis.numbering import Numbering
from edge_agent.diagnosis.site import Site
from edge_agent.domain.event import Numbered
from edge_agent.evidence.cited import Place

Steps = Iterator[list[Saying]]
"""One list for each step, most of them empty."""


class Sitting:
    """Judges from the first event that it is given on."""

    def __init__(self, site: Site, makers: Iterable[Callable[[Site], Machine]] = MACHINES) -> None:
        self._guards = [Guard(make, site) for make in makers]
        self._judge = Judge(self._guards)
        self._events = Events()
        self._numbering = Numbering()
        self.docket = Docket(self._numbering)
        self.since: Place | None = None
        self.heard = 0  # events

    @property
    def t_ns(self) -> int:
        """The time that was reached."""
        return self._events.course.t_ns

    def take(self, event: Numbered) -> Steps:
        """Take the next event; in each epoch they come in the order of their numbers."""
        place = Place(event.epoch, event.seq)
        if self.since is None:
            self.since = place
        self.heard += 1
        before_ns = self.t_ns
        heard = self._events.take(event, self._numbering.line(place))
        self.docket.hear(event, before_ns)
        yield from self._fall(heard.t_ns)
        for observation in heard.observations:
            yield self._said(self._judge.take(observation))

    def until(self, boottime_ns: int) -> Steps:
        """Let deadlines fall up to a boot time, of the boot of the last event."""
        yield from self._fall(self._events.course.at(boottime_ns))

    def begin(self) -> Steps:
        """What came before has been heard; return what of it was never said."""
        return self.docket.begin()

    def deadline_ns(self) -> int | None:
        """Return the boot time at which the next thing falls by itself."""
        due_ns = self._judge.deadline_ns()
        return None if due_ns is None else self._events.course.boottime_ns(due_ns)

    def _fall(self, until_ns: int) -> Steps:
        """One deadline a step."""
        while (due_ns := self._judge.deadline_ns()) is not None and due_ns <= until_ns:
            yield self._said(self._judge.until(due_ns))

    def _said(self, outputs: Iterable[Output]) -> list[Saying]:
        """Return what is to be said of one step: what was judged, and which machines failed."""
        said = [one for output in outputs for one in self.docket.take(output)]
        for guard in self._guards:
            for failure in guard.failures:
                said += self.docket.fail(failure)
            guard.failures.clear()
        return said
