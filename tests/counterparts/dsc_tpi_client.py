"""Runs in the environment of `pyenvisalink`: follows a panel, says as JSON lines what it sees.

Lines on standard input: `arm_away CODE PARTITION`, `arm_stay CODE PARTITION`, `disarm CODE
PARTITION`, `bypass ZONE`, `timers`.
"""

import asyncio
import json
import sys
from typing import Any

from pyenvisalink import EnvisalinkAlarmPanel


def say(**seen: object) -> None:
    print(json.dumps(seen), flush=True)


def obey(panel: Any, line: str) -> None:
    verb, *words = line.split()
    match verb:
        case "bypass":
            panel.keypresses_to_partition(1, f"*1{int(words[0]):02d}#")
        case "timers":
            panel.dump_zone_timers()
        case _:
            getattr(panel, f"{verb}_partition")(words[0], int(words[1]))


async def main(host: str, port: str, password: str, flavour: str) -> None:
    loop = asyncio.get_running_loop()
    panel = EnvisalinkAlarmPanel(
        host,
        port=int(port),
        panelType=flavour,
        password=password,
        zoneTimerInterval=0,
        eventLoop=loop,
        zoneBypassEnabled=True,
    )
    state = panel.alarm_state
    panel.callback_login_success = lambda _: say(login=True)
    panel.callback_login_failure = lambda _: say(login=False)
    panel.callback_zone_state_change = lambda zone: say(zone=zone, **state["zone"][zone]["status"])
    panel.callback_partition_state_change = lambda part: say(
        partition=part, **state["partition"][part]["status"]
    )
    panel.callback_keypad_update = lambda _: say(keypad=True, **state["partition"][1]["status"])
    panel.callback_zone_bypass_update = lambda zones: say(bypassed=zones)
    panel.callback_zone_timer_dump = lambda _: say(
        opened=[zone for zone, one in state["zone"].items() if one["status"]["open"]]
    )
    panel.start()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        obey(panel, line)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5]))
