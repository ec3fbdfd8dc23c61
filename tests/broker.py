"""A real mosquitto for tests, from the configuration that `edge-center init` makes.

broker = found_center(tmp_path, "gw1", "gw2")
with broker:                       # started, and stopped at the end
    ...
    broker.kill(); broker.start()  # a crash and a restart, on the same port
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from edge_agent.center import init
from edge_agent.center.credentials import utc
from edge_agent.center.layout import Layout
from edge_agent.clock import SystemClock
from hil.rig import free_port

WAIT_S_MAX = 60.0


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Wait for a condition; fail after a time that no healthy system takes."""
    deadline = time.perf_counter() + WAIT_S_MAX
    while not holds():
        assert time.perf_counter() < deadline, f"waited in vain: {what}"
        time.sleep(0.005)


def found_center(directory: Path, *gateways: str, port: int | None = None) -> "Broker":
    """Make a center's directory on a free port, and the broker that goes with it."""
    request = init.Request(gateways=gateways, port=port or free_port())
    now = utc(SystemClock().stamp().wall_ns or 0)
    init.init(Layout(directory), request, now)
    return Broker(directory)


class Broker:
    """The broker of the center in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        config = (directory / "mosquitto.conf").read_text()
        self.port = next(
            int(line.split()[1]) for line in config.splitlines() if line.startswith("listener ")
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What it wrote, over all starts."""
        return self.directory / "mosquitto.log"

    def start(self) -> None:
        """Start it, and wait until it listens."""
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
        assert program, "mosquitto is not installed"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [program, "-c", self.directory / "mosquitto.conf"], stderr=log, stdout=log
            )
        wait_until(self._listens, f"mosquitto listens on {self.port}")

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"mosquitto ended: {self.log.read_text()[-2000:]}"
        try:
            socket.create_connection(("127.0.0.1", self.port), 0.2).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """Stop it in order; nothing happens where it does not run."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it, as a crash would."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it hang: connections stay open and nothing moves."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(number)
        if number is signal.SIGTERM:
            process.send_signal(signal.SIGCONT)  # it may be paused
        process.wait(WAIT_S_MAX)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()
