"""Runs another of our commands as a child, at the lowest priority, and hears what it says.

Some work of a gateway takes memory or time that the agent does not have: a child brings its own,
and takes it away again.
"""

import asyncio
import contextlib
import os
import resource
import sys

CHILD_NICE = 19


class Failed(Exception):  # noqa: N818  reads as what it says
    """The child could not be started, did not end in time, or crashed: which of them."""


async def run(
    *arguments: str,
    s_max: float,
    bytes_max: int | None = None,
    command: tuple[str, ...] | None = None,
) -> bytes:
    """Run `edge-agent ARGUMENT...` and return what it printed; exit codes 0 and 1 are answers.

    `bytes_max` is how much memory it may take; `command` replaces the interpreter and module that
    run it.  Raises Failed.
    """
    run_by = command if command is not None else (sys.executable, "-I", "-m", "edge_agent")
    try:
        child = await asyncio.create_subprocess_exec(
            *run_by, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
        )
    except OSError as error:
        raise Failed(f"it cannot be started: {error}") from error
    try:
        with contextlib.suppress(OSError):  # it has ended, or may not be slowed down
            os.setpriority(os.PRIO_PROCESS, child.pid, CHILD_NICE)
            if bytes_max is not None:
                resource.prlimit(child.pid, resource.RLIMIT_DATA, (bytes_max, bytes_max))
        async with asyncio.timeout(s_max):
            output, _ = await child.communicate()
    except TimeoutError as error:
        raise Failed(f"it did not end within {s_max:.0f} s") from error
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    if child.returncode not in {0, 1}:
        raise Failed(f"it ended with exit code {child.returncode}")
    return output
