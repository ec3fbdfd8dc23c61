"""The newest event is timestamped once a day.

What is said and when is tests/daemon/test_heads.py's.
"""

import asyncio
from pathlib import Path

import pytest

from edge_agent import limits
from edge_agent.daemon import anchoring, children
from edge_agent.daemon.heads import Brought, Head
from edge_agent.domain.event import EventType
from edge_agent.evidence.anchor import TOKEN_BYTES_MAX, AnchorBody
from edge_agent.evidence.cited import Place

HEAD = Head(Place(b"epoch--1", 7), bytes(range(32)), b"envelope")
CONFIG = Path("/etc/gw.toml")


def test_a_token_is_an_event_about_the_head() -> None:
    errand = anchoring.anchoring(CONFIG)
    assert (errand.type, errand.every_s) == (EventType.ANCHOR, limits.ANCHOR_EVERY_S)
    assert AnchorBody.from_body(errand.body(HEAD, b"token")) == AnchorBody(
        HEAD.place, HEAD.leaf, b"token"
    )


def brought(output: bytes | Exception, monkeypatch: pytest.MonkeyPatch) -> Brought:
    async def run(*arguments: str, s_max: float) -> bytes:
        told = ("anchor", "--json", "--hash", HEAD.leaf.hex(), "--config", "/etc/gw.toml")
        assert (arguments, s_max) == (told, limits.ANCHOR_S_MAX)
        if isinstance(output, Exception):
            raise output
        return output

    monkeypatch.setattr(children, "run", run)
    return asyncio.run(anchoring.ask(CONFIG, HEAD))


def test_a_child_brings_it_or_says_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert brought(b'{"token": "ff", "trouble": null}', monkeypatch) == Brought(b"\xff")
    told = brought(b'{"token": null, "trouble": "away"}', monkeypatch)
    assert told == Brought(trouble="away")
    long = b'{"token": "' + b"00" * (TOKEN_BYTES_MAX + 1) + b'", "trouble": null}'
    assert "at most" in brought(long, monkeypatch).trouble
    assert "did not end" in brought(children.Failed("it did not end"), monkeypatch).trouble
