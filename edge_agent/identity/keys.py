"""A gateway's two keys, made on it and kept where they are there already.

The identity key signs the first event of each run: Ed25519, or P-256 where the machine's TPM makes
and keeps it.  The TLS key is P-256, which every TLS library speaks, and always in a file.
"""

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from edge_agent import files
from edge_agent.domain.address import TPM_DEVICE
from edge_agent.evidence.cose import PublicKey, Signer
from edge_agent.evidence.key_file import KeyFileError
from edge_agent.evidence.signers import Ed25519Signer, FileSigner, P256Signer, load_signer

IDENTITY, CLIENT = "identity.key", "client.key"


@dataclass(frozen=True, slots=True)
class Keys:
    """Both keys of a gateway."""

    identity: FileSigner
    client: P256Signer


def keep(folder: Path, tpm: Path | None = None) -> Keys:
    """Return the keys in `folder`, made where they are missing; `tpm` makes the identity key.

    Raises KeyFileError, OSError.
    """
    files.make_folder(folder)
    path = folder / IDENTITY
    if not path.exists():
        _make_identity(path, tpm)
    if not (folder / CLIENT).exists():
        P256Signer.generate().save(folder / CLIENT)
    identity = load_signer(path, tpm or Path(TPM_DEVICE))
    if tpm is not None and isinstance(identity, Ed25519Signer | P256Signer):
        raise KeyFileError(
            path,
            "it is there already, and in no TPM",
            "Move it away, and its certificate, to have one made in the TPM",
        )
    return Keys(identity, P256Signer.load(folder / CLIENT))


def _make_identity(path: Path, tpm: Path | None) -> None:
    if tpm is None:
        Ed25519Signer.generate().save(path)
        return
    from edge_agent.evidence.tpm_signer import TpmSigner  # noqa: PLC0415  only where it is wanted

    TpmSigner.make(path, tpm)


def is_for(certificate: x509.Certificate, key: Signer) -> bool:
    """Tell whether a certificate is of `key`."""
    try:
        return PublicKey.of(certificate.public_key()) == key.public
    except ValueError:
        return False
