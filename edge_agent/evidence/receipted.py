"""Of many receipts those that a bundle can use: one over the newest event of each epoch."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature, PublicKey
from edge_agent.evidence.receipt import Range, open_receipt


@dataclass(frozen=True, slots=True)
class _Candidate:
    first: int
    last: int
    receipt: bytes


@dataclass(slots=True)
class Receipted:
    """Takes receipts in any order; memory is one of them an epoch."""

    _newest: dict[bytes, _Candidate] = field(default_factory=dict)

    def take(self, epoch: bytes, first: int, last: int, receipt: bytes) -> None:
        """Take what a receipt is said to cover; it is opened when it is asked for.

        Of two over the same newest event the one with the shorter range is kept: it needs fewer
        leaves of other events.
        """
        known = self._newest.get(epoch)
        if known is None or (last, first) > (known.last, known.first):
            self._newest[epoch] = _Candidate(first, last, receipt)

    def newest(self, epoch: bytes) -> int | None:
        """Return the newest event of an epoch that a receipt covers."""
        known = self._newest.get(epoch)
        return None if known is None else known.last

    def over(self, epoch: bytes, seq: int, keys: Iterable[PublicKey]) -> tuple[bytes, Range] | None:
        """Return a receipt that one of `keys` signed, and its range that holds an event."""
        known = self._newest.get(epoch)
        if known is None:
            return None
        for key in keys:
            try:
                ranges = open_receipt(known.receipt, key).ranges
            except (Malformed, BadSignature):
                continue
            for one in ranges:
                if one.epoch == epoch and one.first <= seq <= one.last:
                    return known.receipt, one
        return None
