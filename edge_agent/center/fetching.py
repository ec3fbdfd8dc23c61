"""`edge-center bundle`: an evidence bundle made by a gateway, fetched part by part and checked."""

import argparse
import contextlib
import hashlib
import json
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from edge_agent.bundle_view import verify_file
from edge_agent.center import desk_rows
from edge_agent.center.answering import (
    EXIT_FOUND_BAD,
    EXIT_USAGE,
    Make,
    add_person,
    awaited,
    fail,
    give,
    now_ms,
    open_database,
)
from edge_agent.center.layout import Layout
from edge_agent.domain.access import Role
from edge_agent.domain.event import BodyValue
from edge_agent.evidence import command as words
from edge_agent.evidence import fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.parcel import Parcel, PartAsked
from edge_agent.evidence.reply import peek_reply

MADE_S = 300.0  # how long a bundle may be in the making
PART_MS = 120_000  # how long a part is asked for again before it is given up
TOGETHER = 4
"""Parts asked for at once, 64 KiB: what an uplink has under way of its backlog as well."""

TRIES_MAX = 3


class FetchError(Exception):
    """It did not come whole; says why."""


def add(make: Make, gateway: Callable[[str], str], since: Callable[[str, int], int]) -> None:
    """Register the command; `gateway` reads a gateway's name, `since` a time."""
    made = make(
        "bundle",
        "have a gateway make an evidence bundle of its own journal, fetch it and check it",
        "  edge-center bundle /srv/center gw1 --out case17.bundle --purpose 'case 17' \\\n"
        "      --since 2h --by 'Wang' --role installer\n"
        "  edge-center bundle /srv/center gw1 --out i.bundle --purpose 'case 17' \\\n"
        "      --incident 3f9a0c11d2e4b5a6/1042 --by 'Zhou' --role inspector",
    )
    made.add_argument("gateway", type=gateway, metavar="GATEWAY")
    made.add_argument("--out", type=Path, required=True, metavar="FILE", help="the new file")
    made.add_argument("--purpose", required=True, metavar="TEXT", help="what for; it is recorded")
    made.add_argument("--since", metavar="WHEN", help="90s, 15min, 2h, 3d, or a time")
    made.add_argument("--until", metavar="WHEN", help="the same")
    made.add_argument("--panel", metavar="ID", help="with --area: what was said of one area")
    made.add_argument("--area", type=int, metavar="N")
    made.add_argument("--incident", metavar="EPOCH/N", help="its verdicts and what they rest on")
    add_person(made, Role.INSTALLER)
    made.set_defaults(run=lambda arguments: _bundle(arguments, since))


def _bundle(arguments: argparse.Namespace, since: Callable[[str, int], int]) -> int:
    if arguments.out.exists():
        return fail(f"{arguments.out} is there already; name a new file", EXIT_USAGE)
    try:
        body = _asked(arguments, since)
        told = give(arguments, words.BUNDLE, body, MADE_S if not arguments.wait else arguments.wait)
    except ValueError as error:
        return fail(str(error), EXIT_USAGE)
    if told.outcome != desk_rows.DONE or told.reply is None:
        return fail(f"{told.outcome or 'not answered yet'}: {told.detail}", EXIT_FOUND_BAD)
    layout = Layout(arguments.dir)
    try:
        parcel = parcel_of(told.reply)
        with contextlib.closing(open_database(layout)) as connection:
            _write(arguments.out, parcel, fetched(connection, arguments, parcel))
    except (FetchError, Malformed) as error:
        return fail(f"{arguments.out} was not written: {error}", EXIT_FOUND_BAD)
    code, said = verify_file(arguments.out, layout.certificate("ca"), None, as_json=arguments.json)
    print(said if arguments.json else f"{arguments.out}: {told.detail}\n{said}")
    return code


def _asked(arguments: argparse.Namespace, since: Callable[[str, int], int]) -> dict[int, BodyValue]:
    """Return what the command carries.  Raises ValueError."""
    if (arguments.panel is None) is not (arguments.area is None):
        raise ValueError("--panel and --area go together")
    if not 0 < len(arguments.purpose.strip()) <= words.PURPOSE_CHARS_MAX:
        raise ValueError(f"--purpose has 1 to {words.PURPOSE_CHARS_MAX} characters")
    at_ms = now_ms()
    times = {
        key: since(text, at_ms)
        for key, text in (
            (words.BUNDLE_SINCE, arguments.since),
            (words.BUNDLE_UNTIL, arguments.until),
        )
        if text is not None
    }
    asked: dict[int, BodyValue] = {
        words.BUNDLE_PURPOSE: arguments.purpose,
        **times,
        words.BUNDLE_PANEL: arguments.panel,
        words.BUNDLE_AREA: arguments.area,
        words.BUNDLE_INCIDENT: arguments.incident,
    }
    return fields.without_none(asked)


def parcel_of(reply: bytes) -> Parcel:
    """Return what a gateway's reply offers.  Raises Malformed."""
    try:
        facts = json.loads(peek_reply(reply)[1].facts)
    except (ValueError, RecursionError) as error:
        raise Malformed("the reply offers nothing") from error
    if not isinstance(facts, dict):
        raise Malformed("the reply offers nothing")
    return Parcel.from_facts(facts)


# ---- parts


def fetched(
    connection: sqlite3.Connection, arguments: argparse.Namespace, parcel: Parcel
) -> Iterator[bytes]:
    """Yield the parts of a parcel in order; `arguments` name the gateway and who asks.

    Raises FetchError.
    """
    for first in range(0, parcel.parts, TOGETHER):
        numbers = range(first, min(first + TOGETHER, parcel.parts))
        asked = [_ask(connection, arguments, parcel, number) for number in numbers]
        for number, row in zip(numbers, asked, strict=True):
            yield _part(connection, arguments, parcel, number, row)
        if sys.stderr.isatty():
            print(f"\r{numbers.stop} of {parcel.parts} parts", end="", file=sys.stderr)


def _ask(
    connection: sqlite3.Connection, arguments: argparse.Namespace, parcel: Parcel, number: int
) -> int:
    at_ms = now_ms()
    wish = desk_rows.Wish(
        gateway=arguments.gateway,
        what=words.PART,
        operator=arguments.by,
        role=Role(arguments.role),
        made_ms=at_ms,
        until_ms=at_ms + PART_MS,
        body=PartAsked(parcel.digest, number).to_body(),
    )
    return desk_rows.wish(connection, wish)


def _part(
    connection: sqlite3.Connection,
    arguments: argparse.Namespace,
    parcel: Parcel,
    number: int,
    row: int,
) -> bytes:
    """Wait for one part, asking anew where the gateway was away or busy for long."""
    for _ in range(TRIES_MAX):
        told = awaited(connection, row, PART_MS / 1000 + 5)
        desk_rows.forget(connection, row)
        if told.outcome == desk_rows.DONE and told.reply is not None:
            data = peek_reply(told.reply)[1].facts  # it was verified before it was stored
            if len(data) != parcel.size_of(number):
                raise FetchError(f"part {number} has {len(data)} bytes")
            return data
        if told.outcome not in (None, desk_rows.UNANSWERED, "busy"):
            raise FetchError(f"part {number}: {told.outcome}: {told.detail}")
        row = _ask(connection, arguments, parcel, number)
    raise FetchError(f"part {number} did not come: {told.detail}")


def _write(out: Path, parcel: Parcel, parts: Iterator[bytes]) -> None:
    """Write what comes to a file of its own, which gets its name when it is whole."""
    making = out.with_name(f".{out.name}.part")
    digest = hashlib.sha256()
    try:
        descriptor = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            for data in parts:
                digest.update(data)
                file.write(data)
            file.flush()
            os.fsync(descriptor)
        if digest.digest() != parcel.digest:
            raise FetchError("what came is not what the gateway offered")
        os.link(making, out)
    finally:
        making.unlink(missing_ok=True)
