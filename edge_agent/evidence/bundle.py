"""The evidence bundle: one file that proves the events in it to whoever holds nothing else.

The layout stands in docs/evidence-bundle.md.  Here are its values, their bytes and the bounds; what
must hold between them is `bundle_check`'s, what goes into one `bundle_make`'s.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, cited, cose, fields
from edge_agent.evidence.anchor import TOKEN_BYTES_MAX
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.cose import Domain, Message, Signer
from edge_agent.evidence.envelope import EPOCH_BYTES
from edge_agent.evidence.sample import NONCE_BYTES_MAX, NONCE_BYTES_MIN, SAMPLE_MAX, Stretch
from edge_agent.evidence.tree import HASH_BYTES, SIZE_MAX

MAGIC = b"\xeaBundle\n"
VERSION = 1
BUNDLE_BYTES_MAX = 128 << 20  # some 300,000 events; a verifier on a gateway reads it as well
ITEM_BYTES_MAX = 4 << 20  # 64 of the largest envelopes
RUN_EVENTS_MAX = 64  # the peaks and the path before them add a twentieth
STRETCHES_MAX = 65_536  # 20 bytes each: events of one area stand alone among the others
CERTIFICATES_MAX = 16  # of the gateway, and of each center: receipts and authority
COSIGNED_MAX = 8  # of an epoch: witnesses
COSIGNED_BYTES_MAX = 8_192  # of one such message: an algorithm to come may have long signatures
PATH_MAX = 64  # hashes of a proof: levels of the largest tree, and one
LEAVES_BYTES_MAX = 2 << 20  # hashes of the events of one receipt's range
WORDS_CHARS_MAX = 200
_LENGTH_BYTES = 4


class Item(IntEnum):
    """What an item of the file is."""

    SCOPE = 0
    CERTIFICATE = 1
    EPOCH = 2
    RUN = 3
    SEAL = 4


class Kind(StrEnum):
    """What was asked for."""

    SPAN = "span"  # every event of a time or of numbers
    AREA = "area"  # those of one area of one panel
    INCIDENT = "incident"  # the verdicts of one incident and what they rest on
    SAMPLE = "sample"  # drawn from an inspector's nonce


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What was asked for, and of which events: each stretch is an epoch, first and last number.

    Every event of each stretch is in the bundle, and no other; a sample is drawn from them.  Epochs
    stand in their order and numbers rise.  Raises ValueError for what no bundle can be of.
    """

    gateway: str
    kind: Kind
    stretches: tuple[Stretch, ...]
    nonce: bytes | None = None
    count: int | None = None
    panel: str | None = None
    area: int | None = None
    incident: Place | None = None

    def __post_init__(self) -> None:
        if not fields.is_name(self.gateway):
            raise ValueError(f"{self.gateway[:80]!r} is no name of a gateway")
        if len(self.stretches) > STRETCHES_MAX:
            raise ValueError(f"{len(self.stretches)} stretches of events, at most {STRETCHES_MAX}")
        before: dict[bytes, int] = {}
        for epoch, first, last in self.stretches:
            if len(epoch) != EPOCH_BYTES or not before.get(epoch, -1) < first <= last <= SIZE_MAX:
                raise ValueError(f"no such events, or not in order: {first} to {last}")
            before[epoch] = last
        if (self.kind is Kind.SAMPLE) is (self.nonce is None) or (self.nonce is None) is not (
            self.count is None
        ):
            raise ValueError("a sample, and nothing else, has nonce and count")
        if self.nonce is not None and not NONCE_BYTES_MIN <= len(self.nonce) <= NONCE_BYTES_MAX:
            raise ValueError(f"a nonce has {NONCE_BYTES_MIN} to {NONCE_BYTES_MAX} bytes")
        if self.count is not None and not 1 <= self.count <= SAMPLE_MAX:
            raise ValueError(f"a sample has 1 to {SAMPLE_MAX} events")

    def to_item(self) -> BodyValue:
        """Return the item's value."""
        stretches: list[BodyValue] = [list(one) for one in self.stretches]
        told: dict[int, BodyValue] = {
            1: VERSION,
            2: self.gateway,
            3: str(self.kind),
            4: stretches,
            5: self.nonce,
            6: self.count,
            7: self.panel,
            8: self.area,
            9: None if self.incident is None else cited.place_to_value(self.incident),
        }
        return [int(Item.SCOPE), fields.without_none(told)]

    @classmethod
    def from_value(cls, value: BodyValue) -> "Scope":
        """Return what the item says.  Raises Malformed."""
        told = _map(value, range(1, 10))
        fields.number(told, 1, VERSION, VERSION)
        rows = (fields.row(row, 3) for row in fields.array(told, 4, STRETCHES_MAX))
        try:
            return cls(
                gateway=fields.text(told, 2),
                kind=fields.word(told, 3, Kind),
                stretches=tuple(
                    (
                        fields.octets(row, 0, EPOCH_BYTES),
                        fields.number(row, 1),
                        fields.number(row, 2),
                    )
                    for row in rows
                ),
                nonce=_octets(told, 5, NONCE_BYTES_MAX),
                count=fields.number_or_none(told, 6),
                panel=fields.text_or_none(told, 7, fields.NAME_CHARS_MAX),
                area=fields.number_or_none(told, 8, 1),
                incident=cited.place_from(told, 9) if 9 in told else None,
            )
        except Malformed:
            raise
        except ValueError as error:
            raise Malformed(str(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochItem:
    """One epoch: its genesis, and the signed head that its events are proved against.

    `head` is an event of the epoch: the head over all those before it.  `receipt` covers it;
    `leaves` are the leaf hashes of the receipt's range that holds it.  `earlier` is a head that an
    inspector had before, `consistency` its proof.  `stamped` is a head that an authority
    timestamped, with the proof that `head` continues it; `cosigned` are those that somebody else
    has signed as well, `second` the one that the gateway itself signed a second time.
    """

    epoch: bytes
    genesis: bytes
    head: bytes
    receipt: bytes | None = None
    leaves: bytes = b""
    earlier: bytes | None = None
    consistency: tuple[bytes, ...] = ()
    stamped: "StampedHead | None" = None
    cosigned: "tuple[CosignedHead, ...]" = ()
    second: "CosignedHead | None" = None

    def to_item(self) -> BodyValue:
        """Return the item's value."""
        proof: list[BodyValue] = list(self.consistency)
        cosigned: list[BodyValue] = [one.to_value() for one in self.cosigned]
        told = {
            1: self.epoch,
            2: self.genesis,
            3: self.head,
            4: self.receipt,
            5: None if self.receipt is None else self.leaves,
            6: self.earlier,
            7: None if self.earlier is None else proof,
            8: None if self.stamped is None else self.stamped.to_value(),
            9: cosigned or None,
            10: None if self.second is None else self.second.to_value(),
        }
        return [int(Item.EPOCH), fields.without_none(told)]

    @classmethod
    def from_value(cls, value: BodyValue) -> "EpochItem":
        """Return what the item says.  Raises Malformed."""
        told = _map(value, range(1, 11))
        if (4 in told) is not (5 in told) or (6 in told) is not (7 in told):
            raise Malformed("a receipt without leaves, or a head without its proof")
        return cls(
            epoch=fields.octets(told, 1, EPOCH_BYTES),
            genesis=_some(told, 2),
            head=_some(told, 3),
            receipt=_octets(told, 4, cose.MESSAGE_BYTES_MAX),
            leaves=_octets(told, 5, LEAVES_BYTES_MAX) or b"",
            earlier=_octets(told, 6, cose.MESSAGE_BYTES_MAX),
            consistency=_hashes(told, 7) or (),
            stamped=StampedHead.from_value(told[8]) if 8 in told else None,
            cosigned=tuple(
                CosignedHead.from_value(one)
                for one in (fields.array(told, 9, COSIGNED_MAX) if 9 in told else ())
            ),
            second=CosignedHead.from_value(told[10]) if 10 in told else None,
        )


@dataclass(frozen=True, slots=True)
class StampedHead:
    """An event that an authority timestamped; `proof`: that the epoch's head continues its tree."""

    event: bytes
    token: bytes
    proof: tuple[bytes, ...]

    def to_value(self) -> BodyValue:
        """Return `[event, token, proof]`."""
        return [self.event, self.token, list(self.proof)]

    @classmethod
    def from_value(cls, value: BodyValue) -> "StampedHead":
        """Return what stands there.  Raises Malformed."""
        told = fields.row(value, 3)
        return cls(_some(told, 0), _octets(told, 1, TOKEN_BYTES_MAX) or b"", _hashes(told, 2) or ())


@dataclass(frozen=True, slots=True)
class CosignedHead:
    """A witness's cosignature, or a second signature; `proof`: that the epoch's head continues the
    tree that it is over."""

    cosignature: bytes
    proof: tuple[bytes, ...]

    def to_value(self) -> BodyValue:
        """Return `[cosignature, proof]`."""
        return [self.cosignature, list(self.proof)]

    @classmethod
    def from_value(cls, value: BodyValue) -> "CosignedHead":
        """Return what stands there.  Raises Malformed."""
        told = fields.row(value, 2)
        return cls(_octets(told, 0, COSIGNED_BYTES_MAX) or b"", _hashes(told, 1) or ())


@dataclass(frozen=True, slots=True)
class Run:
    """Events whose numbers follow each other, from `first` on.

    `peaks` is the tree before them (as docs/wire-format.md has it), None for one event alone;
    `path` proves the last of them in the tree of the epoch's head, None where that cannot be.
    `twins` are other events with numbers of this run: a fork.
    """

    first: int
    envelopes: tuple[bytes, ...]
    peaks: bytes | None = None
    path: tuple[bytes, ...] | None = None
    twins: tuple[bytes, ...] = ()

    def to_item(self) -> BodyValue:
        """Return the item's value."""
        path: list[BodyValue] | None = None if self.path is None else list(self.path)
        envelopes: list[BodyValue] = list(self.envelopes)
        twins: list[BodyValue] = list(self.twins)
        told = {1: self.first, 2: self.peaks, 3: path, 4: envelopes, 5: twins or None}
        return [int(Item.RUN), fields.without_none(told)]

    @classmethod
    def from_value(cls, value: BodyValue) -> "Run":
        """Return what the item says.  Raises Malformed."""
        told = _map(value, range(1, 6))
        envelopes = _all_octets(told, 4)
        if not envelopes:
            raise Malformed("a run without events")
        peaks = _octets(told, 2, 8 + PATH_MAX * HASH_BYTES)
        if peaks is None and len(envelopes) > 1:
            raise Malformed("several events without the tree before them")
        return cls(
            fields.number(told, 1),
            envelopes,
            peaks,
            _hashes(told, 3),
            _all_octets(told, 5) if 5 in told else (),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """Who took these events out, why, and that all of the file is as it was then.

    `digest` is SHA-256 over everything before the seal; `events` how many events stand in it, twins
    not counted; `by` the gateway or the center whose key signed; `number` and `previous`: the
    center's register of exports, in which each names the digest of the one before.
    """

    gateway: str
    by: str
    time_ms: int | None
    digest: bytes
    events: int
    actor: str
    purpose: str
    number: int | None = None
    previous: bytes | None = None

    def signed(self, signer: Signer) -> bytes:
        """Return the signed message.  Raises ValueError for what it cannot hold."""
        told: dict[int, BodyValue] = {
            1: VERSION,
            2: self.gateway,
            3: self.by,
            4: self.time_ms,
            5: self.digest,
            6: self.events,
            7: fields.bounded(self.actor) or "unknown",
            8: fields.bounded(self.purpose) or "unknown",
            9: self.number,
            10: self.previous,
        }
        return cose.sign1(cbor.encode(fields.without_none(told)), signer, Domain.BUNDLE)

    @classmethod
    def read(cls, message: Message) -> "Seal":
        """Return the content of a parsed seal, its signature not checked.  Raises Malformed."""
        told = cbor.decode_map(message.payload)
        if not {1, 2, 3, 5, 6, 7, 8} <= told.keys() <= set(range(1, 11)):
            raise Malformed("missing or unknown key in a seal")
        fields.number(told, 1, VERSION, VERSION)
        return cls(
            gateway=fields.text(told, 2),
            by=fields.text(told, 3),
            time_ms=fields.number_or_none(told, 4),
            digest=fields.octets(told, 5, HASH_BYTES),
            events=fields.number(told, 6),
            actor=fields.text(told, 7, WORDS_CHARS_MAX),
            purpose=fields.text(told, 8, WORDS_CHARS_MAX),
            number=fields.number_or_none(told, 9, 1),
            previous=fields.octets(told, 10, HASH_BYTES) if 10 in told else None,
        )


# ---- the file


@dataclass(frozen=True, slots=True)
class Framed:
    """One item as it stands in the file: where, what, and the digest over all before it."""

    offset: int
    item: Item
    value: BodyValue
    before: bytes


def frame(value: BodyValue) -> bytes:
    """Return an item with its length before it.  Raises ValueError where it is too long."""
    data = cbor.encode(value)
    if len(data) > ITEM_BYTES_MAX:
        raise ValueError(f"an item of {len(data)} bytes, allowed {ITEM_BYTES_MAX}")
    return len(data).to_bytes(_LENGTH_BYTES, "big") + data


def items(read: Callable[[int], bytes]) -> Iterator[Framed]:
    """Yield the items of a file, `read` like that of a file.  Raises Malformed where it breaks.

    Memory is one item.
    """
    digest, at = hashlib.sha256(), len(MAGIC)
    head = read(at)
    if head != MAGIC:
        raise Malformed("not an evidence bundle of version 1")
    digest.update(head)
    while length := read(_LENGTH_BYTES):
        size = int.from_bytes(length, "big")
        if len(length) < _LENGTH_BYTES or size > ITEM_BYTES_MAX:
            raise Malformed(f"byte {at}: no length of an item")
        data = read(size)
        if len(data) < size or at + size > BUNDLE_BYTES_MAX:
            raise Malformed(f"byte {at}: cut short, or larger than {BUNDLE_BYTES_MAX}")
        try:
            item, value = _item(data)
        except Malformed as error:
            raise Malformed(f"byte {at}: {error}") from error
        yield Framed(at, item, value, digest.digest())
        digest.update(length)
        digest.update(data)
        at += _LENGTH_BYTES + size


def _item(data: bytes) -> tuple[Item, BodyValue]:
    pair = fields.row(cbor.decode(data), 2)
    number = fields.number(pair, 0, 0, len(Item) - 1)
    return Item(number), pair[1]


# ---- typed reads


def _map(value: BodyValue, keys: range) -> dict[int, BodyValue]:
    if not isinstance(value, dict) or not value.keys() <= set(keys):
        raise Malformed("not a map, or an unknown key")
    return value


def _some(told: dict[int, BodyValue], key: int) -> bytes:
    value = _octets(told, key, cose.MESSAGE_BYTES_MAX)
    if value is None:
        raise Malformed(f"key {key} is missing")
    return value


def _octets(told: dict[int, BodyValue], key: int, bytes_max: int) -> bytes | None:
    value = told.get(key)
    if key in told and (not isinstance(value, bytes) or len(value) > bytes_max):
        raise Malformed(f"key {key} is not at most {bytes_max} bytes")
    return value if isinstance(value, bytes) else None


def _all_octets(told: dict[int, BodyValue], key: int) -> tuple[bytes, ...]:
    rows = fields.array(told, key, RUN_EVENTS_MAX)
    found = tuple(one for one in rows if isinstance(one, bytes))
    if len(found) < len(rows):
        raise Malformed(f"key {key} is not an array of bytes")
    return found


def _hashes(told: dict[int, BodyValue], key: int) -> tuple[bytes, ...] | None:
    if key not in told:
        return None
    rows = dict(enumerate(fields.array(told, key, PATH_MAX)))
    return tuple(fields.octets(rows, at, HASH_BYTES) for at in rows)
