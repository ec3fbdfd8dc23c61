"""What the agent says of renewals: each new certificate, a trouble once, and its end."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent import limits
from edge_agent.daemon import children
from edge_agent.daemon.renewal_watch import Renewals, Renewed, read, renew, watch_renewal
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import ActBody, FindingBody


def said(renewals: Renewals, renewed: Renewed) -> list[ActBody | FindingBody]:
    return [
        ActBody.from_body(body) if type_ == "act" else FindingBody.from_body(body)
        for type_, _, body in renewals.take(renewed)
    ]


def test_a_new_certificate_is_an_act() -> None:
    (act,) = said(Renewals(), Renewed((("center", "2029-01-01"),)))
    assert act == ActBody("renew", "agent", "certificate for center center, until 2029-01-01")


def test_nothing_due_is_nothing_to_say() -> None:
    assert said(Renewals(), Renewed()) == []


def test_a_trouble_is_said_once_and_its_end() -> None:
    renewals = Renewals()
    (found,) = said(renewals, Renewed(trouble="center: refused"))
    assert isinstance(found, FindingBody)
    assert (found.cause, found.detail, found.over) == ("renewal_failed", "center: refused", False)
    assert said(renewals, Renewed(trouble="center: away")) == []
    act, over = said(renewals, Renewed((("center", "2029-01-01"),)))
    assert isinstance(act, ActBody)
    assert isinstance(over, FindingBody)
    assert over.over


def test_a_childs_answer_is_read() -> None:
    centers = [
        {"center": "a", "what": "renewed", "until": "2029-01-01", "trouble": None},
        {"center": "b", "what": "not due", "until": None, "trouble": None},
        {"center": "c", "what": "", "until": None, "trouble": "away"},
    ]
    answer = json.dumps({"centers": centers}).encode()
    assert read(answer) == Renewed((("a", "2029-01-01"),), "c: away")


@pytest.mark.parametrize("output", [b"", b"[]", b"{}", b'{"centers": [1]}', b"\xff"])
def test_an_answer_that_cannot_be_read_is_trouble(output: bytes) -> None:
    assert read(output).trouble


def test_a_child_that_fails_is_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*arguments: str, s_max: float) -> bytes:
        assert arguments == ("renew", "--json", "--config", "/etc/gateway.toml")
        raise children.Failed(f"it did not end within {s_max:.0f} s")

    monkeypatch.setattr(children, "run", fail)
    assert "did not end" in asyncio.run(renew(Path("/etc/gateway.toml"))).trouble


def test_it_is_tried_every_day(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise asyncio.CancelledError

    rounds: Iterator[Renewed] = iter([Renewed(), Renewed((("a", "2029-01-01"),))])

    async def renew_once() -> Renewed:
        return next(rounds)

    notes: list[tuple[EventType, Lane, Body]] = []
    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(watch_renewal(lambda *note: notes.append(note), renew_once))
    assert [type_ for type_, _, _ in notes] == ["act"]
    assert slept == [limits.RENEWAL_DELAY_S, *[limits.RENEWAL_LOOK_S] * 2]
