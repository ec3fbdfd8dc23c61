"""Takes the pieces of files that this center asked for, and puts together what they make.

A piece is worth nothing by itself: whoever asked compares the whole with the hash that the gateway
signed, in a clip's event (`clip_cli.py`) or in its reply (`bundle_cli.py`).  So here it is only
bounded: nobody fills the disk unasked, and no name leads out of the folder.  What whoever asked
never fetched is removed when the next file of that gateway begins.
"""

import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from edge_agent.center.store import Arrival, Taken
from edge_agent.clock import SystemClock
from edge_agent.evidence import cbor
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import BUNDLE, BUNDLE_FORM, BUNDLE_NAME, CLIP, CLIP_NAME
from edge_agent.evidence.piece import Piece

PART_BYTES_MAX = 64 << 20  # gateways keep recordings of half of it at most
ANSWERED_MS = 60_000  # so long after the gateway's word that all is sent, pieces still come
CLIP_FORM = re.compile(r"[0-9]{6,12}-[0-9a-f]{6}")
LAST_PIECES_S = 20.0  # the gateway's word may be here before the last pieces are written
LOOK_S = 0.2


class Spool:
    """What comes on the topic of files, in files below `folder`."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self._folder = folder
        self._connection = connection

    def has_work(self) -> bool:
        """Tell whether `take` should be called although nothing came: never."""
        return False

    def take(self, arrivals: Sequence[Arrival], now_ms: int) -> Taken:
        """Add the pieces to their files.  Raises sqlite3.Error."""
        taken = Taken()
        for arrival in arrivals:
            what = self._refusal(arrival, now_ms)
            if what:
                taken.counts[arrival.gateway, what] += 1
        return taken

    def _refusal(self, arrival: Arrival, now_ms: int) -> str:
        """Add a piece; return why it was passed over, empty where it was not."""
        try:
            piece = Piece.from_bytes(arrival.data)
        except Malformed:
            return "bad_piece"
        if not self._is_asked(arrival.gateway, piece.name, now_ms):
            return "unasked_piece"
        if piece.offset + len(piece.data) > PART_BYTES_MAX:
            return "large_piece"
        file = part_file(self._folder, arrival.gateway, piece.name, piece.part)
        try:
            if piece.part == piece.offset == 0:
                self._remove_unfetched(arrival.gateway, now_ms)
            return "" if add(file, piece) else "torn_piece"
        except OSError:
            return "unwritten_piece"

    def _remove_unfetched(self, gateway: str, now_ms: int) -> None:
        """Remove what nobody waits for any more.  Raises OSError."""
        for file in (self._folder / gateway).glob("*"):
            if not self._is_asked(gateway, file.stem, now_ms):
                file.unlink(missing_ok=True)  # whoever asked may do so at this moment

    def _is_asked(self, gateway: str, name: str, now_ms: int) -> bool:
        what, key, form = (CLIP, CLIP_NAME, CLIP_FORM)
        if name.startswith(BUNDLE):
            what, key, form = (BUNDLE, BUNDLE_NAME, BUNDLE_FORM)
        if not form.fullmatch(name):
            return False
        rows = self._connection.execute(
            "SELECT body FROM command WHERE gateway = ? AND what = ?"
            " AND (outcome IS NULL OR answered_ms > ?)",
            (gateway, what, now_ms - ANSWERED_MS),
        )
        return any(cbor.decode_map(body).get(key) == name for (body,) in rows)


def part_file(folder: Path, gateway: str, name: str, part: int) -> Path:
    """Return the file in which a part of what is called `name` is put together."""
    return folder / gateway / f"{name}.{part}"


def add(file: Path, piece: Piece) -> bool:
    """Write a piece where it belongs; False where there is a hole before it.  Raises OSError.

    The first begins anew, so that what was sent twice is one file.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600)
    with file.open("r+b") as target:
        if piece.offset > target.seek(0, 2):
            return False
        target.truncate(piece.offset)
        target.seek(piece.offset)
        target.write(piece.data)
    return True


def await_files(files: Sequence[Path], sizes: Sequence[int]) -> None:
    """Wait until each is as large as it should be, a while at most."""
    clock, pause = SystemClock(), Event()
    until_ns = clock.boottime_ns() + round(LAST_PIECES_S * 1e9)
    while clock.boottime_ns() < until_ns and not all(
        file.exists() and file.stat().st_size >= size
        for file, size in zip(files, sizes, strict=True)
    ):
        pause.wait(LOOK_S)
