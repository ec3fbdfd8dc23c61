"""A gateway made of its keys alone, and a center without a broker."""

import os
import sqlite3
from dataclasses import dataclass, field, replace
from pathlib import Path

from edge_agent.center import schema
from edge_agent.center.store import Arrival, Office, Store, Taken
from edge_agent.center.turns import Turns
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence.bodies import Ended, GenesisBody, LinkBody
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.envelope import Event, seal
from edge_agent.evidence.machine import Fact
from edge_agent.evidence.receipt import Receipt, open_receipt
from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.evidence.tree import Peaks, leaf_hash

WALL_NS = 1_795_000_000_000_000_000
NOW_MS = WALL_NS // 1_000_000 + 5
BOOT_ID = bytes(range(16))


def stamp(boottime_ns: int = 1_000, trust: Trust = Trust.SYNCED, boot: bytes = BOOT_ID) -> Stamp:
    wall_ns = None if trust is Trust.UNSET else WALL_NS
    return Stamp(wall_ns, boottime_ns, boot, trust)


@dataclass
class FakeGateway:
    """One run of a gateway after another; each `event` is signed as the real one would."""

    name: str = "gw1"
    identity: Ed25519Signer = field(default_factory=Ed25519Signer.generate)
    epoch: bytes = b""
    signer: Ed25519Signer = field(default_factory=Ed25519Signer.generate)
    peaks: Peaks = field(default_factory=Peaks)
    boot: bytes = BOOT_ID
    machine: tuple[Fact, ...] = ()

    def copied(self, machine: tuple[Fact, ...] = ()) -> "FakeGateway":
        """Return what a copy of the card is as it stands, in another machine."""
        return replace(self, peaks=self.peaks.copy(), machine=machine)

    def start(
        self, ended: Ended | None = None, *, vouched: bool = True, at: Stamp | None = None
    ) -> bytes:
        """Begin an epoch that follows the one before; return its genesis."""
        first = not self.epoch
        self.signer, previous, peaks = Ed25519Signer.generate(), self.epoch, self.peaks
        body = GenesisBody(
            event_key=self.signer.public,
            identity_kid=self.identity.public.kid if vouched else None,
            ended=ended or (Ended.FIRST if first else Ended.ORDERLY),
            version="1",
            previous_epoch=None if first else previous,
            previous_size=0 if first else peaks.size,
            previous_root=None if first else peaks.root(),
            machine=self.machine,
        )
        self.epoch, self.peaks = os.urandom(8), Peaks()
        signer = self.identity if vouched else self.signer
        return self._seal(EventType.GENESIS, Lane.STATE, body.to_body(), signer, at)

    def event(self, lane: Lane = Lane.STATE, reason: str = "") -> bytes:
        """Return the next envelope: a panel that came."""
        body = LinkBody("p1", online=True, reason=reason).to_body()
        return self._seal(EventType.LINK, lane, body, self.signer)

    def sealed(
        self, event_type: EventType, body: Body, lane: Lane = Lane.STATE, at: Stamp | None = None
    ) -> bytes:
        """Return the next envelope with any type and body."""
        return self._seal(event_type, lane, body, self.signer, at)

    def events(self, count: int) -> list[bytes]:
        """Return the next `count` envelopes."""
        return [self.event() for _ in range(count)]

    def _seal(
        self,
        event_type: EventType,
        lane: Lane,
        body: Body,
        signer: Ed25519Signer,
        at: Stamp | None = None,
    ) -> bytes:
        event = Event(
            gateway=self.name,
            epoch=self.epoch,
            seq=self.peaks.size,
            root=self.peaks.root(),
            stamp=at or stamp(self.peaks.size, boot=self.boot),
            lane=lane,
            type=event_type,
            body=body,
        )
        envelope = seal(event, signer)
        self.peaks.append(leaf_hash(envelope))
        return envelope


class FakeRoster:
    """The identities of fake gateways."""

    def __init__(self, *gateways: FakeGateway) -> None:
        self._keys = {one.name: (one.identity.public,) for one in gateways}

    def identities(self, gateway: str) -> tuple[PublicKey, ...] | None:
        return self._keys.get(gateway)


OPENED: list[sqlite3.Connection] = []
"""Closed after each test, see conftest.py."""


class FakeCenter:
    """A store on a real database, without a broker."""

    def __init__(self, directory: Path, *gateways: FakeGateway) -> None:
        self.file = directory / "events.db"
        self.connection = schema.open_for_writing(self.file)
        OPENED.append(self.connection)
        self.signer = Ed25519Signer.generate()
        self.turns = Turns()
        self.roster = FakeRoster(*gateways)
        self.office = Office(
            center="center", signer=self.signer, roster=self.roster, turns=self.turns
        )
        self.store = Store(self.office, self.connection, urgent=True)

    def other_store(self) -> Store:
        """Return another lane's store on the same database."""
        OPENED.append(schema.open_for_writing(self.file))
        return Store(self.office, OPENED[-1], urgent=False)

    def take(self, *envelopes: bytes, gateway: str = "gw1", live: bool = False) -> Taken:
        """Store each envelope as a payload of its own."""
        return self.store.take([Arrival(gateway, live, one) for one in envelopes], NOW_MS)

    def receipts(self, taken: Taken) -> list[Receipt]:
        return [open_receipt(one.data, self.signer.public) for one in taken.receipts]

    def count(self, table: str) -> int:
        (found,) = self.connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608  our own words
        return int(found)

    def counters(self, gateway: str = "gw1") -> dict[str, int]:
        return dict(
            self.connection.execute("SELECT name, value FROM counter WHERE gateway = ?", (gateway,))
        )

    def problems(self) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = self.connection.execute(
            "SELECT what, seq FROM problem ORDER BY id"
        ).fetchall()
        return found


def rows(connection: sqlite3.Connection, query: str) -> list[tuple[object, ...]]:
    return connection.execute(query).fetchall()
