"""Receipts: bound to gateway, ranges and bytes; everything else refused."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, cose
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature, Domain
from edge_agent.evidence.receipt import (
    RANGES_MAX,
    Range,
    Receipt,
    open_receipt,
    range_digest,
    sign_receipt,
)
from edge_agent.evidence.signers import P256Signer
from tests.evidence.conftest import signer

BY = signer(4)
RANGE = Range(b"epoch--1", 3, 9, b"d" * 32)
RECEIPT = Receipt("gw1", "center", 1_763_900_000_000, (RANGE, Range(b"epoch--2", 0, 0, b"e" * 32)))

ranges = st.tuples(st.integers(0, 2**62), st.integers(0, 2**20)).map(
    lambda pair: Range(b"epoch--1", pair[0], pair[0] + pair[1], b"d" * 32)
)


@given(st.lists(ranges, min_size=1, max_size=20), st.integers(0, 2**63 - 1))
def test_a_receipt_round_trips(listed: list[Range], time_ms: int) -> None:
    receipt = Receipt("gw1", "center", time_ms, tuple(listed))
    assert open_receipt(sign_receipt(receipt, BY), BY.public) == receipt


def test_the_largest_receipt_fits() -> None:
    widest = Range(b"epoch--1", 2**63 - 2, 2**63 - 1, b"d" * 32)
    receipt = Receipt("g" * 64, "c" * 64, 2**63 - 1, (widest,) * RANGES_MAX)
    data = sign_receipt(receipt, P256Signer.generate())
    assert len(data) < cose.MESSAGE_BYTES_MAX * 0.51


def test_a_receipt_for_another_gateway_says_so() -> None:
    other = sign_receipt(replace(RECEIPT, gateway="gw2"), BY)
    assert open_receipt(other, BY.public).gateway == "gw2"


def test_a_receipt_of_another_key_or_kind_is_refused() -> None:
    with pytest.raises(BadSignature):
        open_receipt(sign_receipt(RECEIPT, signer(5)), BY.public)
    payload = cose.parse(sign_receipt(RECEIPT, BY)).payload
    with pytest.raises(BadSignature):
        open_receipt(cose.sign1(payload, BY, Domain.EVENT), BY.public)


def test_any_flipped_bit_is_refused() -> None:
    data = sign_receipt(RECEIPT, BY)
    for at in range(len(data) * 8):
        changed = bytearray(data)
        changed[at // 8] ^= 1 << at % 8
        with pytest.raises((Malformed, BadSignature)):
            open_receipt(bytes(changed), BY.public)


def test_the_digest_is_over_the_leaves_in_order() -> None:
    one, two = b"1" * 32, b"2" * 32
    assert range_digest([one, two]) == hashlib.sha256(one + two).digest()
    assert range_digest([one, two]) != range_digest([two, one])


PAYLOAD = cbor.decode_map(cose.parse(sign_receipt(RECEIPT, BY)).payload)
ROW: list[BodyValue] = [b"epoch--1", 3, 9, b"d" * 32]
CHANGES: list[dict[int, BodyValue]] = [
    {1: 2},
    {1: True},
    {2: "a/b"},
    {3: ""},
    {4: -1},
    {4: 2**63},
    {5: []},
    {5: ROW},
    {5: [ROW] * (RANGES_MAX + 1)},
    {5: [ROW[:3]]},
    {5: [[*ROW, 0]]},
    {5: [[b"short", 3, 9, b"d" * 32]]},
    {5: [[b"epoch--1", 9, 3, b"d" * 32]]},
    {5: [[b"epoch--1", -1, 3, b"d" * 32]]},
    {5: [[b"epoch--1", 3, 2**63, b"d" * 32]]},
    {5: [[b"epoch--1", 3, 9, b"d" * 31]]},
    {6: 0},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: str(change)[:40])
def test_a_well_signed_receipt_that_breaks_the_layout_is_malformed(
    change: dict[int, BodyValue],
) -> None:
    data = cose.sign1(cbor.encode(PAYLOAD | change), BY, Domain.RECEIPT)
    with pytest.raises(Malformed):
        open_receipt(data, BY.public)


@pytest.mark.parametrize("key", range(1, 6))
def test_each_key_is_needed(key: int) -> None:
    rest = {other: value for other, value in PAYLOAD.items() if other != key}
    with pytest.raises(Malformed):
        open_receipt(cose.sign1(cbor.encode(rest), BY, Domain.RECEIPT), BY.public)


def test_a_receipt_that_cannot_be_is_not_made() -> None:
    for change in ({"gateway": ""}, {"center": "/"}, {"time_ms": -1}, {"ranges": ()}):
        with pytest.raises(ValueError, match=r"."):
            replace(RECEIPT, **change)
    for wrong in ({"first": 10}, {"first": -1}, {"last": 2**63}, {"epoch": b""}, {"digest": b""}):
        with pytest.raises(ValueError, match=r"."):
            replace(RANGE, **wrong)
