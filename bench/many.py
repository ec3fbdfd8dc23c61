"""Many gateways, made of their keys alone, and a center's directory that knows them all.

What they say is as genuine as from a real one: a genesis signed by an identity key that the
center's authority certified, events and heartbeats signed by an event key of each one's own.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from edge_agent.center import schema
from edge_agent.center.credentials import Authority, Subject, Use, certificate_pem, certify, utc
from edge_agent.center.init import read_certificate
from edge_agent.center.layout import Layout
from edge_agent.center.roster import Roster
from edge_agent.center.show import Wanted
from edge_agent.center.store import Arrival, Office, Store
from edge_agent.center.turns import Turns
from edge_agent.clock import SystemClock
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence.bodies import Ended, GenesisBody, LinkBody
from edge_agent.evidence.cose import Signer
from edge_agent.evidence.envelope import Event, seal
from edge_agent.evidence.signers import Ed25519Signer, load_signer
from edge_agent.evidence.status import Status, sign_status
from edge_agent.evidence.tree import Peaks, leaf_hash

BEAT_S = 25  # as a gateway has it whose reporting time is 90 s
BEAT_NS = BEAT_S * 1_000_000_000
BATCH = 100  # geneses stored in one transaction
BEGUN_NS = SystemClock().stamp().wall_ns or 0
PANELS = {"p1": True, "p2": True}

Said = tuple[str, bytes]
"""Which gateway, and its payload."""


@dataclass(slots=True)
class Gateway:
    """One of many; time passes for it by a heartbeat's interval with all that it says."""

    name: str
    identity: Signer
    signer: Ed25519Signer = field(default_factory=Ed25519Signer.generate)
    epoch: bytes = field(default_factory=lambda: os.urandom(8))
    boot: bytes = field(default_factory=lambda: os.urandom(16))
    peaks: Peaks = field(default_factory=Peaks)
    ago_ns: int = 0

    def genesis(self) -> Said:
        body = GenesisBody(
            event_key=self.signer.public,
            identity_kid=self.identity.public.kid,
            ended=Ended.FIRST,
            version="bench",
            previous_epoch=None,
            previous_size=0,
            previous_root=None,
        )
        return self._seal(EventType.GENESIS, Lane.STATE, body.to_body(), self.identity)

    def event(self, lane: Lane = Lane.STATE) -> Said:
        body = LinkBody("p1", online=bool(self.peaks.size % 2), reason="").to_body()
        return self._seal(EventType.LINK, lane, body, self.signer)

    def beat(self) -> Said:
        stamp = self._stamp()
        status = Status(
            gateway=self.name,
            epoch=self.epoch,
            next_seq=self.peaks.size,
            root=self.peaks.root(),
            stamp=stamp,
            started=stamp,
            interval_s=BEAT_S,
            path="mobile",
            panels=PANELS,
            journal_percent=3,
        )
        return self.name, sign_status(status, self.signer)

    def _stamp(self) -> Stamp:
        self.ago_ns += BEAT_NS
        return Stamp(BEGUN_NS + self.ago_ns, self.ago_ns, self.boot, Trust.SYNCED, 20)

    def _seal(self, kind: EventType, lane: Lane, body: Body, by: Signer) -> Said:
        event = Event(
            gateway=self.name,
            epoch=self.epoch,
            seq=self.peaks.size,
            root=self.peaks.root(),
            stamp=self._stamp(),
            lane=lane,
            type=kind,
            body=body,
        )
        envelope = seal(event, by)
        self.peaks.append(leaf_hash(envelope))
        return self.name, envelope


def name_of(number: int) -> str:
    return f"gw{number:06}"


def enter(layout: Layout, count: int) -> list[Gateway]:
    """Certify `count` gateways in a center's directory; return them.

    They share an identity key: what the center does for each is the same.
    """
    key = serialization.load_pem_private_key(layout.key("ca").read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    authority = Authority(key, read_certificate(layout.certificate("ca")))
    shared, now = layout.directory / "bench.key", utc(BEGUN_NS)
    made = ed25519.Ed25519PrivateKey.generate()
    shared.write_bytes(
        made.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    shared.chmod(0o600)
    layout.identities.mkdir(exist_ok=True)
    for number in range(count):
        subject = Subject(name_of(number), Use.SIGNING)
        certificate = certify(authority, made.public_key(), subject, now, 825)
        layout.identity(subject.name).write_bytes(certificate_pem(certificate))
    identity = load_signer(shared)
    return [Gateway(name_of(number), identity) for number in range(count)]


def office_of(layout: Layout) -> Office:
    """Return what a running center's stores share."""
    return Office(
        center="center",
        signer=load_signer(layout.key("receipt")),
        roster=Roster(layout),
        turns=Turns(),
    )


def store(layout: Layout, said: Iterable[Said]) -> None:
    """Have payloads stored, as by a center that has served these gateways before."""
    with closing(schema.open_for_writing(layout.database)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        lane = Store(office_of(layout), connection, urgent=False)
        for part in parts(list(said), BATCH):
            lane.take([Arrival(name, False, data) for name, data in part], BEGUN_NS // 1_000_000)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def parts(said: Sequence[Said], size: int) -> Iterator[Sequence[Said]]:
    for start in range(0, len(said), size):
        yield said[start : start + size]


def topic(name: str, lane: str) -> str:
    return f"edge/v1/{name}/{lane}"


def let_in(directory: Path) -> None:
    """Let the holder of the center's own certificate speak for all gateways, and hear for them."""
    acl = directory / "acl"
    more = [f"topic write {topic('+', lane)}" for lane in ("alarms", "events", "status")]
    lines = "\n".join(["user center", *more, f"topic read {topic('+', 'receipts')}"])
    acl.write_text(acl.read_text().replace("user center\n", f"{lines}\n"))


def now_ns() -> int:
    return SystemClock().stamp().wall_ns or 0


# ---- a store with years in it

EVENT = (
    "INSERT INTO event (epoch_id, seq, leaf, root, received_ms, lane, type, live, vouched,"
    " envelope) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 1, ?)"
)
EPOCH = (
    "INSERT INTO epoch (id, gateway, epoch, vouched, previous_size, ended, received_ms, count, top)"
    " VALUES (?, ?, ?, 1, 0, 'first', 0, ?, ?)"
)
RARE = 97  # one event of so many is a fire, and one a verdict; prime, to be of all gateways
EVERY_MS = 100  # between two events of all gateways


def fill(connection: sqlite3.Connection, gateways: Sequence[Gateway], count: int) -> None:
    """Store `count` events of all gateways in turn: the columns are right, the envelopes one each.

    For queries, which verify nothing; quicker than to have all of them signed.
    """
    for one in gateways:
        if not one.peaks.size:
            one.genesis()
    envelopes = [one.event()[1] for one in gateways]
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA journal_mode = OFF")  # it would be as large as the rest again
    connection.execute("PRAGMA cache_size = -4000000")
    connection.execute("BEGIN")
    each = count // len(gateways) + 1
    connection.executemany(
        EPOCH, ((at + 1, one.name, one.epoch, each, each) for at, one in enumerate(gateways))
    )
    connection.executemany(EVENT, _events(envelopes, count))
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")


def _events(envelopes: Sequence[bytes], count: int) -> Iterator[tuple[object, ...]]:
    begun_ms = BEGUN_NS // 1_000_000 - count * EVERY_MS
    for number in range(count):
        seq, at = divmod(number, len(envelopes))
        fire, verdict = number % RARE == 0, number % RARE == RARE // 2
        yield (
            at + 1,
            seq,
            os.urandom(32),
            os.urandom(32),
            begun_ms + number * EVERY_MS,
            1 if fire else 3 if verdict else 5,
            "verdict" if verdict else "signal" if fire else "link",
            envelopes[at],
        )


def asked(gateways: Sequence[Gateway]) -> dict[str, Wanted]:
    """Return what people ask, by what it is called."""
    one = gateways[len(gateways) // 3].name
    hour_ms = BEGUN_NS // 1_000_000 - 3_600_000
    return {
        "the newest events": Wanted(),
        "one gateway's events": Wanted(gateway=one),
        "fires": Wanted(lane=1),
        "verdicts": Wanted(type="verdict"),
        "one gateway's fires": Wanted(gateway=one, lane=1),
        "events of the last hour": Wanted(since_ms=hour_ms),
        "events since just now": Wanted(since_ms=BEGUN_NS // 1_000_000 + 1),
    }
