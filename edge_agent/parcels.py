"""Files that centers fetch in parts: kept for a while, served by number (shell).

Whatever is to be handed over is put in here by `offer`, and named by its SHA-256; what it is, who
asked for it and why is recorded by whoever puts it in.
"""

import asyncio
import contextlib
import hashlib
from pathlib import Path

from edge_agent import files
from edge_agent.commanding import DONE, Result
from edge_agent.evidence.command import CenterCommand, CommandRef
from edge_agent.evidence.parcel import PARCEL_BYTES_MAX, PART_BYTES, Parcel, PartAsked
from edge_agent.limits import PARCELS_MAX


class Parcels:
    """What waits to be fetched, in a folder of its own; the newest few are kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, name: str) -> Path:
        """Return where something can be made that is offered then; what is left there is removed.

        Blocks; raises OSError.
        """
        files.make_folder(self._folder)
        place = self._folder / f"{name}.making"
        place.unlink(missing_ok=True)
        return place

    def offer(self, made: Path) -> Parcel:
        """Take a file from `place`; blocks.  Raises OSError, ValueError where it is too large."""
        size = made.stat().st_size
        if not 0 < size <= PARCEL_BYTES_MAX:
            made.unlink()
            raise ValueError(f"{size} bytes, and at most {PARCEL_BYTES_MAX} are handed over")
        with made.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").digest()
        made.replace(self._folder / digest.hex())
        self._forget_old()
        return Parcel(digest, size)

    def _forget_old(self) -> None:
        kept = sorted(self._folder.glob("?" * 64), key=lambda one: one.stat().st_mtime_ns)
        for old in kept[:-PARCELS_MAX]:
            with contextlib.suppress(FileNotFoundError):
                old.unlink()

    async def part(self, command: CenterCommand, _ref: CommandRef) -> Result:
        """Hand over one part.  Raises Malformed, ValueError where there is none."""
        asked = PartAsked.from_body(command.body)
        return Result(DONE, facts=await asyncio.to_thread(self._read, asked))

    def _read(self, asked: PartAsked) -> bytes:
        try:
            with (self._folder / asked.digest.hex()).open("rb") as opened:
                opened.seek(asked.number * PART_BYTES)
                data = opened.read(PART_BYTES)
        except OSError as error:
            raise ValueError(
                f"that is not kept here any more: ask anew ({error.strerror})"
            ) from error
        if not data:
            raise ValueError("it has no such part")
        return data
