"""What is done about the newest event from time to time: what fails is said once."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from edge_agent import limits
from edge_agent.daemon.heads import Brought, Errand, Head, Kept, read, watch_heads
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import FindingBody, Severity
from edge_agent.evidence.cited import Place

HEAD = Head(Place(b"epoch--1", 7), bytes(range(32)), b"envelope")
FAILED = FindingBody(
    panel="@gateway",
    cause="errand_failed",
    severity=Severity.MAINTAIN,
    reasons=("evidence.errand",),
    remedy="try again",
)


async def never(_head: Head) -> Brought:
    raise AssertionError


def body(head: Head, data: bytes) -> Body:
    return {1: [head.place.epoch, head.place.seq], 2: data}


ERRAND = Errand("errand", EventType.ANCHOR, 86_400.0, never, body, FAILED)


def said(kept: Kept, brought: Brought) -> list[Body | FindingBody]:
    return [
        told if type_ == "anchor" else FindingBody.from_body(told)
        for type_, _, told in kept.take(HEAD, brought)
    ]


def test_what_was_brought_is_an_event_about_the_head() -> None:
    assert said(Kept(ERRAND), Brought(b"token")) == [{1: [b"epoch--1", 7], 2: b"token"}]


def test_a_trouble_is_said_once_and_its_end() -> None:
    kept = Kept(ERRAND)
    (found,) = said(kept, Brought(trouble="away"))
    assert isinstance(found, FindingBody)
    assert (found.cause, found.detail, found.over) == ("errand_failed", "away", False)
    assert said(kept, Brought(trouble="still away")) == []
    _, over = said(kept, Brought(b"token"))
    assert isinstance(over, FindingBody)
    assert over.over


def test_a_childs_answer_is_read() -> None:
    assert read(b'{"token": "ff", "trouble": null}', "do", "token", 4) == Brought(b"\xff")
    answer = b'{"token": null, "trouble": "away"}'
    assert read(answer, "do", "token", 4) == Brought(trouble="away")


@pytest.mark.parametrize(
    "output",
    [
        *(b"", b"[]", b"{}", b'{"token": "x", "trouble": null}'),
        b'{"token": null, "trouble": null}',
        json.dumps({"token": "00" * 5, "trouble": None}).encode(),
    ],
)
def test_an_answer_that_cannot_be_used_is_trouble(output: bytes) -> None:
    brought = read(output, "do", "token", 4)
    assert brought.trouble
    assert not brought.data


def test_it_is_done_as_often_as_wanted_and_after_a_failure_every_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 4:
            raise asyncio.CancelledError

    rounds: Iterator[Brought] = iter([Brought(trouble="away"), Brought(b"token")])
    heads: Iterator[Head | None] = iter([None, HEAD, HEAD])

    async def bring(head: Head) -> Brought:
        assert head == HEAD
        return next(rounds)

    notes: list[tuple[EventType, Lane, Body]] = []
    errand = Errand("errand", EventType.ANCHOR, 86_400.0, bring, body, FAILED)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(watch_heads(errand, lambda *note: notes.append(note), lambda: next(heads)))
    assert [type_ for type_, _, _ in notes] == ["finding", "anchor", "finding"]
    again = limits.HEAD_RETRY_S
    assert slept == [limits.HEAD_DELAY_S, again, again, 86_400.0]
