"""Puts a stack together, keeps its parts' logs, and takes it down for certain."""

import contextlib
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from hil.ports import free_port
from hil.rig.child import RigError, wait_until
from hil.rig.command import run
from hil.rig.count import Count, Entry, Row, compare
from hil.rig.panel import Option, Panel
from hil.rig.parts import CENTER, Agent, Broker, Center
from hil.rig.proxy import Network

SETTLE_S_MAX = 90.0  # two of the uplink's longest pauses, 30 s each, and a drain
GATEWAY = "gw1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What may differ from stack to stack.

    `network`: a `Network` stands between agent and broker, `center_network`: between broker and
    center.  `address`: where the agent's network listens.  `within`: words before the agent's
    command (`ip netns exec NAME`).  `gateway`: further keys of [gateway].  `data_dir`: of the
    agent, below its own folder or absolute.  `persistent`: the broker keeps its sessions.  `init`:
    further options of `edge-center init`.
    """

    network: bool = False
    center_network: bool = False
    address: str = "127.0.0.1"
    within: tuple[str, ...] = ()
    delay_s: float = 0.0
    bits_per_s: float = 0.0
    persistent: bool = False
    data_dir: str = "data"
    gateway: Mapping[str, Option] = field(default_factory=dict)
    init: tuple[str, ...] = ()


class Stack:
    """Everything of one gateway and its center; `folder` None makes one and removes it at the end.

    Made stopped: `with` (or `start`) starts all and waits until the agent is ready; `prepare`
    starts nothing but panels and network, and writes all files.

    `lookers` of all stacks see a folder once everything in it has ended, before it is removed.
    """

    lookers: ClassVar[list[Callable[[Path], None]]] = []

    def __init__(
        self, panels: Sequence[Panel], setup: Setup | None = None, folder: Path | None = None
    ) -> None:
        self.panels = list(panels)
        self.setup = setup or Setup()
        self._made = None if folder else Path(tempfile.mkdtemp(prefix="rig-"))
        self.folder = folder or self._made or Path()
        self.gateway = self.folder / "gateway"
        self.broker: Broker
        self.center: Center
        self.agent: Agent
        self.network: Network | None = None
        self.center_network: Network | None = None
        self.kills_ns: list[int] = []

    def panel(self, panel_id: str) -> Panel:
        """Return a panel by its id."""
        return next(panel for panel in self.panels if panel.id == panel_id)

    # ---- life

    def prepare(self) -> None:
        """Make the center's folder, plug the panels in, write the agent's configuration."""
        center = self.folder / "center"
        port = str(free_port())
        run(CENTER, "init", center, "--gateway", GATEWAY, "--port", port, *self.setup.init)
        self.broker = Broker(center, self._log("broker"), persistent=self.setup.persistent)
        self.center = Center(center, self._log("center"))
        if self.setup.network:
            self.network = Network(
                self.broker.port,
                delay_s=self.setup.delay_s,
                bits_per_s=self.setup.bits_per_s,
                address=self.setup.address,
            )
            self.network.start()
        if self.setup.center_network:
            self.center_network = Network(self.broker.port)
            self.center_network.start()
            settings = center / "center.toml"
            settings.write_text(_with_port(settings.read_text(), self.center_network.port))
        for panel in self.panels:
            panel.start(self.folder)
        shutil.copytree(center / "gateways" / GATEWAY, self.gateway)
        self.configure()
        config = self.gateway / "gateway.toml"
        self.agent = Agent(config, self._log("agent"), within=self.setup.within)

    def configure(self, extra: str = "", edit: Callable[[str], str] = str) -> None:
        """Write the agent's configuration: the center's part, every panel, `extra` tables.

        `edit` has the last word.  Panels must have been started.
        """
        text = (self.folder / "center" / "gateways" / GATEWAY / "gateway.toml").read_text()
        keys = {
            "data_dir": self.setup.data_dir,
            "socket": str(self.folder / "agent.sock"),
            **self.setup.gateway,
        }
        lines = "".join(
            f'{name} = "{value}"\n' if isinstance(value, str) else f"{name} = {value}\n"
            for name, value in keys.items()
        )
        text = text.replace("[gateway]\n", f"[gateway]\n{lines}", 1)
        if self.network is not None:
            text = _with_port(text, self.network.port)
        tables = "\n".join(panel.toml() for panel in self.panels)
        (self.gateway / "gateway.toml").write_text(edit(f"{text}\n{tables}\n{extra}"))

    def start(self) -> None:
        """Start everything and wait until the agent reads panels."""
        self.prepare()
        for part in (self.broker, self.center, self.agent):
            part.start()
        self.center.wait_ready()
        self.agent.wait_ready()

    def close(self) -> None:
        """End everything; raises nothing."""
        for name in ("agent", "center", "broker"):
            part = getattr(self, name, None)
            if part is not None:
                part.close()
        for panel in self.panels:
            panel.close()
        for network in (self.network, self.center_network):
            if network is not None:
                network.close()
        for look in self.lookers:
            look(self.folder)
        if self._made is not None:
            shutil.rmtree(self._made, ignore_errors=True)

    def kill_agent(self) -> None:
        """Kill the agent and note when: `count` needs it for panels without ACK."""
        self.kills_ns.append(time.clock_gettime_ns(time.CLOCK_BOOTTIME))
        self.agent.kill()

    # ---- truth

    def settle(self, wait_s: float = SETTLE_S_MAX) -> None:
        """Wait until every panel is quiet and everything recorded is receipted.

        Everything must run and nothing new be said; `wait_s` is for the next receipt.  Raises
        RigError.
        """
        try:
            wait_until(lambda: all(panel.quiet() for panel in self.panels), "quiet panels", wait_s)
            while left := self.agent.outstanding():
                wait_until(partial(self._is_less, left), "all receipted", wait_s)
            wait_until(lambda: self.agent.outstanding() == 0, "all receipted", wait_s)
        except RigError as error:
            loud = {panel.id: panel.ledger[-3:] for panel in self.panels if not panel.quiet()}
            raise RigError(f"{error}; {loud}\n{self.agent.status()}\n{self.logs()}") from error

    def _is_less(self, was: int) -> bool:
        left = self.agent.outstanding()
        return left is not None and left < was

    def ledgers(self) -> dict[str, list[Entry]]:
        """Return every panel's ledger so far, by the agent's panel."""
        found: dict[str, list[Entry]] = {}
        for panel in self.panels:
            for unit, name in panel.ids.items():
                several = len(panel.units) > 1
                found[name] = [
                    entry
                    for entry in list(panel.ledger)
                    if not several or entry.get("unit") == unit
                ]
        return found

    def count(self, rows: Sequence[Row] | None = None) -> Count:
        """Compare what the panels said with `rows`, or with what the center holds now."""
        registers = [
            name for panel in self.panels if not panel.acknowledges for name in panel.ids.values()
        ]
        held = self.center.events() if rows is None else rows
        return compare(self.ledgers(), held, registers=registers, kills_ns=self.kills_ns)

    def logs(self) -> str:
        """Return the end of every part's log."""
        parts = [getattr(self, name, None) for name in ("broker", "center", "agent")]
        children = [part for part in parts if part is not None]
        children += [panel.child for panel in self.panels if hasattr(panel, "child")]
        return "\n".join(child.tail() for child in children)

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            with contextlib.suppress(OSError):
                print(self.logs(), file=sys.stderr)  # noqa: T201  pytest shows it with the failure
        self.close()


def _with_port(text: str, port: int) -> str:
    """Return a configuration that calls the broker at another port."""
    return re.sub(r"(?m)^port = \d+$", f"port = {port}", text)
