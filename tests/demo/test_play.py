"""The play's own decisions; the whole of it is played for real in tests/system."""

import asyncio
from typing import Any

import pytest

from edge_agent.clock import SystemClock
from edge_agent.demo import play as plays
from edge_agent.demo.board import Board
from edge_agent.demo.children import Death
from edge_agent.demo.folder import DemoError, make
from edge_agent.demo.play import Play
from edge_agent.demo.stage import Stage
from edge_agent.demo.view import Silent
from tests.demo.figures import MS, PANELS, spoken

STATUS: dict[str, Any] = {
    "epoch": "e1",
    "next_seq": 4,
    "panels": {name: {"online": True} for name in PANELS},
    "journal": {"refused": None},
    "centers": [{"outstanding": 0, "connected": True}],
}


class Set:
    """A play on a stage that nothing was started on."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.board = Board(12, PANELS)
        self.play = Play(stage, self.board, Silent(), SystemClock())

    def status(self, **center: Any) -> None:
        self.play._take({**STATUS, "centers": [{**STATUS["centers"][0], **center}]})


@pytest.fixture(name="on")
def _on() -> Any:
    with make(None) as folder:
        yield Set(Stage(folder, SystemClock(), lambda _: None))


def test_settled_is_everything_answered_arrived_and_receipted(on: Set) -> None:
    assert not on.play._is_settled(), "nobody was asked yet"
    on.status()
    assert on.play._is_settled()
    on.status(outstanding=2)
    assert not on.play._is_settled()
    on.status(connected=False)
    assert not on.play._is_settled()
    on.status()
    one = spoken(1, 10)
    on.board.say(one)
    assert not on.play._is_settled(), "it is not at the center"
    one.latency_ns = MS
    assert on.play._is_settled()
    on.board.say(spoken(2, 20, due=False))
    assert not on.play._is_settled(), "its panel waits for an ACK"


def test_what_does_not_settle_is_a_problem_that_names_it(
    on: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plays, "SETTLE_S", 0.0)
    on.status(outstanding=3, connected=False)
    on.board.online["p1"] = False
    asyncio.run(on.play._settle(on.play._is_settled, "not everything settled"))
    (problem,) = on.play._problems
    for words in ("p1 is not online", "center is not reached", "3 events without a receipt"):
        assert words in problem


def test_after_a_death_nothing_is_waited_for(on: Set) -> None:
    on.stage.deaths.append(Death("center", -9, ""))
    asyncio.run(on.play._settle(on.play._is_settled, "not everything settled"))
    assert not on.play._problems, "the death itself is the problem"


@pytest.mark.parametrize(("name", "goes_on"), [("center", True), ("broker", True), ("p1", False)])
def test_the_story_goes_on_as_long_as_agent_and_panels_live(
    on: Set, name: str, goes_on: bool
) -> None:
    on.stage.deaths.append(Death(name, -9, ""))
    assert asyncio.run(on.play._lives_on(0.0)) is goes_on


def test_an_error_is_found_in_its_groups() -> None:
    error = DemoError("cause")
    inner: Any = ExceptionGroup("", [error])
    group: Any = ExceptionGroup("", [inner])
    assert plays._first(group) is error
