"""The conversation with a transmission device: ACKs, repeats, edges, clock, duty check, silence."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers._gb26875_frames import Command as Word
from drivers._gb26875_frames import Header, data_of, frame_of, header_of, time_of
from drivers._gb26875_memory import REPEAT_NS
from drivers.gb26875 import (
    CUT_NS,
    DRIVER,
    SETTLE_NS,
    GbSession,
)
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.finding import Cause, Finding
from edge_agent.domain.kinds import Kind
from edge_agent.domain.session import (
    WAITING,
    Action,
    ClockRead,
    Commanded,
    Committed,
    Fault,
    FaultKind,
    Link,
    Obeyed,
    Opened,
    Plain,
    Received,
    Recent,
    Report,
    Send,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import NS_PER_S as NS
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Trust
from edge_agent.resources import check_options, load_codes
from tests.drivers.actions import faults, sent
from tests.drivers.golden_gb26875 import (
    ACKNOWLEDGE,
    CALL_POINT,
    DEVICE_NORMAL,
    DUTY_ANSWER,
    DUTY_CHECK,
    REGISTRATION,
)

NOW = datetime(2026, 11, 23, 10, 20, 30, tzinfo=UTC)
CODES = load_codes()


def setup(*allow: str, **options: Plain) -> Setup:
    return Setup(CODES, None, check_options(DRIVER, options), UTC, frozenset(allow))


def serial(frame: bytes, number: int) -> bytes:
    """Return the same frame with another serial."""
    header = header_of(frame)
    changed = Header(
        number,
        header.version,
        header.time,
        header.source,
        header.destination,
        header.command,
    )
    return frame_of(changed, data_of(frame))


def said(data: bytes, number: int, command: Word = Word.SEND) -> bytes:
    """Return what the device of the examples says."""
    return frame_of(Header(number, (1, 0), header_of(CALL_POINT).time, 0x2468, 1, command), data)


def state(status: int, second: int = 28, point: int = 21, kind: int = 23) -> bytes:
    """Return the data of one component's state."""
    head = bytes((2, 1, 1, 1, kind)) + point.to_bytes(2, "little") + b"\x03\x00"
    time = bytes((second,)) + data_of(CALL_POINT)[-5:]
    return head + status.to_bytes(2, "little") + bytes(31) + time


class Center:
    """A session with a clock of its own."""

    def __init__(self, *allow: str, resync: bool = False, **options: Plain) -> None:
        self.session = GbSession(setup(*allow, resync=resync, **options))
        self.now_ns = 1000 * NS

    def open(
        self, *recent: Recent, synced: bool = True, standing: tuple[Signal, ...] = ()
    ) -> list[Action]:
        actions = self.session.handle(Opened(recent, standing), self.now_ns)
        if synced:
            offset_ns = int(NOW.timestamp()) * NS - self.now_ns
            actions += self.session.handle(ClockRead(offset_ns, Trust.SYNCED), self.now_ns)
        return actions

    def hear(
        self, data: bytes, after_s: float = 0.0, peer: int = 0, *, packet: bool = False
    ) -> list[Action]:
        self.now_ns += int(after_s * NS)
        return self.session.handle(Received(data, peer, packet), self.now_ns)

    def commit(self, *tokens: int) -> list[Action]:
        actions: list[Action] = []
        for token in tokens:
            actions += self.session.handle(Committed(token), self.now_ns)
        return actions

    def take(self, data: bytes, after_s: float = 0.0) -> tuple[Signal, ...]:
        """Hear a frame, make it durable at once, return what was news."""
        actions = self.hear(data, after_s)
        self.commit(*tokens(actions))
        return signals(actions)

    def tick(self) -> list[Action]:
        due = self.session.deadline_ns()
        assert due is not None
        self.now_ns = max(self.now_ns, due)
        return self.session.handle(Ticked(), self.now_ns)

    def command(self, act: Act) -> list[Action]:
        return self.session.handle(Commanded(7, Command(act=act)), self.now_ns)


def opened(*allow: str, resync: bool = False, **options: Plain) -> Center:
    center = Center(*allow, resync=resync, **options)
    center.open()
    center.hear(DEVICE_NORMAL)
    return center


def tokens(actions: list[Action]) -> list[int]:
    return [action.token for action in actions if isinstance(action, Report)]


def signals(actions: list[Action]) -> tuple[Signal, ...]:
    return tuple(s for action in actions if isinstance(action, Report) for s in action.signals)


def words(actions: list[Action]) -> list[int]:
    return [header_of(data).command for data in sent(actions)]


def states(news: tuple[Signal, ...]) -> list[tuple[str, str]]:
    return [(signal.kind.value, signal.state.value) for signal in news]


# ---- ACKs


def test_no_ack_before_the_event_is_durable() -> None:
    center = opened()
    actions = center.hear(CALL_POINT)
    assert sent(actions) == []
    assert sent(center.commit(*tokens(actions))) == [
        # the typed example but for the second, which is our clock's, and so the sum
        ACKNOWLEDGE[:6] + b"\x1e" + ACKNOWLEDGE[7:27] + b"\x0c" + ACKNOWLEDGE[28:]
    ]


def test_without_a_clock_the_answer_says_the_devices_own_time() -> None:
    center = Center()
    center.open(synced=False)
    [ack] = sent(center.hear(DEVICE_NORMAL))
    assert header_of(ack).time == header_of(DEVICE_NORMAL).time


def test_a_state_that_is_no_news_is_acknowledged_at_once() -> None:
    assert words(opened().hear(serial(DEVICE_NORMAL, 9))) == [Word.ACKNOWLEDGE]


def test_what_repeats_an_event_that_is_not_durable_waits_with_it() -> None:
    """The same state under another serial is no news, yet what it says may still be lost."""
    center = opened()
    actions = center.hear(CALL_POINT)
    assert sent(center.hear(serial(CALL_POINT, 9))) == []
    acks = sent(center.commit(*tokens(actions)))
    assert [header_of(ack).serial for ack in acks] == [0x0102, 9]


def test_a_registration_has_its_own_ack() -> None:
    center = Center()
    center.open()
    [ack] = sent(center.hear(REGISTRATION))
    assert (header_of(ack).command, data_of(ack)) == (Word.ACKNOWLEDGE, b"\x17")
    assert header_of(ack).version == (1, 0x14)  # as the device says it


def test_a_damaged_frame_is_denied_and_its_copy_taken() -> None:
    center = opened()
    actions = center.hear(CALL_POINT[:40] + b"\x55" + CALL_POINT[41:])
    assert faults(actions) == [FaultKind.CHECKSUM]
    [deny] = sent(actions)
    assert (header_of(deny).command, header_of(deny).serial) == (Word.DENY, 0x0102)
    assert states(center.take(CALL_POINT, 0.5)) == [("fire", "active")]


def test_contents_that_never_fit_are_kept_the_third_time() -> None:
    center = opened()
    odd = said(b"\x02\x02abc", 9)
    assert words(center.hear(odd)) == [Word.DENY]
    assert words(center.hear(odd, 10)) == [Word.DENY]
    actions = center.hear(odd, 10)
    [signal] = signals(actions)
    assert (signal.kind, signal.frame) == (Kind.UNKNOWN, odd)
    assert words(center.commit(*tokens(actions))) == [Word.ACKNOWLEDGE]
    assert FaultKind.REPEAT in faults(center.hear(odd, 10))


def test_an_unknown_command_too_is_acknowledged_once_kept() -> None:
    center = opened()
    odd = said(b"abc", 9, Word(6))
    odd = frame_of(Header(9, (1, 0), bytes(6), 0x2468, 1, 77), b"abc")
    center.hear(odd)
    center.hear(odd, 10)
    assert words(center.commit(*tokens(center.hear(odd, 10)))) == [Word.ACKNOWLEDGE]


# ---- repeats


def test_a_retransmission_is_recorded_once_and_acknowledged_again() -> None:
    center = opened()
    actions = center.hear(CALL_POINT)
    repeat = center.hear(CALL_POINT, 10)
    assert (faults(repeat), tokens(repeat), sent(repeat)) == ([FaultKind.REPEAT], [], [])
    assert words(center.commit(*tokens(actions))) == [Word.ACKNOWLEDGE]
    repeat = center.hear(CALL_POINT, 10)
    assert (faults(repeat), tokens(repeat), words(repeat)) == (
        [FaultKind.REPEAT],
        [],
        [Word.ACKNOWLEDGE],
    )


def test_a_retransmission_with_a_new_time_in_its_header_is_one() -> None:
    center = opened()
    center.take(CALL_POINT)
    header = header_of(CALL_POINT)
    later = Header(header.serial, (1, 0), bytes.fromhex("28 14 0A 17 0B 1A"), 0x2468, 1, Word.SEND)
    assert faults(center.hear(frame_of(later, data_of(CALL_POINT)), 10)) == [FaultKind.REPEAT]


def test_the_same_serial_of_another_device_or_with_other_contents_is_new() -> None:
    center = opened()
    center.take(CALL_POINT)
    other = frame_of(Header(0x0102, (1, 0), bytes(6), 0x9999, 1, Word.SEND), data_of(CALL_POINT))
    assert len(center.take(other)) == 1
    assert states(center.take(said(state(5, point=3), 0x0102))) == [("zone_trouble", "active")]


def test_after_a_restart_a_repeat_is_known() -> None:
    center = Center()
    center.open(Recent(CALL_POINT, 5 * NS))
    actions = center.hear(CALL_POINT, 1)
    assert (tokens(actions), words(actions)) == ([], [Word.ACKNOWLEDGE])


def test_what_no_session_was_told_of_gets_no_ack_until_it_is_durable() -> None:
    center = Center(resync=False)
    center.session.handle(Opened(waiting=Recent(CALL_POINT, 5 * NS)), center.now_ns)
    actions = center.hear(CALL_POINT, 1)
    assert (tokens(actions), sent(actions)) == ([], [])
    assert words(center.commit(WAITING)) == [Word.ACKNOWLEDGE]
    assert words(center.hear(CALL_POINT, 10)) == [Word.ACKNOWLEDGE]


def test_long_after_it_is_new() -> None:
    center = Center()
    center.open(Recent(CALL_POINT, REPEAT_NS))
    assert len(tokens(center.hear(CALL_POINT, 1))) == 1


def test_a_line_opened_again_forgets_what_was_not_durable() -> None:
    center = opened()
    [token] = tokens(center.hear(CALL_POINT))
    center.open()
    [again] = tokens(center.hear(CALL_POINT, 1))
    assert center.commit(token) == []
    assert words(center.commit(again)) == [Word.ACKNOWLEDGE]


# ---- the clock


def test_the_clock_is_set_where_allowed_and_synced() -> None:
    center = Center("clock", resync=False)
    center.open()
    [ack, order] = sent(center.hear(DEVICE_NORMAL))  # of 10:30:20, ten minutes off: at once
    assert header_of(ack).command == Word.ACKNOWLEDGE
    assert data_of(order)[:2] == b"\x5a\x01"
    assert time_of(data_of(order)[2:]).iso == "2026-11-23T10:20:30"


def test_a_clock_that_is_right_is_set_once_all_is_quiet() -> None:
    center = Center("clock", resync=False)
    center.open()
    center.hear(said(data_of(DEVICE_NORMAL), 1))
    [order] = sent(center.tick())
    assert center.now_ns == 1000 * NS + SETTLE_NS
    assert time_of(data_of(order)[2:]).iso == "2026-11-23T10:20:31"


def test_the_clock_is_not_set_unasked_where_it_is_not_allowed() -> None:
    center = opened()
    assert center.session.deadline_ns() == center.now_ns + 180 * NS


def test_a_clock_that_is_off_is_a_finding() -> None:
    center = Center()
    center.open()
    late = frame_of(
        Header(1, (1, 0), bytes.fromhex("1E 16 0A 17 0B 1A"), 0x2468, 1, Word.SEND),
        data_of(DEVICE_NORMAL),
    )
    actions = center.hear(late)
    assert actions[-1] == Finding(Cause.PANEL_CLOCK, True, "+120 s")  # after all that was heard
    assert len([action for action in actions if isinstance(action, Finding)]) == 1


def test_a_clock_command_is_sent_once_and_answered_once() -> None:
    center = opened()
    [order] = sent(center.command(Act.CLOCK))
    assert Obeyed(7, Outcome.UNANSWERED, "no ACK") in center.tick()
    assert center.session.deadline_ns() == 1000 * NS + 180 * NS
    [order] = sent(center.command(Act.CLOCK))
    ack = frame_of(Header(header_of(order).serial, (1, 0), bytes(6), 0x2468, 1, Word.ACKNOWLEDGE))
    assert center.hear(ack) == [Obeyed(7, Outcome.DONE)]
    assert center.hear(ack) == []
    [order] = sent(center.command(Act.CLOCK))
    deny = frame_of(Header(header_of(order).serial, (1, 0), bytes(6), 0x2468, 1, Word.DENY))
    assert center.hear(deny)[-1] == Obeyed(7, Outcome.REFUSED)


def test_commands_that_cannot_be() -> None:
    center = Center()
    center.open(synced=False)
    assert center.command(Act.STATUS) == [Obeyed(7, Outcome.REFUSED, "the device is not there")]
    center.hear(DEVICE_NORMAL)
    assert center.command(Act.CLOCK) == [Obeyed(7, Outcome.CLOCK_UNSURE)]
    [no] = center.command(Act.BYPASS)
    assert isinstance(no, Obeyed)
    assert no.outcome is Outcome.UNSUPPORTED
    assert center.command(Act.STATUS)[0] == Obeyed(7, Outcome.DONE, "asked")


# ---- duty check


def test_a_duty_check_is_asked_and_its_answer_recorded() -> None:
    center = opened(duty_check_s=600)
    for at in range(5):
        center.hear(serial(DEVICE_NORMAL, 20 + at), 100)
    [order] = sent(center.tick())
    assert data_of(order) == data_of(DUTY_CHECK)
    ack = frame_of(Header(header_of(order).serial, (1, 0), bytes(6), 0x2468, 1, Word.ACKNOWLEDGE))
    center.hear(ack, 1)
    [answer] = center.take(DUTY_ANSWER, 60)
    assert (answer.kind, answer.user, answer.text) == (Kind.LOG, 1, "查岗应答 duty check answered")


def test_a_duty_check_that_nobody_answers_is_recorded_as_missed() -> None:
    center = opened(duty_check_s=600, duty_minutes=1)
    for at in range(5):
        center.hear(serial(DEVICE_NORMAL, 20 + at), 100)
    [order] = sent(center.tick())
    center.hear(
        frame_of(Header(header_of(order).serial, (1, 0), bytes(6), 0x2468, 1, Word.ACKNOWLEDGE))
    )
    [missed] = signals(center.tick())
    assert missed.text == "查岗未应答 duty check missed"
    assert missed.frame == order
    assert center.now_ns == 1000 * NS + 690 * NS


# ---- silence, listening, lines


def test_silence_and_return() -> None:
    center = opened()
    actions = center.tick()
    assert center.now_ns == 1000 * NS + 180 * NS
    assert actions == [
        Fault(FaultKind.SILENCE, "no state and no event"),
        Link(online=False, reason="silence"),
    ]
    assert center.session.deadline_ns() is None
    assert center.hear(serial(DEVICE_NORMAL, 9), 1)[0] == Link(online=True)


def test_another_centers_words_prove_no_device() -> None:
    center = Center(listen_only=True)
    center.open()
    assert center.hear(DUTY_CHECK + ACKNOWLEDGE) == []


def test_listening_only_sends_nothing() -> None:
    center = opened("clock", resync=True, listen_only=True, duty_check_s=600)
    actions = center.hear(CALL_POINT, 1)
    assert center.commit(*tokens(actions)) == []
    for _ in range(3):
        if center.session.deadline_ns() is not None:
            assert sent(center.tick()) == []
    [forbidden] = center.command(Act.CLOCK)
    assert isinstance(forbidden, Obeyed)
    assert forbidden.outcome is Outcome.FORBIDDEN


def test_a_cut_frame_is_given_up_and_never_glued_to_its_copy() -> None:
    center = opened()
    center.hear(CALL_POINT[:50])
    begun_ns = center.now_ns
    assert faults(center.tick()) == [FaultKind.LENGTH]
    assert center.now_ns == begun_ns + CUT_NS
    center.hear(CALL_POINT[:50])
    assert len(tokens(center.hear(CALL_POINT, 10))) == 1


def test_datagrams_are_whole_and_answered_where_they_came_from() -> None:
    center = Center()
    center.open()
    assert faults(center.hear(CALL_POINT[:50], peer=3, packet=True)) == [FaultKind.LENGTH]
    assert tokens(center.hear(CALL_POINT[50:], peer=3, packet=True)) == []
    actions = center.hear(CALL_POINT, peer=3, packet=True)
    center.hear(CALL_POINT, 10, peer=4, packet=True)  # its address changed meanwhile
    [ack] = center.commit(*tokens(actions))
    assert isinstance(ack, Send)
    assert ack.peer == 4


def test_more_than_one_percent_of_damage_is_a_finding() -> None:
    center = opened()
    wrong = CALL_POINT[:40] + b"\x55" + CALL_POINT[41:]
    found = [a for _ in range(3) for a in center.hear(wrong) if isinstance(a, Finding)]
    assert [finding.cause for finding in found] == [Cause.LINE_NOISE]


# ---- bounds


@given(st.lists(st.binary(max_size=60), max_size=6), st.integers(0, 255), st.integers(1, 255))
@settings(max_examples=60, deadline=None)
def test_hostile_frames_with_good_sums_never_raise(
    parts: list[bytes], kind: int, command: int
) -> None:
    center = Center("clock")
    center.open()
    for part in parts:
        frame = frame_of(
            Header(1, (255, 255), bytes((255,) * 6), 2**48 - 1, 0, command), bytes((kind,)) + part
        )
        center.commit(*tokens(center.hear(frame, 1)))
