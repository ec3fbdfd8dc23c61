"""Who is there: heartbeats verified and kept, lost connections marked.

A heartbeat counts when the event key of a stored genesis signed it; one whose genesis has not come
yet is kept in memory, the newest of each gateway, and looked at again.  The broker publishes the
will, which is empty and unsigned, when a connection is lost: it marks, and proves nothing.
"""

import sqlite3
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from edge_agent.center.roster import Identities
from edge_agent.center.rows import Rows
from edge_agent.center.store import Arrival, Taken
from edge_agent.center.turns import Turns
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature
from edge_agent.evidence.status import Status, open_status, peek_status

WAITING_BYTES_MAX = 8 << 20  # of heartbeats kept until their genesis comes: some 20,000 usual ones
LOOKED_AT_MAX = 32  # of these, in one turn: a lookup each, and an alarm may be waiting


@dataclass(frozen=True, slots=True)
class Waiting:
    """A heartbeat that waits for its genesis."""

    arrival: Arrival
    kid: bytes


@dataclass(frozen=True, slots=True)
class Beat:
    """A verified heartbeat, as received."""

    status: Status
    data: bytes


class PresenceStore:
    """Takes what comes on the status topics."""

    def __init__(
        self, connection: sqlite3.Connection, roster: Identities, turns: Turns, heartbeat_s: int
    ) -> None:
        self._connection = connection
        self._roster = roster
        self._turns = turns
        self._heartbeat_s = heartbeat_s
        self._waiting: OrderedDict[str, Waiting] = OrderedDict()  # longest not looked at first
        self._waiting_bytes = 0

    def take(self, arrivals: Sequence[Arrival], now_ms: int) -> Taken:
        """Store who is there; there is nothing to receipt.  Raises sqlite3.Error."""
        taken = Taken()
        again = self._ready()
        with self._turns.take(urgent=False):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for arrival in (*(one.arrival for one in again), *arrivals):
                    self._note(arrival, taken.counts, now_ms)
                Rows(self._connection, taken.counts, now_ms).finish()
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        for one in again:
            if self._waiting.get(one.arrival.gateway) is one:  # else a newer one took its place
                self._forget(one.arrival.gateway)
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

    def _note(self, arrival: Arrival, counts: Counter[tuple[str, str]], now_ms: int) -> None:
        gateway = arrival.gateway
        if self._roster.identities(gateway) is None:
            counts["?", "unknown_gateway"] += 1
            return
        if not arrival.data:
            self._connected(gateway, connected=False, now_ms=now_ms)
            return
        try:
            beat = self._verify(arrival)
        except (Malformed, BadSignature):
            counts[gateway, "bad_status"] += 1
            return
        if beat is not None and not self._is_stale(gateway, beat.status):
            self._connected(gateway, connected=True, now_ms=now_ms)
            self._beat(gateway, beat, None if arrival.retained else now_ms)

    def _verify(self, arrival: Arrival) -> Beat | None:
        """Return the heartbeat; None where its genesis has not come."""
        kid, _ = peek_status(arrival.data)
        known = Rows(self._connection).event_key(arrival.gateway, kid)
        if known is None:
            self._wait(arrival, kid)
            return None
        status = open_status(arrival.data, known.key)
        if status.gateway != arrival.gateway or status.epoch != known.epoch:
            raise BadSignature("a heartbeat of another gateway or epoch")
        return Beat(status, arrival.data)

    def _is_stale(self, gateway: str, status: Status) -> bool:
        """Tell whether a newer heartbeat of the same boot is here: this one is a replay."""
        row = self._connection.execute(
            "SELECT status FROM presence WHERE gateway = ? AND heard_ms IS NOT NULL", (gateway,)
        ).fetchone()
        if row is None or row[0] is None:
            return False
        _, before = peek_status(row[0])
        same_boot = before.stamp.boot_id == status.stamp.boot_id
        return same_boot and before.stamp.boottime_ns >= status.stamp.boottime_ns

    def _connected(self, gateway: str, *, connected: bool, now_ms: int) -> None:
        self._connection.execute(
            "INSERT INTO presence (gateway, connected, changed_ms, interval_s) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET changed_ms = excluded.changed_ms,"
            "  connected = excluded.connected WHERE connected <> excluded.connected",
            (gateway, connected, now_ms, self._heartbeat_s),
        )

    def _beat(self, gateway: str, beat: Beat, heard_ms: int | None) -> None:
        """Keep the heartbeat; one that the broker had kept does not say when it was made."""
        self._connection.execute(
            "UPDATE presence SET status = ?, interval_s = ?, heard_ms = coalesce(?, heard_ms)"
            " WHERE gateway = ?",
            (beat.data, beat.status.interval_s, heard_ms, gateway),
        )
