"""Commands: what is not allowed goes nowhere, and how many may wait."""

import pytest

from edge_agent.domain.command import ALLOWS, Act, Command, Outcome
from edge_agent.domain.session import Obeyed
from edge_agent.limits import COMMANDS_MAX
from edge_agent.link.desk import Desk
from tests.link.rig import run

DISARM = Command(act=Act.DISARM, area=1, code="1234")


@pytest.mark.parametrize("act", Act)
def test_only_what_the_site_allows_reaches_a_session(act: Act) -> None:
    async def main() -> None:
        for allow in (
            frozenset[str](),
            frozenset({"bypass"}),
            frozenset({"arm", "clock"}),
            frozenset({"disarm"}),
        ):
            desk = Desk(allow)
            desk.open(lambda: None)
            asked = desk.ask(Command(act=act))
            word = ALLOWS[act]
            if word is None or word in allow:
                assert [taken.command.act for taken in desk.take()] == [act]
                assert not asked.done()
            else:
                assert desk.take() == []
                assert asked.result().outcome is Outcome.FORBIDDEN
                assert word in asked.result().detail

    run(main())


def test_the_outcome_is_told_once_and_to_the_right_one() -> None:
    async def main() -> None:
        woken = []
        desk = Desk(frozenset({"disarm"}))
        desk.open(lambda: woken.append(1))
        first, second = desk.ask(DISARM), desk.ask(DISARM)
        assert len(woken) == 2
        one, other = desk.take()
        assert desk.take() == [], "each is given once"
        desk.settle(Obeyed(other.id, Outcome.REFUSED, "wrong code"))
        desk.settle(Obeyed(other.id, Outcome.DONE))
        desk.settle(Obeyed(99, Outcome.DONE))
        assert not first.done()
        assert second.result() == Obeyed(other.id, Outcome.REFUSED, "wrong code")
        first.cancel()  # whoever asked has gone
        desk.settle(Obeyed(one.id, Outcome.DONE))

    run(main())


def test_commands_that_wait_are_bounded() -> None:
    async def main() -> None:
        desk = Desk()
        desk.open(lambda: None)
        asked = [desk.ask(Command(act=Act.STATUS)) for _ in range(COMMANDS_MAX + 1)]
        assert [one.done() for one in asked] == [False] * COMMANDS_MAX + [True]
        assert asked[-1].result().outcome is Outcome.REFUSED
        assert len(desk.take()) == COMMANDS_MAX

    run(main())
