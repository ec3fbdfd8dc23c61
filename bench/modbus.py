"""How close polling comes to the bare library: `python -m bench.modbus`.

Reference, in the same run and in turns with it: pymodbus's own asyncio client in a bare loop, one
read of 16 registers after the other.  Ours: the whole bus runner with one session that asks again
as soon as it has its answer: schedule, session, stamps, recorder's side.  Limit: 1.2 times the
reference, of medians per poll.  Over TCP the device is a real pymodbus server in another process.
Over a serial cable it is a device that takes as long as the bytes do at 19200 baud, for ptys do
not; there ours also keeps the 3.5 characters of silence between frames that the bare loop omits.
"""

import argparse
import asyncio
import logging
import os
import statistics
import subprocess
import sys
import time
import tty
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import structlog
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU
from pymodbus.pdu.register_message import ReadHoldingRegistersResponse
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from edge_agent.clock import SystemClock
from edge_agent.domain.address import BusAddress, SerialAddress, TcpAddress
from edge_agent.domain.finding import Finding
from edge_agent.domain.session import (
    Action,
    Answered,
    ClockRead,
    Fault,
    Input,
    Opened,
    Read,
    Recent,
    Table,
)
from edge_agent.domain.signal import Signal
from edge_agent.link.bus import Member, frames_of, pace_of, run_bus
from edge_agent.link.open import opener

ROOT = Path(__file__).resolve().parent.parent
RATIO_MAX = 1.2
TURNS = 9  # each turn runs both once, so that noise meets both alike
POLLS = {"tcp": 300, "rtu": 20}
REGISTERS = 16
BAUD = 19_200
CHARACTER_S = 11 / BAUD
REQUEST_BYTES, ANSWER_BYTES = 8, 5 + 2 * REGISTERS
READ = Read(1, Table.HOLDING_REGISTERS, 0, REGISTERS)
CLOCK = SystemClock()


class Asking:
    """Asks again as soon as it has its answer, and notes when it had each."""

    def __init__(self, polls: int) -> None:
        self.answers_ns: list[int] = []
        self.done = asyncio.Event()
        self._polls = polls

    def deadline_ns(self) -> int | None:
        return None

    def handle(self, happened: Input, now_ns: int) -> list[Action]:  # noqa: ARG002  contract
        if isinstance(happened, ClockRead):
            return []
        if not isinstance(happened, Opened | Answered):
            sys.exit(f"the device does not answer: {happened}")
        self.answers_ns.append(time.perf_counter_ns())
        if len(self.answers_ns) > self._polls:
            self.done.set()
            return []
        return [READ]


class Nobody:
    """An intake with nothing to do."""

    def record(self, *_: object) -> asyncio.Future[None]:
        raise AssertionError("the session of this program reports nothing")

    def link(self, panel: str, online: bool | None, reason: str) -> None:
        pass

    def fault(self, panel: str, fault: Fault) -> None:
        pass

    def finding(self, panel: str, finding: Finding) -> None:
        pass

    def recent(self, panel: str) -> tuple[Recent, ...]:  # noqa: ARG002  contract
        return ()

    def standing(self, panel: str) -> tuple[Signal, ...]:  # noqa: ARG002  contract
        return ()


async def ours(address: BusAddress, polls: int) -> float:
    """Return the median nanoseconds of a poll through our bus."""
    session = Asking(polls)
    member = Member("p1", 1, lambda: session)
    protocol = (lambda: frames_of(address), pace_of(address))
    where = opener(address, CLOCK)
    task = asyncio.get_running_loop().create_task(
        run_bus([member], where, protocol, Nobody(), CLOCK)
    )
    waiting = asyncio.get_running_loop().create_task(session.done.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return median_gap_ns(session.answers_ns)


async def bare(address: BusAddress, polls: int) -> float:
    """Return the median nanoseconds of a poll through pymodbus alone."""
    client: AsyncModbusTcpClient | AsyncModbusSerialClient
    if isinstance(address, TcpAddress):
        client = AsyncModbusTcpClient(address.host, port=address.port, retries=0)
    else:
        client = AsyncModbusSerialClient(address.port, baudrate=address.baud, retries=0)
    if not await client.connect():
        sys.exit("the bare client does not connect")
    times_ns = [time.perf_counter_ns()]
    for _ in range(polls):
        answer = await client.read_holding_registers(0, count=REGISTERS, device_id=1)
        if answer.isError():
            sys.exit(f"the device refuses: {answer}")
        times_ns.append(time.perf_counter_ns())
    client.close()
    return median_gap_ns(times_ns)


def median_gap_ns(times_ns: list[int]) -> float:
    return statistics.median(b - a for a, b in pairwise(times_ns))


async def compare(kind: str, address: BusAddress) -> bool:
    """Print one line; return whether the ratio is within its limit."""
    contestants: tuple[Callable[[BusAddress, int], Awaitable[float]], ...] = (bare, ours)
    turns = [[await each(address, POLLS[kind]) for each in contestants] for _ in range(TURNS)]
    ratio = statistics.median(our / reference for reference, our in turns)
    reference_us, our_us = (statistics.median(column) / 1e3 for column in zip(*turns, strict=True))
    good = ratio <= RATIO_MAX
    print(
        f"{kind:4} bare {reference_us:9.0f} us   ours {our_us:9.0f} us   "
        f"ratio {ratio:.2f}   limit {RATIO_MAX}   {'good' if good else 'BEYOND THE LIMIT'}"
    )
    return good


async def serve_tcp() -> None:
    """Be the device over TCP, in a process of its own: print the port, then serve."""
    values = [SimData(0, values=list(range(REGISTERS)), datatype=DataType.REGISTERS)]
    bits = [SimData(0, values=[True] * 16, datatype=DataType.BITS)]
    device = SimDevice(id=1, simdata=(bits, bits, values, values))
    server = ModbusTcpServer(device, address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    listening = server.transport
    assert isinstance(listening, asyncio.Server)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


def serve_rtu() -> None:
    """Be the device on a cable, in a process of its own: print the port, then serve."""
    end, port = os.openpty()
    tty.setraw(port)
    print(os.ttyname(port), flush=True)
    registers = list(range(REGISTERS))
    frame = FramerRTU(DecodePDU(True)).buildFrame(
        ReadHoldingRegistersResponse(registers=registers, dev_id=1)
    )
    assert len(frame) == ANSWER_BYTES
    wire_s = (REQUEST_BYTES + 3.5 + ANSWER_BYTES) * CHARACTER_S
    heard = b""
    while True:
        heard += os.read(end, 64)
        if len(heard) >= REQUEST_BYTES:
            heard = b""
            time.sleep(wire_s)
            os.write(end, frame)


def run(kinds: list[str]) -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    good = True
    for kind in kinds:
        command = [sys.executable, "-m", "bench.modbus", "--serve", kind]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as device:
            assert device.stdout is not None
            where = device.stdout.readline().strip()
            address: BusAddress = (
                TcpAddress(host="127.0.0.1", port=int(where))
                if kind == "tcp"
                else SerialAddress(port=where, baud=BAUD)
            )
            good = asyncio.run(compare(kind, address)) and good
            device.kill()
    return 0 if good else 1


def main() -> int:
    parser = argparse.ArgumentParser(description="Polling a Modbus bus against the bare library.")
    parser.add_argument("--serve", choices=list(POLLS), help=argparse.SUPPRESS)
    parser.add_argument("--only", choices=list(POLLS), help="one kind of bus only")
    chosen = parser.parse_args()
    if chosen.serve == "tcp":
        asyncio.run(serve_tcp())
    elif chosen.serve == "rtu":
        serve_rtu()
    return run([chosen.only] if chosen.only else list(POLLS))


if __name__ == "__main__":
    sys.exit(main())
