"""Takes the pieces of clips that this center asked for, and puts together what they make.

A piece is worth nothing by itself: whoever asked compares the whole with the hash in the clip's
signed event (`clip_cli.py`).  So here it is only bounded: nobody fills the disk unasked, and no
name leads out of the folder.
"""

import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from edge_agent.center.store import Arrival, Taken
from edge_agent.evidence import cbor
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.clip_piece import ClipPiece
from edge_agent.evidence.command import CLIP, CLIP_NAME

PART_BYTES_MAX = 64 << 20  # gateways keep recordings of half of it at most
ANSWERED_MS = 60_000  # so long after the gateway's word that all is sent, pieces still come
NAME = re.compile(r"[0-9]{6,12}-[0-9a-f]{6}")


class ClipSpool:
    """What comes on the topic of clips, in files below `folder`."""

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
            piece = ClipPiece.from_bytes(arrival.data)
        except Malformed:
            return "bad_clip"
        if not NAME.fullmatch(piece.clip) or not self._is_asked(arrival.gateway, piece, now_ms):
            return "unasked_clip"
        if piece.offset + len(piece.data) > PART_BYTES_MAX:
            return "large_clip"
        file = part_file(self._folder, arrival.gateway, piece.clip, piece.part)
        try:
            return "" if add(file, piece) else "torn_clip"
        except OSError:
            return "unwritten_clip"

    def _is_asked(self, gateway: str, piece: ClipPiece, now_ms: int) -> bool:
        row = self._connection.execute(
            "SELECT 1 FROM command WHERE gateway = ? AND what = ? AND body = ?"
            " AND (outcome IS NULL OR answered_ms > ?) LIMIT 1",
            (gateway, CLIP, cbor.encode({CLIP_NAME: piece.clip}), now_ms - ANSWERED_MS),
        ).fetchone()
        return row is not None


def part_file(folder: Path, gateway: str, clip: str, part: int) -> Path:
    """Return the file in which a part of a clip is put together."""
    return folder / gateway / f"{clip}.{part}"


def add(file: Path, piece: ClipPiece) -> bool:
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
