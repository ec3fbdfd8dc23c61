"""Damage of the center's database: what is readable comes back, what is not shows as missing.

Seen to fail with a salvage that stops at the first page it cannot read, and with one that takes
over what was changed in the file.
"""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.center import salvage, schema
from edge_agent.center.layout import Layout
from edge_agent.center.salvage import Salvage
from edge_agent.center.store import Office
from tests.center.world import NOW_MS, FakeCenter, FakeGateway, rows

PAGE_BYTES = 4096
EVENTS = 400


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def old(tmp_path: Path, gateway: FakeGateway) -> FakeCenter:
    """A center that took many events, and is closed."""
    center = FakeCenter(tmp_path, gateway)
    center.take(gateway.start())
    for _ in range(EVENTS // 10):
        center.take(*gateway.events(10))
    center.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    center.connection.close()
    return center


def page_of(file: Path, seq: int) -> int:
    """The page of the table that holds event `seq`."""
    with closing(sqlite3.connect(file)) as connection:
        (envelope,) = connection.execute(
            "SELECT envelope FROM event WHERE seq = ?", (seq,)
        ).fetchone()
    return file.read_bytes().index(envelope) // PAGE_BYTES


def spoil(file: Path, page: int, count: int = 1) -> None:
    with file.open("r+b") as opened:
        opened.seek(page * PAGE_BYTES)
        opened.write(b"\xaa" * PAGE_BYTES * count)


def salvaged(old: FakeCenter, tmp_path: Path) -> tuple[FakeCenter, Salvage]:
    """Set the old database aside and salvage it into a new one; the old file stays as it is."""
    aside = salvage.set_aside(Layout(tmp_path), NOW_MS)
    before = aside.read_bytes()
    new = FakeCenter(tmp_path)
    office = Office(center="center", signer=old.signer, roster=old.roster, turns=new.turns)
    work = Salvage(aside, office, new.connection)
    for _ in work.run():
        pass
    assert aside.read_bytes() == before
    return new, work


def test_an_unharmed_one_comes_back_whole(old: FakeCenter, tmp_path: Path) -> None:
    new, work = salvaged(old, tmp_path)
    assert (work.found.events, work.found.damages) == (EVENTS + 1, 0)
    assert work.found.receipts == new.count("receipt") > 0
    assert rows(new.connection, "SELECT DISTINCT received_ms FROM event") == [(NOW_MS,)]
    assert new.counters()["stored"] == EVENTS + 1


def test_what_stands_beside_a_damaged_page_comes_back(old: FakeCenter, tmp_path: Path) -> None:
    spoil(old.file, page_of(old.file, 200))
    new, work = salvaged(old, tmp_path)
    stored = {row[0] for row in rows(new.connection, "SELECT seq FROM event")}
    lost = set(range(EVENTS + 1)) - stored
    assert 0 < len(lost) <= PAGE_BYTES // 200
    assert 200 in lost
    assert work.found.damages >= 1
    (missing,) = rows(new.connection, "SELECT top + 1 - count FROM epoch")
    assert missing == (len(lost),), "the gap shows"
    assert work.found.receipts, "the receipts that speak of what is lost are kept"


def test_the_end_of_the_file_may_be_gone(old: FakeCenter, tmp_path: Path) -> None:
    with old.file.open("r+b") as opened:
        opened.truncate(page_of(old.file, 300) * PAGE_BYTES)
    new, work = salvaged(old, tmp_path)
    assert work.found.damages >= 1
    assert new.count("event") == work.found.events


@pytest.mark.parametrize("content", [b"", b"hello" * 5000])
def test_of_no_database_nothing_comes_and_nothing_breaks(
    old: FakeCenter, tmp_path: Path, content: bytes
) -> None:
    old.file.write_bytes(content)
    new, work = salvaged(old, tmp_path)
    assert work.found.events == 0
    assert work.found.damages >= 1
    assert new.count("event") == 0


def test_what_was_changed_in_the_file_is_not_believed(old: FakeCenter, tmp_path: Path) -> None:
    with closing(sqlite3.connect(old.file)) as connection:
        connection.execute(
            "UPDATE event SET envelope = zeroblob(300), received_ms = 'never' WHERE seq = 7"
        )
        (envelope,) = connection.execute("SELECT envelope FROM event WHERE seq = 8").fetchone()
        forged = envelope[:-1] + bytes([envelope[-1] ^ 1])
        connection.execute("UPDATE event SET envelope = ?, live = 'x' WHERE seq = 8", (forged,))
        connection.commit()
    new, work = salvaged(old, tmp_path)
    assert work.found.refused == 2
    assert work.found.events == EVENTS - 1
    assert new.counters()["forged"] == 1


def test_it_may_be_begun_again_and_is_done_once(old: FakeCenter, tmp_path: Path) -> None:
    aside = salvage.set_aside(Layout(tmp_path), NOW_MS)
    new = FakeCenter(tmp_path)
    office = Office(center="center", signer=old.signer, roster=old.roster, turns=new.turns)
    next(Salvage(aside, office, new.connection).run())  # and the process ends
    assert salvage.waiting(Layout(tmp_path)) == [aside]
    work = Salvage(aside, office, new.connection)
    for _ in work.run():
        pass
    assert work.found.doubles == salvage.SLICE_EVENTS
    assert new.count("event") == EVENTS + 1
    assert salvage.waiting(Layout(tmp_path)) == []
    report = json.loads(aside.with_suffix(".salvaged.json").read_text())
    assert report["events"] == EVENTS + 1 - salvage.SLICE_EVENTS


def test_two_set_aside_at_one_time_keep_apart(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    names = []
    for _ in range(2):
        layout.database.write_bytes(b"junk")
        Path(f"{layout.database}-wal").write_bytes(b"its log")
        names.append(salvage.set_aside(layout, NOW_MS))
    assert not layout.database.exists()
    assert [Path(f"{name}-wal").read_bytes() for name in names] == [b"its log"] * 2
    assert salvage.waiting(layout) == sorted(names)


def test_damage_is_told_from_what_passes(tmp_path: Path) -> None:
    file = tmp_path / "events.db"
    file.write_bytes(b"hello" * 1000)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        schema.open_for_writing(file)
    assert salvage.is_damage(caught.value)
    assert not salvage.is_damage(sqlite3.OperationalError("database or disk is full"))
