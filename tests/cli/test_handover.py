"""`edge-agent handover`: asked of a running agent, on site."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from edge_agent.cli import main
from edge_agent.control.socket import ControlSocket
from tests.configuration import configuration

Said = pytest.CaptureFixture[str]
FACTS = {
    "phase": "both", "from": "red", "to": "green", "charter": 2, "days": 30,
    "until_ms": 1_800_000_000_000, "actor": "Li Na", "why": "",
}  # fmt: skip


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "gateway.toml"
    own = f'[gateway]\nsocket = "{tmp_path}/agent.sock"\n'
    file.write_text(configuration().replace("[gateway]\n", own, 1))
    return file


def ask(config: Path, *words: str | Path, answer: object = None) -> tuple[int, list[Any]]:
    """Run the command against an agent that answers so; return its exit code and what it asked."""
    asked: list[Any] = []

    async def handover(request: Mapping[str, Any], _peer: object) -> object:
        asked.append({key: value for key, value in request.items() if key != "do"})
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def work() -> int:
        served = ControlSocket(config.parent / "agent.sock", {"handover": handover})
        await served.start()
        command = ["handover", *map(str, words), "--config", str(config)]
        try:
            return await asyncio.to_thread(main, command)
        finally:
            await served.stop()

    return asyncio.run(work()), asked


def test_how_far_it_is_is_shown(config: Path, capsys: Said) -> None:
    assert ask(config, "status") == (1, [{}])
    assert capsys.readouterr().out == "no handover\n"
    assert ask(config, "status", answer=FACTS)[0] == 0
    said = capsys.readouterr().out
    assert "handover from red to green, by charter 2" in said
    assert "both: red and green are both served" in said
    assert "both until 2027-01-1" in said
    assert ask(config, "status", "--lang", "zh", answer=FACTS)[0] == 0
    assert "同时向 red 和 green 发送" in capsys.readouterr().out
    assert ask(config, "status", "--json", answer=FACTS)[0] == 0
    assert json.loads(capsys.readouterr().out) == FACTS


def test_its_end_is_waited_for(config: Path, capsys: Said) -> None:
    moved = FACTS | {"phase": "moved"}
    assert ask(config, "status", "--wait", "60", answer=moved)[0] == 0
    assert "green is served, red no more" in capsys.readouterr().out
    code, asked = ask(config, "status", "--wait", "0.01", answer=FACTS)
    assert code == 1, "not over in time"
    assert asked


def test_the_offer_is_written(config: Path, capsys: Said) -> None:
    file = config.parent / "gw1.offer"
    assert ask(config, "offer", file, answer="00ff") == (0, [{"offer": True}])
    assert file.read_bytes() == b"\x00\xff"
    assert "edge-center handover DIR accept gw1.offer" in capsys.readouterr().out
    assert ask(config, "offer", file, "--json", answer="00")[0] == 0
    assert json.loads(capsys.readouterr().out)["offer"] == str(file)


def test_the_answer_is_taken_or_refused(config: Path, capsys: Said) -> None:
    file = config.parent / "gw1.handover"
    file.write_bytes(b"\x01\x02")
    assert ask(config, "accept", file, answer="from red to green") == (0, [{"bundle": "0102"}])
    assert "from red to green\nthe agent starts anew" in capsys.readouterr().out
    assert ask(config, "accept", file, "--json", answer=FACTS)[0] == 0
    assert json.loads(capsys.readouterr().out) == FACTS
    assert ask(config, "accept", file, answer=ValueError("not signed"))[0] == 1
    assert "gw1.handover: refused: not signed" in capsys.readouterr().err
    assert ask(config, "accept", config.parent / "none")[0] == 1
    assert "none: No such file" in capsys.readouterr().err


def test_without_an_agent_there_is_nobody_to_ask(config: Path, capsys: Said) -> None:
    assert main(["handover", "status", "--config", str(config)]) == 1
    assert "no running agent answers" in capsys.readouterr().err
