"""The envelope: one event, numbered, stamped and signed; its bytes never change again.

The payload's layout stands in docs/wire-format.md.  A genesis is signed by the identity key in a
domain of its own, every other event by the event key that the genesis names.
"""

from dataclasses import dataclass

from edge_agent.domain.event import Body, BodyValue, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence import cbor, cose, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import Domain, Message, PublicKey, Signer
from edge_agent.evidence.tree import EMPTY_ROOT, HASH_BYTES, SIZE_MAX

VERSION = 1
EPOCH_BYTES = 8
BOOT_ID_BYTES = 16
_VERSION, _GATEWAY, _EPOCH, _SEQ, _ROOT, _STAMP, _LANE, _TYPE, _BODY = range(1, 10)
_KEYS = frozenset(range(1, 10))
_TYPES = {str(kind): kind for kind in EventType}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What an envelope holds.

    `root` is the RFC 9162 root over envelopes 0..seq-1 of the epoch.  `type` is an `EventType`, or
    the word itself where a newer gateway uses one that we do not know.  Raises ValueError for what
    no envelope can hold.
    """

    gateway: str
    epoch: bytes
    seq: int
    root: bytes
    stamp: Stamp
    lane: Lane
    type: EventType | str
    body: Body

    def __post_init__(self) -> None:
        if not fields.is_name(self.gateway):
            raise ValueError(f"{self.gateway[:80]!r} is no name of a gateway")
        if len(self.epoch) != EPOCH_BYTES or len(self.root) != HASH_BYTES:
            raise ValueError("an epoch has 8 bytes, a root 32")
        if not 0 <= self.seq <= SIZE_MAX:
            raise ValueError(f"no such number: {self.seq}")
        if not fields.is_word(self.type):
            raise ValueError(f"{self.type[:80]!r} is no type of event")
        if (self.seq == 0) is not (self.type == EventType.GENESIS):
            raise ValueError("number 0 is the genesis, and no other")
        if self.seq == 0 and self.root != EMPTY_ROOT:
            raise ValueError("a genesis has nothing before it")


def domain_of(type_: str) -> Domain:
    """Return the domain in which an event of this type is signed."""
    return Domain.GENESIS if type_ == EventType.GENESIS else Domain.EVENT


def seal(event: Event, signer: Signer) -> bytes:
    """Return the signed envelope of `event`.  Raises ValueError for a body that cannot be told."""
    payload = cbor.encode(
        {
            _VERSION: VERSION,
            _GATEWAY: event.gateway,
            _EPOCH: event.epoch,
            _SEQ: event.seq,
            _ROOT: event.root,
            _STAMP: stamp_to_value(event.stamp),
            _LANE: int(event.lane),
            _TYPE: str(event.type),
            _BODY: dict(event.body),
        }
    )
    return cose.sign1(payload, signer, domain_of(event.type))


def open_event(envelope: bytes, key: PublicKey) -> Event:
    """Return the event in `envelope` that `key` signed.  Raises Malformed, BadSignature."""
    message = cose.parse(envelope)
    event = read(message)
    verify(message, event, key)
    return event


def peek(envelope: bytes) -> tuple[bytes, Event]:
    """Return key id and content without checking the signature: for routing and display only.

    Raises Malformed.
    """
    message = cose.parse(envelope)
    return message.kid, read(message)


def peek_stamp(envelope: bytes) -> Stamp:
    """Return the stamp alone, nothing else read: in half the time of `peek`.  Raises Malformed.

    Keys come in ascending order, each of one byte, the stamp's behind five others.
    """
    payload = cose.parse(envelope).payload
    at = 1  # behind the map's head
    while at < len(payload) and payload[at] != _STAMP:
        at = cbor.item_end(payload, at + 1)
    end = cbor.item_end(payload, at + 1)
    return stamp_from_value(cbor.decode(payload[at + 1 : end]))


def verify(message: Message, event: Event, key: PublicKey) -> None:
    """Check that `key` signed `message`, of which `event` was read.  Raises BadSignature."""
    cose.verify(message, key, domain_of(event.type))


def read(message: Message) -> Event:
    """Return the content of a parsed message, its signature not checked.  Raises Malformed.

    `parse`, `read`, choose the key, `verify`: for those who learn from the content whose key it is.
    """
    content = cbor.decode_map(message.payload)
    if content.get(_VERSION) != VERSION or content[_VERSION] is True:
        raise Malformed("not an event of version 1")
    if content.keys() != _KEYS:
        raise Malformed("missing or unknown key in an event")
    body = content[_BODY]
    if not isinstance(body, dict):
        raise Malformed("the body is not a map")
    type_ = fields.text(content, _TYPE)
    try:
        return Event(
            gateway=fields.text(content, _GATEWAY),
            epoch=fields.octets(content, _EPOCH, EPOCH_BYTES),
            seq=fields.number(content, _SEQ),
            root=fields.octets(content, _ROOT, HASH_BYTES),
            stamp=stamp_from_value(content[_STAMP]),
            lane=Lane(fields.number(content, _LANE, 0, len(Lane) - 1)),
            type=_TYPES.get(type_, type_),
            body=body,
        )
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(str(error)) from error


def stamp_to_value(stamp: Stamp) -> list[BodyValue]:
    """Return the array of five that a stamp is on the wire."""
    if stamp.uncertainty_ms is not None and stamp.uncertainty_ms < 0:
        raise ValueError(f"an uncertainty of {stamp.uncertainty_ms} ms")
    return [
        stamp.wall_ns,
        stamp.boottime_ns,
        stamp.boot_id,
        str(stamp.trust),
        stamp.uncertainty_ms,
    ]


def stamp_from_value(value: BodyValue) -> Stamp:
    """Return the stamp in an array of five.  Raises Malformed."""
    if not isinstance(value, list) or len(value) != 5:
        raise Malformed("a stamp is an array of 5 items")
    items = fields.without_none(dict(enumerate(value)))
    return Stamp(
        wall_ns=fields.number_or_none(items, 0, -fields.NUMBER_MAX),
        boottime_ns=fields.number(items, 1),
        boot_id=fields.octets(items, 2, BOOT_ID_BYTES),
        trust=fields.word(items, 3, Trust),
        uncertainty_ms=fields.number_or_none(items, 4),
    )
