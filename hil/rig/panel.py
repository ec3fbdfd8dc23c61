"""An emulated panel as a child: control lines in, its ledger read all the time."""

import contextlib
import json
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hil.rig.child import STOP_S_MAX, WAIT_S_MAX, Child, wait_until

TAIL_BYTES = 8192  # of a trace: some dozens of questions
Entry = dict[str, Any]
Option = str | int | float | bool


@dataclass(slots=True, eq=False)
class Panel:
    """One panel of a stack, or several units of one Modbus module.

    `end`: "pty", or "tcp" (the agent calls).  `arguments` are for `python -m hil.panels FACE`,
    `options` for the agent's driver.  Units of a module are panels ID-1, ID-2, ... of the agent;
    a single unit is panel ID.  `driver` and `profile` None are those of the face.
    """

    id: str
    face: str = "surgard"
    end: str = "pty"
    arguments: tuple[str, ...] = ()
    options: Mapping[str, Option] = field(default_factory=dict)
    units: tuple[int, ...] = (1,)
    profile: str | None = None
    child: Child = field(init=False)
    ledger: list[Entry] = field(init=False, default_factory=list)
    link: Path = field(init=False)
    trace: Path = field(init=False)  # all that went over its line, see `python -m hil.panels`
    _reader: threading.Thread = field(init=False)

    @property
    def acknowledges(self) -> bool:
        """Whether its protocol has an ACK."""
        return self.face != "modbus_map"

    @property
    def ids(self) -> dict[int, str]:
        """The agent's panels, by unit."""
        if len(self.units) == 1:
            return {self.units[0]: self.id}
        return {unit: f"{self.id}-{unit}" for unit in self.units}

    # ---- life

    def start(self, folder: Path) -> None:
        """Plug it in; returns when its line is there."""
        self.link = folder / f"tty-{self.id}"
        end = ["--pty", "--link", str(self.link)] if self.end == "pty" else ["--tcp", "0"]
        words = [sys.executable, "-m", "hil.panels", self.face, *end, "--linger"]
        if self.face == "modbus_map":
            words += ["--units", ",".join(map(str, self.units))]
        self.trace = folder / f"{self.id}.trace"
        words += ["--trace", str(self.trace), "--name", self.id, *self.arguments]
        self.child = Child(f"panel {self.id}", words, folder / f"{self.id}.log", piped=True)
        self.child.start()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.child.wait(lambda: self.where, "its line")

    def close(self) -> None:
        """Pull it out for good and read its ledger to the end; raises nothing."""
        if not hasattr(self, "child"):
            return  # never started
        self.child.close()
        self._reader.join(STOP_S_MAX)
        process = self.child.process
        for pipe in (process.stdin, process.stdout) if process else ():
            if pipe is not None:
                with contextlib.suppress(OSError):  # control lines that it did not live to read
                    pipe.close()

    def _read(self) -> None:
        process = self.child.process
        assert process is not None
        assert process.stdout is not None
        for line in process.stdout:
            self.ledger.append(json.loads(line))

    @property
    def where(self) -> str | None:
        """Where it can be reached; None while it is unplugged."""
        last = [entry for entry in list(self.ledger) if entry["id"] == 0][-1:]
        return last[0].get("line") if last else None

    def tell(self, *lines: str) -> None:
        """Give it control lines, and wait until they are obeyed.

        `python -m hil.panels FACE --help` lists them.  Raises RigError.
        """
        process = self.child.process
        assert process is not None
        assert process.stdin is not None
        before = self.trace.stat().st_size
        for line in lines:
            process.stdin.write(f"{line}\n")
        process.stdin.flush()

        def obeyed() -> bool:
            with self.trace.open("rb") as trace:
                trace.seek(before)
                told = [
                    json.loads(line) for line in trace if b'"told"' in line and line[-1:] == b"\n"
                ]
            # what its ledger says of them was read as well
            return len(told) >= len(lines) and len(self.ledger) >= told[-1]["noted"]

        wait_until(obeyed, lambda: f"{self.id}: {lines} not obeyed\n{self.child.tail()}")

    # ---- the ledger

    def states(self) -> dict[int, Entry]:
        """Return the newest entry of each thing that it had to say."""
        return {entry["id"]: entry for entry in list(self.ledger) if entry["id"]}

    def in_state(self, *states: str) -> list[Entry]:
        """Return what has come to one of `states`: said, acked, gave_up, set, found, missed."""
        return [entry for entry in self.states().values() if entry["state"] in states]

    def wait_acked(self, count: int, wait_s: float = WAIT_S_MAX) -> None:
        """Wait until so many signals were acknowledged (without ACK: read), `wait_s` for the next.

        Raises RigError.
        """
        wanted = ("acked",) if self.acknowledges else ("said", "found")
        while (so_far := len(self.in_state(*wanted))) < count:

            def more(before: int = so_far) -> bool:
                return len(self.in_state(*wanted)) > before

            wait_until(
                more,
                lambda: f"{self.id}: {count} signals acknowledged; ledger ends {self.ledger[-3:]}",
                wait_s,
            )

    def quiet(self) -> bool:
        """Tell whether nothing that was said still waits for its ACK or to be read.

        What was read on a bus has arrived when the next question comes: the agent asks one at a
        time.
        """
        if self.in_state("said" if self.acknowledges else "set", "gave_up"):
            return False
        if self.face != "modbus_map":
            return True
        read_ns = max((entry["t_ns"] for entry in self.in_state("said", "found")), default=0)
        return read_ns == 0 or self._heard_ns() > read_ns

    def _heard_ns(self) -> int:
        """Return when it was asked last; 0: not lately."""
        with self.trace.open("rb") as trace:
            trace.seek(max(0, trace.seek(0, os.SEEK_END) - TAIL_BYTES))
            lines = trace.read().split(b"\n")[1:-1]
        asked = [passed for passed in map(json.loads, lines) if passed["did"] == "heard"]
        return asked[-1]["t_ns"] if asked else 0

    # ---- the agent's configuration

    def toml(self) -> str:
        """Return the tables that tell the agent about it.  It must have been started."""
        if self.face == "modbus_map":
            bus = f'[[bus]]\nid = "bus-{self.id}"\n{self._place()}\n'
            return bus + "".join(
                self._panel(panel, f'bus = "bus-{self.id}"\nunit = {unit}')
                for unit, panel in self.ids.items()
            )
        return self._panel(self.id, self._place())

    def _place(self) -> str:
        if self.end == "pty":
            return f'serial = {{ port = "{self.link}", baud = 19200 }}'
        host, _, port = (self.where or "").rpartition(":")
        return f'tcp = {{ host = "{host}", port = {port} }}'

    def _panel(self, panel: str, place: str) -> str:
        profile = self.profile or ("generic_di8" if self.face == "modbus_map" else None)
        lines = [f'[[panel]]\nid = "{panel}"\ndriver = "{self.face}"', place]
        if profile:
            lines.append(f'profile = "{profile}"')
        if self.options:
            given = ", ".join(f"{name} = {_toml(value)}" for name, value in self.options.items())
            lines.append(f"options = {{ {given} }}")
        return "\n".join(lines) + "\n\n"


def _toml(value: Option) -> str:
    return json.dumps(value)  # for these types JSON is TOML
