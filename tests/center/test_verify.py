"""Whatever is changed in the file is found, and its number named.

Seen to fail: where nobody looks whether what was receipted is still there.
"""

from pathlib import Path

import pytest

from edge_agent.center import verify
from edge_agent.domain.event import EventType
from edge_agent.evidence import seconded
from edge_agent.evidence.anchor import AnchorBody
from edge_agent.evidence.cited import Place
from edge_agent.evidence.second_signature import SecondSignatureBody, TreeHead, Unsigned
from edge_agent.evidence.tree import leaf_hash
from tests.center.world import FakeCenter, FakeGateway
from tests.evidence.bundles import STAMPED, history, token

STAMPED_LEAF = leaf_hash(history()[0].envelopes[STAMPED])


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def center(tmp_path: Path, gateway: FakeGateway) -> FakeCenter:
    center = FakeCenter(tmp_path, gateway)
    center.take(gateway.start(), *gateway.events(4))
    center.take(gateway.start(), *gateway.events(4))
    return center


def check(center: FakeCenter, gateway: FakeGateway) -> verify.Report:
    return verify.check(
        center.connection, gateway.name, [gateway.identity.public], center.signer.public
    )


def found(center: FakeCenter, gateway: FakeGateway) -> set[tuple[str, int | None]]:
    return {(one.what, one.seq) for one in check(center, gateway).problems}


def test_an_honest_store_is_good(center: FakeCenter, gateway: FakeGateway) -> None:
    report = check(center, gateway)
    assert report.problems == []
    assert (report.events, report.receipts, report.proved) == (10, 2, 8)
    assert report.as_json() == {
        "gateway": "gw1",
        "ok": True,
        "events": 10,
        "proved": 8,
        "receipts": 2,
        "timestamps": 0,
        "second_signatures": [],
        "first_bad": None,
        "problems": [],
        "more_problems": 0,
    }
    assert verify.gateways(center.connection) == ["gw1"]
    assert verify.check_file(center.connection) == []


def test_timestamps_are_checked_too(center: FakeCenter, gateway: FakeGateway) -> None:
    elsewhere = AnchorBody(Place(b"long ago", 60), STAMPED_LEAF, token())
    center.take(gateway.sealed(EventType.ANCHOR, elsewhere.to_body()))
    assert check(center, gateway).as_json()["timestamps"] == 1
    forged = AnchorBody(Place(gateway.epoch, 2), STAMPED_LEAF, token())
    center.take(gateway.sealed(EventType.ANCHOR, forged.to_body()))
    assert found(center, gateway) == {("anchor", 6)}


def test_second_signatures_are_checked_too(center: FakeCenter, gateway: FakeGateway) -> None:
    """The fake gateway names no key: what is compared is the head.  test_seconded.py does the rest.

    Seen to fail: with any root taken for the head's."""
    (root,) = center.connection.execute(
        "SELECT root FROM event JOIN epoch ON epoch.id = epoch_id WHERE epoch = ? AND seq = 2",
        (gateway.epoch,),
    ).fetchone()
    for over in (root, bytes(32)):
        head = TreeHead(gateway.name, gateway.epoch, 2, over)
        kept = SecondSignatureBody(Unsigned(head, -65_537, bytes(8)).signed(bytes(64)))
        center.take(gateway.sealed(EventType.SECOND_SIGNATURE, kept.to_body()))
    report = check(center, gateway)
    assert [(one.what, one.seq) for one in report.problems] == [("second_signature", 6)]
    (one,) = report.seconds.seconded
    assert (one.place.seq, one.held, one.unchecked) == (2, True, seconded.NO_KEY)
    assert report.as_json()["second_signatures"] == [one.facts]


def test_a_changed_envelope_is_named(center: FakeCenter, gateway: FakeGateway) -> None:
    (envelope,) = center.connection.execute("SELECT envelope FROM event WHERE id = 3").fetchone()
    changed = envelope[:-1] + bytes([envelope[-1] ^ 1])
    center.connection.execute(
        "UPDATE event SET envelope = ?, leaf = ? WHERE id = 3", (changed, leaf_hash(changed))
    )
    problems = found(center, gateway)
    assert ("bad_signature", 2) in problems
    assert check(center, gateway).as_json()["first_bad"]["seq"] == 2
    assert any(what == "receipt" for what, _ in problems), "its receipt was for other bytes"


def test_a_deleted_event_is_named(center: FakeCenter, gateway: FakeGateway) -> None:
    center.connection.execute("DELETE FROM event WHERE id = 3")
    assert ("gap", 2) in found(center, gateway)


def test_a_deleted_last_event_is_named_by_the_next_genesis_and_the_receipt(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    center.connection.execute("DELETE FROM event WHERE id = 5")
    assert {("gap", 4), ("receipt", 0)} <= found(center, gateway)


def test_a_deleted_tail_of_the_newest_epoch_is_named_by_the_receipt(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    center.connection.execute("DELETE FROM event WHERE id = 10")
    assert found(center, gateway) == {("receipt", 0)}


@pytest.mark.parametrize("change", ["leaf = x'00'", "root = x'00'", "lane = 6", "type = 'genesis'"])
def test_columns_that_do_not_fit_their_envelope_are_named(
    change: str, center: FakeCenter, gateway: FakeGateway
) -> None:
    center.connection.execute(f"UPDATE event SET {change} WHERE id = 4")  # noqa: S608  fixed words
    assert ("row", 3) in found(center, gateway)


def test_events_whose_epoch_was_deleted_are_missed(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    center.connection.execute("PRAGMA foreign_keys = OFF")
    center.connection.execute("DELETE FROM epoch")
    assert verify.check_file(center.connection) == ["10 events belong to no epoch"]
    assert verify.gateways(center.connection) == [gateway.name]
    assert ("receipt", 0) in found(center, gateway)


def test_a_changed_receipt_is_named(center: FakeCenter, gateway: FakeGateway) -> None:
    center.connection.execute("UPDATE receipt SET data = x'00' WHERE id = 1")
    (problem,) = check(center, gateway).problems
    assert problem.what == "receipt"
    assert "receipt 1" in problem.detail


def test_a_receipt_of_another_gateway_is_named(center: FakeCenter, gateway: FakeGateway) -> None:
    other = FakeGateway("gw2", identity=gateway.identity)
    center.roster._keys["gw2"] = (other.identity.public,)
    center.take(other.start(), gateway="gw2")
    center.connection.execute("UPDATE receipt SET gateway = 'gw1' WHERE gateway = 'gw2'")
    assert any(what == "receipt" for what, _ in found(center, gateway))


def test_an_unknown_identity_vouches_for_nothing(center: FakeCenter) -> None:
    stranger = FakeGateway("gw1")
    assert ("unknown_key", 0) in found(center, stranger)


def test_a_fork_is_named_and_its_receipts_hold(tmp_path: Path) -> None:
    gateway = FakeGateway()
    center = FakeCenter(tmp_path, gateway)
    genesis = gateway.start()
    before = gateway.peaks.copy()
    first = gateway.event(reason="one side")
    gateway.peaks = before
    second = gateway.event(reason="other side")
    center.take(genesis, first)
    center.take(second, gateway.event())
    assert found(center, gateway) == {("fork", 1)}


def test_problems_are_bounded() -> None:
    report = verify.Report("gw1")
    bad = verify.Bad("gap", None, 1, "")
    report.found(bad for _ in range(verify.PROBLEMS_MAX + 3))
    assert (len(report.problems), report.more) == (verify.PROBLEMS_MAX, 3)
