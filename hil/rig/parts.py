"""The product's own programs as children: broker, center, agent."""

import contextlib
import json
import os
import re
import shutil
import socket
import sqlite3
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hil.rig.child import WAIT_S_MAX, Child, RigError
from hil.rig.command import run

ANSWER_BYTES_MAX = 4 << 20
CENTER = "edge_agent.center.cli"


class Broker(Child):
    """mosquitto with the configuration that `edge-center init` made in `folder`.

    Nothing is persistent in it, as configured; with `persistent` it keeps sessions and queues over
    a crash, in a file written every second.
    """

    def __init__(self, folder: Path, log: Path, *, persistent: bool = False) -> None:
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
        if program is None:
            raise RigError("mosquitto is not installed: apt-get install mosquitto")
        config = folder / "mosquitto.conf"
        text = config.read_text()
        self.port = next(
            int(line.split()[1]) for line in text.splitlines() if line.startswith("listener ")
        )
        if persistent:
            kept = f"persistence true\npersistence_location {folder}/\nautosave_interval 1"
            config = folder / "mosquitto-persistent.conf"
            config.write_text(text.replace("persistence false", kept))
        super().__init__("broker", [program, "-c", config], log)

    def wait_ready(self, wait_s: float = WAIT_S_MAX) -> None:
        """Wait until it listens."""
        self.wait(self._listens, "listens", wait_s)

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 0.2).close()
        except OSError:
            return False
        return True


class Center(Child):
    """`edge-center serve`, and what it holds."""

    def __init__(self, folder: Path, log: Path) -> None:
        super().__init__("center", [sys.executable, "-m", CENTER, "serve", folder], log)
        self.folder = folder

    def wait_ready(self, wait_s: float = WAIT_S_MAX) -> None:
        """Wait until it serves."""
        self.wait_said('"serving"', wait_s)

    def events(self, *options: str) -> list[dict[str, Any]]:
        """Return every stored event, as `edge-center events --json` tells it."""
        said = run(CENTER, "events", self.folder, "--json", "--limit", "0", *options).stdout
        return [json.loads(line) for line in said.splitlines()]

    def stored(self) -> int:
        """Return how many events are stored; cheap enough to ask all the time."""
        file = self.folder / "events.db"
        with (
            contextlib.suppress(sqlite3.OperationalError),
            contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database,
        ):
            return int(database.execute("SELECT count(*) FROM event").fetchone()[0])
        return 0  # not made yet

    def verify(self) -> str:
        """Return what `edge-center verify` says.  Raises RigError where it finds anything."""
        return run(CENTER, "verify", self.folder).stdout

    def fleet(self) -> dict[str, dict[str, Any]]:
        """Return the facts of `edge-center fleet`, by gateway."""
        said = run(CENTER, "fleet", self.folder, "--json").stdout
        return {fact["gateway"]: fact for fact in map(json.loads, said.splitlines())}


class Agent(Child):
    """`edge-agent run` with the configuration `config`, `within` what these words start."""

    def __init__(
        self, config: Path, log: Path, name: str = "agent", *, within: Sequence[str] = ()
    ) -> None:
        words = (sys.executable, "-m", "edge_agent", "run", "--config", config)
        super().__init__(name, [*within, *words], log)
        self.config = config

    @property
    def socket(self) -> Path:
        """Where it answers questions."""
        found = re.search(r'^socket = "(.+)"$', self.config.read_text(), re.MULTILINE)
        assert found, "written by the stack"
        return Path(found[1])

    def wait_ready(self, wait_s: float = WAIT_S_MAX) -> None:
        """Wait until it reads panels."""
        self.wait_said('"ready"', wait_s)

    def wait_well(self, wait_s: float = WAIT_S_MAX) -> None:
        """Wait until all panels are online, the center is connected and the disk accepts."""
        try:
            self.wait(lambda: _is_well(self.status()), "all well", wait_s)
        except RigError as error:
            raise RigError(f"{error}\n{self.status()}") from error

    def status(self) -> dict[str, Any]:
        """Return what it says of itself, {} while it does not answer."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
                peer.settimeout(5)
                peer.connect(str(self.socket))
                peer.sendall(b'{"do": "status"}\n')
                with peer.makefile("rb") as answers:
                    line = answers.readline(ANSWER_BYTES_MAX)
        except OSError:
            return {}
        answer: dict[str, Any] = json.loads(line)["answer"] if line.endswith(b"\n") else {}
        return answer

    def outstanding(self) -> int | None:
        """Return how many events have no receipt yet; None while it does not answer."""
        status = self.status()
        if not status:
            return None
        journal = status["journal"]
        return int(journal["unreceipted"]) + int(journal["waiting"])

    def events(self) -> list[dict[str, Any]]:
        """Return every event of its journal, as `edge-agent events --json` tells it."""
        words = ("edge_agent", "events", "--journal", self._journal, "--json")
        return [json.loads(line) for line in run(*words).stdout.splitlines()]

    def verify(self) -> str:
        """Return what `edge-agent verify` says.  Raises RigError where it finds anything."""
        words = ("edge_agent", "verify", "--config", self.config, "--journal", self._journal)
        return run(*words).stdout

    def rejudge(self) -> dict[str, Any]:
        """Judge all its runs again; return the summary.  Raises RigError where any verdict of
        them does not follow from the events."""
        said = run("edge_agent", "judge", "--journal", self._journal).stdout
        summary: dict[str, Any] = json.loads(said.splitlines()[-1])
        return summary

    @property
    def _journal(self) -> Path:
        """Named, so that looking at it is no event of its own."""
        told = tomllib.loads(self.config.read_text())["gateway"]
        return self.config.parent / str(told["data_dir"]) / "journal"

    def rss_kib(self) -> int:
        """Return its resident memory."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0])


def _is_well(status: dict[str, Any]) -> bool:
    if not status:
        return False
    online = all(panel["online"] for panel in status["panels"].values())
    connected = all(center["connected"] for center in status["centers"])
    return online and connected and status["journal"]["refused"] is None
