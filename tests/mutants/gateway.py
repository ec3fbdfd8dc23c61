"""Planted bugs of recorder, epoch and uplink: who may say that an event is done with."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from edge_agent import agent, epoch, source
from edge_agent.evidence import cose, receipt
from edge_agent.recorder import Pending, Recorder
from edge_agent.uplink.messages import Publish
from edge_agent.uplink.uplink import Portion, Uplink
from tests.mutants.mutant import Patch


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
    real = source.JournalSource.release

    def release(self: Any, epoch: bytes, seqs: tuple[int, ...], receipt: bytes) -> None:
        real(self, epoch, tuple(range(max(seqs) + 1)), receipt)

    patch.setattr(source.JournalSource, "release", release)


def cursor_moved_early(patch: Patch) -> None:
    """A read of the backlog goes on behind one event more than it returned."""
    real = source.JournalSource.fetch

    async def short(self: Any, *where: Any) -> Portion:
        portion = await real(self, *where)
        return replace(portion, events=portion.events[:-1])

    patch.setattr(source.JournalSource, "fetch", short)


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
