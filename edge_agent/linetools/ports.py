"""Which serial ports there are: by their stable names, and what the adapter says of itself.

Names of `/dev/serial/by-id` stay when adapters are plugged elsewhere; where two adapters have no
number of their own they share one name there, and `by-path` tells the sockets apart.
"""

import contextlib
import fcntl
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path("/")
PATTERNS: Final = ("ttyUSB*", "ttyACM*", "ttyAMA*", "ttyS*", "ttyAP*", "ttyXR*", "ttymxc*")
_NO_HARDWARE: Final = "0"  # the type of a ttyS without a chip behind it
_TIOCMGET: Final = 0x5415
_TIOCGICOUNT: Final = 0x545D
_COUNTS: Final = struct.Struct("20i")  # serial_icounter_struct of linux/serial.h
_LINES: Final = {0x020: "CTS", 0x040: "DCD", 0x080: "RI", 0x100: "DSR"}


@dataclass(frozen=True, slots=True)
class SerialPort:
    """One port: `name` is what a configuration should say, `device` what the kernel calls it."""

    name: str
    device: str
    usb: dict[str, str] = field(default_factory=dict)

    @property
    def adapter(self) -> str:
        """The adapter in a few words, empty where it says nothing."""
        words = [self.usb.get(key, "") for key in ("manufacturer", "product", "serial")]
        ids = f"{self.usb['idVendor']}:{self.usb['idProduct']}" if "idVendor" in self.usb else ""
        return " ".join(word for word in (*words, ids) if word)


def serial_ports(root: Path = ROOT) -> list[SerialPort]:
    """Return every serial port of this machine, in order of name."""
    names = _stable_names(root)
    devices = sorted(
        {path for pattern in PATTERNS for path in (root / "dev").glob(pattern)},
        key=lambda path: (len(path.name), path.name),
    )
    return [
        SerialPort(names.get(path.name, f"/dev/{path.name}"), f"/dev/{path.name}", _usb(root, path))
        for path in devices
        if _has_hardware(root, path.name)
    ]


def _stable_names(root: Path) -> dict[str, str]:
    """Return the stable name of each device; by-id before by-path, one that is taken is no name."""
    found: dict[str, str] = {}
    for folder in ("by-path", "by-id"):
        with contextlib.suppress(OSError):
            for link in sorted((root / "dev/serial" / folder).iterdir()):
                found[link.resolve().name] = f"/dev/serial/{folder}/{link.name}"
    return found


def _has_hardware(root: Path, name: str) -> bool:
    if not name.startswith("ttyS"):
        return True
    return _read(root / "sys/class/tty" / name / "type") not in ("", _NO_HARDWARE)


def _usb(root: Path, path: Path) -> dict[str, str]:
    """Return the descriptors of the USB device that a port belongs to."""
    device = (root / "sys/class/tty" / path.name / "device").resolve()
    for folder in (device, *device.parents[:4]):
        if (folder / "idVendor").is_file():
            names = ("idVendor", "idProduct", "manufacturer", "product", "serial")
            return {name: text for name in names if (text := _read(folder / name))}
    return {}


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(200).decode("utf-8", "replace").strip()
    except OSError:
        return ""


def errors(fd: int) -> int | None:
    """Return how many bytes the port refused since it is there: framing, parity, breaks.

    None where it does not count them: a pty, some adapters.
    """
    try:
        counts = _COUNTS.unpack(fcntl.ioctl(fd, _TIOCGICOUNT, bytes(_COUNTS.size)))
    except OSError:
        return None
    frame, parity, breaks = counts[6], counts[8], counts[9]
    return int(frame + parity + breaks)


def control_lines(fd: int) -> list[str] | None:
    """Return which of the other end's control lines are on; None where there are none to ask."""
    try:
        (bits,) = struct.unpack("I", fcntl.ioctl(fd, _TIOCMGET, bytes(4)))
    except OSError:
        return None
    return [name for bit, name in _LINES.items() if bits & bit]
