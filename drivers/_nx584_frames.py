"""Frames of the NX-584 interface: cut from the stream in both forms, checked, made.

    ASCII    LF  LEN payload S1 S2  CR      each byte as two hex digits
    binary   7E  LEN payload S1 S2          7E and 7D in there are sent as 7D 5E and 7D 5D

LEN counts the payload, S1 and S2 are Fletcher's sums mod 255 over LEN and payload.  Which form a
panel speaks is programmed in it, and shows by the first byte of each frame.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.domain.cutter import Cutter, Found
from edge_agent.domain.session import FaultKind, Frame

LF, CR, FLAG, ESCAPE = 0x0A, 0x0D, 0x7E, 0x7D
ESCAPED = 0x20  # toggled in the byte that follows ESCAPE
LENGTH_MAX = 32  # the longest known payload has 18 bytes; more is a damaged length
_SUMS = 2
_ASCII_CHARS_MAX = 2 * (1 + LENGTH_MAX + _SUMS)
_CUT_CHARS_MIN = 8  # less of a line is no frame that was damaged
_CUT_BYTES_MIN = 4
_LINE = re.compile(rb"\n(?:[0-9A-Fa-f]*\Z|[0-9A-Fa-f]{%d,}\r)" % _CUT_CHARS_MIN)
_HEX = frozenset(b"0123456789ABCDEFabcdef")


def fletcher(data: bytes | bytearray) -> bytes:
    """Return both sums of LEN and payload."""
    first = second = 0
    for byte in data:
        first = (first + byte) % 255
        second = (second + first) % 255
    return bytes((first, second))


def framed(payload: bytes, *, binary: bool) -> bytes:
    """Return a frame in one of the two forms."""
    body = bytes((len(payload),)) + payload
    body += fletcher(body)
    if not binary:
        return b"\n%b\r" % body.hex().upper().encode()
    return bytes((FLAG,)) + body.replace(b"\x7d", b"\x7d\x5d").replace(b"\x7e", b"\x7d\x5e")


@dataclass(frozen=True, slots=True)
class Envelope:
    """A frame under reading: its bytes on the wire, what they carry, and in which form.

    `at` gives for each byte of the payload where it begins on the wire, and where the last ends.
    """

    raw: bytes
    payload: bytes
    binary: bool
    at: tuple[int, ...]


Read = Callable[[Envelope], Frame]


class NxCutter(Cutter):
    """Cuts at the first bytes of frames; what is refused is looked through for others.

    A start never stands within a frame of its form, so each byte is looked at three times at most.
    `read` makes a Frame of a good one.
    """

    def __init__(self, read: Read) -> None:
        super().__init__()
        self._read = read

    def piece(self, held: bytearray, at: int, *, is_end: bool) -> tuple[int, Found]:
        """See Cutter."""
        size, found = _piece(held, at, is_end=is_end)
        if isinstance(found, Envelope):
            return size, self._read(found)
        is_end_of_line = size == 1 and held[at] == LF  # CR LF ended it
        return size, None if is_end_of_line else found


_Found = tuple[int, Envelope | FaultKind]
_MORE: _Found = 0, FaultKind.NOISE


def _piece(held: bytearray, at: int, *, is_end: bool) -> _Found:
    """Return the size of the next piece and what it is; 0 where more bytes have to come first."""
    if held[at] == LF:
        return _ascii(held, at, is_end=is_end)
    if held[at] == FLAG:
        return _binary(held, at, is_end=is_end)
    starts = [found for found in (held.find(LF, at), held.find(FLAG, at)) if found >= 0]
    return min(starts, default=len(held)) - at, FaultKind.NOISE


def _ascii(held: bytearray, at: int, *, is_end: bool) -> _Found:
    end = at + 1
    last = min(len(held), end + _ASCII_CHARS_MAX)
    while end < last and held[end] not in (CR, LF, FLAG):
        end += 1
    if end == len(held) and not is_end:
        return _MORE
    size = end - at + (end < len(held) and held[end] == CR)
    raw, text = bytes(held[at : at + size]), bytes(held[at + 1 : end])
    fault = _fault_of(text)
    if fault is not None:
        return size, fault
    payload = bytes.fromhex(text.decode())[1:-_SUMS]
    return size, Envelope(raw, payload, False, tuple(range(3, 4 + 2 * len(payload), 2)))


def _fault_of(text: bytes) -> FaultKind | None:
    """Say what is wrong with the characters of a line; None where nothing is."""
    is_hex = _HEX.issuperset(text)
    if len(text) < _CUT_CHARS_MIN or not (is_hex or all(0x20 <= byte < FLAG for byte in text)):
        return FaultKind.NOISE
    length = int(text[:2], 16) if _HEX.issuperset(text[:2]) else 0
    if not 0 < length <= LENGTH_MAX:
        return FaultKind.NOISE
    if len(text) != 2 * (1 + length + _SUMS):
        return FaultKind.LENGTH if is_hex else FaultKind.NOISE
    if not is_hex:
        return FaultKind.SHAPE
    body = bytes.fromhex(text.decode())
    return None if fletcher(body[:-_SUMS]) == body[-_SUMS:] else FaultKind.CHECKSUM


def _binary(held: bytearray, at: int, *, is_end: bool) -> _Found:
    body, begins = bytearray(), list[int]()
    end = at + 1
    while end < len(held) and held[end] != FLAG:
        step = 2 if held[end] == ESCAPE else 1
        if end + step > len(held) or held[end + step - 1] == FLAG:
            break
        begins.append(end - at)
        body.append(held[end + 1] ^ ESCAPED if step == 2 else held[end])
        end += step
        if not 0 < body[0] <= LENGTH_MAX:
            return 1, FaultKind.NOISE
        if len(body) == 1 + body[0] + _SUMS:
            raw = bytes(held[at:end])
            if fletcher(body[:-_SUMS]) != body[-_SUMS:]:
                return _refused(raw, FaultKind.CHECKSUM)
            return len(raw), Envelope(raw, bytes(body[1:-_SUMS]), True, tuple(begins[1:-1]))
    next_at = held.find(FLAG, at + 1)
    if next_at < 0 and not is_end:
        return _MORE
    cut = bytes(held[at:] if next_at < 0 else held[at:next_at])
    return _refused(cut, FaultKind.LENGTH if len(cut) >= _CUT_BYTES_MIN else FaultKind.NOISE)


def _refused(raw: bytes, fault: FaultKind) -> _Found:
    """Refuse what began as a binary frame, but for the line that may begin within."""
    line = _LINE.search(raw)
    if line is None:
        return len(raw), fault
    return line.start(), fault if line.start() >= _CUT_BYTES_MIN else FaultKind.NOISE
