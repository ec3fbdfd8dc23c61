"""Where a line, a bus or a TPM is reached: the values that a configuration names."""

from dataclasses import dataclass
from typing import Literal

TPM_DEVICE = "/dev/tpmrm0"
"""The kernel's resource manager: several programs can use the TPM through it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialAddress:
    """A serial port.  Name it by `/dev/serial/by-id/...`: ttyUSB numbers change at each start."""

    port: str
    baud: int = 9600
    bits: Literal[7, 8] = 8
    parity: Literal["N", "E", "O", "M", "S"] = "N"
    stop: Literal[1, 2] = 1

    def __post_init__(self) -> None:
        if not 0 < len(self.port) <= 4096:
            raise ValueError("port is a path such as /dev/serial/by-id/usb-...")
        if not 50 <= self.baud <= 4_000_000:
            raise ValueError(f"baud is 50 to 4000000, not {self.baud}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpAddress:
    """A device that listens and that we call."""

    host: str
    port: int

    def __post_init__(self) -> None:
        _check(self.host, self.port)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenAddress:
    """A port of ours that devices call; `host` is the interface to listen on."""

    port: int
    host: str = "0.0.0.0"  # noqa: S104  panels are on the site's own network
    transport: Literal["tcp", "udp"] = "tcp"

    def __post_init__(self) -> None:
        _check(self.host, self.port)


LineAddress = SerialAddress | TcpAddress | ListenAddress
BusAddress = SerialAddress | TcpAddress


def _check(host: str, port: int) -> None:
    check_host(host)
    if not 1 <= port <= 65535:
        raise ValueError(f"port is 1 to 65535, not {port}")


def check_host(host: str) -> None:
    """Raise ValueError where `host` can be neither a name nor an address, such as `10.0..1`."""
    try:
        usable = 0 < len(host) <= 253 and bool(host.encode("idna"))  # as the resolver will do
    except UnicodeError:
        usable = False
    # tcp://10.0.0.7 and 10.0.0.7:2401 are none; an address of IPv6 has two colons and more
    if not usable or host.count(":") == 1 or any(one in host for one in "/ @"):
        raise ValueError(
            "host is a name or an address: 1 to 253 characters, 1 to 63 between two dots;"
            " no scheme before it, no port behind it"
        )
