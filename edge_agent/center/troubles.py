"""What went wrong at a gateway, and what somebody looked into: that is settled until more comes.

A settlement holds for a trouble exactly as it was; it is kept for ever, and counts no more once the
trouble has another mark.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from edge_agent.center import schema
from edge_agent.center.lineage import LAST_RECEIVED, REMEDIES

MISSING, UNVOUCHED = "missing", "unvouched"
WRONG = ("forks", "forged", "malformed", "misdirected", "stranger", "unknown_key", "bad_status")
"""Counters of what should not be."""
EPOCH_DIGITS = 6  # as other lines shorten it

PROBLEMS = (
    "SELECT what, epoch, seq, detail, found_ms FROM problem WHERE gateway = ? ORDER BY id DESC"
)
TWINS = (
    "SELECT count(*) FROM event WHERE seq = ? AND epoch_id ="
    " (SELECT id FROM epoch WHERE gateway = ? AND epoch = ?)"
)
LINES = "SELECT id, epoch, previous FROM epoch WHERE gateway = ? ORDER BY id"
SETTLEMENTS = (
    "SELECT what, epoch, seq, mark, actor, why, time_ms FROM settlement WHERE gateway = ?"
    " ORDER BY id"
)
SETTLE = (
    "INSERT INTO settlement (gateway, what, epoch, seq, mark, actor, why, time_ms)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
TWO_MACHINES = ("clone", "branch", "rollback")
"""Problems of two lines of epochs that follow the same one."""


class Key(NamedTuple):
    """Names a trouble of a gateway; `epoch` is empty where it is of none."""

    what: str
    epoch: bytes = b""
    seq: int = 0

    def __str__(self) -> str:
        """Return it as `fleet` prints it and `settle` takes it."""
        match self.what:
            case _ if not self.epoch:
                return self.what
            case "missing" | "unvouched":
                return f"{self.what}@{self.epoch.hex()[:EPOCH_DIGITS]}"
        return f"{self.what}@{self.epoch.hex()[:EPOCH_DIGITS]}/{self.seq}"


@dataclass(frozen=True, slots=True)
class Settlement:
    """Somebody's word that they looked into a trouble, at a time (Unix time in ms), and why it is
    settled; `mark` is the trouble's at that time."""

    key: Key
    mark: int
    actor: str
    why: str
    time_ms: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that went wrong and does not go away by itself.

    `mark` is another once it happened again: how often it happened, or when it last did.
    `settled` is the newest settlement of it as it is.
    """

    key: Key
    mark: int
    detail: str = ""
    found_ms: int | None = None
    settled: Settlement | None = None

    @property
    def remedy(self) -> str | None:
        """What to do about it."""
        return REMEDIES.get(self.key.what)


def troubles(
    connection: sqlite3.Connection,
    gateway: str,
    epochs: Iterable[Mapping[str, Any]],
    counters: Mapping[str, int],
) -> list[Trouble]:
    """Return what went wrong at a gateway, problems first, the newest of them first.

    `epochs` and `counters` are its facts.  Raises sqlite3.Error.
    """
    settled = {one.key: one for one in settlements(connection, gateway)}
    found = [*_problems(connection, gateway), *_holes(epochs), *_counted(counters)]
    return [
        Trouble(one.key, one.mark, one.detail, one.found_ms, word)
        if (word := settled.get(one.key)) is not None and word.mark == one.mark
        else one
        for one in found
    ]


def settlements(connection: sqlite3.Connection, gateway: str) -> list[Settlement]:
    """Return what was ever settled of a gateway, oldest first."""
    if not schema.has_table(connection, "settlement"):  # no program that knows it has served it yet
        return []
    rows = connection.execute(SETTLEMENTS, (gateway,))
    return [Settlement(Key(*row[:3]), *row[3:]) for row in rows]


def settle(connection: sqlite3.Connection, gateway: str, settled: Iterable[Settlement]) -> None:
    """Enter settlements, all or none.  Raises sqlite3.Error."""
    rows = [(gateway, *one.key, one.mark, one.actor, one.why, one.time_ms) for one in settled]
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(SETTLE, rows)
    connection.execute("COMMIT")


def named(found: Iterable[Trouble], text: str) -> list[Trouble]:
    """Return the troubles that `text` names: one, as it is printed, or all of one word."""
    return [one for one in found if text in (str(one.key), one.key.what)]


# ---- where troubles come from


def _problems(connection: sqlite3.Connection, gateway: str) -> Iterator[Trouble]:
    for what, epoch, seq, detail, found_ms in connection.execute(PROBLEMS, (gateway,)).fetchall():
        mark = 0
        if what == "fork":
            (mark,) = connection.execute(TWINS, (seq, gateway, epoch)).fetchone()
        elif what in TWO_MACHINES:
            mark = _both_until_ms(connection, gateway, epoch)
        yield Trouble(Key(what, epoch, seq), int(mark), detail, found_ms)


def _both_until_ms(connection: sqlite3.Connection, gateway: str, epoch: bytes) -> int:
    """Return until when more than one of the lines went on that an epoch is one of: whichever is
    the true one, the other should be silent.
    """
    rows = connection.execute(LINES, (gateway,)).fetchall()
    came_before = {one: previous for _, one, previous in rows}
    if epoch not in came_before:
        return 0
    stem = came_before[epoch]
    lines: dict[bytes, bytes] = {}  # an epoch, and that which its line begins with
    newest: dict[bytes, int] = {}
    for number, one, previous in rows:
        head = one if previous == stem else lines.get(previous or b"")
        if head is not None:
            lines[one] = head
            newest[head] = number
    last = [connection.execute(LAST_RECEIVED, (number,)).fetchone() for number in newest.values()]
    heard = sorted(row[0] for row in last if row is not None)
    return int(heard[-2]) if len(heard) > 1 else 0


def _holes(epochs: Iterable[Mapping[str, Any]]) -> Iterator[Trouble]:
    for one in epochs:
        epoch = bytes.fromhex(one["epoch"])
        if one["missing"]:
            yield Trouble(Key(MISSING, epoch), one["missing"], f"{one['missing']} missing")
        if not one["vouched"]:
            yield Trouble(Key(UNVOUCHED, epoch), 0)


def _counted(counters: Mapping[str, int]) -> Iterator[Trouble]:
    for name in WRONG:
        if counters.get(name):
            yield Trouble(Key(name), counters[name], f"counted {counters[name]}")
