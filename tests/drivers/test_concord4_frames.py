"""Frames of a Concord 4: cut from anything, with single bytes in between, in any pieces."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers._concord4_frames import LENGTH_MAX, ConcordCutter, framed
from edge_agent.domain.session import Frame
from hil.panels.concord4 import on_wire

ZONE = b"\n07210100000C0136"  # of the facts


def read(raw: bytes, data: bytes) -> Frame:
    return Frame(raw, data.hex())


def cut(*pieces: bytes) -> list[tuple[bytes, str]]:
    cutter = ConcordCutter(read)
    frames = [frame for piece in pieces for frame in cutter.feed(piece)] + cutter.finish()
    return [(frame.raw, frame.fault.value if frame.fault else frame.type or "") for frame in frames]


DATA = "210100000c01"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (ZONE + ZONE, [(ZONE, DATA), (ZONE, DATA)]),
        (b"\x06" + ZONE + b"\x15", [(b"\x06", "ack"), (ZONE, DATA), (b"\x15", "nak")]),
        (ZONE[:6] + b"\x06" + ZONE[6:], [(ZONE[:6] + b"\x06" + ZONE[6:], DATA)]),
        (ZONE + b"\r\n" + ZONE, [(ZONE, DATA), (ZONE, DATA)]),
        (ZONE.lower(), [(ZONE.lower(), DATA)]),
        (ZONE[:10] + ZONE, [(ZONE[:10], "length"), (ZONE, DATA)]),
        (ZONE[:4] + b"\x06" + ZONE, [(ZONE[:4] + b"\x06", "noise"), (ZONE, DATA)]),
        (b"\n07210100000CZ136", [(b"\n07210100000CZ136", "shape")]),
        (b"\n07210100000C0137", [(b"\n07210100000C0137", "checksum")]),
        (b"\n3B00" + ZONE, [(b"\n3B00", "noise"), (ZONE, DATA)]),
        (b"\nxy\x80abc\x06", [(b"\nxy\x80abc", "noise"), (b"\x06", "ack")]),
        (ZONE + b"36" + ZONE, [(ZONE, DATA), (b"36", "noise"), (ZONE, DATA)]),
        (ZONE + b"\r\rabc\r" + ZONE, [(ZONE, DATA), (b"abc\r", "noise"), (ZONE, DATA)]),
        (b"\n0721\x9900", [(b"\n0721\x9900", "noise")]),
    ],
)
def test_what_is_cut_from_a_stream(data: bytes, expected: list[tuple[bytes, str]]) -> None:
    assert cut(data) == expected
    assert cut(*(bytes((byte,)) for byte in data)) == expected


def test_requests_are_those_of_the_facts() -> None:
    assert framed(b"\x02") == b"\n020204"
    assert framed(b"\x20") == b"\n022022"


@settings(max_examples=60, deadline=None)
@given(message=st.binary(min_size=1, max_size=LENGTH_MAX - 1), at=st.integers(0, 120))
def test_any_message_is_read_as_the_emulator_writes_it(message: bytes, at: int) -> None:
    frame = on_wire(message)
    assert frame == framed(message)
    assert cut(frame[:at], frame[at:]) == [(frame, message.hex())]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=40) | st.sampled_from([ZONE, ZONE[:9], b"\x06", b"\n3A"])))
def test_nothing_raises_and_no_byte_but_ends_is_lost(pieces: list[bytes]) -> None:
    told = cut(*pieces)
    assert told == cut(b"".join(pieces))
    left = b"".join(raw for raw, _ in told).translate(None, b"\r\n")
    assert left == b"".join(pieces).translate(None, b"\r\n")


def test_single_bytes_within_are_told_along() -> None:
    [frame] = ConcordCutter(read).feed(ZONE[:6] + b"\x06" + ZONE[6:9] + b"\x15" + ZONE[9:])
    assert frame.fields == {"within": ["ack", "nak"]}
