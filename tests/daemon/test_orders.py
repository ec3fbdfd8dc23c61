"""Orders: recorded before they are given, given once, their outcome recorded whatever happens."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from edge_agent.daemon import orders as module
from edge_agent.daemon.orders import Addressee, Ordered, Orders, command_of
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.domain.session import Obeyed
from edge_agent.evidence.bodies import ActBody
from edge_agent.link.desk import Desk
from tests.link.rig import run

DISARM = Command(act=Act.DISARM, area=1, code="1234")
BYPASS = Command(act=Act.BYPASS, zone=3)
ALICE = "alice (uid 1000)"


@dataclass
class Record:
    """A recorder whose disk takes what it is given when `durable`."""

    durable: bool = True
    bodies: list[ActBody] = field(default_factory=list)
    vows: list[asyncio.Future[None]] = field(default_factory=list)

    def vow(self, body: ActBody) -> asyncio.Future[None]:
        self.bodies.append(body)
        self.vows.append(asyncio.get_running_loop().create_future())
        if self.durable:
            self.vows[-1].set_result(None)
        return self.vows[-1]

    def note(self, type_: EventType, lane: Lane, body: Body) -> None:
        assert (type_, lane) == (EventType.ACT, Lane.FAULT)
        self.bodies.append(ActBody.from_body(body))


class Rig:
    """One panel that may be bypassed and disarmed, and whose driver cannot switch outputs."""

    def __init__(self, *, durable: bool = True) -> None:
        self.desk = Desk(frozenset({"bypass", "disarm", "output"}))
        self.desk.open(lambda: None)
        self.record = Record(durable)
        commands = frozenset({Act.STATUS, Act.BYPASS, Act.DISARM, Act.ARM_AWAY})
        self.orders = Orders({"shop": Addressee(self.desk, commands)}, self.record)

    def give(self, command: Command) -> asyncio.Task[Ordered]:
        return asyncio.get_running_loop().create_task(self.orders.give("shop", command, ALICE))

    async def settle(self, outcome: Outcome, detail: str = "") -> None:
        """Be the session: take the one command and answer it."""
        await turns()
        [commanded] = self.desk.take()
        self.desk.settle(Obeyed(commanded.id, outcome, detail))


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def play(main: Coroutine[Any, Any, None]) -> None:
    run(main)


def test_an_order_and_its_outcome_are_two_events_of_one_number_and_actor() -> None:
    async def main() -> None:
        rig = Rig()
        given = rig.give(BYPASS)
        await rig.settle(Outcome.DONE)
        assert (await given).facts() == {"order": 1, "outcome": "done", "detail": ""}
        given = rig.give(DISARM)
        await rig.settle(Outcome.REFUSED, "wrong code")
        assert (await given).obeyed.outcome is Outcome.REFUSED
        assert rig.record.bodies == [
            ActBody("command", ALICE, "bypass zone 3", "shop", 1),
            ActBody("outcome", ALICE, "bypass zone 3", "shop", 1, "done"),
            ActBody("command", ALICE, "disarm area 1", "shop", 2),
            ActBody("outcome", ALICE, "disarm area 1: wrong code", "shop", 2, "refused"),
        ]

    play(main())


def test_no_user_code_is_in_any_event() -> None:
    async def main() -> None:
        rig = Rig()
        rig.give(DISARM)
        await rig.settle(Outcome.DONE)
        await turns()
        assert len(rig.record.bodies) == 2
        assert "1234" not in repr([body.to_body() for body in rig.record.bodies])

    play(main())


def test_nothing_is_given_before_it_is_durable() -> None:
    async def main() -> None:
        rig = Rig(durable=False)
        given = rig.give(BYPASS)
        await turns()
        assert rig.desk.take() == []
        rig.record.vows[0].set_result(None)
        await rig.settle(Outcome.DONE)
        assert (await given).obeyed.outcome is Outcome.DONE

    play(main())


def test_what_cannot_be_recorded_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ORDER_RECORD_S_MAX", 0.01)

    async def main() -> None:
        rig = Rig(durable=False)
        ordered = await rig.give(BYPASS)
        assert ordered.obeyed.outcome is Outcome.REFUSED
        assert "cannot be recorded" in ordered.obeyed.detail
        rig.record.vows[0].set_result(None)
        await turns()
        assert rig.desk.take() == [], "later neither"

    play(main())


@pytest.mark.parametrize(
    ("command", "outcome"),
    [
        (Command(act=Act.ARM_AWAY), Outcome.FORBIDDEN),
        (Command(act=Act.OUTPUT_ON, zone=1), Outcome.UNSUPPORTED),
    ],
)
def test_what_may_not_or_cannot_be_done_is_recorded_too(command: Command, outcome: Outcome) -> None:
    async def main() -> None:
        rig = Rig()
        assert (await rig.give(command)).obeyed.outcome is outcome
        assert rig.desk.take() == []
        assert [(one.what, one.outcome) for one in rig.record.bodies] == [
            ("command", None),
            ("outcome", outcome.value),
        ]

    play(main())


def test_what_is_outside_the_charter_is_recorded_and_not_given() -> None:
    async def main() -> None:
        rig = Rig()
        rig.orders = Orders(
            {"shop": Addressee(rig.desk, frozenset({Act.BYPASS}))},
            rig.record,
            lambda panel, command: f"charter 1 does not name zone {command.zone} of {panel}",
        )
        ordered = await rig.give(BYPASS)
        assert ordered.obeyed.outcome is Outcome.FORBIDDEN
        assert rig.desk.take() == []
        said = [(act.what, act.outcome, act.detail) for act in rig.record.bodies]
        assert said[1] == (
            *("outcome", "forbidden"),
            "bypass zone 3: charter 1 does not name zone 3 of shop",
        )

    play(main())


def test_an_order_whose_caller_has_gone_is_carried_to_its_end() -> None:
    async def main() -> None:
        rig = Rig()
        given = rig.give(BYPASS)
        await turns()
        given.cancel()
        await rig.settle(Outcome.DONE)
        await turns()
        assert rig.record.bodies[-1].outcome == "done"

    play(main())


def test_an_agent_that_stops_records_what_is_lost() -> None:
    async def main() -> None:
        rig = Rig()
        given = rig.give(BYPASS)
        await turns()
        await rig.orders.stop()
        assert rig.record.bodies[-1].outcome == "lost"
        assert (await given).obeyed.detail == "the agent stops"
        await rig.orders.stop()

    play(main())


def test_a_panel_that_never_answers_leaves_an_open_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ORDER_S_MAX", 0.01)

    async def main() -> None:
        rig = Rig()
        assert (await rig.give(BYPASS)).obeyed.outcome is Outcome.UNANSWERED
        await rig.settle(Outcome.DONE)
        await turns()
        assert [one.outcome for one in rig.record.bodies] == [None, "unanswered"], "told once"

    play(main())


def test_a_panel_that_is_not_there_is_no_order() -> None:
    async def main() -> None:
        rig = Rig()
        with pytest.raises(ValueError, match="there are: shop"):
            await rig.orders.give("hall", BYPASS, ALICE)
        assert rig.record.bodies == []

    play(main())


@pytest.mark.parametrize(
    ("request_", "command"),
    [
        ({"act": "bypass", "zone": 3}, BYPASS),
        ({"act": "disarm", "area": 1, "code": "1234", "zone": None}, DISARM),
        ({"act": "status"}, Command(act=Act.STATUS)),
    ],
)
def test_requests_are_read(request_: Mapping[str, Any], command: Command) -> None:
    assert command_of(request_) == command


@pytest.mark.parametrize(
    ("request_", "cause"),
    [
        ({}, "'act' is one of: status, "),
        ({"act": ["bypass"]}, "'act' is one of"),
        ({"act": "bypass"}, "number of the zone"),
        ({"act": "bypass", "zone": "3"}, "'zone' is a number"),
        ({"act": "bypass", "zone": True}, "'zone' is a number"),
        ({"act": "bypass", "zone": 0}, "outside 1"),
        ({"act": "arm_away", "area": 1.5}, "'area' is a number"),
        ({"act": "disarm", "code": 1234}, "'code' is a text"),
        ({"act": "disarm", "code": "12x4"}, "a user code is"),
    ],
)
def test_requests_of_no_sense_are_refused(request_: Mapping[str, Any], cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        command_of(request_)
