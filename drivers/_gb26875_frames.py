"""Frames of GB/T 26875.3: cut from a stream, checked, taken apart; and made.

All numbers low byte first:

    0 "@@"  2 serial  4 version  6 time  12 source  18 destination  24 length n  26 command
    27 application data, n bytes of 0..1024      27+n sum of bytes 2..26+n      28+n "##"

The time is second, minute, hour, day, month, year-2000 in plain binary.  Both marks may occur
inside a frame: it is cut by its length, then its end mark and its sum are verified.

Source: the public standard; open codecs; the examples in the tests were summed by hand.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final

from edge_agent.domain.panel_clock import PanelTime, panel_time
from edge_agent.domain.session import FaultKind

START: Final = b"@@"
END: Final = b"##"
HEADER_BYTES: Final = 27  # up to and with the command
FRAME_BYTES_MIN: Final = 30
LENGTH_BYTES: Final = 26  # so many of a frame say how long it is
DATA_BYTES_MAX: Final = 1024
NOISE_BYTES_MAX: Final = 1 << 16  # a run of noise is reported in one piece up to this size
TIME_BYTES: Final = 6


class Command(IntEnum):
    """What a frame is for; 7 to 127 are reserved, 128 to 255 the maker's own."""

    CONTROL = 1
    SEND = 2
    ACKNOWLEDGE = 3
    REQUEST = 4
    REPLY = 5
    DENY = 6


@dataclass(frozen=True, slots=True)
class Cut:
    """A stretch of the stream: one good frame where `fault` is None."""

    raw: bytes
    fault: FaultKind | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the application data; addresses as numbers."""

    serial: int
    version: tuple[int, int]
    time: bytes
    source: int
    destination: int
    command: int

    @property
    def device(self) -> int:
        """The device's address in a frame that it sends: some leave it in the destination."""
        return self.source or self.destination


def header_of(raw: bytes) -> Header:
    """Return the header of a frame of at least 27 bytes."""
    return Header(
        serial=int.from_bytes(raw[2:4], "little"),
        version=(raw[4], raw[5]),
        time=raw[6:12],
        source=int.from_bytes(raw[12:18], "little"),
        destination=int.from_bytes(raw[18:24], "little"),
        command=raw[26],
    )


def data_of(raw: bytes) -> bytes:
    """Return the application data of a good frame."""
    return raw[HEADER_BYTES:-3]


def time_of(data: bytes) -> PanelTime:
    """Return six bytes of time, put right where they are in no calendar."""
    second, minute, hour, day, month, year = data[:TIME_BYTES]
    return panel_time((2000 + year, month, day), (hour, minute, second))


def time_bytes(told: datetime) -> bytes:
    """Return a time as six bytes."""
    year = min(max(told.year - 2000, 0), 255)
    return bytes((told.second, told.minute, told.hour, told.day, told.month, year))


def frame_of(header: Header, data: bytes = b"") -> bytes:
    """Make a frame.  Raises ValueError for more than 1024 bytes of data."""
    if len(data) > DATA_BYTES_MAX:
        raise ValueError(f"{len(data)} bytes of data, allowed {DATA_BYTES_MAX}")
    inner = b"".join(
        (
            header.serial.to_bytes(2, "little"),
            bytes(header.version),
            header.time,
            header.source.to_bytes(6, "little"),
            header.destination.to_bytes(6, "little"),
            len(data).to_bytes(2, "little"),
            bytes((header.command,)),
            data,
        )
    )
    return START + inner + bytes((sum(inner) & 0xFF,)) + END


def _length_at(held: bytes | bytearray, at: int) -> int | None:
    """Return how long a frame that starts at `at` says it is; None while that is not heard yet."""
    if len(held) < at + LENGTH_BYTES:
        return None
    return FRAME_BYTES_MIN + int.from_bytes(held[at + 24 : at + 26], "little")


def _is_good(frame: bytes | bytearray) -> bool:
    return frame[-2:] == END and sum(frame[2:-3]) & 0xFF == frame[-3]


class Cutter:
    """Cuts a stream; keeps no more than one frame of the longest, and a run of noise.

    What began as a frame and is none is given up at the next start mark behind it: a frame that
    lost bytes takes nothing of the next one with it.
    """

    def __init__(self) -> None:
        self._held = bytearray()
        self._noise = bytearray()
        self._looked = 0  # how much of what is held was searched for a whole frame inside

    def is_waiting(self) -> bool:
        """Tell whether bytes are held that are no frame yet."""
        return bool(self._held or self._noise)

    def feed(self, data: bytes) -> list[Cut]:
        """Take the next bytes; return what is now decided."""
        cuts: list[Cut] = []
        for at in range(0, len(data), DATA_BYTES_MAX):
            self._held += data[at : at + DATA_BYTES_MAX]
            cuts += self._scan()
        return cuts

    def finish(self) -> list[Cut]:
        """Return what is left: no more bytes belong to it."""
        cuts: list[Cut] = []
        while self._held.startswith(START):
            inside = self._held.find(START, 1)
            cuts += self._take(inside if inside > 0 else len(self._held), FaultKind.LENGTH)
            cuts += self._scan()
        self._noise += self._held
        self._held.clear()
        return cuts + self._flush()

    def _scan(self) -> list[Cut]:
        cuts: list[Cut] = []
        while True:
            cuts += self._skip_noise()
            if not self._held.startswith(START):
                return cuts
            found = self._judge()
            if found is None:
                return cuts
            cuts += self._take(*found)

    def _skip_noise(self) -> list[Cut]:
        at = self._held.find(START)
        if at < 0:
            at = len(self._held) - self._held.endswith(START[:1])
        if at:
            self._noise += self._held[:at]
            self._drop(at)
        return self._flush() if len(self._noise) >= NOISE_BYTES_MAX else []

    def _judge(self) -> tuple[int, FaultKind | None] | None:
        """Return how much of what is held belongs together, and what is wrong with it."""
        length = _length_at(self._held, 0)
        if length is None:
            return None
        if length > FRAME_BYTES_MIN + DATA_BYTES_MAX:
            inside = self._held.find(START, 1, LENGTH_BYTES)
            return (inside if inside > 0 else len(START)), FaultKind.LENGTH
        # a damaged length must not hold back the frames behind it; what comes first decides, so
        # that it is the same however the bytes come
        whole = self._whole_inside(min(len(self._held), length - 1))
        if whole:
            return whole, FaultKind.LENGTH
        if len(self._held) < length:
            return None
        if _is_good(self._held[:length]):
            return length, None
        if self._held[length - 2 : length] == END:
            whole = self._whole_inside(length)
            return (whole, FaultKind.LENGTH) if whole else (length, FaultKind.CHECKSUM)
        inside = self._held.find(START, 1, length)
        if inside > 0:
            return inside, FaultKind.LENGTH
        # one byte was lost: the last one may be the beginning of the next start mark
        return length - (self._held[length - 1 : length] == START[:1]), FaultKind.SHAPE

    def _whole_inside(self, end: int) -> int:
        """Return where the good frame that ends first behind the beginning stands; 0: nowhere."""
        looked, self._looked = self._looked, end
        found, first = 0, end + 1
        at = self._held.find(START, 1, end)
        while at > 0:
            length = _length_at(self._held, at)
            last = at + (length or 0)
            if length and looked < last < first and _is_good(self._held[at:last]):
                found, first = at, last
            at = self._held.find(START, at + 1, end)
        return found

    def _take(self, size: int, fault: FaultKind | None) -> list[Cut]:
        raw = bytes(self._held[:size])
        self._drop(size)
        if size < len(START):  # one of several `@` before the frame's own two
            self._noise += raw
            return []
        return [*self._flush(), Cut(raw, fault)]

    def _drop(self, size: int) -> None:
        del self._held[:size]
        self._looked = 0

    def _flush(self) -> list[Cut]:
        if not self._noise:
            return []
        cut = Cut(bytes(self._noise), FaultKind.NOISE)
        self._noise.clear()
        return [cut]
