"""Frames of DSC ports: golden ones, any split, damage, hostile bytes, and what is not shown."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers._dsc_frames import LINE_BYTES_MAX, DscDecoder, dsc_line, is_host, time_of
from edge_agent.domain.noise import NOISE_BYTES_MAX
from edge_agent.domain.session import FaultKind, Frame, Setup
from edge_agent.resources import load_codes
from tests.drivers.golden import Golden, check, told
from tests.drivers.golden_dsc import GOLDEN

SETUP = Setup(load_codes())
GOOD = [known for known in GOLDEN if known.fault is None]
SUMMED = [known for known in GOOD if known.frame[:1] not in (b"%", b"^")]
ALARM = b"601100860\r\n"  # of the golden frames


def decode(*pieces: bytes) -> list[Frame]:
    decoder = DscDecoder(SETUP)
    frames = [frame for piece in pieces for frame in decoder.feed(piece)]
    return frames + decoder.finish()


@pytest.mark.parametrize("known", GOLDEN, ids=lambda known: known.source[:60])
def test_golden_frames(known: Golden) -> None:
    check(known, decode(known.frame))


def test_a_code_under_threat_is_a_secret_and_is_not_shown() -> None:
    [frame] = decode(b"620135768\r\n")
    [signal] = frame.signals
    assert [(span.start, span.end) for span in signal.secrets] == [(3, 7)]
    assert frame.fields == {"command": "620", "code": "****"}
    [disarm] = decode(b"0401135700F5\r\n")
    assert disarm.fields == {"command": "040", "data": "*******"}


def test_maps_and_bits_stand_in_the_fields() -> None:
    [bits] = decode(b"8492209\r\n")
    assert bits.fields == {"command": "849", "bits": ["mains", "tamper"]}
    [bypassed] = decode(b"6160180000000000000A6\r\n")
    assert bypassed.fields == {"command": "616", "zones": [1, 16]}
    timers = "615" + "FFFF" + "0100" + "0000" * 62
    [open_now] = decode(f"{timers}{sum(timers.encode()) & 0xFF:02X}\r\n".encode())
    assert [(s.zone, s.state) for s in open_now.signals] == [(1, "open")]
    assert open_now.fields["ticks"] == [0xFFFF, 1, *[0] * 62]


def test_the_time_is_read_and_an_impossible_one_put_right() -> None:
    assert time_of("2011112326").iso == "2026-11-23T20:11:00"
    assert time_of("2460000026").corrected


def test_a_notification_of_no_table_is_kept_and_one_of_wrong_length_refused() -> None:
    [unknown] = decode(dsc_line("999", "1"))
    assert [signal.kind for signal in unknown.signals] == ["unknown"]
    [short] = decode(dsc_line("609", "17"))
    assert (short.fault, short.signals) == (FaultKind.LENGTH, ())


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        (b"601100861\r\n", ["checksum"]),
        (b"6011008G0\r\n", ["shape"]),
        (b"6011\r\n", ["length"]),
        (b"hello\r\n", ["noise"]),
        (b"%00,01\r\n", ["length"]),
    ],
)
def test_what_is_wrong_is_named(data: bytes, faults: list[str]) -> None:
    assert [frame.fault for frame in decode(data)] == faults


def test_glued_frames_and_those_behind_damage_are_found() -> None:
    line = ALARM.rstrip()
    assert [told(f) for f in decode(b"60901737" + line + b"\r\n")] == [
        GOLDEN[0].signals,
        (("burglary", "130", "active", 1, 8, None, None),),
    ]
    frames = decode(b"\xff\x01" + line + b"\r\n")
    assert [frame.fault for frame in frames] == [FaultKind.NOISE, None]


def test_noise_is_one_piece_and_bounded() -> None:
    decoder = DscDecoder(SETUP)
    frames = [f for _ in range(300) for f in decoder.feed(b"\xff" * 1000)]
    assert [len(frame.raw) for frame in frames] == [NOISE_BYTES_MAX] * 4
    assert len(decoder._line) <= LINE_BYTES_MAX
    assert len(decoder._noise) < NOISE_BYTES_MAX


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(GOLDEN), min_size=1, max_size=6), st.randoms())
def test_any_split_gives_the_same(chosen: list[Golden], random: Random) -> None:
    stream = rest = b"".join(known.frame for known in chosen)
    pieces = []
    while rest:
        size = random.randint(1, 20)
        pieces.append(rest[:size])
        rest = rest[size:]
    assert decode(*pieces) == decode(stream)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=60) | st.sampled_from([k.frame for k in GOLDEN]), max_size=6))
def test_no_bytes_fail_and_all_are_accounted_for(data: list[bytes]) -> None:
    raw = b"".join(frame.raw for frame in decode(*data))
    assert raw.translate(None, b"\r\n") == b"".join(data).translate(None, b"\r\n")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SUMMED), st.data())
def test_a_frame_with_one_wrong_character_never_becomes_a_signal(
    known: Golden, data: st.DataObject
) -> None:
    frame = bytearray(known.frame)
    at = data.draw(st.integers(0, len(known.frame.rstrip()) - 1))
    frame[at] = data.draw(st.sampled_from(b"0123456789ABCDEF").filter(lambda d: d != frame[at]))
    assert not [signal for one in decode(bytes(frame)) for signal in one.signals]


def test_commands_are_made_as_the_facts_work_them_out() -> None:
    assert dsc_line("000") == b"00090\r\n"
    assert dsc_line("030", "4") == b"0304C7\r\n"
    assert dsc_line("040", "1135700") == b"0401135700F5\r\n"
    assert dsc_line("010", "2011112326") == b"010201111232684\r\n"


def test_the_bare_password_behind_its_prompt_is_a_frame_whose_words_are_secret() -> None:
    frames = [frame for frame in decode(b"Login:\r\nuser\r\nOK\r\nuser\r\n") if frame.raw.strip()]
    assert [frame.type for frame in frames[:3]] == ["login", "password", "login"]
    assert [is_host(frame) for frame in frames[:3]] == [False, True, False]
    assert frames[1].fields == {"password": "****"}
    assert [(span.start, span.end) for span in frames[1].secrets] == [(0, 4)]
    assert frames[3].fault is FaultKind.NOISE, "nobody asked for it"
