"""The many gateways of a bench are as genuine to a center as real ones."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench import many
from edge_agent.center import init, schema, show
from edge_agent.center.layout import Layout
from edge_agent.center.presence import PresenceStore
from edge_agent.center.store import Arrival, Store


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "center")
    init.init(made, init.Request(gateways=()), datetime(2026, 11, 28, tzinfo=UTC))
    return made


def test_what_they_say_is_stored_and_receipted(layout: Layout) -> None:
    gateways = many.enter(layout, 3)
    many.store(layout, [one.genesis() for one in gateways])
    office = many.office_of(layout)
    with closing(schema.open_for_writing(layout.database)) as connection:
        said = [Arrival(name, live=True, data=data) for name, data in (g.event() for g in gateways)]
        taken = Store(office, connection, urgent=True).take(said, 1)
        assert [one.gateway for one in taken.receipts] == ["gw000000", "gw000001", "gw000002"]
        beats = [Arrival(*beat(one)) for one in gateways]
        PresenceStore(office, connection, many.BEAT_S).take(beats, 2)
        heard = connection.execute("SELECT count(*), min(heard_ms) FROM presence").fetchone()
        assert heard == (3, 2)
        names = {name for (name,) in connection.execute("SELECT name FROM counter")}
        assert names == {"stored"}, "nothing was refused"


def beat(gateway: many.Gateway) -> tuple[str, bool, bytes]:
    name, data = gateway.beat()
    return name, False, data


def test_a_filled_store_has_an_answer_to_what_is_asked(layout: Layout) -> None:
    gateways = many.enter(layout, 3)
    with closing(schema.open_for_writing(layout.database)) as connection:
        many.fill(connection, gateways, 1_000)
        found = {
            name: len(show.newest(connection, wanted, 5))
            for name, wanted in many.asked(gateways).items()
        }
    assert found.pop("events since just now") == 0
    assert found.pop("one gateway's fires") > 0
    assert set(found.values()) == {5}


def test_parts_are_all_of_it() -> None:
    said = [("gw1", bytes([at])) for at in range(7)]
    assert [len(one) for one in many.parts(said, 3)] == [3, 3, 1]
