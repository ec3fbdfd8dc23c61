"""Runs in the environment of `dsc-it100`: follows a panel, says as JSON lines what it made of it.

It was written for a Python that still had `asyncio.coroutine`.  Lines on standard input: the number
of a command and its data, with a blank between them.
"""

import asyncio
import json
import sys
import types
from typing import Any

asyncio.coroutine = types.coroutine  # type: ignore[attr-defined]  # gone since Python 3.11

from dsc_it100.driver import Driver  # noqa: E402  it needs the line above


def say(**seen: object) -> None:
    print(json.dumps(seen), flush=True)


def told(kind: str) -> Any:
    return lambda _, item: say(**{kind: item.index}, **vars(item.status))


async def main(port: str) -> None:
    loop = asyncio.get_running_loop()
    driver = Driver(port, loop=loop)
    driver.handler_zone_update = told("zone")
    driver.handler_partition_update = told("partition")
    driver.handler_general_update = lambda _, item: say(general=True, **vars(item))
    driver.connect()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command, _, data = line.strip().partition(" ")
        driver.send_message(command, data)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
