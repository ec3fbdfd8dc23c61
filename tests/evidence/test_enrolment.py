"""Bundles and renewals are what their signers said, bounded, and of their own kind."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.evidence import cbor, cose
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature, Domain
from edge_agent.evidence.enrolment import (
    Bundle,
    Renewal,
    Way,
    claimed_authorities,
    claimed_by,
    open_bundle,
    open_renewal,
    sign_bundle,
    sign_renewal,
)
from edge_agent.evidence.signers import Ed25519Signer, P256Signer

AUTHORITY, OTHER, IDENTITY = P256Signer.generate(), P256Signer.generate(), Ed25519Signer.generate()
BUNDLE = Bundle(
    gateway="gw4",
    center="center",
    time_ms=1_800_000_000_000,
    authorities=(b"ca",),
    client=b"client",
    identity=b"identity",
    receipts=(b"receipt", b"next"),
    commands=(),
    seals=(b"seal",),
    ways=(Way("a.example", 8883), Way("b.example", 8883)),
    enrolment=Way("a.example", 8443),
)
WISH = Renewal("gw4", 1_800_000_000_000, b"request")


def test_a_bundle_is_what_was_signed() -> None:
    data = sign_bundle(BUNDLE, AUTHORITY)
    assert open_bundle(data, AUTHORITY.public) == BUNDLE
    assert claimed_authorities(data) == (b"ca",)
    with pytest.raises(BadSignature):
        open_bundle(data, OTHER.public)


def test_a_charter_comes_along() -> None:
    bound = replace(BUNDLE, charter=b"signed by both")
    assert open_bundle(sign_bundle(bound, AUTHORITY), AUTHORITY.public) == bound
    with pytest.raises(ValueError, match="charter"):
        replace(BUNDLE, charter=bytes(5000))


def test_revoked_keys_come_along() -> None:
    bound = replace(BUNDLE, revoked=b"signed by the authority")
    assert open_bundle(sign_bundle(bound, AUTHORITY), AUTHORITY.public) == bound
    with pytest.raises(ValueError, match="revoked keys"):
        replace(BUNDLE, revoked=bytes(5000))


def test_a_renewal_is_what_was_signed() -> None:
    data = sign_renewal(WISH, IDENTITY)
    assert open_renewal(data, IDENTITY.public) == WISH
    assert claimed_by(data) == "gw4"
    with pytest.raises(BadSignature):
        open_renewal(data, AUTHORITY.public)


def test_one_kind_is_not_the_other() -> None:
    content = cose.parse(sign_bundle(BUNDLE, AUTHORITY)).payload
    for domain in (Domain.RECEIPT, Domain.COMMAND, Domain.RENEWAL):
        with pytest.raises(BadSignature):
            open_bundle(cose.sign1(content, AUTHORITY, domain), AUTHORITY.public)


@pytest.mark.parametrize(
    "change",
    [
        {"gateway": "no name"},
        {"center": ""},
        {"ways": ()},
        {"authorities": ()},
        {"receipts": ()},
        {"client": b""},
        {"identity": bytes(5000)},
        {"commands": (b"c",) * 5},
        {"ways": (Way("a", 1),) * 9},
    ],
)
def test_a_bundle_has_bounds(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        replace(BUNDLE, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", range(1, 13))
@pytest.mark.parametrize("wrong", [None, -1, "", b"", [], [[1]], {}])
def test_a_wrong_value_is_refused(key: int, wrong: object) -> None:
    payload = dict(cbor.decode_map(cose.parse(sign_bundle(BUNDLE, AUTHORITY)).payload))
    if wrong == [] and key in {9, 12}:
        return  # no command keys, no seals: good values
    payload[key] = wrong  # type: ignore[assignment]
    with pytest.raises(Malformed):
        open_bundle(cose.sign1(cbor.encode(payload), AUTHORITY, Domain.ENROLMENT), AUTHORITY.public)


def test_an_unknown_or_missing_key_is_refused() -> None:
    payload = dict(cbor.decode_map(cose.parse(sign_bundle(BUNDLE, AUTHORITY)).payload))
    for changed in (
        payload | {13: 1},
        payload | {14: 1},
        payload | {15: b""},
        {key: payload[key] for key in payload if key != 9},
    ):
        data = cose.sign1(cbor.encode(changed), AUTHORITY, Domain.ENROLMENT)
        with pytest.raises(Malformed):
            open_bundle(data, AUTHORITY.public)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_and_nothing_else(data: bytes) -> None:
    for read in (claimed_authorities, claimed_by):
        with pytest.raises(Malformed):
            read(data)
    with pytest.raises((Malformed, BadSignature)):
        open_bundle(data, AUTHORITY.public)
