"""The recorder with several centers, and what must be durable before it is done."""

from pathlib import Path

from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import JournalBody, JournalChange
from edge_agent.evidence.receipt import RANGES_MAX, Range, Receipt, sign_receipt
from edge_agent.journal import RecordKind, read
from tests.daemon.test_recorder import BURGLARY, IDENTITY, Rig, until, with_rig


def test_of_two_centers_one_keeps_the_promise_and_the_other_is_sent_to_all_the_same(
    tmp_path: Path,
) -> None:
    """Seen to fail when the first receipt ended the wait for the commit."""

    async def scenario(rig: Rig) -> None:
        rig.refusing = True
        promise = rig.record("p1", BURGLARY, BURGLARY)
        await until(lambda: {1, 2} <= {record.seq for record in rig.published})
        rig.recorder.receipted("one", rig.begun.epoch, [1, 2], b"receipt")
        await promise
        rig.recorder.receipted("two", rig.begun.epoch, [2], b"receipt")
        rig.refusing = False
        await until(lambda: rig.journal.progress().refused is None)
        await until(lambda: bool(rig.spared))
        assert rig.spared == [(1, {"one"})]
        assert [record.seq for record in rig.published].count(2) == 1
        assert rig.journal.progress().owed["one"][Lane.INTRUSION] == 0
        assert rig.journal.progress().owed["two"][Lane.INTRUSION] == 1

    with_rig(tmp_path, scenario, centers=("one", "two"))


def test_a_vow_is_kept_when_it_is_durable(tmp_path: Path) -> None:
    """Retention removes nothing before: seen to fail with a future that is done at once."""

    async def scenario(rig: Rig) -> None:
        await rig.recorder.vow(JournalBody(JournalChange.REMOVED, "one"))
        rig.refusing = True
        vow = rig.recorder.vow(JournalBody(JournalChange.REMOVED, "two"))
        await until(lambda: rig.recorder.refusal is not None)
        assert not vow.done()
        rig.refusing = False
        await vow

    with_rig(tmp_path, scenario)


def test_the_largest_receipt_that_a_center_may_send_is_kept(tmp_path: Path) -> None:
    widest = Range(b"epoch--2", 2**63 - 1, 2**63 - 1, bytes(32))
    receipt = Receipt("g" * 64, "c" * 64, 2**63 - 1, (widest,) * RANGES_MAX)
    signed = sign_receipt(receipt, IDENTITY)

    async def scenario(rig: Rig) -> None:
        await rig.record("p1", BURGLARY)
        rig.recorder.receipted("center", rig.begun.epoch, [1], signed)

    with_rig(tmp_path, scenario)
    kept = [one.record for one in read(tmp_path) if one.record.kind is RecordKind.RECEIPT]
    assert signed in kept[0].data
