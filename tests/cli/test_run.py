"""`edge-agent run`: what keeps it from starting is said (running: tests/test_agent.py)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.cli import main


def test_a_missing_or_wrong_configuration_is_78(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "-c", str(tmp_path / "none.toml")]) == 78
    assert "--config" in capsys.readouterr().err
    (tmp_path / "bad.toml").write_text("[gatway]\n")
    assert main(["run", "-c", str(tmp_path / "bad.toml")]) == 78
    assert "'gateway'" in capsys.readouterr().err


def test_the_daemon_bars_what_only_terminals_use() -> None:
    """Without the bar structlog loads rich, which costs 6 MB."""
    script = (
        "import json, sys; from edge_agent.cli.run import load; load();"
        "print(json.dumps([name for name in sys.modules if name.split('.')[0] == 'rich']))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert json.loads(done.stdout) == ["rich"]  # barred: the name alone, nothing below it
