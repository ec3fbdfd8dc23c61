"""Every driver's panel is told from all the others: on real ptys and sockets, all at once.

The emulated panels run on the loop of the discovery: twenty processes would tell no more.
"""

import asyncio
import io
import json
import socket
from pathlib import Path

from edge_agent import resources
from edge_agent.clock import SystemClock
from edge_agent.domain.address import LineAddress, ListenAddress, SerialAddress, TcpAddress
from edge_agent.domain.recognition import Sureness
from edge_agent.linetools.discover import Discovery, Outcome, Target, Wanted, candidates
from edge_agent.linetools.scan import Verdict
from hil.panels import __main__ as panels
from hil.panels.shell import Shell

KINDS = {"serial": "pty", "modbus_rtu": "pty", "tcp": "tcp", "modbus_tcp": "tcp"}
ENDS = [
    # every driver on every kind of line that it names
    (name, kind)
    for name, load in resources.drivers().items()
    for kind in dict.fromkeys(KINDS.get(line, line) for line in load().lines)
]


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Panel:
    """An emulated panel on the running loop."""

    def __init__(self, name: str, kind: str, folder: Path) -> None:
        self.name, self.kind = name, kind
        self._link = str(folder / f"{name}.{kind}")
        self._port = free_port(socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
        options = {
            "pty": ["--pty", "--link", self._link],
            "tcp": ["--tcp", "0"],
            "listen": ["--connect", f"127.0.0.1:{self._port}"],
            "udp": ["--udp", f"127.0.0.1:{self._port}"],
        }[kind]
        face = panels.load_face(name)
        arguments = panels._parser().parse_args([name, *options, *face.quick])
        self._ledger = io.StringIO()
        self._shell = Shell(name, panels._stand(face, arguments), self._ledger)
        self._shell._end = panels._end(face, arguments, self._shell)

    async def plug(self) -> None:
        await self._shell._plug(there=True)
        self._shell._arm()

    async def unplug(self) -> None:
        await self._shell._plug(there=False)
        if self._shell._timer is not None:
            self._shell._timer.cancel()

    @property
    def address(self) -> LineAddress:
        match self.kind:
            case "pty":
                return SerialAddress(port=self._link)
            case "tcp":
                host, _, port = json.loads(self._ledger.getvalue().splitlines()[0])[
                    "line"
                ].rpartition(":")
                return TcpAddress(host=host, port=int(port))
        transport = "udp" if self.kind == "udp" else "tcp"
        return ListenAddress(host="127.0.0.1", port=self._port, transport=transport)  # type: ignore[arg-type]  # one of both


async def found(ends: list[Panel], wanted: Wanted) -> list[Outcome]:
    """Plug all of them in and find them out."""
    outcomes: list[Outcome] = []
    for panel in ends:
        await panel.plug()
    targets = [Target(panel.address) for panel in ends]
    buses = {
        target.name
        for target, panel in zip(targets, ends, strict=True)
        if panel.name == "modbus_map" and panel.kind == "tcp"
    }
    there, _ = candidates()
    wanted = Wanted(wanted.listen_s, wanted.answer_s, units=wanted.units, buses=frozenset(buses))
    await Discovery(there, wanted, SystemClock(), lambda *_: None).run(targets, outcomes.append)
    for panel in ends:
        await panel.unplug()
    return sorted(outcomes, key=lambda one: targets.index(one.target))


def wrong_in(name: str, outcome: Outcome) -> str | None:
    """What is wrong with what was found of this driver's panel."""
    result = outcome.result
    if name == "modbus_map":
        return None if [one.unit for one in result.units] == [1] else f"{result}"
    drivers = [one.driver for one in result.likenesses]
    if result.verdict is not Verdict.RECOGNISED or drivers != [name]:
        return f"{result}"
    sureness = result.likenesses[0].sureness
    return None if sureness is Sureness.CERTAIN else f"{sureness.name}: {result}"


def test_every_panel_is_told_from_the_others_on_every_kind_of_line(tmp_path: Path) -> None:
    wanted = Wanted(listen_s=2.5, answer_s=1.2, units=(1, 2))

    async def find() -> dict[str, str | None]:
        ends = [Panel(name, kind, tmp_path) for name, kind in ENDS]
        pairs = zip(ends, await found(ends, wanted), strict=True)
        return {f"{one.name} over {one.kind}": wrong_in(one.name, what) for one, what in pairs}

    told = asyncio.run(find())
    assert len(told) > 15
    assert {where: what for where, what in told.items() if what} == {}
