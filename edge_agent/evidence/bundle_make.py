"""Makes an evidence bundle out of what a journal or a center's store holds (pure).

`make` chooses the heads and writes the items; whoever calls it records the export, signs the seal
over the digest, and writes the file, in this order.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from edge_agent.evidence.anchor import AnchorBody
from edge_agent.evidence.bundle import (
    BUNDLE_BYTES_MAX,
    COSIGNED_MAX,
    MAGIC,
    RUN_EVENTS_MAX,
    CosignedHead,
    EpochItem,
    Item,
    Kind,
    Run,
    Scope,
    StampedHead,
    frame,
)
from edge_agent.evidence.cose import parse
from edge_agent.evidence.cosignature import Cosignature
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.second_signature import SecondSignature
from edge_agent.evidence.tree import Peaks, leaf_hash

Range = tuple[int, int]


class TooLarge(Exception):  # noqa: N818  reads as what it says
    """More was asked for than one file may hold."""


@dataclass(frozen=True, slots=True)
class Covered:
    """A receipt over an event, and the leaf hashes of the range in it that holds the event."""

    receipt: bytes
    leaves: bytes


class Proofs(Protocol):
    """The tree of one epoch.  Each method raises LookupError where it lacks what it needs."""

    def peaks(self, size: int) -> Peaks:
        """Return the running tree over the first `size` events."""

    def inclusion(self, seq: int, size: int) -> Sequence[bytes]:
        """Return the audit path of an event in the tree of the first `size`."""

    def consistency(self, old_size: int, size: int) -> Sequence[bytes]:
        """Return the proof that one tree is a prefix of another."""


class Holding(Protocol):
    """What somebody holds of one gateway."""

    @property
    def gateway(self) -> str:
        """Whose events."""

    def genesis(self, epoch: bytes) -> bytes | None:
        """Return the genesis of an epoch, None where it is not held."""

    def newest(self, epoch: bytes) -> bytes | None:
        """Return the newest event of an epoch."""

    def newest_receipted(self, epoch: bytes) -> bytes | None:
        """Return the newest event of an epoch that a receipt covers."""

    def covered(self, event: bytes) -> Covered | None:
        """Return a receipt over an event, None where none is held."""

    def anchors(self, epoch: bytes) -> Sequence[AnchorBody]:
        """Return the timestamps of events of an epoch."""

    def cosignatures(self, epoch: bytes) -> Sequence[bytes]:
        """Return what others have signed of an epoch beside its gateway."""

    def second_signatures(self, epoch: bytes) -> Sequence[bytes]:
        """Return the gateway's second signatures over an epoch, such as can be read."""

    def events(self, epoch: bytes, ranges: Sequence[Range]) -> Iterator[tuple[int, list[bytes]]]:
        """Yield the events of `ranges` in order: number, and envelope with its twins behind it."""

    def proofs(self, epoch: bytes) -> Proofs:
        """Return the tree of an epoch."""


@dataclass(slots=True)
class Made:
    """The items of a bundle but for its seal; `digest` is over all of them."""

    frames: list[bytes] = field(default_factory=lambda: [MAGIC])
    events: int = 0
    size: int = len(MAGIC)
    _digest: "hashlib._Hash" = field(default_factory=lambda: hashlib.sha256(MAGIC))

    @property
    def digest(self) -> bytes:
        """SHA-256 over all items so far."""
        return self._digest.digest()

    def add(self, data: bytes) -> None:
        """Put an item behind the others.  Raises TooLarge."""
        self.size += len(data)
        if self.size > BUNDLE_BYTES_MAX - RESERVED_BYTES:
            raise TooLarge(f"more than {BUNDLE_BYTES_MAX >> 20} MiB: ask for a shorter span")
        self._digest.update(data)
        self.frames.append(data)

    def sealed(self, seal: bytes) -> bytes:
        """Return the whole file."""
        return b"".join([*self.frames, frame([int(Item.SEAL), seal])])


RESERVED_BYTES = 1 << 16
"""For the seal behind all else."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What goes in: `ranges` of numbers by epoch, in the order of the epochs.

    `heads` are events that shall be the heads of their epochs, `earlier` heads that an inspector
    had before; `also` names an epoch whose key signs the seal.
    """

    scope: Scope
    ranges: Mapping[bytes, Sequence[Range]]
    heads: Mapping[bytes, bytes] = field(default_factory=dict)
    earlier: Mapping[bytes, bytes] = field(default_factory=dict)
    also: bytes | None = None


def make(holding: Holding, certificates: Iterable[bytes], wanted: Wanted) -> Made:
    """Return the bundle, not yet sealed.  Raises TooLarge, LookupError for an unknown epoch."""
    made = Made()
    made.add(frame(wanted.scope.to_item()))
    for certificate in dict.fromkeys(certificates):
        made.add(frame([int(Item.CERTIFICATE), certificate]))
    epochs = dict.fromkeys([*wanted.ranges, *([wanted.also] if wanted.also else [])])
    for epoch in epochs:
        _add_epoch(made, holding, wanted, epoch)
    return made


def head_of(holding: Holding, epoch: bytes, last: int) -> bytes:
    """Return the best head over events up to `last`: the newest receipted, else the newest event.

    Raises LookupError where nothing of the epoch is held.
    """
    receipted = holding.newest_receipted(epoch)
    if receipted is not None and seq_of(receipted) >= last and holding.covered(receipted):
        return receipted
    newest = holding.newest(epoch)
    if newest is None:
        raise LookupError(f"nothing of epoch {epoch.hex()} is held")
    return newest


def seq_of(event: bytes) -> int:
    """Return an event's number."""
    return peek(event)[1].seq


def _add_epoch(made: Made, holding: Holding, wanted: Wanted, epoch: bytes) -> None:
    ranges = list(wanted.ranges.get(epoch, ()))
    genesis = holding.genesis(epoch)
    if genesis is None:
        raise LookupError(f"the genesis of epoch {epoch.hex()} is not held")
    head = wanted.heads.get(epoch) or head_of(holding, epoch, ranges[-1][1] if ranges else 0)
    size, proofs, covered = seq_of(head), holding.proofs(epoch), holding.covered(head)
    earlier, consistency = wanted.earlier.get(epoch), tuple[bytes, ...]()
    if earlier is not None:
        consistency = tuple(proofs.consistency(seq_of(earlier), size))
    last = ranges[-1][1] + 1 if ranges else size
    item = EpochItem(
        epoch=epoch,
        genesis=genesis,
        head=head,
        receipt=covered.receipt if covered else None,
        leaves=covered.leaves if covered else b"",
        earlier=earlier,
        consistency=consistency,
        stamped=_stamped(holding, epoch, last, size),
        cosigned=tuple(_cosigned(holding, epoch, size)),
        second=_second(holding, epoch, last, size),
    )
    made.add(frame(item.to_item()))
    if ranges:
        _add_events(made, holding, _Section(epoch, size, proofs, wanted.scope.kind), ranges)


def _stamped(holding: Holding, epoch: bytes, wanted: int, size: int) -> StampedHead | None:
    """Return the timestamped head that proves most: the first one over all `wanted` events.

    Where there is none yet, the last one, which is over a part of them.
    """
    known = {one.place.seq: one for one in holding.anchors(epoch) if 0 < one.place.seq <= size}
    for seq in _best_first(known, wanted):
        events = next((found for _, found in holding.events(epoch, [(seq, seq)])), [])
        event = next((one for one in events if leaf_hash(one) == known[seq].leaf), None)
        if event is not None:
            with suppress(LookupError, ValueError):
                proof = tuple(holding.proofs(epoch).consistency(seq, size))
                return StampedHead(event, known[seq].token, proof)
    return None


def _cosigned(holding: Holding, epoch: bytes, size: int) -> Iterator[CosignedHead]:
    """Yield the cosignatures that the head over `size` can be shown to continue."""
    for data in holding.cosignatures(epoch)[:COSIGNED_MAX]:
        over = Cosignature.read(parse(data)).size
        with suppress(LookupError, ValueError):
            yield CosignedHead(data, tuple(holding.proofs(epoch).consistency(over, size)))


def _second(holding: Holding, epoch: bytes, wanted: int, size: int) -> CosignedHead | None:
    """Return the second signature that proves most, as of timestamps."""
    known = {
        told.size: data
        for data in holding.second_signatures(epoch)
        if (told := SecondSignature.read(data).head).epoch == epoch and told.size <= size
    }
    for over in _best_first(known, wanted):
        with suppress(LookupError, ValueError):
            return CosignedHead(known[over], tuple(holding.proofs(epoch).consistency(over, size)))
    return None


def _best_first(sizes: Iterable[int], wanted: int) -> list[int]:
    """Order the sizes of heads: the first one over all `wanted` events, and the nearest others."""
    return sorted(sizes, key=lambda one: (one < wanted, abs(one - wanted)))


@dataclass(frozen=True, slots=True)
class _Section:
    """One epoch in the making: its tree, and over how many events the head is."""

    epoch: bytes
    size: int
    proofs: Proofs
    kind: Kind


def _add_events(made: Made, holding: Holding, section: _Section, ranges: Sequence[Range]) -> None:
    """Put runs of a span, or single events so that none shows its neighbours' tree."""
    length_max = RUN_EVENTS_MAX if section.kind is Kind.SPAN else 1
    waiting: list[list[bytes]] = []
    first = 0
    for seq, envelopes in holding.events(section.epoch, ranges):
        if waiting and (seq != first + len(waiting) or len(waiting) == length_max):
            _add_run(made, section, first, waiting)
            waiting = []
        first = seq if not waiting else first
        waiting.append(envelopes)
    if waiting:
        _add_run(made, section, first, waiting)


def _add_run(made: Made, section: _Section, first: int, events: list[list[bytes]]) -> None:
    made.events += len(events)
    last, envelopes = first + len(events) - 1, tuple(one[0] for one in events)
    twins = tuple(twin for one in events for twin in one[1:])
    path = peaks = None
    with suppress(LookupError, ValueError):  # the verifier says that it is unproven
        path = tuple(section.proofs.inclusion(last, section.size)) if last < section.size else None
    with suppress(LookupError, ValueError):
        peaks = section.proofs.peaks(first).to_bytes() if section.kind is Kind.SPAN else None
    if peaks is not None or len(events) == 1:
        made.add(frame(Run(first, envelopes, peaks, path, twins).to_item()))
        return
    for seq, one in enumerate(events, first):  # what is before them was lost
        proof = path if seq == last else None
        made.add(frame(Run(seq, (one[0],), None, proof, tuple(one[1:])).to_item()))
