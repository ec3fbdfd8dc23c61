"""An order from the command line to an emulated panel and back, with what the journal has of it."""

import asyncio
import getpass
import os
import sys
from pathlib import Path

import pytest

from edge_agent.agent import Agent
from edge_agent.center.cli import main as center
from edge_agent.clock import SystemClock
from edge_agent.config import load
from edge_agent.control.socket import ask
from edge_agent.domain.event import EventType
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.envelope import peek
from edge_agent.journal import RecordKind, read
from tests.hil.process import PATIENCE_S, Emulator, running

ME = f"{getpass.getuser()} (uid {os.getuid()})"


@pytest.fixture
def gateway(tmp_path: Path) -> Path:
    """A gateway's folder, without its panel."""
    assert center(["init", str(tmp_path / "c"), "--gateway", "gw1", "--port", "9"]) == 0
    folder = tmp_path / "c" / "gateways" / "gw1"
    own = f'[gateway]\ndata_dir = "data"\nsocket = "{tmp_path}/agent.sock"'
    file = folder / "gateway.toml"
    file.write_text(file.read_text().replace("[gateway]", own, 1))
    return folder


def acts(folder: Path) -> list[ActBody]:
    records = [one.record for one in read(folder / "data" / "journal")]
    events = [peek(record.data)[1] for record in records if record.kind is RecordKind.ENVELOPE]
    return [ActBody.from_body(one.body) for one in events if one.type is EventType.ACT]


def test_a_zone_is_bypassed_from_the_command_line_and_arming_is_not(
    gateway: Path, tmp_path: Path
) -> None:
    with running("ness", "--tcp", "0") as panel:
        host, port = panel.where().split(":")
        with (gateway / "gateway.toml").open("a") as file:
            file.write(
                '\n[[panel]]\nid = "shop"\ndriver = "ness"\nallow = ["bypass"]\n'
                f'tcp = {{ host = "{host}", port = {port} }}\n'
            )
        asyncio.run(play(gateway, tmp_path / "agent.sock", panel))
    assert acts(gateway) == [
        ActBody("command", ME, "bypass zone 3", "shop", 1),
        ActBody("outcome", ME, "bypass zone 3", "shop", 1, "done"),
        ActBody("command", ME, "arm_away", "shop", 2),
        ActBody(
            *("outcome", ME, "arm_away: the site does not allow 'arm' for this panel"),
            *("shop", 2, "forbidden"),
        ),
        ActBody("stop", "signal"),
    ]


async def play(gateway: Path, socket: Path, panel: Emulator) -> None:
    stop = asyncio.Event()
    serving = asyncio.ensure_future(
        Agent(load(gateway / "gateway.toml"), SystemClock()).serve(stop)
    )
    async with asyncio.timeout(PATIENCE_S):
        while not await asyncio.to_thread(socket.exists) or await known(socket) < 16:
            await asyncio.sleep(0.1)
    assert await order(gateway, "bypass", "3") == (0, "shop: bypass 3: done\n")
    obeyed = await asyncio.to_thread(panel.state, "obeyed")
    assert obeyed["line"] == "bypass zone=3"
    code, said = await order(gateway, "arm_away")
    assert code == 1
    assert "add 'arm' to `allow`" in said
    stop.set()
    await asyncio.wait_for(serving, PATIENCE_S)


async def known(socket: Path) -> int:
    """Return how much was recorded: the zones are known when their states are."""
    status = await asyncio.to_thread(ask, socket, "status")
    return int(status["next_seq"]) if status["panels"]["shop"]["online"] else 0


async def order(gateway: Path, *words: str) -> tuple[int, str]:
    config = ("--config", str(gateway / "gateway.toml"))
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge_agent", "panel", "shop", *words, *config),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await child.communicate()
    return child.returncode or 0, said.decode()
