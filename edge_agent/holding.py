"""What a gateway's own journal holds, for a bundle: read without a lock, while an agent writes.

The journal is read through once, for the receipts in it; after that only segments of the events
that are wanted, and footers.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack

from edge_agent.contents import Envelopes
from edge_agent.evidence.anchor import AnchorBody
from edge_agent.evidence.bundle_make import Covered
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.receipted import Receipted
from edge_agent.evidence.second_signature import kept_in
from edge_agent.evidence.tree import Peaks
from edge_agent.journal import Record, RecordKind, Where, heads, opened, read
from edge_agent.journal.footer import Footer
from edge_agent.journal.format import decode_ranges
from edge_agent.journal.proofs import NotProvable, Prover

Range = tuple[int, int]


class JournalHolding:
    """The journal in `where`; `receipt_keys` are those of the configured centers.

    Raises OSError where it cannot be read.  `close` it in the end.
    """

    def __init__(self, where: Where, gateway: str, receipt_keys: Iterable[PublicKey]) -> None:
        self.gateway = gateway
        self.oldest: dict[bytes, int] = {}
        self._keys = tuple(receipt_keys)
        self._newest: dict[bytes, bytes] = {}
        self._receipted = Receipted()
        self._anchors: dict[bytes, list[AnchorBody]] = {}
        self._seconds: dict[bytes, list[bytes]] = {}
        self._provers: dict[bytes, JournalProofs] = {}
        with ExitStack() as stack:
            self._disk = stack.enter_context(opened(where))
            self._genesis = heads(self._disk)
            for stored in read(self._disk):
                self._learn(stored.record)
            self._open = stack.pop_all()

    def _learn(self, record: Record) -> None:
        if record.kind is RecordKind.ENVELOPE:
            self.oldest.setdefault(record.epoch, record.seq)
            self._newest[record.epoch] = record.data
            if (anchor := AnchorBody.of(record.data)) is not None:
                self._anchors.setdefault(anchor.place.epoch, []).append(anchor)
            if (second := kept_in(record.data)) is not None:
                self._seconds.setdefault(record.epoch, []).append(second)
            if record.seq == 0:
                self._genesis.setdefault(record.epoch, record.data)
        elif record.kind is RecordKind.RECEIPT:
            ranges, receipt = decode_ranges(record.data)
            for first, last in ranges if receipt else ():
                self._receipted.take(record.epoch, first, last, receipt)

    def close(self) -> None:
        """Let go of the folder."""
        self._open.close()

    def genesis(self, epoch: bytes) -> bytes | None:
        """Return the genesis of an epoch."""
        return self._genesis.get(epoch)

    def newest(self, epoch: bytes) -> bytes | None:
        """Return the newest event of an epoch."""
        return self._newest.get(epoch)

    def newest_receipted(self, epoch: bytes) -> bytes | None:
        """Return the newest event of an epoch that a receipt covers."""
        seq = self._receipted.newest(epoch)
        found = () if seq is None else self.events(epoch, [(seq, seq)])
        return next((envelopes[0] for _, envelopes in found), None)

    def covered(self, event: bytes) -> Covered | None:
        """Return a receipt over an event and the leaves that it needs; None without either."""
        told = peek(event)[1]
        found = self._receipted.over(told.epoch, told.seq, self._keys)
        if found is None:
            return None
        receipt, given = found
        prover = self.proofs(told.epoch).prover
        try:
            leaves = [prover.leaf(seq) for seq in range(given.first, given.last + 1)]
        except NotProvable:
            return None
        return Covered(receipt, b"".join(leaves))

    def anchors(self, epoch: bytes) -> Sequence[AnchorBody]:
        """Return the timestamps of events of an epoch."""
        return self._anchors.get(epoch, ())

    def cosignatures(self, epoch: bytes) -> Sequence[bytes]:  # noqa: ARG002  whatever the epoch
        """Return nothing: cosignatures are with the center, which asks for them."""
        return ()

    def second_signatures(self, epoch: bytes) -> Sequence[bytes]:
        """Return those that the journal keeps."""
        return self._seconds.get(epoch, ())

    def events(self, epoch: bytes, ranges: Sequence[Range]) -> Iterator[tuple[int, list[bytes]]]:
        """Yield the events of `ranges`, which rise."""

        def is_wanted(footer: Footer) -> bool:
            return footer.epoch == epoch and any(
                _meets(first, last, ranges) for first, last in footer.runs
            )

        after = -1
        for stored in read(self._disk, wanted=is_wanted):
            record = stored.record
            if record.kind is not RecordKind.ENVELOPE or record.epoch != epoch:
                continue
            if record.seq > after and _meets(record.seq, record.seq, ranges):
                after = record.seq  # a second one was written after a refusal: the same bytes
                yield record.seq, [record.data]

    def proofs(self, epoch: bytes) -> "JournalProofs":
        """Return the tree of an epoch."""
        if epoch not in self._provers:
            self._provers[epoch] = JournalProofs(Prover(self._disk, Envelopes(), epoch))
        return self._provers[epoch]


class JournalProofs:
    """One epoch's tree, by footers and records; raises LookupError where something is missing."""

    def __init__(self, prover: Prover) -> None:
        self.prover = prover

    def peaks(self, size: int) -> Peaks:
        """Return the running tree over the first `size` events."""
        try:
            return Peaks(size, self.prover.peaks(size))
        except NotProvable as error:
            raise LookupError(str(error)) from error

    def inclusion(self, seq: int, size: int) -> list[bytes]:
        """Return the audit path of an event."""
        try:
            return self.prover.inclusion(seq, size)
        except NotProvable as error:
            raise LookupError(str(error)) from error

    def consistency(self, old_size: int, size: int) -> list[bytes]:
        """Return the proof that one tree is a prefix of another."""
        try:
            return self.prover.consistency(old_size, size)
        except (NotProvable, ValueError) as error:
            raise LookupError(str(error)) from error


def _meets(first: int, last: int, ranges: Sequence[Range]) -> bool:
    """Tell whether first..last has a number in common with rising `ranges`."""
    at = bisect_right(ranges, (last, 1 << 63)) - 1
    return at >= 0 and ranges[at][1] >= first
