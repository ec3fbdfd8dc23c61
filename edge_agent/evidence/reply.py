"""The gateway's signed answer to a command: what became of it, and what was asked for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge_agent.domain.event import BodyValue
from edge_agent.domain.stamp import Stamp
from edge_agent.evidence import cbor, cose, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import DIGEST_BYTES
from edge_agent.evidence.cose import Domain, PublicKey, Signer
from edge_agent.evidence.envelope import EPOCH_BYTES, stamp_from_value, stamp_to_value

VERSION = 1
FACTS_BYTES_MAX = 32_768  # the state of 64 panels is half of it
_KEYS = range(1, 10)
(
    _VERSION,
    _GATEWAY,
    _EPOCH,
    _NUMBER,
    _DIGEST,
    _STAMP,
    _OUTCOME,
    _DETAIL,
    _FACTS,
) = _KEYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What became of the command `number`, whose signed bytes have the SHA-256 `digest`.

    `outcome` is a word: `done`, one of an order's, or why it was refused.  `epoch` is the running
    one; `facts` is what was asked for, JSON in UTF-8, empty where nothing was.  Raises ValueError
    beyond the bounds.
    """

    gateway: str
    epoch: bytes
    number: int
    digest: bytes
    stamp: Stamp
    outcome: str
    detail: str = ""
    facts: bytes = b""

    def __post_init__(self) -> None:
        if not fields.is_name(self.gateway) or not fields.is_word(self.outcome):
            raise ValueError(f"{self.gateway[:80]!r} or {self.outcome[:80]!r} is no name or word")
        if len(self.epoch) != EPOCH_BYTES or len(self.digest) != DIGEST_BYTES:
            raise ValueError(f"an epoch has {EPOCH_BYTES} bytes, a digest {DIGEST_BYTES}")
        if not 0 < self.number <= fields.NUMBER_MAX or len(self.facts) > FACTS_BYTES_MAX:
            raise ValueError(f"numbers start at 1, facts have at most {FACTS_BYTES_MAX} bytes")


def facts_of(facts: Mapping[str, Any]) -> bytes:
    """Return facts as a reply carries them.  Raises ValueError where they are too many."""
    data = json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()
    if len(data) > FACTS_BYTES_MAX:
        raise ValueError(f"{len(data)} bytes of facts, a reply carries {FACTS_BYTES_MAX}")
    return data


def sign_reply(reply: Reply, signer: Signer) -> bytes:
    """Return the signed reply."""
    content: dict[int, BodyValue] = {
        _VERSION: VERSION,
        _GATEWAY: reply.gateway,
        _EPOCH: reply.epoch,
        _NUMBER: reply.number,
        _DIGEST: reply.digest,
        _STAMP: stamp_to_value(reply.stamp),
        _OUTCOME: reply.outcome,
        _DETAIL: fields.bounded(reply.detail),
        _FACTS: reply.facts or None,
    }
    return cose.sign1(cbor.encode(fields.without_none(content)), signer, Domain.REPLY)


def open_reply(data: bytes, key: PublicKey) -> Reply:
    """Return the reply that `key` signed.  Raises Malformed, BadSignature."""
    message = cose.parse(data)
    cose.verify(message, key, Domain.REPLY)
    return _reply(message.payload)


def peek_reply(data: bytes) -> tuple[bytes, Reply]:
    """Return key id and content without checking the signature.  Raises Malformed."""
    message = cose.parse(data)
    return message.kid, _reply(message.payload)


def _reply(payload: bytes) -> Reply:
    content = cbor.decode_map(payload)
    if not content.keys() <= set(_KEYS):
        raise Malformed("unknown key in a reply")
    fields.number(content, _VERSION, VERSION, VERSION)
    facts = content.get(_FACTS, b"")
    if not isinstance(facts, bytes):
        raise Malformed("facts are bytes")
    try:
        return Reply(
            gateway=fields.text(content, _GATEWAY),
            epoch=fields.octets(content, _EPOCH, EPOCH_BYTES),
            number=fields.number(content, _NUMBER),
            digest=fields.octets(content, _DIGEST, DIGEST_BYTES),
            stamp=stamp_from_value(content.get(_STAMP)),
            outcome=fields.text(content, _OUTCOME),
            detail=fields.text_or_empty(content, _DETAIL),
            facts=facts,
        )
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(str(error)) from error
