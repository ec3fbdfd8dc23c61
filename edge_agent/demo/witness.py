"""Reads what the gateway keeps: events and receipts in its journal, each receipt checked.

A receipt counts for an event only if the center's key signed it and its digest fits the envelopes
that the journal holds.
"""

from pathlib import Path

from edge_agent.demo.stage import BY_FRAME
from edge_agent.demo.tally import Held, Place, held
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature, PublicKey
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.receipt import Receipt, open_receipt, range_digest
from edge_agent.evidence.tree import leaf_hash
from edge_agent.journal import Record, RecordKind, read
from edge_agent.journal.format import decode_ranges
from edge_agent.views import rendering


class JournalWitness:
    """A journal as far as it was read; `look` reads on."""

    def __init__(self, journal: Path, gateway: str, receipt_key: PublicKey) -> None:
        self.events: list[Held] = []
        self.receipted: set[Place] = set()
        self.bad_receipts = 0
        self.damages: list[str] = []
        self._journal = journal
        self._gateway = gateway
        self._key = receipt_key
        self._leaves: dict[Place, bytes] = {}
        self._receipts: set[bytes] = set()

    def look(self) -> list[Held]:
        """Read the journal again; return the events that are new.  May raise OSError."""
        self.damages = []
        before = len(self.events)
        receipts: list[bytes] = []
        for stored in read(self._journal, lambda damage: self.damages.append(str(damage))):
            match stored.record.kind:
                case RecordKind.ENVELOPE:
                    self._event(stored.record)
                case RecordKind.RECEIPT:
                    receipts.append(decode_ranges(stored.record.data)[1])
                case _:
                    pass
        for data in set(receipts) - self._receipts - {b""}:  # a long one stands in its first record
            self._receipt(data)
        return self.events[before:]

    def _event(self, record: Record) -> None:
        place = record.epoch.hex(), record.seq
        if place not in self._leaves:
            self._leaves[place] = leaf_hash(record.data)
            self.events.append(held(rendering.facts(peek(record.data)[1]), BY_FRAME))

    def _receipt(self, data: bytes) -> None:
        self._receipts.add(data)
        try:
            receipt = open_receipt(data, self._key)
        except (Malformed, BadSignature):
            self.bad_receipts += 1
            return
        if receipt.gateway != self._gateway or not self._fits(receipt):
            self.bad_receipts += 1

    def _fits(self, receipt: Receipt) -> bool:
        fits = True
        for span in receipt.ranges:
            places = [(span.epoch.hex(), seq) for seq in range(span.first, span.last + 1)]
            leaves = [self._leaves[place] for place in places if place in self._leaves]
            if len(leaves) == len(places) and range_digest(leaves) == span.digest:
                self.receipted.update(places)
            else:
                fits = False
        return fits
