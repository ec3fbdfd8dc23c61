"""The command keys that a site pins: each read once it can be, none without being named."""

from pathlib import Path

import pytest

from edge_agent.center.cli import main as center
from edge_agent.clock import SystemClock
from edge_agent.config import load
from edge_agent.daemon.command_keys import CommandKeys
from edge_agent.evidence.signers import load_signer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert center(["init", str(tmp_path / "c"), "--gateway", "gw1"]) == 0
    file = tmp_path / "c" / "gateways" / "gw1" / "gateway.toml"
    panel = '\n[[panel]]\nid = "p1"\ndriver = "surgard"\nlisten = { port = 4001 }\n'
    file.write_text(file.read_text() + panel)
    return file.parent


class Clock(SystemClock):
    now_ns = 0

    def boottime_ns(self) -> int:
        return self.now_ns


def test_the_key_of_the_center_is_pinned(folder: Path, tmp_path: Path) -> None:
    keys = CommandKeys(load(folder / "gateway.toml"), Clock())
    assert keys.key("center") == load_signer(tmp_path / "c" / "command.key").public


def test_a_center_that_names_none_may_not_command(folder: Path) -> None:
    file = folder / "gateway.toml"
    file.write_text(file.read_text().replace('command_certificate = "command.pem"\n', ""))
    assert CommandKeys(load(file), Clock()).key("center") is None


def test_an_unusable_file_is_read_again_but_not_at_once(folder: Path) -> None:
    (folder / "command.pem").rename(folder / "away.pem")
    clock = Clock()
    keys = CommandKeys(load(folder / "gateway.toml"), clock)
    assert keys.key("center") is None
    (folder / "away.pem").rename(folder / "command.pem")
    assert keys.key("center") is None, "whoever sends commands does not decide how often we read"
    clock.now_ns += 10_000_000_000
    assert keys.key("center") is not None
