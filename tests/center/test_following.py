"""Looking again and again: what is new, what was replaced, what refuses."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.center import salvage, schema
from edge_agent.center.following import Aloud, Follower
from edge_agent.center.layout import CenterError, Layout
from tests.center.world import FakeCenter, FakeGateway


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def center(tmp_path: Path, gateway: FakeGateway) -> FakeCenter:
    made = FakeCenter(tmp_path, gateway)
    made.take(gateway.start(), *gateway.events(3))
    return made


@pytest.fixture
def follower(center: FakeCenter) -> Iterator[Follower]:
    with closing(Follower(center.file)) as made:
        yield made


def seen(follower: Follower) -> tuple[int, int, bool] | None:
    look = follower.look()
    return None if look is None else (look.after, look.newest, look.is_another)


def test_what_is_new_is_told_once(
    follower: Follower, center: FakeCenter, gateway: FakeGateway
) -> None:
    assert seen(follower) == (0, 4, True)
    assert seen(follower) is None
    center.take(*gateway.events(2))
    assert seen(follower) == (4, 6, False)
    assert seen(follower) is None


def test_where_nothing_was_written_no_table_is_read(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert seen(follower) is not None
    asked: list[str] = []
    connection = follower._connection
    assert connection is not None
    connection.set_trace_callback(asked.append)
    assert seen(follower) is None
    assert asked == ["PRAGMA data_version"]


def test_what_could_not_be_read_is_told_again(
    follower: Follower, center: FakeCenter, gateway: FakeGateway
) -> None:
    seen(follower)
    center.take(*gateway.events(2))
    assert seen(follower) == (4, 6, False)
    follower.failed(sqlite3.OperationalError("disk I/O error"))
    assert follower.refusal == "disk I/O error"
    assert seen(follower) == (4, 6, False)
    assert follower.refusal == ""


def test_a_first_look_in_vain_is_the_first_again(follower: Follower) -> None:
    """Seen to fail: all that was ever stored was told as new, with a bell for each alarm."""
    assert seen(follower) == (0, 4, True)
    follower.failed(sqlite3.OperationalError("database is locked"))
    assert seen(follower) == (0, 4, True)
    assert seen(follower) is None
    follower.failed(sqlite3.OperationalError("database is locked"))
    assert seen(follower) == (0, 4, False), "it was taken"


def test_a_database_that_takes_the_place_of_another_is_begun_with(
    follower: Follower, center: FakeCenter, gateway: FakeGateway
) -> None:
    seen(follower)
    salvage.set_aside(Layout(center.file.parent), 1)
    assert seen(follower) is None, "nothing is there yet"
    other = FakeCenter(center.file.parent, gateway)
    other.take(gateway.start())
    assert seen(follower) == (0, 1, True)


def test_a_damaged_one_refuses_until_it_is_replaced(
    follower: Follower, center: FakeCenter, gateway: FakeGateway
) -> None:
    seen(follower)
    follower.close()
    center.connection.close()
    center.file.write_bytes(b"no database" * 999)
    assert seen(follower) is None
    assert "not a database" in follower.refusal
    salvage.set_aside(Layout(center.file.parent), 1)
    with closing(schema.open_for_writing(center.file)):
        assert seen(follower) == (0, 0, True)
    assert follower.refusal == ""


def test_where_there_is_none_at_the_start_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(CenterError, match="not there yet"):
        Follower(tmp_path / "events.db")


def test_a_refusal_is_said_once_and_its_end_once(capsys: pytest.CaptureFixture[str]) -> None:
    aloud = Aloud("en")
    for refusal in ("", "locked", "locked", "", ""):
        aloud.tell(refusal)
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "edge-center: nothing can be read, trying again: locked",
        "edge-center: reading again",
    ]
    Aloud("zh").tell("locked")
    assert capsys.readouterr().err == "edge-center: 无法读取，正在重试：locked\n"
