"""Reads a clip in pieces, for a center that asked for it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from edge_agent.cameras.take import DiskThread
from edge_agent.evidence.clip_piece import BYTES_MAX, ClipPiece


async def pieces(clip: str, files: Sequence[Path], disk: DiskThread) -> AsyncIterator[ClipPiece]:
    """Yield the pieces of a clip, part by part, in order.  Raises CameraError.

    Its files are opened at once: one that is removed meanwhile is read to its end all the same.
    """
    with ExitStack() as opened:
        sources = [opened.enter_context(await disk.do(_open, file)) for file in files]
        for part, source in enumerate(sources):
            offset = 0
            while data := await disk.do(source.read, BYTES_MAX):
                yield ClipPiece(clip=clip, part=part, offset=offset, data=data)
                offset += len(data)


def _open(file: Path) -> BinaryIO:
    return file.open("rb")
