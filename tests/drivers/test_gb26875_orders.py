"""What a center asks, byte for byte by the layouts of the standard; and what comes of it."""

from datetime import datetime

from drivers._gb26875_frames import Command as Word
from drivers._gb26875_frames import Header, data_of, frame_of, header_of
from drivers._gb26875_memory import Memory
from drivers._gb26875_orders import clock_order, duty_order, state_orders
from drivers.gb26875 import ANSWER_NS, SETTLE_NS
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.session import FaultKind, Recent
from edge_agent.domain.settings import NS_PER_S as NS
from tests.drivers.actions import faults, sent
from tests.drivers.golden_gb26875 import (
    CALL_POINT,
    DEVICE_NORMAL,
    DUTY_ANSWER,
    DUTY_CHECK,
    SET_CLOCK,
)
from tests.drivers.test_gb26875 import (
    CODES,
    Center,
    opened,
    said,
    signals,
    state,
    states,
    tokens,
    words,
)


def test_controls_are_those_of_the_examples() -> None:
    told = datetime(2026, 11, 23, 10, 30, 0)  # noqa: DTZ001  a panel knows no time zone
    assert clock_order(told) == SET_CLOCK[27:-3]
    assert duty_order(10) == DUTY_CHECK[27:-3]


def test_all_that_was_named_is_asked_for() -> None:
    memory = Memory(CODES, "loop_point")
    memory.stood((0x2468, 2, 11, 3, 23, 0x00030015), 2)
    memory.stood((0x2468, 1, 1, 1), 0)
    since = bytes.fromhex("1E 14 0A 17 0B 1A")
    assert [data.hex(" ") for _, data in state_orders(memory, since)] == [
        "51 01 00",
        "3d 01 0b 03",
        "3d 01 01 01",
        "3e 01 0b 03 15 00 03 00",
        "54 01 14 1e 14 0a 17 0b 1a",
        "40 01 0b 03 14 1e 14 0a 17 0b 1a",
        "40 01 01 01 14 1e 14 0a 17 0b 1a",
    ]


def test_no_log_is_read_without_a_gap() -> None:
    assert [data[0] for _, data in state_orders(Memory(CODES, "loop_point"), None)] == [81, 61]


def test_at_link_up_device_and_systems_are_asked_and_what_stood() -> None:
    center = Center(resync=True)
    center.open(Recent(CALL_POINT, None))
    center.hear(DEVICE_NORMAL)
    asked = []
    actions = center.tick()
    assert center.now_ns == 1000 * NS + SETTLE_NS
    while requests := [data for data in sent(actions) if header_of(data).command == Word.REQUEST]:
        [request] = requests
        asked.append(data_of(request))
        actions = center.hear(
            frame_of(Header(header_of(request).serial, (1, 0), bytes(6), 0x2468, 1, Word.DENY))
        )
        assert faults(actions) == [FaultKind.REFUSED]
    assert asked == [
        b"\x51\x01\x00",
        b"\x3d\x01\x01\x01",
        b"\x3e\x01\x01\x01\x15\x00\x03\x00",
        b"\x54\x01\x14\x1e\x14\x0a\x17\x0b\x1a",  # the logs since that frame's time
        b"\x40\x01\x01\x01\x14\x1e\x14\x0a\x17\x0b\x1a",
    ]


def test_what_an_answer_shows_first_is_at_start_and_needs_no_ack() -> None:
    center = opened(resync=True)
    [request] = sent(center.tick())
    assert header_of(request).destination == 0x2468
    actions = center.hear(
        said(bytes.fromhex("01 01 01 01 03 00 1C 14 0A 17 0B 1A"), 999, Word.REPLY)
    )
    assert [(s.kind, s.origin) for s in signals(actions)] == [(Kind.FIRE, Origin.AT_START)]
    assert center.commit(*tokens(actions)) == []


def test_what_an_answer_shows_and_the_journal_has_is_not_said_again() -> None:
    center = Center(resync=False)
    center.open(Recent(CALL_POINT, None))
    center.hear(DEVICE_NORMAL)
    assert signals(center.hear(said(state(3), 999, Word.REPLY))) == ()
    ended = signals(center.hear(said(state(1), 998, Word.REPLY)))
    assert states(ended) == [("fire", "restored"), ("zone", "closed")]


def test_the_devices_log_fills_a_gap_once() -> None:
    center = Center(resync=False)
    center.open(Recent(DUTY_ANSWER, None))
    center.hear(DEVICE_NORMAL)
    known = data_of(DUTY_ANSWER)[2:]
    missed = b"\x01\x07" + known[2:]  # a reset by operator 7
    log = b"\x18\x02" + known + missed
    [signal] = signals(center.hear(said(log, 998, Word.REPLY)))
    assert (signal.kind, signal.user, signal.origin) == (Kind.LOG, 7, Origin.BACKFILL)
    assert signals(center.hear(said(log, 999, Word.REPLY))) == ()


def test_a_message_that_an_answer_overtook_is_recorded_before_its_ack() -> None:
    """It waited in the device while we asked; its ACK has to mean that it is durable."""
    center = Center(resync=False)
    center.open()
    center.hear(DEVICE_NORMAL)
    answer = center.hear(said(state(3), 999, Word.REPLY))
    assert [signal.origin for signal in signals(answer)] == [Origin.AT_START]
    center.commit(*tokens(answer))
    actions = center.hear(said(state(3), 5))
    assert [(s.state, s.origin) for s in signals(actions)] == [(State.ACTIVE, Origin.LIVE)]
    assert sent(actions) == []
    assert words(center.commit(*tokens(actions))) == [Word.ACKNOWLEDGE]
    assert center.take(said(state(3), 6)) == ()
    center.hear(said(state(1), 998, Word.REPLY))
    assert states(center.take(said(state(1), 7))) == [("fire", "restored")]


def test_a_device_that_answers_nothing_is_left_alone() -> None:
    center = opened(resync=True)
    first = center.tick()
    again = center.tick()
    assert sent(first) == sent(again)  # the same serial
    given_up = center.tick()
    assert faults(given_up) == [FaultKind.NO_ANSWER]
    assert sent(given_up) == []
    assert center.now_ns == 1000 * NS + SETTLE_NS + 2 * ANSWER_NS
    assert center.session.deadline_ns() == 1000 * NS + 180 * NS
