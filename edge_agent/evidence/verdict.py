"""The body of a verdict: what diagnosis makes of an incident.  Keys: docs/wire-format.md."""

from dataclasses import dataclass
from typing import Self

from edge_agent.domain.event import Body, BodyValue
from edge_agent.domain.signal import NUMBER_MAX
from edge_agent.evidence import cited, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.fields import NAME_CHARS_MAX

TIER_MAX = 4
REASONS_MAX = 32  # of a verdict: ids of rules
ZONES_MAX = 256
MEANS_MAX = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictBody:
    """The judgement of one incident as it stands; a later one of the same incident replaces it.

    `incident` is the event that the incident began with, and by that its name: no other incident
    begins with it, at any time.  `tier`: 0 nobody is needed, 1 verify first, 2 presence likely,
    3 property threatened, 4 life.  `reasons` are ids of rules, the deciding one first; `evidence`
    the events that it rests on, among them what lowered it, if anything did.  `panel`, `area` are
    of the first alarm; `cause` is a word, of tiers 0 and 1; `available` and `missing` are words for
    means of verification.  Raises ValueError for what no verdict can hold.
    """

    incident: Place
    tier: int
    reasons: tuple[str, ...]
    evidence: tuple[Place, ...]
    panel: str | None = None
    area: int | None = None
    zones: tuple[int, ...] = ()
    cause: str | None = None
    available: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.tier <= TIER_MAX or not 0 < len(self.reasons) <= REASONS_MAX:
            raise ValueError(f"a tier of 0 to {TIER_MAX} with 1 to {REASONS_MAX} reasons")
        if not self.evidence:
            raise ValueError("a verdict rests on something")
        words = (*self.available, *self.missing, *([self.cause] if self.cause else []))
        if not all(map(fields.is_word, words)):
            raise ValueError("cause and means of verification are words")

    def to_body(self) -> Body:
        """Return the map."""
        reasons: list[BodyValue] = list(self.reasons)
        zones: list[BodyValue] = list(self.zones)
        available: list[BodyValue] = list(self.available)
        missing: list[BodyValue] = list(self.missing)
        return fields.without_none(
            {
                1: cited.place_to_value(self.incident),
                2: self.tier,
                3: reasons,
                4: cited.to_value(self.evidence),
                5: self.panel,
                6: self.area,
                7: zones or None,
                8: self.cause,
                9: available or None,
                10: missing or None,
            }
        )

    @classmethod
    def from_body(cls, body: Body) -> Self:
        """Return what the map says.  Raises Malformed."""
        zones = dict(enumerate(fields.array(body, 7, ZONES_MAX))) if 7 in body else {}
        try:
            return cls(
                incident=cited.place_from(body, 1),
                tier=fields.number(body, 2, 0, TIER_MAX),
                reasons=_texts(body, 3, REASONS_MAX),
                evidence=cited.from_body(body, 4),
                panel=fields.text_or_none(body, 5, NAME_CHARS_MAX),
                area=fields.number_or_none(body, 6, 1, NUMBER_MAX),
                zones=tuple(fields.number(zones, at, 1, NUMBER_MAX) for at in zones),
                cause=fields.text_or_none(body, 8, NAME_CHARS_MAX),
                available=_texts(body, 9, MEANS_MAX),
                missing=_texts(body, 10, MEANS_MAX),
            )
        except Malformed:
            raise
        except ValueError as error:
            raise Malformed(str(error)) from error


def _texts(body: Body, key: int, items_max: int) -> tuple[str, ...]:
    rows = dict(enumerate(fields.array(body, key, items_max))) if key in body else {}
    return tuple(fields.text(rows, at, NAME_CHARS_MAX) for at in rows)
