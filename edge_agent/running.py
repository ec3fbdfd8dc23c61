"""One run of the agent, from its configuration to its exit code.

A bug ends the process and systemd starts it anew; only in a run that tries a new configuration it
brings the old one back at once, since by hand nobody would.
"""

import asyncio
import ctypes
import gc
import sys

import structlog

from edge_agent.agent import Agent
from edge_agent.clock import SystemClock
from edge_agent.config import Loaded
from edge_agent.control.probation import Probation
from edge_agent.daemon.ending import run_until_signal
from edge_agent.daemon.reconfiguration import drop
from edge_agent.health.body import Hardware
from edge_agent.journal import JournalLocked

log = structlog.get_logger()

SWITCH_S = 0.000_5
"""How long a thread may hold the interpreter while another wants it: the journal's thread commits
an alarm while the loop judges, and the usual 5 ms would be waited for at each turn between them."""

SETTLED_S = 10.0
"""After its start an agent needs no more of what loading, recovery and handshakes needed."""

RESTART = -1
"""Returned by `run` in place of an exit code: the same command is to be run again at once."""


def run(
    loaded: Loaded, hardware: Hardware | None = None, probation: Probation | None = None
) -> int:
    """Run the agent until SIGTERM or SIGINT; returns the exit code, or RESTART.

    `probation` is what this run has to decide or tell of its configuration.  Raises ConfigError
    where panels cannot be fitted, JournalLocked where another agent runs.
    """
    try:
        return _run(Agent(loaded, SystemClock(), hardware, probation))
    except JournalLocked:
        raise
    except Exception as error:
        if probation is None or probation.is_over:
            raise
        log.exception("the run that tried a new configuration failed")
        drop(loaded.file, probation, f"the run that tried it failed: {error!r}")
        return RESTART


def _run(agent: Agent) -> int:
    gc.collect()
    sys.setswitchinterval(SWITCH_S)
    gc.freeze()  # what start-up made stays: the collector need not walk it again

    async def serve(stop: asyncio.Event) -> None:
        asyncio.get_running_loop().call_later(SETTLED_S, give_back)
        await agent.serve(stop)

    asyncio.run(run_until_signal(agent.ending, serve, agent.await_power, agent.power_fails))
    return RESTART if agent.ending.restarts else 0


def give_back() -> None:
    """Let the C library give free memory back to the kernel: glibc keeps what lies between pieces
    in use (malloc_trim(3)), 0.7 MB of a start.  It takes a millisecond or two."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # not in every C library
    if trim is not None:
        trim(0)
