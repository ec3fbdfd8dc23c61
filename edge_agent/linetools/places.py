"""What a person types for a line, and back: ports, hosts, ports of ours."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal

from edge_agent.domain.address import LineAddress, ListenAddress, SerialAddress, TcpAddress

SETTINGS = re.compile(
    r"(?P<baud>\d{2,7})(?:[-,/ ]?(?P<bits>[78])(?P<parity>[NEOMS])(?P<stop>[12]))?"
)
_PARITIES: Final[Mapping[str, Literal["N", "E", "O", "M", "S"]]] = {
    "N": "N",
    "E": "E",
    "O": "O",
    "M": "M",
    "S": "S",
}
FORMS = "/dev/..., HOST:PORT, listen:PORT, udp:PORT"


def serial_address(port: str, settings: str) -> SerialAddress:
    """Return `port` with settings such as `9600` or `19200-7E1`.  Raises ValueError."""
    found = SETTINGS.fullmatch(settings.upper())
    if found is None:
        raise ValueError(f"{settings!r} is no line setting; they are like 9600 or 19200-7E1")
    values = {name: value for name, value in found.groupdict().items() if value}
    return SerialAddress(
        port=port,
        baud=int(values["baud"]),
        bits=7 if values.get("bits") == "7" else 8,
        parity=_PARITIES[values.get("parity", "N")],
        stop=2 if values.get("stop") == "2" else 1,
    )


def parse(text: str, settings: str = "9600") -> LineAddress:
    """Return the line that `text` names; `settings` are of a serial port.

    Raises ValueError with a plain sentence.
    """
    if text.startswith(("/", "./", "../")):
        return serial_address(text, settings)
    word, _, rest = text.partition(":")
    if word in ("listen", "udp") and rest:
        host, port = _host_and_port(rest)
        address = ListenAddress(port=port, transport="udp" if word == "udp" else "tcp")
        return replace(address, host=host) if host else address
    host, port = _host_and_port(rest if word == "tcp" and ":" in rest else text)
    if not host:
        raise ValueError(f"{text!r} is no line; they are {FORMS}")
    return TcpAddress(host=host, port=port)


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdecimal()):
        raise ValueError(f"{text!r} is no line; they are {FORMS}")
    return host.strip("[]"), int(port)


def settings_text(address: SerialAddress) -> str:
    """Return the settings of a port in short, such as `9600-8N1`."""
    return f"{address.baud}-{address.bits}{address.parity}{address.stop}"


def text(address: LineAddress) -> str:
    """Return what a person would type for `address`, without the settings of a port."""
    match address:
        case SerialAddress(port=port):
            return port
        case TcpAddress(host=host, port=number):
            return f"[{host}]:{number}" if ":" in host else f"{host}:{number}"
        case ListenAddress(port=number, host=host, transport=transport):
            word = "udp" if transport == "udp" else "listen"
            return f"{word}:{host}:{number}"
