"""`alarmdecoder` by its maker follows and commands our emulated adapter: 1.13.14, over TCP.

It infers closed zones as the driver does, by what is shown around them, and after 30 s.  While a
fire lasts it says so again and again.
"""

from collections.abc import Iterator

import pytest

from tests.counterparts.environment import Counterpart, counterpart
from tests.hil.process import Emulator, running

NAME = "alarmdecoder"


@pytest.fixture
def panel() -> Iterator[Emulator]:
    with running(NAME, "--tcp", "0", "--rest-s", "0.1", "--exit-s", "0.2") as started:
        yield started


@pytest.fixture
def client(panel: Emulator) -> Iterator[Counterpart]:
    host, _, port = panel.where().rpartition(":")
    panel.tell("open 3")  # before anybody listens
    with counterpart(NAME, f"{NAME}_client.py", host, port) as started:
        yield started


def test_it_follows_zones_reports_and_commands(panel: Emulator, client: Counterpart) -> None:
    client.sees(what="zone_fault", zone=3)
    panel.tell("open 5")
    client.sees(what="zone_fault", zone=5)
    panel.tell("open 10")
    client.sees(expander=7, channel=2, value=1)
    panel.tell("alarm zone=3")
    client.sees(report="130", status=1, number="003", partition="1", means="Burglary")
    client.sees(what="alarm")
    panel.tell("mains")
    client.sees(report="301", status=1)
    client.sees(what="power_changed", status=False)
    panel.tell("radio a0")
    client.sees(radio="0345678", battery=False, loops=[True, True, False, False])
    panel.tell("restore alarm zone=3")
    client.sees(report="130", status=3)
    client.sees(what="alarm_restored")
    panel.tell("close 5")
    client.sees(what="zone_restore", zone=5)
    panel.tell("close 10", "close 3")
    client.sees(what="ready_changed", status=True)

    client.tell("24683")
    assert panel.state("obeyed")["line"] == "arm mode=stay"
    client.sees(report="441", status=3, number="002")
    client.sees(what="arm", stay=True)
    client.tell("24681")
    client.sees(report="401", status=1, number="002", means="Open/Close: By User")
    client.sees(what="disarm")
    client.tell("2468604")
    client.sees(what="bypass", status=True)
    panel.tell("fire zone=16")
    client.sees(what="fire", status=True)
    panel.tell("battery")
    client.sees(what="low_battery", status=True)
    assert {"what": "config_received"} in client.seen
