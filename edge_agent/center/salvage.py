"""A damaged database: set aside, and what can be read of it brought into the new one.

Alarms come first: the center goes on at once with an empty database, and what the old one still
gives is verified and stored behind it, a slice at a time.  Nothing is believed for having been in
our own file: each envelope is judged as if it had just come.  A page that cannot be read is gone
round; what stood on it is missing, and shows as such: `fleet` counts the holes, `verify` names the
receipts that speak of it.  The damaged file stays as it is.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.center.layout import Layout
from edge_agent.center.rows import Rows
from edge_agent.center.store import Arrival, Office, Store
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.receipt import open_receipt
from edge_agent.evidence.tree import leaf_hash

SLICE_EVENTS = 100  # of one transaction: some 15 ms that an alarm may have to wait
DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
ROW_MAX = 1 << 48  # no table of ours has as many
PATTERN = "events-damaged-*.db"
EVENTS = "SELECT id, received_ms, live, envelope FROM event WHERE id > ? ORDER BY id"
RECEIPTS = "SELECT id, time_ms, gateway, data FROM receipt WHERE id > ? ORDER BY id"

RECEIVED = (
    "UPDATE event SET received_ms = ? WHERE epoch_id ="
    " (SELECT id FROM epoch WHERE gateway = ? AND epoch = ?) AND seq = ? AND leaf = ?"
)


def is_damage(error: sqlite3.Error) -> bool:
    """Tell whether `error` says that the file itself is damaged, rather than the disk full."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGE


def set_aside(layout: Layout, wall_ms: int) -> Path:
    """Move the database away, with its log; return where it lies now.  Raises OSError."""
    database = layout.database
    number = wall_ms
    while (aside := database.with_name(f"events-damaged-{number}.db")).exists():
        number += 1
    for end in ("-wal", "-shm", ""):  # its log first: SQLite would replay it into the new one
        with suppress(FileNotFoundError):
            Path(f"{database}{end}").rename(f"{aside}{end}")
    return aside


def waiting(layout: Layout) -> list[Path]:
    """Return the damaged databases that are not salvaged yet, oldest first."""
    found = sorted(layout.directory.glob(PATTERN))
    return [file for file in found if not _report(file).exists()]


def _report(damaged: Path) -> Path:
    return damaged.with_suffix(".salvaged.json")


@dataclass(slots=True)
class Found:
    """What a salvage came to."""

    events: int = 0  # stored anew
    doubles: int = 0  # there already
    refused: int = 0  # what does not verify, or has no genesis
    receipts: int = 0
    damages: int = 0  # places that could not be read


class Salvage:
    """The salvage of one damaged database into the open one."""

    def __init__(self, damaged: Path, office: Office, connection: sqlite3.Connection) -> None:
        self.damaged = damaged
        self.found = Found()
        self._office = office
        self._connection = connection
        self._store = _Silent(office, connection, urgent=False)

    def run(self) -> Iterator[None]:
        """Work, a slice for each turn; raises sqlite3.Error where the new database refuses."""
        try:
            source = sqlite3.connect(
                f"{self.damaged.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None
            )
        except sqlite3.Error:
            self.found.damages += 1
        else:
            with closing(source):
                source.text_factory = bytes  # damaged text need not be text
                for rows in _slices(_Readable(source, EVENTS, self.found)):
                    self._events(rows)
                    yield
                for rows in _slices(_Readable(source, RECEIPTS, self.found)):
                    self._receipts(rows)
                    yield
        self._write_report()

    def _events(self, rows: list[tuple[Any, ...]]) -> None:
        arrivals: list[Arrival] = []
        times: list[tuple[Any, ...]] = []
        for _, received_ms, live, envelope in rows:
            try:
                _, event = peek(envelope)
            except (Malformed, TypeError):
                self.found.refused += 1
                continue
            arrivals.append(Arrival(event.gateway, live == 1, envelope))
            place = event.gateway, event.epoch, event.seq, leaf_hash(envelope)
            if isinstance(received_ms, int):
                times.append((received_ms, *place))
        if arrivals:
            self._count(self._store.take(arrivals, 0).counts)
            with self._office.turns.take(urgent=False):
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.executemany(RECEIVED, times)
                self._connection.execute("COMMIT")

    def _count(self, counts: Counter[tuple[str, str]]) -> None:
        for (_, name), count in counts.items():
            if name == "stored":
                self.found.events += count
            elif name in {"doubles", "introductions"}:
                self.found.doubles += count
            elif name != "forks":
                self.found.refused += count

    def _receipts(self, rows: list[tuple[Any, ...]]) -> None:
        """Keep the center's own word: what it speaks of and is missing was lost here."""
        with self._office.turns.take(urgent=False):
            self._connection.execute("BEGIN IMMEDIATE")
            for _, time_ms, _, data in rows:
                try:
                    receipt = open_receipt(data, self._office.signer.public)
                except (Malformed, BadSignature, TypeError):
                    self.found.refused += 1
                    continue
                kept = Rows(self._connection, now_ms=time_ms if isinstance(time_ms, int) else 0)
                kept.keep_receipt(receipt.gateway, data)
                self.found.receipts += 1
            self._connection.execute("COMMIT")

    def _write_report(self) -> None:
        found = self.found
        facts = {name: getattr(found, name) for name in found.__slots__}
        _report(self.damaged).write_text(json.dumps(facts) + "\n")


class _Silent(Store):
    """A store that gives no receipts: those were given, or are when the gateway sends again."""

    def _receipt(self, *_: object, **__: object) -> None:
        pass


class _Readable:
    """The rows of a damaged table that can be read, in order; goes round what cannot."""

    def __init__(self, source: sqlite3.Connection, query: str, found: Found) -> None:
        self._source = source
        self._query = query
        self._found = found

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        after: int | None = 0
        while after is not None:
            try:
                for row in self._source.execute(self._query, (after,)):
                    after = row[0]
                    yield row
            except sqlite3.Error:
                self._found.damages += 1
                after = self._beyond(after)
            else:
                return

    def _beyond(self, after: int) -> int | None:
        """Return the first place past `after` from which something can be read; None: nowhere."""
        step = 1
        while not self._reads(after + step):
            step *= 2
            if step > ROW_MAX:
                return None
        low, high = after + step // 2, after + step
        while high - low > 1:
            middle = (low + high) // 2
            if self._reads(middle):
                high = middle
            else:
                low = middle
        return high

    def _reads(self, after: int) -> bool:
        try:
            self._source.execute(self._query, (after,)).fetchone()
        except sqlite3.Error:
            return False
        return True


def _slices(rows: _Readable) -> Iterator[list[tuple[Any, ...]]]:
    part: list[tuple[Any, ...]] = []
    for row in rows:
        part.append(row)
        if len(part) == SLICE_EVENTS:
            yield part
            part = []
    if part:
        yield part
