"""What becomes of a session's actions, without any line."""

import asyncio
from collections.abc import Callable

from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.finding import Cause, Finding
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import (
    WAITING,
    Action,
    ClockRead,
    Close,
    Commanded,
    Committed,
    Fault,
    FaultKind,
    Input,
    Link,
    Obeyed,
    Opened,
    Read,
    Received,
    Recent,
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

STATUS = Command(act=Act.STATUS)


class HandClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_ns = 1000
        self.offset_ns: int | None = None
        self.trust = Trust.UNSET

    def boottime_ns(self) -> int:
        return self.now_ns

    def stamp(self) -> Stamp:
        wall_ns = None if self.offset_ns is None else self.now_ns + self.offset_ns
        return Stamp(wall_ns, self.now_ns, bytes(16), self.trust)


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
    recent = (Recent(b"older"), Recent(b"frame", 7))
    standing = (Signal(kind=Kind.FIRE, state=State.ACTIVE, code="110", zone=3),)
    conversation, session, _, _ = start({}, Intake(recent_of=recent, standing_of=standing))
    conversation.begin()
    unset = ClockRead(None, Trust.UNSET)
    assert session.given == [(Opened(recent, standing), 1000), (unset, 1000)]


def test_a_session_begins_with_what_no_earlier_one_was_told_of() -> None:
    async def main() -> None:
        signal = Signal(kind=Kind.FIRE, state=State.ACTIVE, frame=b"frame")
        intake = Intake(commits=False)
        conversation, session, clock, _ = start({Received: [Report(1, (signal,))]}, intake)
        conversation.begin()
        conversation.take(Received(b"."), clock.stamp())
        conversation.end("unplugged")
        clock.now_ns += 5
        session.given.clear()
        conversation.begin()
        assert session.given[0] == (Opened((), (), Recent(b"frame", 5)), clock.now_ns)
        intake.futures[0].set_result(None)
        await asyncio.sleep(0)
        conversation.due()
        assert session.given[-1] == (Committed(WAITING), clock.now_ns)

    run(main())


def test_a_session_is_told_of_our_clock_when_its_trust_changes_or_it_jumps() -> None:
    conversation, session, clock, _ = start({})
    conversation.begin()
    told: list[ClockRead] = []

    def take() -> list[ClockRead]:
        session.given.clear()
        clock.now_ns += 10**9
        conversation.take(Received(b""))
        told[:] = [one for one, _ in session.given if isinstance(one, ClockRead)]
        assert isinstance(session.given[-1][0], Received), "the clock is told first"
        return told

    assert take() == []
    clock.trust, clock.offset_ns = Trust.SYNCED, 5 * 10**9
    assert take() == [ClockRead(5 * 10**9, Trust.SYNCED)]
    clock.offset_ns += 400_000_000  # slewed
    assert take() == []
    clock.offset_ns += 400_000_000
    assert take() == [ClockRead(5_800_000_000, Trust.SYNCED)]
    clock.trust = Trust.HOLDOVER
    assert take() == [ClockRead(5_800_000_000, Trust.HOLDOVER)]
    conversation.end("unplugged")
    conversation.begin()
    assert session.given[-1][0] == ClockRead(5_800_000_000, Trust.HOLDOVER), "a new session"


def test_findings_go_to_the_intake() -> None:
    finding = Finding(Cause.LINE_NOISE, True, "2 of 9 frames damaged")
    conversation, _, _, intake = start({Received: [finding]})
    conversation.begin()
    conversation.take(Received(b""))
    assert intake.findings == [("p1", finding)]


def test_a_command_reaches_the_session_and_its_outcome_whoever_asked() -> None:
    async def main() -> None:
        answer: list[Action] = [Send(b"S14"), Obeyed(1, Outcome.DONE)]
        conversation, session, _, _ = start({Commanded: answer})
        asked = conversation.desk.ask(STATUS)
        assert asked.result().outcome is Outcome.LOST, "no session runs"
        conversation.begin()
        answer[1] = Obeyed(2, Outcome.DONE)
        asked = conversation.desk.ask(STATUS)
        assert conversation.due() == [Send(b"S14")]
        assert (await asked).outcome is Outcome.DONE
        assert session.given[-1][0] == Commanded(2, STATUS)

    run(main())


def test_a_command_is_lost_with_its_line_and_never_given_again() -> None:
    async def main() -> None:
        conversation, session, _, _ = start({})
        conversation.begin()
        asked = [conversation.desk.ask(STATUS)]
        conversation.due()
        asked.append(conversation.desk.ask(STATUS))  # handed in, not yet given
        conversation.end("unplugged")
        assert [one.result().outcome for one in asked] == [Outcome.LOST] * 2
        session.given.clear()
        conversation.begin()
        conversation.due()
        assert not [one for one, _ in session.given if isinstance(one, Commanded)]

    run(main())


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
    assert [type(given) for given, _ in session.given] == [Opened, ClockRead]
