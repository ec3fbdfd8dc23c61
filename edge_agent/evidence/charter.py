"""The charter of a site: what its system is for, and what it may do.  Keys: docs/wire-format.md.

A charter is written once and never changed: another one with a higher number takes its place.  Its
parties sign by *assents*, each a signed message that names the charter by its digest, so that one
party need not wait for the other.  Who must have signed is decided in `succession.py`.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from edge_agent.domain.access import Role
from edge_agent.domain.command import ALLOWABLE
from edge_agent.domain.event import BodyValue
from edge_agent.domain.signal import NUMBER_MAX
from edge_agent.evidence import cbor, cose, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import Domain, PublicKey, Signer
from edge_agent.evidence.fields import NAME_CHARS_MAX

VERSION = 1
FILE = "site.charter"  # beside a gateway's configuration
BYTES_MAX = 4_096  # with its assents: an event and a command carry it whole
PANELS_MAX = 64
RANGES_MAX = 64  # of one panel
DESTINATIONS_MAX = 8
AUTHORITIES_MAX = 4  # of one center: an old one and its successor, and room
DUAL_MAX = 16
ASSENTS_MAX = 6  # three parties of this charter and three of the one before
COUNTERSIGN_S_MAX = 24 * 3600
HANDOVER_DAYS_DEFAULT, HANDOVER_DAYS_MAX = 30, 180  # the journal keeps its events as long
DIGEST_BYTES = 32
DUAL_WITHOUT = frozenset({"order.bypass", "order.disarm"})  # what wants two without a charter
COUNTERSIGN_WITHOUT_S = 900  # within which the second one signs then
_KEYS = range(1, 13)  # of every charter
_HANDOVER = 13  # of one that passes the site on
(
    _VERSION,
    _GATEWAY,
    _NUMBER,
    _TIME,
    _PURPOSE,
    _PARTIES,
    _PANELS,
    _DESTINATIONS,
    _ALLOW,
    _ROLES,
    _DUAL,
    _COUNTERSIGN,
) = _KEYS


class Part(StrEnum):
    """What a party is to the site."""

    ENTERPRISE = "enterprise"  # runs the center; its key is that of the center's authority
    OWNER = "owner"
    INSPECTOR = "inspector"  # signs in place of a party that is no more


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who signs; `name` is for people, `key` is who they are."""

    part: Part
    name: str
    key: PublicKey


@dataclass(frozen=True, slots=True)
class Scope:
    """A panel, and which of its zones: ranges from first to last, ascending; None: all of them."""

    panel: str
    zones: tuple[tuple[int, int], ...] | None = None

    def holds(self, zone: int) -> bool:
        """Tell whether a zone of the panel is meant."""
        return self.zones is None or any(first <= zone <= last for first, last in self.zones)


@dataclass(frozen=True, slots=True)
class Destination:
    """A center that records may be sent to: its name, and whose certificates it may show.

    `authorities` are SHA-256 over public keys (SubjectPublicKeyInfo in DER, RFC 5280).
    """

    center: str
    authorities: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Handover:
    """That a site passes to another enterprise: the service of `center` ends.

    It is served for `days` beside the new one, counted from when the new one has receipted first;
    with 0 it ends as soon as the new one holds all that is recorded.
    """

    center: str
    days: int = HANDOVER_DAYS_DEFAULT


@dataclass(frozen=True, slots=True, kw_only=True)
class Charter:
    """One charter.

    `number` rises from each charter of the gateway to the next; `time_ms` is when it was written.
    `allow` are the orders that a center may give to panels, in the words of a panel's own `allow`;
    `roles` those of the center's people that are heard at all; `dual` the commands that need two of
    them (`order.bypass`, `config`, ...), of whom the second has `countersign_s` seconds.  With
    `handover` it passes the site on.

    Raises ValueError for what no charter can hold.
    """

    gateway: str
    number: int
    time_ms: int
    purpose: str
    parties: tuple[Party, ...]
    panels: tuple[Scope, ...]
    destinations: tuple[Destination, ...]
    allow: frozenset[str]
    roles: frozenset[Role]
    dual: frozenset[str]
    countersign_s: int
    handover: Handover | None = None

    def __post_init__(self) -> None:
        if not fields.is_name(self.gateway) or not 0 < self.number <= fields.NUMBER_MAX:
            raise ValueError(f"{self.gateway[:80]!r} is no name, or numbers start at 1")
        if not 0 < len(self.purpose) <= fields.TEXT_CHARS_MAX or self.time_ms < 0:
            raise ValueError(f"a purpose has 1 to {fields.TEXT_CHARS_MAX} characters")
        _check_parties(self.parties)
        _check_panels(self.panels)
        _check_destinations(self.destinations)
        if not self.allow <= set(ALLOWABLE):
            raise ValueError(f"'allow' knows {', '.join(ALLOWABLE)}")
        if len(self.dual) > DUAL_MAX or not all(map(_is_wanted, self.dual)):
            raise ValueError(f"'dual' has at most {DUAL_MAX} commands, such as order.bypass")
        if not 0 < self.countersign_s <= COUNTERSIGN_S_MAX:
            raise ValueError(f"a second signature has 1 to {COUNTERSIGN_S_MAX} s")
        if self.handover is not None:
            _check_handover(self.handover, self.destinations)

    def party(self, part: Part) -> Party | None:
        """Return who a part is played by, None where nobody plays it."""
        return next((one for one in self.parties if one.part is part), None)

    def watches(self, panel: str, zone: int | None = None) -> bool:
        """Tell whether the system is for a panel, or for one zone of it."""
        scope = next((one for one in self.panels if one.panel == panel), None)
        return scope is not None and (zone is None or scope.holds(zone))

    def sends_to(self, center: str, authorities: Iterable[bytes]) -> bool:
        """Tell whether records may go to a center that all of `authorities` could certify."""
        one = next((known for known in self.destinations if known.center == center), None)
        return one is not None and set(authorities) <= set(one.authorities)

    @property
    def data(self) -> bytes:
        """The bytes that are signed."""
        return cbor.encode(_to_value(self))

    @property
    def digest(self) -> bytes:
        """What assents, events and heartbeats name it by: SHA-256 over `data`."""
        return hashlib.sha256(self.data).digest()


@dataclass(frozen=True, slots=True)
class SignedCharter:
    """A charter with the assents that were given to it so far.  Raises ValueError beyond bounds."""

    charter: Charter
    assents: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if len(self.assents) > ASSENTS_MAX:
            raise ValueError(f"{len(self.assents)} signatures, allowed {ASSENTS_MAX}")
        if len(self.data) > BYTES_MAX:
            raise ValueError(f"a charter of {len(self.data)} bytes, allowed {BYTES_MAX}")

    @property
    def data(self) -> bytes:
        """The bytes of a charter's file."""
        assents: list[BodyValue] = list(self.assents)
        return cbor.encode({1: self.charter.data, 2: assents})

    def signed_by(self, signer: Signer, time_ms: int) -> Self:
        """Return it with one more signature; a second one of the same key replaces the first."""
        mine = sign_assent(self.charter.digest, time_ms, signer)
        others = [one for one in self.assents if cose.parse(one).kid != signer.public.kid]
        return type(self)(self.charter, (*others, mine))


def sign_assent(digest: bytes, time_ms: int, signer: Signer) -> bytes:
    """Return the signed word that a charter is agreed to."""
    payload: dict[int, BodyValue] = {1: VERSION, 2: digest, 3: time_ms}
    return cose.sign1(cbor.encode(payload), signer, Domain.ASSENT)


def open_assent(data: bytes, key: PublicKey) -> tuple[bytes, int]:
    """Return the digest that `key` agreed to, and when.  Raises Malformed, BadSignature."""
    message = cose.parse(data)
    cose.verify(message, key, Domain.ASSENT)
    content = cbor.decode_map(message.payload)
    if content.keys() != {1, 2, 3}:
        raise Malformed("missing or unknown key in an assent")
    fields.number(content, 1, VERSION, VERSION)
    return fields.octets(content, 2, DIGEST_BYTES), fields.number(content, 3)


def read_signed(data: bytes) -> SignedCharter:
    """Return what a charter's file holds; its signatures are not checked.  Raises Malformed."""
    if len(data) > BYTES_MAX:
        raise Malformed(f"a charter of {len(data)} bytes, allowed {BYTES_MAX}")
    content = cbor.decode_map(data)
    written = content.get(1)
    if content.keys() != {1, 2} or not isinstance(written, bytes):
        raise Malformed("not a charter with its signatures")
    assents: list[bytes] = []
    for one in fields.array(content, 2, ASSENTS_MAX):
        if not isinstance(one, bytes):
            raise Malformed("a signature of a charter is bytes")
        cose.parse(one)
        assents.append(one)
    charter = read_charter(written)
    if charter.data != written:
        raise Malformed("a charter has one form, and this is another")
    return SignedCharter(charter, tuple(assents))


def read_charter(data: bytes) -> Charter:
    """Return the charter in `data`.  Raises Malformed."""
    content = cbor.decode_map(data)
    if content.keys() - {_HANDOVER} != set(_KEYS):
        raise Malformed("missing or unknown key in a charter")
    fields.number(content, _VERSION, VERSION, VERSION)
    try:
        return Charter(
            gateway=fields.text(content, _GATEWAY),
            number=fields.number(content, _NUMBER, 1),
            time_ms=fields.number(content, _TIME),
            purpose=fields.text(content, _PURPOSE),
            parties=tuple(map(_party, fields.array(content, _PARTIES, len(Part)))),
            panels=tuple(map(_scope, fields.array(content, _PANELS, PANELS_MAX))),
            destinations=tuple(
                map(_destination, fields.array(content, _DESTINATIONS, DESTINATIONS_MAX))
            ),
            allow=frozenset(_words(content, _ALLOW, len(ALLOWABLE))),
            roles=frozenset(_role(one) for one in _words(content, _ROLES, len(Role))),
            dual=frozenset(_words(content, _DUAL, DUAL_MAX)),
            countersign_s=fields.number(content, _COUNTERSIGN),
            handover=_handover(content),
        )
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(str(error)) from error


def mark_to_value(mark: tuple[int, bytes] | None) -> list[BodyValue] | None:
    """Return number and digest of a charter as events and heartbeats have them; None for none."""
    return None if mark is None else [mark[0], mark[1]]


def mark_from(content: Mapping[int, BodyValue], key: int) -> tuple[int, bytes] | None:
    """Return number and digest at `key`, None where it is absent.  Raises Malformed."""
    if key not in content:
        return None
    row = fields.row(content[key], 2)
    return fields.number(row, 0, 1), fields.octets(row, 1, DIGEST_BYTES)


def read_zones(text: str) -> tuple[tuple[int, int], ...]:
    """Return the ranges that people write as `1-8, 12`.  Raises ValueError."""
    ranges: list[tuple[int, int]] = []
    for part in text.split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError(f"{text[:80]!r} are no zones: write them as 1-8, 12")
        ranges.append((int(first), int(last if dash else first)))
    return tuple(sorted(ranges))


def zones_text(zones: tuple[tuple[int, int], ...]) -> str:
    """Return ranges as people write them."""
    return ", ".join(f"{low}" if low == high else f"{low}-{high}" for low, high in zones)


# ---- bounds


def _check_parties(parties: tuple[Party, ...]) -> None:
    parts = [one.part for one in parties]
    if len(set(parts)) != len(parts) or not {Part.ENTERPRISE, Part.OWNER} <= set(parts):
        raise ValueError("a charter has one enterprise, one owner, and at most one inspector")
    if len({one.key.kid for one in parties}) != len(parties):
        raise ValueError("two parties with one key are not two")
    if not all(0 < len(one.name) <= NAME_CHARS_MAX for one in parties):
        raise ValueError(f"a party's name has 1 to {NAME_CHARS_MAX} characters")


def _check_panels(panels: tuple[Scope, ...]) -> None:
    if len({one.panel for one in panels}) != len(panels) or len(panels) > PANELS_MAX:
        raise ValueError(f"at most {PANELS_MAX} panels, each once")
    for one in panels:
        if not 0 < len(one.panel) <= NAME_CHARS_MAX:
            raise ValueError(f"{one.panel[:80]!r} is no panel")
        if one.zones is not None and not _ascend(one.zones):
            raise ValueError(f"zones of {one.panel}: at most {RANGES_MAX} ranges, ascending, apart")


def _ascend(ranges: tuple[tuple[int, int], ...]) -> bool:
    bounds = [0, *(number for pair in ranges for number in pair)]
    apart = all(bounds[at] < bounds[at + 1] for at in range(0, len(bounds) - 1, 2))
    forward = all(low <= high <= NUMBER_MAX for low, high in ranges)
    return apart and forward and len(ranges) <= RANGES_MAX


def _check_destinations(destinations: tuple[Destination, ...]) -> None:
    names = [one.center for one in destinations]
    if not names or len(set(names)) != len(names) or len(names) > DESTINATIONS_MAX:
        raise ValueError(f"1 to {DESTINATIONS_MAX} destinations, each once")
    for one in destinations:
        if not fields.is_name(one.center) or not 0 < len(one.authorities) <= AUTHORITIES_MAX:
            raise ValueError(f"{one.center[:80]!r} is no name, or has no authority")
        if any(len(digest) != DIGEST_BYTES for digest in one.authorities):
            raise ValueError(f"an authority of {one.center} is no SHA-256")


def _check_handover(handover: Handover, destinations: tuple[Destination, ...]) -> None:
    if not 0 <= handover.days <= HANDOVER_DAYS_MAX:
        raise ValueError(f"both are served for 0 to {HANDOVER_DAYS_MAX} days")
    names = {one.center for one in destinations}
    if handover.center not in names or len(names) < 2:
        raise ValueError("a handover is from one of the destinations to another")


def _is_wanted(text: str) -> bool:
    what, dot, act = text.partition(".")
    return fields.is_word(what) and (not dot or fields.is_word(act))


# ---- on the wire


def _to_value(charter: Charter) -> dict[int, BodyValue]:
    parties: list[BodyValue] = [
        [str(one.part), one.name, one.key.to_value()] for one in charter.parties
    ]
    panels: list[BodyValue] = [[one.panel, _zones_value(one.zones)] for one in charter.panels]
    destinations: list[BodyValue] = [
        [one.center, list(one.authorities)] for one in charter.destinations
    ]
    passed = charter.handover
    content: dict[int, BodyValue] = {
        _VERSION: VERSION,
        _GATEWAY: charter.gateway,
        _NUMBER: charter.number,
        _TIME: charter.time_ms,
        _PURPOSE: charter.purpose,
        _PARTIES: parties,
        _PANELS: panels,
        _DESTINATIONS: destinations,
        _ALLOW: list[BodyValue](sorted(charter.allow)),
        _ROLES: list[BodyValue](sorted(map(str, charter.roles))),
        _DUAL: list[BodyValue](sorted(charter.dual)),
        _COUNTERSIGN: charter.countersign_s,
    }
    return content | ({} if passed is None else {_HANDOVER: [passed.center, passed.days]})


def _zones_value(zones: tuple[tuple[int, int], ...] | None) -> list[BodyValue] | None:
    return None if zones is None else [[first, last] for first, last in zones]


def _party(value: BodyValue) -> Party:
    row = fields.row(value, 3)
    part, name = fields.word(row, 0, Part), fields.text(row, 1, NAME_CHARS_MAX)
    return Party(part, name, PublicKey.from_value(row[2]))


def _scope(value: BodyValue) -> Scope:
    row = fields.row(value, 2)
    panel = fields.text(row, 0, NAME_CHARS_MAX)
    if row[1] is None:
        return Scope(panel)
    pairs = [fields.row(pair, 2) for pair in fields.array(row, 1, RANGES_MAX)]
    return Scope(panel, tuple((fields.number(one, 0, 1), fields.number(one, 1)) for one in pairs))


def _handover(content: Mapping[int, BodyValue]) -> Handover | None:
    if _HANDOVER not in content:
        return None
    row = fields.row(content[_HANDOVER], 2)
    return Handover(fields.text(row, 0), fields.number(row, 1))


def _destination(value: BodyValue) -> Destination:
    row = fields.row(value, 2)
    digests = dict(enumerate(fields.array(row, 1, AUTHORITIES_MAX)))
    authorities = tuple(fields.octets(digests, at, DIGEST_BYTES) for at in digests)
    return Destination(fields.text(row, 0, NAME_CHARS_MAX), authorities)


def _words(content: Mapping[int, BodyValue], key: int, items_max: int) -> list[str]:
    items = dict(enumerate(fields.array(content, key, items_max)))
    return [fields.text(items, at, NAME_CHARS_MAX) for at in items]


def _role(word: str) -> Role:
    return fields.word({0: word}, 0, Role)
