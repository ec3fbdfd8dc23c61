"""What a person types for a line, and what it is called."""

import pytest

from edge_agent.domain.address import ListenAddress, SerialAddress, TcpAddress
from edge_agent.linetools.places import parse, serial_address, settings_text, text


@pytest.mark.parametrize(
    ("typed", "address", "shown"),
    [
        ("/dev/ttyUSB0", SerialAddress(port="/dev/ttyUSB0"), "/dev/ttyUSB0"),
        ("./pty", SerialAddress(port="./pty"), "./pty"),
        ("10.0.0.7:2101", TcpAddress(host="10.0.0.7", port=2101), "10.0.0.7:2101"),
        ("tcp:panel.local:23", TcpAddress(host="panel.local", port=23), "panel.local:23"),
        ("[::1]:9", TcpAddress(host="::1", port=9), "[::1]:9"),
        ("listen:9000", ListenAddress(port=9000), "listen:0.0.0.0:9000"),
        (
            "listen:127.0.0.1:9000",
            ListenAddress(port=9000, host="127.0.0.1"),
            "listen:127.0.0.1:9000",
        ),
        ("udp:9000", ListenAddress(port=9000, transport="udp"), "udp:0.0.0.0:9000"),
    ],
)
def test_a_place(typed: str, address: object, shown: str) -> None:
    assert parse(typed) == address
    assert text(parse(typed)) == shown
    assert parse(shown) == address


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("9600", (9600, 8, "N", 1)),
        ("19200-7E1", (19200, 7, "E", 1)),
        ("2400,8n2", (2400, 8, "N", 2)),
        ("9600 8O1", (9600, 8, "O", 1)),
    ],
)
def test_settings(typed: str, expected: tuple[object, ...]) -> None:
    found = serial_address("/dev/x", typed)
    assert (found.baud, found.bits, found.parity, found.stop) == expected
    assert serial_address("/dev/x", settings_text(found)) == found


@pytest.mark.parametrize(
    "typed", ["", "ttyUSB0", "host", "host:", ":9", "listen:", "udp:x", "host:99999", "a..b:1"]
)
def test_what_is_no_place_is_told(typed: str) -> None:
    with pytest.raises(ValueError, match=r"line|port|host"):
        parse(typed)


@pytest.mark.parametrize("typed", ["", "fast", "9600-9N1", "9600-8X1", "1", "9600-8N3"])
def test_what_is_no_setting_is_told(typed: str) -> None:
    with pytest.raises(ValueError, match="no line setting"):
        parse("/dev/x", typed)
