"""Checks a gateway's own journal: its events, the receipts that they bind, what retention removed,
and the timestamps and second signatures in it.

Pure: fed with the records in the order of the journal.  What the journal says of its own removals
is believed only as far as it is signed and the tree that it names goes on.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from edge_agent.domain.event import EventType
from edge_agent.evidence.anchor import AnchorBody
from edge_agent.evidence.anchored import AnchorCheck
from edge_agent.evidence.bodies import GenesisBody, JournalBody, JournalChange
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.certificates import Certificate
from edge_agent.evidence.cited import Place
from edge_agent.evidence.cose import BadSignature, PublicKey
from edge_agent.evidence.envelope import Event, peek
from edge_agent.evidence.receipt import Receipt, open_receipt, range_digest
from edge_agent.evidence.seconded import SecondCheck
from edge_agent.evidence.tree import Peaks
from edge_agent.evidence.verify import EpochVerifier, Problem, What
from edge_agent.journal import Record, RecordKind
from edge_agent.journal.format import decode_ranges
from edge_agent.journal.receipts import BindingCheck, Bound, Mismatch


class Removals:
    """What the journal says was removed, collected in a first reading.

    `by_epoch`: for the last number of each removed segment the tree over the epoch up to it.
    """

    def __init__(self) -> None:
        self.by_epoch: dict[bytes, dict[int, bytes | None]] = {}

    def take(self, record: Record) -> None:
        """Take any record."""
        body = _journal_body(record)
        if body is None or body.what is not JournalChange.REMOVED:
            return
        if body.epoch is not None and body.last is not None:
            self.by_epoch.setdefault(body.epoch, {})[body.last] = body.tree


class Countersigned:
    """Which timestamped events a center has receipted: its signature on that head as well.

    `expect` is fed in a first reading, `take` in a second one; `keys` are those of the centers.
    """

    def __init__(self, keys: Iterable[PublicKey]) -> None:
        self._keys = tuple(keys)
        self._receipts: dict[Place, list[bytes]] = {}

    def expect(self, record: Record) -> None:
        """Take any record: of an anchor the event that it is of."""
        if record.kind is RecordKind.ENVELOPE and (body := AnchorBody.of(record.data)) is not None:
            self._receipts[body.place] = []

    def take(self, record: Record) -> None:
        """Take any record: of a receipt what it covers."""
        if record.kind is not RecordKind.RECEIPT:
            return
        ranges, receipt = decode_ranges(record.data)
        for place, over in self._receipts.items():
            if place.epoch == record.epoch and any(a <= place.seq <= z for a, z in ranges):
                over.append(receipt)

    def by(self, place: Place, leaf_of: Callable[[bytes, int], bytes | None]) -> Receipt | None:
        """Return the first receipt over an event that a center signed, of what is held.

        A journal may hold those of centers whose keys are not given.
        """
        for receipt in map(self._opened, self._receipts.get(place, ())):
            for one in receipt.ranges if receipt is not None else ():
                if one.epoch != place.epoch or not one.first <= place.seq <= one.last:
                    continue
                leaves = (leaf_of(one.epoch, seq) or b"" for seq in range(one.first, one.last + 1))
                if range_digest(leaves) == one.digest:
                    return receipt
        return None

    def _opened(self, data: bytes) -> Receipt | None:
        for key in self._keys:
            with suppress(Malformed, BadSignature):
                return open_receipt(data, key)
        return None


def _journal_body(record: Record) -> JournalBody | None:
    if record.kind is not RecordKind.ENVELOPE:
        return None
    try:
        _, event = peek(record.data)
        return JournalBody.from_body(event.body) if event.type == EventType.JOURNAL else None
    except Malformed:
        return None


class JournalAudit:
    """The second reading; `heads` are the genesis envelopes in the heads of segments, by epoch.

    `stampers` are the authorities whose timestamps count, as for `AnchorCheck`; `seconds` has had
    its first reading.
    """

    def __init__(
        self,
        gateway: str,
        identity: Callable[[bytes], PublicKey | None],
        removals: Removals,
        heads: Mapping[bytes, bytes],
        stampers: Sequence[Certificate] = (),
        seconds: SecondCheck | None = None,
    ) -> None:
        self.verifier = EpochVerifier(gateway, identity)
        self.receipts = BindingCheck()
        self.anchors = AnchorCheck(self.verifier.leaf, stampers)
        self.seconds = seconds or SecondCheck()
        self._removed = removals.by_epoch
        self._heads = heads
        self._epoch: bytes | None = None  # of the run that is read
        self._explained: tuple[bytes, int] | None = None  # a gap that is none, of unknown tree

    def feed(self, record: Record) -> list[Problem]:
        """Take the next record; return what is wrong with it."""
        if record.kind is RecordKind.RECEIPT and self._epoch is not None:
            self.receipts.record(self._epoch, record)
        if record.kind is not RecordKind.ENVELOPE:
            return []
        try:
            _, event = peek(record.data)
        except Malformed:
            return self.verifier.feed(record.data)
        problems: list[Problem] = []
        if event.epoch != self._epoch:
            problems += self._enter(event, is_oldest=self._epoch is None)
            self._epoch = event.epoch
        found = self.verifier.feed(record.data)
        if self._explained is not None:
            place, self._explained = self._explained, None
            found = [p for p in found if p.what is not What.GAP or (p.epoch, p.last) != place]
        if not found and event.type == EventType.JOURNAL:
            self._bind(event)
        if not found and event.type == EventType.ANCHOR:
            found = self.anchors.take(event)
        if not found:
            found = self._second(event)
        return problems + found

    def finish(self) -> list[Problem]:
        """Return what is wrong between the epochs, and with the receipts."""
        return [
            *self.verifier.lineage(),
            *map(_problem, self.receipts.finish(self._removed)),
            *self.seconds.finish(),
        ]

    def _enter(self, event: Event, *, is_oldest: bool) -> Iterable[Problem]:
        """An epoch begins here, or what is left of it."""
        if event.seq == 0:
            return self._predecessor(event) if is_oldest else []
        head = self._heads.get(event.epoch)
        if head is None:
            return []
        removed, last = self._removed.get(event.epoch, {}), event.seq - 1
        if is_oldest and last in removed:
            if tree := _tree(removed[last], last):
                return self.verifier.resume(head, tree)
            self._explained = (event.epoch, last)
        return self.verifier.feed(head)  # what is missing behind it is named

    def _predecessor(self, genesis: Event) -> list[Problem]:
        try:
            body = GenesisBody.from_body(genesis.body)
        except Malformed:
            return []  # the verifier says so
        before, size = body.previous_epoch, body.previous_size
        if before is None or not size:
            return []
        if any(last >= size - 1 for last in self._removed.get(before, {})):
            return []
        detail = f"the epoch before, {before.hex()}, is gone and its removal is not recorded"
        return [Problem(What.GAP, before, 0, detail, size - 1)]

    def _second(self, event: Event) -> list[Problem]:
        self.seconds.see(event.epoch, event.seq, event.root)
        if event.type != EventType.SECOND_SIGNATURE:
            return []
        return self.seconds.take(event, self.verifier.second_key(event.epoch))

    def _bind(self, event: Event) -> None:
        try:
            body = JournalBody.from_body(event.body)
        except Malformed:
            return
        if body.what is not JournalChange.RECEIPTS or body.digest is None:
            return
        if body.first is not None and body.last is not None and body.first <= body.last:
            self.receipts.claim(event.epoch, Bound(body.first, body.last, body.digest))


def _tree(data: bytes | None, last: int) -> Peaks | None:
    """Return the tree over everything up to `last`, None where it does not fit."""
    if data is None:
        return None
    try:
        tree = Peaks.from_bytes(data)
    except Malformed:
        return None
    return tree if tree.size == last + 1 else None


def _problem(mismatch: Mismatch) -> Problem:
    return Problem(What.RECEIPTS, mismatch.epoch, None, str(mismatch))
