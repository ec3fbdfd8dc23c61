"""An emulated panel on the loop of the test, at a real line: many of them cost no process each."""

import asyncio
import io
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from edge_agent.domain.address import LineAddress, ListenAddress, SerialAddress, TcpAddress
from hil.panels.ends import CallEnd, DatagramEnd, End, ListenEnd, PtyEnd
from hil.panels.machine import Command, Commanded
from hil.panels.shell import Shell
from hil.panels.stand import Stand
from hil.rig import free_port

PATIENCE_S = 60.0  # all of them share one loop, and the machine may be busy with other tests
LOOK_S = 0.02


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait until it is so; fails after the patience is over."""
    end = time.perf_counter() + PATIENCE_S
    while not condition():
        assert time.perf_counter() < end, f"in vain waited until {what}"
        await asyncio.sleep(LOOK_S)


class _Ledger(io.StringIO):
    """Keeps what is written as the entries it says."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[dict[str, Any]] = []

    def write(self, text: str) -> int:
        self.entries.append(json.loads(text))
        return len(text)


class Panel:
    """One emulated panel and its line: `serial` (a pty), `tcp`, `listen` (it calls us) or `udp`."""

    def __init__(self, name: str, stand: Stand, way: str, folder: Path, *, peers_max: int) -> None:
        self._way, self._peers_max = way, peers_max
        self._link = folder / "line"
        self._port = free_port()
        self._stand = stand
        self._ledger = _Ledger()
        self._shell = Shell(name, stand, self._ledger)

    @property
    def entries(self) -> list[dict[str, Any]]:
        """What stands in the ledger so far."""
        return self._ledger.entries

    @property
    def is_heard(self) -> bool:
        """Whether a host is there, as the panel's end sees it."""
        return self._stand.has_host

    @property
    def address(self) -> LineAddress:
        """Where a driver finds it."""
        match self._way:
            case "serial":
                return SerialAddress(port=str(self._link))
            case "tcp":
                return TcpAddress(host="127.0.0.1", port=self._port)
            case "udp":
                return ListenAddress(host="127.0.0.1", port=self._port, transport="udp")
        return ListenAddress(host="127.0.0.1", port=self._port)

    def tell(self, *lines: str) -> None:
        """Give it control lines."""
        for line in lines:
            self._shell.feed(Commanded(Command.parse(line)))

    @asynccontextmanager
    async def plugged(self) -> AsyncIterator["Panel"]:
        """Serve it within."""
        serving = asyncio.ensure_future(self._shell.serve(self._end))
        try:
            await until(lambda: serving.done() or bool(self.entries), "the panel has its line")
            yield self
        finally:
            self._shell.stop()
            await serving

    def _end(self, shell: Shell) -> End:
        match self._way:
            case "serial":
                return PtyEnd(shell.feed, self._link, dtr=True)
            case "tcp":
                return ListenEnd(shell.feed, self._peers_max, self._port)
            case "udp":
                return DatagramEnd(shell.feed, "127.0.0.1", self._port)
        return CallEnd(shell.feed, "127.0.0.1", self._port)
