"""The center's keys for what gateways seal to it: the one in use, and those before it.

`seal.key` is in use: its certificate is handed to gateways.  Older ones lie in `seals/`, named by
their key ids: a gateway may seal to them until it has the new certificate, and its journal is sent
again under whichever it has.
"""

from collections import Counter
from pathlib import Path

import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import x25519

from edge_agent.center.layout import CenterError, Layout
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.sealed import (
    COMMAND_INFO,
    CannotOpen,
    is_sealed,
    kid_of,
    open_sealed,
    seal,
    sealed_to,
)
from edge_agent.evidence.status import Status

COMPLAIN_FIRST = 3  # each gateway's first ones are logged; then only powers of ten

log = structlog.get_logger("center")


def load_keys(layout: Layout) -> dict[bytes, x25519.X25519PrivateKey]:
    """Return the keys by their ids.  Raises CenterError for a file that cannot be used."""
    files = (layout.key("seal"), *sorted(layout.seals.glob("*.key")))
    keys = [_load(file) for file in files if file.exists()]
    return {kid_of(key.public_key()): key for key in keys}


def _load(file: Path) -> x25519.X25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise CenterError(f"{file}: no usable key ({error}); put it back") from error
    if not isinstance(key, x25519.X25519PrivateKey):
        raise CenterError(f"{file}: not an X25519 key; put the right file back")
    return key


def sealed_command(data: bytes, status: Status) -> bytes:
    """Return a command as it is sent: sealed to the run that told a key in this heartbeat."""
    if status.seal is None:
        return data
    key = x25519.X25519PublicKey.from_public_bytes(status.seal)
    return seal(data, status.gateway, key, COMMAND_INFO)


class Opener:
    """Opens what is sealed to this center; called by the receivers' threads.

    What cannot be opened is handed on as it is, and refused like any other nonsense: the gateway
    keeps its events.  `complain` is told why, some times.
    """

    def __init__(self, keys: dict[bytes, x25519.X25519PrivateKey]) -> None:
        self._keys = keys
        self._refused: Counter[str] = Counter()

    def opened(self, gateway: str, data: bytes) -> bytes:
        """Return the message inside, or `data` where it is not sealed or cannot be opened."""
        if not is_sealed(data):
            return data
        try:
            key = self._keys.get(kid := sealed_to(data))
            if key is not None:
                return open_sealed(data, gateway, key)
            cause = f"sealed to key {kid.hex()}, which is not here"
        except (Malformed, CannotOpen) as error:
            cause = str(error)
        self._complain(gateway, cause)
        return data

    def _complain(self, gateway: str, cause: str) -> None:
        self._refused[gateway] += 1
        count = self._refused[gateway]
        if count <= COMPLAIN_FIRST or str(count).strip("0") == "1":
            log.warning(
                "a sealed message cannot be opened",
                gateway=gateway,
                cause=cause,
                count=count,
                remedy="give the gateway the seal.pem of this center, or put the old key back "
                "into seals/",
            )
