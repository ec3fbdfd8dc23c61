from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.center.rows import QUARANTINE_BYTES_MAX, Rows
from edge_agent.center.store import Arrival
from tests.center.world import NOW_MS, FakeCenter, FakeGateway, rows


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def center(tmp_path: Path, gateway: FakeGateway) -> FakeCenter:
    return FakeCenter(tmp_path, gateway)


def test_counters_add_up_over_transactions(center: FakeCenter, gateway: FakeGateway) -> None:
    center.take(gateway.start())
    center.take(gateway.event(), b"junk")
    assert center.counters() == {"stored": 2, "malformed": 1}


def test_of_what_is_refused_only_the_beginning_is_kept(center: FakeCenter) -> None:
    center.take(b"\x00" * (QUARANTINE_BYTES_MAX + 1))
    assert rows(center.connection, "SELECT length(data) FROM quarantine") == [
        (QUARANTINE_BYTES_MAX,)
    ]


def test_a_problem_is_noted_once(center: FakeCenter) -> None:
    entries = Rows(center.connection, now_ms=NOW_MS)
    for _ in range(3):
        entries.problem("gw1", b"e" * 8, 4, "fork", "detail")
    assert center.problems() == [("fork", 4)]


def test_a_reused_event_key_is_noted_and_its_epoch_not_fed(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    center.take(gateway.start())
    signer = gateway.signer
    original, type(gateway.signer).generate = type(signer).generate, lambda: signer  # type: ignore[method-assign]
    try:
        genesis = gateway.start()
    finally:
        type(signer).generate = original  # type: ignore[method-assign]
    center.take(genesis)
    assert ("key_reused", 0) in center.problems()
    assert center.take(gateway.event()).receipts == []


ORDERS = st.permutations(range(8))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12)
@given(order=ORDERS, cuts=st.sets(st.integers(1, 7)), repeats=st.lists(st.integers(0, 7)))
def test_any_order_any_batches_any_repeats_end_in_the_same_store(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], cuts: set[int], repeats: list[int]
) -> None:
    """Everything is stored once, and the receipts together cover all of it."""
    gateway = FakeGateway()
    center = FakeCenter(tmp_path_factory.mktemp("any"), gateway)
    envelopes = [gateway.start(), *gateway.events(7)]
    sent = [envelopes[at] for at in [*order, *repeats]]
    edges = [0, *sorted(cuts), len(sent)]
    receipted: set[int] = set()
    for start, end in pairwise(edges):
        arrivals = [Arrival("gw1", False, one) for one in sent[start:end]]
        for receipt in center.receipts(center.store.take(arrivals, NOW_MS)):
            for one in receipt.ranges:
                receipted.update(range(one.first, one.last + 1))
    stored = rows(center.connection, "SELECT envelope FROM event ORDER BY seq")
    assert stored == [(one,) for one in envelopes]
    assert receipted == set(range(8))
    assert rows(center.connection, "SELECT count, top FROM epoch") == [(8, 7)]
    assert center.count("held") == 0
    center.connection.close()
