"""Frames, maps and log entries of a Satel INTEGRA, written from the facts for its emulator."""

from datetime import datetime


def check(inner: bytes) -> bytes:
    """Return the two check bytes of command and data."""
    total = 0x147A
    for byte in inner:
        total *= 2
        total = total % 0x10000 + total // 0x10000
        total = 0xFFFF - total
        total = (total + total // 256 + byte) % 0x10000
    return bytes(divmod(total, 256))


def framed(command: int, data: bytes = b"") -> bytes:
    """Return a frame as it is on the wire."""
    told = bytearray()
    for byte in bytes([command, *data]) + check(bytes([command, *data])):
        told += b"\xfe\xf0" if byte == 0xFE else bytes([byte])
    return b"\xfe\xfe%b\xfe\x0d" % bytes(told)


def opened(frame: bytes) -> bytes | None:
    """Return command and data of what stands between the marks; None where the check is wrong."""
    inner = frame.replace(b"\xfe\xf0", b"\xfe")
    return inner[:-2] if len(inner) > 2 and check(inner[:-2]) == inner[-2:] else None


def is_sound(frame: bytes) -> bool:
    """Tell whether a frame is marked and checked right; its last byte, 0D, is left out."""
    is_marked = frame[:2] == b"\xfe\xfe" and frame[-1:] == b"\xfe"
    return is_marked and opened(frame[2:-1]) is not None


def bits(numbers: list[int], size: int) -> bytes:
    """Return a map: object 1 is bit 0 of the first byte."""
    told = bytearray(size)
    for number in numbers:
        if 0 < number <= 8 * size:
            told[(number - 1) // 8] |= 1 << (number - 1) % 8
    return bytes(told)


def numbers_of(data: bytes) -> list[int]:
    """Return the objects of a map."""
    return [8 * at + bit + 1 for at, byte in enumerate(data) for bit in range(8) if byte >> bit & 1]


def record(at: datetime, group: int, code: int, where: tuple[int, int]) -> bytes:
    """Return the eight bytes of a log entry; `code` with its restore bit, `where` area and source.

    It is filled, present, and not monitored.
    """
    area, source = where
    minute = 60 * at.hour + at.minute
    told = (at.year % 4 << 6 | 0x30, group << 5 | at.day, at.month << 4 | minute >> 8, minute & 255)
    return bytes((*told, (area - 1) << 3 | code >> 8, code & 255, source & 255, 0))
