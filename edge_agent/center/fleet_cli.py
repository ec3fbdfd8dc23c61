"""`edge-center fleet` and `settle`: every gateway, what is wrong, and who looked into it."""

import argparse
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from edge_agent.center import charters, fleet, fleet_lines, schema, settings, troubles
from edge_agent.center.asking import EXIT_USAGE, Make, fail, open_database
from edge_agent.center.layout import CenterError, Layout
from edge_agent.center.roster import Roster
from edge_agent.center.troubles import Settlement
from edge_agent.center.wishes import Person, asked_by
from edge_agent.clock import now_ms
from edge_agent.domain.access import Role
from edge_agent.evidence.fields import NAME_CHARS_MAX
from edge_agent.language import LANGUAGES, Catalog, language
from edge_agent.views import rendering

WHY_CHARS_MAX = 500


def add(make: Make, gateway: Callable[[str], str]) -> None:
    """Register the two; `gateway` reads a gateway's name."""
    _add_fleet(make, gateway)
    _add_settle(make, gateway)


# ---- fleet


def _add_fleet(make: Make, gateway: Callable[[str], str]) -> None:
    made = make(
        "fleet",
        "show every gateway: there or not, how far it came, what went wrong",
        "  edge-center fleet /srv/center\n"
        "  edge-center fleet /srv/center --problems     only those with something wrong\n"
        "  edge-center fleet /srv/center --gateway gw1 --all --lang zh\n"
        "  edge-center fleet /srv/center --json",
    )
    made.add_argument("--gateway", type=gateway, metavar="ID", help="only this one")
    made.add_argument(
        "--problems", action="store_true", help="only those with something wrong, or not there"
    )
    made.add_argument(
        "--all", action="store_true", help="also problems that somebody looked into (`settle`)"
    )
    made.add_argument("--lang", choices=LANGUAGES, help="default: the environment's")
    made.add_argument("--json", action="store_true", help="one JSON object a gateway and line")
    made.set_defaults(run=_fleet)


def _fleet(arguments: argparse.Namespace) -> int:
    layout = Layout(arguments.dir)
    say = Catalog(fleet_lines.WORDS, language(arguments.lang))
    counted = fleet_lines.Sum()
    with closing(schema.open_for_reading(layout.database)) as connection:
        view = fleet.View(
            connection,
            Roster(layout).gateways(),
            settings.load(layout).presence,
            now_ms(),
            charters.marks(layout),
            arguments.all,
        )
        for fact in fleet.facts(view, arguments.gateway):
            counted.add(fact)
            if arguments.problems and not fact["wrong"]:
                continue
            if arguments.json:
                print(json.dumps(fact, ensure_ascii=True))
            else:
                print("\n".join(fleet_lines.lines(fact, view.now_ms, say)))
    if arguments.gateway is not None and not counted.total:
        return fail(f"no gateway is called {arguments.gateway}", EXIT_USAGE)
    if not arguments.json:
        print(counted.line(say))
    return 0


# ---- settle


def _add_settle(make: Make, gateway: Callable[[str], str]) -> None:
    made = make(
        "settle",
        "say that somebody looked into what went wrong at a gateway; it is kept who and why, and "
        "what happens again is shown again",
        "  edge-center settle /srv/center gw1                             what there is to settle\n"
        "  edge-center settle /srv/center gw1 moved@8b8cc5/0 --why 'new board' --key wang.key\n"
        "  edge-center settle /srv/center gw1 forged --why 'a test of ours' --by 'Wang'",
    )
    made.add_argument("gateway", type=gateway, metavar="GATEWAY")
    made.add_argument(
        "what",
        nargs="*",
        metavar="WHAT",
        help="what is settled, as it is listed; a word alone stands for all of that kind",
    )
    made.add_argument("--why", metavar="TEXT", help="what it was")
    made.add_argument("--by", metavar="NAME", help="who says so, where no operator is entered")
    made.add_argument(
        "--key", type=Path, metavar="FILE", help="your own key, as `edge-center operator` has it"
    )
    made.set_defaults(run=_settle, role=Role.TECHNICIAN.value)


def _settle(arguments: argparse.Namespace) -> int:
    layout = Layout(arguments.dir)
    with closing(schema.open_for_reading(layout.database)) as connection:
        view = fleet.View(connection, Roster(layout).gateways(), settings.load(layout).presence, 0)
        found = fleet.open_troubles(view, arguments.gateway)
    if found is None:
        return fail(f"no gateway is called {arguments.gateway}", EXIT_USAGE)
    if not arguments.what:
        listed = [rendering.safe(f"{one.key}  {one.detail}".rstrip()) for one in found]
        print("\n".join(listed) or "nothing to settle")
        return 0
    chosen = []
    for text in arguments.what:
        named = troubles.named(found, text)
        if not named:
            return fail(
                f"nothing of {arguments.gateway} is called {text[:80]!r}, or it is settled; "
                f"there is: {', '.join(str(one.key) for one in found) or 'nothing'}",
                EXIT_USAGE,
            )
        chosen += [one for one in named if one not in chosen]
    if not arguments.why or len(arguments.why) > WHY_CHARS_MAX:
        return fail(f"say what it was, in 1 to {WHY_CHARS_MAX} characters: --why", EXIT_USAGE)
    who, at_ms = asked_by(arguments), now_ms()
    if who.role is Role.VIEWER:
        raise CenterError(f"{who.name} is a viewer, and settles nothing")
    actor = _actor(who)
    with closing(open_database(layout)) as connection:
        settled = [Settlement(one.key, one.mark, actor, arguments.why, at_ms) for one in chosen]
        troubles.settle(connection, arguments.gateway, settled)
    for one in chosen:
        print(f"{one.key}: settled by {actor}")
    return 0


def _actor(who: Person) -> str:
    number = f" ({who.qualification})" if who.qualification else ""
    return f"{who.name[:NAME_CHARS_MAX]}{number}"
