"""`edge-center countersign`: the second operator of a command that wants two."""

import argparse
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge_agent.center import asking, desk_rows
from edge_agent.center.layout import CenterError, Layout
from edge_agent.center.wishes import person
from edge_agent.clock import now_ms
from edge_agent.domain.access import Role
from edge_agent.domain.event import Body
from edge_agent.evidence import fields
from edge_agent.evidence.command import ORDER, ORDER_ACT, ORDER_AREA, ORDER_PANEL, ORDER_ZONE
from edge_agent.evidence.warrant import peek_pass
from edge_agent.views import rendering

Make = Callable[[str, str, str], argparse.ArgumentParser]


def add(make: Make) -> None:
    """Register the command."""
    made = make(
        "countersign",
        "show what waits for a second operator, or sign it as that one",
        "  edge-center countersign /srv/center\n"
        "  edge-center countersign /srv/center 17 --key wang.key",
    )
    made.add_argument("number", type=int, nargs="?", metavar="NUMBER", help="left out: show all")
    made.add_argument("--key", type=Path, metavar="FILE", help="your own; not the first one's")
    made.add_argument("--wait", type=float, metavar="S", help="for the gateway; 0: not at all")
    made.add_argument("--json", action="store_true", help="print JSON, for scripts")
    made.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked.  Raises CenterError, OSError, sqlite3.Error."""
    layout = Layout(arguments.dir)
    with closing(asking.open_database(layout)) as connection:
        waiting = {one.id: one for one in desk_rows.awaiting(connection, now_ms())}
        if arguments.number is None:
            return _show(list(waiting.values()), as_json=arguments.json)
        one = waiting.get(arguments.number)
        if one is None:
            raise CenterError(f"nothing under {arguments.number} waits for a second operator")
        _sign(layout, connection, one, arguments.key)
        wait_s = asking.WAIT_S_DEFAULT if arguments.wait is None else arguments.wait
        told = asking.awaited(connection, one.id, wait_s)
    return asking.tell_command(told, as_json=arguments.json)


def _sign(
    layout: Layout, connection: sqlite3.Connection, one: desk_rows.Awaiting, key: Path | None
) -> None:
    at_ms = now_ms()
    second = person(layout, key, None, Role.VIEWER.value, at_ms)
    first = peek_pass(one.first)
    if second.said is None:
        raise CenterError("name your own key with --key")
    if second.said.id == first.id or second.said.key.kid == first.key.kid:
        raise CenterError(f"{first.words} has signed it already: a second operator is wanted")
    second.check(one.what, one.body)
    (warrant,) = second.warrants(one.gateway, one.what, one.body, at_ms, one.until_ms)
    if not desk_rows.countersign(connection, one.id, warrant, at_ms):
        raise CenterError(f"{one.id} waits for nobody any more")


def _show(waiting: list[desk_rows.Awaiting], *, as_json: bool) -> int:
    for one in waiting:
        if as_json:
            print(json.dumps(_facts(one), ensure_ascii=True))
            continue
        until = datetime.fromtimestamp(one.countersign_ms / 1000, UTC).astimezone()
        first = f"{peek_pass(one.first).words}, {one.role}"
        said = f"{one.id}: {one.gateway}: {words(one.what, one.body)}, by {first}"
        print(rendering.safe(f"{said}; until {until:%H:%M:%S}"))
    if not waiting and not as_json:
        print("nothing waits for a second operator")
    return 0


def _facts(one: desk_rows.Awaiting) -> dict[str, Any]:
    return {
        "number": one.id,
        "gateway": one.gateway,
        "what": words(one.what, one.body),
        "by": peek_pass(one.first).words,
        "role": one.role,
        "until_ms": one.countersign_ms,
    }


def words(what: str, body: Body) -> str:
    """Return what is wanted, as it was typed."""
    if what != ORDER:
        return what
    panel, act = fields.text(body, ORDER_PANEL), fields.text(body, ORDER_ACT)
    number, area = (fields.number_or_none(body, key) for key in (ORDER_ZONE, ORDER_AREA))
    place = [] if number is None else [str(number)]
    place += [] if area is None else [f"--area {area}"]
    return " ".join(["panel", panel, act, *place])
