"""A gateway's second signature of a tree head, by a key of its own and another algorithm.

It is over the first `size` events of an epoch by their root, so one signature covers all of them.
The message is a COSE_Sign1 like any other but for its algorithm, which nothing else is signed by: a
reader that does not know it says that it did not check.
"""

from dataclasses import dataclass
from typing import Protocol, Self

from edge_agent.domain.event import Body, EventType
from edge_agent.evidence import cbor, cose, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import KID_BYTES, BadSignature, Domain
from edge_agent.evidence.envelope import EPOCH_BYTES, peek
from edge_agent.evidence.tree import HASH_BYTES, SIZE_MAX

VERSION = 1
MESSAGE_BYTES_MAX = 8_192  # SM2 makes 200; signatures against quantum computers have 2 to 5 kB
_ALGORITHM, _KID = 1, 4  # header parameters, RFC 9052 section 3.1
_KEYS = frozenset(range(1, 6))


class SecondKey(Protocol):
    """What checks second signatures."""

    @property
    def algorithm(self) -> int:
        """The COSE algorithm that the key signs with."""

    @property
    def kid(self) -> bytes:
        """The first 8 bytes of its thumbprint."""

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Return whether this key made `signature` over `message`."""


@dataclass(frozen=True, slots=True)
class TreeHead:
    """The first `size` events of an epoch, by the root over them: that of event `size`."""

    gateway: str
    epoch: bytes
    size: int
    root: bytes

    def to_payload(self) -> bytes:
        """Return what is signed."""
        return cbor.encode({1: VERSION, 2: self.gateway, 3: self.epoch, 4: self.size, 5: self.root})

    @classmethod
    def from_payload(cls, payload: bytes) -> Self:
        """Return what was signed.  Raises Malformed."""
        told = cbor.decode_map(payload)
        if told.keys() != _KEYS:
            raise Malformed("missing or unknown key in a second signature")
        fields.number(told, 1, VERSION, VERSION)
        gateway = fields.text(told, 2)
        if not fields.is_name(gateway):
            raise Malformed(f"{gateway[:80]!r} is no name of a gateway")
        return cls(
            gateway,
            fields.octets(told, 3, EPOCH_BYTES),
            fields.number(told, 4, 1, SIZE_MAX),
            fields.octets(told, 5, HASH_BYTES),
        )


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A tree head and by which key it is to be signed."""

    head: TreeHead
    algorithm: int
    kid: bytes

    @property
    def protected(self) -> bytes:
        """The protected header."""
        return cbor.encode({_ALGORITHM: self.algorithm, _KID: self.kid})

    def to_be_signed(self) -> bytes:
        """Return the bytes that the key signs."""
        payload = self.head.to_payload()
        return cose.to_be_signed(self.protected, Domain.SECOND_SIGNATURE.value, payload)

    def signed(self, signature: bytes) -> bytes:
        """Return the signed message."""
        parts = (self.protected, self.head.to_payload(), signature)
        header, payload, last = map(cose.bstr, parts)
        return b"".join((b"\xd2\x84", header, b"\xa0", payload, last))


@dataclass(frozen=True, slots=True)
class SecondSignature:
    """A well-formed message whose signature is not yet checked."""

    told: Unsigned
    signature: bytes

    @property
    def head(self) -> TreeHead:
        """What it is over."""
        return self.told.head

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Return what a message says.  Raises Malformed."""
        if len(data) > MESSAGE_BYTES_MAX:
            raise Malformed(f"a second signature of {len(data)} bytes, allowed {MESSAGE_BYTES_MAX}")
        parts = cose.take_apart(data)
        header = cbor.decode_map(parts.protected)
        if parts.unprotected or header.keys() != {_ALGORITHM, _KID} or not parts.signature:
            raise Malformed("other headers than algorithm and key id, or no signature")
        algorithm = fields.number(header, _ALGORITHM, -fields.NUMBER_MAX)
        kid = fields.octets(header, _KID, KID_BYTES)
        return cls(Unsigned(TreeHead.from_payload(parts.payload), algorithm, kid), parts.signature)

    def verify(self, key: SecondKey) -> None:
        """Check that `key` signed it.  Raises BadSignature."""
        if self.told.kid != key.kid:
            raise BadSignature(f"signed by key {self.told.kid.hex()}, not {key.kid.hex()}")
        if self.told.algorithm != key.algorithm:
            named = f"algorithm {self.told.algorithm}"
            raise BadSignature(f"{named} is not that of key {key.kid.hex()}")
        if not key.verify(self.signature, self.told.to_be_signed()):
            raise BadSignature(f"signature does not fit key {key.kid.hex()}")


@dataclass(frozen=True, slots=True)
class SecondSignatureBody:
    """The body of an event that keeps one: the signed message as it came."""

    message: bytes

    @classmethod
    def of(cls, envelope: bytes) -> Self | None:
        """Return what an envelope keeps, None where it is none that can be read."""
        if EventType.SECOND_SIGNATURE.encode() not in envelope:  # spares decoding all others
            return None
        try:
            event = peek(envelope)[1]
            return cls.from_body(event.body) if event.type == EventType.SECOND_SIGNATURE else None
        except Malformed:
            return None

    def to_body(self) -> Body:
        """Return the map."""
        return {1: self.message}

    @classmethod
    def from_body(cls, body: Body) -> Self:
        """Return what the map says, the message itself not yet read.  Raises Malformed."""
        kept = body.get(1)
        if not isinstance(kept, bytes) or not 0 < len(kept) <= MESSAGE_BYTES_MAX:
            raise Malformed(f"a second signature has 1 to {MESSAGE_BYTES_MAX} bytes")
        return cls(kept)


def kept_in(envelope: bytes) -> bytes | None:
    """Return the message that an envelope keeps, None where it keeps none that can be read."""
    body = SecondSignatureBody.of(envelope)
    if body is None:
        return None
    try:
        SecondSignature.read(body.message)
    except Malformed:
        return None
    return body.message
