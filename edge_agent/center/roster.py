"""Which gateways the center knows, and the identity keys that may sign their genesis.

The certificates lie in `identities/`, put there by `edge-center init`; each counts only if the
center's own authority issued it for signing.  The folder is read again when it changes, so a new
gateway needs no restart.
"""

from pathlib import Path
from threading import Lock
from typing import Protocol

from cryptography import x509

from edge_agent.center.credentials import is_signing_certificate
from edge_agent.center.init import read_certificate
from edge_agent.center.layout import GATEWAY_ID, CenterError, Layout
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import PublicKey


class Identities(Protocol):
    """Tells which keys speak for a gateway."""

    def identities(self, gateway: str) -> tuple[PublicKey, ...] | None:
        """Return the identity keys of `gateway`; None where no such gateway is known."""


class Roster:
    """The gateways in a center's directory."""

    def __init__(self, layout: Layout) -> None:
        self._folder = layout.identities
        self._authority = read_certificate(layout.certificate("ca"))
        self._lock = Lock()
        self._read_ns = -1
        self._keys: dict[str, tuple[PublicKey, ...]] = {}
        self._refresh()

    def identities(self, gateway: str) -> tuple[PublicKey, ...] | None:
        """Return the identity keys of `gateway`; None where no such gateway is known."""
        with self._lock:
            if gateway not in self._keys:  # perhaps added since: looking is cheap
                self._refresh()
            return self._keys.get(gateway)

    def gateways(self) -> list[str]:
        """Return the names of all gateways, sorted."""
        with self._lock:
            self._refresh()
            return sorted(self._keys)

    def _refresh(self) -> None:
        if not self._folder.exists():
            return
        changed_ns = self._folder.stat().st_mtime_ns
        if changed_ns == self._read_ns:
            return
        files = {file.stem: file for file in self._folder.glob("*.pem")}
        self._keys = {
            name: (identity_key(file, self._authority),)
            for name, file in files.items()
            if GATEWAY_ID.fullmatch(name)
        }
        self._read_ns = changed_ns


def identity_key(file: Path, authority: x509.Certificate) -> PublicKey:
    """Return the key that `file` certifies; raise CenterError where it is not the authority's."""
    certificate = read_certificate(file)
    if not is_signing_certificate(certificate, authority):
        raise CenterError(
            f"{file}: not issued by this center's authority (ca.pem) for signing; "
            f"remove it, or restore the certificate that init made"
        )
    try:
        return PublicKey.of(certificate.public_key())
    except (ValueError, Malformed) as error:
        raise CenterError(f"{file}: {error}; identity keys are Ed25519 or P-256") from error
