"""`edge-agent release`: what it makes a gateway takes, and nothing else."""

import json
import stat
from pathlib import Path

import pytest

from edge_agent.cli import main
from tests.update.releases import parts


@pytest.fixture
def made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder with a key, wheels of version 2.0, and the release of them."""
    files = parts(tmp_path / "dist", "2.0")
    key = tmp_path / "release.key"
    assert main(["release", "key", str(key)]) == 0
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert make(tmp_path, files["requirements.txt"]) == 0
    capsys.readouterr()
    return tmp_path


def make(folder: Path, lock: Path, minimum: str = "1.0") -> int:
    options = ["--key", folder / "release.key", "--wheels", folder / "dist", "--lock", lock]
    return main(["release", "make", *map(str, options), "--minimum", minimum, "--out", str(folder)])


def show(folder: Path, *options: str) -> int:
    release, pem = folder / "edge-agent-2.0.release", folder / "release.pem"
    return main(["release", "show", str(release), "--pem", str(pem), *options])


def test_what_was_made_is_shown(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show(made) == 0
    said = capsys.readouterr().out
    assert "edge-agent 2.0, nothing below 1.0 after it" in said
    assert "edge_agent-2.0-py3-none-any.whl" in said
    assert show(made, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["version"], told["minimum"], len(told["parts"])) == ("2.0", "1.0", 3)


def test_the_key_is_never_replaced(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (made / "release.pem").read_bytes()
    assert main(["release", "key", str(made / "release.key")]) == 1
    assert "it exists" in capsys.readouterr().err
    assert (made / "release.pem").read_bytes() == before


def test_a_changed_release_is_found(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = made / "edge-agent-2.0.release"
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    assert show(made) == 1
    assert "not the file that was signed" in capsys.readouterr().err


def test_what_does_not_fit_together_is_not_made(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = made / "dist" / "requirements.txt"
    assert make(made, lock, minimum="2.1") == 1
    assert "above the version" in capsys.readouterr().err
    lock.write_text("other==1\n")
    assert make(made, lock) == 1
    assert "not what requirements.txt has locked" in capsys.readouterr().err
    assert make(made, made / "none.txt") == 1
    assert "none.txt" in capsys.readouterr().err
