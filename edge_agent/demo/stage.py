"""Sets the stage: keys, broker, center, panels, network and agent, each ready before the next.

Everything is started as an operator would start it and only reached from outside: control lines
and ledgers of the panels, the agent's socket, the center's command line.
"""

import asyncio
import json
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.clock import Clock
from edge_agent.demo.children import Child, Children, Death, run
from edge_agent.demo.folder import DemoError, Folder
from edge_agent.demo.ledger import Ledger, Spoken
from edge_agent.demo.proxy import Network
from hil.ports import free_port

GATEWAY = "demo"
READY_S = 20.0  # each part starts within a second; a busy Pi Zero takes longer
LOOK_S = 0.02
SBIN = ("/usr/sbin", "/usr/local/sbin", "/sbin")  # where Debian has mosquitto, not on users' PATH
PYTHON = (sys.executable, "-m")


@dataclass(frozen=True, slots=True)
class Cast:
    """One panel: its emulator's arguments, its part of the configuration, whether it hears ACKs."""

    title: str
    emulator: tuple[str, ...]
    config: str
    acknowledges: bool = True


CAST = {
    "p1": Cast(
        "Sur-Gard MLR2",
        ("surgard", "--form", "mlr2", "--account", "1001"),
        'driver = "surgard"\nprofile = "surgard_mlr2"\n'
        'serial = {{ port = "{port}", baud = 19200, bits = 7, parity = "E" }}',
    ),
    "p2": Cast(
        "Sur-Gard System III",
        ("surgard", "--form", "system3", "--account", "2002", "--receiver", "02"),
        'driver = "surgard"\nprofile = "surgard_system3"\n'
        'serial = {{ port = "{port}", baud = 9600 }}',
    ),
    "p3": Cast(
        "Modbus inputs",
        ("modbus_map", "--tcp", "0"),
        'driver = "modbus_map"\nprofile = "generic_di8"\nbus = "b1"\nunit = 1',
        acknowledges=False,
    ),
}
BY_FRAME = frozenset(name for name, cast in CAST.items() if cast.acknowledges)


def find_broker() -> str:
    """Return mosquitto's path.  Raises DemoError where it is not installed."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path=":".join(SBIN))
    if found is None:
        raise DemoError(
            "mosquitto, the MQTT broker, is not installed; "
            "install it: apt-get install mosquitto (a running service of it is not needed)"
        )
    return found


class Stage:
    """All that plays.  `said` is called for each change of a spoken signal."""

    def __init__(self, folder: Folder, clock: Clock, said: Callable[[Spoken], None]) -> None:
        self.folder = folder
        self.deaths: list[Death] = []
        self.ledgers = {
            name: Ledger(name, acknowledged=cast.acknowledges) for name, cast in CAST.items()
        }
        self.children = Children(folder.logs, self.deaths.append)
        self.network = Network(0)
        self._panels: dict[str, Child] = {}
        self._said = said
        self._clock = clock

    @property
    def dead(self) -> set[str]:
        """Names of the children that ended unasked."""
        return {death.name for death in self.deaths}

    def tell(self, panel: str, line: str) -> None:
        """Give a panel a control line."""
        self._panels[panel].tell(line)

    # ---- setting up

    async def set_up(self, hear_center: Callable[[str], None]) -> None:
        """Start everything; `hear_center` gets what the center stores, a JSON line an event.

        Raises DemoError where something does not come up.
        """
        broker = find_broker()
        port = free_port()
        await self._found_center(port)
        await self.children.start("broker", [broker, "-c", str(self.folder.center / CONF)])
        for name, cast in CAST.items():
            self._panels[name] = await self._start_panel(name, cast)
        await self.until(lambda: answers(port), "the broker accepts connections")
        center = str(self.folder.center)
        await self.children.start("center", [*CENTER, "serve", center, "--host", "127.0.0.1"])
        await self.until(lambda: all(one.line for one in self.ledgers.values()), "the panels")
        self.network = Network(port)
        await self.network.mend()
        self._write_config()
        command = [*PYTHON, "edge_agent", "run", "--config", str(self.folder.config)]
        await self.children.start("agent", command)
        await self.until(self.folder.socket.exists, "the agent answers")
        await self.until((self.folder.center / "events.db").exists, "the center has its database")
        await self.until(lambda: '"serving"' in self._log("center"), "the center serves")
        follow = [*CENTER, "events", center, "--follow", "--json", "--limit", "0"]
        await self.children.start("follower", follow, hear_center)

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for `condition`.  Raises DemoError when a child dies or nothing comes of it."""
        end_ns = self._clock.boottime_ns() + int(READY_S * 1e9)
        while not condition():
            if self.deaths:
                raise DemoError(f"the demo could not start: {self.deaths[0]}")
            if self._clock.boottime_ns() > end_ns:
                raise DemoError(
                    f"the demo could not start: {what}: not so within {READY_S:.0f} s; the machine "
                    f"may be too busy: try again, with --keep DIR to look into DIR/logs"
                )
            await asyncio.sleep(LOOK_S)

    async def _found_center(self, port: int) -> None:
        command = [*CENTER, "init", str(self.folder.center), "--gateway", GATEWAY]
        command += ["--host", "127.0.0.1", "--port", str(port), "--days", "2"]
        code, out, errors = await run(command, self.folder.logs)
        if code != 0:
            raise DemoError(f"edge-center init failed with exit code {code}:\n{out}{errors}")
        conf = self.folder.center / CONF
        everywhere = f"listener {port}\n"
        text = conf.read_text()
        assert everywhere in text, "edge-center init names the listener so"
        conf.write_text(text.replace(everywhere, f"listener {port} 127.0.0.1\n"))

    async def _start_panel(self, name: str, cast: Cast) -> Child:
        command = [*PYTHON, "hil.panels", *cast.emulator, "--name", name]
        if "--tcp" not in cast.emulator:
            command += ["--pty", "--link", str(self.folder.port(name))]
        file = self.folder.ledgers / f"{name}.jsonl"

        def hear(line: str) -> None:
            with file.open("a") as kept:
                kept.write(line)
            spoken = self.ledgers[name].note(line)
            if spoken is not None:
                self._said(spoken)

        return await self.children.start(name, command, hear)

    def _write_config(self) -> None:
        credentials = self.folder.center / "gateways" / GATEWAY
        shutil.copytree(credentials, self.folder.gateway, copy_function=shutil.copy2)
        text = self.folder.config.read_text()
        head, _, path = text.partition("[[center.path]]")
        own = f'data_dir = "data"\nsocket = {json.dumps(str(self.folder.socket))}\n'
        head = head.replace("[gateway]\n", f"[gateway]\n{own}")
        assert path, "edge-center init names the path to the broker"
        text = f'{head}[[center.path]]\nhost = "127.0.0.1"\nport = {self.network.port}\n'
        host, _, port = str(self.ledgers["p3"].line).rpartition(":")
        text += f'\n[[bus]]\nid = "b1"\ntcp = {{ host = "{host}", port = {port} }}\n'
        for name, cast in CAST.items():
            text += f'\n[[panel]]\nid = "{name}"\n'
            text += cast.config.format(port=self.folder.port(name)) + "\n"
        self.folder.config.write_text(text)

    def _log(self, name: str) -> str:
        return (self.folder.logs / f"{name}.log").read_text(errors="replace")

    # ---- taking down

    async def take_down(self) -> None:
        """End everything that still runs."""
        await self.children.close()
        await self.network.close()


CENTER = (*PYTHON, "edge_agent.center.cli")
CONF = "mosquitto.conf"


def answers(port: int) -> bool:
    """Tell whether somebody listens on a port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
