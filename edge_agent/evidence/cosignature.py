"""A witness's word on a tree head: "this is the only history of that gateway that I have seen".

A witness is a third holder beside gateway and center, such as an inspector.  It cosigns a head only
where the head continues all that it cosigned of the gateway before, so of two histories of one
gateway at most one can have its cosignatures.  docs/wire-format.md, section 19.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, cose, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import Domain, Message, PublicKey, Signer
from edge_agent.evidence.envelope import EPOCH_BYTES
from edge_agent.evidence.tree import HASH_BYTES, SIZE_MAX

VERSION = 1
_KEYS = frozenset(range(1, 10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosignature:
    """`witness` saw the first `size` events of an epoch at `time_ms`, its own Unix time.

    `authority` is the SHA-256 over the public key of who certified the gateway: two enterprises may
    use one name.  `breaks` counts how often the gateway's history broke off and somebody at the
    witness let it begin anew.  Raises ValueError beyond its bounds.
    """

    witness: str
    authority: bytes
    gateway: str
    epoch: bytes
    size: int
    root: bytes
    time_ms: int
    breaks: int = 0

    def __post_init__(self) -> None:
        if not fields.is_name(self.witness) or not fields.is_name(self.gateway):
            raise ValueError(f"{self.witness[:80]!r} or {self.gateway[:80]!r} is no name")
        lengths = len(self.epoch), len(self.root), len(self.authority)
        if lengths != (EPOCH_BYTES, HASH_BYTES, HASH_BYTES):
            raise ValueError("an epoch has 8 bytes, a root and an authority's digest 32")
        if not 0 <= self.size <= SIZE_MAX or min(self.time_ms, self.breaks) < 0:
            raise ValueError("a size, a time and a count are not negative")

    def signed(self, signer: Signer) -> bytes:
        """Return the signed message."""
        told: dict[int, BodyValue] = {
            1: VERSION,
            2: self.witness,
            3: self.authority,
            4: self.gateway,
            5: self.epoch,
            6: self.size,
            7: self.root,
            8: self.time_ms,
            9: self.breaks,
        }
        return cose.sign1(cbor.encode(told), signer, Domain.COSIGNATURE)

    @classmethod
    def read(cls, message: Message) -> "Cosignature":
        """Return the content of a parsed message, its signature not checked.  Raises Malformed."""
        told = cbor.decode_map(message.payload)
        if told.keys() != _KEYS:
            raise Malformed("missing or unknown key in a cosignature")
        fields.number(told, 1, VERSION, VERSION)
        try:
            return cls(
                witness=fields.text(told, 2),
                authority=fields.octets(told, 3, HASH_BYTES),
                gateway=fields.text(told, 4),
                epoch=fields.octets(told, 5, EPOCH_BYTES),
                size=fields.number(told, 6),
                root=fields.octets(told, 7, HASH_BYTES),
                time_ms=fields.number(told, 8),
                breaks=fields.number(told, 9),
            )
        except Malformed:
            raise
        except ValueError as error:
            raise Malformed(str(error)) from error


def open_cosignature(data: bytes, keys: Sequence[PublicKey]) -> Cosignature:
    """Return the cosignature that one of `keys` signed.  Raises Malformed, BadSignature."""
    message = cose.parse(data)
    key = next((one for one in keys if one.kid == message.kid), None)
    if key is None:
        raise cose.BadSignature(f"signed by {message.kid.hex()}, which is no key of the witness")
    cose.verify(message, key, Domain.COSIGNATURE)
    return Cosignature.read(message)
