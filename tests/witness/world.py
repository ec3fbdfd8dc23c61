"""Gateways made of fixed keys, and what a witness is asked of them."""

from edge_agent.evidence import certificates, tree
from edge_agent.evidence.bodies import Ended
from edge_agent.evidence.submission import Submission
from edge_agent.witness.judging import Proven, prove
from tests.evidence.bundles import authority, certified
from tests.evidence.conftest import Chain, signer

AUTHORITY = authority()[1]
DIGEST = certificates.key_digest(AUTHORITY)
IDENTITY = certified("gw1", 1)
WITNESS = signer(31)


def begun(events: int = 20, epoch: bytes = b"epoch--1", gateway: str = "gw1") -> Chain:
    """A first epoch."""
    chain = Chain(epoch=epoch, gateway=gateway, event_key=signer(2 + sum(epoch) % 200))
    chain.genesis()
    return chain.more(events - 1)


def copied(chain: Chain, size: int) -> Chain:
    """The same run as it was after `size` events, with the key that it is signed by."""
    copy = Chain(chain.gateway, chain.epoch, chain.event_key, chain.identity)
    for envelope in chain.envelopes[:size]:
        copy.add(envelope)
    return copy


def forked(chain: Chain, size: int, more: int) -> Chain:
    """Another history of the same run: its first `size` events, then others."""
    other = copied(chain, size)
    for _ in range(more):
        other.add(other.make(other.peaks.size, body={1: "p2"}))
    return other


def following(chain: Chain, epoch: bytes, events: int = 10) -> Chain:
    """The run after `chain`, as it stands."""
    after = Chain(epoch=epoch, event_key=signer(2 + sum(epoch) % 200))
    after.genesis(follows=chain, ended=Ended.CRASH)
    return after.more(events - 1)


def leaves(chain: Chain) -> list[bytes]:
    return [tree.leaf_hash(one) for one in chain.envelopes]


def asked(
    chain: Chain, seq: int, old: int = 0, before: Chain | None = None, identity: bytes = IDENTITY
) -> Submission:
    """Ask for the head `seq` of a run; the witness has `old` of it, or of the run `before`."""
    grown = leaves(chain)[:seq] if before is None else leaves(before)
    proof = tuple(tree.consistency_proof(grown, old)) if old <= len(grown) else ()
    return Submission(identity, chain.envelopes[0], chain.envelopes[seq], old, proof)


def proven(submission: Submission) -> Proven:
    return prove(submission, [AUTHORITY])
