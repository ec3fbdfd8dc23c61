"""Readers against a simulated tree of kernel files, and once against this machine's own.

Seen to fail: a temperature in millidegrees, a partition without its disk,
an empty file that raised, a number as long as the file.
"""

import os
from pathlib import Path

import pytest

from edge_agent.health.sources import Sources, device_of
from tests.health.machine import CARD, FILES, Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_everything_is_read(machine: Machine) -> None:
    assert Sources(machine.root, CARD).look() == {
        "temperature_c": 48.312,
        "under_voltage": 0,
        "throttled": 0,
        "card_written_bytes": 2048 * 512,
        "card_life_percent": 20,
        "card_reserve_step": 1,
        "handles": 20,
        "handles_percent": 20,
        "threads": 5,
        "memory_mib": 42,
        "memory_pressure_percent": 1.25,
    }


def test_a_machine_without_anything_has_no_readings(tmp_path: Path) -> None:
    sources = Sources(tmp_path, CARD)
    assert sources.look() == {}
    assert sources.supplies() == []
    assert sources.supply("hat") is None


@pytest.mark.parametrize(
    "text", ["", "\x00\xff", "nonsense", "-", "0x", "9" * 5000, "nan", "inf", "1e999", "-1"]
)
def test_no_content_of_any_file_is_an_error(machine: Machine, text: str) -> None:
    for name in FILES:
        machine.write(name, text)
    sources = Sources(machine.root, CARD)
    sources.look()
    sources.supply("hat")


def test_what_cannot_be_opened_is_missing(machine: Machine) -> None:
    sources = Sources(machine.root, CARD)
    for name in FILES:
        machine.remove(name)
    assert set(sources.look()) == {"handles"}


@pytest.mark.parametrize(
    ("alarm", "bits", "low", "slow"),
    [
        ("0", "0", 0, 0),
        ("1", "0", 1, 0),
        ("0", "50005", 1, 1),
        ("0", "50000", 0, 0),  # has occurred since boot, not now
        ("0", "80008", 0, 1),
        ("0", "2", 0, 1),
    ],
)
def test_the_firmwares_bits(machine: Machine, alarm: str, bits: str, low: int, slow: int) -> None:
    machine.write("sys/class/hwmon/hwmon1/in0_lcrit_alarm", alarm)
    machine.write("sys/devices/platform/soc/soc:firmware/get_throttled", bits)
    found = Sources(machine.root).look()
    assert (found["under_voltage"], found["throttled"]) == (low, slow)


def test_the_processors_zones_count_before_others(machine: Machine) -> None:
    machine.write("sys/class/thermal/thermal_zone1/type", "iwlwifi_1")
    machine.write("sys/class/thermal/thermal_zone1/temp", "91000")
    machine.write("sys/class/thermal/thermal_zone2/type", "cpu-thermal")
    machine.write("sys/class/thermal/thermal_zone2/temp", "52000")
    assert Sources(machine.root).look()["temperature_c"] == 52
    for zone in (0, 2):
        machine.write(f"sys/class/thermal/thermal_zone{zone}/type", "board")
    assert Sources(machine.root).look()["temperature_c"] == 91


def test_a_sensor_that_was_renumbered_is_found_again(machine: Machine) -> None:
    sources = Sources(machine.root)
    (machine.root / "sys/class/hwmon/hwmon1").rename(machine.root / "sys/class/hwmon/hwmon3")
    machine.remove("sys/devices/platform/soc/soc:firmware/get_throttled")
    assert "under_voltage" not in sources.look()
    assert sources.look()["under_voltage"] == 0


def test_a_partitions_wear_is_that_of_its_disk(machine: Machine) -> None:
    machine.write("sys/dev/block/179:0/mmcblk0p2/partition", "2")
    (machine.root / "sys/dev/block/179:2").symlink_to("179:0/mmcblk0p2")
    assert Sources(machine.root, (179, 2)).look()["card_life_percent"] == 20


def test_a_card_that_tells_no_life_has_none(machine: Machine) -> None:
    machine.write("sys/dev/block/179:0/device/life_time", "0x00 0x00")
    machine.write("sys/dev/block/179:0/device/pre_eol_info", "0x00")
    assert not {"card_life_percent", "card_reserve_step"} & set(Sources(machine.root, CARD).look())
    machine.write("sys/dev/block/179:0/device/life_time", "0x0b 0x01")
    assert Sources(machine.root, CARD).look()["card_life_percent"] == 110


@pytest.mark.parametrize(
    ("files", "mains", "percent", "low"),
    [
        ({"status": "Discharging", "capacity": "17"}, False, 17, None),
        ({"status": "Full", "capacity": "100", "capacity_level": "Full"}, True, 100, False),
        ({"status": "Not charging"}, True, None, None),
        ({"status": "Unknown", "capacity_level": "Critical"}, None, None, True),
        ({"online": "1", "status": "Discharging"}, True, None, None),
        ({"online": "0", "capacity": "250"}, False, None, None),
    ],
)
def test_a_power_supply(
    machine: Machine,
    files: dict[str, str],
    mains: bool | None,
    percent: int | None,
    low: bool | None,
) -> None:
    for name, text in files.items():
        machine.write(f"sys/class/power_supply/ups/{name}", text + "\n")
    sources = Sources(machine.root)
    supply = sources.supply("ups")
    assert supply is not None
    assert (supply.mains, supply.percent, supply.low) == (mains, percent, low)
    assert all(text.encode() in supply.frame for text in files.values())
    assert sources.supplies() == ["hat", "ups"]


def test_this_process_is_really_counted(tmp_path: Path) -> None:
    sources = Sources(Path("/"), device_of(tmp_path))
    before = sources.look()
    opened = [os.open("/dev/null", os.O_RDONLY) for _ in range(50)]
    try:
        after = sources.look()
    finally:
        for fd in opened:
            os.close(fd)
    assert after["handles"] - before["handles"] == 50
    assert after["handles_percent"] > before["handles_percent"]
    assert after["threads"] >= 1
    assert after["memory_mib"] > 5


def test_a_folder_that_is_not_there_has_no_device(tmp_path: Path) -> None:
    assert device_of(tmp_path / "none") is None
    assert device_of(tmp_path) is not None
