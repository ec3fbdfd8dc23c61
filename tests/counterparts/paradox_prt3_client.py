"""Runs in the environment of `paradox-alarm-interface`: follows a PRT3 module on a serial port.

It says as JSON lines what changed and which events it read.  Lines on standard input: `arm`,
`arm_stay`, `disarm` and others of its words for area 1, and `refresh`.
"""

import asyncio
import json
import sys
from typing import Any

from paradox.config import config
from paradox.lib import ps
from paradox.lib.encodings import register_encodings
from paradox.paradox import Paradox

AREAS, ZONES, USERS = 2, 16, 2


def say(**seen: object) -> None:
    print(json.dumps(seen), flush=True)


def on_change(change: Any) -> None:
    say(what=change.type, name=change.key, **{change.property: change.new_value})


def on_event(event: Any) -> None:
    raw = getattr(event, "_prt3_event", None) or getattr(event, "additional_data", None)
    say(event=event.message, tags=sorted(event.tags), raw=str(raw))


async def main(port: str, code: str) -> None:
    register_encodings()
    config.CONNECTION_TYPE = "PRT3"
    config.PRT3_SERIAL_PORT, config.PRT3_SERIAL_BAUD = port, 9600
    config.PRT3_MAX_AREAS, config.PRT3_MAX_ZONES, config.PRT3_MAX_USERS = AREAS, ZONES, USERS
    config.PRT3_USER_CODE = code
    ps.subscribe(on_change, "changes")
    ps.subscribe(on_event, "events")
    alarm = Paradox()
    say(connected=await alarm.full_connect())
    following = asyncio.ensure_future(alarm.loop())
    loop = asyncio.get_running_loop()
    while line := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        if line == "refresh":
            alarm.request_status_refresh()
        else:
            say(order=line, accepted=await alarm.control_partition("Area_1", line))
    following.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
