"""`edge-agent decommission`: the paper, its signatures, the export, and what is refused.

The whole of it with a real agent and center: tests/system/test_handover.py.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from edge_agent.cli import decommission, export, main
from edge_agent.config import load
from edge_agent.evidence.decommission import read_paper
from edge_agent.identity import decommissioning
from edge_agent.identity.decommissioning import Marker, Phase
from tests.configuration import configuration
from tests.evidence.test_charter import OWNER, SIGNED

Said = pytest.CaptureFixture[str]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "gateway.toml"
    own = f'[gateway]\nsocket = "{tmp_path}/agent.sock"\n'
    file.write_text(configuration().replace("[gateway]\n", own, 1))
    return file


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    (tmp_path / "gw1.charter").write_bytes(SIGNED.data)
    assert main(["decommission", *made_of(tmp_path, "gw1.end")]) == 0
    return tmp_path / "gw1.end"


def made_of(folder: Path, name: str) -> list[str]:
    words = ["paper", str(folder / name), "--charter", str(folder / "gw1.charter")]
    return [*words, "--reason", "shop closed"]


def test_a_paper_is_written_and_signed(paper: Path, tmp_path: Path, capsys: Said) -> None:
    assert main(["decommission", *made_of(tmp_path, "again.end")]) == 0
    said = capsys.readouterr().out
    assert "parties of charter 1: enterprise Red Lion Security, owner Shop 12" in said
    OWNER.save(tmp_path / "owner.key")
    sign = ["decommission", "sign", str(paper), "--key"]
    assert main([*sign, str(tmp_path / "owner.key")]) == 0
    signed = read_paper(paper.read_bytes())
    assert (signed.paper.reason, len(signed.assents)) == ("shop closed", 1)
    assert main([*sign, str(paper)]) == 1
    assert main([*sign, str(tmp_path / "none")]) == 1
    paper.write_bytes(b"junk")
    assert main([*sign, str(tmp_path / "owner.key")]) == 1
    assert "no such paper" in capsys.readouterr().err


def ask_run(config: Path, *words: str, gateway: str = "gw1") -> int:
    out = ["--out", str(config.parent / "records"), "--gateway", gateway]
    return main(["decommission", "run", *out, *words, "--config", str(config)])


def test_nothing_is_done_by_accident(config: Path, paper: Path, capsys: Said) -> None:
    assert ask_run(config, "--paper", str(paper), gateway="gw2") == 1
    assert "this is gateway gw1, not gw2: nothing was done" in capsys.readouterr().err
    assert ask_run(config) == 1
    assert "without a charter give --reason" in capsys.readouterr().err
    assert not (config.parent / "records").exists()
    assert ask_run(config, "--reason", "gone") == 1
    assert "no running agent answers" in capsys.readouterr().err
    assert ask_run(config, "--reason", "gone") == 1, "the folder for the records is a new one"
    assert "records: File exists" in capsys.readouterr().err


def test_the_records_are_exported_read_back_and_then_it_is_asked(
    config: Path, paper: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    asked: list[dict[str, Any]] = []

    def ask(_path: Path, do: str, _patience_s: float = 0, **request: Any) -> dict[str, Any]:
        assert do == "decommission"
        asked.append(request)
        if request["gateway"] == "refused":
            raise ValueError("not signed")
        return {"phase": "parting"}

    def exported(arguments: argparse.Namespace) -> dict[str, Any]:
        assert arguments.purpose == "decommissioning: shop closed"
        arguments.out.write_bytes(b"bundle")
        return {"out": str(arguments.out), "events": 3, "bytes": 6, "digest": "aa"}

    verdicts = [(0, ""), (1, "a gap"), (2, "cannot be read")]
    monkeypatch.setattr("edge_agent.control.socket.ask", ask)
    monkeypatch.setattr(export, "export", exported)
    monkeypatch.setattr("edge_agent.views.bundle.verify_file", lambda *_, **__: verdicts.pop(0))
    for number, code in enumerate((0, 0, 1)):
        out = ("--out", str(config.parent / f"r{number}"))
        assert ask_run(config, "--paper", str(paper), *out, "--json") == code
    told = capsys.readouterr()
    assert json.loads(told.out.splitlines()[0])["phase"] == "parting"
    assert "a gap" in told.err, "it is so in the journal"
    assert "nothing was destroyed: cannot be read" in told.err
    assert len(asked) == 2
    assert asked[0]["bundles"] == ["aa"]
    assert asked[0]["paper"] == paper.read_bytes().hex()


def test_a_large_journal_is_exported_in_parts(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[str, object]] = []

    def checked(
        _arguments: object, _loaded: object, _purpose: str, out: Path, chosen: dict[str, Any]
    ) -> dict[str, Any]:
        if not chosen or chosen["seq"][1] - chosen["seq"][0] >= 4:
            raise export.TooMuch("too much")
        made.append((out.name, chosen["seq"]))
        return {}

    monkeypatch.setattr(decommission, "_checked", checked)
    monkeypatch.setattr(decommission, "_stretches", lambda _: iter([("aa", 0, 6), ("bb", 0, 1)]))
    arguments = argparse.Namespace(out=config.parent)
    list(decommission._exported(arguments, load(config), "why"))
    assert made == [
        ("gw1-001a.bundle", (0, 3)), ("gw1-001b.bundle", (4, 6)), ("gw1-002.bundle", (0, 1)),
    ]  # fmt: skip


def test_how_far_it_is_is_shown(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    words = ["decommission", "status", "--config", str(config)]
    assert main(words) == 1
    assert "no running agent answers" in capsys.readouterr().err
    answers: list[Any] = [None, {"phase": "parting", "waits_for": ["main"]}]
    monkeypatch.setattr("edge_agent.control.socket.ask", lambda *_: answers.pop(0))
    assert main(words) == 1
    assert "in service" in capsys.readouterr().out
    assert main(words) == 0
    assert capsys.readouterr().out == "parting: waits for center main\n"
    gone = Marker(
        phase=Phase.GONE, gateway="gw1", reason="closed", actor="root", digest=bytes(32), keys=()
    )
    decommissioning.write(config, gone)
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "phase": "gone",
        "reason": "closed",
        "left": [],
        "by_hand": [],
    }
