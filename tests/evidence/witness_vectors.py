"""A witness's cosignature over part of the first epoch, and what it was asked with."""

from collections.abc import Callable, Sequence

from edge_agent.evidence import certificates, tree
from edge_agent.evidence.cose import Domain, Signer
from edge_agent.evidence.cosignature import Cosignature
from edge_agent.evidence.submission import Submission
from tests.evidence import bundles

OLD, SIZE = 3, 6


def witness_vectors(
    epoch: bytes,
    envelopes: Sequence[bytes],
    inspector: Signer,
    steps: Callable[[bytes, Domain], dict[str, str]],
) -> dict[str, object]:
    """The first epoch's identity key is that of `bundles`: so its certificate fits."""
    leaves = [tree.leaf_hash(one) for one in envelopes[:SIZE]]
    told = Cosignature(
        witness="inspector",
        authority=certificates.key_digest(bundles.authority()[1]),
        gateway="gw1",
        epoch=epoch,
        size=SIZE,
        root=tree.root(leaves),
        time_ms=1_763_900_015_000,
        breaks=1,
    )
    proof = tuple(tree.consistency_proof(leaves, OLD))
    identity = bundles.certified("gw1", 1)
    asked = Submission(identity, envelopes[0], envelopes[SIZE], OLD, proof)
    return {
        "key": "inspector",
        **steps(told.signed(inspector), Domain.COSIGNATURE),
        "authority": certificates.der_of(bundles.authority()[1]).hex(),
        "submission": asked.to_bytes().hex(),
    }
