"""Runs in the environment of `nessclient`: follows a panel, says as JSON lines what it made of it.

Lines on standard input: `update`, `arm_away CODE`, `arm_home CODE`, `disarm CODE`, `panic CODE`,
`aux NUMBER on|off`, `info`.
"""

import asyncio
import json
import sys
from typing import Any

from nessclient import Client
from nessclient.event import BaseEvent, StatusUpdate, SystemStatusEvent


def say(**seen: object) -> None:
    print(json.dumps(seen), flush=True)


def on_event(event: BaseEvent) -> None:
    at = event.timestamp.isoformat() if event.timestamp else None
    if isinstance(event, SystemStatusEvent):
        say(event=event.type.name, zone=event.zone, area=event.area, at=at, address=event.address)
    elif isinstance(event, StatusUpdate):
        held: Any = vars(event)
        lists = {
            key: [one.name for one in value] for key, value in held.items() if _is_enums(value)
        }
        say(status=event.request_id.name, address=event.address, **lists)


def _is_enums(value: object) -> bool:
    return isinstance(value, list) and all(hasattr(one, "name") for one in value)


async def obey(client: Client, line: str) -> None:
    verb, *words = line.split()
    match verb:
        case "aux":
            await client.aux_output(int(words[0]), words[1] == "on")
        case "info":
            info = await client.get_panel_info()
            say(model=info.model.name, version=info.version)
        case _:
            await getattr(client, verb)(*words)


async def main(host: str, port: str) -> None:
    client = Client(host=host, port=int(port))
    client.on_event_received(on_event)
    client.on_zone_change(lambda zone, triggered: say(zone=zone, triggered=triggered))
    client.on_aux_output_change(lambda output, active: say(output=output, active=active))
    client.on_state_change(
        lambda state, mode: say(arming=state.name, mode=mode.name if mode else None)
    )
    following = asyncio.ensure_future(client.keepalive())
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        await obey(client, line)
    following.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
