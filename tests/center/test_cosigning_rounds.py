"""A running center asks for all its gateways, and says once what is wrong."""

import pytest
from structlog.testing import capture_logs

from edge_agent.center.cosigning_rounds import CosigningRounds
from edge_agent.center.layout import Layout
from edge_agent.center.roster import Roster
from edge_agent.center.turns import Turns
from edge_agent.witness.door import Door
from tests.center.cosigning_world import access, door, gateway, layout, made, store
from tests.center.world import NOW_MS, FakeGateway

__all__ = ["door", "gateway", "layout", "made"]


def events(rounds: CosigningRounds, stopping: bool = False) -> list[str]:
    with capture_logs() as said:
        rounds.turn(NOW_MS, lambda: stopping)
    return [str(one["event"]) for one in said if not str(one["event"]).startswith("witness.")]


def rounds_of(layout: Layout, door: Door) -> CosigningRounds:
    port = int(door.server_address[1])
    return CosigningRounds(access(layout, port), layout, Roster(layout), Turns())


def test_all_is_cosigned_without_a_word(layout: Layout, door: Door, gateway: FakeGateway) -> None:
    store(layout, gateway, [gateway.start(), *gateway.events(7)])
    rounds = rounds_of(layout, door)
    assert events(rounds, stopping=True) == []
    assert list(door.office.store.seen()) == []
    assert events(rounds) == []
    assert [one.newest.size for one in door.office.store.seen()] == [7]


def test_a_refusal_is_said_once(layout: Layout, door: Door, gateway: FakeGateway) -> None:
    store(layout, gateway, [gateway.start(), *gateway.events(7)])
    rounds = rounds_of(layout, door)
    events(rounds)
    older = gateway.copied()
    older.peaks = type(older.peaks)()
    store(layout, gateway, [older.start(), *older.events(2)])
    assert events(rounds) == ["not cosigned"]
    assert events(rounds) == ["not cosigned"], "now it is stopped"
    assert events(rounds) == []


def test_a_witness_that_is_away_is_said_once_and_once_that_it_is_back(
    layout: Layout, door: Door, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(layout, gateway, [gateway.start(), *gateway.events(7)])
    rounds = rounds_of(layout, door)
    with monkeypatch.context() as patch:
        patch.setattr("edge_agent.witness.door.PATH", "/elsewhere")
        assert events(rounds) == ["no cosignatures"]
        assert events(rounds) == []
    assert events(rounds) == ["the witness cosigns again"]
