"""The center's signed "I hold these": which events, bound to their very bytes."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, cose, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import Domain, PublicKey, Signer
from edge_agent.evidence.envelope import EPOCH_BYTES
from edge_agent.evidence.tree import HASH_BYTES, SIZE_MAX

VERSION = 1
RANGES_MAX = 240  # 62 bytes each: the gateway keeps a receipt in one journal record of 16 KiB
_VERSION, _GATEWAY, _CENTER, _TIME, _RANGES = range(1, 6)
_KEYS = frozenset(range(1, 6))


@dataclass(frozen=True, slots=True)
class Range:
    """Events `first`..`last` of an epoch; `digest` is `range_digest` over their leaf hashes.

    Raises ValueError for what is no range.
    """

    epoch: bytes
    first: int
    last: int
    digest: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.first <= self.last <= SIZE_MAX:
            raise ValueError(f"no such range: {self.first}..{self.last}")
        if len(self.epoch) != EPOCH_BYTES or len(self.digest) != HASH_BYTES:
            raise ValueError("an epoch has 8 bytes, a digest 32")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What `center` holds of `gateway`; `time_ms` is the center's Unix time.

    The gateway is part of what is signed: whoever opens a receipt compares it with its own id.
    Raises ValueError beyond its bounds.
    """

    gateway: str
    center: str
    time_ms: int
    ranges: tuple[Range, ...]

    def __post_init__(self) -> None:
        if not fields.is_name(self.gateway) or not fields.is_name(self.center):
            raise ValueError(f"{self.gateway[:80]!r} or {self.center[:80]!r} is no name")
        if not 0 < len(self.ranges) <= RANGES_MAX:
            raise ValueError(f"{len(self.ranges)} ranges, allowed 1..{RANGES_MAX}")
        if not 0 <= self.time_ms <= fields.NUMBER_MAX:
            raise ValueError(f"no such time: {self.time_ms}")


def range_digest(leaves: Iterable[bytes]) -> bytes:
    """Return the SHA-256 over the concatenated leaf hashes of a range, in order."""
    digest = hashlib.sha256()
    for leaf in leaves:
        digest.update(leaf)
    return digest.digest()


def sign_receipt(receipt: Receipt, signer: Signer) -> bytes:
    """Return the signed receipt."""
    ranges: list[BodyValue] = [[r.epoch, r.first, r.last, r.digest] for r in receipt.ranges]
    payload = cbor.encode(
        {
            _VERSION: VERSION,
            _GATEWAY: receipt.gateway,
            _CENTER: receipt.center,
            _TIME: receipt.time_ms,
            _RANGES: ranges,
        }
    )
    return cose.sign1(payload, signer, Domain.RECEIPT)


def open_receipt(data: bytes, key: PublicKey) -> Receipt:
    """Return the receipt that `key` signed.  Raises Malformed, BadSignature.

    It may be meant for another gateway: compare `gateway`.
    """
    message = cose.parse(data)
    cose.verify(message, key, Domain.RECEIPT)
    content = cbor.decode_map(message.payload)
    if content.keys() != _KEYS:
        raise Malformed("missing or unknown key in a receipt")
    fields.number(content, _VERSION, VERSION, VERSION)
    try:
        return Receipt(
            gateway=fields.text(content, _GATEWAY),
            center=fields.text(content, _CENTER),
            time_ms=fields.number(content, _TIME),
            ranges=tuple(_range(item) for item in fields.array(content, _RANGES, RANGES_MAX)),
        )
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(str(error)) from error


def peek_time_ms(data: bytes) -> int:
    """Return the center's time in a receipt that was opened before.  Raises Malformed."""
    return fields.number(cbor.decode_map(cose.parse(data).payload), _TIME)


def _range(value: BodyValue) -> Range:
    items = fields.row(value, 4)
    return Range(
        epoch=fields.octets(items, 0, EPOCH_BYTES),
        first=fields.number(items, 1),
        last=fields.number(items, 2),
        digest=fields.octets(items, 3, HASH_BYTES),
    )
