"""`edge-center events`: what is stored, in both forms, and what comes."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_agent.center import cli, event_cli, show
from tests.center.test_cli import directory, filled
from tests.center.test_incidents import Site, site
from tests.center.world import FakeCenter

__all__ = ["directory", "filled", "site"]

NOW_MS = 1_795_000_000_000


def test_events_in_both_forms(
    directory: Path, filled: FakeCenter, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert cli.main(["events", str(directory), "--utc", "--limit", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert "/3  " in lines[1]
    assert cli.main(["events", str(directory), "--json", "--limit", "0", "--lane", "state"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["seq"] for one in found] == [0, 1, 2, 3]
    assert cli.main(["events", str(directory), "--gateway", "gw9"]) == 0
    assert "no event of this kind is stored" in capsys.readouterr().err


def test_a_time_that_is_none_ends_with_2(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["events", str(directory), "--since", "yesterday"]) == 2
    assert "give an age" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected_ms"),
    [
        ("90s", NOW_MS - 90_000),
        ("15min", NOW_MS - 900_000),
        ("1.5h", NOW_MS - 5_400_000),
        ("3d", NOW_MS - 259_200_000),
        ("2026-11-23T08:00+08:00", 1_795_392_000_000),
    ],
)
def test_since_takes_ages_and_times(text: str, expected_ms: int) -> None:
    assert event_cli.since_ms(text, NOW_MS) == expected_ms


@pytest.mark.parametrize("text", ["", "h", "3", "-", "nan h", "infd", "1e999h", "2026-13-01"])
def test_since_refuses_the_rest(text: str) -> None:
    with pytest.raises(ValueError, match="--since"):
        event_cli.since_ms(text, NOW_MS)


class Turns:
    """In place of a pause between two looks, something happens; after the last comes Ctrl-C."""

    def __init__(self, *turns: Callable[[], object]) -> None:
        self._turns = iter(turns)

    def wait(self, _: float) -> None:
        for turn in self._turns:
            turn()
            return
        raise KeyboardInterrupt


def test_what_comes_is_printed_as_it_comes(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one kind only: what else came is not looked at again and again."""
    looked: list[int] = []
    select = show.select

    def watched(
        connection: sqlite3.Connection, wanted: show.Wanted, after: int
    ) -> Iterator[show.Shown]:
        looked.append(after)
        return select(connection, wanted, after)

    monkeypatch.setattr(show, "select", watched)
    turns = Turns(
        lambda: site.center.take(*site.gateway.events(2)),
        lambda: site.center.take(site.gateway.start()),
        lambda: None,
    )
    monkeypatch.setattr(event_cli, "Event", lambda: turns)
    assert site.run("events", "--follow", "--json", "--type", "genesis") == 130
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["number"] for one in found] == [1, 4]
    assert looked == [1, 3]
