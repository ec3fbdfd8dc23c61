"""One panel's session of the moment, and what becomes of its actions.

Reports, faults and link changes go to the intake from here; bytes to send, registers to read and
closing are returned to whoever holds the line or the bus.
"""

from collections.abc import Callable

from edge_agent.clock import Clock
from edge_agent.domain.finding import Finding
from edge_agent.domain.session import (
    ClockRead,
    Close,
    Committed,
    Fault,
    Input,
    Link,
    Obeyed,
    Opened,
    Read,
    Recent,
    Report,
    Send,
    Session,
    Ticked,
    Write,
)
from edge_agent.domain.stamp import Stamp
from edge_agent.limits import CLOCK_STEP_NS_MIN
from edge_agent.link.desk import Desk
from edge_agent.link.faults import Faults
from edge_agent.link.intake import Intake
from edge_agent.link.reports import Reports

Outward = Send | Read | Write | Close
"""What only the holder of the line or bus can do."""


class Conversation:
    """The life of one panel over all its sessions; `wake` is called when `due` has work."""

    def __init__(
        self,
        panel: str,
        session: Callable[[], Session],
        intake: Intake,
        clock: Clock,
        wake: Callable[[], None],
        desk: Desk | None = None,
    ) -> None:
        self.panel = panel
        self.reports = Reports(panel, intake, wake)
        self._make = session
        self._session: Session | None = None
        self._intake = intake
        self._clock = clock
        self._faults = Faults(panel, intake)
        self._online: bool | None = None
        self._wake = wake
        self.desk = desk or Desk()
        self._told: ClockRead | None = None  # what this session knows of our clock

    def begin(self) -> list[Outward]:
        """The line is up: start a fresh session."""
        untold = self.reports.renew()
        self._session = self._make()
        self._told = None
        self.desk.open(self._wake)
        recent, standing = self._intake.recent(self.panel), self._intake.standing(self.panel)
        waiting = None
        if untold is not None:
            age_ns = max(0, self._clock.boottime_ns() - untold.stamp.boottime_ns)
            waiting = Recent(untold.frame, age_ns)
        return self.take(Opened(recent, standing, waiting))

    def end(self, reason: str) -> None:
        """The line is gone: nothing more is said to this session, and the panel is offline."""
        self.reports.renew()
        self._session = None
        self.desk.close(reason)
        self._link(Link(False, reason))

    def take(self, happened: Input, stamp: Stamp | None = None) -> list[Outward]:
        """Give `happened` to the session; `stamp` is when its bytes were read, None for now."""
        return self._take(happened, self._clock.boottime_ns(), stamp)

    def due(self) -> list[Outward]:
        """Give the session its commits and commands, and its deadline if that has passed."""
        outward: list[Outward] = []
        for token in self.reports.durable():
            outward += self.take(Committed(token))
        for commanded in self.desk.take():
            outward += self.take(commanded)
        deadline_ns, now_ns = self.deadline_ns(), self._clock.boottime_ns()
        if deadline_ns is not None and deadline_ns <= now_ns:
            outward += self._take(Ticked(), now_ns, None)
        return outward

    def deadline_ns(self) -> int | None:
        """Return when `due` has work even if nothing happens."""
        return self._session.deadline_ns() if self._session is not None else None

    def fault(self, fault: Fault) -> None:
        """Count a fault that the line or bus found."""
        self._faults.take(fault, self._clock.boottime_ns())

    def _take(self, happened: Input, now_ns: int, stamp: Stamp | None) -> list[Outward]:
        if self._session is None:
            return []
        if isinstance(happened, Opened):
            outward = self._give(happened, now_ns, stamp)
            return outward + self._tell_clock(now_ns)
        return self._tell_clock(now_ns) + self._give(happened, now_ns, stamp)

    def _tell_clock(self, now_ns: int) -> list[Outward]:
        """Tell the session what our clock is worth where it does not know yet."""
        stamp = self._clock.stamp()
        wall_ns, told = stamp.wall_ns, self._told
        offset_ns = None if wall_ns is None else wall_ns - stamp.boottime_ns
        if told is not None and told.trust is stamp.trust and _near(told.offset_ns, offset_ns):
            return []
        self._told = ClockRead(offset_ns, stamp.trust)
        return self._give(self._told, now_ns, None)

    def _give(self, happened: Input, now_ns: int, stamp: Stamp | None) -> list[Outward]:
        assert self._session is not None, "only a running session is given anything"
        outward: list[Outward] = []
        for action in self._session.handle(happened, now_ns):
            match action:
                case Report():
                    self.reports.submit(action, stamp or self._clock.stamp())
                case Fault():
                    self._faults.take(action, now_ns)
                case Link():
                    self._link(action)
                case Finding():
                    self._intake.finding(self.panel, action)
                case Obeyed():
                    self.desk.settle(action)
                case Send() | Read() | Write() | Close():
                    outward.append(action)
        return outward

    def _link(self, link: Link) -> None:
        if link.online is not self._online:
            self._online = link.online
            self._intake.link(self.panel, link.online, link.reason)


def _near(one_ns: int | None, other_ns: int | None) -> bool:
    if one_ns is None or other_ns is None:
        return one_ns is other_ns
    return abs(one_ns - other_ns) < CLOCK_STEP_NS_MIN
