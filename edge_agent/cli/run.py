"""`edge-agent run`: the daemon."""

import argparse
import os
import sys
from pathlib import Path
from types import ModuleType

from edge_agent.cli.options import Commands, add_config, command
from edge_agent.lean import without

EXIT_GONE = 78  # systemd does not try again, as after a configuration that is none


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "run",
        "read the panels, record and forward until told to stop",
        "  edge-agent run --config gateway.toml\n"
        "  systemctl start edge-agent                 the same, under systemd",
    )
    add_config(parser)
    parser.add_argument(
        "--log-level",
        choices=["debug", "info", "warning", "error"],
        default="info",
        help="how much to log (default info)",
    )
    parser.set_defaults(run=run)


_STAND_INS: dict[str, dict[str, type]] = {
    "urllib.request": {},  # paho looks for a proxy there; it is given connections that are made
    "pickle": {"PicklingError": type("PicklingError", (Exception,), {})},  # structlog's loggers
}
"""What libraries import and a daemon never uses, with the names that they must find there."""


def load() -> ModuleType:
    """Import the agent without what only a terminal has use for: some 8 MB of resident memory.

    What a driver of a third party asks for later, it is given.
    """
    with without("rich", stand_ins=_STAND_INS):  # structlog takes rich where it is installed
        from edge_agent import running
    return running


def run(arguments: argparse.Namespace) -> int:
    """Run the agent until SIGTERM or SIGINT."""
    running = load()
    from edge_agent import logs
    from edge_agent.clock import SystemClock, now_ms
    from edge_agent.daemon import reconfiguration
    from edge_agent.journal import JournalLocked

    logs.configure(SystemClock(), arguments.log_level)
    if why := _gone(arguments.config, now_ms()):
        print(f"edge-agent: {why}", file=sys.stderr)
        return EXIT_GONE
    chosen = reconfiguration.choose(arguments.config)
    try:
        code: int = running.run(chosen.loaded, probation=chosen.probation)
    except JournalLocked as error:
        print(f"edge-agent: {error}", file=sys.stderr)
        return 1
    if code == running.RESTART:
        _start_anew()
    return code


def _gone(config: Path, time_ms: int) -> str:
    """Return why nothing is run: this gateway was taken out of service; empty where it was not."""
    from edge_agent.evidence.cbor import Malformed
    from edge_agent.identity import decommissioning

    try:
        return decommissioning.at_start(config, time_ms)
    except (OSError, Malformed) as error:
        print(f"edge-agent: {decommissioning.file_of(config)}: {error}", file=sys.stderr)
        return ""


def _start_anew() -> None:
    """Run the same command again in this process: systemd and a terminal keep the one they know."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  it is ourselves
