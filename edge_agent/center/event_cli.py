"""`edge-center events`: what is stored, and what comes."""

import argparse
import json
import sqlite3
import sys
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import NoReturn

from edge_agent import output
from edge_agent.center import schema, show
from edge_agent.center.asking import EXIT_USAGE, Make, fail
from edge_agent.center.following import LOOK_S, Aloud, Follower
from edge_agent.center.layout import Layout
from edge_agent.clock import now_ms
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.language import LANGUAGES, language
from edge_agent.views.judged_words import Judged

LIMIT_DEFAULT = 50
HOURS = {"s": 1 / 3600, "min": 1 / 60, "m": 1 / 60, "h": 1, "d": 24}


def add(make: Make) -> None:
    """Register the command."""
    made = make(
        "events",
        "show stored events, oldest first",
        "  edge-center events /srv/center --follow\n"
        "  edge-center events /srv/center --gateway gw1 --type signal --since 2h\n"
        "  edge-center events /srv/center --lane fire --json --limit 0\n"
        "  edge-center events /srv/center --gateway gw1 --by-time     after an outage",
    )
    made.add_argument("--gateway", metavar="ID", help="only of this gateway")
    made.add_argument("--type", choices=[str(one) for one in EventType], help="only of this type")
    made.add_argument(
        "--lane", choices=[one.name.lower() for one in Lane], help="only of this lane"
    )
    made.add_argument(
        "--since",
        metavar="WHEN",
        help="received since: 90s, 15min, 2h, 3d, or a time such as 2026-11-23T08:00+08:00",
    )
    made.add_argument(
        "--limit",
        type=int,
        default=LIMIT_DEFAULT,
        help=f"the newest so many, 0 for all (default {LIMIT_DEFAULT})",
    )
    made.add_argument(
        "--by-time",
        action="store_true",
        help="in the order in which they happened, instead of that of their arrival",
    )
    made.add_argument("--follow", action="store_true", help="go on with those that come")
    made.add_argument("--utc", action="store_true", help="times in UTC instead of local time")
    made.add_argument("--lang", choices=LANGUAGES, help="default: the environment's")
    made.add_argument("--json", action="store_true", help="one JSON object a line")
    made.set_defaults(run=_events)


def _events(arguments: argparse.Namespace) -> int:
    try:
        wanted = _wanted(arguments)
    except ValueError as error:
        return fail(str(error), EXIT_USAGE)
    file = Layout(arguments.dir).database
    if arguments.follow:
        _follow(arguments, wanted, file)
    with closing(schema.open_for_reading(file)) as connection:
        if not _print(arguments, _first(connection, wanted, arguments.limit)):
            print("edge-center: no event of this kind is stored", file=sys.stderr)
    return 0


def _follow(arguments: argparse.Namespace, wanted: show.Wanted, file: Path) -> NoReturn:
    """Print what is there and go on with what comes, until Ctrl-C."""
    pause, aloud, newest = Event(), Aloud(language(arguments.lang)), 0
    with closing(Follower(file)) as follower:
        while True:
            look = follower.look()
            if look is not None:
                newest = 0 if look.is_another else newest
                try:
                    if look.is_another:
                        found = _first(look.connection, wanted, arguments.limit)
                    else:
                        found = show.select(look.connection, wanted, max(look.after, newest))
                    newest = max(_print(arguments, found), newest)
                except sqlite3.DatabaseError as error:
                    follower.failed(error)
                sys.stdout.flush()
            aloud.tell(follower.refusal)
            pause.wait(LOOK_S)
            output.still_read()


def _first(connection: sqlite3.Connection, wanted: show.Wanted, limit: int) -> Iterable[show.Shown]:
    if limit > 0:
        return show.newest(connection, wanted, limit)
    return show.select(connection, wanted)


def _print(arguments: argparse.Namespace, found: Iterable[show.Shown]) -> int:
    """Print events as the command line asks for; return the number of the newest, 0 for none."""
    zone, newest = UTC if arguments.utc else None, 0
    judged = None if arguments.json else Judged(language(arguments.lang))
    for one in show.by_time(found) if arguments.by_time else found:
        if judged is None:
            print(json.dumps(show.as_json(one), ensure_ascii=True))
        else:
            print(show.as_line(one, zone, judged))
        newest = max(newest, one.number)
    return newest


def _wanted(arguments: argparse.Namespace) -> show.Wanted:
    return show.Wanted(
        gateway=arguments.gateway,
        type=arguments.type,
        lane=None if arguments.lane is None else Lane[arguments.lane.upper()].value,
        since_ms=None if arguments.since is None else since_ms(arguments.since, now_ms()),
    )


def since_ms(text: str, now_ms: int) -> int:
    """Return the Unix time that `--since` names; raise ValueError saying what is allowed."""
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    hours = HOURS.get(text[len(digits) :])
    try:
        if hours is not None:
            return now_ms - round(timedelta(hours=float(digits) * hours).total_seconds() * 1000)
        return round(datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise ValueError(
            f"--since {text!r}: give an age (90s, 15min, 2h, 3d) or a time (2026-11-23T08:00+08:00)"
        ) from error
