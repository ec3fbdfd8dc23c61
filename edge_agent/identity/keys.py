"""A gateway's two keys, made on it and kept where they are there already.

The identity key signs the first event of each run: Ed25519, or P-256 where the machine's TPM or a
PKCS #11 token makes and keeps it.  The TLS key is P-256, which every TLS library speaks, and always
in a file.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, Union

from cryptography import x509

from edge_agent import files
from edge_agent.domain.address import TPM_DEVICE
from edge_agent.evidence.cose import PublicKey, Signer
from edge_agent.evidence.key_file import KeyFileError
from edge_agent.evidence.signers import Ed25519Signer, FileSigner, P256Signer, load_signer

if TYPE_CHECKING:
    from edge_agent.evidence.pkcs11_uri import KeyUri

IDENTITY, CLIENT = "identity.key", "client.key"
Keeper: TypeAlias = Union[Path, "KeyUri"]
"""What makes the identity key and keeps it: the TPM at a device, or a token."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Both keys of a gateway."""

    identity: FileSigner
    client: P256Signer


def keep(folder: Path, keeper: Keeper | None = None) -> Keys:
    """Return the keys in `folder`, made where they are missing; `keeper` makes the identity key.

    Raises KeyFileError, OSError.
    """
    files.make_folder(folder)
    path = folder / IDENTITY
    if not path.exists():
        _make_identity(path, keeper)
    if not (folder / CLIENT).exists():
        P256Signer.generate().save(folder / CLIENT)
    identity = load_signer(path, keeper if isinstance(keeper, Path) else Path(TPM_DEVICE))
    if keeper is not None and isinstance(identity, Ed25519Signer | P256Signer):
        raise KeyFileError(
            path,
            "it is there already, and in no TPM or token",
            "Move it away, and its certificate, to have one made there",
        )
    return Keys(identity, P256Signer.load(folder / CLIENT))


def _make_identity(path: Path, keeper: Keeper | None) -> None:
    match keeper:
        case None:
            Ed25519Signer.generate().save(path)
        case Path():
            from edge_agent.evidence.tpm_signer import TpmSigner  # noqa: PLC0415  if wanted

            TpmSigner.make(path, keeper)
        case _:
            from edge_agent.evidence.pkcs11_signer import Pkcs11Signer  # noqa: PLC0415  if wanted

            Pkcs11Signer.make(path, keeper)


def is_for(certificate: x509.Certificate, key: Signer) -> bool:
    """Tell whether a certificate is of `key`."""
    try:
        return PublicKey.of(certificate.public_key()) == key.public
    except ValueError:
        return False
