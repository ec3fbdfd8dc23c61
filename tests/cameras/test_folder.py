"""The folder of clips: names, order, modes, and what a crash leaves."""

import os
import stat
from pathlib import Path

from edge_agent.cameras.folder import ClipFolder


def store(folder: ClipFolder, *parts: bytes) -> str:
    clip = folder.name()
    for number, data in enumerate(parts, 1):
        descriptor = folder.create(clip, number, "jpg")
        os.write(descriptor, data)
        os.close(descriptor)
    folder.keep(clip)
    return clip


def test_clips_are_held_in_the_order_of_storing_whatever_the_clock_says(tmp_path: Path) -> None:
    folder = ClipFolder(tmp_path / "clips")
    first, second = store(folder, b"ab", b"c"), store(folder, b"d")
    folder.date(first, 5 * 10**18)
    assert [(one.clip, one.size) for one in folder.held()] == [(first, 3), (second, 1)]
    assert folder.held()[0].kept_ns == 5 * 10**18
    assert [file.read_bytes() for file in folder.parts(first)] == [b"ab", b"c"]
    assert first.startswith("000001-")
    assert ClipFolder(tmp_path / "clips").name().startswith("000003-")


def test_only_the_owner_can_read(tmp_path: Path) -> None:
    folder = ClipFolder(tmp_path / "clips")
    (file,) = folder.parts(store(folder, b"x"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_what_a_crash_left_goes_and_the_rest_stays(tmp_path: Path) -> None:
    folder = ClipFolder(tmp_path / "clips")
    whole = store(folder, b"x")
    torn = folder.name()
    os.close(folder.create(torn, 1, "jpg"))
    assert [one.clip for one in folder.held()] == [whole]
    folder.clean()
    assert [file.name for file in sorted((tmp_path / "clips").iterdir())] == [f"{whole}.1.jpg"]


def test_clips_go(tmp_path: Path) -> None:
    folder = ClipFolder(tmp_path / "clips")
    clip = store(folder, b"x", b"y")
    os.close(folder.create(clip, 3, "jpg"))
    folder.drop(clip, 3, "jpg")
    folder.drop(clip, 4, "jpg")
    folder.remove(clip)
    assert folder.held() == []
    assert list((tmp_path / "clips").iterdir()) == []


def test_without_a_folder_there_is_nothing(tmp_path: Path) -> None:
    folder = ClipFolder(tmp_path / "no" / "clips")
    folder.clean()
    assert (folder.held(), folder.parts("x")) == ([], [])
    assert folder.free_bytes() > 0


def test_foreign_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("x")
    folder = ClipFolder(tmp_path)
    folder.clean()
    assert folder.held() == []
    assert (tmp_path / "note.txt").exists()
