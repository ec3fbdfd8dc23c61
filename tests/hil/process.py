"""An emulated panel as a child process: control lines in, ledger out, all with a deadline."""

import json
import os
import queue
import subprocess
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PATIENCE_S = 60.0  # a machine of two cores that runs all tests at once


class Emulator:
    """A running `python -m hil.panels`; its ledger is read by a thread of its own."""

    def __init__(self, *arguments: str) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-m", "hil.panels", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.ledger: list[dict[str, Any]] = []
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def tell(self, *lines: str) -> None:
        assert self.child.stdin is not None
        for line in lines:
            self.child.stdin.write(line + "\n")
        self.child.stdin.flush()

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the next ledger line that is wanted; fails after the patience is over."""
        end = time.perf_counter() + PATIENCE_S
        while True:
            try:
                entry = self._lines.get(timeout=max(0.0, end - time.perf_counter()))
            except queue.Empty:
                raise AssertionError(f"not in the ledger in time: {self.ledger[-5:]}") from None
            self.ledger.append(entry)
            if wanted(entry):
                return entry

    def state(self, state: str) -> dict[str, Any]:
        return self.until(lambda entry: entry["state"] == state)

    def where(self) -> str:
        return str(self.state("open")["line"])

    def _read(self) -> None:
        assert self.child.stdout is not None
        for line in self.child.stdout:
            self._lines.put(json.loads(line))


@contextmanager
def running(*arguments: str) -> Iterator[Emulator]:
    emulator = Emulator(*arguments)
    try:
        yield emulator
    finally:
        emulator.child.terminate()
        emulator.child.communicate(timeout=PATIENCE_S)
        emulator._reader.join(PATIENCE_S)


def open_port(path: str) -> int:
    """Open a pty raw, with nothing but termios: an independent reader."""
    port = os.open(path, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(port, termios.TCSANOW)
    return port


def read_until(port: int, end: bytes) -> bytes:
    """Read from a descriptor until what was read ends with `end`."""
    until = time.perf_counter() + PATIENCE_S
    heard = b""
    os.set_blocking(port, False)
    while not heard.endswith(end):
        assert time.perf_counter() < until, f"heard only {heard!r}"
        try:
            heard += os.read(port, 4096)
        except BlockingIOError:
            time.sleep(0.002)
    return heard
