"""A gateway's whole evidence in memory, made from fixed keys, and bundles of it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from edge_agent.evidence import certificates
from edge_agent.evidence.anchor import AnchorBody
from edge_agent.evidence.bundle import Kind, Scope, Seal
from edge_agent.evidence.bundle_check import check
from edge_agent.evidence.bundle_make import Covered, Made, Range, Wanted, head_of, make, seq_of
from edge_agent.evidence.bundle_report import Report, Trust
from edge_agent.evidence.cited import Place
from edge_agent.evidence.cose import Signer, parse
from edge_agent.evidence.cosignature import Cosignature
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.levels import Levels
from edge_agent.evidence.receipt import Range as Receipted
from edge_agent.evidence.receipt import Receipt, range_digest, sign_receipt
from edge_agent.evidence.sample import places
from edge_agent.evidence.second_signature import SecondSignature
from edge_agent.evidence.tree import HASH_BYTES, leaf_hash, root
from tests.evidence.conftest import Chain, signer

RECEIPTS = signer(9)
NONCE = bytes(range(32))


@cache
def authority(seed: int = 7) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.derive_private_key(seed, ec.SECP256R1())
    return key, _certificate(f"authority {seed}", key.public_key(), key, "", seed)


@cache
def certified(name: str, seed: int, by: int = 7, *, signing: bool = True) -> bytes:
    """A certificate for the key `signer(seed)`, in DER."""
    public = ed25519.Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32).public_key()
    key, issuer = authority(by)
    usage = "1.3.6.1.5.5.7.3.36" if signing else "1.3.6.1.5.5.7.3.2"
    made = _certificate(name, public, key, usage, by, issuer.subject)
    return certificates.der_of(made)


def _certificate(
    name: str,
    public: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey,
    key: ec.EllipticCurvePrivateKey,
    usage: str,
    serial: int,
    issuer: x509.Name | None = None,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .serial_number(serial)
        .not_valid_before(datetime(2026, 11, 1, tzinfo=UTC))
        .not_valid_after(datetime(2046, 11, 1, tzinfo=UTC))
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(public)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if usage:
        extended = x509.ExtendedKeyUsage([x509.ObjectIdentifier(usage)])
        builder = builder.add_extension(extended, critical=True)
    return builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)


@dataclass
class Memory:
    """What somebody holds of gw1: envelopes by epoch and number, twins behind each."""

    gateway: str = "gw1"
    epochs: dict[bytes, list[list[bytes]]] = field(default_factory=dict)
    receipts: list[Receipt] = field(default_factory=list)
    stamped: list[AnchorBody] = field(default_factory=list)
    cosigned: list[bytes] = field(default_factory=list)
    seconds: list[bytes] = field(default_factory=list)

    def take(self, chain: Chain) -> None:
        self.epochs[chain.epoch] = [[one] for one in chain.envelopes]

    def receipt(self, epoch: bytes, first: int, last: int) -> None:
        leaves = [leaf_hash(self.epochs[epoch][seq][0]) for seq in range(first, last + 1)]
        one = Receipted(epoch, first, last, range_digest(leaves))
        self.receipts.append(Receipt("gw1", "center", 1_763_900_010_000, (one,)))

    def genesis(self, epoch: bytes) -> bytes | None:
        return self.epochs[epoch][0][0] if epoch in self.epochs else None

    def newest(self, epoch: bytes) -> bytes | None:
        return self.epochs[epoch][-1][0]

    def newest_receipted(self, epoch: bytes) -> bytes | None:
        ends = [r.last for one in self.receipts for r in one.ranges if r.epoch == epoch]
        return self.epochs[epoch][max(ends)][0] if ends else None

    def covered(self, event: bytes) -> Covered | None:
        told = peek(event)[1]
        for receipt in self.receipts:
            for one in receipt.ranges:
                if one.epoch == told.epoch and one.first <= told.seq <= one.last:
                    events = self.epochs[one.epoch][one.first : one.last + 1]
                    leaves = b"".join(leaf_hash(envelopes[0]) for envelopes in events)
                    return Covered(sign_receipt(receipt, RECEIPTS), leaves)
        return None

    def anchors(self, epoch: bytes) -> list[AnchorBody]:
        return [one for one in self.stamped if one.place.epoch == epoch]

    def cosignatures(self, epoch: bytes) -> list[bytes]:
        return [one for one in self.cosigned if Cosignature.read(parse(one)).epoch == epoch]

    def second_signatures(self, epoch: bytes) -> list[bytes]:
        return [one for one in self.seconds if SecondSignature.read(one).head.epoch == epoch]

    def events(self, epoch: bytes, ranges: Sequence[Range]) -> Iterator[tuple[int, list[bytes]]]:
        for first, last in ranges:
            for seq in range(first, last + 1):
                yield seq, self.epochs[epoch][seq]

    def proofs(self, epoch: bytes) -> Levels:
        return Levels(leaf_hash(envelopes[0]) for envelopes in self.epochs[epoch])


FIRST, SECOND = b"epoch--1", b"epoch--2"


@cache
def history() -> tuple[Chain, Chain]:
    first = Chain(epoch=FIRST)
    first.genesis()
    first.more(99)
    second = Chain(epoch=SECOND, event_key=signer(3))
    second.genesis(follows=first)
    return first, second.more(11)


def memory() -> Memory:
    held = Memory()
    for chain in history():
        held.take(chain)
    held.receipt(SECOND, 0, 3)
    held.receipt(SECOND, 8, 10)
    return held


def certificates_of_all() -> list[bytes]:
    own = certificates.der_of(authority()[1])
    return [certified("gw1", 1), certified("center receipts", 9), own]


def seal(made: Made, by: Signer | None = None, **changes: object) -> bytes:
    """The file: sealed by the running epoch's key unless told otherwise."""
    told: dict[str, object] = {
        "gateway": "gw1",
        "by": "gw1",
        "time_ms": 1_763_900_020_000,
        "digest": made.digest,
        "events": made.events,
        "actor": "inspector (uid 1000)",
        "purpose": "case 17",
    }
    seal = Seal(**(told | changes))  # type: ignore[arg-type]
    return made.sealed(seal.signed(by or signer(3)))


def span(held: Memory, first: int = 20, last: int = 90) -> bytes:
    """Part of the first epoch and all of the second."""
    end = len(held.epochs[SECOND]) - 1
    ranges = {FIRST: [(first, last)], SECOND: [(0, end)]}
    scope = Scope(gateway="gw1", kind=Kind.SPAN, stretches=((FIRST, first, last), (SECOND, 0, end)))
    return seal(make(held, certificates_of_all(), Wanted(scope, ranges)))


def chosen(held: Memory) -> bytes:
    """Three events of one area."""
    ranges = {FIRST: [(3, 3), (17, 18)]}
    stretches = ((FIRST, 3, 3), (FIRST, 17, 18))
    scope = Scope(gateway="gw1", kind=Kind.AREA, stretches=stretches, panel="p1", area=2)
    return seal(make(held, certificates_of_all(), Wanted(scope, ranges, also=SECOND)))


def sample(held: Memory, count: int = 6) -> bytes:
    """An inspector's sample, with a head that the inspector had before."""
    heads = {epoch: head_of(held, epoch, 0) for epoch in held.epochs}
    stretches = tuple((epoch, 0, seq_of(head)) for epoch, head in heads.items())
    scope = Scope(gateway="gw1", kind=Kind.SAMPLE, stretches=stretches, nonce=NONCE, count=count)
    ranges: dict[bytes, list[Range]] = {epoch: [] for epoch in heads}
    for place in places(NONCE, stretches, count):
        ranges[place.epoch].append((place.seq, place.seq))
    earlier = {FIRST: held.epochs[FIRST][37][0]}
    return seal(make(held, certificates_of_all(), Wanted(scope, ranges, heads, earlier)))


def stamped(held: Memory) -> bytes:
    """Events 3 to 5 before an event that an authority timestamped."""
    leaf = leaf_hash(held.epochs[FIRST][STAMPED][0])
    held.stamped.append(AnchorBody(Place(FIRST, STAMPED), leaf, token()))
    scope = Scope(gateway="gw1", kind=Kind.SPAN, stretches=((FIRST, 3, 5),))
    return seal(make(held, certificates_of_all(), Wanted(scope, {FIRST: [(3, 5)]}, also=SECOND)))


def seconded(held: Memory) -> bytes:
    """Events 3 to 5 before a head that the gateway signed a second time."""
    told = json.loads(TIMESTAMP.with_name("second_signature.json").read_text())
    held.seconds.append(bytes.fromhex(told["own"]["message"]))
    scope = Scope(gateway="gw1", kind=Kind.SPAN, stretches=((FIRST, 3, 5),))
    return seal(make(held, certificates_of_all(), Wanted(scope, {FIRST: [(3, 5)]}, also=SECOND)))


WITNESS = signer(31)


def cosignature(epoch: bytes, size: int, by: Signer = WITNESS, **changes: object) -> bytes:
    """What a witness says of the first `size` events of an epoch."""
    chain = next(one for one in history() if one.epoch == epoch)
    told: dict[str, object] = {
        "witness": "inspector-south",
        "authority": certificates.key_digest(authority()[1]),
        "gateway": "gw1",
        "epoch": epoch,
        "size": size,
        "root": root([leaf_hash(one) for one in chain.envelopes[:size]]),
        "time_ms": 1_763_900_015_000,
    }
    return Cosignature(**(told | changes)).signed(by)  # type: ignore[arg-type]


def witnessed(held: Memory, *cosigned: bytes) -> bytes:
    """The span, each run cosigned by one witness; or as told."""
    held.cosigned += cosigned or (cosignature(FIRST, 60), cosignature(SECOND, 8))
    return span(held)


STAMPED = 60
TIMESTAMP = Path(__file__).parents[2] / "docs" / "vectors" / "timestamp.json"


def token(name: str = "token") -> bytes:
    """What an authority of openssl once gave: over event 60, or `other`, over event 61."""
    return bytes.fromhex(json.loads(TIMESTAMP.read_text())[name])


def stamper() -> bytes:
    """The root of that authority, PEM."""
    return str(json.loads(TIMESTAMP.read_text())["root"]).encode()


def checked(data: bytes, trust: Trust | None = None) -> Report:
    return check(BytesIO(data).read, trust or Trust((authority()[1],)))


def found(data: bytes, trust: Trust | None = None) -> list[tuple[str, int | None]]:
    return [(str(one.what), one.seq) for one in checked(data, trust).problems]


def leaves_of(held: Memory, epoch: bytes) -> bytes:
    data = b"".join(leaf_hash(envelopes[0]) for envelopes in held.epochs[epoch])
    assert len(data) % HASH_BYTES == 0
    return data
