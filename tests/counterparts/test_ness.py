"""`nessclient` by others follows and commands our emulated panel: 1.3.1, over TCP.

Where the two differ, and what the facts say: it takes home arming without the "fully armed" bit for
disarmed, and says in a comment that this may not be right; a keypad's id F0 it does not decode.  It
does not check the sums of what it hears, so its silence proves nothing about them.
"""

from collections.abc import Iterator

import pytest

from tests.counterparts.environment import Counterpart, counterpart
from tests.hil.process import Emulator, running


@pytest.fixture
def panel() -> Iterator[Emulator]:
    with running("ness", "--tcp", "0", "--exit-s", "0.3", "--entry-s", "0.3") as started:
        yield started


@pytest.fixture
def client(panel: Emulator) -> Iterator[Counterpart]:
    host, _, port = panel.where().rpartition(":")
    panel.tell("open 5")  # before anybody listens
    with counterpart("ness", "ness_client.py", host, port) as started:
        started.tell("update")
        started.sees(zone=5, triggered=True)
        yield started


def test_it_knows_the_panel_its_zones_and_outputs(panel: Emulator, client: Counterpart) -> None:
    client.tell("info")
    client.sees(model="D16X", version="8.7")
    panel.tell("open 3", "close 5", "output 2 on")
    client.sees(event="UNSEALED", zone=3, area=1)
    client.sees(zone=3, triggered=True)
    client.sees(zone=5, triggered=False)
    client.tell("update")
    client.sees(status="AUXILIARY_OUTPUTS", outputs=["AUX_2"])
    client.sees(output=2, active=True)


def test_it_arms_sees_an_alarm_and_disarms(panel: Emulator, client: Counterpart) -> None:
    client.tell("update")
    client.sees(arming="DISARMED")
    panel.tell("close 5")
    client.tell("arm_away 2468")
    assert panel.state("obeyed")["line"] == "arm mode=away"
    client.sees(event="ARMED_AWAY", zone=2, area=1)
    client.sees(arming="EXIT_DELAY", mode="ARMED_AWAY")
    client.sees(arming="ARMED")
    panel.tell("alarm zone=2")
    client.sees(event="ALARM", zone=2, area=2)
    client.sees(arming="TRIGGERED")
    client.tell("disarm 2468")
    client.sees(event="DISARMED")
    client.sees(arming="DISARMED")


def test_a_wrong_code_does_nothing(panel: Emulator, client: Counterpart) -> None:
    client.tell("disarm 9999")
    client.tell("aux 3 on")
    assert panel.state("obeyed")["line"] == "output 3 on"


@pytest.mark.parametrize(
    ("line", "event", "zone", "area"),
    [
        ("alarm zone=8", "ALARM", 8, 2),
        ("restore alarm zone=8", "ALARM_RESTORE", 8, 2),
        ("fire zone=4", "ALARM", 4, 0x81),
        ("panic zone=4", "ALARM", 4, 0x82),
        ("medical zone=4", "ALARM", 4, 0x83),
        ("duress user=15", "ALARM", 15, 0x84),
        ("bypass zone=12", "MANUAL_EXCLUDE", 12, 2),
        ("tamper zone=16", "TAMPER_UNSEALED", 16, 1),
        ("cover", "TAMPER_UNSEALED", 0, 0),
        ("mains", "POWER_FAILURE", 0, 0),
        ("restore mains", "POWER_NORMAL", 0, 0),
        ("battery", "BATTERY_FAILURE", 0, 0),
        ("weak zone=7", "BATTERY_FAILURE", 7, 0x91),
        ("report", "REPORT_FAILURE", 0, 0),
        ("missing zone=7", "SUPERVISION_FAILURE", 7, 0x91),
        ("arm area=2 user=15 mode=stay", "ARMED_HOME", 15, 2),
        ("arm area=1 how=key", "ARMED_AWAY", 57, 1),
        ("disarm area=1 user=1", "DISARMED", 1, 1),
        ("output 4 on", "OUTPUT_ON", 4, 0),
    ],
)
def test_it_reads_every_event_as_we_mean_it(
    panel: Emulator, client: Counterpart, line: str, event: str, zone: int, area: int
) -> None:
    panel.tell("clock 2026-11-23T20:15:30", line)
    seen = client.sees(event=event, zone=zone, area=area, address=0)
    assert seen["at"].startswith("2026-11-23T20:15:3")
