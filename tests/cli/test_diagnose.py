"""`edge-agent diagnose`: every part is probed, and what is wrong is said where it is."""

import json
import socket
from pathlib import Path

import pytest

from edge_agent.center.cli import main as center
from edge_agent.cli import diagnose, main
from edge_agent.cli.diagnose import _agent, _available_mib, _flush_ms, _receipts, _room


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("diagnose")
    assert center(["init", str(folder / "center"), "--gateway", "gw1"]) == 0
    return folder / "center" / "gateways" / "gw1"


@pytest.fixture
def config(made: Path, tmp_path: Path) -> Path:
    for file in made.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
        (tmp_path / file.name).chmod(0o600)
    (tmp_path / "data").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file = tmp_path / "gateway.toml"
    text = file.read_text().replace(
        "[gateway]", f'[gateway]\ndata_dir = "data"\nsocket = "{tmp_path}/none.sock"', 1
    )
    panel = f'\n[[panel]]\nid = "p1"\ndriver = "surgard"\nserial = {{ port = "{tmp_path}/port" }}\n'
    file.write_text(text.replace("8883", str(port)) + panel)
    return file


def test_a_dead_broker_a_missing_port_and_no_agent_are_said_where_they_are(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnose, "DIAL_S", 2.0)
    capsys.readouterr()
    assert main(["diagnose", "-c", str(config), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    bad = {one["what"]: one for one in said["probes"] if not one["good"]}
    assert said["good"] is False
    assert all(one["remedy"] for one in bad.values())
    assert "panel p1" in bad
    assert "agent" in bad
    assert any("way to" in what for what in bad)
    good = {one["what"] for one in said["probes"] if one["good"]}
    assert {"disk speed", "identity key"} <= good


def test_a_folder_that_takes_nothing_and_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    assert (_flush_ms(tmp_path) or 0) > 0
    assert _flush_ms(tmp_path / "none") is None
    assert _room(tmp_path / "none") == (None, None)
    assert _room(tmp_path)[0] is not None
    assert _available_mib(tmp_path / "none") is None
    (tmp_path / "meminfo").write_text("MemTotal: 5 kB\nMemAvailable:  2048 kB\n")
    assert _available_mib(tmp_path / "meminfo") == 2.0


def test_what_only_the_agent_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {
        "version": "1",
        "panels": {"p1": {"online": True}, "p2": {"online": False}},
        "centers": [],
    }
    monkeypatch.setattr("edge_agent.control.socket.ask", lambda *_: known)
    assert [(one.what, one.good) for one in _agent(Path("x"))] == [
        ("agent", True),
        ("panel p1", True),
        ("panel p2", False),
    ]
    center = {"center": "c", "connected": True, "proven": True, "round_trip_ms": 3.2}
    assert _receipts({**center, "outstanding": 0, "reason": ""}).good
    assert not _receipts({**center, "connected": False, "outstanding": 4, "reason": "dead"}).good
