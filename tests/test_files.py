"""Small files are written whole, for their owner alone."""

import os
import stat
from pathlib import Path

import pytest

from edge_agent import files


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_never_replaces_another(tmp_path: Path) -> None:
    files.write_new(tmp_path / "a", b"1")
    with pytest.raises(FileExistsError):
        files.write_new(tmp_path / "a", b"2")
    assert (tmp_path / "a").read_bytes() == b"1"
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_files_and_folders_are_their_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        files.make_folder(tmp_path / "of" / "keys")
        files.write_new(tmp_path / "of" / "keys" / "a", b"1")
        files.replace(tmp_path / "of" / "keys" / "a", b"2")
    finally:
        os.umask(before)
    assert mode(tmp_path / "of" / "keys") == 0o700
    assert mode(tmp_path / "of" / "keys" / "a") == 0o600


def test_what_a_cut_off_run_left_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".a.new").write_bytes(b"half")
    files.replace(tmp_path / "a", b"whole")
    assert [file.name for file in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"whole"


def test_a_copy_leaves_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"new")
    files.copy(tmp_path / "source", tmp_path / "target")
    (tmp_path / "source").write_bytes(b"newer")
    files.copy(tmp_path / "source", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"new"


def test_a_link_is_pointed_elsewhere_in_one_step(tmp_path: Path) -> None:
    (tmp_path / ".link.new").symlink_to("left by a cut")
    files.point(tmp_path / "link", "one")
    files.point(tmp_path / "link", "two")
    assert (tmp_path / "link").readlink() == Path("two")
    assert [file.name for file in tmp_path.iterdir()] == ["link"]


def test_a_file_for_others_is_asked_for(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        files.replace(tmp_path / "a", b"1", 0o644)
    finally:
        os.umask(before)
    assert mode(tmp_path / "a") == 0o644


def test_a_rename_is_durable_before_anything_else_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is flushed after the name is in it, and the file before."""
    flushed: list[tuple[bool, list[str]]] = []
    original = os.fsync

    def fsync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        flushed.append((is_folder, sorted(one.name for one in tmp_path.iterdir())))
        original(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    files.replace(tmp_path / "a", b"1")
    assert flushed == [(False, [".a.new"]), (True, ["a"])]
    flushed.clear()
    files.point(tmp_path / "b", "a")
    assert flushed == [(True, ["a", "b"])]
