"""RTU frames: golden ones, cutting a stream, requests and answers in turn, loops in fields."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers._modbus_frames import NOISE_BYTES_MAX, RtuDecoder, crc16
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import FaultKind, Frame, Profile, Setup
from edge_agent.resources import load_codes, load_profile
from tests.drivers.golden_modbus_map import GOLDEN, Golden

DI8 = load_profile("generic_di8")
LOOPS = load_profile("generic_ai8_loops")
REQUEST, ANSWER = GOLDEN[0].frame, GOLDEN[1].frame
ALL = b"".join(golden.frame for golden in GOLDEN)


def whole(body: str) -> bytes:
    """Close a frame with its CRC (for what the golden frames do not show)."""
    data = bytes.fromhex(body)
    return data + crc16(data).to_bytes(2, "little")


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


# ---- what a profile makes of an answer


def registers(function: int, *values: int) -> bytes:
    data = b"".join(value.to_bytes(2, "big") for value in values)
    return whole(f"11 {function:02X} {len(data):02X} {data.hex()}")


def test_loops_are_measured_in_fields_and_their_states_are_signals() -> None:
    """Shares of the reference as worked in the facts, section 5: 0.500, 0.667, 0 and 1."""
    ask = whole("11 04 00 00 00 08")
    answer = registers(4, 2000, 2668, 0, 4000, 2020, 2000, 2000, 4000)
    _, frame = packets(ask, answer, profile=LOOPS)
    measured: Any = frame.fields["loops"]
    assert measured[:4] == [
        {"zone": 1, "ratio": 0.5, "ohms": 4700},
        {"zone": 2, "ratio": 0.667, "ohms": 9414},
        {"zone": 3, "ratio": 0.0, "ohms": 0},
        {"zone": 4, "ratio": 1.0, "ohms": 10_000_000},
    ]
    zones = [signal.state.value for signal in frame.signals if signal.kind is Kind.ZONE]
    assert zones == ["closed", "open", "tamper", "tamper", "closed", "closed", "closed"]
    events = [(s.kind.value, s.code, s.zone) for s in frame.signals if s.kind is not Kind.ZONE]
    assert events == [("burglary", "130", 2), ("tamper", "383", 3), ("tamper", "383", 4)]
    assert not [signal for signal in frame.signals if signal.kind is Kind.LOOP]


def test_a_loop_without_its_reference_in_the_answer_says_nothing() -> None:
    _, frame = packets(whole("11 04 00 00 00 02"), registers(4, 0, 0), profile=LOOPS)
    assert frame.signals == ()
    assert "loops" not in frame.fields


def test_a_fire_panel_s_points_have_their_loop_as_area() -> None:
    gst = load_profile("gst_5000")
    ask = whole("11 03 00 F0 00 02")  # the first two points of the second loop
    _, frame = packets(ask, registers(3, 1, 0), profile=gst)
    told = [(s.kind.value, s.code, s.state.value, s.area, s.zone) for s in frame.signals]
    assert told == [
        ("zone", None, "open", 2, 1),
        ("fire", "110", "active", 2, 1),
        ("zone", None, "closed", 2, 2),
    ]


def test_mains_of_a_fire_panel_are_of_no_zone() -> None:
    gst = load_profile("gst_200")
    _, frame = packets(GOLDEN[2].frame, registers(3, 2, 9, 0), profile=gst)
    told = [(s.kind.value, s.code, s.state.value, s.zone) for s in frame.signals]
    assert told == [("power", "301", "active", None)]


@given(st.lists(st.integers(0, 65535), min_size=1, max_size=60), st.integers(0, 250))
def test_no_values_raise(values: list[int], address: int) -> None:
    for name in ("gst_200", "notifier_gateway", "generic_ai8_loops", "adam_4100"):
        for function in (3, 4):
            ask = whole(f"11 {function:02X} {address:04X} {len(values):04X}")
            _, frame = packets(ask, registers(function, *values), profile=load_profile(name))
            assert frame.fault is None
