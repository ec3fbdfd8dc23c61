"""A server of `pymodbus` in a process of its own: the same lines as `modbus_map_server.py`, by TCP.

It is the library that our bus takes its frames from: what it proves is the map, not the framing.
"""

import asyncio
import json
import sys

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

VALUES = 300


def device(unit: int) -> SimDevice:
    bits = [SimData(0, values=[False] * VALUES, datatype=DataType.BITS)]
    registers = [SimData(0, values=[0] * VALUES, datatype=DataType.REGISTERS)]
    return SimDevice(id=unit, simdata=(bits, bits, registers, registers))


async def main(kind: str, where: str, *units: str) -> None:
    assert kind == "tcp"
    server = ModbusTcpServer(
        [device(int(unit)) for unit in units], address=("127.0.0.1", int(where))
    )
    await server.serve_forever(background=True)
    print(json.dumps({"ready": True}), flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        verb, unit, table, address, *values = line.split()
        place = int(unit), int(table), int(address)
        if verb == "set":
            numbers = [int(value) for value in values]
            told = [bool(value) for value in numbers] if place[1] in (1, 2) else numbers
            await server.async_setValues(*place, told)
            print(json.dumps({"set": place[2]}), flush=True)
        else:
            held = await server.async_getValues(*place, int(values[0]))
            print(json.dumps({"values": [int(value) for value in held]}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
