"""Which process is the center's broker, among others that look like one.

That a real mosquitto obeys: tests/center/test_revocation.py.

Seen to fail: the first mosquitto there is taken for ours, and a relative name read from here.
"""

import os
from pathlib import Path

import pytest

from edge_agent.center import broker_process
from edge_agent.center.layout import Layout


def process(proc: Path, number: int, here: Path, *words: str) -> None:
    """A process as Linux shows it."""
    folder = proc / str(number)
    folder.mkdir(parents=True)
    (folder / "cmdline").write_bytes(b"".join(os.fsencode(one) + b"\0" for one in words))
    (folder / "cwd").symlink_to(here)


def test_it_is_the_one_that_runs_on_our_configuration(tmp_path: Path) -> None:
    proc, layout, other = tmp_path / "proc", Layout(tmp_path / "c"), tmp_path / "other"
    for folder in (layout.directory, other):
        folder.mkdir()
        (folder / "mosquitto.conf").write_text("")
    (proc / "self").mkdir(parents=True)
    process(proc, 1, tmp_path, "/sbin/init")
    process(proc, 2, tmp_path, "mosquitto", "-c", str(other / "mosquitto.conf"))
    process(proc, 3, tmp_path, "less", "-c", str(layout.broker_config))
    process(proc, 4, tmp_path, "/usr/sbin/mosquitto", "-c")
    process(proc, 5, other, "mosquitto", "-c", "c/mosquitto.conf")
    (proc / "6").mkdir()  # it ended meanwhile
    process(proc, 7, tmp_path, "")
    assert broker_process.find(layout, proc) is None
    process(proc, 8, tmp_path, "/usr/sbin/mosquitto", "-v", "-c", "c/mosquitto.conf")
    assert broker_process.find(layout, proc) == 8
    (proc / "8" / "cmdline").unlink()
    process(proc, 9, tmp_path, "mosquitto", "-c", str(layout.broker_config))
    (proc / "9" / "cwd").unlink()
    assert broker_process.find(layout, proc) == 9, "one that was root's once"


def test_where_there_is_none_nobody_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout(tmp_path)
    assert not broker_process.read_again(layout)
    monkeypatch.setattr(broker_process, "find", lambda _layout: 1)

    def not_ours(_process: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", not_ours)
    assert not broker_process.read_again(layout), "another account's"
