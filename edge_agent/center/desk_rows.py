"""Commands to gateways and dispositions of incidents, as rows: made, found, settled."""

import sqlite3
from collections.abc import Container, Iterator
from dataclasses import dataclass

from edge_agent.domain.access import Role
from edge_agent.domain.event import Body
from edge_agent.evidence import cbor
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.command import CONFIG, DISPOSITION, DISPOSITION_SIGNED
from edge_agent.evidence.configuration import KEPT, ROLLED_BACK, TRYING
from edge_agent.evidence.cose import BadSignature, PublicKey
from edge_agent.evidence.disposition import (
    Disposition,
    digest_of,
    open_disposition,
    peek_disposition,
)
from edge_agent.evidence.envelope import Event
from edge_agent.evidence.warrant import Warrant

DONE, UNANSWERED = "done", "unanswered"
SINGLE, UNENTITLED = "single", "unentitled"  # in the words that a gateway refuses by


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants a gateway to do; `until_ms` None: whenever it comes back.

    `countersign_ms` is until when a second operator has to sign it; None: none is wanted.
    """

    gateway: str
    what: str
    operator: str
    role: Role
    made_ms: int
    until_ms: int | None
    body: Body
    disposition: bytes | None = None
    warrants: tuple[Warrant, ...] = ()
    countersign_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A command that waits for a second operator; `first` is the pass of who wanted it."""

    id: int
    gateway: str
    what: str
    body: Body
    role: str
    until_ms: int
    countersign_ms: int
    first: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command so far; `outcome` None: not known yet."""

    outcome: str | None
    detail: str
    reply: bytes | None
    tries: int


@dataclass(frozen=True, slots=True)
class Disposed:
    """A disposition, the digest that names it, and when the gateway's own event of it came; None:
    it has not yet."""

    said: Disposition
    digest: bytes
    journaled_ms: int | None


def wish(connection: sqlite3.Connection, wanted: Wish) -> int:
    """Enter a command, at once with all that belongs to it; return its id."""
    connection.execute("BEGIN IMMEDIATE")
    number = _wish(connection, wanted)
    connection.execute("COMMIT")
    return number


def _wish(connection: sqlite3.Connection, wanted: Wish) -> int:
    row = connection.execute(
        "INSERT INTO command (gateway, what, body, operator, role, made_ms, until_ms, disposition)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            wanted.gateway,
            wanted.what,
            cbor.encode(dict(wanted.body)),
            wanted.operator,
            str(wanted.role),
            wanted.made_ms,
            wanted.until_ms,
            wanted.disposition,
        ),
    )
    number = row.lastrowid
    assert number is not None
    for place, warrant in enumerate(wanted.warrants):
        _enter_warrant(connection, number, place, warrant)
    if wanted.countersign_ms is not None:
        connection.execute("INSERT INTO countersign VALUES (?, ?)", (number, wanted.countersign_ms))
    return number


def _enter_warrant(
    connection: sqlite3.Connection, number: int, place: int, warrant: Warrant
) -> None:
    row = (number, place, warrant.pass_, warrant.mandate)
    connection.execute("INSERT INTO warrant VALUES (?, ?, ?, ?)", row)


def warrants_of(connection: sqlite3.Connection, number: int) -> tuple[Warrant, ...]:
    """Return the warrants of the command with an id, who wanted it first."""
    rows = connection.execute(
        "SELECT pass, mandate FROM warrant WHERE command = ? ORDER BY place", (number,)
    )
    return tuple(Warrant(*row) for row in rows)


def awaiting(connection: sqlite3.Connection, now_ms: int) -> list[Awaiting]:
    """Return the commands that a second operator may still sign, oldest first."""
    rows = connection.execute(
        "SELECT command.id, gateway, what, body, role, command.until_ms, countersign.until_ms, pass"
        " FROM countersign JOIN command ON command.id = countersign.command"
        " JOIN warrant ON warrant.command = command.id AND place = 0"
        " WHERE outcome IS NULL AND countersign.until_ms >= ? ORDER BY command.id",
        (now_ms,),
    )
    return [
        Awaiting(id_, gateway, what, cbor.decode_map(body), *rest)
        for id_, gateway, what, body, *rest in rows
    ]


def countersign(connection: sqlite3.Connection, number: int, warrant: Warrant, now_ms: int) -> bool:
    """Enter the second operator's warrant: the command may go out.

    Returns False where it waits for none any more.
    """
    connection.execute("BEGIN IMMEDIATE")
    gone = connection.execute(
        "DELETE FROM countersign WHERE command = ? AND until_ms >= ?", (number, now_ms)
    ).rowcount
    if gone:
        _enter_warrant(connection, number, 1, warrant)
    connection.execute("COMMIT")
    return bool(gone)


def outcome_of(connection: sqlite3.Connection, number: int) -> Outcome:
    """Return what became of the command with an id."""
    row = connection.execute(
        "SELECT outcome, detail, reply, tries FROM command WHERE id = ?", (number,)
    ).fetchone()
    return Outcome(*row)


def dispose(
    connection: sqlite3.Connection,
    said: Disposition,
    signed: bytes,
    role: Role,
    warrants: tuple[Warrant, ...] = (),
) -> int:
    """Enter a disposition and the command that brings it; return the command's id."""
    digest = digest_of(signed)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(
        "INSERT INTO disposition (gateway, digest, data, made_ms) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (said.gateway, digest, signed, said.time_ms),
    )
    wanted = Wish(
        gateway=said.gateway,
        what=DISPOSITION,
        operator=said.by,
        role=role,
        made_ms=said.time_ms,
        until_ms=None,
        body={DISPOSITION_SIGNED: signed},
        disposition=digest,
        warrants=warrants,
    )
    number = _wish(connection, wanted)
    connection.execute("COMMIT")
    return number


def journaled(connection: sqlite3.Connection, event: Event, now_ms: int) -> None:
    """A gateway's act came: if it is a disposition in its journal, the center may let go of it; if
    it tells what became of a configuration, so may who waits for that.
    """
    try:
        act = ActBody.from_body(event.body)
    except Malformed:
        return  # it is evidence all the same, and shown as it is
    if act.what == CONFIG:
        _configured(connection, event.gateway, act, now_ms)
    if act.disposition is not None:
        _disposed(connection, event.gateway, act.disposition, now_ms)


def _disposed(connection: sqlite3.Connection, gateway: str, signed: bytes, now_ms: int) -> None:
    """Note that a disposition is in its gateway's journal, and settle the command that brought it.

    It may be one that a center said before this database was made.
    """
    try:
        said = peek_disposition(signed)
    except Malformed:
        return
    if said.gateway != gateway:
        return
    digest = digest_of(signed)
    connection.execute(
        "INSERT INTO disposition VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
        " SET journaled_ms = coalesce(journaled_ms, excluded.journaled_ms)",
        (gateway, digest, signed, said.time_ms, now_ms),
    )
    connection.execute(
        "UPDATE command SET outcome = ?, answered_ms = ? WHERE gateway = ? AND disposition = ?"
        " AND outcome IS NULL",
        (DONE, now_ms, gateway, digest),
    )


def _configured(connection: sqlite3.Connection, gateway: str, act: ActBody, now_ms: int) -> None:
    """Settle the command that brought a configuration, also one that was given up meanwhile."""
    if act.command is None or act.outcome not in (TRYING, KEPT, ROLLED_BACK):
        return
    mine = (gateway, CONFIG, act.command.digest)
    if act.outcome == TRYING:
        connection.execute(
            "UPDATE command SET detail = ? WHERE gateway = ? AND what = ? AND digest = ?"
            " AND outcome IS NULL",
            (f"{TRYING}: the gateway was started anew under it", *mine),
        )
        return
    connection.execute(
        "UPDATE command SET outcome = ?, detail = ?, answered_ms = ? WHERE gateway = ?"
        " AND what = ? AND digest = ? AND (outcome IS NULL OR outcome = ?)",
        (act.outcome, act.detail, now_ms, *mine, UNANSWERED),
    )


def dispositions(
    connection: sqlite3.Connection,
    key: PublicKey,
    gateway: str | None = None,
    of: Container[tuple[str, Place]] | None = None,
) -> Iterator[Disposed]:
    """Yield what was said of incidents, oldest first; what `key` did not sign is passed over.

    `of` names those that are asked for, by gateway and first event; None: all.
    """
    there = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'disposition'"
    ).fetchone()
    if there is None:  # no program that knows them has served it yet
        return
    rows = connection.execute(
        "SELECT data, journaled_ms FROM disposition WHERE gateway = coalesce(?, gateway)"
        " ORDER BY made_ms",
        (gateway,),
    )
    for signed, journaled_ms in rows:
        one = opened(signed, key, journaled_ms, of)
        if one is not None:
            yield one


def opened(
    signed: bytes,
    key: PublicKey,
    journaled_ms: int | None,
    of: Container[tuple[str, Place]] | None = None,
) -> Disposed | None:
    """Return a disposition, None where it is of none of `of` or `key` did not sign it."""
    try:
        if of is not None:
            said = peek_disposition(signed)
            if (said.gateway, said.incident) not in of:
                return None  # signatures are what takes time
        return Disposed(open_disposition(signed, key), digest_of(signed), journaled_ms)
    except (Malformed, BadSignature):
        return None
