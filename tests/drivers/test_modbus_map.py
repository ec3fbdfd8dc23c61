"""Register maps: golden frames, cutting a stream, and a polled device through its life."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers._modbus_frames import NOISE_BYTES_MAX, RtuDecoder, crc16
from drivers.modbus_map import MISSES_MAX, MapSession
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.session import (
    Action,
    Answered,
    Fault,
    FaultKind,
    Frame,
    Link,
    Opened,
    Plain,
    Profile,
    Read,
    Received,
    Report,
    Setup,
    Table,
    Ticked,
    Unanswered,
)
from edge_agent.resources import load_codes, load_profile
from tests.drivers.golden_modbus_map import GOLDEN, Golden

MS = 1_000_000
DI8 = load_profile("generic_di8")
REQUEST, ANSWER = GOLDEN[0].frame, GOLDEN[1].frame
ALL = b"".join(golden.frame for golden in GOLDEN)


def whole(body: str) -> bytes:
    """Close a frame with its CRC (for what the golden frames do not show)."""
    data = bytes.fromhex(body)
    return data + crc16(data).to_bytes(2, "little")


# ---- decoder


def decoder(profile: Profile | None = None) -> RtuDecoder:
    return RtuDecoder(Setup(load_codes(), profile))


def stream(*pieces: bytes) -> list[Frame]:
    found = decoder()
    return [frame for piece in pieces for frame in found.feed(piece)] + found.finish()


def packets(*chunks: bytes, profile: Profile | None = None) -> list[Frame]:
    found = decoder(profile)
    return [frame for chunk in chunks for frame in found.packet(chunk)] + found.finish()


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.source)
def test_the_crc_is_as_worked_by_hand(golden: Golden) -> None:
    assert crc16(golden.frame[:-2]) == int.from_bytes(golden.frame[-2:], "little")


@pytest.mark.parametrize("cut", [packets, stream])
def test_golden_frames(cut: Any) -> None:
    for golden, frame in zip(GOLDEN, cut(*(golden.frame for golden in GOLDEN)), strict=True):
        assert (frame.raw, frame.type, frame.fault) == (golden.frame, golden.type, None)
        assert frame.fields == golden.fields
        assert frame.signals == ()  # without a profile nobody knows what a bit means


@given(st.lists(st.integers(0, len(ALL)), max_size=30))
def test_no_split_changes_what_is_read(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(ALL)]
    assert stream(*(ALL[a:b] for a, b in itertools.pairwise(edges))) == stream(ALL)


@given(st.binary(max_size=1500), st.integers(1, 300))
def test_random_bytes_never_raise_and_none_is_lost(data: bytes, size: int) -> None:
    frames = stream(*(data[i : i + size] for i in range(0, len(data), size)))
    assert b"".join(frame.raw for frame in frames) == data
    assert frames == stream(data)
    packets(data)


def test_with_a_profile_an_answer_states_every_point() -> None:
    _, answer = packets(REQUEST, ANSWER, profile=DI8)
    zones = {s.zone: s.state for s in answer.signals if s.kind is Kind.ZONE}
    assert zones == {n: State.OPEN if n in (1, 3) else State.CLOSED for n in range(1, 9)}
    alarms = [(s.zone, s.code, s.state) for s in answer.signals if s.kind is Kind.BURGLARY]
    assert alarms == [(1, "130", State.ACTIVE), (3, "130", State.ACTIVE)]


def test_an_answer_without_its_request_states_nothing() -> None:
    (answer,) = packets(ANSWER, profile=DI8)
    assert answer.signals == ()
    assert (answer.fields["address"], answer.fields["values"]) == (None, [1, 0, 1, 0, 0, 0, 0, 0])
    other_unit = whole("12 02 01 05")
    assert packets(REQUEST, other_unit, profile=DI8)[1].fields["address"] is None


def test_an_answer_as_long_as_a_request_is_told_by_its_turn() -> None:
    request, answer = whole("11 02 00 00 00 18"), whole("11 02 03 01 02 03")
    for cut in (packets, stream):
        frames = cut(request, answer)
        assert [frame.type for frame in frames] == [
            "read_discrete_inputs_request",
            "read_discrete_inputs_answer",
        ]
        assert frames[1].fields["count"] == 24


@pytest.mark.parametrize(
    ("request_", "answer", "values"),
    [
        ("11 05 00 01 FF 00", "11 05 00 01 FF 00", [1]),
        ("11 06 00 01 00 07", "11 06 00 01 00 07", [7]),
        ("11 03 00 00 00 02", "11 03 04 00 01 FF FF", [1, 65535]),
        ("11 04 00 00 00 01", "11 04 02 12 34", [0x1234]),
    ],
)
def test_what_is_read_and_written(request_: str, answer: str, values: list[int]) -> None:
    frames = packets(whole(request_), whole(answer))
    assert [frame.fault for frame in frames] == [None, None]
    assert frames[1].fields["values"] == values


def test_writes_of_many() -> None:
    request, answer = packets(whole("11 10 00 01 00 02 04 00 0A 01 02"), whole("11 10 00 01 00 02"))
    assert request.fields["values"] == [10, 258]
    assert (answer.type, answer.fields["count"]) == ("write_multiple_registers_answer", 2)


@pytest.mark.parametrize(
    ("chunk", "fault"),
    [
        (ANSWER[:-1] + b"\x00", FaultKind.CHECKSUM),
        (ANSWER[:3], FaultKind.LENGTH),
        (whole("11 02 09 05"), FaultKind.LENGTH),
        (whole("11 03 03 05 06 07"), FaultKind.LENGTH),  # neither 1543 registers nor 3 bytes fit
        (whole("11 10 00 01 00 02 03 00 0A 01"), FaultKind.LENGTH),
        (whole("11 2B 0E 01 00"), FaultKind.UNSUPPORTED),
        (bytes(300), FaultKind.LENGTH),
    ],
)
def test_chunks_that_are_refused(chunk: bytes, fault: FaultKind) -> None:
    (frame,) = packets(chunk)
    assert (frame.fault, frame.signals) == (fault, ())
    assert [f.fault for f in packets(chunk, REQUEST, ANSWER)] == [fault, None, None]


def test_a_chunk_of_several_frames_is_cut() -> None:
    frames = packets(REQUEST + ANSWER, profile=DI8)
    assert [frame.fault for frame in frames] == [None, None]
    assert frames[1].signals


def test_noise_in_a_stream_is_reported_once_and_a_damaged_frame_as_such() -> None:
    damaged = ANSWER[:-1] + b"\x00"
    frames = stream(b"\xff\x00\xfe", REQUEST, damaged, REQUEST, ANSWER, b"\x11\x02")
    assert [f.fault for f in frames] == [
        FaultKind.NOISE,
        None,
        FaultKind.CHECKSUM,
        None,
        None,
        FaultKind.NOISE,
    ]


@given(st.integers(0, len(ANSWER) - 1), st.integers(1, 255))
def test_a_damaged_byte_never_makes_signals(at: int, flip: int) -> None:
    damaged = ANSWER[:at] + bytes([ANSWER[at] ^ flip]) + ANSWER[at + 1 :]
    assert not any(f.signals for f in packets(REQUEST, damaged, profile=DI8))


def test_memory_stays_bounded() -> None:
    found = decoder()
    for _ in range(12):
        found.feed(b"\x11\x02\xfa" * 2000)
        assert len(found._buffer) < 300
        assert len(found._noise) < NOISE_BYTES_MAX


# ---- session


def test_a_session_needs_a_profile() -> None:
    with pytest.raises(ValueError, match="needs a profile"):
        MapSession(Setup(load_codes()))


def profile(**facts: Any) -> Profile:
    block: dict[str, Plain] = {"table": "holding_registers", "address": 10, "count": 2}
    point: dict[str, Plain] = {
        "table": "holding_registers",
        "address": 11,
        "bit": 3,
        "zone": 7,
        "kind": "fire",
        "code": "111",
        "normal": 1,
    }
    return Profile(
        "test", "1", "modbus_map", "Test", {"blocks": [block], "points": [point]} | facts
    )


class Bus:
    """A session and a clock: each step answers what it asked."""

    def __init__(self, **facts: Plain) -> None:
        made = profile(**facts) if facts else DI8
        self.session = MapSession(Setup(load_codes(), made))
        self.now_ns = 5_000 * MS
        self.asked: list[Read] = []

    def do(self, happened: Any, after_ms: int = 0) -> list[Action]:
        self.now_ns += after_ms * MS
        actions = self.session.handle(happened, self.now_ns)
        self.asked += [action for action in actions if isinstance(action, Read)]
        return [action for action in actions if not isinstance(action, Read)]

    def answer(self, *values: int, after_ms: int = 5) -> list[Action]:
        return self.do(Answered(self.asked[-1].request, values, b"heard"), after_ms)

    def miss(self) -> list[Action]:
        return self.do(Unanswered(self.asked[-1].request, FaultKind.NO_ANSWER, "timeout"), 300)

    def wait(self) -> int:
        """Go to the deadline; returns how many milliseconds that took."""
        due = self.session.deadline_ns()
        assert due is not None
        waited, self.now_ns = due - self.now_ns, due
        assert self.do(Ticked()) == []
        return waited // MS


def signals(actions: list[Action]) -> list[tuple[Any, ...]]:
    return [
        (signal.kind, signal.state, signal.zone, signal.origin)
        for action in actions
        if isinstance(action, Report)
        for signal in action.signals
    ]


REST = (0,) * 8
ZONE_3 = (0, 0, 1, 0, 0, 0, 0, 0)
LIVE, AT_START = Origin.LIVE, Origin.AT_START


def running() -> Bus:
    bus = Bus()
    bus.do(Opened())
    bus.answer(*REST)
    return bus


def test_the_first_read_is_a_report_of_state_and_of_what_is_active() -> None:
    bus = Bus()
    assert bus.do(Opened()) == []
    (read,) = bus.asked
    assert (read.table, read.address, read.count) == (Table.DISCRETE_INPUTS, 0, 8)
    assert bus.session.deadline_ns() is None
    actions = bus.answer(*ZONE_3)
    assert actions[0] == Link(online=True)
    told = signals(actions)
    assert (Kind.ZONE, State.OPEN, 3, AT_START) in told
    assert (Kind.BURGLARY, State.ACTIVE, 3, AT_START) in told
    assert len(told) == 9
    assert [s.frame for a in actions if isinstance(a, Report) for s in a.signals] == [b"heard"] * 9


def test_an_edge_is_told_when_it_has_held() -> None:
    bus = running()
    bus.wait()
    assert bus.answer(*ZONE_3) == []
    assert bus.wait() == 20
    assert signals(bus.answer(*ZONE_3, after_ms=0)) == [
        (Kind.ZONE, State.OPEN, 3, LIVE),
        (Kind.BURGLARY, State.ACTIVE, 3, LIVE),
    ]
    bus.wait()
    assert bus.answer(*ZONE_3) == []
    bus.wait()
    bus.answer(*REST)
    bus.wait()
    assert signals(bus.answer(*REST)) == [
        (Kind.ZONE, State.CLOSED, 3, LIVE),
        (Kind.BURGLARY, State.RESTORED, 3, LIVE),
    ]


def test_a_bounce_is_no_edge() -> None:
    bus = running()
    bus.wait()
    bus.answer(*ZONE_3)
    bus.wait()
    assert bus.answer(*REST) == []
    bus.wait()
    assert bus.answer(*ZONE_3) == []  # begins to hold anew


def test_polls_keep_their_interval() -> None:
    bus = running()
    assert bus.wait() == 245
    bus.answer(*REST, after_ms=400)  # a slow answer: the next round is due at once
    assert bus.wait() == 0


def test_an_option_sets_the_interval() -> None:
    session = MapSession(Setup(load_codes(), DI8, {"poll_ms": 100}))
    (read,) = session.handle(Opened(), 0)
    assert isinstance(read, Read)
    session.handle(Answered(read.request, REST), 0)
    assert session.deadline_ns() == 100 * MS


def test_three_misses_make_every_point_unknown_until_it_answers() -> None:
    bus = running()
    bus.wait()
    bus.answer(*ZONE_3)
    bus.wait()
    bus.answer(*ZONE_3)
    for left in range(MISSES_MAX, 0, -1):
        bus.wait()
        actions = bus.miss()
        assert actions[0] == Fault(FaultKind.NO_ANSWER, "timeout")
        assert len(actions) == (3 if left == 1 else 1)
    assert signals(actions) == [(Kind.ZONE, State.UNKNOWN, n, LIVE) for n in range(1, 9)]
    assert actions[-1] == Link(online=False, reason="timeout")
    bus.wait()
    assert len(bus.miss()) == 1  # said once
    bus.wait()
    back = bus.answer(*REST)
    assert back[0] == Link(online=True)
    assert signals(back).count((Kind.BURGLARY, State.RESTORED, 3, AT_START)) == 1
    assert len(signals(back)) == 9


def test_a_device_that_never_answers_is_offline() -> None:
    bus = Bus()
    bus.do(Opened())
    for _ in range(MISSES_MAX - 1):
        assert len(bus.miss()) == 1
        bus.wait()
    assert bus.miss()[-1] == Link(online=False, reason="timeout")


def test_one_dead_block_does_not_hide_the_others() -> None:
    blocks: list[Plain] = [
        {"table": "holding_registers", "address": 10, "count": 2},
        {"table": "coils", "address": 0, "count": 1},
    ]
    bus = Bus(blocks=blocks)
    bus.do(Opened())
    for _ in range(MISSES_MAX + 1):
        actions = bus.answer(0, 8)
        assert bus.asked[-1].table is Table.COILS
        assert Link(online=False, reason="timeout") not in actions + bus.miss()
        bus.wait()
    assert signals(bus.answer(0, 0)) == [
        (Kind.ZONE, State.OPEN, 7, LIVE),
        (Kind.FIRE, State.ACTIVE, 7, LIVE),
    ]


def test_answers_to_others_and_short_ones_tell_nothing() -> None:
    bus = running()
    bus.wait()
    assert bus.do(Answered(999, ZONE_3)) == []
    assert bus.do(Unanswered(999, FaultKind.NO_ANSWER)) == []
    assert bus.do(Received(b"bytes")) == []
    assert bus.answer(1) == [Fault(FaultKind.LENGTH, "1 values of 8")]


def test_opened_again_everything_is_unknown() -> None:
    bus = running()
    bus.do(Opened(), 100)
    actions = bus.answer(*REST)
    assert actions[0] == Link(online=True)
    assert len(signals(actions)) == 8
