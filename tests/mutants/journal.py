"""Planted bugs of the journal: what a promise of durability rests on."""

from dataclasses import replace
from typing import Any, cast

from edge_agent import agent
from edge_agent.journal import recovery, sealing
from edge_agent.journal.held import Held, Load
from edge_agent.journal.index import Segment
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
    patch.setattr(agent, "recover", lambda *given: replace(real(*given), refused=None))


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
