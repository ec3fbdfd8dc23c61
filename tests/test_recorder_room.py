"""The recorder with several centers, and what must be durable before it is done."""

import asyncio
from pathlib import Path

import pytest

from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import JournalBody, JournalChange
from tests.test_recorder import BURGLARY, CLOCK, Refusing, Rig, until, with_rig


def test_of_two_centers_one_keeps_the_promise_and_the_other_is_sent_to_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen to fail when the first receipt ended the wait for the commit."""
    refusing = Refusing(monkeypatch)

    async def scenario(rig: Rig) -> None:
        await until(lambda: len(rig.published) == 1)
        refusing.on = True
        promise = rig.recorder.record("p1", (BURGLARY, BURGLARY), CLOCK.stamp())
        await until(lambda: {1, 2} <= {record.seq for record in rig.published})
        rig.recorder.receipted("one", rig.begun.epoch, [1, 2], b"receipt")
        await asyncio.wait_for(promise, 1)
        rig.recorder.receipted("two", rig.begun.epoch, [2], b"receipt")
        refusing.on = False
        await until(lambda: rig.journal.progress().refused is None)
        await until(lambda: bool(rig.spared))
        assert rig.spared == [(1, {"one"})]
        assert [record.seq for record in rig.published].count(2) == 1
        assert rig.journal.progress().owed["one"][Lane.INTRUSION] == 0
        assert rig.journal.progress().owed["two"][Lane.INTRUSION] == 1

    with_rig(tmp_path, scenario, centers=("one", "two"))


def test_a_vow_is_kept_when_it_is_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Retention removes nothing before: seen to fail with a future that is done at once."""
    refusing = Refusing(monkeypatch)

    async def scenario(rig: Rig) -> None:
        await until(lambda: len(rig.published) == 1)
        await asyncio.wait_for(rig.recorder.vow(JournalBody(JournalChange.REMOVED, "one")), 5)
        refusing.on = True
        vow = rig.recorder.vow(JournalBody(JournalChange.REMOVED, "two"))
        await until(lambda: rig.recorder.refusal is not None)
        assert not vow.done()
        refusing.on = False
        await asyncio.wait_for(vow, 15)

    with_rig(tmp_path, scenario)
