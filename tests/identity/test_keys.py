"""Keys are made once, here, for their owner alone."""

import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.key_file import KeyFileError
from edge_agent.evidence.pkcs11_uri import KeyUri
from edge_agent.identity import keys
from tests.softhsm import softhsm
from tests.swtpm import swtpm


def test_they_are_made_once_and_kept(tmp_path: Path) -> None:
    made = keys.keep(tmp_path / "gw")
    kept = keys.keep(tmp_path / "gw")
    assert made.client.public == kept.client.public
    assert made.identity.public == kept.identity.public
    for name in (keys.IDENTITY, keys.CLIENT):
        assert stat.S_IMODE((tmp_path / "gw" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "gw").stat().st_mode) == 0o700


@pytest.mark.parametrize("kind", ["identity", "client"])
def test_a_request_is_signed_by_its_key(tmp_path: Path, kind: str) -> None:
    key = getattr(keys.keep(tmp_path), kind)
    asked = x509.load_der_x509_csr(key.request("gw4"))
    assert asked.is_signature_valid
    assert PublicKey.of(asked.public_key()) == key.public
    assert asked.subject.rfc4514_string() == "CN=gw4"


def test_the_tpm_makes_the_identity_key_where_it_is_asked_to(tmp_path: Path) -> None:
    with swtpm() as chip:
        made = keys.keep(tmp_path, chip)
        assert made.identity.public == keys.keep(tmp_path, chip).identity.public
        asked = x509.load_der_x509_csr(made.identity.request("gw4"))
    assert asked.is_signature_valid
    assert made.identity.where == f"in the TPM at {chip}"
    assert made.client.where == "in a file"  # every TLS library can use it there


def test_a_token_makes_the_identity_key_where_it_is_asked_to(tmp_path: Path) -> None:
    with softhsm() as uri:
        made = keys.keep(tmp_path, uri.named("edge-agent gw4"))
    assert made.identity.public == keys.keep(tmp_path, uri).identity.public, "not made again"
    assert made.identity.where.startswith('in the token "edge"')
    assert made.client.where == "in a file"


@pytest.mark.parametrize("keeper", [Path("/dev/tpmrm0"), KeyUri(module="/usr/lib/x.so")])
def test_a_key_in_a_file_is_not_taken_for_one_elsewhere(
    tmp_path: Path, keeper: keys.Keeper
) -> None:
    keys.keep(tmp_path)
    with pytest.raises(KeyFileError, match=r"in no TPM or token.*Move it away"):
        keys.keep(tmp_path, keeper)


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
    with pytest.raises(KeyFileError, match=r"client\.key: it holds no usable"):
        keys.keep(tmp_path)
    client.write_bytes(pem(rsa.generate_private_key(65537, 2048)))
    with pytest.raises(KeyFileError, match="no P-256 key"):
        keys.keep(tmp_path)
    client.write_bytes(pem(ed25519.Ed25519PrivateKey.generate()))
    with pytest.raises(KeyFileError, match="no P-256 key"):
        keys.keep(tmp_path)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    keys.keep(tmp_path)
    (tmp_path / keys.IDENTITY).chmod(0o644)
    with pytest.raises(KeyFileError, match="others can use it"):
        keys.keep(tmp_path)
