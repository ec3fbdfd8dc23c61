"""What a run judges by: bounded, whatever a site's description holds."""

import pytest

from edge_agent.domain.event import BodyValue
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.terms import SITE_BYTES_MAX, JudgingTerms

TERMS = JudgingTerms(rules="r", zone="UTC", since=Place(b"epoch--0", 7), heard=3, site=b"{}")


@pytest.mark.parametrize(
    ("key", "value"),
    [(7, b"x" * (SITE_BYTES_MAX + 1)), (8, [0, 1]), (8, [2, 1]), (8, [1, 1025]), (3, "r" * 65)],
)
def test_what_is_out_of_bounds_is_malformed(key: int, value: BodyValue) -> None:
    assert JudgingTerms.from_body(TERMS.to_body()) == TERMS
    with pytest.raises(Malformed):
        JudgingTerms.from_body({**TERMS.to_body(), key: value})
