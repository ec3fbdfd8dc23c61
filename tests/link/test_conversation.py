"""What becomes of a session's actions, without any line."""

from collections.abc import Callable

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import (
    Action,
    Close,
    Fault,
    FaultKind,
    Input,
    Link,
    Opened,
    Read,
    Received,
    Report,
    Send,
    Table,
    Ticked,
)
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.link.conversation import Conversation
from edge_agent.link.wake import Wake
from tests.link.rig import Intake, run


class HandClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_ns = 1000

    def boottime_ns(self) -> int:
        return self.now_ns

    def stamp(self) -> Stamp:
        return Stamp(None, self.now_ns, bytes(16), Trust.UNSET)


class Scripted:
    """Answers each input as told; keeps what it was given."""

    def __init__(self, answers: dict[type[Input], list[Action]]) -> None:
        self.answers = answers
        self.given: list[tuple[Input, int]] = []
        self.at_ns: int | None = None

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        self.given.append((happened, now_ns))
        return self.answers.get(type(happened), [])

    def deadline_ns(self) -> int | None:
        return self.at_ns


def start(
    answers: dict[type[Input], list[Action]], intake: Intake | None = None
) -> tuple[Conversation, Scripted, HandClock, Intake]:
    clock, session, intake = HandClock(), Scripted(answers), intake or Intake()
    make: Callable[[], Scripted] = lambda: session  # noqa: E731  a factory in a line
    return Conversation("p1", make, intake, clock, Wake()), session, clock, intake


def test_a_session_begins_with_what_was_recorded_last() -> None:
    conversation, session, _, _ = start({}, Intake(last_of=(b"frame", 7)))
    conversation.begin()
    assert session.given == [(Opened(b"frame", 7), 1000)]


def test_what_the_line_must_do_is_returned_in_order() -> None:
    read = Read(1, Table.COILS, 0, 8)
    actions: list[Action] = [Send(b"a"), Fault(FaultKind.NOISE), read, Close("bye")]
    conversation, _, _, intake = start({Received: actions})
    conversation.begin()
    assert conversation.take(Received(b"")) == [Send(b"a"), read, Close("bye")]
    assert intake.faults == {"noise": 1}


def test_a_report_has_the_time_when_its_bytes_were_read_or_else_now() -> None:
    async def main() -> None:
        report = Report(0, (Signal(kind=Kind.FIRE, state=State.ACTIVE),))
        conversation, session, clock, intake = start({Received: [report], Ticked: [report]})
        conversation.begin()
        read_at = clock.stamp()
        clock.now_ns = 5000
        conversation.take(Received(b""), read_at)
        session.at_ns = 5000
        conversation.due()
        assert [stamp.boottime_ns for _, _, stamp in intake.recorded] == [1000, 5000]

    run(main())


def test_a_link_is_said_on_change_only() -> None:
    conversation, session, _, intake = start({Received: [Link(True, "heard")]})
    conversation.begin()
    for _ in range(3):
        conversation.take(Received(b""))
    session.answers[Received] = [Link(False, "silent")]
    conversation.take(Received(b""))
    for _ in range(3):
        conversation.end("unplugged")
    conversation.begin()
    session.answers[Received] = [Link(True, "back")]
    conversation.take(Received(b""))
    assert intake.links == [("p1", True, "heard"), ("p1", False, "silent"), ("p1", True, "back")]


def test_a_panel_never_seen_is_said_to_be_offline_when_its_line_fails() -> None:
    conversation, _, _, intake = start({})
    conversation.end("port missing")
    assert intake.links == [("p1", False, "port missing")]


def test_the_deadline_ticks_once_it_has_passed() -> None:
    conversation, session, clock, _ = start({Ticked: [Send(b"poll")]})
    conversation.begin()
    session.at_ns = 2000
    assert conversation.deadline_ns() == 2000
    assert conversation.due() == []
    clock.now_ns = 2500
    assert conversation.due() == [Send(b"poll")]
    assert session.given[-1] == (Ticked(), 2500)


def test_a_session_that_ended_hears_nothing() -> None:
    conversation, session, _, _ = start({Received: [Send(b"a")]})
    conversation.begin()
    session.at_ns = 0
    conversation.end("gone")
    assert conversation.take(Received(b"late")) == []
    assert conversation.deadline_ns() is None
    assert conversation.due() == []
    assert len(session.given) == 1
