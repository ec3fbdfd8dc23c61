"""Judges one envelope that came from a gateway, without storing anything (pure).

What it goes by: the topic tells the sender (the broker's access list binds it to a certificate),
the genesis is signed by the sender's identity key and names the event key, and every other event of
that epoch is signed by that event key.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from edge_agent.domain.event import EventType
from edge_agent.evidence import cose
from edge_agent.evidence.bodies import GenesisBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature, Message, PublicKey
from edge_agent.evidence.envelope import Event, read, verify
from edge_agent.evidence.tree import leaf_hash


class Reason(StrEnum):
    """Why bytes were refused; also the name of the counter."""

    MALFORMED = "malformed"  # not an envelope at all
    FORGED = "forged"  # the key that it names did not sign it, or signs another epoch
    MISDIRECTED = "misdirected"  # another gateway's event on this gateway's topic
    STRANGER = "stranger"  # a genesis of an identity that is not this gateway's
    UNKNOWN_GATEWAY = "unknown_gateway"  # a topic of a gateway that init never made


@dataclass(frozen=True, slots=True)
class KnownKey:
    """An event key as its genesis introduced it; `vouched` if an identity key signed that."""

    epoch: bytes
    key: PublicKey
    vouched: bool


@dataclass(frozen=True, slots=True)
class Genuine:
    """A verified event; `kid` names the key that signed it, `genesis` is its body if it is one."""

    envelope: bytes
    leaf: bytes
    kid: bytes
    event: Event
    vouched: bool
    genesis: GenesisBody | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Signed by a key whose genesis has not come: to be held."""

    envelope: bytes
    leaf: bytes
    kid: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """Never stored among the events, never receipted."""

    reason: Reason
    detail: str
    data: bytes


Finding = Genuine | Unknown | Refused


@dataclass(frozen=True, slots=True)
class Sender:
    """Who published: its name by the topic, its identity keys, and its event keys by key id."""

    gateway: str
    identities: tuple[PublicKey, ...]
    event_key: Callable[[bytes], KnownKey | None]


def examine(envelope: bytes, sender: Sender) -> Finding:
    """Judge `envelope`."""
    try:
        message = cose.parse(envelope)
        kid, event = message.kid, read(message)
        if event.gateway != sender.gateway:
            detail = f"an event of {event.gateway} on the topic of {sender.gateway}"
            return Refused(Reason.MISDIRECTED, detail, envelope)
        if event.type is EventType.GENESIS:
            return _examine_genesis(envelope, message, event, sender)
        known = sender.event_key(kid)
        if known is None:
            return Unknown(envelope, leaf_hash(envelope), kid)
        if known.epoch != event.epoch:
            detail = f"key {kid.hex()} belongs to epoch {known.epoch.hex()}"
            return Refused(Reason.FORGED, detail, envelope)
        verify(message, event, known.key)
        return Genuine(envelope, leaf_hash(envelope), kid, event, known.vouched)
    except Malformed as error:
        return Refused(Reason.MALFORMED, str(error), envelope)
    except BadSignature as error:
        return Refused(Reason.FORGED, str(error), envelope)


def _examine_genesis(envelope: bytes, message: Message, event: Event, sender: Sender) -> Finding:
    body, kid = GenesisBody.from_body(event.body), message.kid
    if kid != body.signer_kid:
        detail = f"signed by {kid.hex()}, names {body.signer_kid.hex()} as its signer"
        return Refused(Reason.FORGED, detail, envelope)
    key = body.event_key  # signs for itself where the identity key could not be read
    if body.vouched:
        by_kid = {one.kid: one for one in sender.identities}
        if kid not in by_kid:
            return Refused(Reason.STRANGER, f"signed by unknown identity {kid.hex()}", envelope)
        key = by_kid[kid]
    verify(message, event, key)
    return Genuine(envelope, leaf_hash(envelope), kid, event, body.vouched, body)
