import sqlite3
import stat
from pathlib import Path

import pytest

from edge_agent.center import schema
from edge_agent.center.layout import CenterError
from edge_agent.center.turns import Turns
from tests.center.world import FakeCenter, FakeGateway


def test_a_new_database_is_durable_and_private(tmp_path: Path) -> None:
    file = tmp_path / "events.db"
    connection = schema.open_for_writing(file)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA wal_autocheckpoint").fetchone() == (0,)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    connection.close()


def test_a_database_of_another_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "events.db"
    schema.open_for_writing(file).close()
    other = sqlite3.connect(file)
    other.execute("PRAGMA user_version = 99")
    other.close()
    for open_it in (schema.open_for_writing, schema.open_for_reading):
        with pytest.raises(CenterError, match="another version"):
            open_it(file)


def test_reading_where_nothing_is_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(CenterError, match="edge-center serve"):
        schema.open_for_reading(tmp_path / "events.db")


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "events.db"
    file.write_bytes(b"hello" * 1000)
    with pytest.raises(CenterError, match=r"events\.db: file is not a database"):
        schema.open_for_reading(file)


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    file = tmp_path / "events.db"
    schema.open_for_writing(file).close()
    reader = schema.open_for_reading(file)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM event")
    reader.close()


def test_a_long_log_is_copied_back_and_starts_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "WAL_BYTES_MAX", 400_000)
    gateway = FakeGateway()
    center = FakeCenter(tmp_path, gateway)
    log = Path(f"{center.file}-wal")
    center.take(gateway.start())
    audit = schema.open_for_writing(center.file)
    schema.checkpoint(audit, center.turns)
    assert log.stat().st_size > 0, "a short log stays"
    while log.stat().st_size < schema.WAL_BYTES_MAX:
        center.take(b"".join(gateway.events(200)))
    schema.checkpoint(audit, Turns())
    assert log.stat().st_size == 0
    assert center.count("event") == gateway.peaks.size
    audit.close()
