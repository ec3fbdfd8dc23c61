"""The rows behind a store: one `Rows` lives as long as one transaction.

What it decides: what is new, a double or a fork; what of the refused is kept; and how much.
"""

import sqlite3
from collections import Counter
from dataclasses import dataclass

from edge_agent.center import desk_rows
from edge_agent.center.calendar import Calendar
from edge_agent.center.examine import Genuine, KnownKey, Refused, Unknown
from edge_agent.domain.event import EventType
from edge_agent.evidence import cbor
from edge_agent.evidence.bodies import GenesisBody
from edge_agent.evidence.cose import PublicKey

HELD_EVENTS_MAX = 500  # of a gateway; a genesis comes first, so that few ever wait for one
HELD_BYTES_MAX = 1 << 20  # of a gateway
QUARANTINE_ROWS_MAX = 200  # of a gateway: enough to see what somebody tries
QUARANTINE_BYTES_MAX = 8_192  # kept of each
DETAIL_CHARS_MAX = 200


@dataclass(slots=True)
class EpochRow:
    """What the database knows of an epoch, as it changes during the transaction."""

    id: int
    count: int
    top: int
    changed: bool = False


class Rows:
    """Reads and writes rows inside the caller's transaction."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        counts: Counter[tuple[str, str]] | None = None,
        now_ms: int = 0,
        calendar: Calendar | None = None,
    ) -> None:
        self._connection, self._calendar = connection, calendar
        self._execute = connection.execute
        self._counts = Counter() if counts is None else counts
        self._epochs: dict[tuple[str, bytes], EpochRow] = {}
        self.now_ms = now_ms

    # ---- keys

    def event_key(self, gateway: str, kid: bytes) -> KnownKey | None:
        """Return the event key that a stored genesis introduced."""
        row = self._execute(
            "SELECT epoch.epoch, event_key.key, event_key.vouched FROM event_key"
            " JOIN epoch ON epoch.id = epoch_id WHERE event_key.gateway = ? AND kid = ?",
            (gateway, kid),
        ).fetchone()
        if row is None:
            return None
        return KnownKey(row[0], PublicKey.from_value(cbor.decode(row[1])), bool(row[2]))

    # ---- genuine events

    def add(self, gateway: str, genuine: Genuine, *, live: bool) -> bool:
        """Store an event; return whether these bytes are new."""
        event = genuine.event
        if genuine.genesis:
            self._add_epoch(gateway, genuine, genuine.genesis)
        epoch = self._epoch(gateway, event.epoch)
        inserted = self._execute(
            "INSERT INTO event (epoch_id, seq, leaf, root, received_ms, lane, type, live, vouched,"
            " envelope) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                epoch.id,
                event.seq,
                genuine.leaf,
                event.root,
                self.now_ms,
                int(event.lane),
                str(event.type),
                live,
                genuine.vouched,
                genuine.envelope,
            ),
        ).rowcount
        if not inserted:
            # a genesis comes with every connection and every look at a spare path: no news
            self._counts[gateway, "doubles" if event.seq else "introductions"] += 1
            return False
        self._counts[gateway, "stored"] += 1
        if self._calendar is not None:
            self._calendar.note(self._connection, event, epoch.id, self.now_ms)
        if event.type is EventType.ACT:
            desk_rows.journaled(self._connection, event, self.now_ms)
        if event.seq <= epoch.top and self._is_fork(epoch.id, event.seq):
            self._mark_fork(gateway, epoch.id, genuine)
        else:
            epoch.count += 1
            epoch.top = max(epoch.top, event.seq)
            epoch.changed = True
        return True

    def _add_epoch(self, gateway: str, genuine: Genuine, body: GenesisBody) -> None:
        """Enter the epoch and its key.

        A genesis that vouches for itself adds no key to an epoch that is there: otherwise whoever
        has the gateway's TLS key could sign under another's genesis.
        """
        epoch = genuine.event.epoch
        added = self._execute(
            "INSERT INTO epoch (gateway, epoch, vouched, previous, previous_size, previous_root,"
            " ended, received_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                gateway,
                epoch,
                genuine.vouched,
                body.previous_epoch,
                body.previous_size,
                body.previous_root,
                str(body.ended),
                self.now_ms,
            ),
        ).rowcount
        if not added and not genuine.vouched:
            return
        key = body.event_key
        epoch_id = self._epoch(gateway, epoch).id
        value = cbor.encode(key.to_value())
        self._execute(
            "UPDATE epoch SET vouched = max(vouched, ?) WHERE id = ?", (genuine.vouched, epoch_id)
        )
        entered = self._execute(
            "INSERT INTO event_key VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (gateway, key.kid, epoch_id, value, genuine.vouched),
        ).rowcount
        known = self.event_key(gateway, key.kid)
        if not entered and known is not None and known.epoch != epoch:
            detail = f"its event key {key.kid.hex()} belongs to epoch {known.epoch.hex()} already"
            self.problem(gateway, epoch, 0, "key_reused", detail)

    def _epoch(self, gateway: str, epoch: bytes) -> EpochRow:
        row = self._epochs.get((gateway, epoch))
        if row is None:
            found = self._execute(
                "SELECT id, count, top FROM epoch WHERE gateway = ? AND epoch = ?", (gateway, epoch)
            ).fetchone()
            row = self._epochs[gateway, epoch] = EpochRow(*found)
        return row

    def _is_fork(self, epoch_id: int, seq: int) -> bool:
        twins = self._execute(
            "SELECT count(*) FROM event WHERE epoch_id = ? AND seq = ?", (epoch_id, seq)
        ).fetchone()[0]
        return bool(twins > 1)

    def _mark_fork(self, gateway: str, epoch_id: int, genuine: Genuine) -> None:
        event = genuine.event
        self._execute(
            "UPDATE event SET fork = 1 WHERE epoch_id = ? AND seq = ?", (epoch_id, event.seq)
        )
        # perhaps these are the bytes that later roots were made over: let the audit look again
        self._execute("UPDATE epoch SET broken = 0 WHERE id = ? AND broken", (epoch_id,))
        self._counts[gateway, "forks"] += 1
        detail = f"other bytes with the same number, leaf {genuine.leaf.hex()[:16]}"
        self.problem(gateway, event.epoch, event.seq, "fork", detail)

    def problem(self, gateway: str, epoch: bytes, seq: int, what: str, detail: str) -> None:
        """Note a problem, once for each place."""
        self._execute(
            "INSERT INTO problem (gateway, epoch, seq, what, detail, found_ms)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (gateway, epoch, seq, what, detail, self.now_ms),
        )

    # ---- everything else

    def hold(self, gateway: str, unknown: Unknown, *, live: bool) -> None:
        """Keep an event until its genesis comes, within bounds."""
        self._counts[gateway, "unknown_key"] += 1
        events, size = self._execute(
            "SELECT count(*), total(length(envelope)) FROM held WHERE gateway = ?", (gateway,)
        ).fetchone()
        if events >= HELD_EVENTS_MAX or size + len(unknown.envelope) > HELD_BYTES_MAX:
            self._counts[gateway, "held_overflow"] += 1
            return
        self._execute(
            "INSERT INTO held (gateway, kid, leaf, live, envelope) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (gateway, unknown.kid, unknown.leaf, live, unknown.envelope),
        )

    def take_held(self, gateway: str, kid: bytes) -> list[tuple[bytes, bool]]:
        """Remove and return what was held for a key, last come first."""
        if self.event_key(gateway, kid) is None:
            return []
        found = self._execute(
            "SELECT envelope, live FROM held WHERE gateway = ? AND kid = ? ORDER BY id DESC",
            (gateway, kid),
        ).fetchall()
        if found:
            self._counts[gateway, "unknown_key"] -= len(found)  # it came: nothing was wrong
            self._execute("DELETE FROM held WHERE gateway = ? AND kid = ?", (gateway, kid))
        return [(envelope, bool(live)) for envelope, live in found]

    def refuse(self, gateway: str, refused: Refused) -> None:
        """Count what was refused, and keep some of it to look at."""
        self._counts[gateway, str(refused.reason)] += 1
        (kept,) = self._execute(
            "SELECT count(*) FROM quarantine WHERE gateway = ?", (gateway,)
        ).fetchone()
        if kept >= QUARANTINE_ROWS_MAX:
            self._counts[gateway, "quarantine_overflow"] += 1
            return
        self._execute(
            "INSERT INTO quarantine (gateway, received_ms, reason, detail, data)"
            " VALUES (?, ?, ?, ?, ?)",
            (
                gateway,
                self.now_ms,
                str(refused.reason),
                refused.detail[:DETAIL_CHARS_MAX],
                refused.data[:QUARANTINE_BYTES_MAX],
            ),
        )

    def keep_receipt(self, gateway: str, signed: bytes) -> None:
        """Keep a receipt that was given."""
        self._execute(
            "INSERT INTO receipt (gateway, time_ms, data) VALUES (?, ?, ?)",
            (gateway, self.now_ms, signed),
        )

    def finish(self) -> None:
        """Write what was summed up during the transaction."""
        for epoch in self._epochs.values():
            if epoch.changed:
                self._execute(
                    "UPDATE epoch SET count = ?, top = ? WHERE id = ?",
                    (epoch.count, epoch.top, epoch.id),
                )
        for (gateway, name), value in self._counts.items():
            self._execute(
                "INSERT INTO counter VALUES (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET value = value + excluded.value",
                (gateway, name, value),
            )
