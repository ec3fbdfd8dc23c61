"""What only its reader can read on its way: messages sealed with HPKE (RFC 9180).

Base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-128-GCM: the suite that every
implementation has.  Whole messages are sealed, after the events were signed: what is stored, what
counts as a double and what is receipted is always the envelope inside.  The broker sees topics,
sizes and times.  A key of the center opens all that was ever sealed to it: rotating it limits that.
The other way commands are sealed to a key that a gateway makes for one run and keeps in memory.
"""

import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import x25519

from edge_agent.evidence import cbor, fields
from edge_agent.evidence.cbor import Malformed

VERSION = 1
KID_BYTES = 8
OVERHEAD_BYTES = 64  # at most: 32 of the encapsulated key, 16 of the tag, 16 of the frame around
_FIRST = b"\x83"  # an array of three; a message that is not sealed begins with an envelope's tag
_INFO = b"edge-agent/v1/sealed\0"
COMMAND_INFO = b"edge-agent/v1/sealed-command\0"
_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)


class CannotOpen(Exception):  # noqa: N818  reads as a verdict
    """Sealed to another key, for another gateway, or changed on the way."""


def kid_of(key: x25519.X25519PublicKey) -> bytes:
    """Return a key's id: the first 8 bytes of SHA-256 over its 32 bytes."""
    return hashlib.sha256(key.public_bytes_raw()).digest()[:KID_BYTES]


def seal(data: bytes, gateway: str, key: x25519.X25519PublicKey, info: bytes = _INFO) -> bytes:
    """Return `data` of a gateway sealed to a center's key; with COMMAND_INFO the other way."""
    return cbor.encode([VERSION, kid_of(key), _SUITE.encrypt(data, key, info + gateway.encode())])


def is_sealed(data: bytes) -> bool:
    """Tell whether a message is sealed, by its first byte."""
    return data[:1] == _FIRST


def sealed_to(data: bytes) -> bytes:
    """Return the id of the key that a message is sealed to.  Raises Malformed."""
    return _parts(data)[0]


def open_sealed(
    data: bytes, gateway: str, key: x25519.X25519PrivateKey, info: bytes = _INFO
) -> bytes:
    """Return what a gateway sealed; with COMMAND_INFO what was sealed to it.

    Raises Malformed, CannotOpen.
    """
    _, inside = _parts(data)
    try:
        return _SUITE.decrypt(inside, key, info + gateway.encode())
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("sealed for another gateway, or changed on the way") from error


def _parts(data: bytes) -> tuple[bytes, bytes]:
    items = fields.row(cbor.decode(data), 3)
    fields.number(items, 0, VERSION, VERSION)
    inside = items.get(2)
    if not isinstance(inside, bytes):
        raise Malformed("a sealed message without content")
    return fields.octets(items, 1, KID_BYTES), inside
