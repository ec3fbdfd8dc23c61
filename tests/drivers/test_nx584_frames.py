"""Frames of the NX-584 in both forms: cut from anything, checked, in pieces of any size."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers._nx584_frames import LENGTH_MAX, Envelope, NxCutter, fletcher, framed
from edge_agent.domain.session import FaultKind, Frame
from hil.panels.nx584 import on_wire

ZONE = b"\n08840B01000000010099C1\r"  # of the facts
BINARY = b"\x7e\x08\x84\x0b\x01\x00\x00\x00\x01\x00\x99\xc1"
ACK = b"\n011D1E1F\r"


def read(envelope: Envelope) -> Frame:
    return Frame(envelope.raw, envelope.payload.hex())


def cut(*pieces: bytes) -> list[tuple[bytes, str]]:
    cutter = NxCutter(read)
    frames = [frame for piece in pieces for frame in cutter.feed(piece)] + cutter.finish()
    return [(frame.raw, frame.fault.value if frame.fault else frame.type or "") for frame in frames]


PAYLOAD = "840b010000000100"


def test_the_sums_are_those_of_the_facts() -> None:
    assert fletcher(bytes.fromhex("02240B")) == bytes.fromhex("3159")
    assert framed(b"\x1d", binary=False) == ACK
    assert framed(bytes.fromhex("840B010000000100"), binary=True) == BINARY


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (ZONE + ACK, [(ZONE, PAYLOAD), (ACK, "1d")]),
        (ZONE + b"\n" + BINARY, [(ZONE, PAYLOAD), (BINARY, PAYLOAD)]),
        (ZONE[:-1] + ACK, [(ZONE[:-1], PAYLOAD), (ACK, "1d")]),  # its end is lost
        (ZONE[:-1], [(ZONE[:-1], PAYLOAD)]),
        (ZONE.lower(), [(ZONE.lower(), PAYLOAD)]),
        (ZONE[:12] + ACK, [(ZONE[:12], "length"), (ACK, "1d")]),
        (b"\n08840B010000000100Z9C1\r", [(b"\n08840B010000000100Z9C1\r", "shape")]),
        (b"\n2184" + b"00" * 34 + b"\r", [(b"\n2184" + b"00" * 34 + b"\r", "noise")]),
        (b"\n0012\r" + ACK, [(b"\n0012\r", "noise"), (ACK, "1d")]),
        (b"\n" + b"A" * 90 + ZONE, [(b"\n" + b"A" * 90, "noise"), (ZONE, PAYLOAD)]),
        (BINARY[:8] + BINARY, [(BINARY[:8], "length"), (BINARY, PAYLOAD)]),
        (b"\x7e\x02" + BINARY, [(b"\x7e\x02", "noise"), (BINARY, PAYLOAD)]),
        (b"\x7e\x7d" + BINARY, [(b"\x7e\x7d", "noise"), (BINARY, PAYLOAD)]),
        (b"\x7e\xff\x01" + ZONE, [(b"\x7e\xff\x01", "noise"), (ZONE, PAYLOAD)]),
        # a false start that swallows the beginning of a line
        (b"\x7e\x08\x01\x02" + ZONE, [(b"\x7e\x08\x01\x02", "checksum"), (ZONE, PAYLOAD)]),
        (b"\x7e\x20" + ZONE, [(b"\x7e\x20", "noise"), (ZONE, PAYLOAD)]),
        # zone 11 is 0A, and no beginning of a line
        (
            b"\x7e\x08\x84\x0a\x01\x00\x00\x00\x01\x00\x00\x00",
            [(b"\x7e\x08\x84\x0a\x01\x00\x00\x00\x01\x00\x00\x00", "checksum")],
        ),
    ],
)
def test_what_is_cut_from_a_stream(data: bytes, expected: list[tuple[bytes, str]]) -> None:
    assert cut(data) == expected
    assert cut(*(bytes((byte,)) for byte in data)) == expected


@settings(max_examples=60, deadline=None)
@given(
    payload=st.binary(min_size=1, max_size=LENGTH_MAX),
    binary=st.booleans(),
    at=st.integers(0, 80),
)
def test_any_message_is_read_as_the_emulator_writes_it(
    payload: bytes, binary: bool, at: int
) -> None:
    frame = on_wire(payload, binary=binary)
    assert frame == framed(payload, binary=binary)
    assert cut(frame[:at], frame[at:]) == [(frame, payload.hex())]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=40) | st.sampled_from([ZONE, BINARY, ZONE[:9], BINARY[:5]])))
def test_nothing_raises_and_no_byte_but_line_feeds_is_lost(pieces: list[bytes]) -> None:
    told = cut(*pieces)
    assert told == cut(b"".join(pieces))
    left = b"".join(raw for raw, _ in told).replace(b"\n", b"")
    assert left == b"".join(pieces).replace(b"\n", b"")


def test_rubbish_is_not_held() -> None:
    cutter = NxCutter(read)
    for _ in range(100):
        cutter.feed(b"\x7e\x1f" + b"0" * 997)
        assert len(cutter._held) < 100
    assert cutter.finish()[-1].fault is not FaultKind.CHECKSUM
