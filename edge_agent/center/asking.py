"""Asks a gateway for something and waits for its answer: what all commands that do so share."""

import argparse
import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

from edge_agent.center import desk_rows, schema
from edge_agent.center.desk import LIFE_MS, command_signer
from edge_agent.center.layout import CenterError, Layout
from edge_agent.center.roster import Roster
from edge_agent.center.wishes import wish_of
from edge_agent.clock import SystemClock
from edge_agent.domain.access import Role
from edge_agent.domain.event import BodyValue
from edge_agent.evidence.configuration import KEPT
from edge_agent.evidence.cose import Signer
from edge_agent.evidence.reply import peek_reply
from edge_agent.views import rendering

EXIT_FOUND_BAD, EXIT_USAGE = 1, 2
LOOK_S = 0.2
WAIT_S_DEFAULT = 60.0

Make = Callable[[str, str, str], argparse.ArgumentParser]
"""Registers a command: name, what it says, examples."""


def add_person(made: argparse.ArgumentParser, role: Role) -> None:
    """Add who says so, what they are, and how long they wait."""
    made.add_argument("--by", metavar="NAME", help="who says so, where no operator is entered")
    made.add_argument(
        "--key", type=Path, metavar="FILE", help="your own key, as `edge-center operator` has it"
    )
    made.add_argument(
        "--role",
        choices=[one.value for one in Role],
        default=role.value,
        help=f"what they are, where no operator is entered (default {role})",
    )
    made.add_argument(
        "--wait",
        type=float,
        metavar="S",
        help=f"how long to wait for the gateway (default {WAIT_S_DEFAULT:.0f}, longer for what "
        "takes it longer); 0: not at all",
    )
    made.add_argument("--json", action="store_true", help="print JSON, for scripts")


def give(
    arguments: argparse.Namespace,
    what: str,
    body: dict[int, BodyValue],
    wait_s: float,
    progress: Callable[[desk_rows.Outcome], None] = lambda _told: None,
) -> desk_rows.Outcome:
    """Enter a command and wait for what becomes of it.  Raises ValueError, CenterError."""
    layout = Layout(arguments.dir)
    if arguments.gateway not in Roster(layout).gateways():
        raise ValueError(f"no gateway {arguments.gateway} was made here")
    signer_of(layout)  # else it would wait for a key that is not there
    wait_ms = min(round(wait_s * 1000), LIFE_MS) or LIFE_MS
    wish = wish_of(arguments, what, body, wait_ms)
    with closing(open_database(layout)) as connection:
        number = desk_rows.wish(connection, wish)
        if wish.countersign_ms is not None:
            minutes = (wish.countersign_ms - wish.made_ms) // 60_000
            print(
                f"a second operator is wanted within {minutes} min:\n"
                f"  edge-center countersign {layout.directory} {number} --key THEIR.key",
                file=sys.stderr,
                flush=True,
            )
        return awaited(connection, number, wait_s, progress)


def awaited(
    connection: sqlite3.Connection,
    number: int,
    wait_s: float,
    progress: Callable[[desk_rows.Outcome], None] = lambda _told: None,
) -> desk_rows.Outcome:
    """Wait for the outcome of a command as long as asked; `progress` is told of each change."""
    clock, pause = SystemClock(), Event()
    until_ns = clock.boottime_ns() + round(wait_s * 1e9)
    before = None
    while True:
        told = desk_rows.outcome_of(connection, number)
        if (told.tries > 0, told.detail) != before:
            before = told.tries > 0, told.detail
            progress(told)
        if told.outcome is not None or clock.boottime_ns() >= until_ns:
            return told
        pause.wait(LOOK_S)


def standing(told: desk_rows.Outcome) -> str:
    """Say in a line what became of a command, or how far it is."""
    said = told.outcome or "not answered yet"
    if told.outcome is None and not told.tries:
        said += ", nor sent: is `edge-center serve` running, and the gateway online?"
    return f"{said}: {told.detail}" if told.detail else said


def tell_command(told: desk_rows.Outcome, *, as_json: bool) -> int:
    """Print what became of a command; return the exit code."""
    facts = facts_told(told.reply)
    if as_json:
        print(json.dumps({"outcome": told.outcome, "detail": told.detail, "facts": facts}))
    else:
        print(rendering.safe(standing(told)))
        if facts:
            print(json.dumps(facts, indent=1, ensure_ascii=True))
    return 0 if told.outcome in (desk_rows.DONE, KEPT) else EXIT_FOUND_BAD


def facts_told(reply: bytes | None) -> Any:
    """Return what a reply tells, None where there is none."""
    if reply is None:
        return None
    facts = peek_reply(reply)[1].facts  # it was verified before it was stored
    try:
        return json.loads(facts) if facts else None
    except (ValueError, RecursionError):
        return facts.hex()


def open_database(layout: Layout) -> sqlite3.Connection:
    """Open the database to enter something: `serve` sends it, and must have made it."""
    schema.open_for_reading(layout.database).close()
    return schema.open_for_writing(layout.database)


def signer_of(layout: Layout) -> Signer:
    """Return the key that commands are signed with.  Raises CenterError, with what to do."""
    signer = command_signer(layout)
    if signer is None:
        raise CenterError(
            f"{layout.key('command')}: no usable key; run edge-center init {layout.directory} "
            f"again, hand command.pem to the gateways, name it there as command_certificate"
        )
    return signer


def fail(message: str, code: int) -> int:
    """Say what is wrong; return the exit code."""
    print(f"edge-center: {message}", file=sys.stderr)
    return code
