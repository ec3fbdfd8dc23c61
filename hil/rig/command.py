"""Runs a command of the product to its end: `run`.

Nine tenths of what `edge-center fleet` takes is loading modules, and a rig asks such things all the
time.  So one process loads them (`hil/rig/forks.py`) and each command is a fork of it.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from hil.rig.child import TAIL_BYTES, WAIT_S_MAX, RigError, environment

COMMAND_S_MAX = 2 * WAIT_S_MAX


def run(*words: str | Path, code: int | None = 0) -> subprocess.CompletedProcess[str]:
    """Run `python -m ...`, of a module that knows --help, to its end.

    Raises RigError for another exit code; None allows any.
    """
    done = FORKS.run([*map(str, words)])
    if code not in (None, done.returncode):
        said = f"{done.stdout[-TAIL_BYTES:]}{done.stderr[-TAIL_BYTES:]}"
        raise RigError(f"{' '.join(map(str, words))}: exit code {done.returncode}\n{said}")
    return done


class Forks:
    """The process that forks: started with the first command, it ends with us."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._asked: socket.socket | None = None

    def run(
        self, words: Sequence[str], seconds_max: float = COMMAND_S_MAX
    ) -> subprocess.CompletedProcess[str]:
        """Run `python -m WORDS` to its end.  Raises RigError where it takes longer than that."""
        wanted = {"words": words, "environment": environment(), "folder": str(Path.cwd())}
        with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as errors:
            ours, theirs = socket.socketpair()
            with ours:
                with theirs:
                    given = [said.fileno(), errors.fileno(), theirs.fileno()]
                    socket.send_fds(self._started(), [json.dumps(wanted).encode()], given)
                code = _end_of(ours, words, seconds_max)
            return subprocess.CompletedProcess([*words], code, _text(said), _text(errors))

    def _started(self) -> socket.socket:
        with self._starting:
            if self._asked is None:
                # no leash: the thread that starts it may end before us; the socket's end is its own
                self._asked, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                with theirs:
                    child = subprocess.Popen(
                        [sys.executable, "-m", "hil.rig.forks", str(theirs.fileno())],
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL,
                        pass_fds=[theirs.fileno()],
                        env=environment(),
                    )
                atexit.register(_let_end, self._asked, child)
            return self._asked


FORKS = Forks()


def _let_end(asked: socket.socket, child: "subprocess.Popen[bytes]") -> None:
    asked.close()
    child.wait()


def _end_of(ends: socket.socket, words: Sequence[str], seconds_max: float) -> int:
    """Return the exit code, negative for a signal.  Loading it first may take a while longer."""
    ends.settimeout(WAIT_S_MAX)
    with ends.makefile() as lines:
        number = lines.readline()
        ends.settimeout(seconds_max)
        try:
            code = lines.readline()
        except TimeoutError as error:
            os.kill(int(number), signal.SIGKILL)
            raise RigError(f"{' '.join(words)}: not at its end in {seconds_max:g} s") from error
    if not code:
        raise RigError(f"{' '.join(words)}: the process that was to run it has ended")
    return int(code)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()
