"""`edge-agent run` on a simulated machine: `python -m tests.system.bodied FOLDER ... FILE`.

FOLDER is a tree as tests/health/machine.py makes it.  A GPIO line is two files in it: `level` holds
its level, `edges` is a FIFO that wakes the agent as the kernel's queue of edges does.
"""

import os
import sys
from pathlib import Path

from edge_agent import logs
from edge_agent.clock import SystemClock
from edge_agent.config import load
from edge_agent.health.body import Hardware
from edge_agent.health.gpio import ACTIVE_LOW, EVENT_BYTES, GET_LINE, GET_VALUES, REQUEST, VALUES
from edge_agent.running import run

MS = 1_000_000
LOOK_MS = 100


class Pins:
    """The test's end: levels below `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def set(self, line: int, high: bool) -> None:
        """Change a level, and wake the agent where it has the line."""
        place = self._folder / "pins" / str(line)
        place.mkdir(parents=True, exist_ok=True)
        (place / "new").write_text(str(int(high)))
        (place / "new").rename(place / "level")
        if not (place / "edges").exists():
            os.mkfifo(place / "edges")
        fd = os.open(place / "edges", os.O_RDWR | os.O_NONBLOCK)
        try:
            os.write(fd, bytes(EVENT_BYTES))
        finally:
            os.close(fd)


class FileChip:
    """The agent's end, at the boundary of ioctl(2)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[int, tuple[int, int]] = {}

    def ioctl(self, fd: int, request: int, buffer: bytearray) -> int:
        if request == GET_LINE:
            told = list(REQUEST.unpack(buffer))
            edges = self._folder / "pins" / str(told[0]) / "edges"
            line = os.open(edges, os.O_RDWR | os.O_NONBLOCK)
            self._open[line] = told[0], told[65]
            told[-1] = line
            buffer[:] = REQUEST.pack(*told)
        elif request == GET_VALUES:
            line, flags = self._open[fd]
            level = (self._folder / "pins" / str(line) / "level").read_text() == "1"
            buffer[:] = VALUES.pack(level is not bool(flags & ACTIVE_LOW), 1)
        return 0


def main() -> int:
    folder, config = Path(sys.argv[1]), Path(sys.argv[-1])
    logs.configure(SystemClock())
    return run(load(config), Hardware(folder, FileChip(folder).ioctl, LOOK_MS * MS, LOOK_MS * MS))


if __name__ == "__main__":
    sys.exit(main())
