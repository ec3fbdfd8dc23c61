"""Runs in the environment of `satel-integra` and `IntegraPy`: says as JSON lines what they see.

`follow HOST PORT`: the first of them, monitoring; lines on standard input: `arm CODE MODE`,
`disarm CODE` (area 1), `output CODE NUMBER on|off`.  `ask HOST PORT`: the second, which makes a
connection for each question; lines: `version`, `clock`, `zones`, `armed`, `outputs`, `name NUMBER`,
`event [INDEX]`.
"""

import asyncio
import json
import sys

from IntegraPy import Integra
from satel_integra.satel_integra import AsyncSatel

OBJECTS = list(range(1, 17))


def say(**seen: object) -> None:
    print(json.dumps(seen), flush=True)


async def obey(panel: AsyncSatel, line: str) -> None:
    verb, code, *words = line.split()
    match verb:
        case "arm":
            await panel.arm(code, (1,), mode=int(words[0]))
        case "disarm":
            await panel.disarm(code, (1,))
        case "output":
            await panel.set_output(code, int(words[0]), words[1] == "on")


async def follow(host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    panel = AsyncSatel(host, port, loop, OBJECTS, OBJECTS, [1, 2])
    panel._message_handlers[b"\xef"] = lambda message: say(result=message[1])

    def zones(status: dict[str, dict[int, int]]) -> None:
        for number, is_violated in status["zones"].items():
            say(zone=number, violated=bool(is_violated))

    def outputs(status: dict[str, dict[int, int]]) -> None:
        for number, is_on in status["outputs"].items():
            say(output=number, on=bool(is_on))

    def areas() -> None:
        for state, areas in panel.partition_states.items():
            say(state=state.name, areas=areas)

    await panel.connect()
    monitoring = loop.create_task(panel.monitor_status(areas, zones, outputs))
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        await obey(panel, line)
    monitoring.cancel()


def ask(host: str, port: int) -> None:
    panel = Integra(user_code=1234, host=host, port=port)
    for line in sys.stdin:
        verb, *words = line.split()
        match verb:
            case "version":
                say(**panel.get_version())
            case "clock":
                say(clock=panel.get_time().isoformat())
            case "zones":
                say(zones=sorted(panel.get_violated_zones()))
            case "armed":
                say(armed=sorted(panel.get_armed_partitions()))
            case "outputs":
                say(outputs=sorted(panel.get_active_outputs()))
            case "name":
                say(name=panel.get_name(1, int(words[0])).name)
            case "event":
                event = panel.get_event(words[0].encode() if words else b"FFFFFF")
                say(
                    code=event.code,
                    restore=bool(event.restore),
                    partition=event.partition,
                    source=event.source_number,
                    filled=bool(event.not_empty),
                    time=event.time,
                    date=[event.year, event.month, event.day],
                    before=event.event_index.decode(),
                    called=event.calling_event_index.decode(),
                    description=event.description,
                )


if __name__ == "__main__":
    if sys.argv[1] == "follow":
        asyncio.run(follow(sys.argv[2], int(sys.argv[3])))
    else:
        ask(sys.argv[2], int(sys.argv[3]))
