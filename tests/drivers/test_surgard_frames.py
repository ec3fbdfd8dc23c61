"""Receiver output: golden frames, any split, and hostile bytes.

Seen to fail: where rubbish on the line ends the session.
"""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers._surgard_frames import (
    LINE_BYTES_MAX,
    ReceiverDecoder,
)
from drivers.surgard import DRIVER
from edge_agent.domain.kinds import Kind
from edge_agent.domain.noise import NOISE_BYTES_MAX
from edge_agent.domain.session import (
    FaultKind,
    Frame,
    Plain,
    Setup,
)
from edge_agent.resources import load_codes, load_profile
from tests.drivers.golden import Golden
from tests.drivers.golden_surgard import GOLDEN, TWO_DIGITS
from tests.fuzz.target import check_growth

BURGLARY = b"5012 182468E13001004\x14"
ARMED = b"5012 182468R40102015\x14"
FIRE = b"S022[#2468|Nri3/FA017]\x14"
HEARTBEAT = b"1011           @    \x14"
ADEMCO = b"\n12 2468 18 E130 01 C004\r"
FE100 = b"\n 00 00002468 18 E130 00 C004 \r"


def setup(**options: Plain) -> Setup:
    return Setup(load_codes(), options=options)


def decode(*pieces: bytes, finish: bool = True, **options: Plain) -> list[Frame]:
    decoder = ReceiverDecoder(setup(**options))
    frames = [frame for piece in pieces for frame in decoder.feed(piece)]
    return frames + (decoder.finish() if finish else [])


def said(frame: Frame) -> tuple[tuple[object, ...], ...]:
    return tuple(
        (s.kind, s.code, s.state, s.area, s.zone, s.user, s.account) for s in frame.signals
    )


# ---- decoder


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.source)
def test_golden_frames(golden: Golden) -> None:
    (frame,) = decode(golden.frame)
    assert frame.raw == golden.frame
    assert (frame.type, frame.fault) == (golden.type, golden.fault)
    assert said(frame) == golden.signals
    assert all(signal.frame == golden.frame for signal in frame.signals)


def test_fields_say_what_the_signal_does_not() -> None:
    (frame,) = decode(BURGLARY)
    assert frame.fields == {
        "receiver": "01",
        "line": "2",
        "qualifier": "E",
        "code": "130",
        "group": "01",
        "number": "004",
    }
    (line_fault,) = decode(b"5010 180000E35100001\x14")
    assert line_fault.fields["device"] == 1
    (sia,) = decode(FIRE)
    assert sia.fields["events"] == [{"code": "FA", "number": "017", "ri": "3"}]
    (basic,) = decode(b"1012      1234 3 1 004\x14")
    assert (basic.fields["code"], basic.fields["group"], basic.fields["number"]) == (
        "3",
        "1",
        "004",
    )
    (short,) = decode(b"1012      1234 31004\x14")
    assert short.fields == basic.fields


ALL = b"".join(golden.frame for golden in GOLDEN)


@given(st.lists(st.integers(0, len(ALL)), max_size=40))
def test_no_split_changes_what_is_read(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(ALL)]
    pieces = [ALL[a:b] for a, b in itertools.pairwise(edges)]
    assert decode(*pieces) == decode(ALL)


def test_byte_by_byte_is_the_same() -> None:
    assert decode(*(ALL[i : i + 1] for i in range(len(ALL)))) == decode(ALL)
    assert [frame.type for frame in decode(ALL)] == [golden.type for golden in GOLDEN]


@given(st.binary(max_size=3000), st.integers(1, 300))
def test_random_bytes_never_raise_and_none_is_lost(data: bytes, size: int) -> None:
    frames = decode(*(data[i : i + size] for i in range(0, len(data), size)))
    assert frames == decode(data)
    heard = b"".join(frame.raw for frame in frames)
    assert [byte for byte in data if byte not in b"\x14\r\n"] == [
        byte for byte in heard if byte not in b"\x14\r\n"
    ]


PIECES = [
    *(b"\n", b"\r", b"\x14", b"\x06", b"S", b" ", b"12 2468 ", b"18 ", b"E130 01 ", b"C004"),
    *(ADEMCO, FE100, b"\n00 OKAY @\r", b"\n\r", b"\n12 2468 3\r", BURGLARY, HEARTBEAT),
]


@settings(max_examples=200)
@given(st.lists(st.sampled_from(PIECES), max_size=30), st.integers(1, 9))
def test_pieces_of_messages_in_any_order_are_read_alike_in_any_split(
    pieces: list[bytes], size: int
) -> None:
    data = b"".join(pieces)
    frames = decode(*(data[i : i + size] for i in range(0, len(data), size)))
    assert frames == decode(data)
    heard = b"".join(frame.raw for frame in frames)
    assert heard.translate(None, b"\x14\r\n") == data.translate(None, b"\x14\r\n")


@given(st.sampled_from([BURGLARY, ARMED, FIRE]), st.data())
def test_a_damaged_fixed_part_never_becomes_a_signal(frame: bytes, draw: st.DataObject) -> None:
    # the letters and marks that make the shape: type, spaces, 18, qualifier, brackets, #, |
    fixed = [0, 4, *([5, 6, 11] if frame[:1] == b"5" else [10, len(frame) - 2])]
    at = draw.draw(st.sampled_from(fixed))
    wrong = draw.draw(st.integers(0, 255).filter(lambda value: value != frame[at]))
    damaged = frame[:at] + bytes([wrong]) + frame[at + 1 :]
    for found in decode(damaged):
        allowed = frame[:1] == b"5" and at in (5, 11)  # 98 is as good as 18; E, R and P all are
        assert not found.signals or (allowed and wrong in b"19ERP136")


@pytest.mark.parametrize("frame", [BURGLARY, ARMED, FIRE, b"3012    001234BA0007\x14"])
def test_a_lost_byte_never_becomes_a_signal(frame: bytes) -> None:
    for at in range(len(frame) - 1):
        cut = frame[:at] + frame[at + 1 :]
        signals = [signal for found in decode(cut) for signal in found.signals]
        if frame is not FIRE:
            assert signals == [], cut
        else:  # accounts, numbers and modifiers have no fixed length: there the shape cannot tell
            assert all(signal.kind in (Kind.FIRE, Kind.UNKNOWN) for signal in signals)


def test_cut_and_misshapen_lines() -> None:
    assert [f.fault for f in decode(b"5012 182468E130010\x14")] == [FaultKind.LENGTH]
    assert [f.fault for f in decode(b"5012 182468X13001004\x14")] == [FaultKind.SHAPE]
    assert [f.fault for f in decode(b"S022[#2468|Nri3/FA0\x14")] == [FaultKind.LENGTH]
    assert [f.fault for f in decode(b"S022[#2468|what is this]\x14")] == [FaultKind.SHAPE]
    assert [f.fault for f in decode(b"Q01234567890\x14")] == [FaultKind.SHAPE]
    assert [f.fault for f in decode(b"5012 182468E13")] == [FaultKind.LENGTH]


def test_of_685_and_fe100_the_fields_say_what_the_signal_does_not() -> None:
    (frame,) = decode(ADEMCO)
    assert frame.fields == {
        "receiver": "1",
        "line": "2",
        "qualifier": "E",
        "code": "130",
        "group": "01",
        "number": "004",
        "letter": "C",
    }
    (lost,) = decode(b"\n 00 00002468 18 E3B2 00 C000 \r")
    assert lost.fields["line_state"] == "offline"
    (back,) = decode(b"\n 00 00002468 18 E3B0 00 C000 \r")
    assert back.fields["line_state"] == "online"
    (slow,) = decode(b"\n12 2468 3 1\r")
    assert (slow.fields["code"], slow.fields["number"]) == ("3", "1")
    (fast,) = decode(b"\n12 2468 1555 5535 9\r")
    assert (fast.fields["channels"], fast.fields["last"]) == ("1555 5535", "9")


@pytest.mark.parametrize(("letter", "zone", "user"), [("C", 7, None), ("U", None, 7)])
def test_of_a_code_of_no_table_the_letter_says_what_its_number_is(
    letter: str, zone: int | None, user: int | None
) -> None:
    (frame,) = decode(f"\n12 2468 18 E8B8 01 {letter}007\r".encode())
    assert said(frame) == (("unknown", "8B8", "active", 1, zone, user, "2468"),)


def test_a_number_of_two_digits_is_damage_where_the_receiver_prints_three() -> None:
    assert said(decode(TWO_DIGITS.frame)[0]) == TWO_DIGITS.signals
    assert said(decode(TWO_DIGITS.frame, number_digits=2)[0]) == TWO_DIGITS.signals
    assert [f.fault for f in decode(TWO_DIGITS.frame, number_digits=3)] == [FaultKind.LENGTH]


def test_with_its_profile_a_fe100_that_lost_half_of_an_account_is_no_685() -> None:
    cut = b"\n00 0100 18 R130 01 C009\r"
    [taken] = decode(cut)
    assert taken.type == "contact_id", "whatever receiver there is, it may be a 685"
    decoder = ReceiverDecoder(Setup(load_codes(), load_profile("congwin_fe100")))
    assert [one.fault for one in decoder.feed(cut)] == [FaultKind.SHAPE]
    assert [one.type for one in decoder.feed(FE100)] == ["contact_id"]


@pytest.mark.parametrize("frame", [ADEMCO, FE100])
def test_a_lost_byte_of_685_or_fe100_never_becomes_a_signal(frame: bytes) -> None:
    (whole,) = decode(frame)
    for at in range(len(frame)):
        found = decode(frame[:at] + frame[at + 1 :], number_digits=3)
        for signal in (signal for one in found for signal in one.signals):
            assert at in (0, len(frame) - 1), "only LF and CR may be lost"
            assert said(one_of(found)) == said(whole), signal


def one_of(frames: list[Frame]) -> Frame:
    (frame,) = frames
    return frame


@pytest.mark.parametrize("frame", [ADEMCO, FE100])
def test_a_message_cut_anywhere_is_not_taken_for_a_shorter_one(frame: bytes) -> None:
    for at in range(1, len(frame) - 1):
        frames = decode(frame[:at] + frame)
        signals = [signal for one in frames for signal in one.signals]
        cut_whole = frame[1:at] == frame[1:-1]
        assert len(signals) == (2 if cut_whole else 1), frame[:at]
        assert frames[-1].raw == frame
        assert not [s for one in decode(frame[:at], number_digits=3) for s in one.signals] or (
            cut_whole
        )


def test_what_is_left_of_a_fe100_is_not_taken_for_a_685() -> None:
    assert [f.fault for f in decode(b"\n 00 000100 18 R137 01 C012\r")] == [FaultKind.LENGTH]


def test_glued_copies_of_a_685_are_cut() -> None:
    body = ADEMCO[:-1]
    assert [f.raw for f in decode(body * 3 + b"\r")] == [body, body, ADEMCO]
    inner = ADEMCO[1:-1]
    assert [f.type for f in decode(b"\n" + inner * 3 + b"\r")] == ["contact_id"] * 3


def test_misshapen_lines_of_a_685() -> None:
    assert [f.fault for f in decode(b"\n12 2468 18 X130 01 C004\r")] == [FaultKind.SHAPE]
    assert [f.fault for f in decode(b"\n12 2468 18 E130 01 C0040\r")] == [FaultKind.LENGTH]
    assert [f.fault for f in decode(b"\n12 2468 18 E130\r")] == [FaultKind.LENGTH]


def test_a_blank_line_of_a_sur_gard_sender_is_no_idle_message() -> None:
    crlf = BURGLARY[:-1] + b"\r\n"
    assert [f.type for f in decode(crlf + b"\r\n" + crlf)] == ["contact_id"] * 2
    assert [f.type for f in decode(FE100 + b"\n\r" + FE100)] == [
        "contact_id",
        "idle",
        "contact_id",
    ]


def test_a_host_that_asks_is_heard_along() -> None:
    frames = decode(b"S\n00 OKAY @\r\x06" + ADEMCO)
    assert [f.type for f in frames] == ["status_request", "heartbeat", "ack", "contact_id"]
    assert frames[1].raw == b"\n00 OKAY @\r"


def test_garbage_that_an_lf_ends_leaves_the_lf_to_the_message() -> None:
    frames = decode(b"\xffjunk" + ADEMCO)
    assert [(f.raw, f.fault) for f in frames] == [
        (b"\xffjunk", FaultKind.NOISE),
        (ADEMCO, None),
    ]


def test_glued_retransmissions_are_cut_by_shape() -> None:
    body = BURGLARY[:-1]
    frames = decode(body * 3 + b"\x14")
    assert [frame.raw for frame in frames] == [body, body, BURGLARY]
    assert len({said(frame) for frame in frames}) == 1
    assert [f.type for f in decode((FIRE[:-1]) * 2 + b"\x14")] == ["sia", "sia"]
    assert [f.fault for f in decode(body + body[:9] + b"\x14")] == [FaultKind.LENGTH]


def test_noise_is_reported_once_and_the_frame_behind_it_is_read() -> None:
    frames = decode(BURGLARY + b"\x00\xffjunk\r\nmore" + ARMED + HEARTBEAT)
    assert [(f.fault, f.type) for f in frames] == [
        (None, "contact_id"),
        (FaultKind.NOISE, None),
        (None, "contact_id"),
        (None, "heartbeat"),
    ]
    assert frames[1].raw == b"\x00\xffjunk\r\nmore"


def test_a_line_without_end_is_dropped_and_memory_stays_bounded() -> None:
    decoder = ReceiverDecoder(setup())
    noise = 0
    for _ in range(200):
        noise += sum(len(frame.raw) for frame in decoder.feed(b"5" * 5000))
        assert len(decoder._line) <= LINE_BYTES_MAX
        assert len(decoder._noise) < NOISE_BYTES_MAX
    assert [f.fault for f in decode(b"5" * 5000 + b"\x14")] == [FaultKind.NOISE]
    frames = decoder.feed(BURGLARY)
    assert noise + len(frames[0].raw) == 200 * 5000
    assert frames[-1].type == "contact_id"


@pytest.mark.parametrize(
    "unit",
    [
        b"S011[#1|",
        b"5012 182468",
        b"1011           ",
        b"\x06",
        b"a",
        b"12 2468 18 E130 01 C004",
        b"12 2468 ",
        b" 00 00002468 18 ",
        b"\n",
    ],
)
def test_time_is_linear(unit: bytes) -> None:
    line = (unit * LINE_BYTES_MAX)[: LINE_BYTES_MAX - 1] + b"\x14"
    check_growth(DRIVER, setup(), line)


def test_free_text_by_character_set() -> None:
    raw = "S011[#1234|NBA001^门口^]\x14".encode("gb18030")
    (frame,) = decode(raw, charset="gb18030")
    assert frame.signals[0].text == "门口"
    assert decode(raw, charset="ascii")[0].signals[0].zone == 1
    with pytest.raises(ValueError, match="charset"):
        ReceiverDecoder(setup(charset="nonsense"))


@pytest.mark.parametrize("frame", [ADEMCO, FE100, b"\n00 OKAY @\r"])
def test_more_bytes_behind_the_lf_of_a_frame_may_have_replaced_its_own(frame: bytes) -> None:
    """With a 4 behind the first digit a receiver's number is another, and all else fits."""
    inside = frame[:2] + b"4" + frame[2:]
    assert not any(one.signals or one.fault is None for one in decode(inside))
    [noise, good] = decode(b"x4" + frame)
    assert (noise.fault, good.fault, good.raw) == (FaultKind.NOISE, None, frame)
