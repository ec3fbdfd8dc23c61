"""What a machine brings up late is waited for: not long, and not when it has been up for long.

Seen to fail: with the wait not ended by either limit.
"""

from collections.abc import Iterator

import pytest

from edge_agent.evidence import booting
from edge_agent.evidence.booting import when_there

SECOND = 10**9


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    done: list[None] = []
    monkeypatch.setattr(booting, "pause", lambda: done.append(None))
    return done


def at(monkeypatch: pytest.MonkeyPatch, *seconds: int) -> Iterator[int]:
    """The machine was started so long ago, each time it is asked."""
    moments = iter(second * SECOND for second in seconds)
    monkeypatch.setattr(booting, "boottime_ns", lambda: next(moments))
    return moments


def absent() -> None:
    raise LookupError("not there")


def test_what_is_there_is_not_waited_for(pauses: list[None]) -> None:
    assert when_there(lambda: 7, LookupError) == 7
    assert not pauses


def test_what_comes_after_a_boot_is_found(
    monkeypatch: pytest.MonkeyPatch, pauses: list[None]
) -> None:
    at(monkeypatch, 5, 6, 7)
    assert when_there(lambda: 7 if len(pauses) == 2 else absent(), LookupError) == 7


@pytest.mark.parametrize("seconds", [(0, 9, 11), (55, 59, 61), (86_400, 86_400)])
def test_it_is_not_waited_for_for_long_nor_later(
    monkeypatch: pytest.MonkeyPatch, pauses: list[None], seconds: tuple[int, ...]
) -> None:
    moments = at(monkeypatch, *seconds)
    with pytest.raises(LookupError):
        when_there(absent, LookupError)
    assert list(moments) == []
    assert len(pauses) == len(seconds) - 2


def test_what_fails_otherwise_is_not_tried_again(pauses: list[None]) -> None:
    with pytest.raises(LookupError):
        when_there(absent, KeyError)
    assert not pauses


def test_a_boot_was_some_time_ago_and_a_pause_ends() -> None:
    before = booting.boottime_ns()
    booting.pause()
    assert booting.boottime_ns() > before > 0
