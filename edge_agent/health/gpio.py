"""One GPIO line through the kernel's character device (version 2 of its interface, Linux 5.10).

Layouts and numbers are those of <linux/gpio.h>, the same on all 64-bit machines.  The line stays
requested while it is open: nobody else can drive it, and its edges queue up in the kernel.
"""

import contextlib
import errno
import fcntl
import os
import struct
from collections.abc import Callable
from pathlib import Path

from edge_agent.domain.body import GpioInput

Ioctl = Callable[[int, int, bytearray], int]

GET_CHIPINFO = 0x8044B401
GET_LINE = 0xC250B407
GET_VALUES = 0xC010B40E

ACTIVE_LOW, INPUT, EDGE_RISING, EDGE_FALLING = 1 << 1, 1 << 2, 1 << 4, 1 << 5
BIAS = {"as_is": 0, "pull_up": 1 << 8, "pull_down": 1 << 9, "off": 1 << 10}

CHIPINFO = struct.Struct("=32s32sI")  # name, label, lines
REQUEST = struct.Struct("=64I32sQ264xII20xi")  # offsets, consumer, flags, lines, buffer, fd
VALUES = struct.Struct("=QQ")  # bits, mask
EVENT_BYTES = 48
EVENTS_A_READ = 16  # the kernel's queue for one line

CONSUMER = b"edge-agent"


def system_ioctl(fd: int, request: int, buffer: bytearray) -> int:
    """Call ioctl(2); `buffer` is filled in place."""
    return int(fcntl.ioctl(fd, request, buffer, True))


class GpioLine:
    """An input that is requested; `fd` becomes readable with each edge."""

    def __init__(self, fd: int, ioctl: Ioctl) -> None:
        self.fd = fd
        self._ioctl = ioctl

    def is_active(self) -> bool:
        """Return whether the line is at its active level now.  Raises OSError."""
        buffer = bytearray(VALUES.pack(0, 1))
        self._ioctl(self.fd, GET_VALUES, buffer)
        return bool(VALUES.unpack(buffer)[0] & 1)

    def forget_edges(self) -> None:
        """Take the edges that queued up: they only wake us, the level is what counts.

        Raises OSError where the chip is gone.
        """
        most = EVENT_BYTES * EVENTS_A_READ
        with contextlib.suppress(BlockingIOError):
            while len(edges := os.read(self.fd, most)) == most:
                pass
            if not edges:
                raise OSError(errno.ENODEV, "the GPIO chip is gone")

    def close(self) -> None:
        """Give the line back."""
        os.close(self.fd)


def open_line(devices: Path, pin: GpioInput, ioctl: Ioctl = system_ioctl) -> GpioLine:
    """Request `pin`; `devices` is /dev.  Raises OSError, with words that a technician can use."""
    chip = os.open(_chip(devices, pin.chip, ioctl), os.O_RDWR | os.O_CLOEXEC)
    try:
        flags = INPUT | EDGE_RISING | EDGE_FALLING | BIAS[pin.bias]
        if pin.active == "low":
            flags |= ACTIVE_LOW
        lines = (pin.line, *[0] * 63)
        buffer = bytearray(REQUEST.pack(*lines, CONSUMER, flags, 1, EVENTS_A_READ, 0))
        try:
            ioctl(chip, GET_LINE, buffer)
        except OSError as error:
            raise OSError(error.errno, _why(error, pin)) from error
    finally:
        os.close(chip)
    fd = REQUEST.unpack(buffer)[-1]
    os.set_blocking(fd, False)
    return GpioLine(fd, ioctl)


def _why(error: OSError, pin: GpioInput) -> str:
    place = f"{pin.chip} line {pin.line}"
    words = {
        errno.EBUSY: f"{place} is in use by another program or driver (gpioinfo names it)",
        errno.EINVAL: f"{place}: the chip has no such line, or not this bias",
        errno.ENOTTY: f"{place}: this is no GPIO chip, or its kernel is older than 5.10",
    }
    return words.get(error.errno or 0, f"{place}: {error.strerror}")


def _chip(devices: Path, name: str, ioctl: Ioctl) -> Path:
    """Return the device of the chip of that name or label.  Raises OSError."""
    if (devices / name).exists():
        return devices / name
    labels: dict[str, Path] = {}
    for path in sorted(devices.glob("gpiochip*")):
        with contextlib.suppress(OSError):
            labels.setdefault(_label(path, ioctl), path)
    if name not in labels:
        there = ", ".join(f"{path.name} ({label})" for label, path in labels.items())
        raise OSError(errno.ENODEV, f"no GPIO chip {name}; there are: {there or 'none'}")
    return labels[name]


def _label(path: Path, ioctl: Ioctl) -> str:
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        buffer = bytearray(CHIPINFO.size)
        ioctl(fd, GET_CHIPINFO, buffer)
    finally:
        os.close(fd)
    label: bytes = CHIPINFO.unpack(buffer)[1]
    return label.rstrip(b"\0").decode(errors="replace")
