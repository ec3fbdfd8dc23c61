"""The center's signed word on an incident: what it was, who went there, who was told.

It is signed once, by the command key, when somebody says it.  The gateway keeps these very bytes in
its journal, so that years later both sides show the same word.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from edge_agent.domain.event import BodyValue
from edge_agent.domain.signal import NUMBER_MAX
from edge_agent.evidence import cbor, cited, cose, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.cose import Domain, PublicKey, Signer
from edge_agent.evidence.fields import NAME_CHARS_MAX

VERSION = 1
ZONES_MAX = 64  # of an incident: its first ones
_KEYS = range(1, 13)
(
    _VERSION,
    _GATEWAY,
    _CENTER,
    _INCIDENT,
    _SAID,
    _CAUSE,
    _BY,
    _QUALIFICATION,
    _TIME,
    _PANEL,
    _ZONES,
    _NOTE,
) = _KEYS


class Said(StrEnum):
    """What is said of an incident."""

    GENUINE = "genuine"
    FALSE = "false"  # and why
    TEST = "test"
    SENT = "sent"  # a guard was sent
    ARRIVED = "arrived"
    CONFIRMED = "confirmed"  # by somebody on the spot
    POLICE = "police"  # it was reported to the police


DECIDES = frozenset({Said.GENUINE, Said.FALSE, Said.TEST})
"""The words that say what an incident was; the newest of them counts."""

CAUSES = (
    *("user_error", "wrong_code", "visitor", "animal", "weather", "moving_object", "cleaning"),
    *("equipment", "installation", "power", "line", "building_work", "smoke_no_fire", "unknown"),
)
"""Words for why an alarm was false; a newer center may use another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    """One word on one incident.

    `by` says it, whose qualification number is `qualification` where the work asks for one;
    `time_ms` is the center's Unix time; `cause` is there exactly where the word is FALSE.  `panel`
    and `zones` are those of the incident as the center knew it.  Raises ValueError for what no
    disposition can hold.
    """

    gateway: str
    center: str
    incident: Place
    said: Said
    by: str
    time_ms: int
    cause: str | None = None
    qualification: str | None = None
    panel: str | None = None
    zones: tuple[int, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if not fields.is_name(self.gateway) or not fields.is_name(self.center):
            raise ValueError(f"{self.gateway[:80]!r} or {self.center[:80]!r} is no name")
        if (self.cause is None) is (self.said is Said.FALSE):
            raise ValueError("a false alarm has a cause, and nothing else has")
        if self.cause is not None and not fields.is_word(self.cause):
            raise ValueError(f"{self.cause[:80]!r} is no word for a cause")
        for text in (self.by, self.qualification or "-"):
            if not 0 < len(text) <= NAME_CHARS_MAX:
                raise ValueError(f"names and numbers have 1 to {NAME_CHARS_MAX} characters")
        if len(self.zones) > ZONES_MAX or self.time_ms < 0:
            raise ValueError(f"more than {ZONES_MAX} zones, or no such time")

    @property
    def actor(self) -> str:
        """Who said it, as events name them."""
        number = f" ({self.qualification})" if self.qualification else ""
        return f"{self.by}{number}"

    @property
    def words(self) -> str:
        """The word itself, with its cause."""
        return f"{self.said}, {self.cause}" if self.cause else str(self.said)


def digest_of(data: bytes) -> bytes:
    """Return SHA-256 over a signed disposition: it names it."""
    return hashlib.sha256(data).digest()


def sign_disposition(disposition: Disposition, signer: Signer) -> bytes:
    """Return the signed disposition."""
    zones: list[BodyValue] = list(disposition.zones)
    content: dict[int, BodyValue] = {
        _VERSION: VERSION,
        _GATEWAY: disposition.gateway,
        _CENTER: disposition.center,
        _INCIDENT: cited.place_to_value(disposition.incident),
        _SAID: str(disposition.said),
        _CAUSE: disposition.cause,
        _BY: disposition.by,
        _QUALIFICATION: disposition.qualification,
        _TIME: disposition.time_ms,
        _PANEL: disposition.panel,
        _ZONES: zones or None,
        _NOTE: fields.bounded(disposition.note),
    }
    return cose.sign1(cbor.encode(fields.without_none(content)), signer, Domain.DISPOSITION)


def open_disposition(data: bytes, key: PublicKey) -> Disposition:
    """Return the disposition that `key` signed.  Raises Malformed, BadSignature.

    It may be about another gateway: compare `gateway`.
    """
    message = cose.parse(data)
    cose.verify(message, key, Domain.DISPOSITION)
    return _disposition(message.payload)


def peek_disposition(data: bytes) -> Disposition:
    """Return the content without checking the signature.  Raises Malformed."""
    return _disposition(cose.parse(data).payload)


def _disposition(payload: bytes) -> Disposition:
    content = cbor.decode_map(payload)
    if not content.keys() <= set(_KEYS):
        raise Malformed("unknown key in a disposition")
    fields.number(content, _VERSION, VERSION, VERSION)
    zones = dict(enumerate(fields.array(content, _ZONES, ZONES_MAX))) if _ZONES in content else {}
    try:
        return Disposition(
            gateway=fields.text(content, _GATEWAY),
            center=fields.text(content, _CENTER),
            incident=cited.place_from(content, _INCIDENT),
            said=fields.word(content, _SAID, Said),
            cause=fields.text_or_none(content, _CAUSE, NAME_CHARS_MAX),
            by=fields.text(content, _BY, NAME_CHARS_MAX),
            qualification=fields.text_or_none(content, _QUALIFICATION, NAME_CHARS_MAX),
            time_ms=fields.number(content, _TIME),
            panel=fields.text_or_none(content, _PANEL, NAME_CHARS_MAX),
            zones=tuple(fields.number(zones, at, 1, NUMBER_MAX) for at in zones),
            note=fields.text_or_empty(content, _NOTE),
        )
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(str(error)) from error
