"""`edge-agent program` and `edge-agent sbom`: what they print, and their exit codes."""

import argparse
import json

import pytest

from edge_agent.cli import program
from edge_agent.program import inspection
from edge_agent.program.inspection import Difference, Inspection

WHOLE = Inspection("1.2", True, b"d" * 32, b"e" * 32, 7, ())
ALTERED = Inspection(
    "1.2", True, b"d" * 32, b"e" * 32, 7, (Difference("edge_agent/agent.py", "altered"),)
)


def shown(
    seen: Inspection,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    as_json: bool = False,
) -> tuple[int, str]:
    monkeypatch.setattr(inspection, "inspect", lambda: seen)
    code = program.run(argparse.Namespace(json=as_json))
    return code, capsys.readouterr().out


def test_a_whole_program_is_good(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = shown(WHOLE, monkeypatch, capsys)
    assert code == 0
    assert "edge-agent 1.2, as released" in text
    assert (b"d" * 32).hex() in text


def test_an_altered_one_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = shown(ALTERED, monkeypatch, capsys)
    assert code == 1
    assert "BAD  edge_agent/agent.py: is not the file that was released" in text
    assert "install the release again" in text


def test_json_has_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = shown(ALTERED, monkeypatch, capsys, as_json=True)
    said = json.loads(text)
    assert code == 1
    assert said["differences"] == [{"path": "edge_agent/agent.py", "what": "altered"}]
    assert (said["released"], said["digest"]) == (True, (b"d" * 32).hex())


def test_every_difference_has_words() -> None:
    assert set(program.SENSE) == {"altered", "missing", "added", "bytecode", "unsigned"}


def test_sbom_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.run_sbom(argparse.Namespace()) == 0
    assert json.loads(capsys.readouterr().out)["bomFormat"] == "CycloneDX"
