"""The contract's own proof: each law fails for a driver that breaks it.

A good session is spoilt in one way at a time; the check that is meant to find it has to.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from edge_agent.domain.command import Act, Outcome
from edge_agent.domain.finding import Finding
from edge_agent.domain.kinds import POINTS, Kind, Origin, State
from edge_agent.domain.session import (
    Action,
    Answered,
    Commanded,
    Fault,
    FaultKind,
    Input,
    Link,
    Obeyed,
    Opened,
    Received,
    Report,
    Send,
    Session,
    Setup,
    Ticked,
    Unanswered,
)
from edge_agent.domain.signal import Signal
from hil.panels.stand import Spoken
from tests.contract import (
    parted,
    test_bus,
    test_clock,
    test_long_answers,
    test_session,
    test_stream,
)
from tests.contract.subjects import BUS, STREAM, Subject, names
from tests.contract.world import SECOND_NS, Durable, Tapped, body

ACKS = next(subject for subject in STREAM if subject.driver.name == "surgard")
ASKS = next(subject for subject in STREAM if subject.driver.name == "ness")
Spoil = Callable[[Input, list[Action]], list[Action]]


class Spoilt:
    """A session with one defect."""

    def __init__(self, inner: Session, spoil: Spoil) -> None:
        self._inner = inner
        self._spoil = spoil
        self.hoard: list[bytes] = []

    def deadline_ns(self) -> int | None:
        return self._inner.deadline_ns()

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        if isinstance(happened, Received) and self._spoil is hoarding:
            self.hoard.append(happened.data)
        return self._spoil(happened, self._inner.handle(happened, now_ns))


def spoilt(subject: Subject, spoil: Spoil) -> Subject:
    good = subject.driver

    def session(setup: Setup) -> Session:
        return Spoilt(good.session(setup), spoil)

    return replace(subject, driver=replace(good, session=session))


# ---- the defects


def acks_at_once(happened: Input, actions: list[Action]) -> list[Action]:
    if any(isinstance(action, Report) for action in actions):
        return [Send(b"\x06"), *actions]
    return actions


def never_acks(happened: Input, actions: list[Action]) -> list[Action]:
    return [action for action in actions if not isinstance(action, Send)]


def acks_twice(happened: Input, actions: list[Action]) -> list[Action]:
    return [again for action in actions for again in [action] * (1 + isinstance(action, Send))]


def reports_twice(happened: Input, actions: list[Action]) -> list[Action]:
    doubled: list[Action] = []
    for action in actions:
        doubled.append(action)
        if isinstance(action, Report):
            doubled.append(Report(action.token + 10**6, action.signals))
    return doubled


def misreads_zones(happened: Input, actions: list[Action]) -> list[Action]:
    return [
        Report(a.token, tuple(replace(s, zone=(s.zone or 0) + 1) for s in a.signals))
        if isinstance(a, Report)
        else a
        for a in actions
    ]


def invents(happened: Input, actions: list[Action]) -> list[Action]:
    return actions + [
        Report(action.token + 10**6, action.signals)
        for action in misreads_zones(happened, actions)
        if isinstance(action, Report)
    ]


def forgets_signals(happened: Input, actions: list[Action]) -> list[Action]:
    return [action for action in actions if not isinstance(action, Report)]


def never_silent(happened: Input, actions: list[Action]) -> list[Action]:
    if isinstance(happened, Ticked | Unanswered):
        return [action for action in actions if not isinstance(action, Link | Fault)]
    return actions


def hoarding(happened: Input, actions: list[Action]) -> list[Action]:
    return actions


def flips_bits(happened: Input, actions: list[Action]) -> list[Action]:
    return misreads_zones(happened, actions) if isinstance(happened, Answered) else actions


def forgets_findings(happened: Input, actions: list[Action]) -> list[Action]:
    return [action for action in actions if not isinstance(action, Finding)]


# ---- defects of drivers that know a state, and obey


def loses_points(happened: Input, actions: list[Action]) -> list[Action]:
    """Points that are seen to change are not reported; what is first proven is."""
    return [
        action
        for action in actions
        if not isinstance(action, Report)
        or not all(s.kind in POINTS and s.origin is Origin.LIVE for s in action.signals)
    ]


def calls_all_live(happened: Input, actions: list[Action]) -> list[Action]:
    return [
        Report(a.token, tuple(replace(s, origin=Origin.LIVE) for s in a.signals))
        if isinstance(a, Report)
        else a
        for a in actions
    ]


def takes_for_granted(happened: Input, actions: list[Action]) -> list[Action]:
    rest = Signal(kind=Kind.ZONE, state=State.CLOSED, zone=1)
    return [Report(10**6, (rest,)), *actions] if isinstance(happened, Opened) else actions


def always_there(happened: Input, actions: list[Action]) -> list[Action]:
    return [Link(True), *actions] if isinstance(happened, Opened) else actions


def speaks_up(happened: Input, actions: list[Action]) -> list[Action]:
    return [*actions, Send(b"?")] if isinstance(happened, Received) else actions


def obeys_twice(happened: Input, actions: list[Action]) -> list[Action]:
    return [again for action in actions for again in [action] * (1 + isinstance(action, Obeyed))]


def always_done(happened: Input, actions: list[Action]) -> list[Action]:
    return [Obeyed(happened.id, Outcome.DONE)] if isinstance(happened, Commanded) else actions


def resending() -> Spoil:
    """A defect with a memory: what was commanded is sent again on the next line."""
    commanded: list[Action] = []

    def resends(happened: Input, actions: list[Action]) -> list[Action]:
        if isinstance(happened, Commanded):
            commanded[:] = [action for action in actions if isinstance(action, Send)]
        return [*actions, *commanded] if isinstance(happened, Opened) else actions

    return resends


# ---- each is found


@pytest.mark.parametrize(
    "spoil",
    [
        *(acks_at_once, never_acks, acks_twice),
        *(reports_twice, misreads_zones, invents, forgets_signals),
    ],
)
def test_a_dialogue_finds(spoil: Spoil) -> None:
    with pytest.raises(AssertionError):
        for seed in range(3):
            test_stream.test_dialogue(spoilt(ACKS, spoil), seed, test_stream.LINES[0])


def test_an_invention_is_found_on_a_bad_line_too() -> None:
    [bad] = [line for line in test_stream.LINES if line.name == "loss_2"]
    with pytest.raises(AssertionError, match="nobody said this"):
        test_stream.test_dialogue(spoilt(ACKS, invents), 0, bad)


def test_a_double_is_found_on_a_bad_line_too() -> None:
    [bad] = [line for line in test_stream.LINES if line.name == "loss_2"]
    with pytest.raises(AssertionError, match="twice"):
        test_stream.test_dialogue(spoilt(ACKS, reports_twice), 0, bad)


def test_a_new_run_knows_of_no_copies() -> None:
    here = test_stream.world(ACKS, test_stream.LINES[0], 0)
    here.plug()
    alarm = Signal(kind=Kind.BURGLARY, code="130", state=State.ACTIVE, frame=b"alarm")
    first, again = (Durable(alarm, 0, n, at_s * SECOND_NS) for n, at_s in ((1, 2), (2, 9)))
    here.gateway.durable += [first, again]
    assert here.heard_before_ns(first) is None
    assert here.heard_before_ns(again) == 2 * SECOND_NS
    here.gateway.faults += [(4 * SECOND_NS, Fault(FaultKind.REPEAT, "", b"alarm"))]
    assert here.heard_before_ns(again) == 4 * SECOND_NS
    here.run(5 * SECOND_NS)
    here.restart()
    assert here.heard_before_ns(again) == 2 * SECOND_NS


def test_an_early_ack_is_found_where_nothing_is_ever_durable() -> None:
    with pytest.raises(AssertionError):
        test_stream.test_no_ack_before_durable_even_if_it_never_is(spoilt(ACKS, acks_at_once))


def test_unnoticed_silence_is_found() -> None:
    with pytest.raises((AssertionError, ValueError)):
        test_stream.test_silence_is_found_in_time_and_its_end_too(spoilt(ACKS, never_silent))


@pytest.mark.parametrize("spoil", [acks_at_once, misreads_zones, forgets_signals])
def test_golden_frames_find(spoil: Spoil) -> None:
    with pytest.raises((AssertionError, ValueError)):
        test_session.test_a_session_reports_golden_signals_and_acks_only_after_commit(
            spoilt(ACKS, spoil)
        )


def test_a_session_that_keeps_everything_is_found() -> None:
    with pytest.raises(AssertionError):
        test_session.test_rubbish_without_end_leaves_a_session_as_small_as_it_was(
            spoilt(ACKS, hoarding), "random"
        )


@pytest.mark.parametrize("spoil", [reports_twice, flips_bits, invents, forgets_signals])
def test_edges_find(spoil: Spoil) -> None:
    with pytest.raises(AssertionError):
        test_bus.test_edges(spoilt(BUS[0], spoil), 0, "perfect")


def test_a_bus_driver_that_never_misses_its_unit_is_found() -> None:
    with pytest.raises((AssertionError, ValueError)):
        test_bus.test_a_unit_that_does_not_answer_is_lost_in_time_and_comes_back(
            spoilt(BUS[0], never_silent), "dead 120"
        )


def test_a_lost_change_of_a_point_is_found() -> None:
    with pytest.raises(AssertionError):
        for seed in range(3):
            test_stream.test_dialogue(spoilt(ASKS, loses_points), seed, test_stream.LINES[0])


@pytest.mark.parametrize("spoil", [loses_points, calls_all_live, takes_for_granted])
def test_a_state_that_is_not_proven_anew_is_found(spoil: Spoil) -> None:
    with pytest.raises(AssertionError):
        test_stream.test_what_changed_while_the_line_was_down_is_proven_anew(spoilt(ASKS, spoil))


@pytest.mark.parametrize("spoil", [takes_for_granted, always_there])
def test_what_is_known_of_a_silent_panel_is_found(spoil: Spoil) -> None:
    with pytest.raises(AssertionError):
        test_stream.test_nothing_is_known_of_a_panel_that_says_nothing(spoilt(ASKS, spoil))


@pytest.mark.parametrize("spoil", [calls_all_live, forgets_signals])
def test_a_standing_alarm_that_is_no_event_of_then_is_found(spoil: Spoil) -> None:
    with pytest.raises(AssertionError):
        test_stream.test_an_alarm_that_stands_at_link_up_is_an_event(spoilt(ASKS, spoil))


def test_a_byte_of_a_listener_is_found() -> None:
    with pytest.raises(AssertionError):
        test_stream.test_a_driver_that_only_listens_never_sends(spoilt(ASKS, speaks_up))


@pytest.mark.parametrize("spoil", [obeys_twice, always_done])
def test_a_command_that_is_not_done_once_is_found(spoil: Spoil) -> None:
    with pytest.raises(AssertionError):
        test_stream.test_a_command_is_done_and_its_outcome_told_once(
            spoilt(ASKS, spoil), Act.ARM_AWAY
        )


@pytest.mark.parametrize("spoil", [resending(), always_done])
def test_a_command_that_is_sent_again_or_only_said_to_be_done_is_found(spoil: Spoil) -> None:
    with pytest.raises(AssertionError):
        test_stream.test_a_command_is_never_sent_again(spoilt(ASKS, spoil), Act.OUTPUT_ON)


@pytest.mark.parametrize("said_again", [False, True])
def test_a_second_copy_of_the_line_is_told_from_what_the_panel_says_again(said_again: bool) -> None:
    """Whole and behind an answer, the line's is no defect of a driver that records it."""
    here = test_stream.world(ACKS, test_stream.LINES[0], 0)
    here.plug()
    here.tell(2 * SECOND_NS, ACKS.face.speak(0, True))
    here.run(3 * SECOND_NS)
    (first,) = here.gateway.durable
    assert not here.is_doubled_behind_an_answer(first)
    wire = here.stand.out
    assert isinstance(wire, Tapped)
    wire.puts += [(here.now_ns, body(first.signal.frame))] * said_again
    here.at(4 * SECOND_NS, lambda: here._panel_does([Spoken(first.signal.frame, 0)]))
    here.run(20 * SECOND_NS)
    _, second = here.gateway.durable
    assert here.is_doubled_behind_an_answer(second) is not said_again


@pytest.mark.parametrize("times", [1, 2])
def test_garbage_with_the_right_sum_is_a_frame_that_is_recorded_once(times: int) -> None:
    (checked,) = (one for one in STREAM if str(one) == "cn_fire-gst_crt")
    here = test_stream.world(checked, test_stream.LINES[0], 0)
    said = bytes([0xAA, 0x82, *range(21)])
    frame = said + bytes([sum(said) & 0xFF])
    wire = here.stand.out
    assert isinstance(wire, Tapped)
    here.plug()
    wire._pieces.append((here.now_ns, 0, frame))
    here.run(20 * SECOND_NS)
    (found,) = here.gateway.durable
    here.gateway.durable += [found] * (times - 1)
    if times == 1:
        test_stream.check_nothing_invented_and_nothing_twice(here, test_stream.LINES[0])
        return
    with pytest.raises(AssertionError, match="recorded 2 times"):
        test_stream.check_nothing_invented_and_nothing_twice(here, test_stream.LINES[0])


TELL_TIME = [
    subject for subject in STREAM if str(subject) in {"ness-ness_d16x", "cn_fire-gst9000_printer"}
]


@pytest.mark.parametrize("subject", TELL_TIME, ids=names)
def test_a_clock_that_nobody_compares_is_found(subject: Subject) -> None:
    with pytest.raises(AssertionError, match="is it compared"):
        test_clock.test_a_clock_that_is_off_is_found_where_the_panel_tells_its_time(
            spoilt(subject, forgets_findings)
        )


def test_an_answer_in_several_frames_that_are_not_known_to_be_one_is_found() -> None:
    test_long_answers.test_what_is_being_answered_is_not_asked_again(parted.subject(parted.Good))
    with pytest.raises(AssertionError, match="is asked again while 17 frames answer it"):
        test_long_answers.test_what_is_being_answered_is_not_asked_again(parted.subject(parted.Bad))
