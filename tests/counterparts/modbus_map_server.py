"""Runs in the environment of `modbus-tk`: a server of several units, over TCP or on a serial port.

Arguments: `tcp PORT` or `rtu PORT`, then the units.  Lines on standard input: `set UNIT TABLE
ADDRESS VALUE...` and `get UNIT TABLE ADDRESS COUNT`, where TABLE is the function that reads it;
each is answered by a JSON line.
"""

import json
import sys
from typing import Any

import serial
from modbus_tk import modbus_rtu, modbus_tcp

VALUES = 300  # of each table, from address 0


def main(kind: str, where: str, *units: str) -> None:
    if kind == "tcp":
        server: Any = modbus_tcp.TcpServer(port=int(where), address="127.0.0.1")
    else:
        server = modbus_rtu.RtuServer(serial.Serial(where, 19200))
    server.start()
    slaves = {unit: server.add_slave(int(unit)) for unit in units}
    for slave in slaves.values():
        for table in (1, 2, 3, 4):
            slave.add_block(str(table), table, 0, VALUES)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        verb, unit, block, address, *values = line.split()
        if verb == "set":
            slaves[unit].set_values(block, int(address), [int(value) for value in values])
            print(json.dumps({"set": int(address)}), flush=True)
        else:
            held = slaves[unit].get_values(block, int(address), int(values[0]))
            print(json.dumps({"values": list(held)}), flush=True)
    server.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
