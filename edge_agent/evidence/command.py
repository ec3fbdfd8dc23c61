"""The center's signed command to one gateway, and what it may ask for.

A command names the epoch in which it may be carried out, so a copy of it dies with that epoch,
whatever the gateway's clock says.  The key that signs it is the center's command key, which the
gateway pins beside the receipt key.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from edge_agent.domain.access import Role
from edge_agent.domain.event import Body, BodyValue
from edge_agent.evidence import cbor, cose, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import Domain, PublicKey, Signer
from edge_agent.evidence.envelope import EPOCH_BYTES
from edge_agent.evidence.fields import NAME_CHARS_MAX
from edge_agent.evidence.warrant import Warrant, peek_pass, warrants_from

VERSION = 1
LIFE_MS_MAX = 24 * 3600 * 1000  # a command that nobody took for a day is given anew, by somebody
BYTES_MAX = 49_152
"""Of a signed command: the largest brings a configuration of 4,096 zones, deflated; a gateway's
connection takes packets of 64 KiB."""
DIGEST_BYTES = 32
_KEYS = range(1, 12)  # of every command
_WARRANTS = 12  # of one whose operators prove who they are
(
    _VERSION,
    _GATEWAY,
    _CENTER,
    _EPOCH,
    _NUMBER,
    _TIME,
    _UNTIL,
    _OPERATOR,
    _ROLE,
    _WHAT,
    _BODY,
) = _KEYS


STATE = "state"  # how the gateway stands, as `edge-agent status` shows it
RESYNC = "resync"  # ask every panel for its whole state anew
ORDER = "order"  # an order to a panel
DISPOSITION = "disposition"  # the center's word on an incident
CLOCK = "clock"  # set every panel's clock that the site lets be set
DIAGNOSE = "diagnose"  # a self-test of the gateway
WALK_TEST = "walk_test"  # which zones of a panel are heard while somebody walks
RENEW = "renew"  # new certificates at once
BUNDLE = "bundle"  # make an evidence bundle and send it
CLIP = "clip"  # the bytes of a clip, on the topic of clips
CONFIG = "config"  # a new configuration (`evidence.configuration`)
CHARTER = "charter"  # another charter of the site
REVOKED = "revoked"  # which keys of the center's brokers count no more
HANDOVER = "handover"  # what the gateway offers of itself, or its way to another enterprise

ORDER_PANEL, ORDER_ACT, ORDER_ZONE, ORDER_AREA = 1, 2, 3, 4
"""Keys of the body of an `order` (docs/wire-format.md)."""

(
    BUNDLE_NAME,
    BUNDLE_PURPOSE,
    BUNDLE_SINCE,
    BUNDLE_UNTIL,
    BUNDLE_PANEL,
    BUNDLE_AREA,
    BUNDLE_INCIDENT,
) = range(1, 8)
"""Keys of the body of a `bundle`: what its pieces are called; a text; Unix times in ms; a panel and
its area; `EPOCH/N`."""

BUNDLE_FORM = re.compile(r"bundle-[0-9a-f]{12}")

PURPOSE_CHARS_MAX = 100  # beside who asked for it, in one sentence

WALK_PANEL, WALK_AREA, WALK_MINUTES = 1, 2, 3
"""Keys of the body of a `walk_test`; without minutes it ends."""

WALK_MINUTES_MAX = 120

DISPOSITION_SIGNED = 1
"""Key of the body of a `disposition`: the signed disposition."""

CLIP_NAME = 1
"""Key of the body of a `clip`: the clip's name, as its event says it."""

CHARTER_SIGNED = 1
"""Key of the body of a `charter`: the charter with its signatures."""

REVOKED_SIGNED = 1
"""Key of the body of a `revoked`: the signed list (`evidence.revoked_keys`)."""

HANDOVER_BUNDLE = 1
"""Key of the body of a `handover`: the new center's signed bundle; without it an offer is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CenterCommand:
    """One command.

    `number` rises with each command that the center gives to the gateway, in all epochs; `time_ms`
    and `until_ms` are Unix times of the center, from when to when it may be carried out; `operator`
    says who wants it.  `what` is a word, `body` what it needs (docs/wire-format.md); `warrants` are
    of the operator and of who countersigned, and may be missing.  Raises ValueError beyond the
    bounds.
    """

    gateway: str
    center: str
    epoch: bytes
    number: int
    time_ms: int
    until_ms: int
    operator: str
    role: Role
    what: str
    body: Body = field(default_factory=dict)
    warrants: tuple[Warrant, ...] = ()

    def __post_init__(self) -> None:
        if not fields.is_name(self.gateway) or not fields.is_name(self.center):
            raise ValueError(f"{self.gateway[:80]!r} or {self.center[:80]!r} is no name")
        if len(self.epoch) != EPOCH_BYTES or not 0 < self.number <= fields.NUMBER_MAX:
            raise ValueError(f"an epoch has {EPOCH_BYTES} bytes, and numbers start at 1")
        if not 0 <= self.time_ms < self.until_ms <= self.time_ms + LIFE_MS_MAX:
            raise ValueError("a command holds for a day at most")
        if not 0 < len(self.operator) <= NAME_CHARS_MAX:
            raise ValueError(f"an operator's name has 1 to {NAME_CHARS_MAX} characters")
        if not fields.is_word(self.what):
            raise ValueError(f"{self.what[:80]!r} is no word")

    @property
    def actor(self) -> str:
        """Who gives it, as events name them; what a warrant says counts once it is checked."""
        try:
            names = [peek_pass(one.pass_).words for one in self.warrants] or [self.operator]
        except Malformed:
            names = [self.operator]
        return ", with ".join([f"{names[0]}, {self.role} of {self.center}", *names[1:]])


class CommandRef(NamedTuple):
    """Which command an event is about: its center, its number, SHA-256 over the signed command."""

    center: str
    number: int
    digest: bytes


def digest_of(data: bytes) -> bytes:
    """Return SHA-256 over a signed command: what replies and events name it by."""
    return hashlib.sha256(data).digest()


def sign_command(command: CenterCommand, signer: Signer) -> bytes:
    """Return the signed command.  Raises ValueError where it is too large."""
    content: Mapping[int, BodyValue] = {
        _VERSION: VERSION,
        _GATEWAY: command.gateway,
        _CENTER: command.center,
        _EPOCH: command.epoch,
        _NUMBER: command.number,
        _TIME: command.time_ms,
        _UNTIL: command.until_ms,
        _OPERATOR: command.operator,
        _ROLE: str(command.role),
        _WHAT: command.what,
        _BODY: dict(command.body),
        _WARRANTS: [one.to_value() for one in command.warrants] or None,
    }
    data = cose.sign1(cbor.encode(fields.without_none(content)), signer, Domain.COMMAND)
    if len(data) > BYTES_MAX:
        raise ValueError(f"a command of {len(data)} bytes, allowed {BYTES_MAX}")
    return data


def open_command(data: bytes, key: PublicKey) -> CenterCommand:
    """Return the command that `key` signed.  Raises Malformed, BadSignature.

    It may be meant for another gateway, epoch or time: compare.
    """
    if len(data) > BYTES_MAX:
        raise Malformed(f"a command of {len(data)} bytes, allowed {BYTES_MAX}")
    message = cose.parse(data)
    cose.verify(message, key, Domain.COMMAND)
    content = cbor.decode_map(message.payload)
    if content.keys() - {_WARRANTS} != set(_KEYS):
        raise Malformed("missing or unknown key in a command")
    fields.number(content, _VERSION, VERSION, VERSION)
    body = content[_BODY]
    if not isinstance(body, dict):
        raise Malformed("the body of a command is a map")
    try:
        return CenterCommand(
            gateway=fields.text(content, _GATEWAY),
            center=fields.text(content, _CENTER),
            epoch=fields.octets(content, _EPOCH, EPOCH_BYTES),
            number=fields.number(content, _NUMBER),
            time_ms=fields.number(content, _TIME),
            until_ms=fields.number(content, _UNTIL),
            operator=fields.text(content, _OPERATOR, NAME_CHARS_MAX),
            role=fields.word(content, _ROLE, Role),
            what=fields.text(content, _WHAT, NAME_CHARS_MAX),
            body=body,
            warrants=warrants_from(content, _WARRANTS),
        )
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(str(error)) from error


def ref_to_value(ref: CommandRef | None) -> list[BodyValue] | None:
    """Return `[center, number, digest]`; None for none."""
    return None if ref is None else [ref.center, ref.number, ref.digest]


def ref_from(body: Body, key: int) -> CommandRef | None:
    """Return the command that a body names at `key`, None where it is absent.  Raises Malformed."""
    if key not in body:
        return None
    row = fields.row(body[key], 3)
    center = fields.text(row, 0, NAME_CHARS_MAX)
    return CommandRef(center, fields.number(row, 1, 1), fields.octets(row, 2, DIGEST_BYTES))
