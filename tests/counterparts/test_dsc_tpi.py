"""`pyenvisalink` by others follows and commands our emulated TPI module: 4.10, over TCP.

Where the two differ, and what the facts say: it checks no sums, takes 655 alone for the end of an
alarm, and knows no time but its own, which it sets at login.
"""

from collections.abc import Iterator

import pytest

from tests.counterparts.environment import Counterpart, counterpart
from tests.hil.process import Emulator, running

NAME = "dsc_tpi"
CLIENT = f"{NAME}_client.py"


@pytest.fixture
def panel() -> Iterator[Emulator]:
    arguments = ("--port", "tpi", "--tcp", "0", "--exit-s", "0.3", "--entry-s", "0.3")
    with running("dsc", *arguments) as started:
        yield started


def client_of(panel: Emulator, password: str, flavour: str = "DSC") -> tuple[str, ...]:
    host, _, port = panel.where().rpartition(":")
    return host, port, password, flavour


@pytest.fixture
def client(panel: Emulator) -> Iterator[Counterpart]:
    panel.tell("open 5")  # before anybody listens
    with counterpart(NAME, CLIENT, *client_of(panel, "user")) as started:
        started.sees(login=True)
        started.sees(zone=5, open=True)
        started.sees(keypad=True)
        yield started


def test_a_wrong_password_is_refused(panel: Emulator) -> None:
    with counterpart(NAME, CLIENT, *client_of(panel, "wrong")) as stranger:
        stranger.sees(login=False)


def test_it_follows_zones_by_lines_and_by_timers(panel: Emulator, client: Counterpart) -> None:
    panel.tell("open 3", "close 5")
    client.sees(zone=3, open=True)
    client.sees(zone=5, open=False)
    client.tell("timers")
    client.sees(opened=[3])


def test_it_arms_sees_an_alarm_and_disarms(panel: Emulator, client: Counterpart) -> None:
    panel.tell("close 5")
    client.tell("arm_away 2468 1")
    assert panel.state("obeyed")["line"] == "arm area=1 mode=away"
    client.sees(partition=1, exit_delay=True)
    client.sees(partition=1, armed_away=True)
    panel.tell("alarm zone=3")
    client.sees(zone=3, alarm=True)
    client.sees(partition=1, alarm=True)
    client.tell("disarm 2468 1")
    client.sees(partition=1, armed_away=False, alarm=False, last_disarmed_by_user=2)


def test_it_takes_a_zone_out_and_sees_it(panel: Emulator, client: Counterpart) -> None:
    client.tell("bypass 4")
    assert panel.state("obeyed")["line"] == "bypass zone=4"
    client.sees(bypassed={"4": True})
    panel.tell("unbypass zone=4")
    client.sees(bypassed={"4": False})


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("alarm zone=8", {"zone": 8, "alarm": True}),
        ("restore alarm zone=8", {"zone": 8, "alarm": False}),
        ("tamper zone=16", {"zone": 16, "tamper": True}),
        ("trouble zone=2", {"zone": 2, "fault": True}),
        ("mains", {"ac_present": False, "alpha": "AC Power Lost"}),
        ("restore mains", {"ac_present": True}),
        ("tamper zone=7", {"partition": 1, "trouble": True}),
        ("arm area=2 user=15 mode=stay", {"partition": 2, "last_armed_by_user": 15}),
    ],
)
def test_it_reads_what_we_say_as_we_mean_it(
    panel: Emulator, client: Counterpart, line: str, wanted: dict[str, object]
) -> None:
    panel.tell(line)
    client.sees(**wanted)


def test_it_follows_and_commands_the_honeywell_flavour() -> None:
    arguments = ("--port", "honeywell", "--tcp", "0", "--exit-s", "0.3")
    with running("dsc", *arguments) as panel:
        where = client_of(panel, "user", "HONEYWELL")
        with counterpart(NAME, CLIENT, *where) as client:
            client.sees(login=True)
            client.sees(keypad=True, ready=True, ac_present=True, armed_away=False)
            client.tell("arm_away 2468 1")
            assert panel.state("obeyed")["line"] == "arm mode=away area=1"
            client.sees(keypad=True, armed_away=True)
            panel.tell("smoke zone=4")
            client.sees(keypad=True, fire=True)
            client.tell("disarm 2468 1")
            client.sees(keypad=True, armed_away=False)
