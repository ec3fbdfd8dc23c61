"""Which serial ports there are, on a made-up machine; and what a real pty says of itself."""

import os
from pathlib import Path

import pytest

from edge_agent.linetools.ports import SerialPort, control_lines, errors, serial_ports


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    for name in ("ttyUSB0", "ttyUSB10", "ttyUSB2", "ttyS0", "ttyS1", "ttyAMA0", "tty1"):
        (tmp_path / "dev").mkdir(exist_ok=True)
        (tmp_path / "dev" / name).touch()
        (tmp_path / "sys/class/tty" / name).mkdir(parents=True)
    (tmp_path / "sys/class/tty/ttyS0/type").write_text("4\n")
    (tmp_path / "sys/class/tty/ttyS1/type").write_text("0\n")
    usb = tmp_path / "sys/devices/usb1/1-1"
    (usb / "1-1:1.0/ttyUSB0").mkdir(parents=True)
    (tmp_path / "sys/class/tty/ttyUSB0/device").symlink_to(usb / "1-1:1.0/ttyUSB0")
    for name, text in {
        "idVendor": "0403",
        "idProduct": "6001",
        "manufacturer": "FTDI",
        "product": "FT232R",
        "serial": "A5\xe9",
    }.items():
        (usb / name).write_text(text + "\n", encoding="latin-1")
    for folder, link, name in (
        ("by-id", "usb-FTDI_FT232R_A5-if00-port0", "ttyUSB0"),
        ("by-path", "pci-0000-usb-0:1:1.0-port0", "ttyUSB0"),
        ("by-path", "pci-0000-usb-0:2:1.0-port0", "ttyUSB2"),
    ):
        (tmp_path / "dev/serial" / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / "dev/serial" / folder / link).symlink_to(tmp_path / "dev" / name)
    return tmp_path


def test_ports_by_their_stable_names_with_what_the_adapter_says(machine: Path) -> None:
    found = serial_ports(machine)
    assert [one.name for one in found] == [
        "/dev/ttyS0",
        "/dev/ttyAMA0",
        "/dev/serial/by-id/usb-FTDI_FT232R_A5-if00-port0",
        "/dev/serial/by-path/pci-0000-usb-0:2:1.0-port0",
        "/dev/ttyUSB10",
    ]
    assert found[2].device == "/dev/ttyUSB0"
    assert found[2].adapter == "FTDI FT232R A5\ufffd 0403:6001"
    assert found[0].adapter == ""


def test_a_machine_without_ports_has_none(tmp_path: Path) -> None:
    assert serial_ports(tmp_path) == []
    assert all(isinstance(one, SerialPort) for one in serial_ports())


def test_a_pty_counts_no_errors_and_has_no_control_lines() -> None:
    master, slave = os.openpty()
    try:
        assert errors(slave) is None
        assert control_lines(slave) is None
    finally:
        os.close(master)
        os.close(slave)
