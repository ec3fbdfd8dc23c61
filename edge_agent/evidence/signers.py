"""Signers of keys in files.

A key file is PKCS #8 in PEM, not encrypted (RFC 5958, RFC 7468): a gateway starts with nobody there
to type a passphrase, so that the file's permissions are its protection.  Or it holds what only the
machine's TPM can use (`tpm_signer`), or names a key in a PKCS #11 token (`pkcs11_signer`).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self, TypeGuard

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from edge_agent.domain.address import TPM_DEVICE
from edge_agent.evidence.cose import P256_ORDER, PublicKey, Signer
from edge_agent.evidence.key_file import (
    KEY_FILE_BYTES_MAX,
    NAMES_A_TOKEN,
    KeyFileError,
    read_key_file,
    write_key_file,
)

if TYPE_CHECKING:
    from edge_agent.evidence.pkcs11_signer import Pkcs11Signer
    from edge_agent.evidence.tpm_signer import TpmSigner

IN_A_FILE = "in a file"


class FileSigner(Signer, Protocol):
    """A signer of a key file; where it is a TPM's or a token's, `sign` raises KeyFileError too."""

    @property
    def where(self) -> str:
        """Say where the private key is."""

    def request(self, name: str) -> bytes:
        """Return a request for a certificate of this key for `name` (PKCS #10, DER)."""


class Ed25519Signer:
    """Signs with an Ed25519 key held in memory."""

    def __init__(self, key: ed25519.Ed25519PrivateKey) -> None:
        self._key = key
        self._public = PublicKey.of(key.public_key())

    @property
    def public(self) -> PublicKey:
        """The key that checks what this signs."""
        return self._public

    @property
    def where(self) -> str:
        """Say where the private key is."""
        return IN_A_FILE

    def sign(self, message: bytes) -> bytes:
        """Return the signature (RFC 8032)."""
        return self._key.sign(message)

    def request(self, name: str) -> bytes:
        """Return a request for a certificate of this key for `name` (PKCS #10, DER)."""
        return _request(name, self._key, None)

    @classmethod
    def generate(cls) -> Self:
        """Make a new key, in memory only."""
        return cls(ed25519.Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the key in `path`.  Raises KeyFileError."""
        key = _key_in(path, read_key_file(path))
        if not isinstance(key, ed25519.Ed25519PrivateKey):
            raise KeyFileError(path, "this is no Ed25519 key", "Name the right file")
        return cls(key)

    def save(self, path: Path) -> None:
        """Write the key with mode 0600; an existing file stays.  Raises KeyFileError."""
        _write(path, self._key)


class P256Signer:
    """Signs with a P-256 key held in memory, nonces made by RFC 6979 and not by a random source."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self._public = PublicKey.of(key.public_key())
        self._scheme = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)

    @property
    def public(self) -> PublicKey:
        """The key that checks what this signs."""
        return self._public

    @property
    def where(self) -> str:
        """Say where the private key is."""
        return IN_A_FILE

    def sign(self, message: bytes) -> bytes:
        """Return r || s, s in the lower half of the group order."""
        r, s = decode_dss_signature(self._key.sign(message, self._scheme))
        return r.to_bytes(32, "big") + min(s, P256_ORDER - s).to_bytes(32, "big")

    def request(self, name: str) -> bytes:
        """Return a request for a certificate of this key for `name` (PKCS #10, DER)."""
        return _request(name, self._key, hashes.SHA256())

    @classmethod
    def generate(cls) -> Self:
        """Make a new key, in memory only."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the key in `path`.  Raises KeyFileError."""
        key = _key_in(path, read_key_file(path))
        if not _is_p256(key):
            raise KeyFileError(path, "this is no P-256 key", "Name the right file")
        return cls(key)

    def save(self, path: Path) -> None:
        """Write the key with mode 0600; an existing file stays.  Raises KeyFileError."""
        _write(path, self._key)


def load_signer(
    path: Path, tpm: Path = Path(TPM_DEVICE)
) -> "Ed25519Signer | P256Signer | TpmSigner | Pkcs11Signer":
    """Return the signer of whichever kind of key `path` holds or names.

    Neither `tpm` nor a token is asked before it signs.  Raises KeyFileError.
    """
    data = read_key_file(path)
    if b"TSS2 PRIVATE KEY" in data:
        from edge_agent.evidence.tpm_signer import TpmSigner  # noqa: PLC0415  only where there is one

        return TpmSigner.read(path, data, tpm)
    if data.startswith(NAMES_A_TOKEN):
        from edge_agent.evidence.pkcs11_signer import Pkcs11Signer  # noqa: PLC0415  likewise

        return Pkcs11Signer.read(path, data)
    key = _key_in(path, data)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return Ed25519Signer(key)
    if _is_p256(key):
        return P256Signer(key)
    raise KeyFileError(
        path, "neither an Ed25519 nor a P-256 key", "Make one of these kinds: others are not used"
    )


def _request(
    name: str,
    key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey,
    algorithm: hashes.SHA256 | None,
) -> bytes:
    from cryptography import x509  # noqa: PLC0415  6 MB that only an enrolment needs

    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return builder.sign(key, algorithm).public_bytes(serialization.Encoding.DER)


def prove(signer: FileSigner) -> None:
    """Have something signed that means nothing, to see that it can.  Raises KeyFileError."""
    signer.sign(b"edge-agent: can this key sign?")


def _is_p256(key: object) -> TypeGuard[ec.EllipticCurvePrivateKey]:
    return isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1)


def _key_in(path: Path, data: bytes) -> object:
    """Return the private key in a key file's bytes."""
    remedy = "It must be a private key in PEM (PKCS #8) without passphrase"
    if len(data) > KEY_FILE_BYTES_MAX:
        raise KeyFileError(path, f"more than {KEY_FILE_BYTES_MAX} bytes are no key", remedy)
    try:
        return serialization.load_pem_private_key(data, password=None)
    except TypeError as error:  # how the library says that a passphrase is wanted
        raise KeyFileError(path, "it is encrypted", remedy) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyFileError(path, "it holds no usable private key", remedy) from error


def _write(path: Path, key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> None:
    data = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_key_file(path, data)
