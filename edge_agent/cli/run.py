"""`edge-agent run`: the daemon."""

import argparse
import sys
from types import ModuleType

from edge_agent.cli.options import Commands, add_config, command


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


def load() -> ModuleType:
    """Import the agent without what only a terminal has use for."""
    # structlog.dev would load rich where it is installed: 6 MB that a daemon never uses
    sys.modules.setdefault("rich", None)  # type: ignore[arg-type]  # None bars it
    from edge_agent import agent

    return agent


def run(arguments: argparse.Namespace) -> int:
    """Run the agent until SIGTERM or SIGINT."""
    agent = load()
    from edge_agent import config, logs
    from edge_agent.clock import SystemClock
    from edge_agent.journal import JournalLocked

    logs.configure(SystemClock(), arguments.log_level)
    try:
        code: int = agent.run(config.load(arguments.config))
    except JournalLocked as error:
        print(f"edge-agent: {error}", file=sys.stderr)
        return 1
    return code
