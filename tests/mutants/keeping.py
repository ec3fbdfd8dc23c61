"""Planted bugs of retention: what is removed, and what is said of it."""

from typing import Any

from edge_agent.audit import JournalAudit
from edge_agent.daemon.retirement import Retirement
from edge_agent.journal.retention import Retention, Why
from tests.mutants.mutant import Patch


def unreceipted_removed(patch: Patch) -> None:
    """What is old enough is removed, whoever still waits for it."""
    real = Retention._judge

    def judge(self: Retention, oldest: Any) -> Why:
        why = real(self, oldest)
        return Why.AGE if why is Why.UNRECEIPTED else why

    patch.setattr(Retention, "_judge", judge)


def removed_before_recorded(patch: Patch) -> None:
    """A segment goes before the record of its removal is durable."""

    async def is_recorded(self: Any, seen: Any, why: Why) -> bool:
        return True

    patch.setattr(Retirement, "_is_recorded", is_recorded)


def removal_unexplained(patch: Patch) -> None:
    """What stood before the oldest segment may be gone without a word."""
    patch.setattr(JournalAudit, "_predecessor", lambda self, genesis: [])
