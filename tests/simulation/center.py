"""The center: the real `Store` on SQLite in memory, its two lanes, and the moments it dies at.

A transaction that was committed survives; one that was not does not.  What was not acknowledged to
the broker comes again, if the broker still has it.
"""

import itertools
import sqlite3
from collections.abc import Callable
from enum import Enum
from random import Random
from typing import Any

from edge_agent.center import schema
from edge_agent.center.store import Arrival, Office, Store
from edge_agent.center.turns import Turns
from edge_agent.evidence.cose import PublicKey
from tests.simulation.broker import LANES, Broker
from tests.simulation.keys import seeded_signer
from tests.simulation.loop import VirtualLoop

BATCH_MAX = 20
DISK_RETRY_S = 0.5


class Moment(Enum):
    """Between which two steps the center dies."""

    BEFORE_COMMIT = "before commit"
    AFTER_COMMIT = "after commit"
    AFTER_RECEIPT = "after receipt"


class CenterDied(BaseException):
    """The center's process ends in the middle of a transaction."""


class _Database(sqlite3.Connection):
    """SQLite that dies before a commit, or refuses, when told."""

    dying = False
    refusing = False

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        if sql.startswith("BEGIN") and self.refusing:
            raise sqlite3.OperationalError("database or disk is full")
        if sql == "COMMIT" and self.dying:
            self.dying = False
            raise CenterDied
        return super().execute(sql, *parameters)


class _Roster:
    def __init__(self, identity: PublicKey) -> None:
        self._identity = identity

    def identities(self, gateway: str) -> tuple[PublicKey, ...] | None:
        return (self._identity,) if gateway == "gw1" else None


class Center:
    """Receiver and store of both lanes; `died` is called when it has died by itself."""

    def __init__(
        self,
        loop: VirtualLoop,
        random: Random,
        broker: Broker,
        identity: PublicKey,
        wall_ms: Callable[[], int],
        file: str = ":memory:",
    ) -> None:
        self._loop, self._random, self._broker, self._wall_ms = loop, random, broker, wall_ms
        self.signer = seeded_signer(random)
        self.connection: _Database = sqlite3.connect(file, isolation_level=None, factory=_Database)
        self.connection.executescript(
            f"BEGIN; {schema.TABLES} {schema.LATER} COMMIT; PRAGMA foreign_keys = ON;"
        )
        self._roster = _Roster(identity)
        self._stores: dict[str, Store] = {}
        self._busy = dict.fromkeys(LANES, False)
        self._lives = 0
        self.turn_s = 0.001, 0.02  # how long one transaction takes
        self.up = False
        self.armed: Moment | None = None
        self.died_at: list[Moment] = []
        broker.arrived = self._arrived
        self.start()

    # ---- life

    def start(self) -> None:
        if self.up:
            return
        self.up = True
        self._lives += 1
        office = Office(center="center", signer=self.signer, roster=self._roster, turns=Turns())
        self._stores = {
            lane: Store(office, self.connection, urgent=lane == "alarms") for lane in LANES
        }
        self._busy = dict.fromkeys(LANES, False)
        self._connect()

    def die(self) -> None:
        """End the process at once: what it had not committed is gone."""
        if self.connection.in_transaction:
            self.connection.rollback()
        self.up = False
        self._lives += 1

    def heal(self) -> None:
        self.armed, self.connection.refusing, self.connection.dying = None, False, False
        self.start()

    def _connect(self) -> None:
        """Come (back) to the broker, and keep looking for it."""
        life = self._lives

        def look() -> None:
            if life != self._lives:
                return
            if self._broker.up:
                for lane in LANES:
                    self._broker.subscribe(lane)
                    self._arrived(lane)
            self._loop.call_later(self._random.uniform(0.5, 2.0), look)

        self._loop.call_later(self._random.uniform(0.01, 0.5), look)

    # ---- work

    def _arrived(self, lane: str) -> None:
        if self.up and not self._busy[lane] and self._broker.queues.get(lane):
            self._busy[lane] = True
            life, delay_s = self._lives, self._random.uniform(*self.turn_s)
            self._loop.call_later(delay_s, lambda: self._work(lane, life))

    def _work(self, lane: str, life: int) -> None:
        if life != self._lives:
            return
        self._busy[lane] = False
        queue = self._broker.queues.get(lane)
        if not queue or not self._broker.up:
            return
        batch = list(itertools.islice(queue, BATCH_MAX))
        armed, self.armed = self.armed, None
        self.connection.dying = armed is Moment.BEFORE_COMMIT
        arrivals = [Arrival("gw1", lane == "alarms", one.data) for one in batch]
        try:
            taken = self._stores[lane].take(arrivals, self._wall_ms())
        except CenterDied:
            self._crash(Moment.BEFORE_COMMIT)
            return
        except sqlite3.OperationalError:
            self.armed = armed
            self._busy[lane] = True
            self._loop.call_later(DISK_RETRY_S, lambda: self._work(lane, life))
            return
        if armed is Moment.AFTER_COMMIT:
            self._crash(armed)
            return
        for receipt in taken.receipts:
            self._broker.receipt(receipt.data)
        if armed is Moment.AFTER_RECEIPT:
            self._crash(armed)
            return
        for _ in batch:
            queue.popleft()
        self._arrived(lane)

    def _crash(self, moment: Moment) -> None:
        self.died_at.append(moment)
        self.die()
        self._loop.call_later(self._random.uniform(0.5, 5), self.start)

    # ---- what it holds

    def envelopes(self) -> list[bytes]:
        """Everything stored, in the order of epochs and numbers."""
        rows = self.connection.execute(
            "SELECT envelope FROM event JOIN epoch ON epoch.id = epoch_id ORDER BY epoch.id, seq"
        )
        return [envelope for (envelope,) in rows]

    def holds(self, frame: bytes) -> bool:
        found = self.connection.execute(
            "SELECT 1 FROM event WHERE instr(envelope, ?) LIMIT 1", (frame,)
        )
        return found.fetchone() is not None

    def has(self, epoch: bytes, seq: int, leaf: bytes) -> bool:
        found = self.connection.execute(
            "SELECT 1 FROM event JOIN epoch ON epoch.id = epoch_id"
            " WHERE epoch.epoch = ? AND seq = ? AND leaf = ?",
            (epoch, seq, leaf),
        )
        return found.fetchone() is not None

    def counters(self) -> dict[str, int]:
        return dict(self.connection.execute("SELECT name, value FROM counter"))
