"""`paradox-alarm-interface` by others follows and commands our emulated PRT3 module: 3.8.1, a pty.

It reads the flags of an area in the other of the two orders that are told; the emulator says them
so here.  It names groups 21, 23, 30 to 34, 36, 38 and 59 to 63 otherwise than all other sources
(23 ends a bypass, 36 is the mains alone): the facts decide, and these names are not looked at.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.counterparts.environment import Counterpart, counterpart
from tests.hil.process import Emulator, running

NAME = "paradox_prt3"
CODE = "2468"


@pytest.fixture
def port(tmp_path: Path) -> Path:
    return tmp_path / "panel"


@pytest.fixture
def panel(port: Path) -> Iterator[Emulator]:
    line = ("--pty", "--link", str(port), "--no-dtr")
    timing = ("--answer-s", "0.01", "--exit-s", "0.3")
    with running(NAME, *line, *timing, "--memory-last") as started:
        started.where()
        yield started


@pytest.fixture
def client(panel: Emulator, port: Path) -> Iterator[Counterpart]:
    panel.tell("open 5", "weak zone=7", "tamper zone=6")  # before anybody asks
    with counterpart(NAME, f"{NAME}_client.py", str(port), CODE) as started:
        started.sees(connected=True)
        yield started


def test_it_learns_the_state_follows_events_and_commands(
    panel: Emulator, client: Counterpart
) -> None:
    client.sees(what="zone", name="Zone_4", open=False)
    client.sees(what="zone", name="Zone_5", open=True)
    client.sees(what="zone", name="Zone_6", tamper=True)
    client.sees(what="zone", name="Zone_7", low_battery_trouble=True)
    client.sees(what="partition", name="Area_2", current_state="disarmed")

    panel.tell("alarm zone=3", "open 4", "close 5", "fire zone=8", "event group=58")
    client.sees(what="zone", name="Zone_3", alarm=True)
    client.sees(what="zone", name="Zone_4", open=True)
    client.sees(what="zone", name="Zone_5", open=False)
    client.sees(what="zone", name="Zone_8", fire=True)
    client.sees(event="Unknown event G058")
    client.tell("refresh")
    client.sees(what="partition", name="Area_1", audible_alarm=True)
    panel.tell("restore alarm zone=3", "restore fire zone=8")
    client.sees(what="zone", name="Zone_3", alarm=False)

    client.tell("arm_stay")
    client.sees(order="arm_stay", accepted=True)
    assert panel.state("obeyed")["line"] == "arm area=1 mode=stay"
    client.tell("refresh")
    client.sees(what="partition", name="Area_1", arm_stay=True)
    client.tell("disarm")
    client.sees(order="disarm", accepted=True)
    client.sees(what="partition", name="Area_1", arm_stay=False)
