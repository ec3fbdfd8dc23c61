"""Dialects of Chinese fire panels as profiles tell them: frames, fields and tables, checked.

A profile is an engineer's file, so every error is a ValueError with its place and what may stand
there.  The language is declarative and every part of it takes linear time: heads and tails are
bytes with wildcards, lengths are bounded, texts are compared with templates without choice.
`docs/drivers/cn_fire.md` is its description for people.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from string import hexdigits
from typing import Final

from drivers._cn_fire_tables import Detector, Event, Table, detectors_of, events_of, texts_at
from drivers._cn_fire_template import Template, template
from edge_agent.domain.codes import Codes
from edge_agent.domain.profile_entry import Entry
from edge_agent.domain.session import Plain, Profile

FRAME_BYTES_MAX: Final = 2048  # the longest known: 34 objects of a Songjiang, 1,100 bytes
TEXT_BYTES_MAX: Final = 512  # of a printed record, some ten lines
SHAPES_MAX: Final = 64  # kinds of frames in one dialect; the richest known has seven
FIELD_BYTES_MAX: Final = 64


class Sum(Enum):
    """A check over bytes: how it is added up and how it stands in the frame."""

    SUM8 = "sum8"  # one byte
    SUM16 = "sum16"  # two bytes, high byte first
    CRC16_MODBUS = "crc16_modbus"  # two bytes, low byte first
    CRC16_XMODEM = "crc16_xmodem"  # two bytes, high byte first
    SUM12_INVERTED = "sum12_inverted"  # two characters of six bits, each plus 40h

    @property
    def size(self) -> int:
        """Return how many bytes it takes in the frame."""
        return 1 if self is Sum.SUM8 else 2


class As(Enum):
    """How the bytes of a field are read."""

    NUMBER = "number"  # high byte first
    LOW_FIRST = "low_first"
    BCD = "bcd"
    HEX = "hex"
    TEXT = "text"
    TIME = "time"
    BCD_TIME = "bcd_time"


class Says(Enum):
    """What a frame is about."""

    EVENT = "event"
    NOTHING = "nothing"  # a keep-alive, a poll
    UNKNOWN = "unknown"  # well formed, of unknown meaning: kept


TIME_PARTS: Final = ("century", "year", "month", "day", "hour", "minute", "second")
ROLES: Final = ("event", "area", "zone", "text", "detector", "time")

Pattern = tuple[int | None, ...]
"""Bytes; None stands for any one byte."""


@dataclass(frozen=True, slots=True)
class Length:
    """A length within the frame: `plus` is what it does not count."""

    at: int
    size: int
    is_low_first: bool
    plus: int
    longest: int


@dataclass(frozen=True, slots=True)
class Until:
    """A frame goes on to the first of these tails, and `plus` bytes more."""

    tail: Pattern
    plus: int
    longest: int


@dataclass(frozen=True, slots=True)
class Check:
    """The sum at `at`, over the bytes `start` to `end`; negative: counted from the frame's end."""

    kind: Sum
    start: int
    end: int
    at: int


@dataclass(frozen=True, slots=True)
class Field:
    """Some bytes with a name."""

    name: str
    at: int
    size: int
    read: As
    order: tuple[str, ...] = ()  # of a time


@dataclass(frozen=True, slots=True)
class Objects:
    """Like parts side by side, `after` bytes before the frame's end; `count` names their field."""

    at: int
    size: int
    after: int
    count: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One kind of frame."""

    name: str
    head: Pattern
    length: int | None
    counted: Length | None
    until: Until | None
    is_lines: bool
    tail: Pattern
    check: Check | None
    halves: tuple[int, int] | None
    fields: tuple[Field, ...]
    objects: Objects | None
    find: tuple[Template, ...]
    roles: Mapping[str, str]
    event: str | None  # the name of the event that every such frame is
    says: Says
    by_host: bool

    @property
    def names(self) -> frozenset[str]:
        """The names of all fields that such a frame may have."""
        return _names(self.fields, self.objects, self.find)


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """What a host has to say, and how often, or the card raises a fault."""

    send: bytes
    every_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One way of speaking."""

    name: str
    shapes: tuple[Shape, ...]
    events: Table[Event]
    detectors: Table[Detector]
    charset: str
    keep_alive: KeepAlive | None
    repeat_s: float
    gap_s: float
    silence_s: float
    is_gap_bounded: bool
    is_detected: bool
    names: Mapping[str, Event]
    zones_per_loop: int = 0  # points are numbered through: zone = loop x this + point; 0: not

    def is_of_host(self, type_name: str | None) -> bool:
        """Tell whether frames of this type are said by a host."""
        return any(shape.by_host for shape in self.shapes if shape.name == type_name)

    def resets(self, meaning: Plain) -> bool:
        """Tell whether what the tables call so is the panel's reset."""
        named = self.names.get(meaning) if isinstance(meaning, str) else None
        return named is not None and named.resets


_FACTS = frozenset(
    {
        *(
            "unproven",
            "line",
            "checked",
            "framed",
            "only_answers",
            "supervised",
            "unsupported",
            "charset",
            "detected",
        ),
        *("frames", "events", "detectors", "keep_alive", "repeat_s", "gap_s", "silence_s"),
        "bounded_by_gap",
    }
)
_SHAPE = frozenset(
    {
        *("name", "head", "length", "until", "lines", "tail", "sum", "halves", "fields"),
        *("objects", "find", "is", "says", "by", *ROLES),
    }
)
DOUBLED_S: Final = 0.5  # no panel says the same so soon: the line doubled it
GAP_S: Final = 0.5  # within a frame no panel pauses so long
QUIET_S: Final = 86_400.0  # of a panel without heartbeat: a day without a word


def dialect(profile: Profile, codes: Codes) -> Dialect:
    """Return the dialect that a profile tells of.  Raises ValueError with the place."""
    facts = Entry(f"profile {profile.name}", profile.facts, _FACTS)
    events, detectors = events_of(facts, codes), detectors_of(facts, codes)
    names = {event.name: event for event in reversed(events)}
    shapes = tuple(_shape(entry, names) for entry in facts.entries("frames", _SHAPE))
    if len(shapes) > SHAPES_MAX:
        raise ValueError(f"{facts.place}: {len(shapes)} frames, allowed {SHAPES_MAX}")
    known = {name for shape in shapes for name in shape.names}
    for row in (*events, *detectors):
        for name in row.when:
            if name not in known:
                raise ValueError(
                    f"{facts.place}: {row.name!r}: 'when' names {name!r}, which is no field"
                )
    return Dialect(
        name=profile.name,
        shapes=shapes,
        events=Table(events),
        detectors=Table(detectors),
        charset=_charset(facts),
        keep_alive=_keep_alive(facts),
        repeat_s=facts.number("repeat_s", 0.1, 60, DOUBLED_S),
        gap_s=facts.number("gap_s", 0.05, 60, GAP_S),
        silence_s=facts.number("silence_s", 1, QUIET_S, QUIET_S),
        is_gap_bounded=_is_gap_bounded(facts, shapes),
        is_detected=facts.flag("detected", True),
        names=names,
    )


def _is_gap_bounded(facts: Entry, shapes: tuple[Shape, ...]) -> bool:
    is_bounded = facts.flag("bounded_by_gap", False)
    if is_bounded and {shape.length for shape in shapes} != {shapes[0].length or 0}:
        raise ValueError(f"{facts.place}: with 'bounded_by_gap' all frames need the same 'length'")
    return is_bounded


def _charset(facts: Entry) -> str:
    name = facts.text("charset") or "gb18030"
    try:
        b" ".decode(name, errors="replace")
    except (LookupError, ValueError):
        raise ValueError(f"{facts.place}: 'charset': Python knows no codec {name!r}") from None
    return name


def _keep_alive(facts: Entry) -> KeepAlive | None:
    if "keep_alive" not in facts.values:
        return None
    entry = _table(facts, "keep_alive", {"send", "every_s"})
    send = _pattern(entry, "send")
    if None in send:
        raise ValueError(f"{entry.place}: 'send' has a wildcard, allowed: bytes")
    return KeepAlive(bytes(one or 0 for one in send), entry.number("every_s", 0.1, 3600, 0))


# ---- frames


def _shape(entry: Entry, events: Mapping[str, Event]) -> Shape:
    fields = _fields(entry)
    objects = _objects(entry, fields)
    find = tuple(_template(entry, text) for text in texts_at(entry, "find"))
    shape = Shape(
        name=entry.name(),
        head=_pattern(entry, "head"),
        length=_fixed_length(entry),
        counted=_counted(entry),
        until=_until(entry),
        is_lines=entry.flag("lines", False),
        tail=_pattern(entry, "tail", needed=False),
        check=_check(entry),
        halves=_halves(entry),
        fields=fields,
        objects=objects,
        find=find,
        roles=_roles(entry, fields, objects, find),
        event=entry.text("is"),
        says=_says(entry),
        by_host="by" in entry.values and entry.one_of("by", {"host": True, "panel": False}),
    )
    if shape.event is not None and shape.event not in events:
        raise ValueError(f"{entry.place}: 'is' names {shape.event!r}, which is no event")
    bounds = [shape.length, shape.counted, shape.until, shape.is_lines or None]
    if sum(one is not None for one in bounds) != 1:
        raise ValueError(f"{entry.place}: one of 'length', 'until', 'lines' says where it ends")
    if shape.length is not None and shape.length < len(shape.head):
        raise ValueError(f"{entry.place}: 'length' is {shape.length}, less than its head")
    return shape


def _says(entry: Entry) -> Says:
    if "says" not in entry.values:
        return Says.EVENT
    return entry.one_of("says", {one.value: one for one in Says})


def _table(entry: Entry, key: str, known: set[str]) -> Entry:
    return Entry(f"{entry.place}: {key}", entry.values.get(key), known)


def _pattern(entry: Entry, key: str, *, needed: bool = True) -> Pattern:
    text = entry.text(key)
    if text is None:
        if needed:
            raise ValueError(f"{entry.place}: {key!r} is missing")
        return ()
    return tuple(_byte(entry, key, one) for one in text.split())


def _byte(entry: Entry, key: str, text: str) -> int | None:
    if text == "..":
        return None
    if len(text) != 2 or not set(text) <= set(hexdigits):
        raise ValueError(f"{entry.place}: {key!r} has {text!r}, allowed: two hex digits, or ..")
    return int(text, 16)


def _fixed_length(entry: Entry) -> int | None:
    value = entry.values.get("length")
    if value is None or isinstance(value, Mapping):
        return None
    return entry.integer("length", 1, FRAME_BYTES_MAX)


def _counted(entry: Entry) -> Length | None:
    if not isinstance(entry.values.get("length"), Mapping):
        return None
    found = _table(entry, "length", {"at", "size", "as", "plus", "longest"})
    is_low = "as" in found.values and found.one_of("as", {"number": False, "low_first": True})
    return Length(
        found.integer("at", 0, FRAME_BYTES_MAX),
        found.integer("size", 1, 2, 1),
        is_low,
        found.integer("plus", 0, FRAME_BYTES_MAX, 0),
        found.integer("longest", 1, FRAME_BYTES_MAX),
    )


def _until(entry: Entry) -> Until | None:
    if "until" not in entry.values:
        return None
    found = _table(entry, "until", {"tail", "plus", "longest"})
    return Until(
        _pattern(found, "tail"),
        found.integer("plus", 0, 16, 0),
        found.integer("longest", 2, TEXT_BYTES_MAX, TEXT_BYTES_MAX),
    )


def _check(entry: Entry) -> Check | None:
    if "sum" not in entry.values:
        return None
    found = _table(entry, "sum", {"kind", "from", "to", "at"})
    kinds = {one.value: one for one in Sum}
    at = _offset(found, "at", None)
    return Check(
        found.one_of("kind", kinds), _offset(found, "from", 0), _offset(found, "to", at), at
    )


def _offset(entry: Entry, key: str, default: int | None) -> int:
    return entry.integer(key, -FRAME_BYTES_MAX, FRAME_BYTES_MAX, default)


def _halves(entry: Entry) -> tuple[int, int] | None:
    if "halves" not in entry.values:
        return None
    found = _table(entry, "halves", {"from", "to"})
    return _offset(found, "from", 0), _offset(found, "to", None)


def _fields(entry: Entry) -> tuple[Field, ...]:
    known = {"name", "at", "size", "as", "order"}
    return tuple(_field(one) for one in entry.entries("fields", known, needed=False))


def _field(entry: Entry) -> Field:
    read = As.NUMBER
    if "as" in entry.values:
        read = entry.one_of("as", {one.value: one for one in As})
    order: tuple[str, ...] = ()
    if read in (As.TIME, As.BCD_TIME):
        order = texts_at(entry, "order")
        if unknown := set(order) - set(TIME_PARTS):
            raise ValueError(
                f"{entry.place}: 'order' has {min(unknown)!r}, allowed {', '.join(TIME_PARTS)}"
            )
        if not set(TIME_PARTS[1:6]) <= set(order):
            raise ValueError(f"{entry.place}: 'order' lacks one of {', '.join(TIME_PARTS[1:6])}")
    elif "order" in entry.values:
        raise ValueError(f"{entry.place}: 'order' is of times only")
    size = len(order) or entry.integer("size", 1, FIELD_BYTES_MAX, 1)
    return Field(entry.name(), entry.integer("at", 0, FRAME_BYTES_MAX), size, read, order)


def _objects(entry: Entry, fields: tuple[Field, ...]) -> Objects | None:
    if "objects" not in entry.values:
        return None
    found = _table(entry, "objects", {"at", "size", "after", "count", "fields"})
    count = found.text("count") or ""
    if count not in {one.name for one in fields}:
        raise ValueError(f"{found.place}: 'count' names {count!r}, which is no field")
    return Objects(
        found.integer("at", 0, FRAME_BYTES_MAX),
        found.integer("size", 1, FRAME_BYTES_MAX),
        found.integer("after", 0, FRAME_BYTES_MAX, 0),
        count,
        _fields(found),
    )


def _template(entry: Entry, text: str) -> Template:
    try:
        return template(text)
    except ValueError as error:
        raise ValueError(f"{entry.place}: 'find': {error}") from None


def _names(
    fields: tuple[Field, ...], objects: Objects | None, find: tuple[Template, ...]
) -> frozenset[str]:
    told = {one.name for one in (*fields, *(objects.fields if objects else ()))}
    return frozenset(told | {name for one in find for name in one.names})


def _roles(
    entry: Entry, fields: tuple[Field, ...], objects: Objects | None, find: tuple[Template, ...]
) -> dict[str, str]:
    known = _names(fields, objects, find)
    roles = {role: str(entry.text(role)) for role in ROLES if role in entry.values}
    for role, name in roles.items():
        if name not in known:
            raise ValueError(f"{entry.place}: {role!r} names {name!r}, which is no field")
    return roles
