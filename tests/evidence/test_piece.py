"""A piece of a file: what it says, and what is no piece."""

import pytest

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.piece import BYTES_MAX, Piece

PIECE = Piece(name="000012-9f3ac1", part=1, offset=8192, data=b"picture")


def test_a_piece_reads_back() -> None:
    assert Piece.from_bytes(PIECE.to_bytes()) == PIECE


@pytest.mark.parametrize(
    "change",
    [{1: 2}, {2: ""}, {2: "x" * 65}, {3: 16}, {3: -1}, {4: -1}, {5: b""}, {5: "text"},
     {5: b"x" * (BYTES_MAX + 1)}, {6: 1}],
)  # fmt: skip
def test_what_is_beyond_the_bounds_is_no_piece(change: dict[int, BodyValue]) -> None:
    content = {**cbor.decode_map(PIECE.to_bytes()), **change}
    with pytest.raises(Malformed):
        Piece.from_bytes(cbor.encode(content))


@pytest.mark.parametrize("data", [b"", b"\xff", cbor.encode({1: 1})])
def test_other_bytes_are_none(data: bytes) -> None:
    with pytest.raises(Malformed):
        Piece.from_bytes(data)
