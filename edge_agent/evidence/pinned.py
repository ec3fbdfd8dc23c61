"""Public keys in PEM (RFC 7468, RFC 8410), as a site pins them: one after the other in one file."""

import re

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from edge_agent.evidence.cose import PublicKey

PINS_MAX = 4  # of one file: an old one and its successor, and room
PINS_BYTES_MAX = 8192
_PEM = re.compile(
    rb"-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]{1,2048}-----END PUBLIC KEY-----", re.DOTALL
)


def read_public_keys(pem: bytes) -> tuple[PublicKey, ...]:
    """Return the keys in a file, at least one.  Raises ValueError."""
    blocks = _PEM.findall(pem[: PINS_BYTES_MAX + 1])
    if not 0 < len(blocks) <= PINS_MAX or len(pem) > PINS_BYTES_MAX:
        raise ValueError(f"it holds {len(blocks)} public keys in PEM, allowed 1 to {PINS_MAX}")
    try:
        return tuple(PublicKey.of(serialization.load_pem_public_key(block)) for block in blocks)
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from error
