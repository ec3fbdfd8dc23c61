"""The plainest receiver there can be, in our own process: it stamps each frame as it writes it.

The emulator of `hil.panels` tells its ledger of a frame before it writes it to the wire: a third of
a millisecond that is not the gateway's.  Here nothing stands between the stamp and write(2).
"""

import os
import threading
import tty
from collections import deque
from pathlib import Path

from bench.tap import now_ns
from hil.rig import Panel

ACK, END = b"\x06", b"\x14"
HEARTBEAT = b"1011" + b" " * 11 + b"@" + b" " * 4  # docs/drivers/surgard.md
ACK_BYTES_MAX = 64


class Wire(Panel):
    """A Sur-Gard receiver on a pty that sends the next frame when the last one is acknowledged."""

    def start(self, folder: Path) -> None:
        self.said_ns: dict[bytes, int] = {}
        self.acked_ns: dict[bytes, int] = {}
        self._master, self._slave = os.openpty()  # held open: whoever opens the port finds it
        tty.setraw(self._slave)
        self.link = folder / f"tty-{self.id}"
        self.link.symlink_to(os.ttyname(self._slave))
        self._waiting: deque[bytes] = deque()
        self._spoken: bytes | None = None
        self._lock = threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()

    def say(self, frame: bytes) -> None:
        """Say `frame` (without its end), at once if nothing waits for an ACK."""
        with self._lock:
            self._waiting.append(frame)
            self._go_on()

    def beat(self) -> None:
        """Say a heartbeat, whatever waits: the port may not have been open for the last one."""
        with self._lock:
            self._spoken = None
            self._waiting.appendleft(HEARTBEAT)
            self._go_on()

    def _go_on(self) -> None:
        if self._spoken is None and self._waiting:
            frame = self._spoken = self._waiting.popleft()
            self.said_ns[frame] = now_ns()
            os.write(self._master, frame + END)

    def _listen(self) -> None:
        while heard := os.read(self._master, ACK_BYTES_MAX):
            at_ns = now_ns()
            with self._lock:
                if ACK in heard and self._spoken is not None:
                    self.acked_ns[self._spoken] = at_ns
                    self._spoken = None
                    self._go_on()
