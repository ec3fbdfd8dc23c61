"""Which gateways the center knows, and the identity keys that may sign their genesis.

The certificates lie in `identities/`, put there by `edge-center init`; each counts only if the
center's own authority issued it for signing.  Each is read when its gateway first speaks, and again
after the file changed: a new gateway needs no restart, nor one that was put right, a hundred
thousand make no start slow, and a file that cannot be used costs its own gateway, never the others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Protocol

import structlog
from cryptography import x509

from edge_agent.center.credentials import is_signing_certificate
from edge_agent.center.init import read_certificate, read_certificates
from edge_agent.center.layout import GATEWAY_ID, CenterError, Layout
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import PublicKey


class Identities(Protocol):
    """Tells which keys speak for a gateway."""

    def identities(self, gateway: str) -> tuple[PublicKey, ...] | None:
        """Return the identity keys of `gateway`; None where no such gateway is known."""


def _log(trouble: str) -> None:
    structlog.get_logger("center").error(
        "a gateway's identity cannot be used: nothing of it is taken until it can", cause=trouble
    )


_Mark = tuple[int, int, int, int]
"""Tells one state of a file from another."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What a file said when it was as `mark` tells; `keys` None: unusable, and said so."""

    mark: _Mark
    keys: tuple[PublicKey, ...] | None


class Roster:
    """The gateways in a center's directory; `complain` is told once of each unusable file."""

    def __init__(self, layout: Layout, complain: Callable[[str], None] = _log) -> None:
        self._folder = layout.identities
        self._authority = read_certificate(layout.certificate("ca"))
        self._complain = complain
        self._lock = Lock()
        self._known: dict[str, _Read] = {}

    def identities(self, gateway: str) -> tuple[PublicKey, ...] | None:
        """Return the identity keys of `gateway`; None where no such gateway is known."""
        if not GATEWAY_ID.fullmatch(gateway):
            return None
        file = self._folder / f"{gateway}.pem"
        with self._lock:
            mark = _mark(file)
            if mark is None:
                self._known.pop(gateway, None)  # strangers' names have no end
                return None
            known = self._known.get(gateway)
            if known is None or known.mark != mark:
                known = self._known[gateway] = _Read(mark, self._read(file))
            return known.keys

    def gateways(self) -> list[str]:
        """Return the names of all gateways, sorted."""
        found = (file.stem for file in self._folder.glob("*.pem"))
        return sorted(name for name in found if GATEWAY_ID.fullmatch(name))

    def _read(self, file: Path) -> tuple[PublicKey, ...] | None:
        try:
            return identity_keys(file, self._authority)
        except CenterError as error:
            self._complain(str(error))
            return None


def _mark(file: Path) -> _Mark | None:
    """Return the state of `file`, None where there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def identity_keys(file: Path, authority: x509.Certificate) -> tuple[PublicKey, ...]:
    """Return the keys that `file` certifies: one, and another for each time it was enrolled again.

    Raises CenterError where one is not the authority's.
    """
    keys = []
    for certificate in read_certificates(file):
        if not is_signing_certificate(certificate, authority):
            raise CenterError(
                f"{file}: not issued by this center's authority (ca.pem) for signing; "
                f"remove it, or restore the certificate that init made"
            )
        try:
            keys.append(PublicKey.of(certificate.public_key()))
        except (ValueError, Malformed) as error:
            raise CenterError(f"{file}: {error}; identity keys are Ed25519 or P-256") from error
    return tuple(keys)
