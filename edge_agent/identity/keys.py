"""A gateway's two keys, and its requests for certificates.

The identity key signs the first event of each run: Ed25519.  The TLS key is P-256, which every TLS
library speaks.  Both are made on the gateway, 0600, and kept where they are there already.
"""

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from edge_agent import files

IDENTITY, CLIENT = "identity.key", "client.key"


class KeysError(Exception):
    """A key file that cannot be used: which, and what to do."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Both keys of a gateway."""

    identity: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey
    client: ec.EllipticCurvePrivateKey


def keep(folder: Path) -> Keys:
    """Return the keys in `folder`, made where they are missing.  Raises KeysError, OSError."""
    files.make_folder(folder)
    if not (folder / IDENTITY).exists():
        files.write_new(folder / IDENTITY, _pem(ed25519.Ed25519PrivateKey.generate()))
    if not (folder / CLIENT).exists():
        files.write_new(folder / CLIENT, _pem(ec.generate_private_key(ec.SECP256R1())))
    identity, client = read(folder / IDENTITY), read(folder / CLIENT)
    if not isinstance(client, ec.EllipticCurvePrivateKey):
        raise KeysError(f"{folder / CLIENT}: a TLS key is P-256; move it away to make a new one")
    return Keys(identity, client)


def request(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey, gateway: str) -> bytes:
    """Return a request for a certificate (PKCS #10, DER)."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, gateway)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    algorithm = hashes.SHA256() if isinstance(key, ec.EllipticCurvePrivateKey) else None
    return builder.sign(key, algorithm).public_bytes(serialization.Encoding.DER)


def _pem(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def read(file: Path) -> ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey:
    """Return the key in a file (PKCS #8, PEM).  Raises KeysError, OSError."""
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise KeysError(
            f"{file}: no usable key ({error}); move it away to make a new one"
        ) from error
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise KeysError(f"{file}: neither Ed25519 nor P-256; move it away to make a new one")
