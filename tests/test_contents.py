"""What the journal's background thread is told of envelopes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contents import Envelopes
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.envelope import Event, peek, peek_stamp, seal
from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.evidence.tree import leaf_hash, root
from edge_agent.journal import Times

SIGNER = Ed25519Signer.generate()


def envelope(stamp: Stamp, seq: int = 7) -> bytes:
    event = Event(
        gateway="gw1",
        epoch=b"epoch001",
        seq=seq,
        root=bytes(32),
        stamp=stamp,
        lane=Lane.STATE,
        type=EventType.SIGNAL,
        body={1: "x"},
    )
    return seal(event, SIGNER)


def stamp(wall_ns: int | None, trust: Trust) -> Stamp:
    return Stamp(wall_ns, 5, bytes(16), trust)


@pytest.mark.parametrize(
    ("made", "times"),
    [
        (stamp(-3, Trust.SYNCED), Times(-3, 5)),
        (stamp(10**18, Trust.HOLDOVER), Times(10**18, 5)),
        (stamp(10**18, Trust.UNSET), Times(None, 5)),
        (stamp(None, Trust.SYNCED), Times(None, 5)),
    ],
)
def test_times(made: Stamp, times: Times) -> None:
    assert Envelopes().times(envelope(made)) == times


def test_hashes_are_those_of_the_tree() -> None:
    leaves = [Envelopes().leaf(b"one"), Envelopes().leaf(b"two")]
    assert leaves == [leaf_hash(b"one"), leaf_hash(b"two")]
    assert Envelopes().node(*leaves) == root(leaves)


@given(st.integers(0, 2**40), st.integers(1, 2**60))
def test_the_stamp_alone_is_the_stamp(wall_ns: int, seq: int) -> None:
    data = envelope(stamp(wall_ns, Trust.SYNCED), seq)
    assert peek_stamp(data) == peek(data)[1].stamp


def test_no_bytes_make_it_fail() -> None:
    data = envelope(stamp(1, Trust.SYNCED))
    for size in range(len(data)):
        assert Envelopes().times(data[:size]) is None
    for place in range(len(data)):
        broken = bytearray(data)
        broken[place] ^= 0xFF
        Envelopes().times(bytes(broken))
    with pytest.raises(Malformed):
        peek_stamp(b"")
