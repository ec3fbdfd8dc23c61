r"""Frames of SIA DC-09: cut out of a stream, and put together.

    LF crc 0LLL "id" seq [Rrcvr] Lpref [#acct] [data] [xdata] _HH:MM:SS,MM-DD-YYYY CR

`crc` is CRC-16/ARC over everything from the first quote to the last byte before CR, `0LLL` the
length of the same in bytes, both as four hex digits.  Met in the field and accepted: a CRC of two
plain bytes, a length in decimal (its CRC right), length and CRC with the CR in them, small hex
digits, NUL and LF after CR, bytes of any value inside (so a frame is cut by its length, not
by CR), and the keepalive line of another protocol on the same port.  Sources: open receivers and
senders of this format, and their issues.
"""

import re
from dataclasses import dataclass
from typing import Final

from edge_agent.domain.session import FaultKind
from edge_agent.domain.signal import FRAME_BYTES_MAX

LF: Final = b"\n"
CR: Final = b"\r"
FILL: Final = b"\x00\r\n"  # what senders put after CR; belongs to no frame and harms none

NOISE_BYTES_MAX = 1 << 16  # a run of noise is reported in one piece up to this size
TAIL_BYTES = 64  # longer than any beginning of a header or keepalive that may still become one

_HEAD = re.compile(
    rb'\n(?:(?P<crc>[ -~]{4})(?P<length>[ -~]{4})|(?P<plain>..)(?P<length2>0[0-9A-Fa-f]{3}))"',
    re.DOTALL,
)
_NEXT = re.compile(rb'\n(?:[0-9A-Fa-f]{4}|.{2})0[0-9A-Fa-f]{3}"', re.DOTALL)
_KEEPALIVE = re.compile(
    rb"SR[0-9A-Fa-f]{4}L[0-9A-Fa-f]{3,4} {1,12}[0-9A-Za-z]{6,10} {0,8}\[ID[0-9A-Fa-f]{8}\]"
)
_HEX4 = re.compile(rb"[0-9A-Fa-f]{4}")
_SIZE = re.compile(rb"0[0-9A-Fa-f]{3}")  # beyond the longest frame: never reached, so never whole


def _row(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


_TABLE = tuple(_row(value) for value in range(256))


def crc16(data: bytes) -> int:
    """Return CRC-16/ARC: reflected polynomial A001h, start 0; of `123456789` it is BB3Dh."""
    crc = 0
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc


def framed(body: bytes, *, plain_crc: bool = False) -> bytes:
    """Return `body` (from its first quote on) as a frame; `plain_crc`: the CRC as two bytes."""
    crc = crc16(body)
    head = crc.to_bytes(2, "big") if plain_crc else b"%04X" % crc
    return LF + head + b"%04X" % len(body) + body + CR


@dataclass(frozen=True, slots=True)
class Cut:
    """One stretch of the stream: a frame, whole or refused, a keepalive line, or noise.

    `body` is what the CRC is over; empty for noise and keepalives, for which `fault` tells them
    apart.  `at` is where it begins in `raw`.
    """

    raw: bytes
    body: bytes = b""
    at: int = 0
    fault: FaultKind | None = None
    plain_crc: bool = False
    decimal_length: bool = False

    @property
    def is_keepalive(self) -> bool:
        """Whether this is the line of the other protocol, to be sent back as it is."""
        return self.fault is None and not self.body


@dataclass(frozen=True, slots=True)
class _Head:
    """What a header says; `at` is where the body begins, None stands for what is no number."""

    at: int
    crc: int | None
    size: int | None
    digits: bytes
    plain: bool


def _head_of(buffer: bytearray) -> _Head:
    match = _HEAD.match(buffer)
    assert match is not None, "the buffer begins with a header"
    plain = match["plain"] is not None
    digits = match["length2"] if plain else match["length"]
    size = int(digits, 16) or None if _SIZE.fullmatch(digits) else None
    if plain:
        crc: int | None = int.from_bytes(match["plain"], "big")
    else:
        crc = int(match["crc"], 16) if _HEX4.fullmatch(match["crc"]) else None
    return _Head(match.end() - 1, crc, size, digits, plain)


class Cutter:
    """Cuts a stream, in any split, into frames and what is none; linear time, bounded memory.

    A header inside of a frame that is not whole begins the next frame: what a damaged length claims
    is never waited for when there is more to read.
    """

    def __init__(self, noise_bytes_max: int = NOISE_BYTES_MAX) -> None:
        self._noise_bytes_max = noise_bytes_max
        self._buffer = bytearray()
        self._noise = bytearray()
        self._after = True  # nothing but fill since the last frame
        self._checked: dict[int, bool] = {}  # of the frame at the start: whether the CRC fits there

    def is_waiting(self) -> bool:
        """Tell whether bytes are held that are no whole frame yet."""
        return bool(self._buffer.strip(FILL) or self._noise)

    def feed(self, data: bytes) -> list[Cut]:
        """Take the next bytes; return what is complete."""
        cuts: list[Cut] = []
        for at in range(0, len(data), FRAME_BYTES_MAX):
            self._buffer += data[at : at + FRAME_BYTES_MAX]
            self._cut(cuts, over=False)
        return cuts

    def finish(self) -> list[Cut]:
        """Return what is left: nothing more will come."""
        cuts: list[Cut] = []
        self._cut(cuts, over=True)
        self._to_noise(len(self._buffer), cuts)
        self._flush(cuts)
        return cuts

    def _cut(self, cuts: list[Cut], *, over: bool) -> None:
        """Take off what can be told; `over`: nothing more will come."""
        while True:
            head = _HEAD.search(bytes(self._buffer))
            stop = head.start() if head else len(self._buffer)
            keepalive = _KEEPALIVE.search(bytes(self._buffer[:stop]))
            if keepalive is not None:
                self._to_noise(keepalive.start(), cuts)
                self._emit(Cut(keepalive[0]), cuts)
            elif head is None:
                self._to_noise(max(0, stop - TAIL_BYTES), cuts)
                return
            else:
                self._to_noise(stop, cuts)
                cut = self._frame(over=over)
                if cut is None:
                    return
                self._emit(cut, cuts)

    def _frame(self, *, over: bool) -> Cut | None:
        """Return the frame that begins the buffer; None while more of it may come."""
        buffer, head = self._buffer, _head_of(self._buffer)
        follower = _NEXT.search(bytes(buffer[: FRAME_BYTES_MAX + TAIL_BYTES]), head.at)
        limit = follower.start() if follower else min(len(buffer), FRAME_BYTES_MAX)
        over = over or follower is not None or len(buffer) > FRAME_BYTES_MAX
        end = buffer.find(CR, head.at, limit)
        whole = limit + 1 if head.size is None else head.at + head.size
        if 0 <= end != whole and self._fits(head, end):
            decimal = head.digits.isdigit() and int(head.digits) == end - head.at
            return self._made(head, end, None if decimal else FaultKind.LENGTH, decimal=decimal)
        if whole <= limit and self._fits(head, whole):
            if CR in buffer[whole - 1 : whole + 1]:  # ELDES counts it in
                return self._made(head, whole, None)
            is_cut = over or whole < len(buffer)  # else its CR is on the way
            return self._made(head, whole, FaultKind.LENGTH) if is_cut else None
        if whole <= limit and buffer[whole : whole + 1] == CR:
            return self._made(head, whole, FaultKind.CHECKSUM)
        if end >= 0 and (over or whole < len(buffer) or head.size is None):
            return self._made(head, end, FaultKind.LENGTH)
        return self._made(head, limit, FaultKind.LENGTH) if over else None

    def _fits(self, head: _Head, end: int) -> bool:
        """Tell whether the CRC is that of the body up to `end`; counted once for each end."""
        if end not in self._checked:
            self._checked[end] = crc16(bytes(self._buffer[head.at : end])) == head.crc
        return self._checked[end]

    def _made(
        self, head: _Head, end: int, fault: FaultKind | None, *, decimal: bool = False
    ) -> Cut:
        body = bytes(self._buffer[head.at : end]).removesuffix(CR)
        stop = end + 1 if self._buffer[end : end + 1] == CR else end
        raw = bytes(self._buffer[:stop])
        return Cut(raw, body, head.at, fault, plain_crc=head.plain, decimal_length=decimal)

    def _emit(self, cut: Cut, cuts: list[Cut]) -> None:
        self._flush(cuts)
        cuts.append(cut)
        del self._buffer[: len(cut.raw)]
        self._after = True
        self._checked.clear()

    def _to_noise(self, size: int, cuts: list[Cut]) -> None:
        """Take `size` bytes off the buffer that belong to no frame."""
        stray = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._noise += stray.lstrip(FILL) if self._after else stray
        self._after = self._after and not self._noise
        while len(self._noise) >= self._noise_bytes_max:
            piece = bytes(self._noise[: self._noise_bytes_max])
            del self._noise[: self._noise_bytes_max]
            cuts.append(Cut(piece, fault=FaultKind.NOISE))

    def _flush(self, cuts: list[Cut]) -> None:
        if self._noise:
            cuts.append(Cut(bytes(self._noise), fault=FaultKind.NOISE))
            self._noise.clear()
