"""Planted bugs of the verifier: what an edit, a hole or a forgery would slip through."""

from typing import Any

from edge_agent.evidence import verify
from edge_agent.evidence.verify import EpochVerifier
from tests.mutants.mutant import Patch


def nobody_checks(patch: Patch) -> None:
    """The verifier does not look at signatures."""
    patch.setattr(verify, "verify", lambda message, event, key: None)


def root_unchecked(patch: Patch) -> None:
    """The verifier does not compare an event's root with what came before, nor sees a hole."""
    patch.setattr(EpochVerifier, "_advance", lambda self, known, event: [])


def lineage_unchecked(patch: Patch) -> None:
    """The verifier does not look at how epochs follow each other: a rolled back card is fine."""

    def lineage(self: Any) -> list[verify.Problem]:
        return []

    patch.setattr(EpochVerifier, "lineage", lineage)
