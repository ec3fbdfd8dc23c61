"""Planted bugs: each breaks one promise of the product, and a few seeds must find it.

A mutant is a function that changes the product through the patch that it is given.
"""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from edge_agent import agent, epoch
from edge_agent.center.store import Store
from edge_agent.evidence import cose, receipt
from edge_agent.journal import recovery
from edge_agent.journal.held import Held, Load
from edge_agent.journal.writer import Writer
from edge_agent.recorder import Pending, Recorder
from edge_agent.uplink.messages import Publish
from edge_agent.uplink.uplink import Portion, Uplink

Patch = pytest.MonkeyPatch


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


def ack_before_commit(patch: Patch) -> None:
    """The promise to the panel is settled when its event is signed."""
    real = Recorder._on_sealed

    def on_sealed(self: Recorder, pairs: Any) -> None:
        real(self, pairs)
        for pending, _ in pairs:
            assert isinstance(pending, Pending)
            if pending.ticket is not None:
                pending.ticket.settle_one()

    patch.setattr(Recorder, "_on_sealed", on_sealed)


def unflushed_copy_trusted(patch: Patch) -> None:
    """A start that could not flush what it read acknowledges a copy of it at once."""
    real = recovery.recover
    patch.setattr(agent, "recover", lambda *given: replace(real(*given), refused=None))


def receipt_unverified(patch: Patch) -> None:
    """Whoever signed a receipt is believed."""
    trusting = SimpleNamespace(
        parse=cose.parse, sign1=cose.sign1, verify=lambda *_: None, Domain=cose.Domain
    )
    patch.setattr(receipt, "cose", trusting)


def let_go_when_sent(patch: Patch) -> None:
    """What was handed to the broker is let go: what a PUBACK tempts one to."""
    real = Uplink._perform

    def perform(self: Any, action: Any, receipt: bytes) -> None:
        real(self, action, receipt)
        if isinstance(action, Publish):
            for event in action.events:
                self._source.release(event.epoch, (event.seq,), b"puback")

    patch.setattr(Uplink, "_perform", perform)


def let_go_too_much(patch: Patch) -> None:
    """A receipt is taken for all numbers up to its last."""
    real = agent.JournalSource.release

    def release(self: Any, epoch: bytes, seqs: tuple[int, ...], receipt: bytes) -> None:
        real(self, epoch, tuple(range(max(seqs) + 1)), receipt)

    patch.setattr(agent.JournalSource, "release", release)


def cursor_moved_early(patch: Patch) -> None:
    """A read of the backlog goes on behind one event more than it returned."""
    real = agent.JournalSource.fetch

    async def short(self: Any, *where: Any) -> Portion:
        portion = await real(self, *where)
        return replace(portion, events=portion.events[:-1])

    patch.setattr(agent.JournalSource, "fetch", short)


def numbers_reused(patch: Patch) -> None:
    """Starts take turns with two epoch ids."""
    real, starts = epoch.begin, [0]

    def begin(*given: Any) -> Any:
        starts[0] += 1
        name = bytes([starts[0] % 2]) * 8
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(epoch, "os", SimpleNamespace(urandom=lambda size: name))
            return real(*given)

    patch.setattr(agent, "begin", begin)


def refused_commit_forgotten(patch: Patch) -> None:
    """What the card refused is not kept for the next try."""

    def failed(self: Held, load: Load) -> None:
        self.written(load)

    patch.setattr(Held, "failed", failed)


def receipt_before_commit(patch: Patch) -> None:
    """The center answers while its transaction is open, and commits with the next."""

    def take(self: Any, arrivals: Any, now_ms: int) -> Any:
        judged = [one for arrival in arrivals for one in self._judge(arrival, {})]
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")
        self._connection.execute("BEGIN IMMEDIATE")
        return self._write(judged, now_ms)

    patch.setattr(Store, "take", take)


MUTANTS: list[Callable[[Patch], None]] = [
    fsync_left_out,
    ack_before_commit,
    receipt_unverified,
    unflushed_copy_trusted,
    let_go_when_sent,
    let_go_too_much,
    cursor_moved_early,
    numbers_reused,
    refused_commit_forgotten,
    receipt_before_commit,
]
