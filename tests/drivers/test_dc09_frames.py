"""DC-09 frames cut out of a stream: whole, damaged, glued, cut, and what is none."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers._dc09_frames import NOISE_BYTES_MAX, Cut, Cutter, crc16, framed
from edge_agent.domain.session import FaultKind
from edge_agent.domain.signal import FRAME_BYTES_MAX
from tests.drivers.golden_dc09 import GOLDEN, SEALED

ALARM, CONTACT_ID, NULL = (golden.frame for golden in GOLDEN[:3])
ELDES = next(golden.frame for golden in GOLDEN if "ELDES" in golden.source)


def cut(data: bytes, *, split: int = 1 << 20) -> list[Cut]:
    cutter = Cutter()
    cuts: list[Cut] = []
    for at in range(0, len(data), split):
        cuts += cutter.feed(data[at : at + split])
    return cuts + cutter.finish()


def faults(data: bytes) -> list[FaultKind | None]:
    return [one.fault for one in cut(data)]


def test_the_crc_is_that_of_the_facts() -> None:
    assert crc16(b"123456789") == 0xBB3D


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.source[:60])
def test_worked_examples_and_captures_are_cut_as_they_are(golden: object) -> None:
    frame, fault = golden.frame, golden.fault  # type: ignore[attr-defined]  # a Golden
    [found] = cut(frame)
    assert found.raw == frame
    if fault in {"checksum", "length"}:
        assert found.fault == fault
    else:
        assert found.fault is None
        assert found.body == frame[9:].rstrip(b"\r")


def test_our_frames_are_the_worked_examples() -> None:
    for golden in (*GOLDEN[:5], GOLDEN[6]):
        assert framed(golden.frame[9:-1]) == golden.frame


def test_a_crc_of_two_plain_bytes() -> None:
    [found] = cut(b"\n\x7c\x29" + b'0027"NULL"0000L0#2468[]_11:23:00,11-23-2026\r')
    assert found.fault is None
    assert found.plain_crc
    assert framed(found.body, plain_crc=True) == found.raw
    [found] = cut(b"\n\x7c\x28" + b'0027"NULL"0000L0#2468[]_11:23:00,11-23-2026\r')
    assert found.fault is FaultKind.CHECKSUM


def test_a_length_in_decimal_is_taken_where_the_crc_is_right() -> None:
    [found] = cut(ALARM.replace(b"003C", b"0060"))
    assert found.fault is None
    assert found.decimal_length
    assert faults(ALARM.replace(b"003C", b"0060").replace(b"BA031", b"BA032")) == [FaultKind.LENGTH]
    assert faults(ALARM.replace(b"003C", b"003D")) == [FaultKind.LENGTH]
    assert faults(ALARM.replace(b"003C", b"0FFF")) == [FaultKind.LENGTH]
    assert faults(ALARM.replace(b"003C", b"0000")) == [FaultKind.LENGTH]
    assert faults(ALARM.replace(b"003C", b"103C")) == [FaultKind.LENGTH]


def test_small_hex_digits() -> None:
    small = b"\n" + ALARM[1:9].lower() + ALARM[9:]
    assert faults(small) == [None]


def test_an_eldes_panel_counts_the_cr_in_and_need_not_be_waited_for() -> None:
    cutter = Cutter()
    [found] = cutter.feed(ELDES)
    assert found.fault is None
    assert not found.body.endswith(b"\r")


@pytest.mark.parametrize("fill", [b"\0", b"\n", b"\r\n", b"\n\0\0"])
def test_what_follows_cr_belongs_to_nothing(fill: bytes) -> None:
    assert faults(ALARM + fill + CONTACT_ID + fill) == [None, None]


def test_two_in_one_piece_and_one_in_two() -> None:
    assert [one.raw for one in cut(ALARM + CONTACT_ID)] == [ALARM, CONTACT_ID]
    assert [one.raw for one in cut(ALARM + CONTACT_ID, split=7)] == [ALARM, CONTACT_ID]


def test_a_frame_without_its_cr_is_cut() -> None:
    assert faults(ALARM[:-1] + CONTACT_ID) == [FaultKind.LENGTH, None]
    assert faults(ALARM[:-1] + b"x" + CONTACT_ID) == [FaultKind.LENGTH, FaultKind.NOISE, None]
    assert faults(ALARM[:-1]) == [FaultKind.LENGTH]


@pytest.mark.parametrize("frame", [ALARM, CONTACT_ID, SEALED, ELDES])
def test_no_byte_can_be_wrong_or_missing(frame: bytes) -> None:
    for at in range(len(frame)):
        for damaged in (
            frame[:at] + bytes([frame[at] ^ 1]) + frame[at + 1 :],
            frame[:at] + bytes([frame[at] ^ 0x80]) + frame[at + 1 :],
            frame[:at] + frame[at + 1 :],
            frame[:at],
        ):
            assert all(one.fault is not None for one in cut(damaged)), at


def test_a_cut_frame_does_not_hold_up_the_next() -> None:
    for size in range(10, len(ALARM)):
        cutter = Cutter()
        cuts = cutter.feed(ALARM[:size] + CONTACT_ID)
        assert [one.fault for one in cuts] == [FaultKind.LENGTH, None], size
        assert cuts[0].raw + cuts[1].raw == ALARM[:size] + CONTACT_ID


def test_a_good_frame_after_a_damaged_one_of_the_same_length() -> None:
    damaged = ALARM.replace(b"BA031", b"BA032")
    for split in (1, 1000):
        cuts = cut(damaged + ALARM, split=split)
        assert [one.fault for one in cuts] == [FaultKind.CHECKSUM, None]


def test_what_a_damaged_length_claims_is_not_waited_for() -> None:
    cutter = Cutter()
    claims = ALARM.replace(b"003C", b"0F3C").replace(b"BA031", b"BA032")
    assert cutter.feed(claims) == []
    assert cutter.is_waiting()
    assert [one.fault for one in cutter.feed(CONTACT_ID)] == [FaultKind.LENGTH, None]


def test_any_byte_may_stand_inside() -> None:
    body = b'"HENG-BO"0011R0L0#1390[#0009A4|1799 00 000][\x00\x03\r\n\r]_11:30:05,11-23-2026'
    for split in (1, 5, 1000):
        [found] = cut(framed(body), split=split)
        assert found.body == body


def test_the_keepalive_of_another_protocol() -> None:
    line = b"SR0001L0001    006969XX    [ID00000000]"
    for split in (1, 11, 1000):
        keepalive, frame = cut(line + b"\r" + ALARM, split=split)
        assert keepalive.is_keepalive
        assert keepalive.raw == line
        assert frame.raw == ALARM


def test_noise_is_one_piece_and_a_line_that_is_nearly_a_frame_is_refused() -> None:
    noise, frame = cut(b"hello\r\nworld" + ALARM)
    assert (noise.raw, noise.fault) == (b"hello\r\nworld", FaultKind.NOISE)
    assert frame.raw == ALARM
    assert faults(b"\nDBG3" + ALARM[5:]) == [FaultKind.CHECKSUM]
    assert faults(b"\nDB83G03C" + ALARM[9:]) == [FaultKind.LENGTH]


def test_a_frame_without_end_becomes_a_refusal_and_noise_of_bounded_size() -> None:
    cutter = Cutter()
    cuts: list[Cut] = []
    for _ in range(40):
        cuts += cutter.feed(ALARM[:10] + b"x" * 5000)
    assert max(len(one.raw) for one in cuts) <= NOISE_BYTES_MAX
    assert all(len(one.raw) <= FRAME_BYTES_MAX for one in cuts if one.fault is not FaultKind.NOISE)
    cuts += cutter.finish()
    assert sum(len(one.raw) for one in cuts) == 40 * 5010


PIECES = (ALARM, CONTACT_ID, NULL, SEALED, ELDES, ALARM[:20], b"\n", b"\r", b"\0", b'\n000000FF"')


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=40), max_size=12), st.integers(1, 50))
def test_any_split_gives_the_same_and_no_byte_of_a_frame_is_lost(
    pieces: list[bytes], split: int
) -> None:
    stream = b"".join(pieces)
    whole = cut(stream)
    assert cut(stream, split=split) == whole
    rest = stream
    for one in whole:
        before, found, rest = rest.partition(one.raw)
        assert found
        assert not before.strip(b"\x00\r\n"), "only fill may go"


def test_rubbish_of_beginnings_takes_linear_time() -> None:
    stream = b'\nZZZZZZZZ"\r' * 5_000 + b'\n00000FFF"' * 5_000
    cuts = cut(stream)
    assert len(cuts) >= 5_000
    random = Random(1)
    assert cut(random.randbytes(50_000))
