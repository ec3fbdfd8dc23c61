"""Cuts a stream of a Chinese fire panel into frames as the shapes of its dialect say, and checks.

Where several dialects are possible, the first frame that is whole and good decides.  A frame that
is refused may hide a good one, or its beginning: what it covers is looked through.  The same bytes
give the same frames in any split, because a decision waits for all bytes that it is about.
"""

import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from drivers._cn_fire_dialect import (
    TEXT_BYTES_MAX,
    Check,
    Dialect,
    Pattern,
    Shape,
    Sum,
)
from edge_agent.domain.noise import Noise
from edge_agent.domain.session import FaultKind, Frame

LF: Final = 0x0A


# ---- sums


@cache
def _modbus_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        crc = value
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
        table.append(crc)
    return tuple(table)


def _crc16_modbus(data: bytes) -> bytes:
    table, crc = _modbus_table(), 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc.to_bytes(2, "little")


def _sum12_inverted(data: bytes) -> bytes:
    total = ~sum(data) & 0xFFF
    return bytes(((total >> 6) + 0x40, (total & 0x3F) + 0x40))


SUMS: Final[dict[Sum, Callable[[bytes], bytes]]] = {
    Sum.SUM8: lambda data: bytes((sum(data) & 0xFF,)),
    Sum.SUM16: lambda data: (sum(data) & 0xFFFF).to_bytes(2, "big"),
    Sum.CRC16_MODBUS: _crc16_modbus,
    Sum.CRC16_XMODEM: lambda data: binascii.crc_hqx(data, 0).to_bytes(2, "big"),
    Sum.SUM12_INVERTED: _sum12_inverted,
}


def is_right(check: Check, data: bytes) -> bool:
    """Tell whether the sum in `data` is that of its bytes."""
    at = check.at if check.at >= 0 else len(data) + check.at
    told = data[at : at + check.kind.size] if at >= 0 else b""
    return told == SUMS[check.kind](data[check.start : check.end])


def joined(shape: Shape, raw: bytes) -> bytes | None:
    """Return what fields and sum count in: the frame, or its halves joined; None: no halves."""
    if shape.halves is None:
        return raw
    halves = raw[shape.halves[0] : shape.halves[1]]
    if len(halves) % 2 or any(half & 0xF0 != 0x30 for half in halves):
        return None
    pairs = zip(halves[::2], halves[1::2], strict=True)
    return bytes((high & 0x0F) << 4 | low & 0x0F for high, low in pairs)


# ---- one shape at one place


@dataclass(frozen=True, slots=True)
class _Wait:
    """More bytes decide."""


@dataclass(frozen=True, slots=True)
class _Bad:
    """A frame of this shape, refused."""

    size: int
    fault: FaultKind


@dataclass(frozen=True, slots=True)
class Good:
    """A frame."""

    size: int
    dialect: Dialect
    shape: Shape


_Look = Good | _Bad | _Wait | None

_WAIT: Final = _Wait()


def _fits(pattern: Pattern, data: bytes, at: int) -> bool:
    """Tell whether the bytes from `at` on fit, as far as there are any."""
    for wanted, found in zip(pattern, data[at : at + len(pattern)], strict=False):
        if wanted not in (None, found):
            return False
    return True


def _tail_at(pattern: Pattern, data: bytes, start: int) -> int:
    """Return where the first such tail begins, -1 where there is none."""
    first = next((at for at, one in enumerate(pattern) if one is not None), None)
    if first is None:
        return start if len(data) - start >= len(pattern) else -1
    wanted = bytes((pattern[first] or 0,))
    at = start
    while (found := data.find(wanted, at + first)) >= 0:
        at = found - first
        if at + len(pattern) > len(data):
            return -1
        if _fits(pattern, data, at):
            return at
        at += 1
    return -1


def _refusal(shape: Shape, raw: bytes) -> FaultKind | None:
    """Return what is wrong with a whole frame."""
    if shape.tail and not _fits(shape.tail, raw, len(raw) - len(shape.tail)):
        return FaultKind.SHAPE
    body = joined(shape, raw)
    if body is None:
        return FaultKind.SHAPE
    if shape.check is not None and not is_right(shape.check, body):
        return FaultKind.CHECKSUM
    return None


def _size(shape: Shape, data: bytes) -> int | None:
    """Return the size of the frame that begins `data`; 0: it cannot be one, None: not known yet."""
    if shape.length is not None:
        return shape.length
    if (counted := shape.counted) is not None:
        told = data[counted.at : counted.at + counted.size]
        if len(told) < counted.size:
            return None
        size = int.from_bytes(told, "little" if counted.is_low_first else "big") + counted.plus
        least = max(len(shape.head), counted.at + counted.size)
        return size if least <= size <= counted.longest else 0
    if (until := shape.until) is not None:
        at = _tail_at(until.tail, data[: until.longest], len(shape.head))
        if at >= 0:
            return at + len(until.tail) + until.plus
        return None if len(data) < until.longest else 0
    return None


# ---- printed lines


LineEnd = Callable[[Dialect, Shape, bytes], tuple[bool, bool, bool]]
"""What a printed line says: an event; where; an event of no point."""


class _Lines:
    """Finds where a printed record ends: each line is looked at once.

    It ends with the line that makes it whole (what happened, and where), before a line that says
    the next thing, with an empty line, or where the printer pauses.
    """

    def __init__(self, says: LineEnd) -> None:
        self._says = says
        self.clear()

    def clear(self) -> None:
        """A record begins."""
        self._looked = 0  # up to here
        self._line = 0  # begins here
        self._event = self._place = False

    def size(self, dialect: Dialect, shape: Shape, data: bytes) -> int | None:
        """Return the size of the record that begins `data`, None where it goes on."""
        while (end := data.find(b"\n", self._looked, TEXT_BYTES_MAX)) >= 0:
            self._looked = end + 1
            begin, self._line = self._line, end + 1
            line = data[begin : end + 1]
            if not line.strip():
                return end + 1
            event, place, alone = self._says(dialect, shape, line)
            if event and self._event:
                return begin
            self._event, self._place = self._event or event, self._place or place
            if alone or (self._event and self._place):
                return end + 1
        self._looked = min(len(data), TEXT_BYTES_MAX)
        return TEXT_BYTES_MAX if len(data) >= TEXT_BYTES_MAX else None


# ---- the stream

_Headed = tuple[re.Pattern[bytes], Shape]


class Cutter:
    """Cuts a stream; `read` makes a Frame of a good one.

    It holds no more than the longest frame, and a run of noise.
    """

    def __init__(
        self,
        dialects: Sequence[Dialect],
        read: Callable[[Dialect, Shape, bytes], Frame],
        line_says: LineEnd,
    ) -> None:
        firsts = {shape.head[0] for dialect in dialects for shape in dialect.shapes}
        self._shapes = {first: _that_begin_with(first, dialects) for first in firsts}
        self._any = self._shapes.get(None, [])
        self._read = read
        self._noise = Noise()
        self._lines = _Lines(line_says)
        self._begins = _beginnings(dialects)
        self._buffer = bytearray()
        self._clear()

    def _clear(self) -> None:
        self._at = 0  # where is looked; what is before it belongs to a refused frame
        self._refused: _Bad | None = None
        self._lines.clear()

    @property
    def is_waiting(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; return the frames now complete."""
        self._buffer += data
        return self._run(is_over=False)

    def finish(self) -> list[Frame]:
        """Return what is left: nothing more comes."""
        frames = self._run(is_over=True)
        return [*frames, *self._noise.flush()]

    def _run(self, *, is_over: bool) -> list[Frame]:
        frames: list[Frame] = []
        while self._at < len(self._buffer):
            look = self._look(bytes(self._buffer[self._at : self._at + _LOOK_BYTES]), is_over)
            match look:
                case _Wait():
                    return frames
                case Good(size, dialect, shape):
                    frames += self._refuse(self._at)
                    raw = self._taken(size)
                    frames += [*self._noise.flush(), self._read(dialect, shape, raw)]
                case _Bad() if self._refused is None:
                    self._refused, self._at = look, self._at + 1
                case _:
                    frames += self._skip()
            if self._refused is not None and self._at >= self._refused.size:
                frames += self._refuse(self._refused.size)
        return frames + (self._refuse(len(self._buffer)) if is_over else [])

    def _taken(self, size: int) -> bytes:
        raw = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._clear()
        return raw

    def _refuse(self, size: int) -> list[Frame]:
        """End the refused frame, if there is one, before `size`."""
        if self._refused is None:
            return []
        # what another frame begins in was cut short, whatever its sum
        fault = self._refused.fault if size == self._refused.size else FaultKind.LENGTH
        return [*self._noise.flush(), Frame(self._taken(size), fault=fault)]

    def _skip(self) -> list[Frame]:
        """No frame begins here: go to the next byte that may begin one."""
        found = self._begins.search(self._buffer, self._at + 1)
        at = found.start() if found else len(self._buffer)
        if self._refused is None:
            return self._noise.take(self._taken(at))
        self._at = min(at, self._refused.size)
        return []

    def _look(self, data: bytes, is_over: bool) -> _Look:
        looks = [
            look
            for dialect, shapes in self._shapes.get(data[0], self._any)
            if (look := self._look_for(dialect, shapes, data, is_over))
        ]
        good = [look for look in looks if isinstance(look, Good)]
        if good:
            return min(good, key=lambda look: look.size)
        if _WAIT in looks:
            return _WAIT
        return looks[0] if looks else None

    def _look_for(
        self, dialect: Dialect, shapes: Sequence[_Headed], data: bytes, is_over: bool
    ) -> _Look:
        """Look for a frame of one dialect; the first shape whose head fits is meant."""
        for head, shape in shapes:
            if head.match(data):
                return self._look_at(dialect, shape, data, is_over)
            if len(data) < len(shape.head) and not is_over and _fits(shape.head, data, 0):
                return _WAIT
        return None

    def _look_at(self, dialect: Dialect, shape: Shape, data: bytes, is_over: bool) -> _Look:
        if shape.is_lines:
            if self._refused is not None:
                return None
            size = self._lines.size(dialect, shape, data)
            if size is None and is_over:
                size = len(data)
        else:
            size = _size(shape, data)
        if size == 0:
            return None
        if size is None or size > len(data):
            return _Bad(len(data), FaultKind.LENGTH) if is_over else _WAIT
        fault = _refusal(shape, data[:size])
        return Good(size, dialect, shape) if fault is None else _Bad(size, fault)


_LOOK_BYTES: Final = 2048  # no frame is longer


def _that_begin_with(
    byte: int | None, dialects: Sequence[Dialect]
) -> list[tuple[Dialect, list[_Headed]]]:
    """Return the shapes of each dialect that may begin with a byte; None: with any other."""
    found = []
    for dialect in dialects:
        shapes = [shape for shape in dialect.shapes if shape.head[0] in (None, byte)]
        if shapes:
            found.append((dialect, [(_head(shape.head), shape) for shape in shapes]))
    return found


@cache
def _head(pattern: Pattern) -> re.Pattern[bytes]:
    parts = [b"." if one is None else re.escape(bytes((one,))) for one in pattern]
    return re.compile(b"".join(parts), re.DOTALL)


def _beginnings(dialects: Sequence[Dialect]) -> re.Pattern[bytes]:
    """Return a class of the bytes that may begin a frame."""
    firsts = {shape.head[0] for dialect in dialects for shape in dialect.shapes}
    if None in firsts:
        return re.compile(b"(?s:.)")
    return re.compile(b"[" + b"".join(re.escape(bytes((one or 0,))) for one in firsts) + b"]")
