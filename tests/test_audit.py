"""The audit of a journal that the real recorder wrote: receipts, removals, forgeries of both."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.audit import JournalAudit, Removals
from edge_agent.evidence.verify import Problem, What
from edge_agent.housekeeping import Housekeeping
from edge_agent.journal import Record, RecordKind, heads, read
from edge_agent.journal.format import encode_record
from tests.test_recorder import BURGLARY, CLOCK, IDENTITY, Rig, until, with_rig


def audited(folder: Path) -> tuple[list[Problem], JournalAudit]:
    removals = Removals()
    for stored in read(folder):
        removals.take(stored.record)
    identity = {IDENTITY.public.kid: IDENTITY.public}.get
    audit = JournalAudit("gw1", identity, removals, heads(folder))
    problems = [one for stored in read(folder) for one in audit.feed(stored.record)]
    return problems + audit.finish(), audit


def receipted(folder: Path) -> None:
    """A run in which three receipts are recorded and bound, and one more is not."""

    async def scenario(rig: Rig) -> None:
        house = Housekeeping(rig.journal, rig.recorder, CLOCK, None)
        for seq in range(1, 5):
            await rig.recorder.record("p1", (BURGLARY,), CLOCK.stamp())
            if seq == 4:
                house.bind_receipts()
            rig.recorder.receipted("center", rig.begun.epoch, [seq], b"receipt %d" % seq)
        await until(lambda: len(rig.published) > 5)

    with_rig(folder, scenario)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    receipted(tmp_path)
    return tmp_path


def receipts(folder: Path) -> list[Record]:
    return [s.record for s in read(folder) if s.record.kind is RecordKind.RECEIPT]


def forge(folder: Path, old: Record, change: Callable[[Record], Record]) -> None:
    """Put another record in the place of one, with a good checksum."""
    (segment,) = folder.glob("*1.seg")
    data, before = segment.read_bytes(), encode_record(old)
    after = encode_record(change(old))
    assert data.count(before) == 1
    assert len(after) == len(before)
    segment.write_bytes(data.replace(before, after))


def test_receipts_that_were_bound_agree(journal: Path) -> None:
    problems, audit = audited(journal)
    assert problems == []
    assert [record.seq for record in receipts(journal)] == [0, 1, 2, 3]
    assert audit.receipts.bound == 3
    assert audit.verifier.verified == 6


def test_a_forged_receipt_is_named(journal: Path) -> None:
    """Seen to fail with receipts left out of the audit: the checksums are good."""
    forge(journal, receipts(journal)[1], lambda old: replace(old, data=old.data[:-1] + b"9"))
    ((problem,), _) = audited(journal)
    assert problem.what is What.RECEIPTS
    assert "not those" in problem.detail


def test_a_removed_receipt_is_named(journal: Path) -> None:
    forge(journal, receipts(journal)[1], lambda old: replace(old, kind=RecordKind.CENTER))
    ((problem,), _) = audited(journal)
    assert problem.what is What.RECEIPTS
    assert problem.detail == "receipts of this run are missing: 1"


def test_what_came_after_the_last_digest_is_bound_by_nothing(journal: Path) -> None:
    forge(journal, receipts(journal)[3], lambda old: replace(old, kind=RecordKind.CENTER))
    assert audited(journal)[0] == []
