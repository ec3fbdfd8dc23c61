"""Runs in the environment of `elkm1-lib`: follows a panel, says as JSON lines what it made of it.

Lines on standard input: `away CODE`, `stay CODE`, `disarm CODE` (area 1), `bypass ZONE CODE`,
`output NUMBER on|off`.
"""

import asyncio
import json
import logging
import sys
from typing import Any

from elkm1_lib import Elk
from elkm1_lib.const import ArmLevel

LEVELS = {"away": ArmLevel.ARMED_AWAY, "stay": ArmLevel.ARMED_STAY, "disarm": ArmLevel.DISARM}


def say(**seen: object) -> None:
    print(json.dumps(seen), flush=True)


def plain(value: Any) -> object:
    return value.name if hasattr(value, "name") else value


def on_change(what: str) -> Any:
    def changed(element: Any, changes: dict[str, Any]) -> None:
        for key, value in changes.items():
            say(what=what, number=element.index + 1, **{key: plain(value)})

    return changed


class Errors(logging.Handler):
    """It logs what it takes for an invalid message, and goes on."""

    def emit(self, record: logging.LogRecord) -> None:
        say(error=record.getMessage())


def obey(elk: Elk, line: str) -> None:
    verb, *words = line.split()
    match verb:
        case "away" | "stay" | "disarm":
            elk.areas[0].arm(LEVELS[verb], int(words[0]))
        case "bypass":
            elk.zones[int(words[0]) - 1].bypass(int(words[1]))
        case "output":
            output = elk.outputs[int(words[0]) - 1]
            output.turn_on(0) if words[1] == "on" else output.turn_off()


async def main(url: str) -> None:
    logging.getLogger("elkm1_lib").addHandler(Errors(logging.ERROR))
    elk = Elk({"url": url, "element_list": ["panel", "zones", "areas", "outputs"]})
    for what, elements in (("zone", elk.zones), ("area", elk.areas), ("output", elk.outputs)):
        for element in elements:
            element.add_callback(on_change(what))
    elk.panel.add_callback(on_change("panel"))
    elk.add_handler("sync_complete", lambda **_: say(synced=True))
    elk.add_handler("timeout", lambda msg_code: say(timeout=msg_code))
    elk.add_handler("IC", lambda code, user, keypad: say(code=code, user=user, keypad=keypad))
    elk.add_handler("ZB", lambda zone_number, zone_bypassed: say(zb=zone_number, on=zone_bypassed))
    elk.add_handler("EE", lambda **seen: say(**{key: plain(value) for key, value in seen.items()}))
    elk.connect()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        obey(elk, line)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
