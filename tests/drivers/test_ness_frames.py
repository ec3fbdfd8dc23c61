"""Frames of the Ness port: golden ones, any split, damage, hostile bytes, and what is not shown."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers._ness_frames import LINE_BYTES_MAX, NessDecoder, request
from edge_agent.domain.noise import NOISE_BYTES_MAX
from edge_agent.domain.session import FaultKind, Frame, Setup
from edge_agent.resources import load_codes
from tests.drivers.golden import Golden, check, told
from tests.drivers.golden_ness import GOLDEN

SETUP = Setup(load_codes())
ALARM = GOLDEN[0].frame
GOOD = [known for known in GOLDEN if known.fault is None]


def decode(*pieces: bytes) -> list[Frame]:
    decoder = NessDecoder(SETUP)
    frames = [frame for piece in pieces for frame in decoder.feed(piece)]
    return frames + decoder.finish()


@pytest.mark.parametrize("known", GOLDEN, ids=lambda known: known.source[:60])
def test_golden_frames(known: Golden) -> None:
    check(known, decode(known.frame))


def test_fields_of_an_event_and_of_answers() -> None:
    [event] = decode(ALARM)
    assert event.fields == {
        "address": 0,
        "sequence": 0,
        "event": "02",
        "name": "alarm",
        "id": "08",
        "area": "01",
        "time": "261123201530",
        "time_corrected": False,
    }
    assert event.signals[0].panel_time == "2026-11-23T20:15:30"
    [version] = decode(b"820003601700A85C\r\n")
    assert version.fields == {
        "address": 0,
        "sequence": 0,
        "request": "17",
        "name": "version",
        "data": "00A8",
        "model": "D8x",
        "version": "10.8",
    }
    [asked] = decode(b"8300360S05E4?")
    assert asked.fields == {"address": 0, "request": "05"}


def test_codes_among_the_keys_of_a_host_are_not_shown() -> None:
    for frame in decode(b"8300660H2468E38?\r\n83305602468E7E?"):
        assert "2468" not in str(frame.fields)
        assert "*" in str(frame.fields["keys"])


def test_a_minute_of_sixty_is_carried_with_a_mark() -> None:
    [frame] = decode(b"8700036102080126112320603000\r\n")  # the sum of the example, 4B - (60 - 15)
    assert frame.signals[0].panel_time == "2026-11-23T21:00:30"
    assert frame.fields["time_corrected"] is True


def test_a_time_that_is_no_number_costs_the_time_only() -> None:
    text = "8700036102080126112320AA30"
    good = f"{text}{-sum(bytes.fromhex(text)) & 0xFF:02X}\r\n".encode()
    [frame] = decode(good)
    assert told(frame) == GOLDEN[0].signals
    assert frame.signals[0].panel_time is None
    assert frame.fields["time_corrected"] is True


def test_an_event_of_no_table_is_kept_and_a_command_of_none_refused() -> None:
    [unknown] = decode(b"8203617E0000" + b"9C\r\n")
    assert [signal.kind for signal in unknown.signals] == ["unknown"]
    [other] = decode(b"8203620000" + b"0019\r\n")
    assert other.fault is FaultKind.UNSUPPORTED


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        (ALARM[:-4] + b"4C\r\n", ["checksum"]),
        (ALARM[:10] + ALARM[12:], ["length"]),
        (b"8700036102G8012611232015304B\r\n", ["shape"]),
        (b"hello\r\n", ["noise"]),
        (b"8300360S05E5?", ["shape"]),
        (b"8300460S05E3?", ["length"]),
    ],
)
def test_what_is_wrong_is_named(data: bytes, faults: list[str]) -> None:
    assert [frame.fault for frame in decode(data)] == faults


def test_glued_messages_and_those_behind_damage_are_found() -> None:
    first, second = ALARM.rstrip(), GOLDEN[3].frame.rstrip()
    assert [told(f) for f in decode(first + second + b"\r\n")] == [
        GOLDEN[0].signals,
        GOLDEN[3].signals,
    ]
    frames = decode(first[:9] + second + first + b"\r\n")
    assert [frame.fault for frame in frames] == [FaultKind.LENGTH, None, None]
    assert b"".join(frame.raw for frame in frames) == first[:9] + second + first + b"\r"


def test_zeros_that_are_lost_do_not_change_the_sum_but_the_shape() -> None:
    for known in GOOD:
        text = known.frame
        for at in range(0, len(text) - 2, 2):
            if text[at : at + 2] == b"00" and known.type in {"event", "status"}:
                frames = decode(text[:at] + text[at + 2 :])
                assert not [signal for frame in frames for signal in frame.signals], text


def test_noise_is_one_piece_and_bounded() -> None:
    frames = decode(b"\xff" * 10 + b"\r\n" + b"\x00?" + ALARM)
    assert [frame.fault for frame in frames] == [FaultKind.NOISE, None]
    decoder = NessDecoder(SETUP)
    frames = [f for _ in range(300) for f in decoder.feed(b"\xff" * 1000)]
    assert [len(frame.raw) for frame in frames] == [NOISE_BYTES_MAX] * 4
    assert len(decoder._line) <= LINE_BYTES_MAX
    assert len(decoder._noise) < NOISE_BYTES_MAX


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(GOLDEN), min_size=1, max_size=6), st.randoms())
def test_any_split_gives_the_same(chosen: list[Golden], random: Random) -> None:
    stream = b"".join(known.frame for known in chosen)
    pieces = []
    rest = stream
    while rest:
        size = random.randint(1, 20)
        pieces.append(rest[:size])
        rest = rest[size:]
    assert decode(*pieces) == decode(stream)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_fail_and_all_are_accounted_for(data: bytes) -> None:
    raw = b"".join(frame.raw for frame in decode(data))
    assert len(raw) <= len(data)
    assert raw.translate(None, b"\r\n") == data.translate(None, b"\r\n") or b"?" in data


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(GOOD), st.data())
def test_a_message_with_one_wrong_digit_never_becomes_a_signal(
    known: Golden, data: st.DataObject
) -> None:
    """One digit changes one byte, so the sum finds it; two can cancel each other."""
    frame = bytearray(known.frame)
    at = data.draw(st.integers(0, len(known.frame.rstrip(b"\r\n?")) - 1))
    frame[at] = data.draw(st.sampled_from(b"0123456789ABCDEF").filter(lambda d: d != frame[at]))
    assert not [signal for one in decode(bytes(frame)) for signal in one.signals]


def test_requests_are_made_as_the_facts_work_them_out() -> None:
    assert request(0, "S05") == b"8300360S05E4?\r\n"
    assert request(0, "H2468E") == b"8300660H2468E38?\r\n"
    assert request(3, "2468E") == b"83305602468E7E?\r\n"
