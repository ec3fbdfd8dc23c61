"""A journal's folder that cannot be used at start."""

import errno
from pathlib import Path

import pytest

from edge_agent.journal import AbsentDisk, FolderDisk, JournalLocked, open_disk


def absent(tmp_path: Path) -> AbsentDisk:
    """Return the disk of a folder that stands where a file is."""
    (tmp_path / "card").write_text("no folder")
    disk = open_disk(tmp_path / "card" / "journal")
    assert isinstance(disk, AbsentDisk)
    return disk


def test_a_usable_folder_is_itself(tmp_path: Path) -> None:
    disk = open_disk(tmp_path)
    assert isinstance(disk, FolderDisk)
    with pytest.raises(JournalLocked):
        open_disk(tmp_path)
    disk.close()


def test_it_refuses_until_the_folder_can_be_made(tmp_path: Path) -> None:
    disk = absent(tmp_path)
    assert disk.names() == []
    with pytest.raises(NotADirectoryError):
        disk.create("a")
    (tmp_path / "card").unlink()
    disk.create("a").close()
    disk.sync()
    disk.rename("a", "b")
    disk.link("b", "c")
    disk.remove("b")
    disk.open("c").close()
    assert sorted(disk.names()) == ["c", "journal.lock"]
    disk.close()


def test_a_journal_found_there_later_is_not_touched(tmp_path: Path) -> None:
    """Its events were not recovered: writing beside them would mix two runs."""
    disk = absent(tmp_path)
    (tmp_path / "card").unlink()
    other = FolderDisk(tmp_path / "card" / "journal")
    other.create("00000001.seg").close()
    with pytest.raises(OSError, match="in use by process") as caught:
        disk.create("00000002.seg")
    assert caught.value.errno == errno.EBUSY
    other.close()
    with pytest.raises(FileExistsError, match="restart the agent"):
        disk.create("00000002.seg")
    disk.close()
