"""Stored events for people and programs: which, and what is known besides what they say."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from edge_agent.center.calendar import Dates
from edge_agent.domain.stamp import Trust
from edge_agent.evidence.dating import Basis, Dated
from edge_agent.evidence.envelope import Event, peek
from edge_agent.views import rendering
from edge_agent.views.judged_words import Judged

LATE_MS_MIN = 10_000  # stored this long after its stamp: shown as late
ROWS_A_READ = 500  # rows fetched at a time
NUMBER_MAX = (1 << 63) - 1  # of an event: SQLite's own

_SELECT = (
    "SELECT event.id, event.received_ms, live, fork, event.vouched, epoch_id, envelope FROM event"
    " JOIN epoch ON epoch.id = epoch_id WHERE event.id > ?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events: None stands for all."""

    gateway: str | None = None
    type: str | None = None
    lane: int | None = None
    since_ms: int | None = None  # received at or after

    def where(self) -> tuple[str, list[str | int]]:
        """Return the conditions and their values."""
        conditions = {
            "epoch.gateway = ?": self.gateway,
            "event.type = ?": self.type,
            "event.lane = ?": self.lane,
            "event.received_ms >= ?": self.since_ms,
        }
        given = {text: value for text, value in conditions.items() if value is not None}
        return "".join(f" AND {text}" for text in given), list(given.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One stored event; `number` is the order of arrival, `dated` when it was, as known now."""

    number: int
    received_ms: int
    live: bool
    fork: bool
    vouched: bool
    event: Event
    dated: Dated
    strange: tuple[str, ...] = ()  # what the lineage of its epoch is called (center/lineage.py)

    @property
    def late_ms(self) -> int | None:
        """How long after it happened it was stored; None where only bounds of that are known."""
        wall_ns = self.dated.wall_ns
        return None if wall_ns is None else self.received_ms - wall_ns // 1_000_000

    @property
    def marks(self) -> list[str]:
        """What is to be known of it besides what it says."""
        trusted = self.event.stamp.trust is not Trust.UNSET
        marks = {
            "fork": self.fork,
            "unvouched": not self.vouched,
            "late": self.late_ms is not None and self.late_ms >= LATE_MS_MIN,
            "clock unset": not trusted,
            "clock wrong": trusted and self.dated.basis not in (Basis.OWN, Basis.UNCHECKED),
        }
        return [*(mark for mark, holds in marks.items() if holds), *self.strange]


def select(
    connection: sqlite3.Connection, wanted: Wanted, after: int = 0, limit: int | None = None
) -> Iterator[Shown]:
    """Yield stored events in the order of their arrival, after number `after`."""
    where, values = wanted.where()
    rows = connection.execute(
        f"{_SELECT}{where} ORDER BY event.id LIMIT ?",
        [after or floor(connection, wanted), *values, -1 if limit is None else limit],
    )
    dates = Dates(connection)
    while found := rows.fetchmany(ROWS_A_READ):
        for row in found:
            yield _shown(row, dates)


def newest(
    connection: sqlite3.Connection,
    wanted: Wanted,
    limit: int,
    before: int = NUMBER_MAX,
    after: int | None = None,
) -> list[Shown]:
    """Return the last `limit` events, oldest first, of those with numbers below `before`.

    `after` is what `floor` said; who asks for the last ones again and again looks it up once.
    """
    where, values = wanted.where()
    above = floor(connection, wanted) if after is None else after
    rows = connection.execute(
        f"{_SELECT} AND event.id < ?{where} ORDER BY event.id DESC LIMIT ?",
        [above, before, *values, limit],
    ).fetchall()
    dates = Dates(connection)
    return [_shown(row, dates) for row in reversed(rows)]


def floor(connection: sqlite3.Connection, wanted: Wanted) -> int:
    """Return a number that all events wanted are above: years may be stored, and an hour asked for.

    Arrival follows the clock only nearly, so it is the least number of those received since.
    """
    if wanted.since_ms is None:
        return 0
    # the plus keeps SQLite from walking through all numbers, the least first
    query = "SELECT min(+id) FROM event WHERE received_ms >= ?"
    (least,) = connection.execute(query, (wanted.since_ms,)).fetchone()
    return NUMBER_MAX if least is None else least - 1


def by_time(found: Iterable[Shown]) -> list[Shown]:
    """Return events in the order in which they happened; within an epoch that of their numbers."""
    latest: dict[bytes, int] = {}
    keyed = []
    for one in sorted(found, key=lambda one: one.event.seq):
        epoch = one.event.epoch
        latest[epoch] = max(latest.get(epoch, 0), one.dated.order_ns)
        keyed.append((latest[epoch], one.number, one))
    return [one for *_, one in sorted(keyed, key=lambda key: key[:2])]


def _shown(row: Any, dates: Dates) -> Shown:
    number, received_ms, live, fork, vouched, epoch_id, envelope = row
    event = peek(envelope)[1]  # it was verified before it was stored
    return Shown(
        number=number,
        received_ms=received_ms,
        live=bool(live),
        fork=bool(fork),
        vouched=bool(vouched),
        event=event,
        dated=dates.date(event.gateway, epoch_id, event.stamp, received_ms),
        strange=dates.strange(event.gateway, event.epoch),
    )


# ---- for programs


def as_json(shown: Shown) -> dict[str, Any]:
    """Return plain values for JSON; byte strings as hex."""
    return {
        "number": shown.number,
        **rendering.facts(shown.event),
        "time": rendering.when_facts(shown.dated),
        "received_ms": shown.received_ms,
        "live": shown.live,
        "late_ms": shown.late_ms,
        "marks": shown.marks,
    }


# ---- for people


def as_line(shown: Shown, zone: tzinfo | None, judged: Judged) -> str:
    """Return one line; `zone` None is the reader's local time."""
    return rendering.line(shown.event, zone, shown.marks, shown.dated, judged)
