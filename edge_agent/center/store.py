"""Takes what gateways sent: judges it, stores it in one transaction, and makes the receipts.

One `Store` belongs to one connection to the broker and one to the database.  Signatures are checked
before the transaction; inside it only rows are written.  Receipts are handed out after the commit,
so that none ever speaks of what the disk does not hold; where SQLite fails, nothing is handed out
and `take` may be called again with the same arrivals.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from edge_agent.center.calendar import Calendar
from edge_agent.center.examine import (
    Finding,
    Genuine,
    KnownKey,
    Reason,
    Refused,
    Sender,
    Unknown,
    examine,
)
from edge_agent.center.known_keys import KnownKeys
from edge_agent.center.receipting import Place, receipts_of
from edge_agent.center.roster import Identities
from edge_agent.center.rows import Rows
from edge_agent.center.turns import Turns
from edge_agent.evidence.cbor import Malformed, split_sequence
from edge_agent.evidence.cose import PublicKey, Signer
from edge_agent.evidence.receipt import sign_receipt

ENVELOPES_MAX = 2_048  # of one payload: the smallest envelopes of a largest packet


@dataclass(frozen=True, slots=True)
class Arrival:
    """One payload: from whose topic, whether from `alarms`, the bytes, and whether the broker
    had kept it from earlier."""

    gateway: str
    live: bool
    data: bytes
    retained: bool = False


@dataclass(frozen=True, slots=True)
class Publication:
    """A receipt, or what else `topic` is for, to be published to a gateway."""

    gateway: str
    data: bytes
    topic: str = "receipts"


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding and where it came from; `early`: by a key whose genesis came with it."""

    gateway: str
    live: bool
    finding: Finding
    early: bool = False


@dataclass(slots=True)
class Taken:
    """What one transaction did: receipts to publish, and counts by (gateway, counter)."""

    receipts: list[Publication] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What all stores of a center share: its name and receipt key, its gateways and their event
    keys, the turns."""

    center: str
    signer: Signer
    roster: Identities
    turns: Turns
    keys: KnownKeys = field(default_factory=KnownKeys)


class Store:
    """One way into the database; `urgent` writers go first."""

    def __init__(self, office: Office, connection: sqlite3.Connection, *, urgent: bool) -> None:
        self._office = office
        self._connection = connection
        self._urgent = urgent
        self._calendar = Calendar()

    def take(self, arrivals: Sequence[Arrival], now_ms: int) -> Taken:
        """Store `arrivals` and return the receipts to publish.

        Raises sqlite3.Error where the database refuses; then nothing was stored.
        """
        fresh: dict[tuple[str, bytes], KnownKey] = {}  # not committed yet, so not in the cache
        judged = [one for arrival in arrivals for one in self._judge(arrival, fresh)]
        with self._office.turns.take(urgent=self._urgent):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                taken = self._write(judged, now_ms)
                self._connection.execute("COMMIT")
            except BaseException:
                self._calendar.forget()
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        return taken

    def has_work(self) -> bool:
        """Tell whether `take` should be called although nothing came: never."""
        return False

    # ---- before the transaction

    def _judge(
        self, arrival: Arrival, fresh: dict[tuple[str, bytes], KnownKey]
    ) -> Iterator[Judged]:
        gateway, live, keys = arrival.gateway, arrival.live, self._office.keys
        identities = self._office.roster.identities(gateway)
        if identities is None:
            refused = Refused(Reason.UNKNOWN_GATEWAY, f"topic of {gateway[:64]!r}", arrival.data)
            yield Judged("?", live, refused)
            return
        try:
            envelopes = split_sequence(arrival.data, ENVELOPES_MAX)
        except Malformed as error:
            yield Judged(gateway, live, Refused(Reason.MALFORMED, str(error), arrival.data))
            return
        if not envelopes:
            yield Judged(gateway, live, Refused(Reason.MALFORMED, "empty payload", b""))
        sender = Sender(
            gateway,
            identities,
            lambda kid: keys.find(self._connection, gateway, kid) or fresh.get((gateway, kid)),
        )
        for envelope in envelopes:
            finding = examine(envelope, sender)
            early = False
            if isinstance(finding, Genuine):
                if finding.genesis:
                    key = finding.genesis.event_key
                    known = KnownKey(finding.event.epoch, key, finding.vouched)
                    fresh.setdefault((gateway, key.kid), known)
                else:
                    early = (gateway, finding.kid) in fresh
            yield Judged(gateway, live, finding, early)

    # ---- inside the transaction

    def _write(self, judged: list[Judged], now_ms: int) -> Taken:
        taken = Taken()
        rows = Rows(self._connection, taken.counts, now_ms, self._calendar)
        places: dict[str, list[Place]] = {}
        stored_any: set[str] = set()
        todo = judged[::-1]
        while todo:
            one = todo.pop()
            match one.finding:
                case Genuine() as genuine if one.early and not _is_entered(
                    rows, one.gateway, genuine
                ):
                    rows.hold(one.gateway, _as_unknown(genuine), live=one.live)
                case Genuine() as genuine:
                    if rows.add(one.gateway, genuine, live=one.live):
                        stored_any.add(one.gateway)
                    place = Place(genuine.event.epoch, genuine.event.seq, genuine.leaf)
                    places.setdefault(one.gateway, []).append(place)
                    if genuine.genesis:
                        todo += self._release(rows, one.gateway, genuine.genesis.event_key)
                case Unknown() as unknown:
                    todo += self._hold(rows, one, unknown)
                case Refused() as refused:
                    rows.refuse(one.gateway, refused)
        for gateway, held in places.items():
            self._receipt(rows, taken, gateway, held, keep=gateway in stored_any)
        rows.finish()
        return taken

    def _hold(self, rows: Rows, one: Judged, unknown: Unknown) -> list[Judged]:
        """Hold an event, unless its genesis was committed by another store meanwhile."""
        if rows.event_key(one.gateway, unknown.kid) is None:
            rows.hold(one.gateway, unknown, live=one.live)
            return []
        return [self._again(one.gateway, unknown.envelope, live=one.live)]

    def _release(self, rows: Rows, gateway: str, key: PublicKey) -> list[Judged]:
        """Judge again what was held for `key`."""
        return [
            self._again(gateway, envelope, live=live)
            for envelope, live in rows.take_held(gateway, key.kid)
        ]

    def _again(self, gateway: str, envelope: bytes, *, live: bool) -> Judged:
        rows = Rows(self._connection)
        sender = Sender(gateway, (), lambda kid: rows.event_key(gateway, kid))
        finding = examine(envelope, sender)
        assert not isinstance(finding, Unknown), "its key is in the database"
        return Judged(gateway, live, finding)

    def _receipt(
        self, rows: Rows, taken: Taken, gateway: str, places: list[Place], *, keep: bool
    ) -> None:
        """Sign the receipts; keep those that tell something new (repeats could fill the disk)."""
        office = self._office
        for receipt in receipts_of(gateway, office.center, rows.now_ms, places):
            signed = sign_receipt(receipt, office.signer)
            taken.receipts.append(Publication(gateway, signed))
            if keep:
                rows.keep_receipt(gateway, signed)


def _is_entered(rows: Rows, gateway: str, genuine: Genuine) -> bool:
    """Tell whether the key of an event that came with its genesis was accepted for its epoch."""
    known = rows.event_key(gateway, genuine.kid)
    return known is not None and known.epoch == genuine.event.epoch


def _as_unknown(genuine: Genuine) -> Unknown:
    """Return an event whose key was not accepted as one of an unknown key."""
    return Unknown(genuine.envelope, genuine.leaf, genuine.kid)
