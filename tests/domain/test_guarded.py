"""What a session of another's code raises costs its own line, and is said."""

from collections.abc import Callable

from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.finding import Cause, Finding
from edge_agent.domain.guarded import Guard
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
    Recent,
    Report,
    Send,
    Ticked,
)
from edge_agent.domain.signal import Signal

STANDING = Signal(kind=Kind.FIRE, code="110", state=State.ACTIVE, zone=3)


class Fragile:
    """It answers, but for `b"2468"`, which it cannot read."""

    def __init__(self) -> None:
        self.heard: list[Input] = []
        self.due: Callable[[], int | None] = lambda: None

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """See Session."""
        del now_ns
        self.heard.append(happened)
        if happened in (Received(b"2468"), Commanded(1, Command(act=Act.STATUS))):
            raise KeyError("2468")
        return [Send(b"?")]

    def deadline_ns(self) -> int | None:
        """See Session."""
        return self.due()


def guarded() -> tuple[Guard, list[Fragile]]:
    made: list[Fragile] = []

    def make() -> Fragile:
        made.append(Fragile())
        return made[-1]

    return Guard(make), made


def test_a_session_that_is_well_is_not_in_the_way() -> None:
    guard, made = guarded()
    session = guard.session()
    opened = Opened((Recent(b"frame"),), (STANDING,))
    assert session.handle(opened, 1) == [Send(b"?")]
    assert made[0].heard == [opened]
    made[0].due = lambda: 7
    assert session.deadline_ns() == 7


def test_what_it_fails_on_is_kept_unread_and_the_line_begins_anew() -> None:
    guard, made = guarded()
    session = guard.session()
    report, finding, link, close = session.handle(Received(b"2468"), 1)
    assert isinstance(report, Report)
    assert [(one.kind, one.frame) for one in report.signals] == [(Kind.UNKNOWN, b"2468")]
    assert isinstance(finding, Finding)
    assert (finding.cause, finding.active) == (Cause.DRIVER_BROKEN, True)
    assert finding.detail.startswith("KeyError in test_guarded.py:")
    assert isinstance(link, Link)
    assert not link.online
    assert isinstance(close, Close)
    assert "2468" not in f"{finding.detail}{link.reason}{close.reason}", "it could be a code"
    assert session.handle(Received(b"more"), 2) == []
    assert session.deadline_ns() is None
    fresh = guard.session()
    fresh.handle(Opened((Recent(b"2468"),), (STANDING,), Recent(b"2468")), 3)
    assert made[1].heard == [Opened(standing=(STANDING,))], "it could fail on them again"
    kinds = [type(one) for one in fresh.handle(Received(b"2468"), 4)]
    assert kinds == [Report, Link, Close], "found once"


def test_an_order_that_it_fails_on_has_its_outcome() -> None:
    guard, _ = guarded()
    actions = guard.session().handle(Commanded(1, Command(act=Act.STATUS)), 1)
    assert [a.outcome for a in actions if isinstance(a, Obeyed)] == [Outcome.UNANSWERED]


def test_a_deadline_that_raises_is_due_at_once_and_said() -> None:
    guard, made = guarded()
    session = guard.session()
    made[0].due = lambda: 1 // 0
    assert session.deadline_ns() == 0
    finding, _, close = session.handle(Ticked(), 1)
    assert isinstance(finding, Finding)
    assert finding.detail.startswith("ZeroDivisionError in test_guarded.py:")
    assert isinstance(close, Close)
