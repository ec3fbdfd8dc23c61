"""Who is there: heartbeats verified and kept, lost connections marked.

A heartbeat counts when the event key of a stored genesis signed it; one whose genesis has not come
yet is kept in memory, the newest of each gateway, and looked at again.  The broker publishes the
will, which is empty and unsigned, when a connection is lost: it marks, and proves nothing.

Heartbeats are by far the most that comes, and an alarm may be waiting to write: signatures are
checked before the transaction, and its commit waits for no disk (`schema.without_sync`).
"""

import sqlite3
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from edge_agent.center import schema
from edge_agent.center.rows import Rows
from edge_agent.center.store import Arrival, Office, Taken
from edge_agent.evidence import cose
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature
from edge_agent.evidence.status import Status, open_status, peek_status

WAITING_BYTES_MAX = 8 << 20  # of heartbeats kept until their genesis comes: some 20,000 usual ones
LOOKED_AT_MAX = 32  # of these, in one turn: a lookup each, and an alarm may be waiting
LATEST_MAX = 131_072  # gateways whose newest heartbeat's time is kept in memory: some 40 MB

CONNECTED = (
    "INSERT INTO presence (gateway, connected, changed_ms, interval_s) VALUES (?, 0, ?, ?)"
    " ON CONFLICT DO UPDATE SET changed_ms = excluded.changed_ms,"
    "  connected = excluded.connected WHERE connected <> excluded.connected"
)
HEARD = (  # one that the broker had kept does not say when it was made: heard_ms NULL
    "INSERT INTO presence (gateway, connected, changed_ms, heard_ms, interval_s, status)"
    " VALUES (?, 1, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
    "  changed_ms = CASE WHEN connected THEN changed_ms ELSE excluded.changed_ms END,"
    "  connected = 1, heard_ms = coalesce(excluded.heard_ms, heard_ms),"
    "  interval_s = excluded.interval_s, status = excluded.status"
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A heartbeat that waits for its genesis."""

    arrival: Arrival
    kid: bytes


@dataclass(frozen=True, slots=True)
class Heard:
    """A verified heartbeat as received, whether the broker had kept it; `status` None: the will."""

    gateway: str
    status: Status | None = None
    data: bytes = b""
    retained: bool = False


Moment = tuple[bytes, int]
"""Boot id and boot time of a heartbeat."""


class PresenceStore:
    """Takes what comes on the status topics."""

    def __init__(self, office: Office, connection: sqlite3.Connection, heartbeat_s: int) -> None:
        self._office = office
        self._connection = connection
        schema.without_sync(connection)
        self._heartbeat_s = heartbeat_s
        self._latest: OrderedDict[str, Moment] = OrderedDict()  # committed; longest unheard first
        self._waiting: OrderedDict[str, Waiting] = OrderedDict()  # longest not looked at first
        self._waiting_bytes = 0

    def take(self, arrivals: Sequence[Arrival], now_ms: int) -> Taken:
        """Store who is there; there is nothing to receipt.  Raises sqlite3.Error."""
        taken = Taken()
        again = self._ready()
        fresh: dict[str, Moment] = {}  # not committed yet
        verified = (
            self._verified(arrival, taken.counts, fresh)
            for arrival in (*(one.arrival for one in again), *arrivals)
        )
        heard = [one for one in verified if one is not None]
        with self._office.turns.take(urgent=False):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for one in heard:
                    self._write(one, now_ms)
                Rows(self._connection, taken.counts, now_ms).finish()
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        self._remember(fresh)
        for waited in again:
            if self._waiting.get(waited.arrival.gateway) is waited:  # else a newer took its place
                self._forget(waited.arrival.gateway)
        return taken

    def has_work(self) -> bool:
        """Tell whether a heartbeat that waited for its genesis can be verified now."""
        return bool(self._ready())

    # ---- those that wait

    def _ready(self) -> list[Waiting]:
        """Return those whose genesis has come, of the few that it is the turn of."""
        rows = Rows(self._connection)
        ready = []
        for gateway in list(islice(self._waiting, LOOKED_AT_MAX)):
            one = self._waiting[gateway]
            if rows.event_key(gateway, one.kid) is not None:
                ready.append(one)
            else:
                self._waiting.move_to_end(gateway)
        return ready

    def _wait(self, arrival: Arrival, kid: bytes) -> None:
        """Keep it, the newest of its gateway; without room those are let go that waited longest.

        Another heartbeat follows within half a minute: what is let go costs no more than that.
        """
        self._forget(arrival.gateway)
        self._waiting[arrival.gateway] = Waiting(arrival, kid)
        self._waiting_bytes += len(arrival.data)
        while self._waiting_bytes > WAITING_BYTES_MAX:
            self._forget(next(iter(self._waiting)))

    def _forget(self, gateway: str) -> None:
        one = self._waiting.pop(gateway, None)
        if one is not None:
            self._waiting_bytes -= len(one.arrival.data)

    # ---- those that come

    def _verified(
        self, arrival: Arrival, counts: Counter[tuple[str, str]], fresh: dict[str, Moment]
    ) -> Heard | None:
        """Return what counts; None where nothing does, or its genesis has not come."""
        gateway = arrival.gateway
        if self._office.roster.identities(gateway) is None:
            counts["?", "unknown_gateway"] += 1
            return None
        if not arrival.data:
            return Heard(gateway)
        try:
            status = self._status(arrival)
        except (Malformed, BadSignature):
            counts[gateway, "bad_status"] += 1
            return None
        if status is None:
            return None
        boot, at_ns = status.stamp.boot_id, status.stamp.boottime_ns
        before = fresh.get(gateway) or self._before(gateway)
        if before is not None and before[0] == boot and before[1] >= at_ns:
            return None  # a newer one of the same boot is here: this one is a replay
        if before is not None or not arrival.retained:  # else nothing was heard of it yet
            fresh[gateway] = boot, at_ns
        return Heard(gateway, status, arrival.data, arrival.retained)

    def _status(self, arrival: Arrival) -> Status | None:
        """Return the heartbeat; None where its genesis has not come.

        Raises Malformed, BadSignature.
        """
        gateway, kid = arrival.gateway, cose.parse(arrival.data).kid
        known = self._office.keys.find(self._connection, gateway, kid)
        if known is None:
            peek_status(arrival.data)
            self._wait(arrival, kid)
            return None
        status = open_status(arrival.data, known.key)
        if status.gateway != gateway or status.epoch != known.epoch:
            raise BadSignature("a heartbeat of another gateway or epoch")
        return status

    def _before(self, gateway: str) -> Moment | None:
        """Return when the newest heartbeat that is stored was made."""
        known = self._latest.get(gateway)
        if known is not None:
            return known
        row = self._connection.execute(
            "SELECT status FROM presence WHERE gateway = ? AND heard_ms IS NOT NULL", (gateway,)
        ).fetchone()
        if row is None or row[0] is None:
            return None
        stamp = peek_status(row[0])[1].stamp
        return stamp.boot_id, stamp.boottime_ns

    def _remember(self, fresh: dict[str, Moment]) -> None:
        """Keep what was committed."""
        for gateway, moment in fresh.items():
            self._latest[gateway] = moment
            self._latest.move_to_end(gateway)
        while len(self._latest) > LATEST_MAX:
            self._latest.popitem(last=False)

    def _write(self, one: Heard, now_ms: int) -> None:
        if one.status is None:
            self._connection.execute(CONNECTED, (one.gateway, now_ms, self._heartbeat_s))
            return
        heard_ms = None if one.retained else now_ms
        row = one.gateway, now_ms, heard_ms, one.status.interval_s, one.data
        self._connection.execute(HEARD, row)
