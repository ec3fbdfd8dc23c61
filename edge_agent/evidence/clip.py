"""The body of a clip event: what a camera gave after an alarm, by hash; the bytes stay behind."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from edge_agent.domain.event import Body, BodyValue
from edge_agent.domain.signal import NUMBER_MAX
from edge_agent.evidence import cited, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.fields import NAME_CHARS_MAX
from edge_agent.evidence.tree import HASH_BYTES

PARTS_MAX = 16
MS_MAX = 600_000  # from an alarm to a part, either way: a clip is over in minutes


class ClipChange(StrEnum):
    """What became of a clip."""

    KEPT = "kept"  # it lies on the gateway's disk
    MISSED = "missed"  # there is none of this alarm
    REMOVED = "removed"  # its bytes are gone


@dataclass(frozen=True, slots=True)
class ClipPart:
    """One file of a clip: the SHA-256 of its bytes, and when it was begun, in ms after the alarm.

    A recording begins before the alarm, so that its number is negative or 0.
    """

    media_type: str
    size: int
    digest: bytes
    after_ms: int

    def to_value(self) -> list[BodyValue]:
        """Return the array."""
        return [self.media_type, self.size, self.digest, self.after_ms]

    @classmethod
    def from_value(cls, value: BodyValue) -> Self:
        """Return what the array says.  Raises Malformed."""
        row = fields.row(value, 4)
        return cls(
            fields.text(row, 0, NAME_CHARS_MAX),
            fields.number(row, 1, 1),
            fields.octets(row, 2, HASH_BYTES),
            fields.number(row, 3, -MS_MAX, MS_MAX),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipBody:
    """A clip was kept, missed or removed.

    Of a clip that was kept or missed, `alarm` is the signal that it was taken for, and `panel`,
    `kind`, `zone` and `area` are what that says; `joined` more alarms came while the camera was
    busy.  `clip` is None of one that was missed, all of this but `clip`
    of one that was removed.  Raises ValueError for
    what no event can hold.
    """

    what: ClipChange
    camera: str | None = None
    clip: str | None = None
    panel: str | None = None
    kind: str | None = None
    zone: int | None = None
    area: int | None = None
    alarm: Place | None = None
    parts: tuple[ClipPart, ...] = ()
    joined: int = 0
    detail: str = ""

    def __post_init__(self) -> None:
        if (self.clip is None) is not (self.what is ClipChange.MISSED):
            raise ValueError("a clip that was missed has no name, any other has one")
        if bool(self.parts) is not (self.what is ClipChange.KEPT) or len(self.parts) > PARTS_MAX:
            raise ValueError(f"a clip that was kept has 1 to {PARTS_MAX} parts, any other none")

    def to_body(self) -> Body:
        """Return the map."""
        parts: list[BodyValue] = [part.to_value() for part in self.parts]
        return fields.without_none(
            {
                1: str(self.what),
                2: self.camera,
                3: self.clip,
                4: self.panel,
                5: self.kind,
                6: self.zone,
                7: self.area,
                8: None if self.alarm is None else cited.place_to_value(self.alarm),
                9: parts or None,
                10: self.joined or None,
                11: fields.bounded(self.detail),
            }
        )

    @classmethod
    def from_body(cls, body: Body) -> Self:
        """Return what the map says.  Raises Malformed."""
        parts = fields.array(body, 9, PARTS_MAX) if 9 in body else []
        try:
            return cls(
                what=fields.word(body, 1, ClipChange),
                camera=fields.text_or_none(body, 2, NAME_CHARS_MAX),
                clip=fields.text_or_none(body, 3, NAME_CHARS_MAX),
                panel=fields.text_or_none(body, 4, NAME_CHARS_MAX),
                kind=fields.text_or_none(body, 5, NAME_CHARS_MAX),
                zone=fields.number_or_none(body, 6, 1, NUMBER_MAX),
                area=fields.number_or_none(body, 7, 1, NUMBER_MAX),
                alarm=cited.place_from(body, 8) if 8 in body else None,
                parts=tuple(map(ClipPart.from_value, parts)),
                joined=fields.number_or_none(body, 10) or 0,
                detail=fields.text_or_empty(body, 11),
            )
        except Malformed:
            raise
        except ValueError as error:
            raise Malformed(str(error)) from error
