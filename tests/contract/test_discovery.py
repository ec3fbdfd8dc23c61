"""Every driver's panel is told from all the others: on real ptys and sockets, all at once."""

import asyncio
import socket
from contextlib import ExitStack
from pathlib import Path

from edge_agent import resources
from edge_agent.clock import SystemClock
from edge_agent.domain.address import LineAddress, ListenAddress, SerialAddress, TcpAddress
from edge_agent.domain.recognition import Sureness
from edge_agent.linetools.discover import Discovery, Outcome, Target, Wanted, candidates
from edge_agent.linetools.scan import Verdict
from hil.panels.__main__ import load_face
from tests.hil.process import Emulator, running


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def discover(targets: list[Target], wanted: Wanted) -> list[Outcome]:
    there, _ = candidates()

    async def find() -> list[Outcome]:
        return await Discovery(there, wanted, SystemClock(), lambda *_: None).run(targets)

    return asyncio.run(find())


def ends(
    lines: tuple[str, ...], name: str, folder: Path
) -> list[tuple[list[str], LineAddress | None]]:
    """How a panel is started on each kind of line, and where it is then; None: it tells."""
    found: list[tuple[list[str], LineAddress | None]] = []
    if {"serial", "modbus_rtu"} & set(lines):
        link = str(folder / name)
        found.append((["--pty", "--link", link], SerialAddress(port=link)))
    if {"tcp", "modbus_tcp"} & set(lines):
        found.append((["--tcp", "0"], None))
    if "listen" in lines:
        port = free_port()
        address = ListenAddress(host="127.0.0.1", port=port)
        found.append((["--connect", f"127.0.0.1:{port}"], address))
    if "udp" in lines:
        port = free_port()
        address = ListenAddress(host="127.0.0.1", port=port, transport="udp")
        found.append((["--udp", f"127.0.0.1:{port}"], address))
    return found


def test_every_panel_is_told_from_the_others_on_every_kind_of_line(tmp_path: Path) -> None:
    expected: dict[str, str] = {}
    targets: list[Target] = []
    buses = set()
    panels: list[tuple[str, Emulator, LineAddress | None]] = []
    with ExitStack() as stack:
        for name, load in resources.drivers().items():
            for options, address in ends(load().lines, name, tmp_path):
                started = running(name, *options, *load_face(name).quick)
                panels.append((name, stack.enter_context(started), address))
        for name, panel, known in panels:
            host, _, port = panel.where().rpartition(":")  # all of them start at the same time
            address = known or TcpAddress(host=host, port=int(port))
            target = Target(address)
            targets.append(target)
            expected[target.name] = name
            if name == "modbus_map" and isinstance(address, TcpAddress):
                buses.add(target.name)
        wanted = Wanted(listen_s=2.5, answer_s=0.4, units=(1, 2), buses=frozenset(buses))
        outcomes = discover(targets, wanted)
    for outcome in outcomes:
        name, result = expected.pop(outcome.target.name), outcome.result
        if name == "modbus_map":
            assert [one.unit for one in result.units] == [1], outcome
        else:
            assert result.verdict is Verdict.RECOGNISED, outcome
            assert [one.driver for one in result.likenesses] == [name], outcome
            assert result.likenesses[0].sureness is Sureness.CERTAIN, outcome
    assert not expected
