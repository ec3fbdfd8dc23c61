"""The real directory: modes, lock, links, short writes, unreadable blocks."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.journal import FolderDisk, JournalLocked
from edge_agent.journal.disk import read_blocks, write_all
from tests.journal.simdisk import Node, SimDisk

HOLDER = """
import sys
from pathlib import Path
from edge_agent.journal import FolderDisk
disk = FolderDisk(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(JournalLocked, match=f"process {holder.pid}.*systemctl stop") as caught:
            FolderDisk(tmp_path)
        assert caught.value.pid == holder.pid
        reader = FolderDisk(tmp_path, locked=False)
        assert reader.names() == ["journal.lock"]
        reader.close()
        holder.kill()
    FolderDisk(tmp_path).close()


def test_directory_and_files_are_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        disk = FolderDisk(tmp_path / "data" / "journal")
        disk.create("00000001.seg").close()
    finally:
        os.umask(before)
    folder = tmp_path / "data" / "journal"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    disk.close()


def test_a_file_is_written_read_cut_and_linked(tmp_path: Path) -> None:
    disk = FolderDisk(tmp_path)
    file = disk.create("a")
    write_all(file, 10, b"hello")
    file.sync()
    assert file.read(0, 100) == bytes(10) + b"hello"
    file.truncate(12)
    assert file.size() == 12
    file.close()
    disk.rename("a", "b")
    disk.link("b", "c")
    disk.remove("b")
    disk.sync()
    assert sorted(disk.names()) == ["c", "journal.lock"]
    with pytest.raises(FileExistsError):
        disk.create("c")
    with pytest.raises(FileNotFoundError):
        disk.open("b")
    disk.close()


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "00000001.seg").symlink_to("/etc/hostname")
    disk = FolderDisk(tmp_path)
    with pytest.raises(OSError, match="symbolic links"):
        disk.open("00000001.seg")
    disk.close()


def test_a_disk_that_takes_nothing_is_an_error() -> None:
    disk = SimDisk()
    file = disk.create("a")
    disk.take = lambda size: 0  # type: ignore[method-assign]
    with pytest.raises(OSError, match="took no bytes") as caught:
        write_all(file, 0, b"abc")
    assert caught.value.errno == errno.EIO


def test_unreadable_blocks_are_zeros_and_named() -> None:
    reads: list[str] = []

    def fail(operation: str, name: str) -> None:
        reads.append(operation)
        if len(reads) in {1, 3}:
            raise OSError(errno.EIO, "Input/output error")

    disk = SimDisk(fail)
    disk.nodes["a"] = Node(bytearray(b"x" * 25))
    data, unreadable = read_blocks(disk.open("a"), 25, 10)
    assert data == b"x" * 10 + bytes(10) + b"x" * 5
    assert unreadable == [10]
