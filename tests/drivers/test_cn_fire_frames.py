"""Cutting a stream of a Chinese fire panel, and its sums on the worked frames of the facts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers._cn_fire_dialect import Check, Sum
from drivers._cn_fire_frames import SUMS, is_right
from drivers._cn_fire_reading import decoder_of
from edge_agent.domain.session import FaultKind, Frame
from tests.drivers.cn_fire_profiles import PARTS, made, setup_of
from tests.drivers.golden_cn_fire import BY_PROFILE, GOLDEN, NEVER_DETECTED

FIRE = BY_PROFILE["gst_crt"][0].frame
FAULT = BY_PROFILE["gst_crt"][1].frame
BAD = FIRE[:-1] + b"\x4b"


def read(data: bytes, profile: str | None = "gst_crt", cut: int = 0) -> list[Frame]:
    decoder = decoder_of(setup_of(profile))
    size = cut or len(data) or 1
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    frames = [frame for piece in pieces for frame in decoder.feed(piece)]
    frames += decoder.finish()
    assert not decoder.is_waiting
    return frames


def told(frames: list[Frame]) -> list[tuple[bytes, FaultKind | None]]:
    return [(frame.raw, frame.fault) for frame in frames]


# ---- sums, on frames that the facts worked out


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        (Sum.SUM8, "AA 08 17 23 17 23", "26"),
        (Sum.SUM16, "13 01 01 6E 01 01 00", "00 85"),
        (Sum.CRC16_MODBUS, "02 00 01 00 00", "0C 00"),
        (Sum.CRC16_MODBUS, "01 64 00 00", "40 07"),
        (Sum.CRC16_XMODEM, "00 01 A1", "96 FA"),
        (Sum.CRC16_XMODEM, "00 02 A2 01", "05 5D"),
        (Sum.SUM12_INVERTED, "31 05", "7F 49"),
        (Sum.SUM12_INVERTED, "32 02", "7F 4B"),
    ],
)
def test_sums_are_those_of_the_worked_frames(kind: Sum, data: str, expected: str) -> None:
    said = bytes.fromhex(data)
    assert SUMS[kind](said) == bytes.fromhex(expected)
    size = kind.size
    assert is_right(Check(kind, 0, -size, -size), said + bytes.fromhex(expected))


WITH_SUMS = [
    pytest.param(profile, known.frame, id=f"{profile}-{known.type}-{at}")
    for profile, goldens in BY_PROFILE.items()
    for at, known in enumerate(goldens)
    if known.signals and profile in {"gst_crt", "jbf_11s", "jbf_193k", "songjiang_3208", "fs5101w"}
    if known.type != "short"
]


@pytest.mark.parametrize(("profile", "frame"), WITH_SUMS)
def test_no_byte_of_a_frame_can_be_another(profile: str, frame: bytes) -> None:
    for at in range(len(frame)):
        other = frame[:at] + bytes((frame[at] ^ 0x04,)) + frame[at + 1 :]
        assert not [one for one in read(other, profile) if one.signals and one.fault is None], at


# ---- cutting


def test_what_is_between_frames_is_noise_and_what_is_wrong_is_refused() -> None:
    assert told(read(b"xyz" + BAD + FIRE + b"\x00\x01")) == [
        (b"xyz", FaultKind.NOISE),
        (BAD, FaultKind.CHECKSUM),
        (FIRE, None),
        (b"\x00\x01", FaultKind.NOISE),
    ]


def test_a_cut_frame_hides_no_other() -> None:
    assert told(read(FIRE[:10] + FAULT)) == [(FIRE[:10], FaultKind.LENGTH), (FAULT, None)]
    assert told(read(FIRE[:10])) == [(FIRE[:10], FaultKind.LENGTH)]
    assert told(read(FIRE[:1])) == [(FIRE[:1], FaultKind.NOISE)]


def test_a_wrong_tail_and_wrong_halves_are_refused() -> None:
    card = BY_PROFILE["jbf_193k"][0].frame
    assert [one.fault for one in read(card[:-1] + b"\x84", "jbf_193k")] == [FaultKind.SHAPE]
    half = card[:3] + b"\x41" + card[4:]
    assert [one.fault for one in read(half, "jbf_193k")] == [FaultKind.SHAPE]


def test_a_length_that_no_frame_has_holds_nothing_up() -> None:
    reset = BY_PROFILE["fs5101w"][0].frame
    assert told(read(b"\xf0\xff\xff" + reset, "fs5101w")) == [
        (b"\xf0\xff\xff", FaultKind.NOISE),
        (reset, None),
    ]


def test_text_that_does_not_end_is_given_up() -> None:
    [first, *_] = read(b"\x1c1\x1e" + b"x" * 400, "simplex_4100")
    assert first.fault is FaultKind.NOISE


@pytest.mark.parametrize("profile", [*BY_PROFILE, None])
def test_the_same_bytes_give_the_same_frames_however_they_come(profile: str | None) -> None:
    known = GOLDEN if profile is None else BY_PROFILE[profile]
    data = b"".join(one.frame + one.frame[: len(one.frame) // 2] for one in known)
    whole = read(data, profile)
    assert b"".join(frame.raw for frame in whole) == data
    for size in (1, 2, 7):
        assert read(data, profile, size) == whole


@settings(max_examples=60, deadline=None)
@given(
    data=st.lists(
        st.binary(max_size=12) | st.sampled_from([one.frame for one in GOLDEN] + [BAD]), max_size=6
    ).map(b"".join),
    size=st.integers(1, 9),
    profile=st.sampled_from([*BY_PROFILE, None]),
)
def test_any_bytes_are_accounted_for(data: bytes, size: int, profile: str | None) -> None:
    whole = read(data, profile)
    assert b"".join(frame.raw for frame in whole) == data
    assert read(data, profile, size) == whole


# ---- one of several dialects


def test_each_dialect_is_told_by_its_frames() -> None:
    for profile, goldens in BY_PROFILE.items():
        for known in goldens:
            if profile in NEVER_DETECTED or known.fault is not None:
                continue
            [frame] = read(known.frame, None)
            assert frame.fields["dialect"] == profile, known.source


def test_three_bytes_and_plain_text_are_never_told() -> None:
    assert {one.fault for one in read(b"\x01\x03\x15", None)} == {FaultKind.NOISE}
    assert {one.fault for one in read("火警 001-025\n".encode("gb18030"), None)} == {
        FaultKind.NOISE
    }


def test_a_frame_of_wildcards_is_found_without_looking_for_its_head() -> None:
    any_head = PARTS.replace('head = "68"', 'head = ".."')
    decoder = decoder_of(setup_of(made(any_head)))
    [frame] = decoder.feed(b"\x33\x01\x02\x00\x09\x3f")
    assert frame.fault is None
