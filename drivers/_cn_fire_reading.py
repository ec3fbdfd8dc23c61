"""What a frame of a Chinese fire panel says, by the fields and tables of its dialect.

Keeps nothing from frame to frame.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Final

from drivers._cn_fire_dialect import (
    As,
    Dialect,
    Field,
    Objects,
    Says,
    Shape,
    dialect,
)
from drivers._cn_fire_frames import Cutter, joined
from drivers._cn_fire_tables import Event, Key
from edge_agent.domain.codes import number
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.panel_clock import panel_time
from edge_agent.domain.plain import TIME_OF_DAY
from edge_agent.domain.session import FaultKind, Frame, Plain, Setup
from edge_agent.domain.settings import charset_of
from edge_agent.domain.signal import FRAME_BYTES_MAX, NUMBER_MAX, TEXT_CHARS_MAX, Signal

PRINTED_TIME: Final = ("year", "month", "day", "hour", "minute")
"""Places of a template that make a time together; without a year the last two are one of day."""
MINUTE_HALF: Final = "30"  # where no seconds are printed: half a minute off at most


@dataclass(frozen=True, slots=True)
class _Value:
    """A field: what `decode` shows, and what tables are looked up with."""

    shown: Plain
    key: Key | None = None
    corrected: bool = False


_Values = dict[str, _Value]


def read_frame(spoken: Dialect, charset: str, shape: Shape, raw: bytes) -> Frame:
    """Return a good frame with its signals; of fault `length` where its parts do not fit it."""
    body = joined(shape, raw) or b""
    said = body[: shape.check.at] if shape.check is not None and shape.check.at < 0 else body
    values = {one.name: _read(one, said, charset) for one in shape.fields}
    text = _text(shape, said, charset)
    values |= _printed(shape, text)
    parts, parts_shown = [values], list[dict[str, Plain]]()
    fields: dict[str, Plain] = {"dialect": spoken.name}
    fields |= _shown(values)
    if shape.objects is not None:
        objects = _objects(shape.objects, body, charset)
        if len(objects) != values[shape.objects.count].key:
            return Frame(raw, fault=FaultKind.LENGTH)
        parts = [{**values, **one} for one in objects]
        parts_shown = [_shown(one) for one in objects]
        fields["objects"] = [*parts_shown]
    if shape.by_host or shape.says is Says.NOTHING or (shape.is_lines and not text.strip()):
        return Frame(raw, shape.name, (), fields)
    read = [_Reading(spoken, shape, part, text, raw) for part in parts]
    if shape.is_lines and read[0].event is None and not raw.endswith((b"\r", b"\n")):
        return Frame(raw, fault=FaultKind.LENGTH)  # a line that was cut, and says nothing
    meant = [one.names() for one in read]
    if shape.objects is not None:
        for one, names in zip(parts_shown, meant, strict=True):
            one.update(names)
    elif meant:
        fields |= meant[0]
    signals = [signal for one in read for signal in one.signals()]
    return Frame(raw, shape.name, tuple(signals), fields)


def _text(shape: Shape, said: bytes, charset: str) -> str:
    """Return what is printed; what only marks the beginning is left out."""
    if not shape.find:
        return ""
    return said[0 if shape.is_lines else len(shape.head) :].decode(charset, "replace")


def _shown(values: Mapping[str, _Value]) -> dict[str, Plain]:
    shown = {name: one.shown for name, one in values.items()}
    corrected = {f"{name}_corrected": True for name, one in values.items() if one.corrected}
    return {**shown, **corrected}


def line_says(spoken: Dialect, charset: str, shape: Shape, line: bytes) -> tuple[bool, bool, bool]:
    """Tell of a printed line whether it says what happened, where, and that it is no point's."""
    text = line.decode(charset, "replace")
    reading = _Reading(spoken, shape, _printed(shape, text), text, b"")
    event = reading.event
    return event is not None, reading.number("zone") is not None, event is not None and event.alone


# ---- fields


def _read(one: Field, body: bytes, charset: str) -> _Value:
    data = body[one.at : one.at + one.size]
    if len(data) < one.size:
        return _Value(None)  # the frame ends before it
    match one.read:
        case As.NUMBER | As.LOW_FIRST:
            value = int.from_bytes(data, "big" if one.read is As.NUMBER else "little")
            return _Value(value, value)
        case As.BCD:
            digits = data.hex()
            return _Value(digits, int(digits)) if digits.isdigit() else _Value(digits)
        case As.HEX:
            return _Value(data.hex(), data.hex())
        case As.TEXT:
            text = words_of(data, charset)
            return _Value(text, text)
    return _time(one, data)


def words_of(data: bytes, charset: str) -> str | None:
    """Return a padded text, None where there is none; bytes of no character are replaced."""
    return _printable(data.rstrip(b"\x00\xff ").decode(charset, "replace"))


def _printable(text: str) -> str | None:
    kept = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(kept.split())[:TEXT_CHARS_MAX] or None


def _time(one: Field, data: bytes) -> _Value:
    if not any(data):
        return _Value(None)  # no time
    parts = dict(zip(one.order, data, strict=True))
    if one.read is As.BCD_TIME:
        parts = {name: (byte >> 4) * 10 + (byte & 0x0F) for name, byte in parts.items()}
    century = parts.get("century", 20)
    return _told(parts | {"year": century * 100 + parts["year"]})


def _told(parts: Mapping[str, int]) -> _Value:
    told = panel_time(
        (parts["year"], parts["month"], parts["day"]),
        (parts["hour"], parts["minute"], parts.get("second", 0)),
    )
    return _Value(told.iso, told.iso, told.corrected)


def _objects(objects: Objects, body: bytes, charset: str) -> list[_Values]:
    """Return the fields of each; none where the rest of the frame holds no whole number of them."""
    rest = len(body) - objects.at - objects.after
    if rest < 0 or rest % objects.size:
        return []
    places = range(objects.at, objects.at + rest, objects.size)
    pieces = [body[at : at + objects.size] for at in places]
    return [{one.name: _read(one, piece, charset) for one in objects.fields} for piece in pieces]


def _printed(shape: Shape, text: str) -> _Values:
    """Return what the templates find; the first that finds a place fills it."""
    places: dict[str, str] = {}
    for template in shape.find:
        places = {**(template.find(text) or {}), **places}
    values = {name: _place(told) for name, told in places.items()}
    if all(name in places for name in PRINTED_TIME):
        digits: dict[str, int] = {
            name: int(places[name]) for name in (*PRINTED_TIME, "second") if name in places
        }
        year = digits["year"] + (2000 if digits["year"] < 100 else 0)
        values["time"] = _told(digits | {"year": year})
    elif all(name in places for name in PRINTED_TIME[-2:]):
        of_day = places["hour"], places["minute"], places.get("second", MINUTE_HALF)
        values[TIME_OF_DAY] = _Value("".join(f"{int(told):02}" for told in of_day))
    return values


def _place(told: str) -> _Value:
    if len(told) == 1 and not told.isalnum():
        return _Value(f"{ord(told):02x}", ord(told))  # a sign of the printer's own
    return _Value(told, told)


# ---- meaning


class _Reading:
    """One thing that a frame says."""

    def __init__(
        self, spoken: Dialect, shape: Shape, values: _Values, text: str, raw: bytes
    ) -> None:
        self._shape = shape
        self._values = values
        self._text = text
        self._raw = raw
        self._per_loop = spoken.zones_per_loop
        keys = {name: one.key for name, one in values.items()}
        self.event = self._named(spoken) or spoken.events.find(self._key("event"), text, keys)
        self.detector = spoken.detectors.find(self._key("detector"), text, keys)

    def _named(self, spoken: Dialect) -> Event | None:
        return spoken.names[self._shape.event] if self._shape.event is not None else None

    def _key(self, role: str) -> Key | None:
        value = self._values.get(self._shape.roles.get(role, ""))
        return value.key if value is not None else None

    def number(self, role: str) -> int | None:
        """Return an address, None for zero and where the frame says none."""
        key = self._key(role)
        if isinstance(key, str):
            return number(key)
        return key if key is not None and 0 < key <= NUMBER_MAX else None

    def names(self) -> dict[str, Plain]:
        """Return how the tables call it."""
        found = {"meaning": self.event, "detector_name": self.detector}
        return {name: row.name for name, row in found.items() if row is not None}

    def signals(self) -> Iterable[Signal]:
        """Yield what is to be recorded."""
        event = self.event
        told = self._key("text")
        text = str(told) if told else None
        if self._shape.says is Says.UNKNOWN or event is None:
            yield self._signal(Kind.UNKNOWN, State.ACTIVE, None, text or _printable(self._text))
        elif event.kind is not None:
            by_detector = self.detector.code if event.by_detector and self.detector else None
            yield self._signal(event.kind, event.state, by_detector or event.code, text)

    def _signal(self, kind: Kind, state: State, code: str | None, text: str | None) -> Signal:
        return Signal(
            kind=kind,
            state=state,
            code=code,
            area=self.number("area"),
            zone=self._zone(),
            text=text,
            panel_time=self._time(),
            frame=self._raw[:FRAME_BYTES_MAX],
        )

    def _zone(self) -> int | None:
        """Return the point, with its loop's number before it where points are numbered through."""
        zone, loop = self.number("zone"), self.number("area")
        if zone is None or loop is None or not 0 < zone < self._per_loop:
            return zone
        through = loop * self._per_loop + zone
        return through if through <= NUMBER_MAX else zone

    def _time(self) -> str | None:
        name = self._shape.roles.get("time", "time" if self._shape.find else "")
        value = self._values.get(name)
        return str(value.key) if value is not None and value.key is not None else None


# ---- the decoders


class FireDecoder:
    """Reads a stream of one dialect, or of any that is to be detected."""

    def __init__(self, setup: Setup, dialects: Sequence[Dialect]) -> None:
        charsets = {one.name: _charset(setup, one) for one in dialects}
        self._cutter = Cutter(
            dialects,
            lambda spoken, shape, raw: read_frame(spoken, charsets[spoken.name], shape, raw),
            lambda spoken, shape, line: line_says(spoken, charsets[spoken.name], shape, line),
        )

    @property
    def is_waiting(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._cutter.is_waiting

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; return the frames now complete."""
        return self._cutter.feed(data)

    def finish(self) -> list[Frame]:
        """Return what is left."""
        return self._cutter.finish()


class PieceDecoder(FireDecoder):
    """Reads a dialect whose frames are bounded by silence: a packet is one of them, or several."""

    def packet(self, data: bytes) -> list[Frame]:
        """Read what came between two silences: no frame goes on in the next."""
        read = [*self.feed(data), *self.finish()]
        good = list(takewhile(lambda frame: frame.fault is None, read))
        if len(good) == len(read):
            return good
        # behind the first that is none nobody knows where a frame begins
        rest = b"".join(frame.raw for frame in read[len(good) :])
        return [*good, Frame(rest, fault=read[len(good)].fault)]


def _charset(setup: Setup, spoken: Dialect) -> str:
    return charset_of(setup) if setup.options.get("charset") else spoken.charset


def dialects_of(setup: Setup) -> tuple[Dialect, ...]:
    """Return the dialect of the profile, else those that can be told by what is heard.

    Raises ValueError where a profile makes no sense.
    """
    per_loop = setup.options.get("zones_per_loop")
    through = per_loop if isinstance(per_loop, int) else 0
    if setup.profile is not None:
        return (replace(dialect(setup.profile, setup.codes), zones_per_loop=through),)
    found = (dialect(one, setup.codes) for one in setup.dialects)
    return tuple(replace(one, zones_per_loop=through) for one in found if one.is_detected)


def decoder_of(setup: Setup) -> FireDecoder:
    """Return the decoder.  Raises ValueError where a profile or the character set is none."""
    return decoder_among(setup, dialects_of(setup))


def decoder_among(setup: Setup, dialects: Sequence[Dialect]) -> FireDecoder:
    """Return the decoder of these dialects."""
    is_bounded = len(dialects) == 1 and dialects[0].is_gap_bounded
    return (PieceDecoder if is_bounded else FireDecoder)(setup, dialects)
