"""Frames of GB/T 26875.3: cut in any split, checked, made."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers._gb26875_frames import (
    DATA_BYTES_MAX,
    Command,
    Cutter,
    Header,
    data_of,
    frame_of,
    header_of,
    time_bytes,
    time_of,
)
from edge_agent.domain.noise import NOISE_BYTES_MAX
from edge_agent.domain.session import FaultKind, Frame
from tests.drivers.golden_gb26875 import (
    ACKNOWLEDGE,
    CALL_POINT,
    DEVICE_NORMAL,
    DUTY_ANSWER,
    GOLDEN,
)


def cut(*pieces: bytes) -> list[Frame]:
    cutter = Cutter()
    return [*(one for piece in pieces for one in cutter.feed(piece)), *cutter.finish()]


def good(cuts: list[Frame]) -> list[bytes]:
    return [one.raw for one in cuts if one.fault is None]


def with_sum(frame: bytes) -> bytes:
    return frame[:-3] + bytes((sum(frame[2:-3]) & 0xFF,)) + frame[-2:]


@pytest.mark.parametrize("known", GOLDEN, ids=lambda known: known.source)
def test_our_own_encoder_agrees_with_the_typed_frames(known: object) -> None:
    frame = getattr(known, "frame", b"")
    assert frame_of(header_of(frame), data_of(frame)) == frame


def test_the_header_is_read_low_byte_first() -> None:
    header = header_of(CALL_POINT)
    assert (header.serial, header.version, header.command) == (0x0102, (1, 0), Command.SEND)
    assert (header.source, header.destination, header.device) == (0x2468, 1, 0x2468)
    assert time_of(header.time).iso == "2026-11-23T10:20:30"


def test_a_device_without_a_source_is_named_by_the_destination() -> None:
    assert Header(1, (1, 0), bytes(6), 0, 77, Command.SEND).device == 77


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_any_split_gives_the_same_frames(data: st.DataObject) -> None:
    stream = b"\x00@" + b"".join(known.frame + b"#" for known in GOLDEN)
    at = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    pieces = [stream[a:b] for a, b in zip([0, *at], [*at, len(stream)], strict=True)]
    assert cut(*pieces) == cut(stream)
    assert good(cut(stream)) == [known.frame for known in GOLDEN]


def test_marks_inside_a_frame_do_not_cut_it() -> None:
    frame = frame_of(header_of(CALL_POINT), b"\x96\x01##@@##" + ACKNOWLEDGE[:20] + b"@@##@@")
    assert cut(*(frame[at : at + 1] for at in range(len(frame)))) == [Frame(frame)]


def test_a_wrong_sum_is_a_checksum_fault_of_the_whole_frame() -> None:
    wrong = CALL_POINT[:40] + b"\x55" + CALL_POINT[41:]
    assert cut(wrong + ACKNOWLEDGE) == [Frame(wrong, fault=FaultKind.CHECKSUM), Frame(ACKNOWLEDGE)]


def test_the_sum_leaves_out_the_start_mark() -> None:
    """As one reader of this format has it wrong: 80h more."""
    wrong = CALL_POINT[:-3] + bytes((CALL_POINT[-3] ^ 0x80,)) + CALL_POINT[-2:]
    assert [one.fault for one in cut(wrong)] == [FaultKind.CHECKSUM]


def test_a_wrong_end_mark_is_shape() -> None:
    wrong = CALL_POINT[:-1] + b"$"
    assert cut(wrong + ACKNOWLEDGE) == [Frame(wrong, fault=FaultKind.SHAPE), Frame(ACKNOWLEDGE)]


@pytest.mark.parametrize("kept", [2, 10, 25, 27, 60, 77])
def test_a_cut_frame_takes_nothing_of_the_next(kept: int) -> None:
    cuts = cut(CALL_POINT[:kept] + DUTY_ANSWER + DEVICE_NORMAL)
    assert good(cuts) == [DUTY_ANSWER, DEVICE_NORMAL]
    wrong = {2: FaultKind.NOISE, 77: FaultKind.SHAPE}  # of a start mark alone nothing is left
    assert cuts[0].fault is wrong.get(kept, FaultKind.LENGTH)


def test_a_damaged_length_holds_back_nothing() -> None:
    wrong = CALL_POINT[:24] + b"\xff\x03" + CALL_POINT[26:]
    cutter = Cutter()
    assert cutter.feed(wrong) == []
    assert cutter.feed(DUTY_ANSWER)[-1] == Frame(DUTY_ANSWER)


@pytest.mark.parametrize("length", [b"\x01\x04", b"\x40\x00"])
def test_a_damaged_length_is_judged_alike_in_any_split(length: bytes) -> None:
    """Beyond the bound (a fuzzer found it read otherwise in pieces), and over the next frame."""
    wrong = CALL_POINT[:24] + length + CALL_POINT[26:60]
    stream = wrong + DUTY_ANSWER + DEVICE_NORMAL + ACKNOWLEDGE
    assert cut(*(stream[at : at + 1] for at in range(len(stream)))) == cut(stream)
    assert good(cut(stream))[-2:] == [DEVICE_NORMAL, ACKNOWLEDGE]


def test_more_than_1024_bytes_of_data_is_length() -> None:
    wrong = CALL_POINT[:24] + b"\x01\x04" + CALL_POINT[26:]
    cutter = Cutter()
    assert cutter.feed(wrong + ACKNOWLEDGE)[0] == Frame(b"@@", fault=FaultKind.LENGTH)
    assert cutter.finish() == []
    whole = frame_of(header_of(CALL_POINT), bytes(DATA_BYTES_MAX))
    assert cut(whole) == [Frame(whole)]
    with pytest.raises(ValueError, match="1025"):
        frame_of(header_of(CALL_POINT), bytes(DATA_BYTES_MAX + 1))


def test_noise_is_reported_once_and_in_bounded_pieces() -> None:
    assert cut(b"rubbish", b"more", ACKNOWLEDGE) == [
        Frame(b"rubbishmore", fault=FaultKind.NOISE),
        Frame(ACKNOWLEDGE),
    ]
    cuts = cut(b"x" * (3 * NOISE_BYTES_MAX))
    assert sum(len(one.raw) for one in cuts) == 3 * NOISE_BYTES_MAX
    assert max(len(one.raw) for one in cuts) <= NOISE_BYTES_MAX + DATA_BYTES_MAX


def test_noise_is_waited_with_too_for_nothing_may_follow_it() -> None:
    cutter = Cutter()
    assert not cutter.is_waiting()
    assert cutter.feed(b"rubbish") == []
    assert cutter.is_waiting()
    assert cutter.finish() == [Frame(b"rubbish", fault=FaultKind.NOISE)]
    assert not cutter.is_waiting()


def test_more_at_signs_than_the_frames_own_two_are_noise() -> None:
    for noise in (b"@", b"@@@", b"x@@@@"):
        assert cut(noise + ACKNOWLEDGE) == [Frame(noise, fault=FaultKind.NOISE), Frame(ACKNOWLEDGE)]


@given(st.lists(st.binary(max_size=80) | st.sampled_from([b"@@", b"@", CALL_POINT[:30]])))
@settings(max_examples=60, deadline=None)
def test_every_byte_comes_out_once_in_order(pieces: list[bytes]) -> None:
    assert b"".join(one.raw for one in cut(*pieces)) == b"".join(pieces)


def test_impossible_times_are_put_right_with_a_mark() -> None:
    time = time_of(bytes((60, 59, 23, 0, 13, 26)))
    assert time.corrected
    assert time.iso == "2026-12-02T00:00:00"
    told = datetime(2026, 11, 23, 10, 20, 30)  # noqa: DTZ001  a panel knows no time zone
    assert time_bytes(told) == bytes.fromhex("1E 14 0A 17 0B 1A")
