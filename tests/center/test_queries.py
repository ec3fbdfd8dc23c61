"""The queries of the running center find their rows by index, whatever the number of gateways.

Seen to fail without the index `epoch_unproved`, and with a lineage that looks at all gateways at
each idle turn.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.center import fleet, handover, schema, show, verify
from edge_agent.center.audit import COME_SINCE, UNPROVED, Audit
from edge_agent.center.holding import StoreHolding
from edge_agent.center.presence import PresenceStore
from edge_agent.center.settings import Presence
from edge_agent.center.show import Wanted
from edge_agent.center.store import Arrival
from tests.center.world import NOW_MS, FakeCenter, FakeGateway

TABLES = (
    *("epoch", "event", "event_key", "held", "quarantine", "counter", "presence", "problem"),
    "receipt",
)


class Watched(sqlite3.Connection):
    """Explains every statement before it runs."""

    scans: list[str]
    plans: list[str]

    def execute(self, sql: str, *parameters: object) -> sqlite3.Cursor:
        if sql.startswith(("SELECT", "INSERT", "UPDATE", "DELETE")):
            found = super().execute(f"EXPLAIN QUERY PLAN {sql}", *parameters)  # type: ignore[arg-type]
            plan = [row[3] for row in found]
            self.plans += plan
            self.scans += [
                f"{one}: {sql}"
                for one in plan
                if one.startswith("SCAN") and one.split()[1] in TABLES and "USING INDEX" not in one
            ]
        return super().execute(sql, *parameters)  # type: ignore[arg-type]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[FakeCenter, FakeGateway, Watched]]:
    gateway = FakeGateway()
    center = FakeCenter(tmp_path, gateway)
    center.take(gateway.start(), *gateway.events(3))
    center.take(gateway.start(), *gateway.events(3))
    with closing(sqlite3.connect(center.file, isolation_level=None, factory=Watched)) as connection:
        connection.scans = []
        connection.plans = []
        yield center, gateway, connection


def test_what_comes_is_stored_by_index(
    watched: tuple[FakeCenter, FakeGateway, Watched],
) -> None:
    center, gateway, connection = watched
    store = center.other_store()
    store._connection = connection
    before = gateway.event()
    fork, later = before, gateway.start()
    held = gateway.event()
    junk, genesis = b"junk", later
    for data in (fork, held, junk, genesis, before):
        store.take([Arrival("gw1", True, data), Arrival("gw9", True, data)], NOW_MS)
    presence = PresenceStore(center.office, connection, 30)
    presence.take([Arrival("gw1", False, b""), Arrival("gw1", False, b"junk")], NOW_MS)
    assert connection.scans == []


def test_the_audit_looks_only_at_what_is_new(
    watched: tuple[FakeCenter, FakeGateway, Watched],
) -> None:
    center, gateway, connection = watched
    audit = Audit(connection, center.turns)
    while audit.step(NOW_MS):
        pass
    audit.lineage(NOW_MS)  # the first looks at all
    connection.scans = []
    center.take(gateway.event())
    while audit.step(NOW_MS):
        pass
    audit.lineage(NOW_MS)
    scans = [one for one in connection.scans if "USING INDEX epoch_unproved" not in one]
    assert scans == []


def test_the_audit_s_own_queries_use_their_index(tmp_path: Path) -> None:
    with closing(schema.open_for_writing(tmp_path / "events.db")) as connection:
        for query, values, index in (
            (UNPROVED, (9, 1), "epoch_unproved"),
            (COME_SINCE, (1, 2), "INTEGER PRIMARY KEY"),
        ):
            plan = connection.execute(f"EXPLAIN QUERY PLAN {query}", values).fetchall()
            assert any(index in row[3] for row in plan), plan


def test_the_fleet_looks_each_gateway_up(
    watched: tuple[FakeCenter, FakeGateway, Watched],
) -> None:
    center, _, connection = watched
    view = fleet.View(connection, ["gw1"], Presence(), NOW_MS)
    assert next(fleet.facts(view))["epochs"]
    names = "SELECT gateway FROM epoch UNION"  # once, for all
    assert [one for one in connection.scans if names not in one] == []
    assert center.counters()["stored"]


@pytest.mark.parametrize("wanted", [Wanted(lane=0), Wanted(lane=1), Wanted(type="verdict")])
def test_what_is_rare_is_found_by_an_index_of_its_own(
    watched: tuple[FakeCenter, FakeGateway, Watched], wanted: Wanted
) -> None:
    _, _, connection = watched
    assert show.newest(connection, wanted, 50) == []
    assert [one for one in connection.plans if "USING INDEX event_" in one]


def test_an_hour_is_found_among_years(
    watched: tuple[FakeCenter, FakeGateway, Watched],
) -> None:
    center, gateway, connection = watched
    late = gateway.event()
    center.store.take([Arrival("gw1", False, late)], NOW_MS + 50)
    center.store.take([Arrival("gw1", False, gateway.event())], NOW_MS + 20)  # a clock set back
    wanted = Wanted(since_ms=NOW_MS + 10)
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    for found in (show.newest(connection, wanted, 50), list(show.select(connection, wanted))):
        assert [one.received_ms for one in found] == [NOW_MS + 50, NOW_MS + 20]
    assert [one for one in connection.plans if "event_received (received_ms>" in one]
    assert any("event.id > 8" in one for one in statements), "the eight before are not looked at"
    assert show.newest(connection, Wanted(since_ms=NOW_MS + 90), 50) == []
    connection.execute("DROP INDEX event_received")
    assert len(show.newest(connection, wanted, 50)) == 2, "as made by an older program"


def test_acts_and_receipts_are_found_by_index(
    watched: tuple[FakeCenter, FakeGateway, Watched],
) -> None:
    center, gateway, connection = watched
    assert list(handover.heard(connection)) == []
    assert list(handover.heard(connection, "gw1")) == []
    holding = StoreHolding(connection, "gw1", center.signer.public)
    newest = holding.newest(gateway.epoch)
    assert newest is not None
    assert holding.covered(newest) is not None
    assert connection.scans == []


def test_verifying_all_gateways_sorts_the_receipts_once(tmp_path: Path) -> None:
    gateways = [FakeGateway(f"gw{number}") for number in range(3)]
    center = FakeCenter(tmp_path, *gateways)
    for one in gateways:
        center.take(one.start(), *one.events(2), gateway=one.name)
        center.take(one.event(), gateway=one.name)
    uri = f"file:{center.file}?mode=ro"
    with closing(
        sqlite3.connect(uri, uri=True, isolation_level=None, factory=Watched)
    ) as connection:
        connection.scans, connection.plans = [], []
        verify.sort_receipts(connection)
        for one in gateways:
            identities = (one.identity.public,)
            report = verify.check(connection, one.name, identities, center.signer.public)
            assert (report.problems, report.events, report.receipts) == ([], 4, 2)
        assert connection.scans == []


def test_a_database_made_before_gets_the_indexes(tmp_path: Path) -> None:
    file = tmp_path / "events.db"
    with closing(schema.open_for_writing(file)) as connection:
        connection.execute("DROP INDEX epoch_unproved")
    with closing(schema.open_for_writing(file)) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'").fetchall()
    assert ("epoch_unproved",) in found
