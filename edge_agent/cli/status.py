"""`edge-agent status`: what the running agent says of itself."""

import argparse
import json
import threading
from pathlib import Path
from typing import Any

from edge_agent import output
from edge_agent.cli.options import (
    Commands,
    add_config,
    add_json,
    agent_socket,
    command,
    complain,
    names_of_zones,
    no_agent,
)
from edge_agent.language import LANGUAGES

ASK_AGAIN_S = 0.2


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "status",
        "tell how the running agent, its panels and its path to the center are",
        "  edge-agent status\n"
        "  edge-agent status --lang zh\n"
        "  edge-agent status --wait 30                 after a start or a repair\n"
        "  edge-agent status --json | jq .panels",
    )
    add_config(parser)
    add_json(parser)
    parser.add_argument(
        "--wait",
        type=float,
        default=0.0,
        metavar="S",
        help="wait up to S seconds for all to be well",
    )
    parser.add_argument("--lang", choices=LANGUAGES, help="default: the environment's")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask the agent; exit 1 where something is not as it should be or none answers."""
    from edge_agent.language import language
    from edge_agent.views.status import healthy, lines, with_names

    path = agent_socket(arguments.config)
    try:
        status = _wait(path, arguments.wait)
    except (OSError, ValueError) as error:
        complain(arguments, no_agent(path, error))
        return 1
    spoken = language(arguments.lang)
    _, names = names_of_zones(arguments.config, spoken)
    if arguments.json:
        print(json.dumps(with_names(status, names), ensure_ascii=False, indent=2))
    else:
        output.show(*lines(status, spoken, names))
    return 0 if healthy(status) else 1


def _wait(path: Path, patience_s: float) -> dict[str, Any]:
    """Ask until all is well or `patience_s` is over; return the last answer."""
    from edge_agent.clock import SystemClock
    from edge_agent.control.socket import ask
    from edge_agent.views.status import healthy

    clock = SystemClock()
    until_ns = clock.boottime_ns() + int(patience_s * 1e9)
    pause = threading.Event()
    while True:
        over = clock.boottime_ns() >= until_ns
        try:
            status: dict[str, Any] = ask(path, "status")
        except OSError:
            if over:
                raise
        else:
            if over or healthy(status):
                return status
        pause.wait(ASK_AGAIN_S)
