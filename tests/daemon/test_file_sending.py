"""Files in pieces: all of it, in order, also of a file that is removed meanwhile."""

import asyncio
from pathlib import Path

import pytest

from edge_agent.cameras.take import DiskThread
from edge_agent.cameras.trouble import CameraError
from edge_agent.daemon.file_sending import pieces, send
from edge_agent.evidence.piece import BYTES_MAX, Piece
from edge_agent.limits import FILE_SEND_S_MAX


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


def test_all_of_it_has_one_time_however_fast_each_piece_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a file would hold up the next one for hours, beside a flood of events."""
    file = tmp_path / "one"
    file.write_bytes(bytes(3 * BYTES_MAX))
    given: list[bytes] = []

    async def work() -> None:
        loop, ahead_s = asyncio.get_running_loop(), [0.0]
        real = loop.time
        monkeypatch.setattr(loop, "time", lambda: real() + ahead_s[0])

        async def give(data: bytes) -> str:
            await asyncio.sleep(0)
            given.append(data)
            ahead_s[0] += 0.6 * FILE_SEND_S_MAX
            return ""

        await send("000001-abcdef", [file], asyncio.to_thread, give)

    with pytest.raises(ValueError, match="no room"):
        asyncio.run(work())
    assert len(given) == 2
