"""Which side of a fork counts, and where a tree ends; the rest through `edge-center export`."""

from pathlib import Path

from edge_agent.center.holding import StoreHolding
from edge_agent.domain.event import EventType
from edge_agent.evidence.anchor import AnchorBody
from edge_agent.evidence.cited import Place
from edge_agent.evidence.second_signature import SecondSignatureBody
from edge_agent.evidence.tree import leaf_hash
from tests.center.world import FakeCenter, FakeGateway
from tests.evidence import second_vectors


def test_the_side_of_a_fork_that_was_signed_over_comes_first(tmp_path: Path) -> None:
    gateway = FakeGateway()
    center = FakeCenter(tmp_path, gateway)
    genesis = gateway.start()
    before = gateway.peaks.copy()
    false = gateway.event(reason="one side")
    gateway.peaks = before
    true = gateway.event(reason="other side")
    center.take(genesis, false)
    center.take(true, gateway.event())
    holding = StoreHolding(center.connection, "gw1", center.signer.public)
    (events,) = [found for seq, found in holding.events(gateway.epoch, [(0, 9)]) if seq == 1]
    assert events == [true, false]
    assert holding.proofs(gateway.epoch).root(3) == gateway.peaks.root()


def test_timestamps_of_an_epoch_are_held(tmp_path: Path) -> None:
    gateway = FakeGateway()
    center = FakeCenter(tmp_path, gateway)
    genesis = gateway.start()
    anchor = AnchorBody(Place(gateway.epoch, 1), bytes(32), b"token")
    other = AnchorBody(Place(b"long ago", 1), bytes(32), b"token")
    sealed = [gateway.sealed(EventType.ANCHOR, one.to_body()) for one in (anchor, other)]
    center.take(genesis, *sealed, gateway.sealed(EventType.ANCHOR, {1: 1}))
    holding = StoreHolding(center.connection, "gw1", center.signer.public)
    assert holding.anchors(gateway.epoch) == [anchor]
    assert holding.anchors(b"unknown1") == []


def test_second_signatures_of_an_epoch_are_held(tmp_path: Path) -> None:
    gateway = FakeGateway()
    center = FakeCenter(tmp_path, gateway)
    genesis = gateway.start()
    bodies = [SecondSignatureBody(one) for one in (second_vectors.message(), b"junk")]
    kept = [gateway.sealed(EventType.SECOND_SIGNATURE, one.to_body()) for one in bodies]
    center.take(genesis, *kept)
    holding = StoreHolding(center.connection, "gw1", center.signer.public)
    assert holding.second_signatures(gateway.epoch) == [second_vectors.message()]
    assert holding.second_signatures(b"unknown1") == []


def test_a_tree_ends_at_the_first_gap(tmp_path: Path) -> None:
    gateway = FakeGateway()
    center = FakeCenter(tmp_path, gateway)
    genesis, events = gateway.start(), gateway.events(5)
    center.take(genesis, *events[:2], *events[3:])
    holding = StoreHolding(center.connection, "gw1", center.signer.public)
    assert holding.proofs(gateway.epoch).size == 3
    assert holding.genesis(gateway.epoch) == genesis
    assert holding.newest(gateway.epoch) == events[-1]
    covered = holding.covered(genesis)
    assert covered is not None
    assert leaf_hash(genesis) in covered.leaves
    assert holding.covered(events[-1]) is None, "its leaf cannot be placed"
    assert StoreHolding(center.connection, "gw9", center.signer.public).epochs == {}
