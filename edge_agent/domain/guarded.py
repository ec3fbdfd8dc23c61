"""Keeps a driver of somebody else's package from taking the other panels along.

Pure.  A bug of ours ends the process, which is started anew, and is mended.  One in a driver that
others wrote would end it again and again, for all panels.  So what its session raises ends that
session alone: the line is closed, and opened again with a fresh one after the usual waits, which is
told nothing of earlier frames: it could fail on them again.  The bytes that it failed on are kept
as unknown, no ACK is given for them, and all is said.
"""

from collections.abc import Callable

from edge_agent.domain.command import Outcome
from edge_agent.domain.finding import Cause, Finding
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import (
    Action,
    Close,
    Commanded,
    Input,
    Link,
    Obeyed,
    Opened,
    Received,
    Report,
    Session,
)
from edge_agent.domain.signal import FRAME_BYTES_MAX, Signal

UNREAD = 2**62
"""The token of what a session failed on: none that a session counts to."""


class Guard:
    """The sessions of one panel; what went wrong is a finding once, however often it happens.

    guard = Guard(lambda: driver.session(setup))
    guard.session()          # in the place of `driver.session(setup)`
    """

    def __init__(self, make: Callable[[], Session]) -> None:
        self._make = make
        self._told: set[str] = set()  # where it failed: places in its code are few

    def session(self) -> Session:
        """Start a fresh conversation."""
        return _Guarded(self._make(), self)

    def opened(self, happened: Opened) -> Opened:
        """Return what a session is told of before."""
        return Opened(standing=happened.standing) if self._told else happened

    def failed(self, error: Exception, happened: Input) -> list[Action]:
        """Return what is said of a session that raised `error`; its words may hold a user code."""
        place = where(error)
        actions: list[Action] = []
        match happened:
            case Received(data) if data:
                unread = Signal(kind=Kind.UNKNOWN, state=State.ACTIVE, frame=data[:FRAME_BYTES_MAX])
                actions.append(Report(UNREAD, (unread,)))
            case Commanded(number):
                actions.append(Obeyed(number, Outcome.UNANSWERED, "the panel's driver failed"))
        if place not in self._told:
            self._told.add(place)
            actions.append(Finding(Cause.DRIVER_BROKEN, active=True, detail=place))
        reason = f"its driver failed: {place}"
        return [*actions, Link(online=False, reason=reason), Close(reason)]


class _Guarded:
    """One session, until it raises."""

    def __init__(self, session: Session, guard: Guard) -> None:
        self._session: Session | None = session
        self._guard = guard
        self._error: Exception | None = None  # raised where nothing could be said

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """Take one input; see Session."""
        if self._session is None:
            return []
        if self._error is not None:
            return self._end(self._error, happened)
        if isinstance(happened, Opened):
            happened = self._guard.opened(happened)
        try:
            return list(self._session.handle(happened, now_ns))
        except Exception as error:
            return self._end(error, happened)

    def deadline_ns(self) -> int | None:
        """See Session: at once, where it raises."""
        if self._session is None:
            return None
        try:
            return self._session.deadline_ns()
        except Exception as error:
            self._error = error
            return 0

    def _end(self, error: Exception, happened: Input) -> list[Action]:
        self._session = None
        return self._guard.failed(error, happened)


def where(error: Exception) -> str:
    """Return what was raised, and where."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    name = type(error).__name__
    if trace is None:
        return name
    file = trace.tb_frame.f_code.co_filename.rpartition("/")[2]
    return f"{name} in {file}:{trace.tb_lineno}"
