"""Frames of a Concord 4's automation module: cut from the stream, checked, made.

    LF  LEN data SUM      each byte as two hex digits

LEN counts the bytes behind it, SUM is the low byte of the sum of all before.  There is no end.
Single bytes ACK 06 and NAK 15 stand between frames, and may come within one.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from edge_agent.domain.cutter import Cutter, Found
from edge_agent.domain.session import FaultKind, Frame, Plain

LF, CR = 0x0A, 0x0D
ACK, NAK = b"\x06", b"\x15"
LENGTH_MIN, LENGTH_MAX = 2, 58  # the maker's; at least a command and the sum
CONTROLS: Final = {ACK[0]: "ack", NAK[0]: "nak"}
WITHIN = "within"  # the field of a frame in which single bytes came
_CUT_CHARS_MIN = 6  # less of a line is no frame that was damaged
_MARKS = (b"\n", b"\r", ACK, NAK)
_HEX = frozenset(b"0123456789ABCDEFabcdef")

Read = Callable[[bytes, bytes], Frame]


def framed(data: bytes) -> bytes:
    """Return a frame."""
    body = bytes((len(data) + 1,)) + data
    return b"\n%b%02X" % (body.hex().upper().encode(), sum(body) & 0xFF)


class ConcordCutter(Cutter):
    """Cuts at line feeds, by the length; `read` makes a Frame of a good one: of its bytes, data."""

    def __init__(self, read: Read) -> None:
        super().__init__()
        self._read = read

    def piece(self, held: bytearray, at: int, *, is_end: bool) -> tuple[int, Found]:
        """See Cutter; an end that some hosts add stands between."""
        if held[at] in CONTROLS:
            return 1, Frame(bytes((held[at],)), CONTROLS[held[at]])
        if held[at] == CR:
            return 1, None
        if held[at] != LF:
            marks = [end for mark in _MARKS if (end := held.find(mark, at)) >= 0]
            return min(marks, default=len(held)) - at, FaultKind.NOISE
        size = _size(held, at, is_end=is_end)
        return size, self._line(bytes(held[at : at + size])) if size else None

    def _line(self, raw: bytes) -> Found:
        """Read a line; the single bytes that came within it are no part of its text."""
        text = bytes(byte for byte in raw[1:] if byte not in CONTROLS)
        within: list[Plain] = [CONTROLS[byte] for byte in raw if byte in CONTROLS]
        fault = _fault_of(text)
        if fault is not None:
            return None if raw == b"\n" else fault
        frame = self._read(raw, bytes.fromhex(text.decode())[1:-1])
        return replace(frame, fields={**frame.fields, WITHIN: within}) if within else frame


def _size(held: bytearray, at: int, *, is_end: bool) -> int:
    """Return the size of the line that begins here; 0 where more of it is to come."""
    text = bytearray()
    wanted = 2
    end = at + 1
    while end < len(held) and len(text) < wanted:
        byte = held[end]
        if byte not in CONTROLS:
            if not 0x20 <= byte < 0x7F:
                return end - at
            text.append(byte)
            if len(text) == 2:
                length = int(text, 16) if _HEX.issuperset(text) else 0
                if not LENGTH_MIN <= length <= LENGTH_MAX:
                    return end + 1 - at
                wanted = 2 * (1 + length)
        end += 1
    return end - at if (len(text) == wanted and wanted > 2) or is_end else 0


def _fault_of(text: bytes) -> FaultKind | None:
    """Say what is wrong with the characters of a line; None where nothing is."""
    length = int(text[:2], 16) if len(text) > 1 and _HEX.issuperset(text[:2]) else 0
    if not LENGTH_MIN <= length <= LENGTH_MAX:
        return FaultKind.NOISE
    if len(text) != 2 * (1 + length):
        is_cut = len(text) >= _CUT_CHARS_MIN and _HEX.issuperset(text)
        return FaultKind.LENGTH if is_cut else FaultKind.NOISE
    if not _HEX.issuperset(text):
        return FaultKind.SHAPE
    body = bytes.fromhex(text.decode())
    return None if sum(body[:-1]) & 0xFF == body[-1] else FaultKind.CHECKSUM
