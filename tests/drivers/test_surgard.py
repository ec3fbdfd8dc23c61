"""The conversation with a receiver: ACKs, repeats, damage, silence."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers._surgard_frames import ACK, NAK
from drivers.surgard import CUT_NS, QUIET_NS, ReceiverSession
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import (
    WAITING,
    Action,
    Committed,
    Fault,
    FaultKind,
    Link,
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
from edge_agent.resources import load_codes, load_profile
from tests.drivers.actions import faults, sent
from tests.drivers.test_surgard_frames import ARMED, BURGLARY, FE100, FIRE, HEARTBEAT, setup


class Host:
    """A session with a clock of its own, and what it did."""

    def __init__(self, **options: Plain) -> None:
        self.session = ReceiverSession(setup(**options))
        self.now_ns = 1000 * NS

    def open(self, last: bytes | None = None, age_s: float | None = None) -> list[Action]:
        age_ns = None if age_s is None else int(age_s * NS)
        return self.session.handle(
            Opened(() if last is None else (Recent(last, age_ns),)), self.now_ns
        )

    def hear(self, data: bytes, after_s: float = 0.0) -> list[Action]:
        self.now_ns += int(after_s * NS)
        return self.session.handle(Received(data), self.now_ns)

    def commit(self, token: int, after_s: float = 0.0) -> list[Action]:
        self.now_ns += int(after_s * NS)
        return self.session.handle(Committed(token), self.now_ns)

    def tick(self) -> list[Action]:
        due = self.session.deadline_ns()
        assert due is not None
        self.now_ns = max(self.now_ns, due)
        return self.session.handle(Ticked(), self.now_ns)


def opened(**options: Plain) -> Host:
    host = Host(**options)
    assert host.open() == []
    assert host.hear(HEARTBEAT) == [Link(online=True), Send(ACK)]
    return host


def tokens(actions: list[Action]) -> list[int]:
    return [action.token for action in actions if isinstance(action, Report)]


def test_no_ack_before_the_event_is_durable() -> None:
    host = opened()
    actions = host.hear(BURGLARY, 1)
    (token,) = tokens(actions)
    assert sent(actions) == []
    assert host.commit(token, 0.01) == [Send(ACK)]
    assert host.commit(token) == []


def test_one_frame_with_several_events_is_one_report() -> None:
    host = opened()
    actions = host.hear(b"S011[#1234|Nri1/BA001/BA002]\x14")
    (report,) = (action for action in actions if isinstance(action, Report))
    assert [signal.zone for signal in report.signals] == [1, 2]
    assert host.commit(report.token) == [Send(ACK)]


def test_copies_are_recorded_once_and_acknowledged_once() -> None:
    host = opened()
    (token,) = tokens(host.hear(BURGLARY))
    assert faults(host.hear(BURGLARY, 4)) == [FaultKind.REPEAT]
    assert sent(host.hear(BURGLARY[:-1] * 2 + b"\x14", 1)) == []
    assert host.commit(token, 0.1) == [Send(ACK)]


def test_a_lost_ack_is_given_again_without_a_second_record() -> None:
    host = opened()
    (token,) = tokens(host.hear(BURGLARY))
    assert sent(host.commit(token, 0.01)) == [ACK]
    actions = host.hear(BURGLARY, 4)
    assert (tokens(actions), faults(actions), sent(actions)) == ([], [FaultKind.REPEAT], [ACK])


@pytest.mark.parametrize("after_s", [0.02, 2.0, 7.0, 86400.0])
def test_the_same_event_at_another_time_is_a_new_one(after_s: float) -> None:
    host = opened()
    (token,) = tokens(host.hear(BURGLARY))
    host.commit(token, 0.005)
    assert tokens(host.hear(BURGLARY, after_s)) == [token + 1]


def test_a_copy_that_began_before_our_ack_is_answered_by_it() -> None:
    host = opened()
    (token,) = tokens(host.hear(BURGLARY + BURGLARY[:7]))
    assert sent(host.commit(token, 0.002)) == [ACK]
    actions = host.hear(BURGLARY[7:], 0.01)
    assert (faults(actions), tokens(actions), sent(actions)) == ([FaultKind.REPEAT], [], [])
    assert sent(host.hear(BURGLARY, 4)) == [ACK]  # unless that one was lost


def test_a_copy_that_the_line_doubles_is_one_repeat() -> None:
    """Nobody is answered between its halves: a receiver that waits says nothing new there."""
    host = opened()
    (token,) = tokens(host.hear(BURGLARY))
    assert sent(host.commit(token, 0.02)) == [ACK]  # and it is lost
    for _ in range(2):
        actions = host.hear(BURGLARY + BURGLARY, 4)
        assert (faults(actions), tokens(actions)) == ([FaultKind.REPEAT] * 2, [])
        assert sent(actions) == [ACK]


def test_a_heartbeat_that_waits_for_its_ack_makes_no_copy_of_what_follows() -> None:
    host = opened()
    host.commit(*tokens(host.hear(BURGLARY)))
    assert len(tokens(host.hear(HEARTBEAT + BURGLARY, 7))) == 1


def test_where_another_host_answers_nobody_knows_what_came_between() -> None:
    host = Host(listen_only=True)
    host.open()
    host.commit(*tokens(host.hear(BURGLARY)))
    actions = host.hear(BURGLARY + BURGLARY, 4)
    assert (faults(actions), len(tokens(actions))) == ([FaultKind.REPEAT], 1)


def test_what_begins_too_soon_after_our_ack_to_tell_is_recorded_when_it_comes_again() -> None:
    host = opened()
    (token,) = tokens(host.hear(BURGLARY))
    host.commit(token)
    assert faults(host.hear(BURGLARY, 0.002)) == [FaultKind.REPEAT]
    assert len(tokens(host.hear(BURGLARY, 4))) == 1


def test_a_doubled_heartbeat_has_one_ack() -> None:
    host = Host()
    host.open()
    assert sent(host.hear(HEARTBEAT)) == [ACK]
    assert host.hear(HEARTBEAT, 0.001) == []
    assert sent(host.hear(HEARTBEAT, 10)) == [ACK]


def test_the_same_event_after_another_is_a_new_one() -> None:
    host = opened()
    for frame in (BURGLARY, ARMED):
        host.commit(*tokens(host.hear(frame, 2)))
    assert len(tokens(host.hear(BURGLARY, 2))) == 1


def test_a_late_commit_waits_for_the_next_copy() -> None:
    """An ACK close to the receiver's repeat could be taken for the frame that comes next."""
    host = opened()
    (token,) = tokens(host.hear(BURGLARY))
    assert host.commit(token, 3.5) == []
    actions = host.hear(BURGLARY, 0.5)
    assert (tokens(actions), sent(actions)) == ([], [ACK])


def test_a_receiver_that_held_its_queue_says_the_same_after_the_heartbeat() -> None:
    host = opened()
    (token,) = tokens(host.hear(BURGLARY))
    assert host.commit(token, 20) == []
    assert sent(host.hear(HEARTBEAT, 10)) == [ACK]
    actions = host.hear(BURGLARY, 0.1)
    assert (tokens(actions), sent(actions)) == ([], [ACK])


def test_a_frame_that_was_never_answered_is_not_known_for_ever() -> None:
    host = opened()
    (token,) = tokens(host.hear(BURGLARY))
    host.commit(token, 20)
    assert len(tokens(host.hear(BURGLARY, 91))) == 1  # the daily test report is always the same


def test_an_ack_never_covers_a_frame_that_is_not_durable() -> None:
    host = opened()
    (first,) = tokens(host.hear(BURGLARY))
    (second,) = tokens(host.hear(ARMED, 1))
    assert host.commit(first) == []
    assert host.commit(second) == [Send(ACK)]


def test_a_heartbeat_behind_an_event_waits_for_it() -> None:
    host = opened()
    (token,) = tokens(host.hear(BURGLARY))
    assert sent(host.hear(HEARTBEAT, 1)) == []
    assert host.commit(token) == [Send(ACK)]


def waiting(age_s: float) -> Host:
    """A host whose line is up again; the frame before was never acknowledged."""
    host = Host()
    before = Recent(BURGLARY.rstrip(b"\x14") + b"\r\n", int(age_s * NS))
    host.session.handle(Opened((Recent(FIRE, NS),), waiting=before), host.now_ns)
    return host


def test_a_copy_of_what_waits_from_before_is_answered_when_that_is_durable() -> None:
    host = waiting(30.0)
    assert Send(ACK) not in host.hear(HEARTBEAT)
    assert host.hear(BURGLARY) == [Fault(FaultKind.REPEAT, "", BURGLARY)]
    assert host.commit(WAITING, 0.1) == [Send(ACK)]
    assert host.hear(BURGLARY, 4.0) == [Fault(FaultKind.REPEAT, "", BURGLARY), Send(ACK)]


def test_a_copy_of_what_became_durable_while_the_line_was_down_is_answered_at_once() -> None:
    host = waiting(30.0)
    assert host.commit(WAITING) == []
    assert Send(ACK) in host.hear(HEARTBEAT)
    assert host.hear(BURGLARY, 0.1) == [Fault(FaultKind.REPEAT, "", BURGLARY), Send(ACK)]


@pytest.mark.parametrize("durable", [False, True])
def test_what_waits_from_long_before_may_have_been_forgotten_by_the_receiver(
    durable: bool,
) -> None:
    host = waiting(91.0)
    if durable:
        host.commit(WAITING)
    assert any(isinstance(action, Report) for action in host.hear(BURGLARY))
    assert Send(ACK) not in host.hear(HEARTBEAT, 0.1), "this one is not durable"
    host.commit(WAITING)
    assert Send(ACK) in host.commit(1)


def test_after_a_restart_the_last_frame_is_known() -> None:
    host = Host()
    host.open(BURGLARY, 6.0)
    actions = host.hear(BURGLARY, 1)
    assert (tokens(actions), faults(actions), sent(actions)) == ([], [FaultKind.REPEAT], [ACK])
    assert len(tokens(host.hear(ARMED, 1))) == 1


@pytest.mark.parametrize("age_s", [60.0, None])
def test_after_a_long_or_unknown_break_the_same_frame_is_a_new_event(age_s: float | None) -> None:
    host = Host()
    host.open(BURGLARY, age_s)
    assert len(tokens(host.hear(BURGLARY, 1))) == 1


def test_a_line_opened_again_forgets_what_was_not_durable() -> None:
    host = opened()
    (token,) = tokens(host.hear(BURGLARY))
    host.open()
    (again,) = tokens(host.hear(BURGLARY, 1))
    assert again != token
    assert host.commit(token) == []
    assert host.commit(again) == [Send(ACK)]


def test_a_damaged_frame_is_asked_for_again() -> None:
    host = opened()
    actions = host.hear(b"5012 182468E1300100\x14")
    assert (faults(actions), sent(actions), tokens(actions)) == ([FaultKind.LENGTH], [], [])
    begun = host.now_ns
    assert host.tick() == [Send(NAK)]
    assert host.now_ns - begun == QUIET_NS
    assert tokens(host.hear(BURGLARY, 0.1)) == [1]


def test_a_good_copy_under_way_needs_no_nak() -> None:
    host = opened()
    host.hear(b"5012 182468E1300100\x14" + BURGLARY[:5])
    (token,) = tokens(host.hear(BURGLARY[5:], 0.02))
    assert host.commit(token, 0.01) == [Send(ACK)]
    assert host.session.deadline_ns() == host.now_ns + 90 * NS - NS // 100


@pytest.mark.parametrize("frame", [b"8011 1234 1555 1555 9\x14", b"5012 18nonsense\x14"])
def test_what_comes_back_the_same_is_kept_as_unknown(frame: bytes) -> None:
    host = opened()
    for _ in range(2):
        assert tokens(host.hear(frame, 4)) == []
        assert host.tick() == [Send(NAK)]
    actions = host.hear(frame, 4)
    (report,) = (action for action in actions if isinstance(action, Report))
    (signal,) = report.signals
    assert (signal.kind, signal.state, signal.frame) == (Kind.UNKNOWN, State.ACTIVE, frame)
    assert host.commit(report.token) == [Send(ACK)]
    assert faults(host.hear(frame, 4))[-1] is FaultKind.REPEAT


def test_a_cut_frame_is_asked_for_after_a_second_and_never_glued_to_its_copy() -> None:
    host = opened()
    assert host.hear(b"50") == []
    assert host.tick() == [Fault(FaultKind.NOISE, "", b"50")]
    assert host.hear(b"5012 1824") == []
    begun = host.now_ns
    assert sent(host.tick()) == [NAK]
    assert host.now_ns - begun == CUT_NS
    (report,) = (a for a in host.hear(BURGLARY, 0.1) if isinstance(a, Report))
    assert report.signals[0].frame == BURGLARY


def test_a_cut_frame_is_given_up_even_when_the_tick_comes_late() -> None:
    host = opened()
    host.hear(b"50")
    actions = host.hear(BURGLARY, 4)  # glued, these would be a line of three digits
    (report,) = (a for a in actions if isinstance(a, Report))
    assert report.signals[0].frame == BURGLARY


def test_a_frame_that_only_lost_its_end_is_read() -> None:
    host = opened()
    host.hear(BURGLARY[:-1])
    assert len(tokens(host.tick())) == 1


def test_what_is_cut_alike_every_time_is_never_acknowledged() -> None:
    host = opened()
    for _ in range(6):
        host.hear(b"5012 18246", 4)
        actions = host.tick()
        assert (tokens(actions), sent(actions)) == ([], [NAK])


def test_damage_alike_with_good_frames_between_is_damage() -> None:
    host = opened()
    for _ in range(5):
        assert tokens(host.hear(b"1011           x    \x14", 4)) == []
        host.hear(HEARTBEAT, 4)


def test_a_damaged_repeat_does_not_make_the_next_one_new() -> None:
    host = opened()
    host.commit(*tokens(host.hear(BURGLARY)))
    host.hear(b"5012 182468E1300\x14", 4)
    assert host.tick() == [Send(NAK)]
    actions = host.hear(BURGLARY, 0.1)
    assert (tokens(actions), sent(actions)) == ([], [ACK])


def test_a_receiver_that_gave_up_on_lost_acks_begins_anew_after_its_heartbeat() -> None:
    host = opened()
    host.commit(*tokens(host.hear(BURGLARY)))
    host.hear(BURGLARY, 4)
    host.hear(HEARTBEAT, 34)
    actions = host.hear(BURGLARY, 0.1)
    assert (tokens(actions), sent(actions)) == ([], [ACK])
    host.hear(HEARTBEAT, 30)
    host.hear(HEARTBEAT, 80)
    assert len(tokens(host.hear(BURGLARY, 0.1))) == 1


def test_noise_is_counted_and_not_answered() -> None:
    host = opened()
    actions = host.hear(b"\xff\x00\x81" + HEARTBEAT, 10)
    assert faults(actions) == [FaultKind.NOISE]
    assert sent(actions) == [ACK]
    assert host.hear(ACK + NAK) == []


def test_three_missed_heartbeats_are_silence_until_the_next_frame() -> None:
    host = opened(heartbeat_s=10.0)
    begun = host.now_ns
    actions = host.tick()
    assert host.now_ns - begun == 30 * NS
    assert actions == [
        Fault(FaultKind.SILENCE, "no heartbeat and no event"),
        Link(False, "silence"),
    ]
    assert host.session.deadline_ns() is None
    assert host.hear(b"junk that is no frame\r") == []
    assert host.hear(HEARTBEAT) == [
        Fault(FaultKind.NOISE, "", b"junk that is no frame\r"),
        Link(online=True),
        Send(ACK),
    ]


def test_a_receiver_that_never_speaks_is_silent_too() -> None:
    host = Host()
    host.open()
    assert host.tick()[-1] == Link(False, "silence")
    host.open()
    assert host.session.deadline_ns() == host.now_ns + 90 * NS


def test_an_early_tick_does_nothing() -> None:
    host = opened()
    assert host.session.handle(Ticked(), host.now_ns + 1) == []


def test_listening_only_sends_nothing_and_records_everything_once() -> None:
    host = Host(listen_only=True)
    host.open()
    actions = host.hear(HEARTBEAT + BURGLARY)
    (token,) = tokens(actions)
    actions += host.commit(token)
    actions += host.hear(b"5012 18\x14", 1)
    again = host.hear(BURGLARY, 3)
    assert sent(actions + again) == []
    assert tokens(again) == []
    assert len(tokens(host.hear(BURGLARY, 60))) == 1


def test_times_come_from_option_then_profile_then_protocol() -> None:
    codes = load_codes()
    plain = ReceiverSession(Setup(codes))
    profiled = ReceiverSession(Setup(codes, load_profile("surgard_mlr2"), {"heartbeat_s": 20}))
    for session, seconds in ((plain, 90), (profiled, 60)):
        session.handle(Opened(), 0)
        assert session.deadline_ns() == seconds * NS
    with pytest.raises(ValueError, match="heartbeat_s"):
        ReceiverSession(setup(heartbeat_s=-1))


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from([BURGLARY, ARMED, FIRE, HEARTBEAT, b"5012 1", b"\xff"]), max_size=12),
    st.data(),
)
def test_whatever_is_heard_an_ack_follows_only_durable_frames(
    frames: list[bytes], draw: st.DataObject
) -> None:
    host = Host()
    host.open()
    waiting: list[int] = []
    for frame in frames:
        actions = host.hear(frame, draw.draw(st.integers(0, 8)))
        waiting += tokens(actions)
        assert ACK not in sent(actions) or not waiting
        for _ in range(draw.draw(st.integers(0, len(waiting)))):
            done = waiting.pop(draw.draw(st.integers(0, len(waiting) - 1)))
            assert not sent(host.commit(done, draw.draw(st.integers(0, 5)))) or not waiting


def test_a_damaged_copy_that_our_ack_has_crossed_is_not_refused() -> None:
    """Its ACK may be lost as well: a NAK would bring one more at once, as if it were new."""
    host = opened()
    (token,) = tokens(host.hear(BURGLARY + BURGLARY[:9]))
    assert sent(host.commit(token, 0.001)) == [ACK]
    assert faults(host.hear(BURGLARY[10:], 0.01)) == [FaultKind.LENGTH]
    due_ns = host.session.deadline_ns()
    assert due_ns is not None
    assert due_ns > host.now_ns + 4 * NS, "no NAK is to come"
    again = host.hear(BURGLARY, 4)
    assert (faults(again), sent(again)) == ([FaultKind.REPEAT], [ACK])


def test_a_copy_whose_first_piece_comes_after_our_ack_may_have_been_said_before() -> None:
    """Eleven bytes take 12.6 ms.  A new event after all comes again, and is recorded."""
    host = opened()
    (token,) = tokens(host.hear(BURGLARY))
    assert sent(host.commit(token, 0.003)) == [ACK]
    assert host.hear(BURGLARY[:11], 0.0096) == []
    crossed = host.hear(BURGLARY[11:], 0.012)
    assert (faults(crossed), tokens(crossed), sent(crossed)) == ([FaultKind.REPEAT], [], [])
    assert tokens(host.hear(BURGLARY, 4)) == [token + 1]


def test_a_known_copy_has_no_answer_but_its_own() -> None:
    """What brings the next one is our NAK to a damaged copy beside it: our first ACK was lost."""
    host = opened()
    (token,) = tokens(host.hear(BURGLARY))
    assert sent(host.commit(token, 0.01)) == [ACK]
    both = host.hear(BURGLARY + BURGLARY[:9] + b"o" + BURGLARY[9:], 4)
    assert (faults(both), sent(both)) == ([FaultKind.REPEAT, FaultKind.LENGTH], [])
    assert host.tick() == [Send(NAK)]
    again = host.hear(BURGLARY, 0.03)
    assert (tokens(again), faults(again), sent(again)) == ([], [FaultKind.REPEAT], [ACK])


@pytest.mark.parametrize(("pause_s", "is_copy"), [(0.0265, True), (1.0, False)])
def test_a_copy_whose_lf_came_before_our_ack_was_said_before(pause_s: float, is_copy: bool) -> None:
    """The LF came in one piece with the first; the rest, if it is of it, follows at once."""
    host = opened()
    (token,) = tokens(host.hear(FE100 + b"\n"))
    assert sent(host.commit(token, 0.019)) == [ACK]
    host.hear(FE100[1:23], pause_s - 0.019)
    crossed = host.hear(FE100[23:], 0.009)
    assert (tokens(crossed) == []) is is_copy
    assert tokens(host.hear(FE100, 5)) == [], "our ACK was lost"
