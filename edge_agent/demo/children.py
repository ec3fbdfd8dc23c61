"""The child processes on stage: started in groups of their own, watched, and ended in every case.

Each dies with us too (`setpriv --pdeathsig`, util-linux), should we be killed without a word.
"""

import asyncio
import contextlib
import os
import shutil
import signal
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import edge_agent

TAIL_LINES = 8  # of a dead child's log, enough for a message and its cause
TAIL_BYTES = 16_384
LINE_BYTES_MAX = 1 << 20  # of a child's output: one event of the largest frame takes some 10 kB
GRACE_S = 6.0  # an agent's orderly stop takes up to two seconds, a center's up to five


@dataclass(frozen=True, slots=True)
class Death:
    """A child that ended before it was told to."""

    name: str
    code: int
    tail: str

    def __str__(self) -> str:
        if self.code < 0:
            how = f"was ended by {signal.Signals(-self.code).name}"
        else:
            how = f"ended by itself with exit code {self.code}"
        said = f"; the end of its log:\n{self.tail}" if self.tail else "; its log is empty"
        return f"{self.name} {how}{said}"


@dataclass(slots=True)
class Child:
    """One running child."""

    name: str
    process: asyncio.subprocess.Process
    log: Path
    dismissed: bool = False  # told to end
    ended: bool = False

    def tell(self, line: str) -> None:
        """Write a line to its standard input; lost where it is dead, which is noticed apart."""
        assert self.process.stdin is not None, "started with a pipe"
        with contextlib.suppress(OSError):
            self.process.stdin.write(f"{line}\n".encode())


class Children:
    """All children; `died` is called for each that ends unasked."""

    def __init__(self, logs: Path, died: Callable[[Death], None]) -> None:
        self._logs = logs
        self._died = died
        self._children: dict[str, Child] = {}
        self._watches: list[asyncio.Task[None]] = []
        self._leash = _leash()

    async def start(
        self,
        name: str,
        command: Sequence[str],
        hear: Callable[[str], None] | None = None,
    ) -> Child:
        """Start a child; `hear` gets the lines that it says on its standard output.

        With `hear` it can be told lines, too.  What else it says goes to its log.
        """
        log = self._logs / f"{name}.log"
        pipe = asyncio.subprocess.PIPE
        with log.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                *self._leash,
                *command,
                cwd=self._logs,
                env=environment(),
                stdin=pipe if hear else asyncio.subprocess.DEVNULL,
                stdout=pipe if hear else file,
                stderr=file,
                start_new_session=True,
                limit=LINE_BYTES_MAX,
            )
        child = Child(name, process, log)
        self._children[name] = child
        loop = asyncio.get_running_loop()
        self._watches.append(loop.create_task(self._watch(child, hear)))
        return child

    async def _watch(self, child: Child, hear: Callable[[str], None] | None) -> None:
        if hear is not None:
            assert child.process.stdout is not None, "started with a pipe"
            while (line := await child.process.stdout.readline()).endswith(b"\n"):
                hear(line.decode(errors="replace"))
        code = await child.process.wait()
        child.ended = True
        if not child.dismissed:
            self._died(Death(child.name, code, tail(child.log)))

    async def stop(self, name: str) -> None:
        """End one child in order, by force where it does not listen; fine if it is dead."""
        child = self._children.get(name)
        if child is None:
            return
        child.dismissed = True
        _signal(child, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(child.process.wait(), GRACE_S)
        _signal(child, signal.SIGKILL)  # and what it left in its group
        await child.process.wait()

    async def close(self) -> None:
        """End all children, the last started first, and hear them out."""
        for name in reversed(self._children):
            await self.stop(name)
        for failed in await asyncio.gather(*self._watches, return_exceptions=True):
            if isinstance(failed, BaseException):
                raise failed


async def run(command: Sequence[str], folder: Path) -> tuple[int, str, str]:
    """Run a child to its end; return its exit code and what it said on both outputs."""
    process = await asyncio.create_subprocess_exec(
        *_leash(),
        *command,
        cwd=folder,
        env=environment(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, errors = await process.communicate()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise
    return process.returncode or 0, out.decode(errors="replace"), errors.decode(errors="replace")


def tail(log: Path) -> str:
    """Return the last lines of a log."""
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(deque(lines, TAIL_LINES))


def environment() -> dict[str, str]:
    """Return the environment for children that are modules of this project.

    They run in a folder of ours, for what lies where the user stands could hide our modules.  So
    in a checkout that is not installed they have to be told where to find them.
    """
    ours = Path(edge_agent.__file__).resolve().parent.parent
    if not (ours / "pyproject.toml").exists():
        return dict(os.environ)
    paths = [str(ours), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _leash() -> tuple[str, ...]:
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL") if setpriv else ()


def _signal(child: Child, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # gone, the group with it
        os.killpg(child.process.pid, number)
