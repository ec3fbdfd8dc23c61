"""Files in pieces: all of it, in order, also of a file that is removed meanwhile."""

import asyncio
from pathlib import Path

import pytest

from edge_agent.cameras.take import DiskThread
from edge_agent.cameras.trouble import CameraError
from edge_agent.daemon.sending import pieces
from edge_agent.evidence.piece import BYTES_MAX, Piece


def read(*files: Path, removed: bool = False) -> list[Piece]:
    async def all_of_it() -> list[Piece]:
        disk, found = DiskThread(), []
        try:
            async for piece in pieces("000001-abcdef", files, disk.do):
                found.append(piece)
                for file in files if removed else ():
                    file.unlink(missing_ok=True)
        finally:
            disk.close()
        return found

    return asyncio.run(all_of_it())


@pytest.mark.parametrize("removed", [False, True])
def test_every_part_comes_whole_and_in_order(tmp_path: Path, removed: bool) -> None:
    contents = [b"a" * (2 * BYTES_MAX + 5), b"b" * BYTES_MAX]
    files = [tmp_path / name for name in ("one", "two")]
    for file, data in zip(files, contents, strict=True):
        file.write_bytes(data)
    found = read(*files, removed=removed)
    assert [(one.part, one.offset, len(one.data)) for one in found] == [
        (0, 0, BYTES_MAX), (0, BYTES_MAX, BYTES_MAX), (0, 2 * BYTES_MAX, 5), (1, 0, BYTES_MAX),
    ]  # fmt: skip
    for part, data in enumerate(contents):
        assert b"".join(one.data for one in found if one.part == part) == data


def test_a_file_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="refuses"):
        read(tmp_path / "gone")
