"""Planted bugs of the center: what its receipt says."""

from typing import Any

from edge_agent.center.store import Store
from tests.mutants.mutant import Patch


def receipt_before_commit(patch: Patch) -> None:
    """The center answers while its transaction is open, and commits with the next."""

    def take(self: Any, arrivals: Any, now_ms: int) -> Any:
        judged = [one for arrival in arrivals for one in self._judge(arrival, {})]
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")
        self._connection.execute("BEGIN IMMEDIATE")
        return self._write(judged, now_ms)

    patch.setattr(Store, "take", take)
