"""The body of an anchor event."""

import pytest

from edge_agent.domain.event import BodyValue
from edge_agent.evidence.anchor import TOKEN_BYTES_MAX, AnchorBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from tests.evidence.bundles import history

BODY = AnchorBody(Place(b"epoch--1", 60), bytes(32), b"token")


def test_it_reads_back() -> None:
    assert AnchorBody.from_body(BODY.to_body()) == BODY


@pytest.mark.parametrize(
    ("key", "value"),
    [(1, [b"short", 1]), (1, None), (2, b""), (3, b""), (3, bytes(TOKEN_BYTES_MAX + 1)), (3, 1)],
)
def test_what_is_none_is_refused(key: int, value: BodyValue) -> None:
    with pytest.raises(Malformed):
        AnchorBody.from_body({**BODY.to_body(), key: value})


def test_of_an_envelope_that_is_none_nothing_is_read() -> None:
    for envelope in (history()[0].envelopes[3], b"", b"\xd2 anchor"):
        assert AnchorBody.of(envelope) is None
