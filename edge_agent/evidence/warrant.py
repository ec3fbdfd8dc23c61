"""Who wants a command, proven: a *pass* says who somebody is, a *mandate* what they want.

A pass is signed by the center's authority and names an operator's own key; a mandate is signed by
that key.  So a center's command key alone gives no orders in anybody's name: it takes a person
whom the enterprise has entered, and the center, which stops signing when they are removed.
Keys: docs/wire-format.md.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from edge_agent.domain.access import Role
from edge_agent.domain.event import Body, BodyValue
from edge_agent.evidence import cbor, cose, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature, Domain, PublicKey, Signer
from edge_agent.evidence.fields import NAME_CHARS_MAX

VERSION = 1
WARRANTS_MAX = 2  # of a command: two people at most
PART_BYTES_MAX = 512  # a pass has some 250 bytes, a mandate some 150
DIGEST_BYTES = 32
_PASS_KEYS = frozenset(range(1, 10))
_QUALIFICATION, _MANDATE_UNTIL = 6, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """Who an operator is, by the word of a center's authority.

    `id` names them at the center and stays theirs; `from_ms` and `until_ms` are Unix times.  Raises
    ValueError for what no pass can hold.
    """

    center: str
    id: str
    name: str
    role: Role
    key: PublicKey
    from_ms: int
    until_ms: int
    qualification: str | None = None

    def __post_init__(self) -> None:
        if not fields.is_name(self.center) or not fields.is_name(self.id):
            raise ValueError(f"{self.center[:80]!r} or {self.id[:80]!r} is no name")
        for text in (self.name, "-" if self.qualification is None else self.qualification):
            if not 0 < len(text) <= NAME_CHARS_MAX:
                raise ValueError(f"names and numbers have 1 to {NAME_CHARS_MAX} characters")
        if not 0 <= self.from_ms < self.until_ms:
            raise ValueError("a pass ends after it begins")

    @property
    def words(self) -> str:
        """Name and qualification number, as events have them."""
        return f"{self.name} ({self.qualification})" if self.qualification else self.name


@dataclass(frozen=True, slots=True)
class Mandate:
    """That somebody wants something: `digest` says what (`wish_digest`), the times when.

    `until_ms` None: however long it takes.
    """

    digest: bytes
    time_ms: int
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Warrant:
    """Pass and mandate of one operator, as signed."""

    pass_: bytes
    mandate: bytes

    def to_value(self) -> list[BodyValue]:
        """Return the two as a command carries them."""
        return [self.pass_, self.mandate]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was found in a good warrant."""

    by: Pass
    mandate: Mandate


def wish_digest(gateway: str, center: str, what: str, body: Body) -> bytes:
    """Return what a mandate names a command by, whichever run of the gateway carries it out."""
    return hashlib.sha256(cbor.encode({1: gateway, 2: center, 3: what, 4: dict(body)})).digest()


def sign_pass(one: Pass, authority: Signer) -> bytes:
    """Return the signed pass."""
    content: dict[int, BodyValue] = {
        1: VERSION,
        2: one.center,
        3: one.id,
        4: one.name,
        5: str(one.role),
        _QUALIFICATION: one.qualification,
        7: one.key.to_value(),
        8: one.from_ms,
        9: one.until_ms,
    }
    return cose.sign1(cbor.encode(fields.without_none(content)), authority, Domain.PASS)


def open_pass(data: bytes, authorities: Iterable[PublicKey]) -> Pass:
    """Return the pass that one of `authorities` signed.  Raises Malformed, BadSignature."""
    message = cose.parse(data)
    known = {key.kid: key for key in authorities}
    if message.kid not in known:
        raise BadSignature(f"signed by key {message.kid.hex()}, which is no authority's")
    cose.verify(message, known[message.kid], Domain.PASS)
    return _pass(message.payload)


def peek_pass(data: bytes) -> Pass:
    """Return the content without checking the signature.  Raises Malformed."""
    return _pass(cose.parse(data).payload)


def sign_mandate(mandate: Mandate, operator: Signer) -> bytes:
    """Return the signed mandate."""
    content: dict[int, BodyValue] = {
        1: VERSION,
        2: mandate.digest,
        3: mandate.time_ms,
        _MANDATE_UNTIL: mandate.until_ms,
    }
    return cose.sign1(cbor.encode(fields.without_none(content)), operator, Domain.MANDATE)


def open_mandate(data: bytes, operator: PublicKey) -> Mandate:
    """Return the mandate that `operator` signed.  Raises Malformed, BadSignature."""
    message = cose.parse(data)
    cose.verify(message, operator, Domain.MANDATE)
    content = cbor.decode_map(message.payload)
    if content.keys() | {_MANDATE_UNTIL} != {1, 2, 3, _MANDATE_UNTIL}:
        raise Malformed("missing or unknown key in a mandate")
    fields.number(content, 1, VERSION, VERSION)
    return Mandate(
        fields.octets(content, 2, DIGEST_BYTES),
        fields.number(content, 3),
        fields.number_or_none(content, _MANDATE_UNTIL),
    )


def open_warrant(warrant: Warrant, authorities: Iterable[PublicKey]) -> Wanted:
    """Return who wants what by a warrant.  Raises Malformed, BadSignature."""
    by = open_pass(warrant.pass_, authorities)
    return Wanted(by, open_mandate(warrant.mandate, by.key))


def warrants_from(content: fields.Fields, key: int) -> tuple[Warrant, ...]:
    """Return the warrants at `key`, none where it is absent.  Raises Malformed."""
    if key not in content:
        return ()
    rows = [fields.row(one, 2) for one in fields.array(content, key, WARRANTS_MAX)]
    if not rows:
        raise Malformed(f"key {key} holds no warrant")
    return tuple(Warrant(_signed(row, 0), _signed(row, 1)) for row in rows)


def _signed(row: fields.Fields, at: int) -> bytes:
    value = row.get(at)
    if not isinstance(value, bytes) or len(value) > PART_BYTES_MAX:
        raise Malformed(f"a warrant is of two signed messages of at most {PART_BYTES_MAX} bytes")
    return value


def _pass(payload: bytes) -> Pass:
    content = cbor.decode_map(payload)
    if content.keys() | {_QUALIFICATION} != _PASS_KEYS:
        raise Malformed("missing or unknown key in a pass")
    fields.number(content, 1, VERSION, VERSION)
    try:
        return Pass(
            center=fields.text(content, 2),
            id=fields.text(content, 3),
            name=fields.text(content, 4, NAME_CHARS_MAX),
            role=fields.word(content, 5, Role),
            qualification=fields.text_or_none(content, _QUALIFICATION, NAME_CHARS_MAX),
            key=PublicKey.from_value(content[7]),
            from_ms=fields.number(content, 8),
            until_ms=fields.number(content, 9),
        )
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(str(error)) from error
