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

from edge_agent.domain.cutter import Found, SizedDecoder
from edge_agent.domain.panel_clock import PanelTime, panel_time
from edge_agent.domain.session import FaultKind, Frame

START: Final = b"@@"
END: Final = b"##"
HEADER_BYTES: Final = 27  # up to and with the command
FRAME_BYTES_MIN: Final = 30
LENGTH_BYTES: Final = 26  # so many of a frame say how long it is
DATA_BYTES_MAX: Final = 1024
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


def _size(head: bytes) -> int:
    """Return how long a frame that begins so is, 0 where it would be longer than the longest."""
    size = FRAME_BYTES_MIN + int.from_bytes(head[24:26], "little")
    return size if size <= FRAME_BYTES_MIN + DATA_BYTES_MAX else 0


def _is_good(frame: bytes) -> bool:
    return frame[-2:] == END and sum(frame[2:-3]) & 0xFF == frame[-3]


class Cutter(SizedDecoder):
    """Cuts a stream; what is cut is not read yet, a good frame is one without a fault."""

    def __init__(self) -> None:
        super().__init__(START, LENGTH_BYTES, _size, _is_good, Frame)

    def is_waiting(self) -> bool:
        """Tell whether bytes are held that are no frame yet."""
        return super().is_waiting() or bool(self._noise)

    def piece(self, held: bytearray, at: int, *, is_end: bool) -> tuple[int, Found]:
        """See Cutter: the head is so long that less of it is a frame that was cut, too."""
        size, found = super().piece(held, at, is_end=is_end)
        is_begun = held.startswith(START, at) and not held.startswith(START, at + 1)
        if found is FaultKind.NOISE and is_begun:
            return max(size, len(START)), FaultKind.LENGTH
        if found is not FaultKind.CHECKSUM or held.startswith(END, at + size - len(END)):
            return size, found
        # without its end mark one byte may be missing, and the last be the next one's first
        return size - held.startswith(START[:1], at + size - 1), FaultKind.SHAPE
