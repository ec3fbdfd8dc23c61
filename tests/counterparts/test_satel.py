"""Two clients by others against our emulated panel, over TCP: satel-integra 0.3.7, IntegraPy 1.0.1.

Both work out the check of every frame.  The first has changes pushed (7F with data), which our
driver does not, and insists on maps of 32 bytes; the second reads the log.
"""

from collections.abc import Iterator

import pytest

from tests.counterparts.environment import counterpart
from tests.hil.process import Emulator, running


@pytest.fixture
def panel() -> Iterator[Emulator]:
    delays = ("--exit-s", "0.5", "--entry-s", "0.5")
    with running("satel", "--tcp", "0", "--model", "256plus", *delays) as started:
        yield started


def test_one_follows_the_state_arms_and_switches(panel: Emulator) -> None:
    panel.tell("open 5")  # before anybody listens
    with counterpart("satel", "satel_client.py", "follow", *panel.where().split(":")) as client:
        client.sees(zone=5, violated=True)
        assert {"zone": 4, "violated": False} in client.seen
        panel.tell("close 5", "output 2 on")
        client.sees(zone=5, violated=False)
        client.sees(output=2, on=True)
        client.tell("arm 999999 0")
        client.sees(result=1)
        client.tell("arm 2468 0")
        client.sees(state="EXIT_COUNTDOWN_OVER_10", areas=[1])
        client.sees(state="ARMED_MODE0", areas=[1])
        panel.tell("alarm zone=3")
        client.sees(state="TRIGGERED", areas=[1])
        panel.tell("smoke zone=16")
        client.sees(state="TRIGGERED_FIRE", areas=[1])
        client.tell("disarm 2468")
        client.sees(state="ARMED_MODE0", areas=[])
        client.tell("arm 2468 2")
        client.sees(state="ARMED_MODE2", areas=[1])
        client.tell("output 2468 3 on")
        client.sees(output=3, on=True)


def test_the_other_reads_clock_names_and_the_log_backwards(panel: Emulator) -> None:
    panel.tell("output 8 on", "alarm zone=3", "disarm area=2 user=15", "mains")
    with counterpart("satel", "satel_client.py", "ask", *panel.where().split(":")) as client:
        client.tell("version")
        assert client.sees(model="INTEGRA UNKNOWN")["version"] == "1.20 2026-01-01"
        client.tell("outputs")
        client.sees(outputs=[8])
        client.tell("zones")
        client.sees(zones=[])
        client.tell("name 5")
        client.sees(name="Object 5")
        client.tell("clock")
        year = int(client.until(lambda seen: "clock" in seen, "the clock")["clock"][:4])
        client.tell("event")
        mains = client.sees(code=301, restore=False, filled=True, called="FFFFFF")
        assert mains["date"][0] == year
        client.tell(f"event {mains['before']}")
        disarmed = client.sees(code=401, restore=False, partition=1, source=15)
        assert disarmed["description"] == "Disarm by user"
        client.tell(f"event {disarmed['before']}")
        alarm = client.sees(code=130, restore=False, partition=0, source=3)
        assert (alarm["called"], alarm["description"]) == (disarmed["before"], "Burglary alarm")
        client.tell(f"event {alarm['before']}")
        client.sees(filled=False)
