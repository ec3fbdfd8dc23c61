"""What the journal's payloads are: envelopes, leaves of the epoch's tree.  The journal itself does
not know; it asks here, on its background thread.
"""

from edge_agent.domain.stamp import Trust
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.envelope import peek_stamp
from edge_agent.evidence.tree import leaf_hash, node_hash
from edge_agent.journal import Times


class Envelopes:
    """Reads signed envelopes, without checking their signatures."""

    def leaf(self, data: bytes) -> bytes:
        """Return the hash of an envelope as a leaf of the epoch's tree."""
        return leaf_hash(data)

    def node(self, left: bytes, right: bytes) -> bytes:
        """Return the hash over two neighbouring subtrees."""
        return node_hash(left, right)

    def times(self, data: bytes) -> Times | None:
        """Return what an envelope's stamp says; no wall time where nobody had set the clock."""
        try:
            stamp = peek_stamp(data)
        except Malformed:
            return None
        told = stamp.trust is not Trust.UNSET
        return Times(stamp.wall_ns if told else None, stamp.boottime_ns)
