"""Where a line or bus is reached: the values that a configuration names and a line opens."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialAddress:
    """A serial port.  Name it by `/dev/serial/by-id/...`: ttyUSB numbers change at each start."""

    port: str
    baud: int = 9600
    bits: Literal[7, 8] = 8
    parity: Literal["N", "E", "O", "M", "S"] = "N"
    stop: Literal[1, 2] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpAddress:
    """A device that listens and that we call."""

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenAddress:
    """A port of ours that devices call; `host` is the interface to listen on."""

    port: int
    host: str = "0.0.0.0"  # noqa: S104  panels are on the site's own network


LineAddress = SerialAddress | TcpAddress | ListenAddress
BusAddress = SerialAddress | TcpAddress
