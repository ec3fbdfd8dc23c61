"""`pynx584` by others follows and commands our emulated panel: 0.9.0, over TCP, in both forms.

It checks sums and escapes, so that what it reads is framed right, and it gives each message its
ACK.  Areas in the log it leaves counted from 0.  A date of Europe it reads where it is told to.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.counterparts.environment import Counterpart, counterpart
from tests.hil.process import Emulator, running

NAME = "nx584"


@contextmanager
def conversation(folder: Path, *how: str) -> Iterator[tuple[Emulator, Counterpart]]:
    quick = ("--exit-s", "0.5", "--entry-s", "0.5")
    with running("nx584", "--tcp", "0", *quick, *(f"--{one}" for one in how)) as panel:
        panel.tell("open 1", "battery", "weak zone=2")  # before anybody listens
        with counterpart(NAME, f"{NAME}_client.py", panel.where(), str(folder), *how) as client:
            yield panel, client


def saw(client: Counterpart, **wanted: object) -> None:
    """Wait until it has seen these values, whenever that was: what it is told comes in turn."""
    if not any(wanted.items() <= seen.items() for seen in client.seen):
        client.sees(**wanted)


def saw_flag(client: Counterpart, name: str, flag: str) -> None:
    """Wait until an area (`flags`) or the system has shown a flag."""
    if not any(flag in seen.get(name, []) for seen in client.seen):
        client.until(lambda seen: flag in seen.get(name, []), flag)


def test_it_follows_a_panel_that_speaks_binary(tmp_path: Path) -> None:
    with conversation(tmp_path, "binary") as (panel, client):
        client.sees(zone=2, flags=["Low battery"])
        panel.tell("mains")
        saw(client, log="Device 1 AC fail")
        saw_flag(client, "system", "AC fail")


def test_it_follows_zones_areas_and_the_log_and_commands(tmp_path: Path) -> None:
    """One conversation: that it answers each message shows by the next one coming."""
    with conversation(tmp_path) as (panel, client):
        follow(panel, client)


def follow(panel: Emulator, client: Counterpart) -> None:
    saw(client, zone=1, open=True, flags=["Faulted"])
    saw(client, zone=2, open=False, flags=["Low battery"])
    for flag in ("Low battery", "Valid partition 1", "Valid partition 2"):
        saw_flag(client, "system", flag)
    assert panel.state("obeyed")["line"] == "clock", "it sets the clock when it begins"
    client.tell("names")
    assert client.until(lambda seen: "names" in seen, "names")["names"]["1"] == "ZONE 1"

    panel.tell("close 1", "tamper zone=3", "mains")
    client.sees(zone=1, open=False)
    saw(client, log="Zone 3 Tamper")
    saw(client, zone=3, flags=["Trouble"])
    saw_flag(client, "flags", "Tamper")
    saw_flag(client, "system", "AC fail")

    panel.tell("restore tamper zone=3")
    client.sees(log="Zone 3 Tamper restore")
    client.tell("away")
    saw_flag(client, "flags", "Exit 1")
    client.until(lambda seen: bool(seen.get("armed")) and "Exit 1" not in seen["flags"], "armed")
    panel.tell("open 3")
    saw_flag(client, "flags", "Siren on")
    saw(client, log="Zone 3 Alarm")
    client.tell("disarm 9999")
    client.tell("disarm 2468")
    client.sees(log="User 2 Opening")
    saw(client, area=1, armed=False, user=1)
    client.tell("bypass 4")
    client.sees(log="Zone 4 Bypass")
    saw(client, zone=4, flags=["Bypass"])
    client.tell("stay")
    saw_flag(client, "flags", "Entryguard (stay mode)")
    assert all(entry["state"] != "gave_up" for entry in panel.ledger)
