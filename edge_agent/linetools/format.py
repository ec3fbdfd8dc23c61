"""Capture files: JSON lines, for any tool to read, only appended to, so that a kill harms none.

The page docs/line-tools.md describes them.  A header begins a part; a file that is appended to has
several.  Every line is written by one call, so a kill tears the last one at most; the next part
begins on a line of its own.  Bytes are kept as they were heard, user codes and all.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

VERSION = 1
LINE_BYTES_MAX = 256 * 1024  # a datagram of 64 KiB in hex, and what stands around it
_MARK = "edge_agent_capture"


class Said(StrEnum):
    """Who said bytes: which of the two ends, or one of them on a line that carries both."""

    PANEL = "panel"
    HOST = "host"
    LINE = "line"


class Happened(StrEnum):
    """What becomes of a line."""

    OPENED = "opened"
    LOST = "lost"
    CAME = "came"
    WENT = "went"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Place:
    """One line that was listened to: `settings` are those of a serial port."""

    place: str
    says: Said
    settings: str | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """What begins a part; `mono_ns` of different boots cannot be compared."""

    wall_ns: int | None
    mono_ns: int
    boot: str
    trust: str
    places: tuple[Place, ...]
    driver: str | None = None
    profile: str | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes as one read gave them; `at` counts the places of the header."""

    mono_ns: int
    wall_ns: int | None
    said: Said
    data: bytes
    at: int = 0
    peer: int = 0
    packet: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happened to a line."""

    mono_ns: int
    wall_ns: int | None
    what: Happened
    at: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that is none of these; `torn`: cut by the end of the file or of the writer."""

    number: int
    torn: bool
    reason: str


Record = Header | Chunk | Note


def encode(record: Record) -> bytes:
    """Return a record as one line."""
    values: dict[str, Any]
    match record:
        case Header():
            values = {
                _MARK: VERSION,
                "wall_ns": record.wall_ns,
                "mono_ns": record.mono_ns,
                "boot": record.boot,
                "trust": record.trust,
                "places": [
                    {"place": one.place, "says": one.says, "settings": one.settings}
                    for one in record.places
                ],
                "driver": record.driver,
                "profile": record.profile,
                "by": record.by,
            }
        case Chunk():
            values = {"mono_ns": record.mono_ns, "wall_ns": record.wall_ns, "from": record.said}
            values |= {"hex": record.data.hex()} | _place(record.at)
            values |= {"peer": record.peer} if record.peer else {}
            values |= {"packet": True} if record.packet else {}
        case Note():
            values = {"mono_ns": record.mono_ns, "wall_ns": record.wall_ns, "what": record.what}
            values |= _place(record.at) | ({"detail": record.detail} if record.detail else {})
    return json.dumps(values, ensure_ascii=False).encode() + b"\n"


def _place(at: int) -> dict[str, int]:
    return {"at": at} if at else {}


@dataclass
class Reader:
    """Reads a file in any split; memory is bounded, and nothing that it holds raises.

    A line without a header before it is unreadable.  A torn line is one that its file ends in, or
    that a header follows.
    """

    lines: int = 0
    _rest: bytearray = field(default_factory=bytearray)
    _doubtful: Unreadable | None = None  # whether it was torn the next line shows
    _begun: bool = False
    _long: bool = False

    def feed(self, data: bytes) -> list[Record | Unreadable]:
        """Take the next bytes; return what they complete."""
        found: list[Record | Unreadable] = []
        *whole, tail = data.split(b"\n")
        for part in whole:
            self._take(part)
            found += self._line()
        self._take(tail)
        return found

    def finish(self) -> list[Record | Unreadable]:
        """Return what is left: a last line without its end is torn."""
        found: list[Record | Unreadable] = []
        if self._rest or self._long:
            found += self._line(ended=False)
        doubtful, self._doubtful = self._doubtful, None
        return [*found, doubtful] if doubtful else found

    def _take(self, part: bytes) -> None:
        room = LINE_BYTES_MAX - len(self._rest)
        self._long = self._long or len(part) > room
        self._rest += part[: max(0, room)]

    def _line(self, *, ended: bool = True) -> list[Record | Unreadable]:
        line, was_long = bytes(self._rest), self._long
        self._rest.clear()
        self._long = False
        self.lines += 1
        before, self._doubtful = self._doubtful, None
        found: list[Record | Unreadable] = [before] if before else []
        if not line.strip() and not was_long:
            return found
        record = None if was_long else _decode(line)
        if isinstance(record, Header):
            self._begun = True
            if before:
                found = [Unreadable(before.number, torn=True, reason=before.reason)]
            return [*found, record]
        if record is not None and self._begun:
            return [*found, record]
        reason = "longer than any record" if was_long else "no record"
        reason = reason if self._begun or record is None else "a record before any header"
        self._doubtful = Unreadable(self.lines, torn=not ended, reason=reason)
        return found


def _decode(line: bytes) -> Record | None:
    """Return the record on a line, None where it is none."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict):
        return None
    try:
        if _MARK in values:
            return _header(values)
        return _note(values) if "what" in values else _chunk(values)
    except (KeyError, TypeError, ValueError):
        return None


def _header(values: Mapping[str, Any]) -> Header | None:
    if values[_MARK] != VERSION:
        return None
    places = tuple(
        Place(str(one["place"]), Said(one["says"]), _text(one.get("settings")))
        for one in values["places"]
    )
    return Header(
        wall_ns=_wall(values),
        mono_ns=_number(values["mono_ns"]),
        boot=str(values.get("boot", "")),
        trust=str(values.get("trust", "")),
        places=places,
        driver=_text(values.get("driver")),
        profile=_text(values.get("profile")),
        by=str(values.get("by", "")),
    )


def _chunk(values: Mapping[str, Any]) -> Chunk:
    return Chunk(
        mono_ns=_number(values["mono_ns"]),
        wall_ns=_wall(values),
        said=Said(values["from"]),
        data=bytes.fromhex(values["hex"]),
        at=_number(values.get("at", 0)),
        peer=_number(values.get("peer", 0)),
        packet=values.get("packet") is True,
    )


def _note(values: Mapping[str, Any]) -> Note:
    return Note(
        mono_ns=_number(values["mono_ns"]),
        wall_ns=_wall(values),
        what=Happened(values["what"]),
        at=_number(values.get("at", 0)),
        detail=str(values.get("detail", "")),
    )


def _wall(values: Mapping[str, Any]) -> int | None:
    return None if values.get("wall_ns") is None else _number(values["wall_ns"])


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 64:
        raise ValueError("no number")
    return value


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
