"""`edge-agent diagnose`: a running agent is asked, else everything is probed that can be."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.center.cli import main as center
from edge_agent.cli import main
from edge_agent.daemon import looking
from hil.rig import free_port


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
    file = tmp_path / "gateway.toml"
    text = file.read_text().replace(
        "[gateway]", f'[gateway]\ndata_dir = "data"\nsocket = "{tmp_path}/none.sock"', 1
    )
    panel = f'\n[[panel]]\nid = "p1"\ndriver = "surgard"\nserial = {{ port = "{tmp_path}/port" }}\n'
    file.write_text(text.replace("8883", str(free_port())) + panel)
    return file


def test_a_dead_broker_a_missing_port_and_no_agent_are_said_where_they_are(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "PATIENCE_S", 2.0)
    capsys.readouterr()
    assert main(["diagnose", "-c", str(config), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    bad = {one["probe"]: one for one in said["probes"] if one["good"] is False}
    assert said["good"] is False
    assert said["agent"] is False
    assert all(one["remedy"] for one in bad.values())
    assert {"port", "agent", "network"} <= bad.keys()
    good = {one["what"] for one in said["probes"] if one["good"]}
    assert {"disk speed", "identity key"} <= good
    left = {one["probe"] for one in said["probes"] if one["good"] is None}
    assert left == {"panel", "receipt"}


def probed(number: int, good: bool | None) -> dict[str, Any]:
    what = f"thing {number}"
    return {"probe": "memory", "what": what, "good": good, "detail": "so", "remedy": ""}


def agent(answers: Iterator[Any], asked: list[Any]) -> Any:
    def ask(_path: Path, do: str, **arguments: Any) -> Any:
        asked.append((do, arguments))
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return ask


def test_a_running_agent_is_asked_until_it_is_through(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [
        {"run": 3, "over": False, "broken": "", "probes": [probed(1, good=True)]},
        {"run": 3, "over": False, "broken": "", "probes": []},
        {"run": 3, "over": True, "broken": "", "probes": [probed(2, good=None)]},
    ]
    asked: list[Any] = []
    monkeypatch.setattr("edge_agent.control.socket.ask", agent(iter(answers), asked))
    assert main(["diagnose", "-c", str(config)]) == 0
    said = capsys.readouterr().out
    assert "good  thing 1: so" in said
    assert "2 things probed, 0 to mend, 1 not tried" in said
    assert asked == [
        ("diagnose", {}),
        ("diagnose", {"run": 3, "seen": 1}),
        ("diagnose", {"run": 3, "seen": 1}),
    ]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([ValueError("an alarm is young")], "an alarm is young"),
        ([{"run": 1, "over": True, "broken": "an alarm came", "probes": []}], "an alarm came"),
        (
            [{"run": 1, "over": False, "broken": "", "probes": []}, ConnectionError("gone")],
            "the agent ended (gone)",
        ),
    ],
)
def test_what_could_not_be_probed_is_not_good(
    config: Path,
    answers: list[Any],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_agent.control.socket.ask", agent(iter(answers), []))
    assert main(["diagnose", "-c", str(config)]) == 1
    captured = capsys.readouterr()
    assert said in captured.out + captured.err


def test_what_is_probed_without_an_agent_is_said_in_chinese(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "PATIENCE_S", 2.0)
    capsys.readouterr()
    assert main(["diagnose", "-c", str(config), "--lang", "zh"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if not re.search("[\u4e00-\u9fff]", line)] == []
    assert "未测  主机 p1：未测：只有网关程序可以监听，因为监听者须应答" in said
    assert any(line.startswith("异常  网关程序：") for line in said)
    assert re.fullmatch(r"检查 \d+ 项，需处理 \d 项，未测 2 项", said[-1])
