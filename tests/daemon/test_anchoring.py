"""The newest event is timestamped once a day; what fails is said once, and holds up nothing."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent import limits
from edge_agent.daemon import anchoring, children
from edge_agent.daemon.anchoring import Anchors, Asked, Head, read, watch_anchor
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.anchor import AnchorBody
from edge_agent.evidence.bodies import FindingBody
from edge_agent.evidence.cited import Place

LEAF = bytes(range(32))
HEAD = Head(Place(b"epoch--1", 7), LEAF)


def said(anchors: Anchors, asked: Asked) -> list[AnchorBody | FindingBody]:
    return [
        AnchorBody.from_body(body) if type_ == "anchor" else FindingBody.from_body(body)
        for type_, _, body in anchors.take(HEAD, asked)
    ]


def test_a_token_is_an_event_about_the_head() -> None:
    assert said(Anchors(), Asked(b"token")) == [AnchorBody(HEAD.place, HEAD.leaf, b"token")]


def test_a_trouble_is_said_once_and_its_end() -> None:
    anchors = Anchors()
    (found,) = said(anchors, Asked(trouble="away"))
    assert isinstance(found, FindingBody)
    assert (found.cause, found.detail, found.over) == ("anchor_failed", "away", False)
    assert said(anchors, Asked(trouble="still away")) == []
    anchor, over = said(anchors, Asked(b"token"))
    assert isinstance(anchor, AnchorBody)
    assert isinstance(over, FindingBody)
    assert over.over


def test_a_childs_answer_is_read() -> None:
    assert read(b'{"token": "ff", "trouble": null}') == Asked(b"\xff")
    assert read(b'{"token": null, "trouble": "away"}') == Asked(trouble="away")


@pytest.mark.parametrize(
    "output",
    [
        *(b"", b"[]", b"{}", b'{"token": "x", "trouble": null}'),
        b'{"token": null, "trouble": null}',
        json.dumps({"token": "00" * 20_000, "trouble": None}).encode(),
    ],
)
def test_an_answer_that_cannot_be_used_is_trouble(output: bytes) -> None:
    assert read(output).trouble
    assert not read(output).token


def test_a_child_that_fails_is_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*arguments: str, s_max: float) -> bytes:
        told = ("anchor", "--json", "--hash", LEAF.hex(), "--config", "/etc/gw.toml")
        assert arguments == told
        raise children.Failed(f"it did not end within {s_max:.0f} s")

    monkeypatch.setattr(children, "run", fail)
    assert "did not end" in asyncio.run(anchoring.ask(Path("/etc/gw.toml"), LEAF)).trouble


def test_it_is_asked_every_day_and_after_a_failure_every_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 4:
            raise asyncio.CancelledError

    rounds: Iterator[Asked] = iter([Asked(trouble="away"), Asked(b"token")])
    heads: Iterator[Head | None] = iter([None, HEAD, HEAD])

    async def ask_once(leaf: bytes) -> Asked:
        assert leaf == HEAD.leaf
        return next(rounds)

    notes: list[tuple[EventType, Lane, Body]] = []
    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(watch_anchor(lambda *note: notes.append(note), lambda: next(heads), ask_once))
    assert [type_ for type_, _, _ in notes] == ["finding", "anchor", "finding"]
    every, again = limits.ANCHOR_EVERY_S, limits.ANCHOR_RETRY_S
    assert slept == [limits.ANCHOR_DELAY_S, again, again, every]
