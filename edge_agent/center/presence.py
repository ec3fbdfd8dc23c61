"""Who is there: heartbeats verified and kept, lost connections marked.

A heartbeat counts when the event key of a stored genesis signed it; one whose genesis has not come
yet is kept in memory, the newest of each gateway, and looked at again.  The broker publishes the
will, which is empty and unsigned, when a connection is lost: it marks, and proves nothing.
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from edge_agent.center.roster import Identities
from edge_agent.center.rows import Rows
from edge_agent.center.store import Arrival, Taken
from edge_agent.center.turns import Turns
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature
from edge_agent.evidence.status import Status, open_status, peek_status

GATEWAYS_WAITING_MAX = 10_000  # heartbeats kept in memory until their genesis comes
STATUS_BYTES_MAX = 65_536  # the largest signed message


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
        self._waiting: dict[str, Arrival] = {}

    def take(self, arrivals: Sequence[Arrival], now_ms: int) -> Taken:
        """Store who is there; there is nothing to receipt.  Raises sqlite3.Error."""
        taken = Taken()
        again = [one for name, one in self._waiting.items() if self._is_ready(name, one)]
        with self._turns.take(urgent=False):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for arrival in (*again, *arrivals):
                    self._note(arrival, taken.counts, now_ms)
                Rows(self._connection, taken.counts, now_ms).finish()
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        for arrival in again:
            self._waiting.pop(arrival.gateway, None)
        return taken

    def has_work(self) -> bool:
        """Tell whether a heartbeat that waited for its genesis can be verified now."""
        return any(self._is_ready(name, one) for name, one in self._waiting.items())

    def _is_ready(self, gateway: str, arrival: Arrival) -> bool:
        kid, _ = peek_status(arrival.data)
        return Rows(self._connection).event_key(gateway, kid) is not None

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
            if len(self._waiting) < GATEWAYS_WAITING_MAX:
                self._waiting[arrival.gateway] = arrival
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
