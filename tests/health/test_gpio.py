"""A GPIO line at the ioctl boundary: what is asked of the kernel, and what its refusals mean.

Seen to fail: active-low left out of the request; edges that were not taken (the loop would spin).
"""

import errno
import os
import select
from pathlib import Path

import pytest

from edge_agent.domain.body import GpioInput
from edge_agent.health import gpio
from edge_agent.health.gpio import open_line
from tests.health.machine import Machine

PIN = GpioInput(line=17, active="low", bias="pull_up")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_layouts_are_the_headers() -> None:
    """sizeof and offsetof of <linux/gpio.h>, as a C compiler told them."""
    assert (gpio.REQUEST.size, gpio.CHIPINFO.size, gpio.VALUES.size) == (592, 68, 16)
    for number, size in (
        (gpio.GET_LINE, gpio.REQUEST.size),
        (gpio.GET_CHIPINFO, gpio.CHIPINFO.size),
        (gpio.GET_VALUES, gpio.VALUES.size),
    ):
        assert number >> 16 & 0x3FFF == size
        assert number >> 8 & 0xFF == 0xB4
    packed = gpio.REQUEST.pack(*range(64), b"me", 0x1122334455667788, 7, 9, -2)
    assert packed[0x100:0x102] == b"me"
    assert packed[0x120:0x128] == (0x1122334455667788).to_bytes(8, "little")
    assert (packed[0x230], packed[0x234], packed[0x24C:0x250]) == (7, 9, b"\xfe\xff\xff\xff")


def test_a_line_is_requested_read_and_wakes_with_its_edges(machine: Machine) -> None:
    machine.chip.set(17, True)
    line = open_line(machine.root / "dev", PIN, machine.chip.ioctl)
    flags = gpio.INPUT | gpio.EDGE_RISING | gpio.EDGE_FALLING | gpio.ACTIVE_LOW | (1 << 8)
    assert machine.chip.requests == [(17, flags, b"edge-agent")]
    assert not line.is_active()
    assert select.select([line.fd], [], [], 0)[0] == []
    for _ in range(40):  # more than one read takes
        machine.chip.set(17, False)
        machine.chip.set(17, True)
    machine.chip.set(17, False)
    assert select.select([line.fd], [], [], 0)[0] == [line.fd]
    line.forget_edges()
    assert select.select([line.fd], [], [], 0)[0] == []
    assert line.is_active()
    line.close()
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(line.fd)


def test_a_chip_is_found_by_its_label_and_a_wrong_name_is_told_what_there_is(
    machine: Machine,
) -> None:
    by_label = GpioInput(chip="pinctrl-test", line=3)
    open_line(machine.root / "dev", by_label, machine.chip.ioctl).close()
    with pytest.raises(OSError, match=r"no GPIO chip pinctrl-x; there are: gpiochip0 \(pinctrl-te"):
        open_line(machine.root / "dev", GpioInput(chip="pinctrl-x", line=3), machine.chip.ioctl)
    machine.remove("dev/gpiochip0")
    with pytest.raises(OSError, match="there are: none"):
        open_line(machine.root / "dev", PIN, machine.chip.ioctl)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EBUSY, "in use by another"),
        (errno.EINVAL, "no such line"),
        (errno.ENOTTY, "older than 5.10"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_a_refusal_is_told_in_words(machine: Machine, number: int, words: str) -> None:
    machine.chip.refuses = number
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(OSError, match=words) as refused:
        open_line(machine.root / "dev", PIN, machine.chip.ioctl)
    assert refused.value.errno == number
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_chip_that_was_unplugged_is_an_error(machine: Machine) -> None:
    line = open_line(machine.root / "dev", PIN, machine.chip.ioctl)
    machine.chip.unplug()
    for call in (line.is_active, line.forget_edges):
        with pytest.raises(OSError, match=r"gone|No such"):
            call()
    line.close()


def test_the_systems_ioctl_refuses_what_is_no_chip(tmp_path: Path) -> None:
    (tmp_path / "gpiochip0").touch()
    with pytest.raises(OSError, match="no GPIO chip, or its kernel"):
        open_line(tmp_path, PIN)
