"""`elkm1-lib` by others follows and commands our emulated panel: 2.2.15, over TCP.

It checks length and sum of every frame, so that what it reads is framed right; the VISTA protocol
has the same sum.  Reports (AR) it does not know: that they are framed right is all it proves of
them.
"""

from collections.abc import Iterator

import pytest

from tests.counterparts.environment import Counterpart, counterpart
from tests.hil.process import Emulator, running


@pytest.fixture
def panel() -> Iterator[Emulator]:
    with running("elk", "--tcp", "0", "--exit-s", "0.5", "--entry-s", "0.5") as started:
        yield started


@pytest.fixture
def client(panel: Emulator) -> Iterator[Counterpart]:
    panel.tell("open 5", "battery", "weak zone=7")  # before anybody listens
    with counterpart("elk", "elk_client.py", f"elk://{panel.where()}") as started:
        started.sees(synced=True)
        yield started
        assert not [seen for seen in started.seen if "error" in seen or "timeout" in seen]


def test_it_learns_the_whole_state_and_follows_changes(
    panel: Emulator, client: Counterpart
) -> None:
    seen = client.seen
    assert {"what": "zone", "number": 5, "logical_status": "VIOLATED"} in seen
    assert {"what": "zone", "number": 5, "physical_status": "OPEN"} in seen
    assert {"what": "zone", "number": 4, "physical_status": "EOL"} in seen
    assert {"what": "zone", "number": 2, "definition": "BURGLAR_PERIMETER_INSTANT"} in seen
    assert {"what": "zone", "number": 2, "area": 1} in seen
    assert {"what": "area", "number": 1, "armed_status": "DISARMED"} in seen
    trouble = "Low Battery Control, Transmitter Low Battery zone 7"
    assert {"what": "panel", "number": 1, "system_trouble_status": trouble} in seen
    assert {"what": "panel", "number": 1, "elkm1_version": "5.1.40"} in seen
    panel.tell("close 5", "trouble zone=3", "output 2 on")
    client.sees(what="zone", number=5, logical_status="NORMAL")
    client.sees(what="zone", number=3, logical_status="TROUBLED")
    client.sees(what="output", number=2, output_on=True)


def test_it_arms_sees_an_alarm_and_disarms(panel: Emulator, client: Counterpart) -> None:
    panel.tell("close 5")
    client.tell("away 2468")
    assert panel.state("obeyed")["line"] == "arm area=1 mode=away"
    client.sees(area=0, is_exit=True, armed_status="ARMED_AWAY")
    client.sees(what="area", number=1, arm_up_state="ARMED_AND_EXIT_TIMER_RUNNING")
    client.sees(what="area", number=1, arm_up_state="FULLY_ARMED")
    panel.tell("open 3")
    client.sees(what="area", number=1, alarm_state="BURGLAR_ALARM")
    client.tell("disarm 2468")
    client.sees(what="area", number=1, armed_status="DISARMED")
    client.tell("stay 2468")
    client.sees(what="area", number=1, armed_status="ARMED_STAY")


def test_it_bypasses_and_switches_and_a_wrong_code_does_nothing(
    panel: Emulator, client: Counterpart
) -> None:
    client.tell("disarm 999999")
    client.tell("bypass 4 2468")
    assert panel.state("obeyed")["line"] == "bypass zone=4"
    client.sees(what="zone", number=4, logical_status="BYPASSED")
    client.sees(zb=3, on=True)
    client.tell("bypass 4 2468")
    client.sees(zb=3, on=False)
    client.tell("output 3 on")
    client.sees(what="output", number=3, output_on=True)
    client.tell("output 3 off")
    client.sees(what="output", number=3, output_on=False)


def test_it_reads_a_code_at_a_keypad_and_reports_do_it_no_harm(
    panel: Emulator, client: Counterpart
) -> None:
    panel.tell("alarm zone=4", "mains", "code digits=246800 user=2")
    client.sees(code="246800", user=1, keypad=0)
    panel.tell("program on")
    client.sees(what="panel", remote_programming_status="CONNECTED")
    panel.tell("program off")
    client.sees(what="panel", remote_programming_status="DISCONNECTED")
