"""What a witness is asked with: a gateway's head, and the proof that it continues what was seen.

One map, sent by POST; anybody may bring it, for all in it is signed or proven.  Its layout is in
docs/wire-format.md, section 19.
"""

from dataclasses import dataclass
from typing import Self

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, cose, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.tree import HASH_BYTES, SIZE_MAX

VERSION = 1
CERTIFICATE_BYTES_MAX = 4_096
HEAD_BYTES_MAX = cose.MESSAGE_BYTES_MAX
PROOF_MAX = 64  # hashes of a consistency proof: levels of the largest tree, and one
SUBMISSION_BYTES_MAX = CERTIFICATE_BYTES_MAX + 2 * HEAD_BYTES_MAX + 64 * (HASH_BYTES + 2) + 64
_KEYS = frozenset(range(1, 7))


@dataclass(frozen=True, slots=True)
class Submission:
    """A head to be cosigned.

    `identity` is the certificate (DER) of the key that signed `genesis`, which names the key that
    signed `head`: an event of the same epoch, a signed head over all before it (it may be the
    genesis itself).  `old_size` is how much the asker believes that the witness holds of this
    epoch, or, where it is new to the witness, of the epoch before.  `proof` shows that the head,
    or what the genesis says of the epoch before, continues that.
    """

    identity: bytes
    genesis: bytes
    head: bytes
    old_size: int = 0
    proof: tuple[bytes, ...] = ()

    def to_bytes(self) -> bytes:
        """Return what is sent."""
        proof: list[BodyValue] = list(self.proof)
        told: dict[int, BodyValue] = {
            1: VERSION,
            2: self.identity,
            3: self.genesis,
            4: self.head,
            5: self.old_size,
            6: proof,
        }
        return cbor.encode(told)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return what was sent.  Raises Malformed."""
        if len(data) > SUBMISSION_BYTES_MAX:
            raise Malformed(f"{len(data)} bytes, at most {SUBMISSION_BYTES_MAX}")
        told = cbor.decode_map(data)
        if told.keys() != _KEYS:
            raise Malformed("missing or unknown key in a submission")
        fields.number(told, 1, VERSION, VERSION)
        hashes = dict(enumerate(fields.array(told, 6, PROOF_MAX)))
        return cls(
            identity=_octets(told, 2, CERTIFICATE_BYTES_MAX),
            genesis=_octets(told, 3, HEAD_BYTES_MAX),
            head=_octets(told, 4, HEAD_BYTES_MAX),
            old_size=fields.number(told, 5, 0, SIZE_MAX),
            proof=tuple(fields.octets(hashes, at, HASH_BYTES) for at in hashes),
        )


def _octets(told: dict[int, BodyValue], key: int, bytes_max: int) -> bytes:
    value = told.get(key)
    if not isinstance(value, bytes) or not 0 < len(value) <= bytes_max:
        raise Malformed(f"key {key} is not 1 to {bytes_max} bytes")
    return value
