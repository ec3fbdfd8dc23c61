"""An offer is of the gateway that its charter's enterprise has certified, or it is none.

Seen to fail: an authority that is not the charter's enterprise; an identity of another gateway.
"""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from edge_agent.center import credentials
from edge_agent.center.credentials import Subject, Use
from edge_agent.evidence import cbor, certificates, cose
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.charter import Part, Party, SignedCharter
from edge_agent.evidence.cose import BadSignature, Domain, PublicKey
from edge_agent.evidence.handover import OFFER_BYTES_MAX, Offer, open_offer, sign_offer
from edge_agent.evidence.signers import P256Signer
from tests.evidence.test_charter import CHARTER

NOW = datetime(2026, 11, 28, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
IDENTITY = P256Signer(KEY)


def authority() -> credentials.Authority:
    return credentials.make_authority(ec.generate_private_key(ec.SECP256R1()), NOW)


RED = authority()


def certified(by: credentials.Authority, name: str, use: Use = Use.SIGNING) -> bytes:
    made = credentials.certify(by, KEY.public_key(), Subject(name, use), NOW, 800)
    return certificates.der_of(made)


def charter(by: credentials.Authority, gateway: str = "gw1") -> bytes:
    key = PublicKey.of(by.certificate.public_key())
    parties = (Party(Part.ENTERPRISE, "Red Lion", key), *CHARTER.parties[1:])
    return SignedCharter(replace(CHARTER, gateway=gateway, parties=parties)).data


OFFER = Offer(
    gateway="gw1",
    center="center",
    time_ms=7,
    request=b"a request",
    identity=certified(RED, "gw1"),
    authority=certificates.der_of(RED.certificate),
    charter=charter(RED),
)


def test_an_offer_is_read_as_it_was_written() -> None:
    signed = sign_offer(OFFER, IDENTITY)
    assert open_offer(signed) == OFFER
    assert OFFER.read_charter().data == OFFER.charter


GREEN = authority()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"identity": certified(GREEN, "gw1")}, "not certified by the authority"),
        ({"identity": certified(RED, "gw2")}, "not certified by the authority"),
        ({"identity": certified(RED, "gw1", Use.CLIENT)}, "not certified by the authority"),
        ({"charter": charter(GREEN)}, "not the enterprise of its charter"),
        ({"charter": charter(RED, "gw2")}, "of gateway gw2"),
        ({"charter": b"junk"}, "cut short"),
        ({"request": b""}, "key 5"),
        ({"gateway": "no name"}, "names|gateway"),
        ({"center": "no name"}, "names a gateway and a center"),
    ],
)
def test_what_the_enterprise_does_not_vouch_for_is_refused(
    changes: dict[str, object], told: str
) -> None:
    other = replace(OFFER, **changes)  # type: ignore[arg-type]
    with pytest.raises((Malformed, BadSignature), match=told):
        open_offer(sign_offer(other, IDENTITY))


def test_another_key_cannot_sign_it() -> None:
    with pytest.raises(BadSignature):
        open_offer(sign_offer(OFFER, P256Signer.generate()))


def test_bytes_of_anybody_are_refused() -> None:
    signed = sign_offer(OFFER, IDENTITY)
    for at in range(0, len(signed), 7):
        broken = bytearray(signed)
        broken[at] ^= 1 << at % 8
        with pytest.raises((Malformed, BadSignature)):
            open_offer(bytes(broken))
    with pytest.raises(Malformed, match="allowed"):
        open_offer(bytes(OFFER_BYTES_MAX + 1))
    content = dict(cbor.decode_map(cose.parse(signed).payload)) | {9: 1}
    with pytest.raises(Malformed, match="unknown key"):
        open_offer(cose.sign1(cbor.encode(content), IDENTITY, Domain.OFFER))
