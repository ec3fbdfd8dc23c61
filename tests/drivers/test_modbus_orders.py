"""A polled device is given time and orders, or only listened to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers._modbus_frames import crc16
from drivers.modbus_map import COMMANDS_WAITING_MAX, SILENCE_NS
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.finding import Cause, Finding
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import (
    Action,
    Answered,
    ClockRead,
    Commanded,
    Fault,
    FaultKind,
    Link,
    Obeyed,
    Opened,
    Plain,
    Read,
    Received,
    Report,
    Table,
    Ticked,
    Unanswered,
    Write,
)
from edge_agent.domain.stamp import Trust
from tests.drivers.modbus_bus import (
    ANSWER,
    AT_START,
    LOOPS,
    MS,
    REQUEST,
    Bus,
    S,
    profile,
    running,
    signals,
)


def whole(body: str) -> bytes:
    """Close a frame with its CRC (for what the golden frames do not show)."""
    data = bytes.fromhex(body)
    return data + crc16(data).to_bytes(2, "little")


# ---- clock

PARTS = (2026, 11, 23, 20, 0, 0)
EPOCH_NS = 1_795_464_000 * S  # 2026-11-23 20:00 UTC
CLOCK: dict[str, Plain] = {"address": 100, "write": True}
POINT: dict[str, Plain] = {"table": "coils", "address": 0, "zone": 1, "kind": "burglary"}
OUTPUTS: dict[str, Plain] = {"table": "coils", "address": 8, "count": 2, "output": 1}


def clocked(allow: str = "", trust: Trust = Trust.SYNCED, **clock: Plain) -> Bus:
    bus = Bus(profile(blocks=None, points=[POINT, OUTPUTS], clock={**CLOCK, **clock}), allow)
    bus.do(Opened())
    bus.do(ClockRead(EPOCH_NS - bus.now_ns, trust))
    bus.answer(0)
    bus.answer(0, 0)
    return bus


def test_a_clock_is_compared_once_a_minute_and_a_wrong_one_is_a_finding() -> None:
    bus = clocked()
    read = bus.asked[-1]
    assert (read.table, read.address) == (Table.HOLDING_REGISTERS, 100)
    assert bus.answer(2026, 11, 23, 20, 3, 0) == [Finding(Cause.PANEL_CLOCK, True, "+180 s")]
    asked = len(bus.asked)
    bus.wait()
    bus.answer(0)
    bus.answer(0, 0)
    assert [one.address for one in bus.asked[asked:]] == [0, 8]
    assert bus.do(Ticked(), 60_000) == []
    bus.answer(0)
    bus.answer(0, 0)
    assert bus.asked[-1].address == 100
    assert bus.answer(2026, 11, 23, 20, 1, 0) == [Finding(Cause.PANEL_CLOCK, False, "-0 s")]


def test_a_wrong_clock_is_set_where_the_site_allows_it() -> None:
    bus = clocked("clock")
    bus.answer(2020, 1, 1, 0, 0, 0)
    written = bus.asked[-1]
    assert isinstance(written, Write)
    assert (written.address, written.values) == (100, PARTS)
    bus.do(Answered(written.request, ()))
    assert bus.asked[-1].address == 100, "and looked at again"
    assert isinstance(bus.asked[-1], Read)


@pytest.mark.parametrize(("allow", "trust"), [("", Trust.SYNCED), ("clock", Trust.HOLDOVER)])
def test_nothing_is_written_unless_allowed_and_synced(allow: str, trust: Trust) -> None:
    bus = clocked(allow, trust)
    bus.answer(2020, 1, 1, 0, 0, 0)
    for _ in range(6):
        bus.wait()
        bus.answer(0)
        bus.answer(0, 0)
    assert not [one for one in bus.asked if isinstance(one, Write)]


def test_a_right_clock_is_left_alone() -> None:
    bus = clocked("clock")
    bus.answer(*PARTS)
    assert not [one for one in bus.asked if isinstance(one, Write)]


def test_impossible_times_are_no_crash() -> None:
    bus = clocked()
    [finding] = bus.answer(99, 0, 65535, 255, 65535, 60)
    assert isinstance(finding, Finding)


# ---- commands


def told_of(bus: Bus, act: Act, zone: int | None = None) -> list[Action]:
    return bus.do(Commanded(7, Command(act=act, zone=zone)))


def resting() -> Bus:
    bus = clocked()
    bus.answer(*PARTS)
    return bus


@pytest.mark.parametrize(("act", "value"), [(Act.OUTPUT_ON, 1), (Act.OUTPUT_OFF, 0)])
def test_an_output_is_switched_once(act: Act, value: int) -> None:
    bus = resting()
    assert told_of(bus, act, 2) == []
    written = bus.asked[-1]
    assert written == Write(written.request, Table.COILS, 9, (value,))
    assert bus.do(Answered(written.request, ())) == [Obeyed(7, Outcome.DONE)]
    bus.wait()
    assert isinstance(bus.asked[-1], Read)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (FaultKind.REFUSED, Outcome.REFUSED),
        (FaultKind.NO_ANSWER, Outcome.UNANSWERED),
        (FaultKind.CHECKSUM, Outcome.UNANSWERED),
    ],
)
def test_a_write_that_fails_is_not_repeated(fault: FaultKind, outcome: Outcome) -> None:
    bus = resting()
    told_of(bus, Act.OUTPUT_ON, 1)
    actions = bus.do(Unanswered(bus.asked[-1].request, fault, "why"))
    assert Obeyed(7, outcome, "why") in actions
    for _ in range(3):
        bus.wait()
        bus.answer(0)
        bus.answer(0, 0)
    assert len([one for one in bus.asked if isinstance(one, Write)]) == 1


def test_a_command_waits_for_the_answer_that_is_awaited_and_dies_with_the_line() -> None:
    bus = resting()
    bus.wait()
    assert told_of(bus, Act.OUTPUT_ON, 1) == []
    assert isinstance(bus.asked[-1], Read)
    bus.do(Opened())
    for _ in range(2):
        bus.answer(0, 0)
    assert not [one for one in bus.asked if isinstance(one, Write)]


def test_status_reads_everything_anew() -> None:
    bus = resting()
    assert told_of(bus, Act.STATUS) == []
    assert bus.answer(0) == []
    assert Obeyed(7, Outcome.DONE) in bus.answer(0, 0)
    told_of(bus, Act.STATUS)
    bus.miss()
    assert Obeyed(7, Outcome.UNANSWERED) in bus.answer(0, 0)


def test_status_in_the_midst_of_a_round_waits_for_a_whole_one() -> None:
    bus = resting()
    bus.wait()
    told_of(bus, Act.STATUS)
    bus.answer(0)
    assert bus.answer(0, 0) == []
    bus.answer(0)
    assert Obeyed(7, Outcome.DONE) in bus.answer(0, 0)


@pytest.mark.parametrize(
    ("bus", "act", "outcome"),
    [
        (running(), Act.CLOCK, Outcome.UNSUPPORTED),
        (running(), Act.OUTPUT_ON, Outcome.UNSUPPORTED),
        (running(), Act.ARM_AWAY, Outcome.UNSUPPORTED),
        (Bus(), Act.STATUS, Outcome.LOST),
        (Bus(listen_only=True), Act.STATUS, Outcome.FORBIDDEN),
    ],
)
def test_what_cannot_be_done_is_said(bus: Bus, act: Act, outcome: Outcome) -> None:
    [obeyed] = told_of(bus, act, 1)
    assert isinstance(obeyed, Obeyed)
    assert obeyed.outcome is outcome
    assert obeyed.detail


def test_a_clock_is_not_set_by_one_that_is_unsure() -> None:
    bus = clocked(trust=Trust.UNSET)
    bus.answer(*PARTS)
    [obeyed] = told_of(bus, Act.CLOCK)
    assert isinstance(obeyed, Obeyed)
    assert obeyed.outcome is Outcome.CLOCK_UNSURE


def test_commands_that_wait_are_bounded() -> None:
    bus = resting()
    bus.wait()
    for _ in range(COMMANDS_WAITING_MAX):
        assert told_of(bus, Act.OUTPUT_ON, 1) == []
    [obeyed] = told_of(bus, Act.OUTPUT_ON, 1)
    assert isinstance(obeyed, Obeyed)
    assert obeyed.outcome is Outcome.REFUSED


# ---- listening only


def test_what_another_master_is_answered_is_read_and_nothing_is_sent() -> None:
    bus = Bus(listen_only=True)
    assert bus.do(Opened()) == []
    actions = bus.do(Received(REQUEST + ANSWER, 17), 100)
    assert actions[0] == Link(online=True)
    told = signals(actions)
    assert (Kind.BURGLARY, State.ACTIVE, 3, AT_START) in told
    assert (Kind.ZONE, State.CLOSED, 2, AT_START) in told
    assert bus.do(Received(REQUEST + ANSWER, 17), 100) == []
    assert bus.asked == []


def test_the_answers_of_other_units_and_of_unheard_requests_say_nothing() -> None:
    bus = Bus(listen_only=True)
    bus.do(Opened())
    assert bus.do(Received(REQUEST + ANSWER, 3)) == []
    assert bus.do(Received(ANSWER, 17)) == []


def test_a_master_that_falls_silent_leaves_everything_unknown() -> None:
    bus = Bus(listen_only=True)
    bus.do(Opened())
    bus.do(Received(REQUEST + ANSWER, 17), 100)
    assert bus.session.deadline_ns() == bus.now_ns + SILENCE_NS
    fault, report, link = bus.do(Ticked(), SILENCE_NS // MS)
    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.SILENCE
    assert isinstance(report, Report)
    assert {signal.state for signal in report.signals} == {State.UNKNOWN}
    assert isinstance(link, Link)
    assert not link.online
    assert bus.session.deadline_ns() is None
    back = bus.do(Received(REQUEST + ANSWER, 17), 100)
    assert back[0] == Link(online=True)


@given(st.lists(st.binary(max_size=80), max_size=20), st.booleans())
def test_anything_may_be_overheard(chunks: list[bytes], good: bool) -> None:
    bus = Bus(LOOPS, listen_only=True)
    bus.do(Opened())
    for chunk in chunks:
        bus.do(Received(chunk + (REQUEST if good else b""), 17), 1)
    assert bus.asked == []
    assert whole("11 02 00 00 00 08") == REQUEST
