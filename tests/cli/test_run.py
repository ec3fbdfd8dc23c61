"""`edge-agent run`: what keeps it from starting is said (running: tests/test_agent.py)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.cli import main
from edge_agent.identity import decommissioning
from edge_agent.identity.decommissioning import Marker, Phase


def test_a_missing_or_wrong_configuration_is_78(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "-c", str(tmp_path / "none.toml")]) == 78
    assert "--config" in capsys.readouterr().err
    (tmp_path / "bad.toml").write_text("[gatway]\n")
    assert main(["run", "-c", str(tmp_path / "bad.toml")]) == 78
    assert "'gateway'" in capsys.readouterr().err


def test_a_gateway_that_was_taken_out_of_service_does_not_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, key = tmp_path / "gateway.toml", tmp_path / "identity.key"
    key.write_bytes(b"secret")
    gone = Marker(
        phase=Phase.DESTROYING, gateway="gw1", reason="closed", actor="root", digest=bytes(32),
        keys=(str(key),),
    )  # fmt: skip
    decommissioning.write(config, gone)
    for _ in range(2):
        assert main(["run", "-c", str(config)]) == 78
        assert "gw1 was taken out of service on" in capsys.readouterr().err
    assert not key.exists()
    decommissioning.file_of(config).write_bytes(b"junk")
    assert main(["run", "-c", str(config)]) == 78, "of the configuration, which is not there"
    said = capsys.readouterr().err
    assert "gateway.toml.decommission: " in said
    assert "--config" in said


LEAN = """
import json, sys
from edge_agent.cli import parser
from edge_agent.cli.run import load
parser(["run"])
load()
lean = sorted(sys.modules)
import pickle, rich, urllib.request
print(json.dumps([lean, pickle.dumps(1) != b"", rich.__name__, urllib.request.Request.__name__]))
"""


def test_the_daemon_loads_nothing_of_other_commands_or_terminals_but_what_is_asked_for_later() -> (
    None
):
    """With them it takes 8 MB more; a driver of a third party may still import any of them."""
    done = subprocess.run([sys.executable, "-c", LEAN], capture_output=True, check=True)
    lean, *later = json.loads(done.stdout)
    assert later == [True, "rich", "Request"]
    useless = {"rich", "pickle", "urllib.request", "http.client", "importlib.metadata", "difflib"}
    assert not useless & set(lean)
    groups = {name for name in lean if name.startswith("edge_agent.cli.")}
    assert groups <= {"edge_agent.cli.run", "edge_agent.cli.options"}


def test_alone_it_refuses_and_helps_as_with_all_the_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["run", "--nonsense"])
    assert refused.value.code == 2
    assert "edge-agent" in capsys.readouterr().err
    with pytest.raises(SystemExit) as helped:
        main(["run", "--help"])
    assert helped.value.code == 0
    assert "--log-level" in capsys.readouterr().out
