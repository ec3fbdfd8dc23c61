"""Frames by their length: cut anywhere, found behind damage, not held back by a wrong length."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.domain.codes import Codes
from edge_agent.domain.cutter import MORE, CommandFrames, Cutter, Found, SizedDecoder
from edge_agent.domain.noise import NOISE_BYTES_MAX
from edge_agent.domain.session import FaultKind, Frame, Setup

DATA_MAX = 20


def framed(data: bytes) -> bytes:
    """A5 5A, length of the data, data, a sum of 16 bits."""
    return b"\xa5\x5a" + bytes((len(data),)) + data + (1 + sum(data)).to_bytes(2, "big")


def size(head: bytes) -> int:
    return 5 + head[2] if 0 < head[2] <= DATA_MAX else 0


def is_sound(frame: bytes) -> bool:
    return frame == framed(frame[3:-2])


def decode(*pieces: bytes) -> list[tuple[bytes, FaultKind | None]]:
    here = SizedDecoder(b"\xa5\x5a", 3, size, is_sound, lambda raw: Frame(raw, "good"))
    frames = [frame for piece in pieces for frame in here.feed(piece)]
    return [(frame.raw, frame.fault) for frame in [*frames, *here.finish()]]


ONE, TWO, LONG = framed(b"one"), framed(b"two"), framed(b"x" * DATA_MAX)
STRAY = b"\xa5\x5a\x14"  # a length that the line made of another: 20 bytes are waited for
BAD = ONE[:-1] + b"\x00"
NOISE, CUT = FaultKind.NOISE, FaultKind.LENGTH


@pytest.mark.parametrize(
    ("data", "frames"),
    [
        (ONE + TWO, [(ONE, None), (TWO, None)]),
        (b"\x00\xa5" + ONE, [(b"\x00\xa5", NOISE), (ONE, None)]),
        (BAD + TWO, [(BAD, FaultKind.CHECKSUM), (TWO, None)]),
        (ONE[:6] + TWO, [(ONE[:6], CUT), (TWO, None)]),
        (ONE[:6], [(ONE[:6], CUT)]),
        (ONE[:2], [(ONE[:2], NOISE)]),
        (STRAY + ONE + TWO, [(STRAY, NOISE), (ONE, None), (TWO, None)]),
        (STRAY + b"?" + ONE, [(STRAY + b"?", CUT), (ONE, None)]),
        (STRAY + STRAY + ONE, [(STRAY + STRAY, CUT), (ONE, None)]),
        (b"\xa5\x5a\x15" + ONE, [(b"\xa5\x5a\x15", NOISE), (ONE, None)]),  # longer than any
        (b"\xa5\x5a\x00", [(b"\xa5\x5a\x00", NOISE)]),
        (b"\xa5\x5a" + ONE, [(b"\xa5\x5a", NOISE), (ONE, None)]),  # in a head that is none
        (b"\xa5\xa5" + LONG, [(b"\xa5\xa5", NOISE), (LONG, None)]),
        (b"\xa5", [(b"\xa5", NOISE)]),
    ],
)
def test_what_a_stream_holds(data: bytes, frames: list[tuple[bytes, FaultKind | None]]) -> None:
    assert decode(data) == frames
    assert decode(*(data[at : at + 1] for at in range(len(data)))) == frames


def test_one_more_sign_of_the_start_is_none_of_the_frame() -> None:
    here = SizedDecoder(b"@@", 3, size, lambda frame: frame[-1:] == b"!", Frame)
    frame = b"@@\x01..!"
    told = [*here.feed(b"@" + frame), *here.finish()]
    assert [(one.raw, one.fault) for one in told] == [(b"@", NOISE), (frame, None)]


def test_a_frame_behind_a_damaged_length_is_not_held_back() -> None:
    here = SizedDecoder(b"\xa5\x5a", 3, size, is_sound, lambda raw: Frame(raw, "good"))
    assert here.feed(STRAY) == []
    assert here.is_waiting()
    assert [frame.type for frame in here.feed(ONE)] == [None, "good"]
    assert not here.is_waiting()


pieces = st.lists(
    st.sampled_from((ONE, TWO, LONG, BAD, STRAY, ONE[:4], LONG[5:], b"\xa5", b"\x5a", b"\x00")),
    max_size=12,
)


@settings(max_examples=60)
@given(pieces, st.lists(st.integers(0, 100), max_size=8))
def test_any_split_gives_the_same_and_nothing_is_lost(parts: list[bytes], cuts: list[int]) -> None:
    data = b"".join(parts)
    at = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    found = decode(data)
    assert decode(*(data[a:b] for a, b in pairwise(at))) == found
    assert b"".join(raw for raw, _ in found) == data


def test_what_never_ends_is_bounded() -> None:
    here = SizedDecoder(b"\xa5\x5a", 3, size, is_sound, lambda raw: Frame(raw, "good"))
    fed = told = 0
    for _ in range(3):
        fed += 3 * NOISE_BYTES_MAX
        told += sum(len(frame.raw) for frame in here.feed(STRAY * NOISE_BYTES_MAX))
        assert fed - told < NOISE_BYTES_MAX + len(LONG)


class Words(Cutter):
    """Words of four characters; what stands between them is a blank."""

    def piece(self, held: bytearray, at: int, *, is_end: bool) -> tuple[int, Found]:
        if held[at] == ord(" "):
            return 1, None
        if not held[at : at + 1].isalpha():
            return 1, NOISE
        word = bytes(held[at : at + 4])
        if len(word) < 4:
            return (len(word), CUT) if is_end else MORE
        return 4, Frame(word, "word")


def test_what_stands_between_is_in_no_frame_unless_within_noise() -> None:
    here = Words()
    told = [*here.feed(b"some  w"), *here.feed(b"ord1 2more e"), *here.finish()]
    assert [(frame.raw, frame.fault) for frame in told] == [
        (b"some", None),
        (b"word", None),
        (b"1 2", NOISE),
        (b"more", None),
        (b"e", CUT),
    ]


class Commands(CommandFrames):
    """As many panels have it: the length counts command and data."""

    start, lengths = b"\x5a", {0x10: 1, 0x80: 4}

    def read(self, raw: bytes) -> Frame:
        command, data = self.command(raw)
        return Frame(raw, f"{command:02X}", fields={"data": data.hex()})


class Counted(Commands):
    """Its length counts all of the frame, and its sum is another one."""

    start, uncounted = b"\xaa\x55", 0

    @classmethod
    def total(cls, frame: bytes) -> int:
        return sum(frame) & 0xFF


@pytest.mark.parametrize(
    ("kind", "said", "frame"),
    [
        (Commands, "10", "5A 01 10 4B"),
        (Commands, "80010203", "5A 04 80 01 02 03 DE"),
        (Counted, "10", "AA 55 05 10 14"),
    ],
)
def test_a_command_is_made_and_read_by_one_rule(
    kind: type[CommandFrames], said: str, frame: str
) -> None:
    raw = bytes.fromhex(frame)
    assert kind.framed(said) == raw
    here = kind(Setup(Codes({}, {})))
    [read] = [*here.feed(raw[:2]), *here.feed(raw[2:]), *here.finish()]
    assert (read.raw, read.type, read.fields["data"]) == (raw, said[:2].upper(), said[2:])


@pytest.mark.parametrize(
    ("frame", "fault"),
    [
        ("5A 01 10 4A", FaultKind.CHECKSUM),
        ("5A 02 10 00 48", FaultKind.CHECKSUM),  # of another length than its command has
        ("5A 01 11 4A", FaultKind.CHECKSUM),  # of no command
        ("5A 00 5A", FaultKind.NOISE),
        ("5A 05 80 01 02 03 04 DA", FaultKind.NOISE),  # longer than any
    ],
)
def test_what_is_no_command_is_refused(frame: str, fault: FaultKind) -> None:
    here = Commands(Setup(Codes({}, {})))
    frames = [*here.feed(bytes.fromhex(frame)), *here.feed(Commands.framed("10")), *here.finish()]
    assert [one.fault for one in frames] == [fault, None]


class Wide(Commands):
    """With an answer that is long enough to hold a whole frame."""

    start, lengths = b"\x5a", {0x10: 1, 0x91: 7}


def test_data_that_look_like_a_frame_are_data() -> None:
    """Seen to fail: a mask of zones that held a request was refused as long as it stood."""
    here = Wide(Setup(Codes({}, {})))
    frame = Wide.framed("91" + Wide.framed("10").hex() + "0000")
    for cuts in (range(len(frame) + 1), (0, len(frame))):
        pieces = [frame[start:end] for start, end in pairwise(cuts)]
        assert [one.raw for piece in pieces for one in here.feed(piece)] == [frame]


def test_a_head_that_is_believed_and_wrong_holds_back_no_more_than_itself() -> None:
    here = Wide(Setup(Codes({}, {})))
    stray, ten = bytes.fromhex("5A 07 91"), Wide.framed("10")
    frames = [*here.feed(stray + ten), *here.feed(ten), *here.finish()]
    assert [one.raw for one in frames if one.fault is None] == [ten, ten]
