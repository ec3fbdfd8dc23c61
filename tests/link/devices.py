"""Real Modbus devices (pymodbus servers) for tests: over TCP, and RTU over a cable of two ptys."""

import asyncio
import os
import tty
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from edge_agent.domain.address import SerialAddress, TcpAddress
from hil.rig import free_port

INPUTS = [True, False, True, False, False, False, False, True]
REGISTERS = [1, 2, 0xFFFF, 4]


def device(unit: int) -> SimDevice:
    """A device with 8 inputs, 8 coils and 4 registers of each kind from address 0."""
    bits = [SimData(0, values=INPUTS, datatype=DataType.BITS)]
    registers = [SimData(0, values=REGISTERS, datatype=DataType.REGISTERS)]
    return SimDevice(id=unit, simdata=(bits, bits, registers, registers))


@dataclass
class Devices:
    """Devices on one bus; those in `off` do not answer."""

    unit_at: int  # of a frame
    off: set[int] = field(default_factory=set)
    server: ModbusTcpServer | ModbusSerialServer | None = None

    def pass_on(self, sending: bool, data: bytes) -> bytes:
        return b"" if sending and data[self.unit_at] in self.off else data

    async def set_input(self, unit: int, number: int, value: bool) -> None:
        assert self.server is not None
        await self.server.async_setValues(unit, 2, number, [value])


@asynccontextmanager
async def over_tcp(
    units: Iterable[int], port: int = 0
) -> AsyncIterator[tuple[Devices, TcpAddress]]:
    """Serve `units`."""
    port = port or free_port()
    made = Devices(unit_at=6)
    made.server = server = ModbusTcpServer(
        [device(unit) for unit in units],
        address=("127.0.0.1", port),
        trace_packet=made.pass_on,
    )
    await server.serve_forever(background=True)
    try:
        yield made, TcpAddress(host="127.0.0.1", port=port)
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def over_rtu(
    units: Iterable[int], folder: Path
) -> AsyncIterator[tuple[Devices, SerialAddress]]:
    """Serve `units` on one end of a serial cable; the address is the other."""
    cable = Cable(folder / "bus")
    made = Devices(unit_at=0)
    made.server = server = ModbusSerialServer(
        [device(unit) for unit in units],
        framer=FramerType.RTU,
        port=str(cable.far),
        baudrate=115_200,
        trace_packet=made.pass_on,
    )
    await server.serve_forever(background=True)
    cable.join()
    try:
        yield made, SerialAddress(port=str(cable.near), baud=115_200)
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]
        cable.cut()


class Cable:
    """Two serial ports joined crosswise on the running loop."""

    def __init__(self, near: Path) -> None:
        self._loop = asyncio.get_running_loop()
        self._ends = [os.openpty() for _ in range(2)]
        for end, port in self._ends:
            os.set_blocking(end, False)
            tty.setraw(port)
        self.near = near
        self.near.symlink_to(os.ttyname(self._ends[0][1]))
        self.far = Path(os.ttyname(self._ends[1][1]))

    def join(self) -> None:
        (near, _), (far, _) = self._ends
        self._loop.add_reader(near, self._carry, near, far)
        self._loop.add_reader(far, self._carry, far, near)

    def _carry(self, source: int, target: int) -> None:
        with suppress(BlockingIOError):
            os.write(target, os.read(source, 4096))

    def cut(self) -> None:
        self.near.unlink()
        for end, port in self._ends:
            self._loop.remove_reader(end)
            os.close(end)
            os.close(port)
