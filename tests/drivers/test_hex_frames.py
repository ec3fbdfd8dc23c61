"""Frames with a hex length and a check sum: any split, damage, bounds; both ways to count."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers._hex_frames import LINE_BYTES_MAX, HexDecoder, checksum, request
from edge_agent.domain.noise import NOISE_BYTES_MAX
from edge_agent.domain.session import FaultKind, Frame

ELK, VISTA = 2, 0  # characters that LL does not count
ZONE = b"0AZC017900C1\r\n"
TYPES = {"ZC", "AS", "as", "nq"}


def decoder(uncounted: int = ELK) -> HexDecoder:
    def read(raw: bytes, kind: str, data: str, tail: str) -> Frame:
        return Frame(raw, kind, (), {"data": data, "tail": tail})

    return HexDecoder(uncounted, read, TYPES.__contains__)


def decode(*pieces: bytes, uncounted: int = ELK) -> list[Frame]:
    here = decoder(uncounted)
    frames = [frame for piece in pieces for frame in here.feed(piece)]
    return frames + here.finish()


def faults(data: bytes) -> list[str | None]:
    return [frame.fault for frame in decode(data)]


@pytest.mark.parametrize(
    ("uncounted", "frame", "kind", "data"),
    [
        (ELK, b"06as0066", "as", ""),
        (ELK, b"0AZC017900C1", "ZC", "0179"),
        (VISTA, b"08as0064", "as", ""),
        (VISTA, b"10ASDDAHDDDD008A", "AS", "DDAHDDDD"),
        (VISTA, b"1Bnq41023000209202311260098", "nq", "4102300020920231126"),
    ],
)
def test_both_counts_as_the_facts_work_them_out(
    uncounted: int, frame: bytes, kind: str, data: str
) -> None:
    [found] = decode(frame + b"\r\n", uncounted=uncounted)
    assert (found.type, found.fields["data"], found.fields["tail"]) == (kind, data, "00")
    assert request(kind, data, uncounted=uncounted) == frame + b"\r\n"
    [other] = decode(frame + b"\r\n", uncounted=ELK + VISTA - uncounted)
    assert other.fault is FaultKind.LENGTH, "the count tells the two protocols apart"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"0AZC017900C2\r\n", ["checksum"]),
        (b"0AZC01900C1\r\n", ["length"]),
        (b"0AZC017900G1\r\n", ["shape"]),
        (b"0AZC0\xff7900C1\r\n", ["checksum"]),
        (b"0AZC0\x017900C1\r\n", ["noise"]),
        (b"Username: \r\n", ["noise"]),
        (b"printed line\r\n" + ZONE, ["noise", None]),
        (b"0AZC\r\n", ["noise"]),
    ],
)
def test_what_is_wrong_is_named(data: bytes, expected: list[str | None]) -> None:
    assert faults(data) == expected


def test_glued_frames_and_those_behind_damage_are_found() -> None:
    good = ZONE.rstrip()
    assert [frame.type for frame in decode(good + good + b"\r\n")] == ["ZC", "ZC"]
    frames = decode(good[:7] + good + b"\r\n")
    assert [frame.fault for frame in frames] == [FaultKind.NOISE, None]


def test_in_the_middle_of_a_line_only_known_types_begin() -> None:
    strange = b"08QQ120033"
    assert [frame.type for frame in decode(strange + b"\r\n")] == ["QQ"]
    assert not [frame.type for frame in decode(b"x" + strange + b"\r\n") if frame.type]


def test_noise_is_bounded_and_in_one_piece() -> None:
    here = decoder()
    frames = [frame for _ in range(300) for frame in here.feed(b"\xff" * 1000)]
    assert [len(frame.raw) for frame in frames] == [NOISE_BYTES_MAX] * 4
    assert len(here._line) <= LINE_BYTES_MAX
    assert len(here._noise) < NOISE_BYTES_MAX


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.randoms())
def test_any_bytes_in_any_split_are_the_same_frames(data: bytes, random: Random) -> None:
    stream = data + ZONE + data[:40] + ZONE
    pieces, rest = [], stream
    while rest:
        size = random.randint(1, 20)
        pieces.append(rest[:size])
        rest = rest[size:]
    assert decode(*pieces) == decode(stream)
    raw = b"".join(frame.raw for frame in decode(stream))
    assert raw.translate(None, b"\r\n") == stream.translate(None, b"\r\n")


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(ZONE) - 3), st.integers(32, 126))
def test_one_wrong_character_is_never_a_frame(at: int, byte: int) -> None:
    frame = bytearray(ZONE)
    if frame[at] != byte and not (at == 10 and chr(byte) == "c"):  # a sum in small letters is read
        frame[at] = byte
        assert not [one for one in decode(bytes(frame)) if one.fault is None]


def test_the_sum_of_all_is_nothing() -> None:
    assert checksum(b"0AZC017900") == 0xC1
