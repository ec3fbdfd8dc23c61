"""A child process with a log: started in a group of its own, ended for certain.

Where `setpriv` (util-linux) is there, a child also ends when we are killed without a word.  The
kernel ties that to the *thread* that started the child: a stack is used by one thread only, or by
threads that live as long as it does.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import hil

WAIT_S_MAX = 60.0  # far above what any start takes, also on a busy machine of two cores
STOP_S_MAX = 30.0  # an agent's orderly stop takes up to two seconds, a center's up to five
LOOK_S = 0.005
LOOK_S_MAX = 0.5
LOOK_SHARE = 4  # looking takes a fifth of the time: it costs those who are to bring it about
TAIL_BYTES = 4000


class RigError(AssertionError):
    """The stack does not do what it should; the message holds the end of the child's log."""


What = str | Callable[[], str]
"""What is waited for: in words, or what finds the words once the wait was in vain."""


def wait_until(holds: Callable[[], object], what: What, wait_s: float = WAIT_S_MAX) -> None:
    """Wait for a condition.  Raises RigError when `wait_s` is over."""
    began = looked = time.perf_counter()
    while not holds():
        now = time.perf_counter()
        if now > began + wait_s:
            said = what if isinstance(what, str) else what()
            raise RigError(f"waited {wait_s:g} s in vain: {said}")
        rest_s = min(max(LOOK_S, LOOK_SHARE * (now - looked)), LOOK_S_MAX)
        time.sleep(rest_s)
        looked = time.perf_counter()


def environment() -> dict[str, str]:
    """Return the environment for modules of this project, installed or in a checkout."""
    root = str(Path(hil.__file__).resolve().parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


class Child:
    """One program, started as often as wanted; its log holds what it said over all starts."""

    def __init__(
        self, name: str, command: Sequence[str | Path], log: Path, *, piped: bool = False
    ) -> None:
        self.name = name
        self.log = log
        self.env: dict[str, str] = {}
        self._command = [str(word) for word in command]
        self._piped = piped
        self._since = 0  # where in the log the present run begins
        self.starts = 0
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, without waiting for anything."""
        if self.runs():
            raise RigError(f"{self.name} runs already")
        self.starts += 1
        pipe = subprocess.PIPE if self._piped else None
        with self.log.open("ab") as log:
            self._since = log.tell()
            self.process = subprocess.Popen(
                [*_leash(), *self._command],
                stdin=pipe or subprocess.DEVNULL,
                stdout=pipe or log,
                stderr=log,
                text=True,
                env=environment() | self.env,
                start_new_session=True,
            )

    def runs(self) -> bool:
        """Tell whether it was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """End it as a crash would; nothing happens where it does not run."""
        self._signal(signal.SIGKILL)
        self._reap()

    def stop(self) -> int:
        """End it in order; return its exit code.  Raises RigError where it does not end."""
        if self.process is None:
            return 0
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)
        try:
            self.process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise RigError(f"{self.name} did not stop\n{self.tail()}") from error
        code = self.process.returncode
        self._reap()
        return code

    def pause(self) -> None:
        """Let it hang: connections stay open and nothing moves."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """End it in any case; raises nothing."""
        with contextlib.suppress(RigError):
            self.stop()
        self.kill()

    # ---- what it says

    def said(self) -> str:
        """Return the log of the present, or last, run."""
        with self.log.open("rb") as log:
            log.seek(self._since)
            return log.read().decode(errors="replace")

    def tail(self) -> str:
        """Return the end of the log."""
        if not self.log.exists():
            return ""
        data = self.log.read_bytes()[-TAIL_BYTES:].decode(errors="replace")
        return f"---- {self.name}\n{data}"

    def wait_said(self, text: str, wait_s: float = WAIT_S_MAX) -> None:
        """Wait until the log of this run holds `text`.  Raises RigError."""
        self.wait(lambda: text in self.said(), f"{text!r}", wait_s)

    def wait(self, holds: Callable[[], object], what: str, wait_s: float = WAIT_S_MAX) -> None:
        """Wait for something that only a running child can bring about.  Raises RigError."""
        try:
            wait_until(lambda: holds() or not self.runs(), f"{self.name}: {what}", wait_s)
        except RigError as error:
            raise RigError(f"{error}\n{self.tail()}") from error
        if not holds():
            code = self.process.returncode if self.process else None
            raise RigError(f"{self.name} ended with {code}, waited for {what}\n{self.tail()}")

    def wait_end(self, wait_s: float = WAIT_S_MAX) -> int:
        """Wait until it ends by itself; return its exit code.  Raises RigError."""
        wait_until(lambda: not self.runs(), f"{self.name} ends", wait_s)
        assert self.process is not None
        return self.process.returncode

    # ---- the process

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # gone, its group too
                os.killpg(self.process.pid, number)

    def _reap(self) -> None:
        if self.process is not None:
            self.process.wait(STOP_S_MAX)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()


def _leash() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []
