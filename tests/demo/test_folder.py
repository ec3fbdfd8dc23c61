"""Where a demo may live, and that it leaves nothing."""

from pathlib import Path

import pytest

from edge_agent.demo.folder import MARKER, DemoError, make


def test_nothing_is_left_of_a_folder_of_its_own() -> None:
    with make(None) as folder:
        assert folder.top == folder.run
        assert folder.logs.is_dir()
        assert folder.run.stat().st_mode & 0o777 == 0o700
    assert not folder.run.exists()


def test_a_kept_folder_stays_and_an_earlier_demo_is_replaced(tmp_path: Path) -> None:
    keep = tmp_path / "a" / "kept"
    with make(keep) as folder:
        folder.center.mkdir()
        (folder.logs / "old.log").touch()
    assert not folder.run.exists()
    assert (keep / MARKER).exists()
    with make(keep) as again:
        assert not again.center.exists()
        assert not list(again.logs.iterdir())
    assert again.logs.is_dir()


def test_anybody_elses_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    with pytest.raises(DemoError, match="not empty, and no earlier demo made it"), make(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_two_demos_do_not_share_one(tmp_path: Path) -> None:
    with make(tmp_path), pytest.raises(DemoError, match="another demo is using it"), make(tmp_path):
        pass


def test_what_cannot_be_a_folder_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(DemoError, match=r"file.*name a folder"), make(file):
        pass


def test_a_name_too_long_for_a_socket_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with pytest.raises(DemoError, match="set TMPDIR"), make(None):
        pass
    assert not list(long.iterdir())
