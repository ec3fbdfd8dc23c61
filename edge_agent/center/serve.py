"""The running center: three lanes and the audit, each in its thread, until a signal ends it."""

import fcntl
import os
import signal
import socket
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from edge_agent.center import cosigning, salvage, schema, settings
from edge_agent.center.audit import Audit
from edge_agent.center.cosigning_rounds import CosigningRounds
from edge_agent.center.desk import CommandDesk, command_signer
from edge_agent.center.layout import CENTER, CenterError, Layout
from edge_agent.center.mqtt import Access
from edge_agent.center.operators import Operators
from edge_agent.center.presence import PresenceStore
from edge_agent.center.receiver import Intake, Lane, Receiver
from edge_agent.center.roster import Roster
from edge_agent.center.sealing import Opener, load_keys
from edge_agent.center.settings import Settings
from edge_agent.center.spool import Spool
from edge_agent.center.store import Office, Store
from edge_agent.center.turns import Turns
from edge_agent.clock import Clock
from edge_agent.evidence.cose import Signer
from edge_agent.evidence.key_file import KeyFileError
from edge_agent.evidence.signers import load_signer

SWITCH_S = 0.0005  # how long a thread may hold the interpreter while an alarm's thread wants it
AUDIT_REST_S = 0.02  # between two slices: the audit takes at most a third of one core
AUDIT_IDLE_S = 0.5
COSIGN_EVERY_S = 300.0  # how often it is looked for what is to be cosigned
AUDIT_RETRY_S = 5.0  # after the database refused
LINEAGE_TURNS = 4  # the epochs are compared every so many idle turns
LINEAGE_TURNS_MAX = 1_000  # and after so many busy ones: a large center is never idle
STOP_S_MAX = 5.0
DAMAGES_MAX = 3  # databases set aside by one process: more is no damage but a defect or bad memory
SALVAGE_REST_S = 0.05  # between two slices: alarms and the audit go first
SALVAGE_RETRY_S = 60.0  # after the new database refused

log = structlog.get_logger("center")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What the command line may set in place of the settings."""

    host: str | None = None
    port: int | None = None


def serve(layout: Layout, clock: Clock, overrides: Overrides) -> int:
    """Run until SIGTERM or SIGINT; return the exit code.

    Raises CenterError where the directory is not usable.
    """
    chosen = settings.load(layout)
    sys.setswitchinterval(SWITCH_S)
    with _alone(layout):
        for _ in range(DAMAGES_MAX):
            try:
                with closing(schema.open_for_writing(layout.database)) as connection:
                    center = Center(layout, chosen, overrides, clock)
                    code = center.run(connection)
                if center.damage is None:
                    return code
                damage = center.damage
            except sqlite3.DatabaseError as error:
                if not salvage.is_damage(error):
                    raise
                damage = error
            _set_aside(layout, clock, damage)
    log.critical(
        "the database was damaged again and again",
        remedy="check the disk and the memory of this machine",
    )
    return 1


def _set_aside(layout: Layout, clock: Clock, damage: sqlite3.Error) -> None:
    aside = salvage.set_aside(layout, (clock.stamp().wall_ns or 0) // 1_000_000)
    log.error(
        "the database is damaged: a new one takes its place",
        cause=str(damage),
        kept=str(aside),
        then="what can be read of it is verified and stored again; see `edge-center fleet` for "
        "what is missing, and restore a backup of it beside the new one if need be",
        remedy="check the disk and the memory of this machine",
    )


class Center:
    """The composition: what runs, and its orderly end."""

    def __init__(
        self, layout: Layout, chosen: Settings, overrides: Overrides, clock: Clock
    ) -> None:
        self._layout = layout
        self._chosen = chosen
        self._clock = clock
        self._turns = Turns()
        self._roster = Roster(layout)
        self._office = Office(
            center=chosen.name,
            signer=_receipt_signer(layout),
            roster=self._roster,
            turns=self._turns,
        )
        self._opener = Opener(load_keys(layout))
        self._access = _access(layout, chosen, overrides)
        self._witness = cosigning.Access.of(layout, chosen)
        self._access.context()  # unusable files are told now, not once a connection
        self._stop = threading.Event()
        self._failed = False
        self.damage: sqlite3.Error | None = None  # why it ended: the database itself

    def run(self, connection: sqlite3.Connection) -> int:
        """Start the threads and wait for the end; `connection` serves the audit."""
        with ExitStack() as opened:
            stores = [opened.enter_context(closing(self._open())) for _ in range(6)]
            return self._run(connection, stores)

    def _run(self, connection: sqlite3.Connection, stores: list[sqlite3.Connection]) -> int:
        receivers = self._receivers(stores)
        audit = Audit(connection, self._turns)
        threads = [
            self._thread("audit", lambda: self._audit(audit, connection)),
            self._thread("salvage", lambda: self._salvage(stores[3])),
            *([self._thread("witness", self._cosign)] if self._witness else []),
            *(self._thread(name, one.run) for name, one in receivers.items()),
        ]
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        for thread in threads:
            thread.start()
        _notify("READY=1")
        log.info(
            "serving",
            broker=f"{self._access.host}:{self._access.port}",
            gateways=len(self._roster.gateways()),
        )
        while not self._stop.wait(timeout=1.0):  # a wait without end would defer signals
            pass
        _notify("STOPPING=1")
        for receiver in receivers.values():
            receiver.stop()
        for thread in threads:
            thread.join(STOP_S_MAX)
        for receiver in receivers.values():
            receiver.close()
        log.info("stopped")
        return 1 if self._failed else 0

    def _open(self) -> sqlite3.Connection:
        return schema.open_for_writing(self._layout.database)

    def _receivers(self, stores: list[sqlite3.Connection]) -> dict[str, Receiver]:
        office = self._office
        heartbeat_s = self._chosen.presence.heartbeat_s
        signer = command_signer(self._layout)
        if signer is None:
            remedy = "run edge-center init again, and hand command.pem to the gateways"
            log.warning("no command key: commands to gateways wait", remedy=remedy)
        objection = Operators(self._layout).objection
        intakes: dict[str, Intake] = {
            "alarms": Store(office, stores[0], urgent=True),
            "events": Store(office, stores[1], urgent=False),
            "status": PresenceStore(office, stores[2], heartbeat_s),
            "replies": CommandDesk(self._chosen.name, stores[4], self._turns, signer, objection),
            "files": Spool(self._layout.spool, stores[5]),
        }
        return {
            name: Receiver(self._access, Lane(name), intake, self._clock, self._opener.opened)
            for name, intake in intakes.items()
        }

    def _thread(self, name: str, work: Callable[[], None]) -> threading.Thread:
        """Make a thread whose unexpected end is the end of the process: systemd starts anew."""

        def run() -> None:
            try:
                work()
            except sqlite3.DatabaseError as error:
                if not salvage.is_damage(error):
                    raise
                self.damage = error
                self._stop.set()
            finally:
                if name != "salvage":  # which has an end of its own
                    self._failed = self._failed or not self._stop.is_set()
                    self._stop.set()

        return threading.Thread(target=run, name=name, daemon=True)

    def _salvage(self, connection: sqlite3.Connection) -> None:
        """Bring in what damaged databases still give, each once."""
        for damaged in salvage.waiting(self._layout):
            while not self._salvaged(damaged, connection):
                if self._stop.wait(SALVAGE_RETRY_S):
                    return

    def _salvaged(self, damaged: Path, connection: sqlite3.Connection) -> bool:
        work = salvage.Salvage(damaged, self._office, connection)
        log.info("salvage begins", file=str(damaged))
        try:
            for _ in work.run():
                if self._stop.wait(SALVAGE_REST_S):
                    return False  # the next start begins it anew
        except (sqlite3.OperationalError, OSError) as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            log.warning("salvage has to wait", file=str(damaged), reason=str(error))
            return False
        log.warning("salvage ended", file=str(damaged), **asdict(work.found))
        return True

    def _cosign(self) -> None:
        """Have a witness cosign what is stored, each gateway once a day and each run that ended."""
        assert self._witness is not None
        rounds = CosigningRounds(self._witness, self._layout, self._turns)
        while not self._stop.wait(COSIGN_EVERY_S):
            rounds.turn((self._clock.stamp().wall_ns or 0) // 1_000_000, self._stop.is_set)

    def _audit(self, audit: Audit, connection: sqlite3.Connection) -> None:
        idle, turn, refused = LINEAGE_TURNS, 0, False
        while not self._stop.is_set():
            now_ms = (self._clock.stamp().wall_ns or 0) // 1_000_000
            try:
                busy = audit.step(now_ms)
                if (idle >= LINEAGE_TURNS and not busy) or turn >= LINEAGE_TURNS_MAX:
                    more = audit.lineage(now_ms)
                    idle, turn, busy = (idle, turn, True) if more else (0, 0, busy)
                schema.checkpoint(connection, self._turns)
            except sqlite3.OperationalError as error:
                if not refused:
                    log.warning("the audit waits for the database", reason=str(error))
                refused = True
                self._stop.wait(AUDIT_RETRY_S)
                continue
            refused = False
            idle, turn = idle + (not busy), turn + 1
            self._stop.wait(AUDIT_REST_S if busy else AUDIT_IDLE_S)


def _access(layout: Layout, chosen: Settings, overrides: Overrides) -> Access:
    return Access(
        host=overrides.host or chosen.broker.host,
        port=overrides.port or chosen.broker.port,
        ca=layout.certificate("ca"),
        certificate=layout.certificate(CENTER),
        key=layout.key(CENTER),
    )


def _receipt_signer(layout: Layout) -> Signer:
    try:
        return load_signer(layout.key("receipt"))
    except KeyFileError as error:
        raise CenterError(str(error)) from error


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    """Keep a second server out; its process id stands in the lock."""
    file = layout.directory / "serve.lock"
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise CenterError(f"{file}: {error.strerror}; run as the directory's owner") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 20).decode(errors="replace").strip()
            raise CenterError(
                f"{layout.directory}: another edge-center serves it (process {holder}); "
                f"stop that one first"
            ) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        os.close(descriptor)


def _notify(state: str) -> None:
    """Tell systemd (sd_notify(3)); no-op elsewhere."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.connect(address.replace("@", "\0", 1) if address.startswith("@") else address)
        sock.send(state.encode())
