"""Looks into the database again and again for what is new, while others write.

A look at a database that nobody wrote to reads no table of it.  It goes on where the database is
replaced by another (`serve` sets a damaged one aside) or cannot be read for a while: who watches at
night is told so, and sees what came as soon as it can be seen.
"""

import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path

from edge_agent.center import schema
from edge_agent.center.layout import CenterError
from edge_agent.language import Catalog

LOOK_S = 0.2  # between two looks: what is stored is shown well within a second
NEWEST = "SELECT coalesce(max(id), 0) FROM event"


_WORDS: dict[str, tuple[str, str]] = {
    "refused": ("nothing can be read, trying again: {why}", "无法读取，正在重试：{why}"),
    "again": ("reading again", "已恢复读取"),
}


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found: a database that was written to.

    Events that are new have numbers above `after`, whatever is asked for; the newest of all has
    number `newest` or above.  `is_another`: no look was taken into this database before.
    """

    connection: sqlite3.Connection
    after: int
    newest: int
    is_another: bool


class Follower:
    """Follows the database in one file; `refusal` says why the last look saw nothing."""

    def __init__(self, file: Path) -> None:
        """Open the database.  Raises CenterError where it is not usable."""
        self._file = file
        self._inode = _inode(file)
        self._connection: sqlite3.Connection | None = schema.open_for_reading(file)
        self._is_another = True
        self._began = False  # the last look was the first into its database
        self._version = -1
        self._after, self._newest = 0, 0
        self.refusal = ""

    def look(self) -> Look | None:
        """Return what was written since the last look, None where nothing was or none is possible.

        Whoever cannot read what was found says so by `failed`; else it counts as seen.
        """
        self._began = False
        try:
            return self._look()
        except (sqlite3.DatabaseError, CenterError) as error:
            self.failed(error)
            return None

    def failed(self, error: Exception) -> None:
        """Take it that the last look was in vain: the next one opens the database anew."""
        self.close()
        self.refusal = str(error)
        self._newest = self._after
        self._is_another = self._is_another or self._began

    def close(self) -> None:
        """Close the database."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _look(self) -> Look | None:
        connection = self._opened()
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        self.refusal = ""
        if version == self._version:
            return None
        # before what is new is read: what comes meanwhile is seen twice rather than never
        (newest,) = connection.execute(NEWEST).fetchone()
        self._version, self._after, self._newest = version, self._newest, int(newest)
        found = Look(connection, self._after, self._newest, self._is_another)
        self._is_another, self._began = False, self._is_another
        return found

    def _opened(self) -> sqlite3.Connection:
        inode = _inode(self._file)
        if inode not in (self._inode, None):
            self.close()
            self._is_another, self._after, self._newest = True, 0, 0
        if self._connection is None:
            self._connection = schema.open_for_reading(self._file)
            self._inode, self._version = inode, -1
        return self._connection


class Aloud:
    """Says on standard error once that nothing can be seen, and once that it can again."""

    def __init__(self, language: str) -> None:
        self._say = Catalog(_WORDS, language)
        self._refused = False

    def tell(self, refusal: str) -> None:
        """Take why nothing is seen, empty where it is."""
        if bool(refusal) is not self._refused:
            said = self._say("refused" if refusal else "again", why=refusal)
            print(f"edge-center: {said}", file=sys.stderr, flush=True)
        self._refused = bool(refusal)


def _inode(file: Path) -> int | None:
    try:
        return file.stat().st_ino
    except OSError:
        return None
