"""Frames of Elk M1 and Honeywell VISTA serial ports: cut from the stream, checked, made.

    LL TT data 00 CC CR LF

All is ASCII.  LL is two hex digits: VISTA counts every character from LL to CC, Elk leaves LL
itself out.  TT is the type, two characters; CC the two's complement of the sum of all before it.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from edge_agent.domain.lines import LineCutter
from edge_agent.domain.session import FaultKind, Frame

LINE_BYTES_MAX = 512  # LL counts 255 characters at most; what is longer holds no frame in one piece
_HEAD_CHARS, _TAIL_CHARS = 4, 4  # LL TT; 00 CC

_HEADER = re.compile(rb"[0-9A-F]{2}[A-Za-z][A-Za-z0-9]")
_HEX = re.compile(rb"[0-9A-Fa-f]{2}")


def checksum(text: bytes) -> int:
    """Return what makes the characters, with this byte's value added, sum up to 0 mod 256."""
    return -sum(text) & 0xFF


class HexDecoder(LineCutter):
    """Cuts at CR and LF; what stands between is read as frames, end to end.

    `uncounted` characters at the beginning are not in LL.  `read` makes a Frame of a good one: of
    its bytes, type, what stands between type and tail, and the tail (mostly `00`).  `known` tells
    by the type whether a frame may begin in the middle of a line, where the line's end of the one
    before was lost: there chance could make one, so the type has to be one of the protocol.
    """

    def __init__(
        self,
        uncounted: int,
        read: Callable[[bytes, str, str, str], Frame],
        known: Callable[[str], bool],
    ) -> None:
        super().__init__(LINE_BYTES_MAX)
        self._uncounted = uncounted
        self._read = read
        self._known = known

    def ended(self, line: bytes, end: bytes) -> list[Frame]:
        """See LineCutter."""
        frames: list[Frame] = []
        at = begun = 0
        while at < len(line):
            size = self._size_at(line, at)
            if not size:
                at += 1
                continue
            if at > begun:
                frames += self._refused(line[begun:at], b"")
            raw = line[at : at + size] + (end if at + size == len(line) else b"")
            kind, data, tail = _parts(raw[:size])
            frames += [*self._noise.flush(), self._read(raw, kind, data, tail)]
            at = begun = at + size
        return frames + self._refused(line[begun:], end) if begun < len(line) else frames

    def _size_at(self, line: bytes, at: int) -> int:
        """Return the size of the good frame that begins at `at`, 0 where there is none."""
        if not _HEADER.match(line, at):
            return 0
        size = int(line[at : at + 2], 16) + self._uncounted
        piece = line[at : at + size]
        if size < _HEAD_CHARS + _TAIL_CHARS or len(piece) < size or not _HEX.match(piece, size - 2):
            return 0
        if checksum(piece[:-2]) != int(piece[-2:], 16):
            return 0
        if at and not self._known(piece[2:4].decode()):
            return 0
        # the beginning of a frame that was cut and glued to the next can have the right sum
        return size if at + size == len(line) or _HEADER.match(line, at + size) else 0

    def _refused(self, piece: bytes, end: bytes) -> list[Frame]:
        fault = self._fault_of(piece)
        if fault is FaultKind.NOISE:
            return self._noise.take(piece + end)
        return [*self._noise.flush(), Frame(piece + end, fault=fault)]

    def _fault_of(self, piece: bytes) -> FaultKind:
        """Say what is wrong with a piece in which no good frame was found."""
        if not _HEADER.match(piece) or len(piece) < _HEAD_CHARS + _TAIL_CHARS:
            return FaultKind.NOISE
        if not all(byte >= 0x20 for byte in piece):
            return FaultKind.NOISE
        if int(piece[:2], 16) + self._uncounted != len(piece):
            return FaultKind.LENGTH
        return FaultKind.CHECKSUM if _HEX.match(piece, len(piece) - 2) else FaultKind.SHAPE


def spelled(frame: Frame, charset: str, *names: str) -> Frame:
    """Return the frame with the texts called `names` in the panel's own characters."""
    texts = {name: frame.fields[name] for name in names if name in frame.fields}
    told = {name: str(text).encode("latin-1", "replace") for name, text in texts.items()}
    read = {name: text.decode(charset, "replace") for name, text in told.items()}
    return replace(frame, fields={**frame.fields, **read}) if read else frame


def unmarked(text: str) -> str:
    """Return a text without the mark that panels make of bit 7 of its first character.

    Where others have that bit too it is no mark: the text is in a character set of eight bits.
    """
    return chr(ord(text[0]) & 0x7F) + text[1:] if text[1:].isascii() else text


def _parts(frame: bytes) -> tuple[str, str, str]:
    """Return type, data and tail; text of a panel is of no stated character set."""
    text = frame.decode("latin-1")
    return text[2:4], text[4:-4], text[-4:-2]


def request(kind: str, data: str = "", *, uncounted: int) -> bytes:
    """Return a frame to the panel; `uncounted` as of the decoder."""
    body = f"{kind}{data}00"
    text = f"{len(body) + 4 - uncounted:02X}{body}".encode()
    return text + f"{checksum(text):02X}\r\n".encode()
