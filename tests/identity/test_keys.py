"""Keys are made once, here, for their owner alone."""

import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from edge_agent.identity import keys
from edge_agent.identity.keys import KeysError


def test_they_are_made_once_and_kept(tmp_path: Path) -> None:
    made = keys.keep(tmp_path / "gw")
    kept = keys.keep(tmp_path / "gw")
    assert made.client.public_key() == kept.client.public_key()
    assert made.identity.public_key() == kept.identity.public_key()
    for name in (keys.IDENTITY, keys.CLIENT):
        assert stat.S_IMODE((tmp_path / "gw" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "gw").stat().st_mode) == 0o700


@pytest.mark.parametrize("kind", ["identity", "client"])
def test_a_request_is_signed_by_its_key(tmp_path: Path, kind: str) -> None:
    key = getattr(keys.keep(tmp_path), kind)
    asked = x509.load_der_x509_csr(keys.request(key, "gw4"))
    assert asked.is_signature_valid
    assert asked.public_key() == key.public_key()
    assert asked.subject.rfc4514_string() == "CN=gw4"


def pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def test_unusable_keys_are_named(tmp_path: Path) -> None:
    keys.keep(tmp_path)
    client = tmp_path / keys.CLIENT
    client.write_bytes(b"junk")
    with pytest.raises(KeysError, match=r"client\.key: no usable key"):
        keys.keep(tmp_path)
    client.write_bytes(pem(rsa.generate_private_key(65537, 2048)))
    with pytest.raises(KeysError, match="neither"):
        keys.keep(tmp_path)
    client.write_bytes(pem(ed25519.Ed25519PrivateKey.generate()))
    with pytest.raises(KeysError, match="P-256"):
        keys.keep(tmp_path)
