"""Masking: exactly the secret bytes, and a reader is told where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.signal import Signal, Span
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.masking import SPANS_MAX, mask, masked_spans
from tests.evidence.test_bodies import signals


@given(st.binary(max_size=60), signals())
def test_masking_hides_exactly_the_secret_bytes(frame: bytes, signal: Signal) -> None:
    masked, spans = mask(frame, signal.secrets)
    secret = {at for span in signal.secrets for at in range(span.start, span.end)}
    expected = bytes(0x2A if at in secret else byte for at, byte in enumerate(frame))
    assert masked == expected
    told = [at for span in spans for at in range(span.start, span.end)]
    assert told == sorted(secret & set(range(len(frame))))
    assert mask(masked, spans) == (masked, spans)


def test_touching_spans_are_joined_and_too_many_are_masked_together() -> None:
    assert mask(b"abcdef", [Span(3, 4), Span(1, 3)]) == (b"a***ef", (Span(1, 4),))
    many = [Span(at, at + 1) for at in range(0, 400, 2)]
    masked, spans = mask(b"x" * 400, many)
    assert len(spans) == SPANS_MAX
    assert all(masked[span.start] == 0x2A for span in many)


def test_a_stretch_that_is_not_masked_is_malformed() -> None:
    assert masked_spans({15: [[1, 3]]}, 15, b"a**d") == (Span(1, 3),)
    for spans in ([[0, 3]], [[1, 5]], [[1, 3], [3, 4]], [[2, 2]]):
        with pytest.raises(Malformed):
            masked_spans({15: spans}, 15, b"a**d")  # type: ignore[dict-item]  # as a stranger may
