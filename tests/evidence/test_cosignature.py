"""A witness's word: it reads back, and nobody else's passes for it."""

import pytest

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, cose
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature, Domain
from edge_agent.evidence.cosignature import Cosignature, open_cosignature
from tests.evidence.conftest import signer

KEY, OTHER = signer(31), signer(32)
TOLD = Cosignature(
    witness="inspector",
    authority=b"a" * 32,
    gateway="gw1",
    epoch=b"epoch--1",
    size=7,
    root=b"r" * 32,
    time_ms=5,
    breaks=2,
)


def test_it_reads_back_by_any_key_of_the_witness() -> None:
    assert open_cosignature(TOLD.signed(KEY), [OTHER.public, KEY.public]) == TOLD


def test_another_key_or_another_kind_of_message_is_refused() -> None:
    with pytest.raises(BadSignature):
        open_cosignature(TOLD.signed(KEY), [OTHER.public])
    with pytest.raises(BadSignature):
        open_cosignature(TOLD.signed(KEY), [])
    payload = cose.parse(TOLD.signed(KEY)).payload
    with pytest.raises(BadSignature):
        open_cosignature(cose.sign1(payload, KEY, Domain.RECEIPT), [KEY.public])


@pytest.mark.parametrize(
    "wrong",
    [{1: 2}, {2: "two words"}, {3: b""}, {5: b"epoch"}, {6: -1}, {7: b"r"}, {9: True}, {10: 1}],
)
def test_what_breaks_a_rule_is_refused(wrong: dict[int, BodyValue]) -> None:
    told = cbor.decode_map(cose.parse(TOLD.signed(KEY)).payload) | wrong
    with pytest.raises(Malformed):
        open_cosignature(cose.sign1(cbor.encode(told), KEY, Domain.COSIGNATURE), [KEY.public])
