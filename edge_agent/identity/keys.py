"""A gateway's two keys, made on it and kept where they are there already.

The identity key signs the first event of each run: Ed25519.  The TLS key is P-256, which every TLS
library speaks.
"""

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from edge_agent import files
from edge_agent.evidence.cose import PublicKey, Signer
from edge_agent.evidence.signers import Ed25519Signer, FileSigner, P256Signer, load_signer

IDENTITY, CLIENT = "identity.key", "client.key"


@dataclass(frozen=True, slots=True)
class Keys:
    """Both keys of a gateway."""

    identity: FileSigner
    client: P256Signer


def keep(folder: Path) -> Keys:
    """Return the keys in `folder`, made where they are missing.  Raises KeyFileError, OSError."""
    files.make_folder(folder)
    if not (folder / IDENTITY).exists():
        Ed25519Signer.generate().save(folder / IDENTITY)
    if not (folder / CLIENT).exists():
        P256Signer.generate().save(folder / CLIENT)
    return Keys(load_signer(folder / IDENTITY), P256Signer.load(folder / CLIENT))


def is_for(certificate: x509.Certificate, key: Signer) -> bool:
    """Tell whether a certificate is of `key`."""
    try:
        return PublicKey.of(certificate.public_key()) == key.public
    except ValueError:
        return False
