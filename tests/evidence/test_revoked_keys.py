"""A list of revoked keys is what the authority signed, bounded, and of its own kind."""

import contextlib

import pytest
from hypothesis import given, settings

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, cose
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature, Domain
from edge_agent.evidence.revoked_keys import (
    BYTES_MAX,
    KEYS_MAX,
    RevokedKeys,
    open_revoked_keys,
    sign_revoked_keys,
)
from edge_agent.evidence.signers import P256Signer
from tests.evidence.test_hostile import ANY

AUTHORITY = P256Signer.generate()
LISTED = RevokedKeys(3, tuple(bytes([at]) * 32 for at in range(KEYS_MAX)))


def test_a_list_is_what_was_signed() -> None:
    data = sign_revoked_keys(LISTED, AUTHORITY)
    assert len(data) <= BYTES_MAX
    assert open_revoked_keys(data, AUTHORITY.public) == LISTED
    with pytest.raises(BadSignature):
        open_revoked_keys(data, P256Signer.generate().public)
    content = cose.parse(data).payload
    with pytest.raises(BadSignature):
        open_revoked_keys(cose.sign1(content, AUTHORITY, Domain.ENROLMENT), AUTHORITY.public)
    with pytest.raises(Malformed, match="allowed 4096"):
        open_revoked_keys(data + bytes(BYTES_MAX), AUTHORITY.public)


@pytest.mark.parametrize(
    ("number", "keys"), [(0, (bytes(32),)), (1, ()), (1, (bytes(31),)), (1, (bytes(32),) * 65)]
)
def test_what_cannot_be_is_no_list(number: int, keys: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match=r"numbers|keys|bytes"):
        RevokedKeys(number, keys)
    data = cbor.encode({1: 1, 2: number, 3: list(keys)})
    with pytest.raises(Malformed):
        open_revoked_keys(cose.sign1(data, AUTHORITY, Domain.REVOKED), AUTHORITY.public)


@settings(max_examples=20)
@given(ANY)
def test_content_of_any_kind_is_no_crash(value: BodyValue) -> None:
    contents: list[dict[int, BodyValue]] = [
        {1: value},
        {1: 1, 2: 1, 3: value},
        {1: 1, 2: value, 3: [bytes(32)]},
    ]
    for content in contents:
        data = cose.sign1(cbor.encode(content), AUTHORITY, Domain.REVOKED)
        with contextlib.suppress(Malformed):
            open_revoked_keys(data, AUTHORITY.public)
