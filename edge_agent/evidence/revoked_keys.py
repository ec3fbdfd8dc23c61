"""Keys of a center's brokers that count no more, signed by the center's authority.

A gateway is its own judge of a broker's certificate, often without a clock and without anybody to
ask.  So it is told which keys were lost: keys and not certificates, since whoever has a key has
every certificate for it.  `number` rises: a list never takes the place of a later one.
"""

from dataclasses import dataclass

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, cose, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import Domain, PublicKey, Signer
from edge_agent.evidence.enrolment import REVOKED_BYTES_MAX

VERSION = 1
KEYS_MAX = 64  # of one center: one lost in four months, for as long as its authority is good
DIGEST_BYTES = 32
BYTES_MAX = REVOKED_BYTES_MAX
_KEYS = frozenset(range(1, 4))


@dataclass(frozen=True, slots=True)
class RevokedKeys:
    """One list; `keys` are SHA-256 over public keys (`certificates.key_digest`).

    Raises ValueError beyond its bounds.
    """

    number: int
    keys: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if not 0 < self.number <= fields.NUMBER_MAX:
            raise ValueError("numbers start at 1")
        if not 0 < len(self.keys) <= KEYS_MAX:
            raise ValueError(f"{len(self.keys)} revoked keys, allowed 1..{KEYS_MAX}")
        if any(len(one) != DIGEST_BYTES for one in self.keys):
            raise ValueError(f"a key is named by {DIGEST_BYTES} bytes")


def sign_revoked_keys(listed: RevokedKeys, authority: Signer) -> bytes:
    """Return the signed list."""
    content: dict[int, BodyValue] = {1: VERSION, 2: listed.number, 3: list(listed.keys)}
    return cose.sign1(cbor.encode(content), authority, Domain.REVOKED)


def open_revoked_keys(data: bytes, authority: PublicKey) -> RevokedKeys:
    """Return the list that `authority` signed.  Raises Malformed, BadSignature."""
    if len(data) > BYTES_MAX:
        raise Malformed(f"a list of {len(data)} bytes, allowed {BYTES_MAX}")
    message = cose.parse(data)
    cose.verify(message, authority, Domain.REVOKED)
    content = cbor.decode_map(message.payload)
    if content.keys() != _KEYS:
        raise Malformed("missing or unknown key")
    fields.number(content, 1, VERSION, VERSION)
    rows = dict(enumerate(fields.array(content, 3, KEYS_MAX)))
    keys = tuple(fields.octets(rows, at, DIGEST_BYTES) for at in rows)
    try:
        return RevokedKeys(fields.number(content, 2), keys)
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(str(error)) from error
