"""Planted bugs of the center: what its receipt says."""

from dataclasses import replace
from os import urandom
from typing import Any

from edge_agent.center import examine, salvage, verify
from edge_agent.center.receipting import Place
from edge_agent.center.receiver import Receiver
from edge_agent.center.rows import Rows
from edge_agent.center.salvage import _Readable
from edge_agent.center.store import Store
from edge_agent.evidence.envelope import peek
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


def signature_unchecked(patch: Patch) -> None:
    """The center stores what nobody signed."""
    patch.setattr(examine, "verify", lambda message, event, key: None)


def held_is_receipted(patch: Patch) -> None:
    """An event whose genesis has not come is receipted, and memory of it is bounded."""
    real = Store._write

    def write(self: Any, judged: Any, now_ms: int) -> Any:
        taken = real(self, judged, now_ms)
        for one in judged:
            if isinstance(one.finding, examine.Unknown):
                _, event = peek(one.finding.envelope)
                place = Place(event.epoch, event.seq, one.finding.leaf)
                rows = Rows(self._connection, taken.counts, now_ms)
                self._receipt(rows, taken, one.gateway, [place], keep=False)
        return taken

    patch.setattr(Store, "_write", write)


def broker_may_forget_first(patch: Patch) -> None:
    """The broker is told that its message is done with before anything is stored."""
    real = Receiver._work

    def work(self: Any, connection: Any) -> None:
        for message in self._batch():
            connection.acknowledge(message)
        real(self, connection)

    patch.setattr(Receiver, "_work", work)


def double_is_stored(patch: Patch) -> None:
    """What came before is stored as something new."""
    real = Rows.add

    def add(self: Any, gateway: str, genuine: Any, *, live: bool) -> bool:
        if real(self, gateway, genuine, live=live):
            return True
        again = replace(genuine, leaf=urandom(32))
        return real(self, gateway, again, live=live)

    patch.setattr(Rows, "add", add)


def receipts_not_held_to(patch: Patch) -> None:
    """The center's verifier does not look whether it still holds what it receipted."""
    patch.setattr(verify, "_holds", lambda connection, gateway, given: True)


def unvouched_unmarked(patch: Patch) -> None:
    """An epoch that vouches for itself looks like any other."""
    real = examine._examine_genesis

    def judge(*given: Any) -> examine.Finding:
        found = real(*given)
        return replace(found, vouched=True) if isinstance(found, examine.Genuine) else found

    patch.setattr(examine, "_examine_genesis", judge)


def junk_raises(patch: Patch) -> None:
    """Bytes that are no envelope end whoever reads them."""
    patch.setattr(examine, "Malformed", ZeroDivisionError)  # the verdict is caught no more


def damage_taken_for_a_full_disk(patch: Patch) -> None:
    """A damaged database is waited for, as if somebody would make room."""
    patch.setattr(salvage, "is_damage", lambda error: False)


def salvage_ends_at_damage(patch: Patch) -> None:
    """What stands behind the first page that cannot be read is given up."""
    patch.setattr(_Readable, "_beyond", lambda self, after: None)
