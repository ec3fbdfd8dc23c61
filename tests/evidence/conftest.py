"""Shared values of the evidence tests: fixed keys, one stamp, a small signed epoch."""

from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence import tree
from edge_agent.evidence.bodies import Ended, GenesisBody, LinkBody
from edge_agent.evidence.cose import Signer
from edge_agent.evidence.envelope import Event, seal
from edge_agent.evidence.signers import Ed25519Signer

STAMP = Stamp(1_763_900_000_000_000_000, 12_345, b"b" * 16, Trust.SYNCED, 5)


def signer(seed: int) -> Ed25519Signer:
    return Ed25519Signer(ed25519.Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


@dataclass
class Chain:
    """One epoch in the making; `event_key` signs, `peaks` is its tree."""

    gateway: str = "gw1"
    epoch: bytes = b"epoch--1"
    event_key: Signer = field(default_factory=lambda: signer(2))
    identity: Signer = field(default_factory=lambda: signer(1))
    peaks: tree.Peaks = field(default_factory=tree.Peaks)
    envelopes: list[bytes] = field(default_factory=list)
    stamp: Stamp = STAMP

    def genesis(self, follows: "Chain | None" = None, **changes: object) -> bytes:
        values: dict[str, object] = {
            "event_key": self.event_key.public,
            "identity_kid": self.identity.public.kid,
            "ended": Ended.FIRST,
            "version": "0.1",
        }
        if follows is not None:
            values |= {
                "ended": Ended.CRASH,
                "previous_epoch": follows.epoch,
                "previous_size": follows.peaks.size,
                "previous_root": follows.peaks.root(),
            }
        body = GenesisBody(**{**values, **changes})  # type: ignore[arg-type]
        by = self.identity if body.vouched else self.event_key
        return self.add(self.make(0, EventType.GENESIS, body.to_body(), by))

    def make(
        self,
        seq: int,
        kind: str = EventType.LINK,
        body: Body | None = None,
        by: Signer | None = None,
        root: bytes | None = None,
    ) -> bytes:
        event = Event(
            gateway=self.gateway,
            epoch=self.epoch,
            seq=seq,
            root=self.peaks.root() if root is None else root,
            stamp=self.stamp,
            lane=Lane.FAULT,
            type=kind,
            body=LinkBody("p1", True).to_body() if body is None else body,
        )
        return seal(event, by or self.event_key)

    def add(self, envelope: bytes) -> bytes:
        self.peaks.append(tree.leaf_hash(envelope))
        self.envelopes.append(envelope)
        return envelope

    def more(self, count: int) -> "Chain":
        for _ in range(count):
            self.add(self.make(self.peaks.size))
        return self


@pytest.fixture
def chain() -> Chain:
    """An epoch of a genesis and nine events."""
    chain = Chain()
    chain.genesis()
    return chain.more(9)
