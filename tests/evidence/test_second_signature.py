"""A second signature of a tree head: what it says, and whose it is."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, cose
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature, Domain
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.second_signature import (
    MESSAGE_BYTES_MAX,
    SecondSignature,
    SecondSignatureBody,
    TreeHead,
    Unsigned,
)
from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.evidence.sm2 import Sm2Key
from tests.evidence import second_vectors
from tests.evidence.bundles import history

HEAD = TreeHead("gw1", b"epoch--1", 60, bytes(range(32)))
SIGNER = Ed25519Signer.generate()
UNSIGNED = Unsigned(HEAD, SIGNER.public.algorithm, SIGNER.public.kid)
DATA = UNSIGNED.signed(SIGNER.sign(UNSIGNED.to_be_signed()))


def test_it_is_a_signed_message_like_any_other() -> None:
    assert cose.sign1(HEAD.to_payload(), SIGNER, Domain.SECOND_SIGNATURE) == DATA
    read = SecondSignature.read(DATA)
    assert read.head == HEAD
    read.verify(SIGNER.public)


def test_another_key_algorithm_head_or_signature_is_refused() -> None:
    read = SecondSignature.read(DATA)
    other = replace(HEAD, root=bytes(32))
    for changed, key in (
        (read, Ed25519Signer.generate().public),
        (replace(read, told=replace(UNSIGNED, algorithm=-9)), SIGNER.public),
        (replace(read, told=replace(UNSIGNED, head=other)), SIGNER.public),
        (replace(read, signature=bytes(64)), SIGNER.public),
    ):
        with pytest.raises(BadSignature):
            changed.verify(key)


def test_an_algorithm_that_nobody_knows_can_be_read_and_named() -> None:
    read = SecondSignature.read(Unsigned(HEAD, -70_000, bytes(8)).signed(bytes(3_309)))
    assert (read.told.algorithm, read.told.kid, len(read.signature)) == (-70_000, bytes(8), 3_309)


def with_payload(change: Callable[[dict[int, BodyValue]], object]) -> bytes:
    told = cbor.decode_map(HEAD.to_payload())
    change(told)
    return cose.sign1(cbor.encode(told), SIGNER, Domain.SECOND_SIGNATURE)


def with_header(header: dict[int, BodyValue]) -> bytes:
    payload = cose.bstr(HEAD.to_payload())
    protected = cose.bstr(cbor.encode(header))
    return b"".join((b"\xd2\x84", protected, b"\xa0", payload, cose.bstr(bytes(64))))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        with_payload(lambda told: told.pop(5)),
        with_payload(lambda told: told.update({6: 1})),
        with_payload(lambda told: told.update({1: 2})),
        with_payload(lambda told: told.update({2: "../gw"})),
        with_payload(lambda told: told.update({3: b"short"})),
        with_payload(lambda told: told.update({4: 0})),
        with_payload(lambda told: told.update({5: b"short"})),
        with_header({1: -19, 4: b"short"}),
        with_header({1: True, 4: bytes(8)}),
        with_header({1: -19}),
        UNSIGNED.signed(b""),
        UNSIGNED.signed(bytes(MESSAGE_BYTES_MAX)),
    ],
)
def test_what_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        SecondSignature.read(data)


def test_an_event_keeps_it_as_it_came() -> None:
    body = SecondSignatureBody(DATA)
    assert SecondSignatureBody.from_body(body.to_body()) == body
    for value in (b"", bytes(MESSAGE_BYTES_MAX + 1), 1, None):
        with pytest.raises(Malformed):
            SecondSignatureBody.from_body({1: value})


def test_of_an_envelope_that_is_none_nothing_is_read() -> None:
    for envelope in (history()[0].envelopes[3], b"", b"\xd2 second_signature"):
        assert SecondSignatureBody.of(envelope) is None


def test_the_published_vector_reads_as_it_says_and_is_good() -> None:
    own = second_vectors.read()["own"]
    read = SecondSignature.read(second_vectors.message())
    assert (read.head.epoch.hex(), read.head.size) == (own["epoch"], own["size"])
    assert read.head.to_payload().hex() == own["payload"]
    assert read.told.to_be_signed().hex() == own["to_be_signed"]
    assert read.head.root == peek(history()[0].envelopes[own["size"]])[1].root
    key = Sm2Key.from_value(cbor.decode_map(bytes.fromhex(own["cose_key"])))
    assert (key.kid.hex(), key.to_pem().decode()) == (own["kid"], own["public_pem"])
    read.verify(key)
    for signature in (bytes(64), read.signature[::-1]):
        with pytest.raises(BadSignature):
            replace(read, signature=signature).verify(key)
    with pytest.raises(BadSignature):
        replace(read, told=replace(read.told, head=replace(read.head, size=59))).verify(key)
