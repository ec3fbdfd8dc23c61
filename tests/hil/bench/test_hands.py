"""Hands: commands are run and judged, a person is asked and may decline."""

import asyncio
import os
from collections.abc import Iterator

import pytest

from tests.hil.bench.file import Hand
from tests.hil.bench.hands import HandError, Hands


def hand(*run: str) -> Hand:
    return Hand(panel="p", does="unplug", run=list(run))


@pytest.fixture
def typing() -> Iterator[int]:
    """A pipe in place of the terminal; returns its writing end."""
    saved = os.dup(0)
    read, write = os.pipe()
    os.dup2(read, 0)
    os.close(read)
    yield write
    os.dup2(saved, 0)
    os.close(saved)


def test_a_command_is_run_and_its_failure_is_told() -> None:
    async def run() -> None:
        with Hands(lambda _: None) as hands:
            await hands.do(hand("true"), 1)
            with pytest.raises(HandError, match="false: exit 1"):
                await hands.do(hand("false"), 1)
            with pytest.raises(HandError, match="no-such-relay: No such file"):
                await hands.do(hand("no-such-relay"), 1)

    asyncio.run(run())


def test_a_person_is_asked_and_may_decline(typing: int) -> None:
    asked: list[str] = []

    async def run() -> None:
        with Hands(asked.append) as hands:
            await hands.do(Hand(panel="p", does="unplug", ask="pull it"), 60)
            assert not hands.is_skipped()
            os.write(typing, b"sk")
            os.write(typing, b"ip\n")
            while not hands.is_skipped():
                await asyncio.sleep(0.01)
            await hands.do(Hand(panel="p", does="plug", ask="put it back"), 60)
            assert not hands.is_skipped(), "each request is declined by itself"
            os.close(typing)
            await asyncio.sleep(0.02)

    asyncio.run(run())
    assert asked[0] == ">> p: pull it  (within 60 s; or type skip)"
