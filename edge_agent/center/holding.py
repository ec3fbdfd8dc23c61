"""What a center's store holds of one gateway, for a bundle.

Of a fork the reading that the next event was signed over comes first, its twins behind it.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from edge_agent.center import schema
from edge_agent.domain.event import EventType
from edge_agent.evidence.anchor import AnchorBody
from edge_agent.evidence.bundle_make import Covered
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature, PublicKey
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.levels import Levels
from edge_agent.evidence.receipt import open_receipt, range_digest
from edge_agent.evidence.second_signature import kept_in
from edge_agent.evidence.tree import Peaks, leaf_hash

Range = tuple[int, int]

_EPOCHS = "SELECT epoch, id FROM epoch WHERE gateway = ? AND count > 0 ORDER BY id"
_LEAVES = "SELECT seq, leaf, root FROM event WHERE epoch_id = ? ORDER BY seq, id"
_EVENTS = (
    "SELECT seq, leaf, envelope FROM event WHERE epoch_id = ? AND seq BETWEEN ? AND ?"
    " ORDER BY seq, id"
)
_NEWEST = "SELECT envelope FROM event WHERE epoch_id = ? ORDER BY seq DESC, id LIMIT 1"
_OF_TYPE = "SELECT envelope FROM event WHERE epoch_id = ? AND type = ? ORDER BY seq, id"
_COSIGNED = "SELECT data FROM cosignature WHERE gateway = ? AND epoch = ?"
_RECEIPTS = (
    "SELECT data FROM receipt WHERE gateway = ? AND time_ms IN"
    " (SELECT received_ms FROM event WHERE epoch_id = ? AND seq = ? AND leaf = ?)"
)


@dataclass(slots=True)
class _Tree:
    """One epoch's leaves from number 0 on, as far as none is missing."""

    leaves: list[bytes] = field(default_factory=list)
    chosen: dict[int, bytes] = field(default_factory=dict)  # of forks: the leaf that counts


class StoreHolding:
    """The events of `gateway`; `receipt_key` is the center's own."""

    def __init__(
        self, connection: sqlite3.Connection, gateway: str, receipt_key: PublicKey
    ) -> None:
        self.gateway = gateway
        self._connection, self._key = connection, receipt_key
        self.epochs: dict[bytes, int] = dict(connection.execute(_EPOCHS, (gateway,)).fetchall())
        self._trees: dict[bytes, _Tree] = {}
        self._levels: dict[bytes, Levels] = {}

    def genesis(self, epoch: bytes) -> bytes | None:
        """Return the genesis of an epoch."""
        return next((found[0] for _, found in self.events(epoch, [(0, 0)])), None)

    def newest(self, epoch: bytes) -> bytes | None:
        """Return the newest event of an epoch."""
        row = self._connection.execute(_NEWEST, (self.epochs.get(epoch),)).fetchone()
        return None if row is None else bytes(row[0])

    def newest_receipted(self, epoch: bytes) -> bytes | None:
        """Return the newest event of an epoch: what is stored was receipted with it."""
        return self.newest(epoch)

    def covered(self, event: bytes) -> Covered | None:
        """Return a receipt that was given over an event."""
        told, leaf = peek(event)[1], leaf_hash(event)
        epoch_id = self.epochs.get(told.epoch)
        leaves = self._tree(told.epoch).leaves
        rows = self._connection.execute(_RECEIPTS, (self.gateway, epoch_id, told.seq, leaf))
        for (data,) in rows.fetchall():
            try:
                ranges = open_receipt(data, self._key).ranges
            except (Malformed, BadSignature):
                continue  # `edge-center verify` says so
            for one in ranges:
                part = leaves[one.first : one.last + 1]
                if one.epoch == told.epoch and range_digest(part) == one.digest and leaf in part:
                    return Covered(data, b"".join(part))
        return None

    def anchors(self, epoch: bytes) -> Sequence[AnchorBody]:
        """Return the timestamps of events of an epoch."""
        found = map(AnchorBody.of, self._of_type(epoch, EventType.ANCHOR))
        return [one for one in found if one is not None and one.place.epoch == epoch]

    def second_signatures(self, epoch: bytes) -> Sequence[bytes]:
        """Return those that the gateway sent."""
        found = map(kept_in, self._of_type(epoch, EventType.SECOND_SIGNATURE))
        return [one for one in found if one is not None]

    def _of_type(self, epoch: bytes, type_: EventType) -> Iterator[bytes]:
        rows = self._connection.execute(_OF_TYPE, (self.epochs.get(epoch), str(type_)))
        return (bytes(row[0]) for row in rows)

    def cosignatures(self, epoch: bytes) -> Sequence[bytes]:
        """Return the witness's newest cosignature of an epoch."""
        if not schema.has_table(self._connection, "cosignature"):
            return ()
        rows = self._connection.execute(_COSIGNED, (self.gateway, epoch))
        return [bytes(row[0]) for row in rows]

    def events(self, epoch: bytes, ranges: Sequence[Range]) -> Iterator[tuple[int, list[bytes]]]:
        """Yield the events of `ranges`."""
        chosen = self._tree(epoch).chosen
        for first, last in ranges:
            waiting: list[tuple[bytes, bytes]] = []
            at = -1
            for seq, leaf, envelope in self._connection.execute(
                _EVENTS, (self.epochs.get(epoch), first, last)
            ):
                if seq != at and waiting:
                    yield at, _ordered(waiting, chosen.get(at))
                    waiting = []
                at = seq
                waiting.append((leaf, envelope))
            if waiting:
                yield at, _ordered(waiting, chosen.get(at))

    def proofs(self, epoch: bytes) -> Levels:
        """Return the tree of an epoch, up to the first number that is missing."""
        if epoch not in self._levels:
            self._levels[epoch] = Levels(self._tree(epoch).leaves)
        return self._levels[epoch]

    def _tree(self, epoch: bytes) -> _Tree:
        if epoch not in self._trees:
            self._trees[epoch] = self._read(epoch)
        return self._trees[epoch]

    def _read(self, epoch: bytes) -> _Tree:
        tree, peaks = _Tree(), Peaks()
        waiting: list[bytes] = []  # leaves of the number before: the next root tells which counts
        for seq, leaf, root in self._connection.execute(_LEAVES, (self.epochs.get(epoch),)):
            if waiting and seq == len(tree.leaves):
                waiting.append(leaf)
                continue
            if seq != len(tree.leaves) + bool(waiting):
                break
            if waiting:
                _settle(tree, peaks, waiting, root)
            waiting = [leaf]
        if waiting:
            _settle(tree, peaks, waiting, None)
        return tree


def _settle(tree: _Tree, peaks: Peaks, candidates: list[bytes], root: bytes | None) -> None:
    """Take the one of `candidates` that `root` is over; the first where none is."""
    taken = candidates[0]
    for leaf in candidates if len(candidates) > 1 else ():
        other = peaks.copy()
        other.append(leaf)
        if other.root() == root:
            taken = leaf
    if len(candidates) > 1:
        tree.chosen[len(tree.leaves)] = taken
    tree.leaves.append(taken)
    peaks.append(taken)


def _ordered(found: list[tuple[bytes, bytes]], chosen: bytes | None) -> list[bytes]:
    return [envelope for leaf, envelope in sorted(found, key=lambda one: one[0] != chosen)]
