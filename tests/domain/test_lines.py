"""Lines: cut anywhere, found behind damage, bounded."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.domain.lines import LineDecoder
from edge_agent.domain.session import FaultKind, Frame

BYTES_MAX = 20


def read(line: bytes, raw: bytes) -> Frame | None:
    return Frame(raw, "word") if re.fullmatch(rb"W[0-9]{3}", line) else None


def fault(piece: bytes) -> FaultKind:
    return FaultKind.SHAPE if piece.startswith(b"W") else FaultKind.NOISE


def decoder() -> LineDecoder:
    return LineDecoder(read, re.compile(rb"W"), fault, BYTES_MAX)


def decode(*pieces: bytes) -> list[tuple[bytes, FaultKind | None]]:
    here = decoder()
    frames = [frame for piece in pieces for frame in here.feed(piece)]
    return [(frame.raw, frame.fault) for frame in [*frames, *here.finish()]]


@pytest.mark.parametrize(
    ("data", "frames"),
    [
        (b"W123\r", [(b"W123\r", None)]),
        (b"W123\r\n\r\nW124\n", [(b"W123\r", None), (b"W124\n", None)]),
        (b"W12\r", [(b"W12\r", FaultKind.SHAPE)]),
        (b"hello\r", [(b"hello\r", FaultKind.NOISE)]),
        (b"\x00W1\xffW123\r", [(b"\x00W1\xff", FaultKind.NOISE), (b"W123\r", None)]),
        (b"W12W123\r", [(b"W12", FaultKind.SHAPE), (b"W123\r", None)]),
        (b"W123x\r", [(b"W123x\r", FaultKind.SHAPE)]),  # what follows it may be part of it
        (b"a\r\nb\rW123\r", [(b"a\r\nb\r", FaultKind.NOISE), (b"W123\r", None)]),
        (b"W123", [(b"W123", FaultKind.SHAPE)]),  # its end is missing
        (b"x" * 30 + b"W123\r", [(b"x" * 30, FaultKind.NOISE), (b"W123\r", None)]),
    ],
)
def test_what_a_stream_holds(data: bytes, frames: list[tuple[bytes, FaultKind | None]]) -> None:
    assert decode(data) == frames
    assert decode(*(data[at : at + 1] for at in range(len(data)))) == frames


def test_without_more_all_that_is_no_line_is_noise_and_none_begins_in_another() -> None:
    plain = LineDecoder(read)
    assert not plain.is_waiting()
    assert [frame.fault for frame in plain.feed(b"W1\nW12W123\nW123\nW")] == [FaultKind.NOISE, None]
    assert plain.is_waiting()
    assert [frame.raw for frame in plain.finish()] == [b"W"]
    assert not plain.is_waiting()


def test_the_last_line_of_a_whole_type_may_lack_its_end() -> None:
    whole = LineDecoder(read, whole=frozenset({"word"}))
    assert whole.feed(b"W123\rW124") == [Frame(b"W123\r", "word")]
    assert whole.finish() == [Frame(b"W124", "word")]
    assert whole.finish() == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([b"W123", b"W", b"\r", b"\n", b"x", b"99"]), max_size=30))
def test_nothing_but_ends_is_left_out_and_no_split_matters(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    frames = decode(data)
    assert frames == decode(*pieces)
    rest = b"".join(raw for raw, _ in frames)
    assert rest.replace(b"\r", b"").replace(b"\n", b"") == re.sub(rb"[\r\n]", b"", data)
