"""A program's body says on the wire what it was given, and takes nothing else."""

import pytest

from edge_agent.evidence import cbor
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.program import ProgramBody

WHOLE = ProgramBody("1.2.3", b"d" * 32, b"e" * 32, released=True)
SIGNED = ProgramBody("1.2.3", b"d" * 32, b"e" * 32, released=True, signed=True)
UNSIGNED = ProgramBody("1.2.3", b"d" * 32, b"e" * 32, released=True, differences=1, signed=False)
CHECKOUT = ProgramBody("unknown", b"d" * 32, b"e" * 32, released=False, differences=3)


@pytest.mark.parametrize("value", [WHOLE, CHECKOUT, SIGNED, UNSIGNED])
def test_it_round_trips_through_bytes(value: ProgramBody) -> None:
    assert ProgramBody.from_body(cbor.decode_map(cbor.encode(value.to_body()))) == value


@pytest.mark.parametrize("key", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("wrong", [None, b"d" * 31, -1, [1]])
def test_a_wrong_value_is_refused(key: int, wrong: object) -> None:
    with pytest.raises(Malformed):
        ProgramBody.from_body({**WHOLE.to_body(), key: wrong})  # type: ignore[dict-item]
