"""One gateway's journal without threads: drafts are (lane, text), envelopes tell what they are."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

from edge_agent.journal import Record, RecordKind, Recovery, Terms, recover
from edge_agent.journal.disk import Disk
from edge_agent.journal.fetch import Position
from edge_agent.journal.scribe import Scribe

SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class Draft:
    text: bytes = b""
    lane: int = 2


class PlainSealer:
    """Numbers drafts and "signs" them by saying who and what they are."""

    def __init__(self, epoch: bytes) -> None:
        self.epoch = epoch
        self.count = 0

    def seal(self, draft: object) -> Record:
        assert isinstance(draft, Draft)
        data = envelope(self.epoch, self.count, draft.text)
        self.count += 1
        return Record(RecordKind.ENVELOPE, draft.lane, self.epoch, self.count - 1, data)

    def head(self) -> bytes:
        return b"genesis of " + self.epoch

    def note(self) -> bytes:
        return b"peaks %d of " % self.count + self.epoch


def envelope(epoch: bytes, seq: int, text: bytes) -> bytes:
    return epoch + b" %d " % seq + text


@dataclass
class Log:
    """A listener that remembers."""

    signed: list[Record] = field(default_factory=list)
    durable: list[Record] = field(default_factory=list)
    disk: list[str] = field(default_factory=list)

    def sealed(self, pairs: list[tuple[object, Record]]) -> None:
        self.signed += [record for _, record in pairs]

    def committed(self, records: list[Record]) -> None:
        self.durable += records

    def refused(self, reason: str) -> None:
        self.disk.append(reason)

    def accepted(self) -> None:
        self.disk.append("accepted")


class World:
    """One run of an agent on a disk: `now_ns` moves only when told."""

    def __init__(
        self,
        disk: Disk,
        epoch: bytes = b"epoch001",
        visit: Callable[[Record], None] | None = None,
        centers: Sequence[str] = ("center",),
        optional: Sequence[str] = (),
        spares: int = 1,
    ) -> None:
        self.disk = disk
        self.now_ns = 0
        self.log = Log()
        self.epoch = epoch
        self.recovery: Recovery = recover(disk, visit)
        terms = Terms(centers, optional, spares=spares)
        self.scribe = Scribe(disk, self.recovery, PlainSealer(epoch), self.log, terms)

    def submit(self, *drafts: Draft, patience_ns: int = 0) -> None:
        for draft in drafts:
            self.scribe.admit(draft.lane)
            self.scribe.take(draft, patience_ns, self.now_ns)

    def commit(self, *drafts: Draft) -> None:
        """Submit and do all that is due now."""
        self.submit(*drafts)
        self.settle()

    def settle(self) -> None:
        while (due_ns := self.scribe.deadline_ns()) is not None and due_ns <= self.now_ns:
            self.scribe.turn(self.now_ns)

    def wait(self, seconds: float) -> None:
        """Let time pass, with every deadline in it."""
        end_ns = self.now_ns + int(seconds * SECOND_NS)
        while (due_ns := self.scribe.deadline_ns()) is not None and due_ns <= end_ns:
            self.now_ns = max(self.now_ns, due_ns)
            self.scribe.turn(self.now_ns)
        self.now_ns = end_ns

    def release(
        self,
        epoch: bytes,
        seqs: Iterable[int],
        receipt: bytes = b"receipt",
        center: str = "center",
    ) -> None:
        self.scribe.release(center, epoch, seqs, receipt)
        self.scribe.note_receipt(self.now_ns)

    def fetched(
        self, lane: int = 2, bytes_max: int = 2000, center: str = "center"
    ) -> list[tuple[bytes, int]]:
        """Every event of a lane that a center is owed, fetched in steps."""
        records: list[tuple[bytes, int]] = []
        after: Position | None = None
        while True:
            batch = self.scribe.fetch(center, lane, after, bytes_max)
            records += [(record.epoch, record.seq) for record in batch.records]
            after = batch.next
            if after is None:
                return records


def numbers(records: Iterable[Record]) -> list[int]:
    return [record.seq for record in records]


def drafts(count: int, text: bytes = b"x" * 200, lane: int = 2) -> list[Draft]:
    return [Draft(text, lane) for _ in range(count)]


def text_of(random: Random) -> bytes:
    return random.randbytes(random.choice((1, 100, 300, 300, 300, 5000)))
