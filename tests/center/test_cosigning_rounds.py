"""A running center asks for all its gateways, and says once what is wrong."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge_agent.center import schema, serve
from edge_agent.center.cosigning import DAY_MS
from edge_agent.center.cosigning_rounds import DUE, CosigningRounds
from edge_agent.center.layout import CenterError, Layout
from edge_agent.center.turns import Turns
from edge_agent.clock import SystemClock
from edge_agent.witness.door import Door
from tests.center.cosigning_world import access, configured, door, gateway, layout, made, store
from tests.center.world import NOW_MS, FakeGateway

__all__ = ["door", "gateway", "layout", "made"]

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def events(rounds: CosigningRounds, stopping: bool = False) -> list[str]:
    with capture_logs() as said:
        rounds.turn(NOW_MS, lambda: stopping)
    return [str(one["event"]) for one in said if not str(one["event"]).startswith("witness.")]


def rounds_of(layout: Layout, door: Door) -> CosigningRounds:
    port = int(door.server_address[1])
    return CosigningRounds(access(layout, port), layout, Turns())


def test_all_is_cosigned_without_a_word(layout: Layout, door: Door, gateway: FakeGateway) -> None:
    store(layout, gateway, [gateway.start(), *gateway.events(7)])
    rounds = rounds_of(layout, door)
    assert events(rounds, stopping=True) == []
    assert list(door.office.store.seen()) == []
    assert events(rounds) == []
    assert [one.newest.size for one in door.office.store.seen()] == [7]


def test_only_gateways_of_which_something_is_due_are_looked_at(
    layout: Layout, door: Door, gateway: FakeGateway
) -> None:
    store(layout, gateway, [gateway.start(), *gateway.events(7)])
    with closing(schema.open_for_writing(layout.database)) as connection:

        def due(now_ms: int = NOW_MS) -> list[str]:
            return [row[0] for row in connection.execute(DUE, (now_ms - DAY_MS,))]

        assert due() == ["gw1"], "never cosigned"
        events(rounds_of(layout, door))
        assert due() == []
        assert due(NOW_MS + 100 * DAY_MS) == [], "nothing came since"
        store(layout, gateway, gateway.events(2))
        assert due() == [], "once a day"
        assert due(NOW_MS + 100 * DAY_MS) == ["gw1"]
        ended = gateway.copied()
        store(layout, gateway, [gateway.start(), *gateway.events(2)])
        assert due() == ["gw1"], "a run that ended, and a new one"
        events(rounds_of(layout, door))
        assert due() == []
        store(layout, ended, ended.events(2))
        assert due() == ["gw1"], "more of a run that ended"


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


@pytest.fixture
def as_before() -> Iterator[None]:
    """What `serve` sets for its process."""
    interval, handlers = sys.getswitchinterval(), [signal.getsignal(one) for one in SIGNALS]
    yield
    sys.setswitchinterval(interval)
    for one, handler in zip(SIGNALS, handlers, strict=True):
        signal.signal(one, handler)


@pytest.mark.usefixtures("as_before")
def test_a_running_center_asks_by_itself(
    layout: Layout, door: Door, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a broker: what is stored is cosigned all the same."""
    monkeypatch.setattr(serve, "COSIGN_EVERY_S", 0.02)
    store(layout, gateway, [gateway.start(), *gateway.events(7)])
    configured(layout, int(door.server_address[1]))
    seen: list[int] = []
    over = threading.Event()

    def end() -> None:
        for _ in range(1_000):
            seen.extend(one.newest.size for one in door.office.store.seen())
            if seen or over.wait(0.05):
                break
        if not over.is_set():
            os.kill(os.getpid(), signal.SIGTERM)

    ending = threading.Thread(target=end)
    ending.start()
    try:
        code = serve.serve(layout, SystemClock(), serve.Overrides(port=1))
    finally:
        over.set()
        ending.join()
    assert (code, seen) == (0, [7])


def test_a_center_without_the_witness_s_file_does_not_start(layout: Layout, tmp_path: Path) -> None:
    configured(layout, 1)
    kept = layout.directory / "witness.pem"
    kept.rename(tmp_path / "kept")
    try:
        with pytest.raises(CenterError, match=r"witness\.pem"):
            serve.serve(layout, SystemClock(), serve.Overrides())
    finally:
        (tmp_path / "kept").rename(kept)
