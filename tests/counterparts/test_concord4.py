"""`concord232` by others follows and commands our emulated module: 0.15.1, on a pty.

It checks the sum of every message and gives each its ACK.  Of a zone's state it reads one that
stands alone; several bits at once, and a bypass, it does not know (it tests decimal 10).  Its web
server waits for a list; here its reader is used by itself.
"""

from pathlib import Path

from tests.counterparts.environment import Counterpart, counterpart
from tests.hil.process import running


def zone(client: Counterpart, number: int, state: str) -> None:
    client.sees(what="ZONE_STATUS", zone_number=str(number), zone_state=state)


def test_it_follows_the_panel_and_commands_it(tmp_path: Path) -> None:
    port = tmp_path / "panel"
    with running("concord4", "--pty", "--link", str(port), "--exit-s", "0.5") as panel:
        panel.where()
        panel.tell("open 2")  # before anybody asks
        with counterpart("concord4", "concord4_client.py", str(port)) as client:
            client.sees(what="PANEL_TYPE", panel_type="Concord", serial_number=str(0x1234))
            client.sees(what="ZONE_DATA", zone_number="2", zone_state="Tripped")
            client.sees(what="ZONE_DATA", zone_number="3", zone_state="Normal")
            client.sees(what="PART_DATA", partition_number="1", arming_level="Off")
            client.sees(what="EQPT_LIST_DONE")
            panel.tell("close 2", "tamper zone=4", "mains")
            zone(client, 2, "Normal")
            zone(client, 4, "Trouble")
            client.sees(alarm_general_type="Non-Fire Trouble", alarm_specific_type="Tamper")
            client.sees(alarm_specific_type="Main AC Failure", source_type="System")
            panel.tell("restore tamper zone=4", "smoke zone=5")
            client.sees(alarm_general_type="Non-Fire Trouble Restoral")
            client.sees(
                alarm_general_type="Alarm",
                alarm_specific_type="Smoke",
                source_type="Zone",
                source_number="5",
            )
            zone(client, 5, "Alarm")
            panel.tell("restore smoke zone=5")
            client.sees(alarm_general_type="Alarm Restoral", alarm_specific_type="Smoke")
            client.tell("stay")
            assert panel.state("obeyed")["line"] == "arm area=1 mode=stay"
            client.sees(alarm_general_type="Closing")
            client.sees(what="ARM_LEVEL", arming_level="Home/Perimeter")
            client.sees(what="DELAY", partition_number="1")
            client.tell("keys 12468")
            client.sees(alarm_general_type="Opening", event_specific_data="2")
            client.sees(what="ARM_LEVEL", arming_level="Off", user_info="Regular User 2")
            assert not [seen for seen in client.seen if "error" in seen or "unknown" in seen]
    assert all(entry["state"] != "gave_up" for entry in panel.ledger)
