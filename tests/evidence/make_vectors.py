"""Writes docs/vectors/*.json: fixed keys, fixed events, every byte on the way to the envelope.

    python -m tests.evidence.make_vectors

All signatures are deterministic (RFC 8032; RFC 6979 for P-256), so the files never change unless
the format does.
"""

import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Kind, Lane, State, lane_of
from edge_agent.domain.signal import Signal, Span
from edge_agent.domain.stamp import ClockChange, Stamp, Trust
from edge_agent.evidence import cbor, cose, tree
from edge_agent.evidence.bodies import (
    ActBody,
    ClockBody,
    ConfigBody,
    Ended,
    FindingBody,
    GenesisBody,
    JournalBody,
    JournalChange,
    LinkBody,
    PathBody,
    Severity,
    SignalBody,
)
from edge_agent.evidence.cose import Domain
from edge_agent.evidence.envelope import Event, domain_of, seal
from edge_agent.evidence.machine import BOARD, CARD, NETWORK, fact
from edge_agent.evidence.receipt import Range, Receipt, range_digest, sign_receipt
from edge_agent.evidence.signers import Ed25519Signer, P256Signer
from edge_agent.evidence.status import Status, sign_status
from edge_agent.evidence.tree import Peaks
from edge_agent.journal import Record, RecordKind
from edge_agent.journal.format import encode_ranges, encode_record
from edge_agent.journal.receipts import Binding, leaf
from tests.evidence import bundles
from tests.evidence.charter_vectors import charter_vectors
from tests.evidence.command_vectors import command_vectors
from tests.evidence.handover_vectors import handover_vectors
from tests.evidence.mutations import all_mutations
from tests.evidence.witness_vectors import witness_vectors

FOLDER = Path(__file__).parents[2] / "docs" / "vectors"
GATEWAY = "gw1"
BOOT = bytes(range(16))


def _ed25519(seed: int) -> Ed25519Signer:
    return Ed25519Signer(ed25519.Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def _p256(seed: int) -> P256Signer:
    return P256Signer(ec.derive_private_key(int.from_bytes(bytes([seed]) * 32), ec.SECP256R1()))


SIGNERS: dict[str, Ed25519Signer | P256Signer] = {
    "identity": _ed25519(1),
    "event 1": _ed25519(2),
    "identity in hardware": _p256(3),
    "event 2": _ed25519(4),
    "receipt": _p256(5),
    "command": _ed25519(6),
    "enterprise": _ed25519(7),
    "owner": _p256(8),
    "authority": _p256(9),
    "operator": _ed25519(10),
    "new enterprise": _p256(11),
    "inspector": _ed25519(12),
}


def _stamp(second: int, trust: Trust = Trust.SYNCED) -> Stamp:
    wall_ns = None if trust is Trust.UNSET else (1_763_900_000 + second) * 10**9
    return Stamp(
        wall_ns,
        (60 + second) * 10**9,
        BOOT,
        trust,
        None if trust is Trust.UNSET else 20,
    )


class Epoch:
    """Seals events one after the other and writes down each step."""

    def __init__(self, epoch: bytes, event_key: str) -> None:
        self.epoch = epoch
        self.event_key = event_key
        self.peaks = Peaks()
        self.leaves: list[bytes] = []
        self.rows: list[dict[str, object]] = []

    def add(self, note: str, kind: EventType, lane: Lane, body: Body, by: str = "") -> None:
        by = by or self.event_key
        trust = Trust.UNSET if self.peaks.size < 3 else Trust.SYNCED
        event = Event(
            gateway=GATEWAY,
            epoch=self.epoch,
            seq=self.peaks.size,
            root=self.peaks.root(),
            stamp=_stamp(self.peaks.size, trust),
            lane=lane,
            type=kind,
            body=body,
        )
        envelope = seal(event, SIGNERS[by])
        leaf = tree.leaf_hash(envelope)
        self.peaks.append(leaf)
        self.leaves.append(leaf)
        steps = _steps(envelope, domain_of(kind))
        root = self.peaks.root().hex()
        self.rows.append({"note": note, "key": by, **steps, "leaf": leaf.hex(), "root": root})

    def messages(self) -> list[bytes]:
        """Return the envelopes."""
        return [bytes.fromhex(str(row["message"])) for row in self.rows]

    def told(self) -> dict[str, object]:
        """Return the epoch as it is written to the file; each `root` includes its own event."""
        return {
            "epoch": self.epoch.hex(),
            "events": self.rows,
            "peaks": self.peaks.to_bytes().hex(),
        }


def _steps(message: bytes, domain: Domain) -> dict[str, str]:
    parts = cose.take_apart(message)
    signed = cose.to_be_signed(parts.protected, domain.value, parts.payload)
    return {
        "external_aad": domain.value.decode(),
        "payload": parts.payload.hex(),
        "to_be_signed": signed.hex(),
        "message": message.hex(),
    }


def _keys() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for at, (name, signer) in enumerate(SIGNERS.items(), 1):
        key = signer.public
        rows.append(
            {
                "name": name,
                "algorithm": int(key.algorithm),
                "private": (bytes([at]) * 32).hex(),
                "cose_key": cbor.encode(key.to_value()).hex(),
                "kid": key.kid.hex(),
            }
        )
    return rows


def _first() -> Epoch:
    epoch = Epoch(bytes.fromhex("0102030405060708"), "event 1")
    genesis = GenesisBody(
        event_key=SIGNERS["event 1"].public,
        identity_kid=SIGNERS["identity"].public.kid,
        ended=Ended.FIRST,
        version="0.1.0",
    )
    epoch.add("first start", EventType.GENESIS, Lane.STATE, genesis.to_body(), "identity")
    config = ConfigBody(bytes(range(32)), "start")
    epoch.add("configuration", EventType.CONFIG, Lane.STATE, config.to_body())
    link = LinkBody("p1", True)
    epoch.add("panel p1 is there", EventType.LINK, Lane.FAULT, link.to_body())
    clock = ClockBody(ClockChange.TRUSTED, None, Trust.UNSET, "ntp")
    epoch.add("the clock is set", EventType.CLOCK, Lane.STATE, clock.to_body())
    alarm = Signal(
        kind=Kind.BURGLARY,
        state=State.ACTIVE,
        code="130",
        area=1,
        zone=3,
        account="1234",
        frame=b"5011 18123411300100\x14",
    )
    epoch.add("a burglary", EventType.SIGNAL, lane_of(alarm.kind), _signal(alarm))
    disarmed = Signal(
        kind=Kind.OPEN_CLOSE,
        state=State.DISARMED,
        code="401",
        area=1,
        user=7,
        text="\u524d\u95e8",
        panel_time="2026-11-23T12:13:14",
        frame=b"OP 4711 user 7",
        secrets=(Span(3, 7),),
    )
    epoch.add("a user code, masked", EventType.SIGNAL, Lane.STATE, _signal(disarmed))
    path = PathBody("center", "mqtt.example:8883", False, "no receipt for 30 s")
    epoch.add("a path is down", EventType.PATH, Lane.FAULT, path.to_body())
    return epoch


def _second(first: Epoch) -> Epoch:
    epoch = Epoch(bytes.fromhex("1112131415161718"), "event 2")
    genesis = GenesisBody(
        event_key=SIGNERS["event 2"].public,
        identity_kid=SIGNERS["identity in hardware"].public.kid,
        ended=Ended.TORN,
        version="0.1.0",
        previous_epoch=first.epoch,
        previous_size=first.peaks.size,
        previous_root=first.peaks.root(),
        machine=(
            fact(GATEWAY, BOARD, "10000000deadbeef"),
            fact(GATEWAY, CARD, "1b534d45423151543089a1b2c3d4e5f6"),
            fact(GATEWAY, NETWORK, "b8:27:eb:11:22:33"),
        ),
    )
    note = "after a power cut, signed by a P-256 identity key"
    epoch.add(note, EventType.GENESIS, Lane.STATE, genesis.to_body(), "identity in hardware")
    journal = JournalBody(JournalChange.REFUSED, "read-only file system", first=1)
    epoch.add("the disk refuses", EventType.JOURNAL, Lane.FAULT, journal.to_body())
    told = (1_763_900_002 * 10**9, 1_763_900_002 * 10**9 + 150_000_000)
    clock = ClockBody(ClockChange.TOLD, source="center", told=told)
    epoch.add("the center told the time", EventType.CLOCK, Lane.FAULT, clock.to_body())
    epoch.add("orderly stop", EventType.ACT, Lane.STATE, ActBody("stop", "systemd").to_body())
    return epoch


def _signal(signal: Signal) -> Body:
    return SignalBody(
        signal=signal,
        panel="p1",
        driver="surgard",
        driver_version="1.0.0",
        profile="surgard_mlr2",
        profile_version="1",
    ).to_body()


def _proofs(first: Epoch) -> dict[str, object]:
    size = len(first.leaves)
    return {
        "size": size,
        "root": first.peaks.root().hex(),
        "inclusion": [
            {"seq": seq, "proof": [step.hex() for step in tree.inclusion_proof(first.leaves, seq)]}
            for seq in range(size)
        ],
        "consistency": [
            {
                "old_size": old,
                "old_root": tree.root(first.leaves[:old]).hex(),
                "proof": [step.hex() for step in tree.consistency_proof(first.leaves, old)],
            }
            for old in range(1, size)
        ],
    }


def _receipt(first: Epoch, second: Epoch) -> dict[str, object]:
    ranges = (
        Range(first.epoch, 0, 6, range_digest(first.leaves)),
        Range(second.epoch, 1, 1, range_digest(second.leaves[1:2])),
    )
    receipt = Receipt(GATEWAY, "center", 1_763_900_010_000, ranges)
    message = sign_receipt(receipt, SIGNERS["receipt"])
    return {"key": "receipt", **_steps(message, Domain.RECEIPT)}


def _status(second: Epoch) -> dict[str, object]:
    status = Status(
        gateway=GATEWAY,
        epoch=second.epoch,
        next_seq=second.peaks.size,
        root=second.peaks.root(),
        stamp=_stamp(90),
        started=_stamp(0, Trust.UNSET),
        interval_s=30,
        disk_refused=True,
        outstanding=2,
        path="mqtt.example:8883",
        panels={"p1": True, "p2": False, "p3": None},
        faults={"p1": {"checksum": 3, "noise": 1}},
    )
    message = sign_status(status, SIGNERS["event 2"])
    return {"key": "event 2", **_steps(message, Domain.STATUS)}


def _findings() -> list[dict[str, object]]:
    hot = FindingBody(
        panel="@gateway",
        cause="overheated",
        severity=Severity.MAINTAIN,
        reasons=("body.temperature",),
        remedy="give the gateway air",
        detail="84.5 C, limit 80 C",
    )
    drift = FindingBody(
        panel="p1",
        cause="loop_drift",
        severity=Severity.MAINTAIN,
        reasons=("loop.drift", "loop.temperature"),
        remedy="check the terminals of zone 5",
        part=("zone", 5),
    )
    supply = FindingBody(
        panel="@gateway",
        cause="supply_low",
        severity=Severity.MAINTAIN,
        reasons=("body.under_voltage",),
        remedy="use the supply that belongs to the board",
        part=("supply", "main"),
        over=True,
    )
    return [
        {
            "subject": body.subject,
            "cause": body.cause,
            "severity": str(body.severity),
            "reasons": list(body.reasons),
            "remedy": body.remedy,
            "detail": body.detail,
            "over": body.over,
            "body": cbor.encode(dict(body.to_body())).hex(),
        }
        for body in (hot, drift, supply)
    ]


def _binding(first: Epoch, receipt: dict[str, object]) -> dict[str, object]:
    """Return two receipt records of a journal, and the body of the event that binds them."""
    signed = bytes.fromhex(str(receipt["message"]))
    records = [
        Record(RecordKind.RECEIPT, 0, first.epoch, 0, encode_ranges([(0, 6)], signed)),
        Record(RecordKind.RECEIPT, 1, first.epoch, 1, encode_ranges([(0, 3), (5, 6)], signed)),
    ]
    binding = Binding()
    binding.add(records)
    bound = binding.bind()
    assert bound is not None
    body = JournalBody(
        JournalChange.RECEIPTS, "2 receipts recorded", bound.first, bound.last, digest=bound.digest
    )
    return {
        "records": [
            {"record": encode_record(one).hex(), "hash": leaf(one).hex()} for one in records
        ],
        "digest": bound.digest.hex(),
        "body": cbor.encode(body.to_body()).hex(),
    }


def _refused(first: Epoch) -> list[dict[str, str]]:
    """Return messages that a verifier must refuse; each is signed where that is possible."""
    good = bytes.fromhex(str(first.rows[2]["message"]))
    signer, payload = SIGNERS["event 1"], cose.take_apart(good).payload
    kid = signer.public.kid

    def signed(protected: bytes, unprotected: bytes = b"\xa0") -> bytes:
        text = cose.to_be_signed(protected, Domain.EVENT.value, payload)
        bstr = cose.bstr
        body = (bstr(protected), unprotected, bstr(payload), bstr(signer.sign(text)))
        return b"\xd2\x84" + b"".join(body)

    header = cbor.encode({1: -19, 4: kid})
    low = cose.sign1(payload, SIGNERS["receipt"], Domain.EVENT)
    high = low[:-32] + (cose.P256_ORDER - int.from_bytes(low[-32:])).to_bytes(32, "big")
    rows = {
        "a byte follows": good + b"\x00",
        "no tag": good[1:],
        "another tag": b"\xd1" + good[1:],
        "the tag in two bytes": b"\xd8\x12" + good[1:],
        "algorithm in the unprotected header": signed(cbor.encode({4: kid}), b"\xa1\x01\x32"),
        "key id in the unprotected header": signed(b"\xa1\x01\x32", b"\xa1\x04\x48" + kid),
        "an unknown protected parameter": signed(cbor.encode({1: -19, 3: 0, 4: kid})),
        "a critical parameter": signed(b"\xa3\x01\x32\x02\x81\x09\x04\x48" + kid),
        "the older algorithm id -8": signed(cbor.encode({1: -8, 4: kid})),
        "an algorithm that is not the key's": signed(cbor.encode({1: -9, 4: kid})),
        "protected header out of order": signed(b"\xa2\x04\x48" + kid + b"\x01\x32"),
        "protected header key twice": signed(b"\xa3\x01\x32\x01\x32\x04\x48" + kid),
        "number not in its shortest form": signed(b"\xa2\x01\x38\x12\x04\x48" + kid),
        "signed as a genesis": cose.sign1(payload, signer, Domain.GENESIS),
        "ESP256 with s in the upper half": high,
        "a detached payload": b"\xd2\x84" + cose.bstr(header) + b"\xa0\xf6" + good[-66:],
        "a changed signature": good[:-1] + bytes([good[-1] ^ 1]),
    }
    return [{"why": why, "message": message.hex()} for why, message in rows.items()]


def _bundles() -> dict[str, object]:
    """Return good bundles and changed ones, each with what is found in it."""
    files = {"area": bundles.chosen(bundles.memory()), "sample": bundles.sample(bundles.memory())}
    files["timestamped"] = bundles.stamped(bundles.memory())
    files["witnessed"] = bundles.witnessed(bundles.memory())
    wanted = ("a_signature_is_changed", "a_chosen_event_is_deleted", "another_event_is_shown")
    files |= {one.name: one.data for one in all_mutations() if one.name in wanted}
    authority = bundles.authority()[1].public_bytes(Encoding.PEM).decode()
    return {
        "authority": authority,
        "witness": bundles.WITNESS.public.loaded.public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        ).decode(),
        "bundles": [
            {"name": name, "bundle": data.hex(), "findings": _findings_of(data)}
            for name, data in files.items()
        ],
    }


def _findings_of(data: bytes) -> list[dict[str, object]]:
    return [
        {"what": str(one.what), "epoch": one.epoch.hex() if one.epoch else None, "seq": one.seq}
        for one in bundles.checked(data).problems
    ]


def make() -> dict[str, object]:
    """Return the content of each file by its name."""
    first = _first()
    second = _second(first)
    receipt = _receipt(first, second)
    return {
        "keys.json": _keys(),
        "epochs.json": [first.told(), second.told()],
        "proofs.json": _proofs(first),
        "receipt.json": receipt,
        "status.json": _status(second),
        "command.json": command_vectors(second.epoch, _stamp(100), SIGNERS, _steps),
        "charter.json": charter_vectors(SIGNERS, _steps),
        "handover.json": handover_vectors(SIGNERS, _steps),
        "cosignature.json": witness_vectors(
            first.epoch, first.messages(), SIGNERS["inspector"], _steps
        ),
        "finding.json": _findings(),
        "binding.json": _binding(first, receipt),
        "bundles.json": _bundles(),
        "refused.json": _refused(first),
    }


def text(content: object) -> str:
    """Return the content as it stands in the file."""
    return json.dumps(content, indent=1) + "\n"


def main() -> None:
    """Write all files."""
    for name, content in make().items():
        (FOLDER / name).write_text(text(content))


if __name__ == "__main__":
    main()
