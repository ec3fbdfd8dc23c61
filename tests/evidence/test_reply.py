"""Replies: bound to the very command; everything else refused."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, cose
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature, Domain
from edge_agent.evidence.reply import (
    FACTS_BYTES_MAX,
    Reply,
    facts_of,
    open_reply,
    peek_reply,
    sign_reply,
)
from tests.evidence.conftest import STAMP, signer

BY = signer(2)
REPLY = Reply(
    gateway="gw1",
    epoch=b"epoch--1",
    number=7,
    digest=b"d" * 32,
    stamp=STAMP,
    outcome="done",
    detail="bypassed",
    facts=facts_of({"panel": "门"}),
)
SIGNED = sign_reply(REPLY, BY)


@given(st.integers(1, 2**63 - 1), st.text(max_size=50), st.binary(max_size=300))
def test_a_reply_round_trips(number: int, detail: str, facts: bytes) -> None:
    detail = detail.encode("utf-8", "ignore").decode()
    said = replace(REPLY, number=number, detail=detail, facts=facts)
    data = sign_reply(said, BY)
    assert open_reply(data, BY.public) == said
    assert peek_reply(data) == (BY.public.kid, said)


def test_a_reply_of_another_key_or_kind_is_refused() -> None:
    with pytest.raises(BadSignature):
        open_reply(SIGNED, signer(5).public)
    payload = cose.parse(SIGNED).payload
    with pytest.raises(BadSignature):
        open_reply(cose.sign1(payload, BY, Domain.EVENT), BY.public)


@pytest.mark.parametrize(
    "changes",
    [
        {1: 2}, {2: "a/b"}, {3: b""}, {4: 0}, {5: b"d" * 31}, {6: []}, {7: "Not"}, {8: 5},
        {9: "text"}, {9: bytes(FACTS_BYTES_MAX + 1)}, {10: 1},
    ],
)  # fmt: skip
def test_what_is_no_reply_is_malformed_though_well_signed(changes: dict[int, BodyValue]) -> None:
    content = cbor.decode_map(cose.parse(SIGNED).payload) | changes
    data = cose.sign1(cbor.encode(content), BY, Domain.REPLY)
    with pytest.raises(Malformed):
        open_reply(data, BY.public)


@given(st.binary(max_size=300))
def test_bytes_of_anybody_are_refused_and_never_a_crash(data: bytes) -> None:
    with pytest.raises((Malformed, BadSignature)):
        open_reply(data, BY.public)
    with pytest.raises(Malformed):
        open_reply(cose.sign1(data, BY, Domain.REPLY), BY.public)


def test_facts_are_json_and_bounded() -> None:
    assert json.loads(REPLY.facts) == {"panel": "门"}
    with pytest.raises(ValueError, match="carries"):
        facts_of({"long": "x" * FACTS_BYTES_MAX})
