"""`dsc-it100` by others follows and commands our emulated IT-100: 0.3.0, on a pty.

It checks the sum of every line.  It follows zones, and partitions by ready, alarm and delays; that
a partition is armed it does not follow.  The first digit of a zone it takes for the partition, also
where there is none: zones below 100 only.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.counterparts.environment import Counterpart, counterpart
from tests.hil.process import Emulator, running

NAME = "dsc_it100"


@pytest.fixture
def port(tmp_path: Path) -> Path:
    return tmp_path / "panel"


@pytest.fixture
def panel(port: Path) -> Iterator[Emulator]:
    with running("dsc", "--pty", "--link", str(port), "--exit-s", "0.3") as started:
        started.where()
        yield started


@pytest.fixture
def client(panel: Emulator, port: Path) -> Iterator[Counterpart]:
    panel.tell("open 5")  # before anybody asks
    with counterpart(NAME, f"{NAME}_client.py", str(port)) as started:
        started.sees(zone=5, open=True)
        started.sees(zone=6, open=False)
        yield started


def test_it_follows_zones_and_partitions(panel: Emulator, client: Counterpart) -> None:
    panel.tell("open 3", "close 5", "tamper zone=7", "alarm zone=3")
    client.sees(zone=3, open=True)
    client.sees(zone=5, open=False)
    client.sees(zone=7, tamper=True)
    client.sees(partition=1, trouble=True)
    client.sees(zone=3, alarm=True)
    client.sees(partition=1, alarm=True)
    panel.tell("restore alarm zone=3")
    client.sees(zone=3, alarm=False)


def test_its_commands_arm_and_disarm(panel: Emulator, client: Counterpart) -> None:
    client.tell("033 1246800")
    assert panel.state("obeyed")["line"] == "arm area=1 mode=away"
    client.sees(partition=1, exit_delay=True)
    client.tell("040 1246800")
    assert panel.state("obeyed")["line"] == "disarm area=1"
    client.sees(partition=1, exit_delay=False)


def test_mains_and_battery_reach_it(panel: Emulator, client: Counterpart) -> None:
    panel.tell("mains")
    client.sees(general=True, ac_trouble=True)
    panel.tell("battery")
    client.sees(general=True, battery_trouble=True)
    panel.tell("restore mains")
    client.sees(general=True, ac_trouble=False)
