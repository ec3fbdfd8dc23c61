"""Binds the receipts that were recorded: the journal's side and the verifier's.

Receipts are records without a place in the tree of events, so whoever can write the disk could
remove or change them unseen.  Each run numbers those that it records, from 0 on, and from time to
time signs a digest over the numbers since the last one, in an event.

The digest is SHA-256 over the SHA-256 of each record, framed as it stands in an active segment.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from edge_agent.journal.format import Range, Record, encode_record
from edge_agent.journal.ranges import from_seqs


@dataclass(frozen=True, slots=True)
class Bound:
    """The receipts `first`..`last` of a run have this digest, of 32 bytes."""

    first: int
    last: int
    digest: bytes


def leaf(record: Record) -> bytes:
    """Return what a RECEIPT record contributes to the digest."""
    return hashlib.sha256(encode_record(record)).digest()


class Binding:
    """Follows what the running journal records; the caller holds the journal's lock."""

    def __init__(self) -> None:
        self._first = 0
        self._next = 0
        self._digest = hashlib.sha256()

    def add(self, records: Iterable[Record]) -> None:
        """These became durable, in this order."""
        for record in records:
            assert record.seq == self._next, "receipts are numbered without gaps"
            self._digest.update(leaf(record))
            self._next += 1

    def bind(self) -> Bound | None:
        """Return the digest over what was added since the last call, None where nothing was."""
        if self._next == self._first:
            return None
        bound = Bound(self._first, self._next - 1, self._digest.digest())
        self._first, self._digest = self._next, hashlib.sha256()
        return bound


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What the run `epoch` signed of its receipts `first`..`last` is not so.

    `missing` names those that are not there; none: all are, and some of them were changed.
    """

    epoch: bytes
    first: int
    last: int
    missing: tuple[Range, ...] = ()

    def __str__(self) -> str:
        if not self.missing:
            return f"receipts {self.first} to {self.last} of this run are not those it recorded"
        numbers = ", ".join(f"{a} to {b}" if a < b else str(a) for a, b in self.missing)
        return f"receipts of this run are missing: {numbers}"


@dataclass(slots=True)
class _Run:
    """Receipts of one run that no digest was compared with yet."""

    leaves: dict[int, bytes] = field(default_factory=dict)
    lowest: int | None = None


class BindingCheck:
    """Compares signed digests with the records: feed both in the order of the journal.

    Memory is 32 bytes for each receipt until its digest comes.
    """

    def __init__(self) -> None:
        self._runs: dict[bytes, _Run] = {}
        self._found: list[Mismatch] = []
        self.bound = 0

    def record(self, epoch: bytes, record: Record) -> None:
        """Take a RECEIPT record that the run `epoch` recorded."""
        run = self._runs.setdefault(epoch, _Run())
        run.leaves[record.seq] = leaf(record)  # the later one: before it stands a refused write
        if run.lowest is None or record.seq < run.lowest:
            run.lowest = record.seq

    def claim(self, epoch: bytes, bound: Bound) -> None:
        """Take what the run `epoch` signed."""
        run = self._runs.setdefault(epoch, _Run())
        expected = bound.last - bound.first + 1
        held = sorted(number for number in run.leaves if number <= bound.last)
        leaves = [run.leaves.pop(number) for number in held]
        there = [number for number in held if number >= bound.first]
        if len(there) < expected:
            missing = _absent(there, bound)
            self._found.append(Mismatch(epoch, bound.first, bound.last, missing))
            return
        digest = hashlib.sha256(b"".join(leaves[len(held) - len(there) :])).digest()
        if digest != bound.digest:
            self._found.append(Mismatch(epoch, bound.first, bound.last))
        else:
            self.bound += expected

    def finish(self, removed: Iterable[bytes] = ()) -> list[Mismatch]:
        """Return what does not agree; of the epochs in `removed` the first receipts may be gone."""
        gone = set(removed)
        return [one for one in self._found if not (one.epoch in gone and self._is_head(one))]

    def _is_head(self, one: Mismatch) -> bool:
        """Whether all that is missing stood before the first receipt that is there."""
        lowest = self._runs[one.epoch].lowest
        return bool(one.missing) and (lowest is None or one.missing[-1][1] < lowest)


def _absent(there: list[int], bound: Bound) -> tuple[Range, ...]:
    """Return the numbers of a bound range that are not there, without walking it."""
    absent: list[Range] = []
    at = bound.first
    for first, last in from_seqs(there):
        if at < first:
            absent.append((at, first - 1))
        at = last + 1
    if at <= bound.last:
        absent.append((at, bound.last))
    return tuple(absent)
