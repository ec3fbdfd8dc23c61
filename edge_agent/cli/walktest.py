"""`edge-agent walktest`: which zones are heard while somebody walks, by the running agent."""

import argparse
import json
import sys
from pathlib import Path
from threading import Event
from typing import Any

from edge_agent.cli.options import Commands, add_config, add_json, agent_socket, command, no_agent

LOOK_S = 0.5
MINUTES_DEFAULT = 30


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "walktest",
        "show which zones of a panel are heard while somebody walks, and then which were not",
        "  edge-agent walktest shop                   until Ctrl-C, for 30 minutes at most\n"
        "  edge-agent walktest shop --area 2 --minutes 60",
    )
    parser.add_argument("panel", help="its `id` in the configuration")
    parser.add_argument("--area", type=int, metavar="N", help="only the zones of this area")
    parser.add_argument(
        "--minutes",
        type=int,
        default=MINUTES_DEFAULT,
        metavar="M",
        help=f"it ends by itself then (default {MINUTES_DEFAULT}, 120 at most)",
    )
    add_config(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Walk; exit 0 where all zones that the site lists were heard, else 1."""
    path = agent_socket(arguments.config)
    try:
        told = _walked(path, arguments)
    except ValueError as error:
        print(f"edge-agent walktest: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(no_agent(path, error), file=sys.stderr)
        return 1
    print(json.dumps(told) if arguments.json else f"{arguments.panel}: {told['said']}")
    return 1 if told["not_heard"] or not told["heard"] else 0


def _walked(path: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Begin, show what is heard, end; return what was heard.  Raises OSError, ValueError."""
    from edge_agent.control.socket import ask

    panel, pause = arguments.panel, Event()
    wanted = {"panel": panel, "minutes": arguments.minutes, "area": arguments.area}
    told: dict[str, Any] = ask(path, "walk_test", **wanted)
    if not arguments.json:
        print(f"{panel}: walk now: {told['said']}; Ctrl-C ends it", flush=True)
    shown: set[str] = set()
    try:
        while not told["over"]:
            pause.wait(LOOK_S)
            told = ask(path, "walk_test", panel=panel, look=True)
            if not arguments.json:
                _show(told["heard"], shown)
    except KeyboardInterrupt:
        told = ask(path, "walk_test", panel=panel)
    return told


def _show(heard: dict[str, int], shown: set[str]) -> None:
    """Print each zone when it is first heard."""
    for zone in heard:
        if zone not in shown:
            shown.add(zone)
            print(f"  zone {zone}", flush=True)
