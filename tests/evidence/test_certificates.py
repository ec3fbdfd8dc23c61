"""Which certificates make a key one of a trusted authority's."""

import hashlib

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge_agent.evidence import certificates
from edge_agent.evidence.cbor import Malformed
from tests.evidence.bundles import authority, certified
from tests.evidence.conftest import signer

ROOT, OTHER = authority()[1], authority(8)[1]


def test_a_certified_key_is_found_with_its_name() -> None:
    found = certificates.signing_key(certificates.read(certified("gw1", 1)), [OTHER, ROOT])
    assert found == ("gw1", signer(1).public)


@pytest.mark.parametrize(
    ("der", "trusted"),
    [
        (certified("gw1", 1), [OTHER]),
        (certified("gw1", 1), []),
        (certified("gw1", 1, signing=False), [ROOT]),
        (certificates.der_of(ROOT), [ROOT]),
    ],
)
def test_any_other_is_none(der: bytes, trusted: list[object]) -> None:
    assert certificates.signing_key(certificates.read(der), trusted) is None  # type: ignore[arg-type]


def test_authorities_certify_themselves() -> None:
    assert certificates.is_authority(ROOT)
    assert not certificates.is_authority(certificates.read(certified("gw1", 1)))


def test_pem_and_der_are_the_same_certificate() -> None:
    (read,) = certificates.read_pem(ROOT.public_bytes(Encoding.PEM))
    assert certificates.fingerprint(read) == certificates.fingerprint(ROOT)
    assert len(certificates.fingerprint(ROOT)) == 64


def test_a_key_is_named_by_its_digest() -> None:
    spki = ROOT.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert certificates.key_digest(ROOT) == hashlib.sha256(spki).digest()
    assert certificates.key_digest(ROOT) != certificates.key_digest(OTHER)


@pytest.mark.parametrize("junk", [b"", b"junk", certified("gw1", 1)[:-9]])
def test_junk_is_malformed(junk: bytes) -> None:
    with pytest.raises(Malformed):
        certificates.read(junk)
    with pytest.raises(Malformed):
        certificates.read_pem(junk)
