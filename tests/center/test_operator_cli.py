"""`edge-center operator`: entered, listed, removed; what it prints and its exit codes."""

import json
import stat
from pathlib import Path

import pytest

from edge_agent.center.cli import main
from edge_agent.center.layout import Layout
from edge_agent.center.operators import Operators
from edge_agent.evidence.signers import load_signer
from edge_agent.evidence.warrant import open_pass
from tests.evidence.conftest import signer


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "c"]) == 0
    return tmp_path


ADD = ["operator", "c", "add", "lina", "--name", "Li Na", "--role", "technician"]


def test_an_operator_is_entered_listed_and_removed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*ADD, "--key", "lina.key", "--qualification", "310115-0042"]) == 0
    assert "--key lina.key" in capsys.readouterr().out
    assert stat.S_IMODE((folder / "lina.key").stat().st_mode) == 0o600
    (entry,) = Operators(Layout(folder / "c")).entries()
    authority = load_signer(folder / "c" / "ca.key").public
    assert open_pass(entry.signed, [authority]).key == load_signer(folder / "lina.key").public
    assert main(["operator", "c", "list"]) == 0
    assert "lina: Li Na (310115-0042), technician, active" in capsys.readouterr().out
    assert main(["operator", "c", "remove", "lina"]) == 0
    assert main(["operator", "c", "remove", "zhou"]) == 1
    capsys.readouterr()
    assert main(["operator", "c", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "removed"


def test_a_public_key_is_enough_and_an_old_key_is_kept(folder: Path) -> None:
    (folder / "lina.pem").write_bytes(signer(7).public.to_pem())
    assert main([*ADD, "--key", "lina.pem"]) == 0
    assert main([*ADD, "--key", "lina.key"]) == 0
    before = (folder / "lina.key").read_bytes()
    assert main([*ADD, "--key", "lina.key", "--days", "30"]) == 0
    assert (folder / "lina.key").read_bytes() == before
    (entry,) = Operators(Layout(folder / "c")).entries()
    assert entry.said.until_ms - entry.said.from_ms == 30 * 24 * 3600 * 1000


def test_what_cannot_be_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "junk").write_bytes(b"junk")
    assert main([*ADD, "--key", "junk"]) == 78
    assert "junk" in capsys.readouterr().err
    assert main([*ADD, "--key", "lina.key", "--qualification", "x" * 65]) == 78
    (folder / "c" / "ca.key").unlink()
    assert main([*ADD, "--key", "lina.key"]) == 78
    assert "authority's key" in capsys.readouterr().err
