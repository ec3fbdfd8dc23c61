"""`edge-agent anchor`: words and exit codes, and what the agent hears of its child."""

import asyncio
import json
from pathlib import Path

import pytest

from edge_agent.cli import main
from edge_agent.daemon import anchoring
from edge_agent.daemon.heads import Head
from edge_agent.evidence import timestamp
from edge_agent.evidence.certificates import read_pem
from edge_agent.evidence.cited import Place
from tests.test_config import GOOD
from tests.tsa import Tsa, serving

HEAD = Head(Place(b"epoch--1", 7), bytes(range(32)), b"envelope")


def config_of(folder: Path, url: str) -> Path:
    file = folder / "gateway.toml"
    file.write_text(GOOD + f'\n[anchor]\nurl = "{url}"\ncertificate = "tsa/root.pem"\n')
    return file


def test_a_child_brings_a_timestamp(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole way but the day of waiting: child, HTTP, openssl, and back."""
    tsa = Tsa(tmp_path / "tsa")
    with serving(tsa.answer) as url:
        config = config_of(tmp_path, url)
        asked = asyncio.run(anchoring.ask(config, HEAD))
        assert main(["anchor", "--config", str(config)]) == 0
    assert asked.trouble == ""
    assert timestamp.verify(asked.data, HEAD.leaf, read_pem(tsa.root.read_bytes())).trusted
    assert "says 'CN=Time'" in capsys.readouterr().out
    assert main(["anchor", "--config", str(config)]) == 1
    assert "is the network up" in capsys.readouterr().err


def test_without_an_authority_none_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(GOOD)
    assert main(["anchor", "--config", str(file), "--json"]) == 1
    assert "no [anchor]" in json.loads(capsys.readouterr().out)["trouble"]


@pytest.mark.parametrize("words", ["", "00", "zz" * 32])
def test_what_is_no_hash_is_usage(words: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["anchor", "--hash", words])
    assert caught.value.code == 2
