"""Planted bugs of the journal: what a promise of durability rests on."""

from dataclasses import replace
from typing import Any

from edge_agent import agent
from edge_agent.journal import recovery
from edge_agent.journal.held import Held, Load
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
