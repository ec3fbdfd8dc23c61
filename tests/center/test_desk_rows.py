"""Rows of commands and dispositions: what an old database has of them, and what settles them."""

import contextlib
import sqlite3
from pathlib import Path

from edge_agent.center import desk_rows
from edge_agent.evidence.signers import Ed25519Signer


def test_a_database_that_knows_no_dispositions_has_none(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "old.db")) as connection:
        key = Ed25519Signer.generate().public
        assert list(desk_rows.dispositions(connection, key)) == []
