"""`edge-agent walktest`: which zones are heard while somebody walks, by the running agent."""

import argparse
import json
import sys
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from edge_agent import output
from edge_agent.cli.lines import add_language
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

if TYPE_CHECKING:
    from edge_agent.views.walk import WalkView

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
    add_language(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Walk; exit 0 where all zones that the site lists were heard, else 1."""
    from edge_agent.language import language
    from edge_agent.views.walk import WalkView

    path, spoken = agent_socket(arguments.config), language(arguments.lang)
    _, names = names_of_zones(arguments.config, spoken)
    view = WalkView(arguments.panel, names, spoken)
    try:
        told = _walked(path, arguments, view)
    except ValueError as error:
        complain(arguments, f"edge-agent walktest: {error}")
        return 1
    except OSError as error:
        complain(arguments, no_agent(path, error))
        return 1
    if arguments.json:
        print(json.dumps(view.facts(told), ensure_ascii=False))
    else:
        output.show(*view.heard(told), *view.ended(told))
    return 1 if told["not_heard"] or not told["heard"] else 0


def _walked(path: Path, arguments: argparse.Namespace, view: "WalkView") -> dict[str, Any]:
    """Begin, show what is heard, end; return what was heard.  Raises OSError, ValueError."""
    from edge_agent.control.socket import ask

    panel, pause = arguments.panel, Event()
    wanted = {"panel": panel, "minutes": arguments.minutes, "area": arguments.area}
    told: dict[str, Any] = ask(path, "walk_test", **wanted)
    if not arguments.json:
        _say_now(view.begun(told))
    try:
        while not told["over"]:
            pause.wait(LOOK_S)
            told = ask(path, "walk_test", panel=panel, look=True)
            if not arguments.json:
                _say_now(*view.heard(told))
    except KeyboardInterrupt:
        told = ask(path, "walk_test", panel=panel)
    return told


def _say_now(*lines: str) -> None:
    output.show(*lines)
    sys.stdout.flush()
