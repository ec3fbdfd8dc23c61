"""`edge-agent diagnose --maintenance` on the journal of an agent that ran and stopped."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from edge_agent.agent import Agent
from edge_agent.center.cli import main as center
from edge_agent.cli import main
from edge_agent.clock import SystemClock
from edge_agent.config import load


@pytest.fixture
def config(tmp_path: Path) -> Path:
    assert center(["init", str(tmp_path / "c"), "--gateway", "gw1", "--port", "9"]) == 0
    file = tmp_path / "c" / "gateways" / "gw1" / "gateway.toml"
    own = f'[gateway]\ndata_dir = "data"\nsocket = "{tmp_path}/agent.sock"'
    panel = f'\n[[panel]]\nid = "p1"\ndriver = "surgard"\nserial = {{ port = "{tmp_path}/no" }}\n'
    file.write_text(file.read_text().replace("[gateway]", own, 1) + panel)
    return file


def test_what_a_gateway_recorded_is_a_list_for_the_next_visit(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def run() -> None:
        stop = asyncio.Event()
        serving = asyncio.ensure_future(Agent(load(config), SystemClock()).serve(stop))
        async with asyncio.timeout(60):
            while not (config.parent.parent.parent.parent / "agent.sock").exists():
                await asyncio.sleep(0.01)
        stop.set()
        await asyncio.wait_for(serving, 60)

    asyncio.run(run())
    capsys.readouterr()
    code = main(["diagnose", "-c", str(config), "--maintenance", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert code == (1 if told["to_see_to"] else 0)
    assert {"panel": "@gateway"} in [part["subject"] for part in told["parts"]]
    assert main(["diagnose", "-c", str(config), "--maintenance", "--lang", "zh"]) == code
    assert "需处理" in capsys.readouterr().out


def test_a_journal_that_is_not_there_is_said(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(config.parent / "data", ignore_errors=True)
    assert main(["diagnose", "-c", str(config), "--maintenance"]) == 2
    assert "cannot be read" in capsys.readouterr().err
