"""Keys in files: what is saved is loaded again, and what is no key is refused with a remedy."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from edge_agent.evidence import cose
from edge_agent.evidence.key_file import KEY_FILE_BYTES_MAX, KeyFileError
from edge_agent.evidence.signers import Ed25519Signer, P256Signer, load_signer

KINDS = [Ed25519Signer, P256Signer]
each = pytest.mark.parametrize("kind", KINDS)


@each
def test_a_saved_key_is_loaded_again(kind: type[Ed25519Signer], tmp_path: Path) -> None:
    made = kind.generate()
    path = tmp_path / "identity.key"
    made.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["identity.key"]
    for read in (kind.load(path), load_signer(path)):
        assert type(read) is kind
        assert read.public == made.public
        assert made.public.verify(read.sign(b"x"), b"x")
        assert not made.public.verify(read.sign(b"x"), b"y")


def test_p256_signatures_are_repeatable_and_low() -> None:
    by = P256Signer.generate()
    for at in range(20):
        signature = by.sign(bytes([at]))
        assert signature == by.sign(bytes([at]))
        assert len(signature) == 64
        assert cose.is_low(signature)


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    path.chmod(0o600)
    return path


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, secret: bytes = b"") -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(secret) if secret else serialization.NoEncryption(),
    )


P256 = ec.generate_private_key(ec.SECP256R1())
BAD = {
    "empty": (b"", "no usable private key"),
    "garbage": (b"\x00\xffgarbage", "no usable private key"),
    "a public key": (
        P256.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        "no usable private key",
    ),
    "cut": (pem(P256)[:100], "no usable private key"),
    "encrypted": (pem(P256, b"secret"), "encrypted"),
    "another curve": (pem(ec.generate_private_key(ec.SECP384R1())), "neither"),
    "another kind": (pem(rsa.generate_private_key(65537, 2048)), "neither"),
    "huge": (b"-" * (KEY_FILE_BYTES_MAX + 1), "are no key"),
}


@pytest.mark.parametrize(("data", "cause"), BAD.values(), ids=BAD.keys())
def test_what_is_no_key_is_refused_with_a_cause(data: bytes, cause: str, tmp_path: Path) -> None:
    path = write(tmp_path / "identity.key", data)
    with pytest.raises(KeyFileError, match=cause) as caught:
        load_signer(path)
    assert str(path) in str(caught.value)
    assert caught.value.remedy


def test_a_key_of_the_other_kind_is_refused(tmp_path: Path) -> None:
    P256Signer.generate().save(tmp_path / "p256")
    Ed25519Signer.generate().save(tmp_path / "ed25519")
    with pytest.raises(KeyFileError, match="no Ed25519 key"):
        Ed25519Signer.load(tmp_path / "p256")
    with pytest.raises(KeyFileError, match="no P-256 key"):
        P256Signer.load(tmp_path / "ed25519")
