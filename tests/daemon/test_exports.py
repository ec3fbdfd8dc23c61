"""An export is recorded, durably, before anything is sealed; what makes no sense is refused."""

import asyncio
from typing import Any

import pytest

from edge_agent.control.socket import Peer
from edge_agent.daemon import exports as module
from edge_agent.daemon.exports import Exports
from edge_agent.evidence import cose
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.bundle import Seal
from edge_agent.evidence.cose import Domain
from tests.daemon.test_recorder import CLOCK
from tests.evidence.conftest import signer

KEY = signer(3)
GOOD = {"purpose": "case 17", "what": "span", "events": 3, "digest": "ab" * 32}


def ask(request: dict[str, Any], *, durable: bool = True) -> tuple[dict[str, str], list[ActBody]]:
    acts: list[ActBody] = []

    async def run() -> dict[str, str]:
        def vow(body: ActBody) -> asyncio.Future[None]:
            acts.append(body)
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            if durable:
                future.set_result(None)
            return future

        exports = Exports("gw1", KEY, CLOCK, vow)
        answer: dict[str, str] = await exports.handlers["export"](request, Peer(0))
        assert list(exports.sealed) == [b"\xab" * 32]
        return answer

    return asyncio.run(run()), acts


def test_it_is_recorded_with_actor_purpose_and_digest_and_sealed() -> None:
    answer, (act,) = ask(GOOD)
    message = cose.parse(bytes.fromhex(answer["seal"]))
    cose.verify(message, KEY.public, Domain.BUNDLE)
    seal = Seal.read(message)
    assert (act.what, act.actor, act.purpose) == ("export", "root (uid 0)", "case 17")
    assert act.digest == seal.digest == b"\xab" * 32
    assert (seal.gateway, seal.by, seal.events) == ("gw1", "gw1", 3)
    assert (seal.actor, seal.purpose) == (act.actor, act.purpose)


def test_what_cannot_be_recorded_is_not_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ORDER_RECORD_S_MAX", 0.01)
    with pytest.raises(ValueError, match="cannot be recorded"):
        ask(GOOD, durable=False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"purpose": ""},
        {"purpose": "  "},
        {"purpose": None},
        {"purpose": "x" * 201},
        {"what": 3},
        {"events": True},
        {"events": -1},
        {"digest": "ab"},
        {"digest": "xy" * 32},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="'"):
        ask(GOOD | wrong)
