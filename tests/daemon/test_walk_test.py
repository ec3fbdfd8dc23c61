"""Walk tests: what was heard of which zones, told when asked and when the time is over."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from edge_agent.daemon import walk_test
from edge_agent.daemon.commands import Result
from edge_agent.daemon.walk_test import WalkTests
from edge_agent.domain.access import Role
from edge_agent.domain.event import Body, Draft, EventType, Numbered
from edge_agent.domain.kinds import Kind, Lane, Origin, State
from edge_agent.domain.signal import Signal
from edge_agent.evidence.bodies import ActBody, SignalBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import CommandRef
from tests.daemon.test_commands import Clock, turns
from tests.evidence.conftest import STAMP
from tests.evidence.test_command import COMMAND
from tests.link.rig import run

REF = CommandRef("center", 7, bytes(32))
ZONES = {"shop": {1: 1, 2: 1, 3: 2, 4: None}, "barn": {}}
MINUTE_NS = 60_000_000_000


@dataclass
class Rig:
    clock: Clock = field(default_factory=Clock)
    acts: list[ActBody] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.walks = WalkTests(ZONES, self.clock, self.note)

    def note(self, type_: EventType, lane: Lane, body: Body) -> None:
        assert (type_, lane) == (EventType.ACT, Lane.STATE)
        self.acts.append(ActBody.from_body(body))

    async def give(self, **body: Any) -> Result:
        keys = {"panel": 1, "area": 2, "minutes": 3, "odd": 4}
        said = {keys[name]: value for name, value in body.items()}
        command = replace(COMMAND, what="walk_test", role=Role.TECHNICIAN, body=said)
        return await self.walks.take(command, REF)

    def say(self, zone: int | None, state: State = State.OPEN, **rest: Any) -> None:
        kind = Kind.BURGLARY if state is State.ACTIVE else Kind.ZONE
        panel = rest.pop("panel", "shop")
        said = Signal(kind=kind, state=state, zone=zone, **rest)
        body = SignalBody(signal=said, panel=panel, driver="ness", driver_version="1").to_body()
        self.walks.hear(Numbered(bytes(8), 1, Draft(EventType.SIGNAL, Lane.STATE, STAMP, body)))

    def playing(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def play() -> None:
            task = asyncio.ensure_future(self.walks.run())
            await turns()
            await work()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled(), "it ended by itself"

        run(play())


def test_what_was_heard_and_what_not_is_told_and_recorded() -> None:
    rig = Rig()

    async def work() -> None:
        rig.say(1)  # before it begins
        begun = await rig.give(panel="shop", minutes=30)
        assert (begun.outcome, begun.detail) == ("done", "begun: 4 zones, for 30 min")
        rig.say(2)
        rig.say(2, State.CLOSED)
        rig.say(2)
        rig.say(3, State.ACTIVE)
        rig.say(9)
        rig.say(None)
        rig.say(1, origin=Origin.AT_START)
        rig.say(1, panel="barn")
        over = await rig.give(panel="shop")
        rig.say(1)  # after it
        assert await rig.give(panel="shop") == over, "it can be asked for again"
        assert json.loads(over.facts) == {
            "heard": {"2": 2, "3": 1, "9": 1}, "not_heard": [1, 4],
        }  # fmt: skip
        assert over.detail == "2 of 4 zones heard; not heard: 1, 4"

    rig.playing(work)
    said = [(act.what, act.panel, act.outcome, act.command) for act in rig.acts]
    assert said == [("walk_test", "shop", one, REF) for one in ("begins", "ends")]
    assert rig.acts[-1].detail.endswith(": 2 of 4 zones heard; not heard: 1, 4")


def test_of_one_area_its_zones_count_and_those_of_no_known_area() -> None:
    rig = Rig()

    async def work() -> None:
        await rig.give(panel="shop", area=1, minutes=5)
        rig.say(3)  # the site says: area 2
        rig.say(1, area=2)  # the panel says so itself
        rig.say(4)
        over = await rig.give(panel="shop")
        assert json.loads(over.facts) == {"heard": {"4": 1}, "not_heard": [1, 2]}

    rig.playing(work)


def test_it_ends_by_itself_and_when_another_begins() -> None:
    rig = Rig()

    async def work() -> None:
        await rig.give(panel="shop", minutes=1)
        await rig.give(panel="shop", minutes=2)
        await rig.give(panel="barn", minutes=9)
        rig.clock.now_ns = 2 * MINUTE_NS - 1
        await turns()
        assert [act.outcome for act in rig.acts].count("ends") == 1
        rig.clock.now_ns += 1
        async with asyncio.timeout(20):
            while [act.outcome for act in rig.acts].count("ends") < 2:
                await asyncio.sleep(0)

    rig.playing(work)
    ends = [(act.panel, act.detail) for act in rig.acts if act.outcome == "ends"]
    assert [panel for panel, _ in ends] == ["shop", "shop"]
    assert ends[0][1].startswith("another begins: 0 of 4")
    assert ends[1][1].startswith("its time is over: 0 of 4")


def test_a_panel_that_talks_nonsense_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk_test, "SITE_ENTRIES_MAX", 2)
    test = walk_test.WalkTest(None, frozenset(), "Li", None, 0)
    for zone in (1, 2, 3, 1):
        test.hear(Signal(kind=Kind.ZONE, state=State.OPEN, zone=zone), None)
    assert test.heard == {1: 2, 2: 1}


def test_a_site_that_lists_no_zones_is_told_what_was_heard() -> None:
    rig = Rig()

    async def work() -> None:
        await rig.give(panel="barn", minutes=1)
        rig.say(5, panel="barn")
        assert (await rig.give(panel="barn")).detail == "1 zones heard; the site lists none"

    rig.playing(work)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"panel": "attic", "minutes": 1}, "no panel 'attic'"),
        ({"panel": "shop"}, "no walk test"),
        ({"panel": "shop", "minutes": 0}, "not a number"),
        ({"panel": "shop", "minutes": 121}, "not a number"),
        ({"panel": "shop", "minutes": 1, "area": 0}, "not a number"),
        ({"minutes": 1}, "not a text"),
        ({"panel": "shop", "odd": 1}, "unknown key"),
    ],
)
def test_what_makes_no_sense_is_refused(body: dict[str, Any], why: str) -> None:
    rig = Rig()

    async def work() -> None:
        with pytest.raises((ValueError, Malformed), match=why):
            await rig.give(**body)

    rig.playing(work)
    assert rig.acts == []


def test_somebody_on_site_begins_looks_and_ends() -> None:
    rig = Rig()

    async def ask(**request: Any) -> dict[str, Any]:
        return await rig.walks.answer(request, "tom (uid 1000)")

    async def work() -> None:
        with pytest.raises(ValueError, match="no walk test"):
            await ask(panel="shop", look=True)
        for wrong in ({"minutes": 0}, {"minutes": True}, {"minutes": 1, "area": "2"}):
            with pytest.raises(ValueError, match="is a number"):
                await ask(panel="shop", **wrong)
        with pytest.raises(ValueError, match="no panel 'attic'"):
            await ask(panel="attic", minutes=5)
        begun = await ask(panel="shop", minutes=5, area=1)
        assert (begun["over"], begun["not_heard"]) == (False, [1, 2, 4])
        rig.say(1)
        looked = await ask(panel="shop", look=True)
        assert (looked["over"], looked["heard"]) == (False, {"1": 1})
        over = await ask(panel="shop")
        assert over == {**looked, "over": True}

    rig.playing(work)
    assert [(act.actor, act.outcome, act.command) for act in rig.acts] == [
        ("tom (uid 1000)", "begins", None), ("tom (uid 1000)", "ends", None),
    ]  # fmt: skip
