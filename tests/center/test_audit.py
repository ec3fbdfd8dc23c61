from pathlib import Path

import pytest

from edge_agent.center import audit as audit_module
from edge_agent.center import schema
from edge_agent.center.audit import SLICE_EVENTS, Audit, Link, RootCheck
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import Ended, LinkBody
from edge_agent.evidence.envelope import Event, seal
from edge_agent.evidence.tree import EMPTY_ROOT, Peaks, leaf_hash
from tests.center.world import NOW_MS, FakeCenter, FakeGateway, rows, stamp


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def center(tmp_path: Path, gateway: FakeGateway) -> FakeCenter:
    return FakeCenter(tmp_path, gateway)


def run(center: FakeCenter) -> None:
    """Audit until nothing is left to do, each slice in a new life."""
    connection = schema.open_for_writing(center.file)
    while Audit(connection, center.turns).step(NOW_MS):
        pass
    Audit(connection, center.turns).lineage(NOW_MS)
    connection.close()


def proved(center: FakeCenter) -> list[tuple[object, ...]]:
    return rows(center.connection, "SELECT proved_to, broken FROM epoch ORDER BY id")


def rewritten(gateway: FakeGateway, seq: int, root: bytes) -> bytes:
    """Return an event that its own gateway signed over another past."""
    event = Event(
        gateway=gateway.name,
        epoch=gateway.epoch,
        seq=seq,
        root=root,
        stamp=stamp(),
        lane=Lane.STATE,
        type=EventType.LINK,
        body=LinkBody("p9", online=False).to_body(),
    )
    return seal(event, gateway.signer)


def test_everything_in_order_is_proved(center: FakeCenter, gateway: FakeGateway) -> None:
    count = 2 * SLICE_EVENTS + 3
    center.take(gateway.start() + b"".join(gateway.events(count)))
    run(center)
    assert proved(center) == [(count + 1, 0)]
    assert center.problems() == []


def test_a_hole_stops_the_proof_until_it_is_filled(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    genesis, first, second, third = gateway.start(), *gateway.events(3)
    center.take(genesis, first, third)
    run(center)
    assert proved(center) == [(2, 0)]
    center.take(second)
    run(center)
    assert proved(center) == [(4, 0)]


def test_an_event_over_another_past_is_found_and_named(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    genesis, first, _replaced, third = gateway.start(), *gateway.events(3)
    peaks = Peaks()
    for one in (genesis, first):
        peaks.append(leaf_hash(one))
    other = rewritten(gateway, 2, peaks.root())
    center.take(genesis, first, other, third)
    run(center)
    assert proved(center) == [(3, 1)]
    assert center.problems() == [("root", 3)]


def test_at_a_fork_the_next_root_tells_the_side(center: FakeCenter, gateway: FakeGateway) -> None:
    genesis, first, second, third = gateway.start(), *gateway.events(3)
    peaks = Peaks()
    peaks.append(leaf_hash(genesis))
    other = rewritten(gateway, 1, peaks.root())
    center.take(genesis, other)  # the side that was not gone on from comes first
    run(center)
    center.take(first, second, third)
    run(center)
    assert proved(center) == [(4, 0)]
    assert center.problems() == [("fork", 1)]


def test_the_right_side_of_a_fork_that_comes_late_mends_the_proof(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    genesis, first, second = gateway.start(), *gateway.events(2)
    peaks = Peaks()
    peaks.append(leaf_hash(genesis))
    center.take(genesis, rewritten(gateway, 1, peaks.root()), second)
    run(center)
    assert proved(center) == [(2, 1)]
    center.take(first)
    run(center)
    assert proved(center) == [(3, 0)]


def test_epochs_in_order_are_no_problem(center: FakeCenter, gateway: FakeGateway) -> None:
    for _ in range(3):
        center.take(gateway.start(), *gateway.events(3))
    run(center)
    assert center.problems() == []


def test_two_epochs_with_one_predecessor_are_a_branch(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    center.take(gateway.start(), gateway.event())
    before = gateway.epoch, gateway.peaks.copy()
    center.take(gateway.start(), gateway.event())
    gateway.epoch, gateway.peaks = before
    center.take(gateway.start())
    run(center)
    run(center)
    assert center.problems() == [("branch", 0)]


def test_a_second_first_epoch_is_a_branch(center: FakeCenter, gateway: FakeGateway) -> None:
    """A gateway that was reset to its factory image follows nothing, once more."""
    center.take(gateway.start(), gateway.event())
    gateway.epoch = b""
    center.take(gateway.start(Ended.FIRST))
    run(center)
    assert center.problems() == [("branch", 0)]


def test_a_card_set_back_shows_as_a_rollback(center: FakeCenter, gateway: FakeGateway) -> None:
    genesis, first = gateway.start(), gateway.event()
    old = gateway.epoch, gateway.peaks.copy()
    center.take(genesis, first, *gateway.events(5))
    gateway.epoch, gateway.peaks = old
    center.take(gateway.start(Ended.CRASH))
    run(center)
    assert center.problems() == [("rollback", 0)]


def test_a_genesis_that_names_another_past_is_found(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    center.take(gateway.start(), gateway.event())
    swapped = Peaks()
    swapped.append(b"x" * 32)
    swapped.append(b"y" * 32)
    gateway.peaks = swapped
    center.take(gateway.start())
    run(center)
    assert center.problems() == [("previous_root", 0)]


def test_the_check_alone() -> None:
    check = RootCheck(Peaks())
    check.feed([Link(0, b"a" * 32, EMPTY_ROOT)])
    assert (check.proved_to, check.broken) == (1, False)
    check.feed([Link(1, b"b" * 32, b"wrong" + bytes(27))])
    assert (check.proved_to, check.broken) == (1, True)


def fleet(folder: Path, count: int) -> tuple[FakeCenter, list[FakeGateway]]:
    gateways = [FakeGateway(f"gw{number}") for number in range(count)]
    return FakeCenter(folder, *gateways), gateways


def commits(statements: list[str]) -> int:
    return statements.count("COMMIT")


def test_what_many_gateways_said_is_proved_in_one_slice(tmp_path: Path) -> None:
    center, gateways = fleet(tmp_path, 40)
    for one in gateways:
        center.take(one.start(), one.event(), gateway=one.name)
    statements: list[str] = []
    center.connection.set_trace_callback(statements.append)
    assert Audit(center.connection, center.turns).step(NOW_MS)
    assert proved(center) == [(2, 0)] * 40
    assert commits(statements) == 1


def test_epochs_with_holes_cost_each_a_look_a_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "SLICE_EPOCHS", 8)
    center, gateways = fleet(tmp_path, 30)
    for one in gateways:
        genesis, _hole, later = one.start(), one.event(), one.event()
        center.take(genesis, later, gateway=one.name)
    center.take(gateways[0].event(), gateway="gw0")
    audit = Audit(center.connection, center.turns)
    while audit.step(NOW_MS):
        pass
    statements: list[str] = []
    center.connection.set_trace_callback(statements.append)
    assert [audit.step(NOW_MS) for _ in range(4)] == [True, True, True, False]  # a round of 30
    assert len(statements) == 4
    center.take(gateways[29].events(1)[0], gateway="gw29")  # behind the hole of the newest
    assert commits(statements) == 1  # what was taken; the audit wrote nothing
    assert proved(center) == [(1, 0)] * 30


def test_a_full_slice_goes_on_where_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "SLICE_EVENTS", 4)
    center, gateways = fleet(tmp_path, 5)
    for one in gateways:
        center.take(one.start(), *one.events(3), gateway=one.name)
    audit = Audit(center.connection, center.turns)
    assert audit.step(NOW_MS)
    assert sorted(proved(center)) == [(0, 0)] * 4 + [(3, 0)], "one was a slice"
    while audit.step(NOW_MS):
        pass
    assert proved(center) == [(4, 0)] * 5


def test_lineages_are_looked_at_in_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_module, "SLICE_GATEWAYS", 3)
    center, gateways = fleet(tmp_path, 7)
    for one in gateways:
        genesis = one.start()
        copy = one.copied()
        center.take(genesis, one.event(), one.start(), copy.start(), gateway=one.name)
    audit = Audit(center.connection, center.turns)
    assert [audit.lineage(NOW_MS) for _ in range(3)] == [True, True, False]
    assert {gateway for (gateway,) in rows(center.connection, "SELECT gateway FROM problem")} == {
        one.name for one in gateways
    }
