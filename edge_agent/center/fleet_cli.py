"""`edge-center fleet`: every gateway, and what is wrong with it."""

import argparse
import json
from contextlib import closing

from edge_agent.center import charters, fleet, schema, settings
from edge_agent.center.asking import Make
from edge_agent.center.layout import Layout
from edge_agent.center.roster import Roster
from edge_agent.clock import now_ms


def add(make: Make) -> None:
    """Register the command."""
    made = make(
        "fleet",
        "show every gateway: there or not, how far it came, what went wrong",
        "  edge-center fleet /srv/center\n  edge-center fleet /srv/center --json",
    )
    made.add_argument("--json", action="store_true", help="one JSON object a gateway and line")
    made.set_defaults(run=_fleet)


def _fleet(arguments: argparse.Namespace) -> int:
    layout = Layout(arguments.dir)
    presence = settings.load(layout).presence
    with closing(schema.open_for_reading(layout.database)) as connection:
        view = fleet.View(
            connection, Roster(layout).gateways(), presence, now_ms(), charters.marks(layout)
        )
        facts = fleet.facts(view)
    for fact in facts:
        print(
            json.dumps(fact, ensure_ascii=True)
            if arguments.json
            else "\n".join(fleet.lines(fact, view.now_ms))
        )
    return 0
