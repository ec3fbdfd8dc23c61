"""Planted bugs of the journal: what a promise of durability rests on."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, cast

from edge_agent.daemon import epoch
from edge_agent.journal import chain, receipts, recovery, repairs, scan, sealing, space, spares
from edge_agent.journal.format import LANES
from edge_agent.journal.held import Held, Load
from edge_agent.journal.index import Index, Segment
from edge_agent.journal.scribe import Scribe
from edge_agent.journal.writer import Writer
from tests.mutants.mutant import Patch


class _Unsynced:
    def __init__(self, file: Any) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def sync(self) -> None:
        pass


def fsync_left_out(patch: Patch) -> None:
    """A commit is called durable when it is written."""
    real = Writer._write

    def write(self: Any, active: Any, *rest: Any) -> Any:
        active.file = _Unsynced(active.file)
        return real(self, active, *rest)

    patch.setattr(Writer, "_write", write)


def unflushed_copy_trusted(patch: Patch) -> None:
    """A start that could not flush what it read acknowledges a copy of it at once."""
    real = recovery.recover
    patch.setattr(epoch, "recover", lambda *given: replace(real(*given), refused=None))


def refused_commit_forgotten(patch: Patch) -> None:
    """What the card refused is not kept for the next try."""

    def failed(self: Held, load: Load) -> None:
        self.written(load)

    patch.setattr(Held, "failed", failed)


def sealed_unflushed(patch: Patch) -> None:
    """The compact copy takes a segment's place before it is flushed."""
    real = sealing._replace

    class Disk:
        def __init__(self, disk: Any) -> None:
            self._disk = disk

        def __getattr__(self, name: str) -> Any:
            return getattr(self._disk, name)

        def create(self, name: str) -> Any:
            return _Unsynced(self._disk.create(name))

    patch.setattr(sealing, "_replace", lambda disk, *rest: real(cast("Any", Disk(disk)), *rest))


def sealed_while_written(patch: Patch) -> None:
    """The segment that commits still go to is sealed like any other."""

    def sealable(self: Scribe) -> list[Segment]:
        return [segment for segment in self._index.segments if not segment.sealed]

    patch.setattr(Scribe, "sealable", sealable)


class _Nameless:
    """A disk whose folder is never flushed."""

    def __init__(self, disk: Any) -> None:
        self._disk = disk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._disk, name)

    def sync(self) -> None:
        pass


def name_not_flushed(patch: Patch) -> None:
    """A new segment is used before its name is durable."""
    real = spares.Spares._write

    def write(self: Any, number: int) -> None:
        disk, self._disk = self._disk, _Nameless(self._disk)
        try:
            real(self, number)
        finally:
            self._disk = disk

    patch.setattr(spares.Spares, "_write", write)


def found_and_not_flushed(patch: Patch) -> None:
    """A start builds on what a killed process had written and nobody flushed."""
    patch.setattr(repairs.Repairs, "_flush", lambda self, name: None)


def damaged_file_cut(patch: Patch) -> None:
    """A start cuts a damaged segment as if it were torn, and keeps no copy."""
    real = repairs.Repairs._repair

    def repair(self: Any, file: Any, segment: Any, *, last: bool) -> None:
        known, file.damages = file.damages, []
        real(self, file, segment, last=last)
        file.damages = known

    patch.setattr(repairs.Repairs, "_repair", repair)


def nothing_salvaged(patch: Patch) -> None:
    """What is whole within a damaged commit is given up with it."""
    patch.setattr(scan, "_salvage", lambda *given: iter(()))


def gap_not_named(patch: Patch) -> None:
    """A start says nothing of events that are missing."""
    real = chain.Chain._settle

    def settle(self: Any, *given: Any) -> Iterator[Any]:
        return (one for one in real(self, *given) if not isinstance(one, chain.Damage))

    patch.setattr(chain.Chain, "_settle", settle)


def memory_without_bound(patch: Patch) -> None:
    """While the card refuses, everything is held in memory, however much."""

    def admit(self: Held, lane: int) -> None:
        self.waiting += 1

    patch.setattr(Held, "admit", admit)


def unreceipted_let_go(patch: Patch) -> None:
    """When memory is short, the oldest is let go, receipted or not."""

    def settled(self: Held, slots: Iterable[int]) -> set[int]:
        return {record.seq for group in self.groups for record in group.records}

    patch.setattr(Held, "_settled", settled)


def one_center_for_all(patch: Patch) -> None:
    """What one center receipted is taken for receipted by every center."""
    real = Scribe.release

    def release(self: Any, center: str, epoch: bytes, seqs: Iterable[int], receipt: bytes) -> None:
        held = list(seqs)
        for name in self._slots:
            real(self, name, epoch, held, receipt)

    patch.setattr(Scribe, "release", release)


def panel_reports_left_out(patch: Patch) -> None:
    """When space runs short, what panels report is left out as well."""
    patch.setattr(space, "_lane_max", lambda room: 1 if room.level >= 95 else 6)


def space_unsaid(patch: Patch) -> None:
    """The journal's space runs short and nobody is told."""
    patch.setattr(space, "_level", lambda room: 0)


def receipts_not_compared(patch: Patch) -> None:
    """The signed digest of the receipts is there, and verify does not compare it."""
    patch.setattr(receipts.BindingCheck, "claim", lambda self, epoch, bound: None)


def new_center_sees_old(patch: Patch) -> None:
    """A new center is sent what was recorded before it was there."""
    real = Index.owe
    patch.setattr(Index, "owe", lambda self, slot, start: real(self, slot, 0))


def optional_is_required(patch: Patch) -> None:
    """An optional center that is away keeps everything for ever."""
    patch.setattr(Index, "require", _require_all)


def _require_all(self: Any, slots: Iterable[int]) -> None:
    del slots
    self.required = tuple(self._owed)
    self._awaited = [0] * LANES
    for segment in self.segments:
        for lane, count in enumerate(segment.count(segment.awaited(self.required))):
            self._awaited[lane] += count
