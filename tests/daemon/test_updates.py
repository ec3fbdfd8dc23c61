"""Each step of an update is recorded, durably, under the name of whoever gave the order."""

import asyncio
from typing import Any

import pytest

from edge_agent.control.access import may
from edge_agent.control.socket import Peer
from edge_agent.daemon import updates
from edge_agent.daemon.updates import WORDS, Updates
from edge_agent.domain.access import Role
from edge_agent.evidence.bodies import ActBody
from edge_agent.update.marker import Word

GOOD = {"word": "begun", "detail": "from 1.0 to 2.0", "by": "Li Na", "digest": "ab" * 32}


def record(request: dict[str, Any], *, durable: bool = True) -> ActBody:
    acts: list[ActBody] = []

    async def run() -> None:
        def vow(body: ActBody) -> asyncio.Future[None]:
            acts.append(body)
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            if durable:
                future.set_result(None)
            return future

        await Updates(vow).handlers["update"](request, Peer(0))

    asyncio.run(run())
    (act,) = acts
    return act


def test_a_step_is_an_event() -> None:
    act = record(GOOD)
    assert (act.what, act.actor, act.outcome) == ("update", "Li Na", "begun")
    assert (act.detail, act.digest) == ("from 1.0 to 2.0", b"\xab" * 32)
    assert ActBody.from_body(act.to_body()) == act


def test_without_a_name_it_is_whoever_asks() -> None:
    act = record({"word": "refused", "detail": "no", "by": " ", "digest": ""})
    assert (act.actor, act.digest) == ("root (uid 0)", None)


@pytest.mark.parametrize(
    "wrong",
    [{"word": "done"}, {"word": None}, {"detail": 3}, {"digest": "xy"}, {"digest": "ab"}],
)
def test_nonsense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="'"):
        record(GOOD | wrong)


def test_what_is_not_durable_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "ORDER_RECORD_S_MAX", 0.01)
    with pytest.raises(ValueError, match="cannot be recorded"):
        record(GOOD, durable=False)


def test_both_ends_have_the_same_words_and_no_role_may_say_them() -> None:
    assert {str(word) for word in Word} == set(WORDS)
    assert not any(may(frozenset({role}), "update") for role in Role)
