"""`edge-agent sm2`: words and exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest

from edge_agent.cli import main
from edge_agent.evidence.second_signature import SecondSignature
from edge_agent.evidence.sm2 import Sm2Key
from tests.test_config import GOOD

ROOT = "ab" * 32


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "gateway.toml"
    file.write_text(GOOD + "\n[sm2]\n")
    return file


def said(
    config: Path, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main(["sm2", "--config", str(config), "--json", *words])
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, told


def test_a_key_is_made_tried_handed_out_and_signs(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = said(config, capsys)
    assert (code, "edge-agent sm2 --make" in told["trouble"]) == (1, False)
    assert "not there" in told["trouble"]
    code, made = said(config, capsys, "--make")
    assert (code, made["trouble"]) == (0, None)
    code, again = said(config, capsys, "--make")
    assert (code, "it exists" in again["trouble"]) == (1, True)
    public = config.with_name("sm2.pem")
    assert main(["sm2", "--config", str(config), "--public", str(public)]) == 0
    assert f"SM2 key {made['key_id']}" in capsys.readouterr().out
    key = Sm2Key.from_pem(public.read_bytes())
    assert key.kid.hex() == made["key_id"]
    head = "0102030405060708/9"
    code, signed = said(config, capsys, "--head", head, "--root", ROOT)
    assert code == 0
    read = SecondSignature.read(bytes.fromhex(signed["message"]))
    read.verify(key)
    assert (read.head.gateway, read.head.size, read.head.root.hex()) == ("gw1", 9, ROOT)
    assert main(["sm2", "--config", str(config)]) == 0
    assert "signs, and the signature is good" in capsys.readouterr().out


def test_what_cannot_be_done_is_told(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["sm2", "--config", str(config), "--make"]) == 0
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["sm2", "--config", str(config)]) == 1
    assert "openssl is not there; install it" in capsys.readouterr().err
    code, told = said(config, capsys, "--public", str(config.parent / "none" / "sm2.pem"))
    assert (code, "No such file" in told["trouble"]) == (1, True)
    config.write_text(GOOD)
    code, told = said(config, capsys)
    assert (code, "no [sm2]" in told["trouble"]) == (1, True)


@pytest.mark.parametrize(
    "words",
    [
        ["--head", "x", "--root", ROOT],
        ["--head", "0102030405060708/0", "--root", ROOT],
        ["--head", "0102030405060708/1", "--root", "zz"],
        ["--make", "--head", "0102030405060708/1"],
    ],
)
def test_what_is_no_head_is_usage(words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["sm2", *words])
    assert caught.value.code == 2


def test_a_head_without_its_root_is_usage(config: Path) -> None:
    assert main(["sm2", "--config", str(config), "--head", "0102030405060708/1"]) == 2
    assert main(["sm2", "--config", str(config), "--root", ROOT]) == 2
