"""`edge-agent charter`: keys of parties, signatures, and what a charter says."""

import asyncio
import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from edge_agent.cli import main
from edge_agent.control.socket import ControlSocket, Peer
from edge_agent.evidence.charter import ASSENTS_MAX, SignedCharter, read_signed
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.signers import load_signer
from tests.evidence.conftest import signer
from tests.evidence.test_charter import CHARTER, OWNER, SIGNED


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "gw1.charter"
    made.write_bytes(SignedCharter(CHARTER).data)
    return made


def test_a_party_makes_its_key_once(tmp_path: Path) -> None:
    key = tmp_path / "owner.key"
    assert main(["charter", "key", str(key)]) == 0
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    public = PublicKey.from_pem((tmp_path / "owner.pem").read_bytes())
    assert public == load_signer(key).public
    assert main(["charter", "key", str(key)]) == 1, "a key is never replaced"
    (tmp_path / "owner.pem").unlink()
    assert main(["charter", "key", str(key)]) == 1
    assert main(["charter", "key", str(tmp_path / "owner.pem")]) == 1
    assert not (tmp_path / "owner.pem").exists(), "no private key under a public one's name"
    assert load_signer(key).public == public


def test_a_party_signs(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    OWNER.save(tmp_path / "owner.key")
    assert main(["charter", "sign", str(file), "--key", str(tmp_path / "owner.key")]) == 0
    assert "signed as owner, Shop 12" in capsys.readouterr().out
    assert len(read_signed(file.read_bytes()).assents) == 1
    assert main(["charter", "sign", str(file), "--key", str(file)]) == 1
    assert "key file" in capsys.readouterr().err
    full = SignedCharter(CHARTER)
    for seed in range(40, 40 + ASSENTS_MAX):
        full = full.signed_by(signer(seed), 1)
    file.write_bytes(full.data)
    assert main(["charter", "sign", str(file), "--key", str(tmp_path / "owner.key")]) == 1
    assert "have the charter made anew" in capsys.readouterr().err
    assert file.read_bytes() == full.data


def test_it_is_shown(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = ["--config", str(tmp_path / "gateway.toml")]
    assert main(["charter", "show", *config, "--lang", "en"]) == 1
    assert "no charter is in force" in capsys.readouterr().out
    assert main(["charter", "show", *config, "--json"]) == 1
    assert json.loads(capsys.readouterr().out) is None
    (tmp_path / "site.charter").write_bytes(SIGNED.data)
    assert main(["charter", "show", *config, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["number"] == 1
    assert main(["charter", "show", str(file), "--lang", "zh"]) == 0
    assert "未签署" in capsys.readouterr().out
    file.write_bytes(b"junk")
    assert main(["charter", "show", str(file)]) == 1
    assert "no charter" in capsys.readouterr().err
    assert main(["charter", "show", str(tmp_path / "none")]) == 1


CONFIG = """
[gateway]
id = "gw1"
socket = "{folder}/agent.sock"
[[center]]
name = "c"
path = [{{ host = "h" }}]
[[panel]]
id = "shop"
driver = "ness"
serial = {{ port = "x" }}
"""


def test_the_running_agent_puts_it_into_force(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(CONFIG.format(folder=tmp_path))
    words = ["charter", "accept", str(file), "--config", str(config)]
    asked: list[str] = []

    async def handle(request: Mapping[str, Any], _peer: Peer) -> str:
        asked.append(request["charter"])
        if len(asked) > 1:
            raise ValueError("its owner, Shop 12, has not signed it")
        return "charter 1 is in force"

    async def accept() -> int:
        server = ControlSocket(tmp_path / "agent.sock", {"charter": handle})
        await server.start()
        try:
            return await asyncio.to_thread(main, words)
        finally:
            await server.stop()

    assert asyncio.run(accept()) == 0
    assert "charter 1 is in force" in capsys.readouterr().out
    assert asyncio.run(accept()) == 1
    assert "has not signed it" in capsys.readouterr().err

    async def hang_up() -> int:
        server = await asyncio.start_unix_server(
            lambda _reader, writer: writer.close(), tmp_path / "agent.sock"
        )
        async with server:
            return await asyncio.to_thread(main, words)

    assert asyncio.run(hang_up()) == 1
    told = capsys.readouterr()
    assert "closed the connection: only root" in told.err
    assert told.out == "", "an agent runs: nothing is laid down for its next start"
    assert asked[0] == file.read_bytes().hex()
    assert not (tmp_path / "site.charter").exists(), "the agent writes it"


def test_where_no_agent_runs_it_is_laid_down_for_the_next_start(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(CONFIG.format(folder=tmp_path))
    assert main(["charter", "accept", str(file), "--config", str(config)]) == 0
    assert "judged when it starts" in capsys.readouterr().out
    assert (tmp_path / "site.charter").read_bytes() == file.read_bytes()
