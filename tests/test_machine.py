"""The numbers of a machine's parts, on faked trees of /sys and on this machine."""

from pathlib import Path

import pytest

from edge_agent.evidence.machine import BOARD, CARD, FACTS_MAX, NETWORK, fact
from edge_agent.machine import machine_facts


def write(root: Path, name: str, content: bytes) -> Path:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def interface(root: Path, name: str, address: str, bus: str = "platform", kind: str = "0") -> None:
    device = root / "sys/devices" / bus / name
    device.mkdir(parents=True)
    write(root, f"sys/class/net/{name}/address", f"{address}\n".encode())
    write(root, f"sys/class/net/{name}/addr_assign_type", f"{kind}\n".encode())
    (root / f"sys/class/net/{name}/device").symlink_to(device)


@pytest.fixture
def pi(tmp_path: Path) -> Path:
    """A Raspberry Pi that runs from its card, with a USB modem and a bridge."""
    write(tmp_path, "sys/firmware/devicetree/base/serial-number", b"10000000DEADBEEF\0")
    write(tmp_path, "sys/devices/mmc/block/mmcblk0/device/cid", b"1b534d45423151543089a\n")
    write(tmp_path, "sys/devices/mmc/block/mmcblk0/mmcblk0p2/partition", b"2\n")
    block = tmp_path / "sys/dev/block/179:2"
    block.parent.mkdir(parents=True)
    block.symlink_to(tmp_path / "sys/devices/mmc/block/mmcblk0/mmcblk0p2")
    interface(tmp_path, "eth0", "b8:27:eb:11:22:33")
    interface(tmp_path, "wwan0", "02:11:22:33:44:55", "usb1/1-1")
    interface(tmp_path, "wlan0", "be:ef:00:11:22:33", kind="1")
    write(tmp_path, "sys/class/net/lo/address", b"00:00:00:00:00:00\n")
    return tmp_path


def test_a_pi_is_known_by_its_chip_its_card_and_its_own_network(pi: Path) -> None:
    assert machine_facts("gw1", (179, 2), pi) == (
        fact("gw1", BOARD, "10000000deadbeef"),
        fact("gw1", CARD, "1b534d45423151543089a"),
        fact("gw1", NETWORK, "b8:27:eb:11:22:33"),
    )


def test_what_is_not_there_is_left_out(pi: Path, tmp_path: Path) -> None:
    assert [kind for kind, _ in machine_facts("gw1", None, pi)] == [BOARD, NETWORK]
    assert [kind for kind, _ in machine_facts("gw1", (8, 1), pi)] == [BOARD, NETWORK]
    assert machine_facts("gw1", (179, 2), tmp_path / "nothing") == ()


@pytest.mark.parametrize("number", [b"", b"0000000000000000", b"None\n", b"To be filled by O.E.M."])
def test_what_vendors_write_in_place_of_a_number_is_none(pi: Path, number: bytes) -> None:
    write(pi, "sys/firmware/devicetree/base/serial-number", number)
    assert [kind for kind, _ in machine_facts("gw1", None, pi)] == [NETWORK]


def test_a_machine_with_many_interfaces_is_bounded(pi: Path) -> None:
    for number in range(20):
        interface(pi, f"lan{number}", f"b8:27:eb:00:00:{number:02x}")
    assert len(machine_facts("gw1", (179, 2), pi)) == FACTS_MAX


def test_this_machine_answers_the_same_twice(tmp_path: Path) -> None:
    device = tmp_path.stat().st_dev
    where = device >> 8 & 0xFFF, device & 0xFF
    assert machine_facts("gw1", where) == machine_facts("gw1", where)
