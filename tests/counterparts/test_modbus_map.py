"""Modbus stacks by others at both ends: `mbpoll` asks our emulator, two servers are polled by us.

`mbpoll` (of libmodbus, from the system's packages) is a master of its own; `modbus-tk` 1.1.5 a
stack of its own, over TCP and on a cable.  `pymodbus` 3.16 is the library that our bus takes its
frames from: run as a server in its own process it proves the maps and not the framing.
"""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.modbus_map import MapSession
from edge_agent.domain.address import BusAddress, SerialAddress, TcpAddress
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.session import Setup
from edge_agent.link.bus import Member, frames_of, pace_of, run_bus
from edge_agent.link.desk import Desk
from edge_agent.link.open import opener
from edge_agent.resources import load_codes, load_profile
from hil.rig import free_port
from tests.counterparts.environment import Counterpart, counterpart
from tests.hil.process import Emulator, running
from tests.link.rig import CLOCK, QUICK, Intake, Running, run, until

PATIENCE_S = 60.0
DI, AI, GST = 17, 18, 19  # units
REFERENCE = 4000
PROFILES = {DI: "generic_di8_relay8", AI: "generic_ai8_loops", GST: "gst_200"}


# ---- a master by others, our emulator


def mbpoll(where: list[str], unit: int, *words: str) -> dict[int, int]:
    """Ask once; return the values by their 1-based reference."""
    assert shutil.which("mbpoll"), "mbpoll is missing: ./run test installs it"
    command = ["mbpoll", "-1", "-o", "5", "-a", str(unit), *words[:-1], *where, *words[-1].split()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {
        int(at): int(value)
        for at, value in re.findall(r"^\[(\d+)\]:\s+(\d+)", done.stdout, re.MULTILINE)
    }


@contextmanager
def running_panel(line: str, folder: Path, *options: str) -> Iterator[tuple[list[str], Emulator]]:
    end = ["--tcp", "0"] if line == "tcp" else ["--pty", "--no-dtr", "--link", str(folder / "bus")]
    with running("modbus_map", *end, *options) as panel:
        where = panel.where()
        if line == "tcp":
            host, _, port = where.rpartition(":")
            yield ["-m", "tcp", "-p", port, host], panel
        else:
            yield ["-m", "rtu", "-b", "9600", "-P", "none", where], panel


@pytest.mark.parametrize("line", ["tcp", "rtu"])
def test_mbpoll_reads_inputs_and_switches_relays(line: str, tmp_path: Path) -> None:
    with running_panel(line, tmp_path, "--units", "17,18") as (where, panel):
        panel.tell("input 1 on", "input 3 on", "input 8 on unit=18")
        for _ in range(3):
            panel.state("set")
        assert [at for at, on in mbpoll(where, 17, "-t1", "-r1", "-c8", "").items() if on] == [1, 3]
        assert [at for at, on in mbpoll(where, 18, "-t1", "-r1", "-c8", "").items() if on] == [8]
        mbpoll(where, 17, "-t0", "-r4", "1")
        assert panel.state("obeyed")["line"] == "output 4 on"
        assert [at for at, on in mbpoll(where, 17, "-t0", "-r1", "-c8", "").items() if on] == [4]


def test_mbpoll_reads_a_cut_and_a_drifting_loop(tmp_path: Path) -> None:
    with running_panel("tcp", tmp_path, "--model", "generic_ai8_loops") as (where, panel):
        panel.tell("input 2 on", "sever 3", "cable 4 ohms=470", "short 5")
        for _ in range(3):
            panel.state("set")
        read = mbpoll(where, 1, "-t3", "-r1", "-c8", "")
        reference = read[8]
        shares = {at: round(value / reference, 3) for at, value in read.items()}
        assert shares == {1: 0.5, 2: 0.667, 3: 1.0, 4: 0.524, 5: 0.0, 6: 0.5, 7: 0.5, 8: 1.0}


def test_mbpoll_reads_points_and_mains_of_a_fire_panel(tmp_path: Path) -> None:
    with running_panel("tcp", tmp_path, "--model", "gst_200") as (where, panel):
        panel.tell("input 242 on", "word 243 is=2")
        for _ in range(2):
            panel.state("set")
        assert mbpoll(where, 1, "-t4", "-r242", "-c4", "") == {242: 1, 243: 2, 244: 0, 245: 0}


# ---- servers by others, our driver


@contextmanager
def cable(folder: Path) -> Iterator[tuple[str, str]]:
    """Two serial ports joined by socat."""
    ends = [folder / "ours", folder / "theirs"]
    words = [f"pty,raw,echo=0,link={end}" for end in ends]
    with subprocess.Popen(["socat", *words]) as joining:
        end_s = time.perf_counter() + PATIENCE_S
        while not all(end.exists() for end in ends):
            assert time.perf_counter() < end_s, "socat made no ports"
            time.sleep(0.01)
        try:
            yield str(ends[0]), str(ends[1])
        finally:
            joining.terminate()


@contextmanager
def served(stack: str, folder: Path) -> Iterator[tuple[Counterpart, BusAddress]]:
    units = [str(unit) for unit in PROFILES]
    name, script = ("", "modbus_map_pymodbus.py")
    if stack.startswith("modbus_tk"):
        name, script = ("modbus_map", "modbus_map_server.py")
    if stack.endswith("rtu"):
        with (
            cable(folder) as (ours, theirs),
            counterpart(name, script, "rtu", theirs, *units) as one,
        ):
            one.sees(ready=True)
            yield one, SerialAddress(port=ours, baud=19_200)
    else:
        port = free_port()
        with counterpart(name, script, "tcp", str(port), *units) as one:
            one.sees(ready=True)
            yield one, TcpAddress(host="127.0.0.1", port=port)


def put(server: Counterpart, unit: int, table: int, address: int, *values: int) -> None:
    server.tell(f"set {unit} {table} {address} {' '.join(map(str, values))}")
    server.sees(set=address)


@pytest.mark.parametrize("stack", ["modbus_tk tcp", "modbus_tk rtu", "pymodbus tcp"])
def test_our_driver_follows_three_units_of_a_server(stack: str, tmp_path: Path) -> None:
    desk = Desk(frozenset({"output"}))

    def member(unit: int) -> Member:
        setup = Setup(load_codes(), load_profile(PROFILES[unit]))
        return Member(str(unit), unit, lambda: MapSession(setup), desk if unit == DI else None)

    async def main(server: Counterpart, address: BusAddress) -> None:
        intake = Intake()

        async def heard(unit: int, *what: object) -> None:
            def found() -> bool:
                return any(
                    panel == str(unit) and what == (s.kind.value, s.state.value, s.code, s.zone)
                    for panel, s, _ in intake.recorded
                )

            await until(found, f"{unit} {what}")

        protocol = (lambda: frames_of(address), pace_of(address))
        members = [member(unit) for unit in PROFILES]
        async with Running(
            run_bus(members, opener(address, CLOCK), protocol, intake, CLOCK, QUICK)
        ):
            await heard(DI, "burglary", "active", "130", 3)
            await heard(AI, "zone", "closed", None, 7)
            await heard(GST, "fire", "active", "110", 101)
            await heard(GST, "power", "active", "301", None)
            put(server, DI, 2, 2, 0)
            put(server, AI, 4, 1, REFERENCE)
            put(server, GST, 3, 100, 0)
            await heard(DI, "burglary", "restored", "130", 3)
            await heard(AI, "tamper", "active", "383", 2)
            await heard(GST, "fire", "restored", "110", 101)
            obeyed = await desk.ask(Command(act=Act.OUTPUT_ON, zone=5))
            assert obeyed.outcome is Outcome.DONE
            await heard(DI, "output", "on", None, 5)
        measured = [s.ohms for panel, s, _ in intake.recorded if s.ohms is not None]
        assert measured[0] == 4700
        assert not intake.findings
        server.tell(f"get {DI} 1 0 8")
        assert server.sees(values=[0, 0, 0, 0, 1, 0, 0, 0])

    with served(stack, tmp_path) as (server, address):
        put(server, DI, 2, 2, 1)
        put(server, AI, 4, 0, *[REFERENCE // 2] * 7, REFERENCE)
        put(server, GST, 3, 100, 1)
        put(server, GST, 3, 242, 2)
        run(main(server, address))
