"""The process that is cut off: fills one store and tells every row that it was promised.

`python -m tests.crash.writer` waits for orders, one JSON line each, forks a child for every one and
answers with its process id: a start costs milliseconds then.  What is told goes to the ledger, a
file outside of the store: `told EPOCH FIRST LAST` only after the store promised these rows,
`refused WHY` and `accepted` as the journal says them, `done` or `ended WHY` at the end.
"""

import json
import os
import random
import resource
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from edge_agent.clock import SystemClock
from edge_agent.contents import Envelopes
from edge_agent.daemon.epoch import begin
from edge_agent.daemon.recorder import Notary, Pending
from edge_agent.domain.event import BodyValue, Draft, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.journal import Care, Damage, FolderDisk, Journal, Record, Terms, recover
from edge_agent.journal.files import list_segments
from tests.crash.rows import APPEND, TABLE, row

GATEWAY = "gw1"
OUTSTANDING_MAX = 24  # events on their way: a refusing disk stops the writer, not its memory
BURST_MAX = 6
SEALED_LOOK_S, SEALED_LOOKS_MAX = 0.01, 2_000
NO_ROWS = "-"  # stands for the epoch in a store that has none


@dataclass(frozen=True)
class Order:
    """What to write where.  `rows` None: until it is ended (SIGTERM: in order)."""

    store: str
    folder: str
    ledger: str
    key: str = ""
    rows: int | None = None
    flushes: bool = True  # False breaks the journal on purpose: fdatasync does nothing
    file_bytes_max: int | None = None
    body_bytes: int = 200
    seed: int = 0
    seals: bool = False  # else full segments of the journal stay as they were written
    sealed_first: bool = False  # what the run before left is sealed before any row is written
    stopped: bool = False  # before it does anything, until it gets SIGCONT: to be traced from there

    def text(self) -> str:
        return json.dumps(asdict(self))


class Ledger:
    """What was promised, written where no cut reaches it."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def say(self, *words: object) -> None:
        os.write(self._file, (" ".join(str(word) for word in words) + "\n").encode())


class Told:
    """The journal's listener: says what became durable and lets the writer go on."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.room = threading.Semaphore(OUTSTANDING_MAX)

    def sealed(self, pairs: list[tuple[object, Record]]) -> None:
        """Nothing is promised yet."""

    def committed(self, records: list[Record]) -> None:
        first = records[0]
        self._ledger.say("told", first.epoch.hex(), first.seq, records[-1].seq)
        self.room.release(len(records))

    def refused(self, reason: str) -> None:
        self._ledger.say("refused", reason)

    def accepted(self) -> None:
        self._ledger.say("accepted")

    def damaged(self, damage: Damage) -> None:
        """Nothing damages what the writer has just read."""
        self._ledger.say("damaged", damage)


class Ending:
    """SIGTERM ends the writer in order."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, number: int, frame: object) -> None:
        self.asked = True


def write_journal(order: Order, ledger: Ledger) -> None:
    """The real journal with its threads, sealing real events."""
    if not order.flushes:
        os.fdatasync = _no_flush  # type: ignore[assignment]
    identity = Ed25519Signer.load(Path(order.key))
    clock = SystemClock()
    disk = FolderDisk(Path(order.folder))
    found = recover(disk)
    start = begin(GATEWAY, identity, found, clock)
    told = Told(ledger)
    notary = Notary(GATEWAY, start.epoch, start.genesis, start.signer)
    care = Care(Envelopes(), told.damaged) if order.seals else None
    terms = Terms(["center"], care=care)
    journal = Journal(disk, found, notary, told, terms)
    journal.start()
    ending, chance = Ending(), random.Random(order.seed)
    if order.sealed_first:
        _wait_sealed(disk)
    drafts = [Pending(start.draft)]
    left = order.rows
    while drafts and not ending.asked:
        for draft in drafts:
            while not told.room.acquire(timeout=0.1) and not ending.asked:
                pass
            journal.submit(draft)
        burst = chance.randint(1, BURST_MAX)
        if left is not None:
            burst = min(burst, left)
            left -= burst
        drafts = [_signal(order, clock, chance) for _ in range(burst)]
    for _ in range(OUTSTANDING_MAX if order.rows is not None else 0):
        told.room.acquire()  # a refusing disk is waited for
    if order.seals and order.rows is not None and found.count:  # what was there is sealed by now
        _wait_sealed(disk)
    unwritten = journal.close()
    disk.close()
    ledger.say("closed", unwritten)


def _is_sealed(disk: FolderDisk) -> bool:
    """Tell whether any segment is."""
    return any(file.sealed for file in list_segments(disk, disk.names())[0])


def _wait_sealed(disk: FolderDisk) -> None:
    """Not for ever: a disk that refuses seals none."""
    looks = 0
    while looks < SEALED_LOOKS_MAX and not _is_sealed(disk):
        looks += 1
        time.sleep(SEALED_LOOK_S)


def _signal(order: Order, clock: SystemClock, chance: random.Random) -> Pending:
    lane = chance.choice(list(Lane))
    body: dict[int, BodyValue] = {1: "alarm", 5: "p1", 20: chance.randbytes(order.body_bytes)}
    return Pending(Draft(EventType.SIGNAL, lane, clock.stamp(), body))


def _no_flush(file: int) -> None:
    del file


def write_sqlite(order: Order, ledger: Ledger) -> None:
    """One row a transaction, WAL; the store's name says how far SQLite synchronizes."""
    base = sqlite3.connect(Path(order.folder, TABLE), isolation_level=None)
    base.execute("PRAGMA journal_mode=WAL")
    base.execute(f"PRAGMA synchronous={order.store.removeprefix('sqlite-')}")
    base.execute("CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, data BLOB)")
    (first,) = base.execute("SELECT COALESCE(MAX(seq) + 1, 0) FROM event").fetchone()

    def put(seq: int) -> None:
        base.execute("INSERT INTO event VALUES (?, ?)", (seq, row(seq)))

    _fill(order, ledger, first, put)


def write_append(order: Order, ledger: Ledger) -> None:
    """Rows at the end of a file, no flush at all: what a plain log does."""
    file = os.open(Path(order.folder, APPEND), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    size = len(row(0))
    whole = os.fstat(file).st_size // size
    os.ftruncate(file, whole * size)

    def put(seq: int) -> None:
        os.write(file, row(seq))

    _fill(order, ledger, whole, put)


def _fill(order: Order, ledger: Ledger, first: int, put: Callable[[int], None]) -> None:
    ending, seq = Ending(), first
    while not ending.asked and (order.rows is None or seq < first + order.rows):
        put(seq)
        ledger.say("told", NO_ROWS, seq, seq)
        seq += 1


WRITERS: dict[str, Callable[[Order, Ledger], None]] = {
    "journal": write_journal,
    "sqlite-full": write_sqlite,
    "sqlite-normal": write_sqlite,
    "append": write_append,
}


def obey(order: Order) -> None:
    """Fill the store; a disk that is cut off ends the others with an error."""
    if order.file_bytes_max is not None:
        limits = (order.file_bytes_max, resource.RLIM_INFINITY)
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    WRITERS[order.store](order, Ledger(order.ledger))


def serve() -> None:
    """Fork a writer for each order on standard input."""
    children: list[int] = []
    for line in iter(sys.stdin.readline, ""):
        # not sooner: who gave the order must find the process, even where it has ended by then
        children = [child for child in children if os.waitpid(child, os.WNOHANG)[0] == 0]
        order = Order(**json.loads(line))
        pid = os.fork()
        if pid == 0:
            _child(order)
        if order.stopped:
            os.waitpid(pid, os.WUNTRACED)
        children.append(pid)
        print(pid, flush=True)


def _child(order: Order) -> None:
    code = 1
    try:
        if order.stopped:
            os.kill(os.getpid(), signal.SIGSTOP)
        obey(order)
        Ledger(order.ledger).say("done")
        code = 0
    except (OSError, sqlite3.Error) as error:  # the cut, seen from inside
        Ledger(order.ledger).say("ended", error)
    finally:
        os._exit(code)


if __name__ == "__main__":
    serve()
