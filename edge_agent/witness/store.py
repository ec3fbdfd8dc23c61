"""What a witness holds, in one SQLite file: a cosignature is in it for good before it is given.

`synchronous=FULL` in WAL mode: a commit is on the disk when it returns (sqlite.org/pragma.html).
What is held never goes back.  A file that was restored from a backup would let a history that was
cosigned since be cosigned a second time: then a new key has to be made.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.evidence.cose import Signer, parse
from edge_agent.evidence.cosignature import Cosignature
from edge_agent.witness.judging import (
    CERTAIN,
    Again,
    Cosign,
    Held,
    History,
    Proven,
    Refused,
    Verdict,
    judge,
)

VERSION = 1
BUSY_MS = 5_000  # the command line looks into the file while the server writes

_TABLES = """
CREATE TABLE history (                 -- one gateway of one authority
    id INTEGER PRIMARY KEY,
    authority BLOB NOT NULL,           -- SHA-256 over its public key
    gateway TEXT NOT NULL,
    breaks INTEGER NOT NULL DEFAULT 0, -- how often somebody let it begin anew
    stopped INTEGER NOT NULL DEFAULT 0,  -- 1: contradicted, and nobody has looked
    open INTEGER NOT NULL DEFAULT 0,   -- 1: somebody has, and the next epoch may begin anew
    asked_ms INTEGER NOT NULL,         -- when a head of it was cosigned last
    UNIQUE (authority, gateway)
);
CREATE TABLE epoch (
    history INTEGER NOT NULL REFERENCES history,
    epoch BLOB NOT NULL,
    previous BLOB,
    genesis BLOB NOT NULL,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    head BLOB NOT NULL,
    ended INTEGER,                     -- how many events it had, once another follows
    data BLOB NOT NULL,                -- the newest cosignature
    PRIMARY KEY (history, epoch)
) WITHOUT ROWID;
CREATE INDEX epoch_previous ON epoch (history, previous);
CREATE TABLE conflict (
    id INTEGER PRIMARY KEY,
    history INTEGER NOT NULL REFERENCES history,
    epoch BLOB NOT NULL,
    what TEXT NOT NULL,
    detail TEXT NOT NULL,
    seen BLOB NOT NULL,
    shown BLOB NOT NULL,
    times INTEGER NOT NULL DEFAULT 1,
    time_ms INTEGER NOT NULL,
    UNIQUE (history, epoch, what)      -- the first two messages say it; more are counted
);
"""


class StoreError(Exception):
    """A file that is no witness's: which, and what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was decided, and the cosignature where there is one."""

    verdict: Verdict
    cosignature: bytes = b""


@dataclass(frozen=True, slots=True)
class Seen:
    """One gateway as the witness knows it; `newest` is its newest cosignature."""

    authority: bytes
    gateway: str
    breaks: int
    stopped: bool
    asked_ms: int
    newest: Cosignature


@dataclass(frozen=True, slots=True)
class Kept:
    """A contradiction with both signed messages; `times` it was shown."""

    number: int
    authority: bytes
    gateway: str
    epoch: bytes
    what: str  # a Conflict
    detail: str
    seen: bytes
    shown: bytes
    times: int
    time_ms: int


class WitnessStore:
    """The file; one thread writes at a time.  Raises StoreError, sqlite3.Error."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(
            file, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
        )
        self._lock = threading.Lock()
        try:
            self._prepare(file)
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self, file: Path) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            file.chmod(0o600)
            self._connection.executescript(
                f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {VERSION}; COMMIT;"
            )
        elif version != VERSION:
            raise StoreError(f"{file}: made by another version; use the program that made it")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    # ---- deciding

    def submit(self, proven: Proven, witness: str, signer: Signer, now_ms: int) -> Answer:
        """Judge a head and keep what follows from it, durably; return what to answer."""
        with self._lock, self._transaction():
            key = self._history_id(proven, now_ms)
            verdict = judge(proven, self._history(key, proven))
            match verdict:
                case Cosign():
                    (breaks,) = self._one("SELECT breaks FROM history WHERE id = ?", key)
                    head = proven.head
                    data = Cosignature(
                        witness=witness,
                        authority=proven.authority,
                        gateway=head.gateway,
                        epoch=head.epoch,
                        size=head.seq,
                        root=head.root,
                        time_ms=now_ms,
                        breaks=breaks,
                    ).signed(signer)
                    self._keep(key, proven, verdict, data, now_ms)
                    return Answer(verdict, data)
                case Again():
                    (data,) = self._one(
                        "SELECT data FROM epoch WHERE history = ? AND epoch = ?",
                        *(key, proven.head.epoch),
                    )
                    return Answer(verdict, data)
                case Refused():
                    self._refuse(key, verdict, now_ms)
            return Answer(verdict)

    def _history_id(self, proven: Proven, now_ms: int) -> int:
        told = proven.authority, proven.head.gateway
        self._connection.execute(
            "INSERT INTO history (authority, gateway, asked_ms) VALUES (?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (*told, now_ms),
        )
        query = "SELECT id FROM history WHERE authority = ? AND gateway = ?"
        return int(self._one(query, *told)[0])

    def _history(self, key: int, proven: Proven) -> History:
        stopped, open_ = self._one("SELECT stopped, open FROM history WHERE id = ?", key)
        epochs: dict[bytes, Held] = {}
        followers: dict[bytes, bytes] = {}
        for epoch in proven.asks_of:
            for row in self._connection.execute(
                "SELECT epoch, genesis, size, root, head, ended FROM epoch"
                " WHERE history = ? AND epoch = ?",
                (key, epoch),
            ):
                epochs[epoch] = Held(*row)
            for (genesis,) in self._connection.execute(
                "SELECT genesis FROM epoch WHERE history = ? AND previous = ?", (key, epoch)
            ):
                followers[epoch] = genesis
        newest = self._connection.execute(
            "SELECT head FROM epoch WHERE history = ? LIMIT 1", (key,)
        ).fetchone()
        return History(
            epochs, followers, None if newest is None else newest[0], bool(stopped), bool(open_)
        )

    def _keep(self, key: int, proven: Proven, given: Cosign, data: bytes, now_ms: int) -> None:
        held, before = given.held, proven.genesis.previous_epoch
        self._connection.execute(
            "INSERT INTO epoch (history, epoch, previous, genesis, size, root, head, data)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET size = excluded.size, root = excluded.root, head = excluded.head,"
            " data = excluded.data",
            (key, held.epoch, before, held.genesis, held.size, held.root, held.head, data),
        )
        if given.ended is not None:
            self._connection.execute(
                "UPDATE epoch SET ended = ? WHERE history = ? AND epoch = ?",
                (given.ended.ended, key, given.ended.epoch),
            )
        self._connection.execute(
            "UPDATE history SET open = 0, asked_ms = ? WHERE id = ?", (now_ms, key)
        )

    def _refuse(self, key: int, told: Refused, now_ms: int) -> None:
        self._connection.execute(
            "INSERT INTO conflict (history, epoch, what, detail, seen, shown, time_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET times = times + 1",
            (key, told.epoch, str(told.what), told.detail, told.seen, told.shown, now_ms),
        )
        if told.what in CERTAIN:
            self._connection.execute("UPDATE history SET stopped = 1 WHERE id = ?", (key,))

    # ---- looking

    def seen(self) -> Iterator[Seen]:
        """Yield every gateway with what was cosigned of it last."""
        rows = self._connection.execute(
            "SELECT id, authority, gateway, breaks, stopped, asked_ms FROM history"
            " ORDER BY gateway, authority"
        ).fetchall()
        for key, authority, gateway, breaks, stopped, asked_ms in rows:
            told = self._connection.execute("SELECT data FROM epoch WHERE history = ?", (key,))
            cosigned = [Cosignature.read(parse(data)) for (data,) in told]
            newest = max(cosigned, key=lambda one: one.time_ms, default=None)
            if newest is not None:
                yield Seen(authority, gateway, breaks, bool(stopped), asked_ms, newest)

    def conflicts(self) -> list[Kept]:
        """Return all contradictions, oldest first."""
        rows = self._connection.execute(
            "SELECT conflict.id, authority, gateway, epoch, what, detail, seen, shown, times,"
            " time_ms FROM conflict JOIN history ON history.id = history ORDER BY conflict.id"
        )
        return [Kept(*row) for row in rows]

    def accept(self, gateway: str) -> int:
        """Let the histories of a stopped gateway go on; return how many there were."""
        with self._lock, self._transaction():
            return self._connection.execute(
                "UPDATE history SET stopped = 0, open = 1, breaks = breaks + 1"
                " WHERE gateway = ? AND stopped",
                (gateway,),
            ).rowcount

    # ---- SQLite

    def _one(self, query: str, *values: object) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._connection.execute(query, values).fetchone()
        return row

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:  # a full disk may refuse the commit and leave it open
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


@contextmanager
def opened(file: Path) -> Iterator[WitnessStore]:
    """Open a witness's file that is there; close it in the end.  Raises StoreError."""
    if not file.exists():
        raise StoreError(f"{file}: not there; make it with: edge-center witness {file.parent} init")
    with closing(WitnessStore(file)) as store:
        yield store
