"""Dates stored events by what is known of their boots; envelopes stay as they are.

Written beside the events, in their transaction: the few *ties* of each boot that tell something new
(evidence/dating.py).  Worked out when events are read: so a clock that a gateway sets hours later,
or a word of the center that comes after a year, dates at once what was stored long before.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from edge_agent.domain.event import EventType
from edge_agent.domain.stamp import Stamp
from edge_agent.evidence import cbor
from edge_agent.evidence.dating import Chronicle, Dated, Line, Tie, ties_of
from edge_agent.evidence.envelope import Event

BOOTS_MAX = 1_024  # whose ties are kept in memory; a gateway has one at a time
PERIOD_NS = 6 * 3_600_000_000_000  # of boot time: events within are dated by the same ties
TIES_BESIDE = 24  # read on each side of a period
PERIODS_MAX = 256  # kept while reading
HOPS_MAX = 64  # epochs that are gone through for a boot that knows the time
_MS = 1_000_000

NEAR = "SELECT boottime_ns, earliest_ns, latest_ns, firm FROM tie WHERE gateway = ? AND boot = ?"
WITHIN = f"{NEAR} AND boottime_ns >= ? AND boottime_ns < ? LIMIT 256"
BELOW = f"{NEAR} AND boottime_ns < ? ORDER BY boottime_ns DESC LIMIT {TIES_BESIDE}"
ABOVE = f"{NEAR} AND boottime_ns >= ? ORDER BY boottime_ns LIMIT {TIES_BESIDE}"
BEFORE = (
    "SELECT before.id, run.boot FROM epoch AS later JOIN epoch AS before"
    " ON before.gateway = later.gateway AND before.epoch = later.previous"
    " JOIN run ON run.epoch_id = before.id WHERE later.id = ?"
)
AFTER = (
    "SELECT later.id, run.boot FROM epoch AS before JOIN epoch AS later"
    " ON later.gateway = before.gateway AND later.previous = before.epoch"
    " JOIN run ON run.epoch_id = later.id WHERE before.id = ? ORDER BY later.id LIMIT 1"
)
STRANGE = "SELECT DISTINCT what FROM problem WHERE gateway = ? AND epoch = ? ORDER BY what"
MARKED = ("branch", "clone", "copied", "moved", "rollback")
"""Judgements of an epoch (center/lineage.py) that each of its events is marked with."""
_END_NS = 1 << 62


class Calendar:
    """The writing side; belongs to one store."""

    def __init__(self) -> None:
        self._lines: OrderedDict[tuple[str, bytes], Line] = OrderedDict()

    def forget(self) -> None:
        """A transaction was rolled back: what it noted is not in the database."""
        self._lines.clear()

    def note(
        self, connection: sqlite3.Connection, event: Event, epoch_id: int, received_ms: int
    ) -> None:
        """Note, inside the caller's transaction, what a new event tells of its boot."""
        gateway, boot = event.gateway, event.stamp.boot_id
        genesis = event.type == EventType.GENESIS
        if genesis:
            machine = event.body.get(6)
            stored = None if machine is None else cbor.encode(machine)
            connection.execute(
                "INSERT OR IGNORE INTO run VALUES (?, ?, ?)", (epoch_id, boot, stored)
            )
        line = self._line(connection, gateway, boot)
        always = genesis or event.type == EventType.CLOCK
        for tie in ties_of(event, (received_ms + 1) * _MS):
            if line.add(tie, always=always):
                connection.execute(
                    "INSERT OR IGNORE INTO tie VALUES (?, ?, ?, ?, ?, ?)",
                    (gateway, boot, *_columns(tie)),
                )

    def _line(self, connection: sqlite3.Connection, gateway: str, boot: bytes) -> Line:
        place = gateway, boot
        line = self._lines.get(place)
        if line is None:
            line = self._lines[place] = Line()
            for tie in _ties(connection, BELOW, (gateway, boot, _END_NS)):
                line.add(tie, always=True)
            if len(self._lines) > BOOTS_MAX:
                self._lines.popitem(last=False)
        else:
            self._lines.move_to_end(place)
        return line


def _columns(tie: Tie) -> tuple[int, bool, int | None, int | None]:
    return tie.boottime_ns, tie.firm, tie.earliest_ns, tie.latest_ns


def _ties(connection: sqlite3.Connection, query: str, values: tuple[Any, ...]) -> Iterator[Tie]:
    for boottime_ns, earliest_ns, latest_ns, firm in connection.execute(query, values):
        yield Tie(boottime_ns, earliest_ns, latest_ns, bool(firm))


class Dates:
    """The reading side: corrected times of events, by what the database holds now."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'tie'").fetchone()
        self._known = found is not None  # else made by an older program, and not served since
        self._strange: dict[tuple[str, bytes], tuple[str, ...]] = {}
        self._periods: OrderedDict[tuple[str, bytes, int], Chronicle] = OrderedDict()

    def date(self, gateway: str, epoch_id: int, stamp: Stamp, received_ms: int) -> Dated:
        """Return when an event was."""
        received_ns = (received_ms + 1) * _MS
        if not self._known:
            return Chronicle().date(stamp, received_ns)
        return self._chronicle(gateway, epoch_id, stamp).date(stamp, received_ns)

    def strange(self, gateway: str, epoch: bytes) -> tuple[str, ...]:
        """Return what the lineage of an epoch is called, see `lineage`."""
        place = gateway, epoch
        if place not in self._strange:
            found = self._connection.execute(STRANGE, place).fetchall()
            self._strange[place] = tuple(what for (what,) in found if what in MARKED)
        return self._strange[place]

    def _chronicle(self, gateway: str, epoch_id: int, stamp: Stamp) -> Chronicle:
        number = stamp.boottime_ns // PERIOD_NS
        place = gateway, stamp.boot_id, number
        known = self._periods.get(place)
        if known is None:
            start_ns = number * PERIOD_NS
            known = self._periods[place] = self._read(gateway, epoch_id, stamp.boot_id, start_ns)
            if len(self._periods) > PERIODS_MAX:
                self._periods.popitem(last=False)
        return known

    def _read(self, gateway: str, epoch_id: int, boot: bytes, start_ns: int) -> Chronicle:
        end_ns = start_ns + PERIOD_NS
        own = gateway, boot
        ties = [
            *_ties(self._connection, BELOW, (*own, start_ns)),
            *_ties(self._connection, WITHIN, (*own, start_ns, end_ns)),
            *_ties(self._connection, ABOVE, (*own, end_ns)),
        ]
        chronicle = Chronicle()
        dark = not any(tie.two_sided for tie in ties)
        if dark:
            self._neighbour(chronicle, (gateway, boot), epoch_id, before=True)
        line = chronicle.line(boot)
        for tie in ties:
            line.add(tie, always=True)
        if dark:
            self._neighbour(chronicle, (gateway, boot), epoch_id, before=False)
        return chronicle

    def _neighbour(
        self, chronicle: Chronicle, own: tuple[str, bytes], epoch_id: int, *, before: bool
    ) -> None:
        """Learn of the nearest other boot, in the order of epochs, that knows something."""
        gateway, boot = own
        for _ in range(HOPS_MAX):
            found = self._connection.execute(BEFORE if before else AFTER, (epoch_id,)).fetchone()
            if found is None:
                return
            epoch_id, other = found
            if other == boot:
                continue
            line = chronicle.line(other)
            query, from_ns = (BELOW, _END_NS) if before else (ABOVE, 0)
            for tie in _ties(self._connection, query, (gateway, other, from_ns)):
                line.add(tie, always=True)
            if any(tie.two_sided for tie in line.believed()):
                return
