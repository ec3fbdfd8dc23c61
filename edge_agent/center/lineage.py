"""Names what is strange about how a gateway's epochs follow each other.

Two epochs that follow the same one, or one that goes on from before what is stored, come from a
card that was copied, moved or set back; or from an honest one that lost power while it refused to
write.  What tells them apart: the board that each genesis names, whether both went on at the same
time, and what the gateway must have had on its card (evidence/durable.py).
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edge_agent.domain.stamp import Stamp
from edge_agent.evidence import cbor
from edge_agent.evidence.bodies import Ended
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.durable import Durable
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.machine import Change, Fact, compare
from edge_agent.evidence.verify import WORD_LOST, began_before

SIBLINGS = (
    "SELECT first.id, first.epoch, first.received_ms, one.machine,"
    " later.id, later.epoch, later.received_ms, other.machine"
    " FROM epoch AS later JOIN epoch AS first ON first.gateway = later.gateway"
    "  AND first.previous IS later.previous AND first.id < later.id"
    " LEFT JOIN run AS one ON one.epoch_id = first.id"
    " LEFT JOIN run AS other ON other.epoch_id = later.id WHERE later.gateway = ?"
)
SET_BACK = (
    "SELECT before.id, later.epoch, later.previous_size, later.ended, before.top + 1"
    " FROM epoch AS later JOIN epoch AS before ON before.gateway = later.gateway"
    "  AND before.epoch = later.previous"
    " WHERE later.gateway = ? AND before.top >= later.previous_size"
)
MOVED = (
    "SELECT later.epoch, one.machine, other.machine FROM epoch AS later"
    " JOIN epoch AS before ON before.gateway = later.gateway AND before.epoch = later.previous"
    " JOIN run AS one ON one.epoch_id = before.id JOIN run AS other ON other.epoch_id = later.id"
    " WHERE later.gateway = ? AND one.machine IS NOT other.machine"
)
GENESIS = "SELECT envelope FROM event WHERE epoch_id = ? AND seq = 0 ORDER BY id LIMIT 1"
LAST_RECEIVED = "SELECT received_ms FROM event WHERE epoch_id = ? ORDER BY seq DESC LIMIT 1"
CHILD_SINCE = "SELECT 1 FROM epoch WHERE gateway = ? AND previous = ? AND received_ms > ? LIMIT 1"
TAIL = "SELECT envelope FROM event WHERE epoch_id = ? AND seq >= ? ORDER BY seq, id LIMIT ?"
HELD = "SELECT count(DISTINCT seq) FROM event WHERE epoch_id = ? AND seq >= ?"

TAIL_EVENTS_MAX = 20_000  # sent while a card refused; a longer tail is not excused
BEFORE_TAIL = 2_000  # how far back the disk's last word is looked for
TOGETHER_MS = 60_000  # what a broker may still have held when the other epoch began

REMEDIES = {
    "clone": "two machines run as this gateway: take the false one away, give the true one new "
    "keys (a new name by `edge-center init`), and destroy the copy",
    "moved": "if nobody replaced the hardware the card was stolen or copied: give the gateway new "
    "keys; else nothing",
    "copied": "if nobody replaced the card it was copied: give the gateway new keys, destroy the "
    "old card; else nothing",
    "rollback": "an old image of the card was restored, or somebody hid what it held: ask who did "
    "it; what was received before stays here",
    "branch": "the card was copied or set back: ask who did it, and see that no second machine "
    "runs",
    "unwritten": "none: nothing is lost here; change the card if it still refuses",
}


@dataclass(frozen=True, slots=True)
class Strange:
    """One thing found, at an epoch."""

    epoch: bytes
    what: str
    detail: str


JUDGEMENTS = ("unwritten", "branch", "rollback", "clone")
"""Words for one thing, the worst last: an epoch has one of them, and more of its events may change
which."""


def strange(connection: sqlite3.Connection, gateway: str) -> Iterator[Strange]:
    """Yield what is strange about the epochs of a gateway.  Raises sqlite3.Error."""
    siblings = connection.execute(SIBLINGS, (gateway,)).fetchall()
    found = [_of_siblings(connection, gateway, *row) for row in siblings]
    found += [
        _of_set_back(connection, *row)
        for row in connection.execute(SET_BACK, (gateway,)).fetchall()
    ]
    worst: dict[bytes, Strange] = {}
    for one in found:
        known = worst.setdefault(one.epoch, one)
        if JUDGEMENTS.index(one.what) > JUDGEMENTS.index(known.what):
            worst[one.epoch] = one
    yield from worst.values()
    for epoch, one, other in connection.execute(MOVED, (gateway,)).fetchall():
        if epoch in worst:
            continue  # a copy is elsewhere: that is said already
        match compare(machine_of(one), machine_of(other)):
            case Change.MOVED:
                yield Strange(epoch, "moved", "it runs on another board than the epoch before")
            case Change.COPIED:
                yield Strange(epoch, "copied", "it runs from another card than the epoch before")


@dataclass(frozen=True, slots=True)
class _Sibling:
    """One of two epochs that follow the same one."""

    id: int
    epoch: bytes
    received_ms: int
    machine: bytes | None


def _of_siblings(connection: sqlite3.Connection, gateway: str, *row: Any) -> Strange:
    first, later = _Sibling(*row[:4]), _Sibling(*row[4:])
    began, other = (_began(connection, sibling.id) for sibling in (later, first))
    if began is not None and other is not None and began_before(began, other):
        first, later = later, first  # a broker may hold for long what it was given
    if not _durable(connection, first.id, 0).size:
        detail = f"of epoch {first.epoch.hex()} nothing need have been on the card when it went on"
        return Strange(later.epoch, "unwritten", detail)
    both = f"it and epoch {first.epoch.hex()} both follow the same one"
    change = compare(machine_of(first.machine), machine_of(later.machine))
    if change is Change.MOVED:
        return Strange(later.epoch, "clone", f"{both}, on different boards")
    (last_ms,) = connection.execute(LAST_RECEIVED, (first.id,)).fetchone() or (0,)
    since_ms = later.received_ms + TOGETHER_MS
    child = connection.execute(CHILD_SINCE, (gateway, first.epoch, later.received_ms)).fetchone()
    if last_ms > since_ms or child is not None:
        return Strange(later.epoch, "clone", f"{both}, and both went on at the same time")
    if change is Change.UNKNOWN:
        return Strange(later.epoch, "branch", both)
    return Strange(
        later.epoch, "rollback", f"{both}, on the same board: an older image was restored"
    )


def _began(connection: sqlite3.Connection, epoch_id: int) -> Stamp | None:
    """Return when an epoch began, None where its genesis is not stored."""
    row = connection.execute(GENESIS, (epoch_id,)).fetchone()
    return None if row is None else peek(row[0])[1].stamp


def _of_set_back(connection: sqlite3.Connection, *row: Any) -> Strange:
    before_id, epoch, size, ended, here = row
    detail = f"it follows after {size} events, {here} are stored"
    tail = _durable(connection, before_id, max(0, size - BEFORE_TAIL))
    if tail.explains(size, Ended(ended)):
        return Strange(epoch, "unwritten", f"{detail}: the rest was sent and never on the card")
    (held,) = connection.execute(HELD, (before_id, size)).fetchone()
    return Strange(epoch, "rollback", detail + WORD_LOST * (held < here - size))


def _durable(connection: sqlite3.Connection, epoch_id: int, from_seq: int) -> Durable:
    """Return how much of an epoch was on the card, as far as its end from `from_seq` on tells."""
    durable = Durable(size=from_seq, next_seq=max(1, from_seq))
    rows = connection.execute(TAIL, (epoch_id, from_seq, TAIL_EVENTS_MAX)).fetchall()
    for (envelope,) in rows:
        durable.feed(peek(envelope)[1])
    if len(rows) == TAIL_EVENTS_MAX:
        durable.size = from_seq + TAIL_EVENTS_MAX
    return durable


def machine_of(stored: bytes | None) -> tuple[Fact, ...]:
    """Return the facts in a column of table `run`; nothing where there are none."""
    if stored is None:
        return ()
    try:
        value = cbor.decode(stored)
    except Malformed:
        return ()
    rows = value if isinstance(value, list) else []
    return tuple((one[0], one[1]) for one in rows if isinstance(one, list))  # type: ignore[misc]  # as we wrote it
