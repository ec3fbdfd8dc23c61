"""The center's database: its tables, and how it is opened.

SQLite in WAL mode with `synchronous=FULL`: a commit is on the disk when it returns, which is what a
receipt promises (sqlite.org/pragma.html).  Checkpoints are made apart (`checkpoint`), away from the
connection that an alarm waits for.
"""

import sqlite3
from pathlib import Path

from edge_agent.center.layout import CenterError
from edge_agent.center.turns import Turns

VERSION = 1
BUSY_MS = 2_000  # another program may look into the file; our own writers take turns (`turns`)
CACHE_KIB = 8_192  # pages a connection may keep in memory
WAL_BYTES_MAX = 4 << 20  # beyond this the log is copied back into the database

TABLES = """
CREATE TABLE epoch (
    id INTEGER PRIMARY KEY,
    gateway TEXT NOT NULL,
    epoch BLOB NOT NULL,
    vouched INTEGER NOT NULL,          -- 1: a genesis signed by the gateway's identity key is here
    previous BLOB,                     -- the epoch before, as the genesis tells
    previous_size INTEGER NOT NULL,
    previous_root BLOB,
    ended TEXT NOT NULL,
    received_ms INTEGER NOT NULL,
    count INTEGER NOT NULL DEFAULT 0,  -- numbers stored
    top INTEGER NOT NULL DEFAULT -1,   -- highest number stored
    proved_to INTEGER NOT NULL DEFAULT 0,  -- numbers below it are here and their roots fit
    peaks BLOB,                        -- the tree over 0..proved_to-1
    broken INTEGER NOT NULL DEFAULT 0, -- 1: the root at proved_to does not fit
    UNIQUE (gateway, epoch)
);
CREATE TABLE event_key (
    gateway TEXT NOT NULL,
    kid BLOB NOT NULL,
    epoch_id INTEGER NOT NULL REFERENCES epoch,
    key BLOB NOT NULL,
    vouched INTEGER NOT NULL,
    PRIMARY KEY (gateway, kid)
) WITHOUT ROWID;
CREATE TABLE event (
    id INTEGER PRIMARY KEY,            -- order of arrival
    epoch_id INTEGER NOT NULL REFERENCES epoch,
    seq INTEGER NOT NULL,
    leaf BLOB NOT NULL,
    root BLOB NOT NULL,
    received_ms INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    type TEXT NOT NULL,
    live INTEGER NOT NULL,             -- 1: came as an alarm, at once
    fork INTEGER NOT NULL DEFAULT 0,   -- 1: other bytes carry the same number
    vouched INTEGER NOT NULL,
    envelope BLOB NOT NULL
);
CREATE UNIQUE INDEX event_place ON event (epoch_id, seq, leaf);
CREATE TABLE receipt (
    id INTEGER PRIMARY KEY,
    gateway TEXT NOT NULL,
    time_ms INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE TABLE held (                    -- of a key whose genesis has not come
    id INTEGER PRIMARY KEY,
    gateway TEXT NOT NULL,
    kid BLOB NOT NULL,
    leaf BLOB NOT NULL,
    live INTEGER NOT NULL,
    envelope BLOB NOT NULL,
    UNIQUE (gateway, leaf)
);
CREATE TABLE quarantine (              -- refused: forged, malformed, misdirected
    id INTEGER PRIMARY KEY,
    gateway TEXT NOT NULL,
    received_ms INTEGER NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    data BLOB NOT NULL
);
CREATE INDEX quarantine_gateway ON quarantine (gateway);
CREATE TABLE counter (
    gateway TEXT NOT NULL,
    name TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (gateway, name)
) WITHOUT ROWID;
CREATE TABLE problem (
    id INTEGER PRIMARY KEY,
    gateway TEXT NOT NULL,
    epoch BLOB NOT NULL,
    seq INTEGER NOT NULL,
    what TEXT NOT NULL,                -- fork, root, branch, rollback, previous_root, key_reused
    detail TEXT NOT NULL,
    found_ms INTEGER NOT NULL,
    UNIQUE (gateway, epoch, seq, what)
);
CREATE TABLE presence (
    gateway TEXT PRIMARY KEY,
    connected INTEGER NOT NULL,        -- 0: the broker said that the connection was lost
    changed_ms INTEGER NOT NULL,       -- when `connected` last changed
    heard_ms INTEGER,                  -- when the last verified heartbeat came
    interval_s INTEGER NOT NULL,
    status BLOB                        -- that heartbeat, signed
) WITHOUT ROWID;
"""

LATER = """
CREATE INDEX IF NOT EXISTS epoch_unproved ON epoch (id) WHERE NOT broken AND proved_to <= top;
CREATE INDEX IF NOT EXISTS epoch_previous ON epoch (gateway, previous);
CREATE TABLE IF NOT EXISTS run (       -- on what an epoch ran, as its genesis tells
    epoch_id INTEGER PRIMARY KEY,
    boot BLOB NOT NULL,
    machine BLOB                       -- facts as in the genesis, CBOR
);
CREATE TABLE IF NOT EXISTS tie (       -- what dates the events of a boot: evidence/dating.py
    gateway TEXT NOT NULL,
    boot BLOB NOT NULL,
    boottime_ns INTEGER NOT NULL,
    firm INTEGER NOT NULL,             -- 1: the center's word, 0: a clock's
    earliest_ns INTEGER,
    latest_ns INTEGER,
    PRIMARY KEY (gateway, boot, boottime_ns, firm)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS event_verdict ON event (id) WHERE type = 'verdict';
CREATE INDEX IF NOT EXISTS event_clip ON event (id) WHERE type = 'clip';
CREATE INDEX IF NOT EXISTS event_act ON event (id) WHERE type = 'act';
CREATE INDEX IF NOT EXISTS event_received ON event (received_ms);
CREATE INDEX IF NOT EXISTS receipt_time ON receipt (time_ms);
CREATE INDEX IF NOT EXISTS event_life ON event (id) WHERE lane = 0;
CREATE INDEX IF NOT EXISTS event_fire ON event (id) WHERE lane = 1;
CREATE TABLE IF NOT EXISTS command (   -- what gateways are to do, and what became of it
    id INTEGER PRIMARY KEY,
    gateway TEXT NOT NULL,
    what TEXT NOT NULL,
    body BLOB NOT NULL,                -- CBOR, as in the signed command
    operator TEXT NOT NULL,
    role TEXT NOT NULL,
    made_ms INTEGER NOT NULL,
    until_ms INTEGER,                  -- given up then; NULL: never
    disposition BLOB,                  -- digest of the one that it brings
    epoch BLOB,                        -- of the newest signed one
    number INTEGER NOT NULL DEFAULT 0,
    data BLOB,                         -- that one
    digest BLOB,
    due_ms INTEGER NOT NULL DEFAULT 0, -- when it is sent (again)
    tries INTEGER NOT NULL DEFAULT 0,
    outcome TEXT,                      -- NULL: not known yet
    detail TEXT NOT NULL DEFAULT '',
    reply BLOB,
    answered_ms INTEGER
);
CREATE INDEX IF NOT EXISTS command_open ON command (due_ms) WHERE outcome IS NULL;
CREATE INDEX IF NOT EXISTS command_digest ON command (digest);
CREATE INDEX IF NOT EXISTS command_number ON command (gateway, number);
CREATE TABLE IF NOT EXISTS warrant (   -- the operators who want a command
    command INTEGER NOT NULL,
    place INTEGER NOT NULL,            -- 0: who wanted it, 1: who countersigned
    pass BLOB NOT NULL,
    mandate BLOB NOT NULL,
    PRIMARY KEY (command, place)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS countersign ( -- commands that wait for a second operator
    command INTEGER PRIMARY KEY,
    until_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS disposition (
    gateway TEXT NOT NULL,
    digest BLOB NOT NULL,
    data BLOB NOT NULL,                -- signed by the command key, which readers check
    made_ms INTEGER NOT NULL,
    journaled_ms INTEGER,              -- when the gateway's event of it came; NULL: not yet
    PRIMARY KEY (gateway, digest)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS export (    -- who took records out: each seal names the one before
    number INTEGER PRIMARY KEY,
    gateway TEXT NOT NULL,
    time_ms INTEGER NOT NULL,
    seal BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS cosignature ( -- the witness's newest of each epoch
    gateway TEXT NOT NULL,
    epoch BLOB NOT NULL,
    size INTEGER NOT NULL,
    peaks BLOB NOT NULL,               -- the tree that it is over: the next proof begins there
    time_ms INTEGER NOT NULL,          -- the witness's
    data BLOB NOT NULL,
    PRIMARY KEY (gateway, epoch)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS settlement ( -- who looked into what went wrong; nothing is removed
    id INTEGER PRIMARY KEY,
    gateway TEXT NOT NULL,
    what TEXT NOT NULL,                -- a problem's word, a counter, `missing` or `unvouched`
    epoch BLOB NOT NULL,               -- empty: of none
    seq INTEGER NOT NULL,
    mark INTEGER NOT NULL,             -- the trouble's then: with another one it counts no more
    actor TEXT NOT NULL,
    why TEXT NOT NULL,
    time_ms INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS settlement_gateway ON settlement (gateway);
"""
"""They cost a start nothing where they are there, and an older program does not mind them: so
databases of this version get them without a new one."""


def open_for_writing(file: Path) -> sqlite3.Connection:
    """Open the database, made new where there is none; raise CenterError where it is not ours."""
    connection = sqlite3.connect(
        file, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        _prepare(connection)
        if _version(connection) == 0:
            file.chmod(0o600)
            connection.executescript(
                f"BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;"
            )
        _check(connection, file)
        connection.executescript(LATER)
    except BaseException:
        connection.close()
        raise
    return connection


def without_sync(connection: sqlite3.Connection) -> None:
    """Let the commits of a connection return before the disk has them.

    For what is worth nothing after a power cut.  The log keeps its order: what another connection
    commits after that is on the disk together with all before it, and damage there is none
    (sqlite.org/pragma.html#pragma_synchronous, NORMAL in WAL mode).
    """
    connection.execute("PRAGMA synchronous = NORMAL")


def open_for_reading(file: Path) -> sqlite3.Connection:
    """Open the database to look at it; raise CenterError where there is none."""
    if not file.exists():
        raise CenterError(
            f"{file}: not there yet; `edge-center serve {file.parent}` makes it when it starts"
        )
    connection = sqlite3.connect(
        f"{file.absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=BUSY_MS / 1000,
        isolation_level=None,
    )
    try:
        _check(connection, file)
    except sqlite3.Error as error:
        connection.close()
        raise CenterError(
            f"{file}: {error}; see that this user may read and write the folder "
            f"(SQLite keeps its shared index there); a damaged one is set aside and salvaged "
            f"by `edge-center serve`"
        ) from error
    except CenterError:
        connection.close()
        raise
    return connection


def has_table(connection: sqlite3.Connection, name: str) -> bool:
    """Tell whether a table is there: one of `LATER` may not be in a database that is only read."""
    found = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = ?", (name,))
    return bool(found.fetchone()[0])


def checkpoint(connection: sqlite3.Connection, turns: Turns) -> None:
    """Copy the log back into the database if it is long.

    First what is there, while others write; then, in a turn, the little that came meanwhile, so
    that the log can start over.  A reader that is in the way is not waited for: next time.
    """
    log = Path(f"{_file(connection)}-wal")
    if not log.exists() or log.stat().st_size < WAL_BYTES_MAX:
        return
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        with turns.take(urgent=False):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")


def _file(connection: sqlite3.Connection) -> str:
    row = connection.execute("PRAGMA database_list").fetchone()
    return str(row[2])


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("PRAGMA foreign_keys = ON")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _check(connection: sqlite3.Connection, file: Path) -> None:
    version = _version(connection)
    if version != VERSION:
        raise CenterError(
            f"{file}: made by another version (tables {version}, this program knows {VERSION}); "
            f"use the program that made it"
        )
