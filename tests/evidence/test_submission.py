"""What a witness is asked with reads back; what is too much or no such map is refused."""

import pytest

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.submission import PROOF_MAX, SUBMISSION_BYTES_MAX, Submission

ASKED = Submission(b"certificate", b"genesis", b"head", 3, (b"h" * 32,) * PROOF_MAX)


def test_it_reads_back() -> None:
    assert Submission.from_bytes(ASKED.to_bytes()) == ASKED


@pytest.mark.parametrize(
    "wrong",
    [
        *({1: 2}, {2: b""}, {2: b"c" * 4097}, {3: "text"}, {5: -1}, {5: True}, {7: 1}),
        *({6: [b"h"]}, {6: [b"h" * 32] * (PROOF_MAX + 1)}, {6: 3}),
    ],
)
def test_what_breaks_a_rule_is_refused(wrong: dict[int, BodyValue]) -> None:
    told = cbor.decode_map(ASKED.to_bytes())
    with pytest.raises(Malformed):
        Submission.from_bytes(cbor.encode(told | wrong))


def test_too_many_bytes_are_not_even_decoded() -> None:
    with pytest.raises(Malformed, match="at most"):
        Submission.from_bytes(bytes(SUBMISSION_BYTES_MAX + 1))
