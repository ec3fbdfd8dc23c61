"""Runs in the environment of `pynx584`: follows a panel, says as JSON lines what it made of it.

Arguments: host:port, a folder for its configuration, and `binary` where frames are.  Lines on
standard input: `stay`, `away`, `disarm CODE` (area 1), `bypass ZONE`, `user CODE NUMBER`.
"""

import json
import sys
import threading
from configparser import ConfigParser
from pathlib import Path
from typing import Any

from nx584.controller import NXController, SocketWrapper

ZONES = 3


def say(**seen: object) -> None:
    print(json.dumps(seen), flush=True)


class Told:
    """What it calls extensions: told of each message."""

    obj: "Told"

    def __init__(self) -> None:
        self.obj = self

    def zone_status(self, zone: Any) -> None:
        say(zone=zone.number, open=zone.state, flags=zone.condition_flags)

    def partition_status(self, partition: Any) -> None:
        flags = partition.condition_flags
        say(area=partition.number, armed=partition.armed, flags=flags, user=partition.last_user)

    def system_status(self, system: Any) -> None:
        say(system=system.status_flags)

    def log_event(self, event: Any) -> None:
        said, at = event.event_string, event.timestamp
        say(log=said, area=event.partition_number, month=at.month, day=at.day)


def obey(controller: Any, line: str) -> None:
    verb, *words = line.split()
    match verb:
        case "stay":
            controller.arm_stay(1)
        case "away":
            controller.arm_exit(1)
        case "disarm":
            controller.disarm(words[0], 1)
        case "bypass":
            controller.zone_bypass_toggle(int(words[0]))
        case "names":
            say(names={number: zone.name for number, zone in controller.zones.items()})


def main(where: str, folder: str, *how: str) -> None:
    host, _, port = where.rpartition(":")
    path = Path(folder) / "config.ini"
    config = ConfigParser()
    config["config"] = {
        "max_zone": str(ZONES),
        "use_binary_protocol": str("binary" in how),
    }
    with path.open("w") as file:
        config.write(file)
    controller = NXController((host, int(port)), str(path))
    controller.extensions = [Told()]
    assert SocketWrapper is not None
    threading.Thread(target=controller.controller_loop_safe, daemon=True).start()
    for line in sys.stdin:
        obey(controller, line)


if __name__ == "__main__":
    main(*sys.argv[1:])
