"""`edge-center charter`: a draft, two signatures, in force; what it prints and its exit codes."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.center import schema
from edge_agent.center.cli import main as center
from edge_agent.center.layout import Layout
from edge_agent.cli import main as agent
from edge_agent.evidence import cbor
from tests.center.test_charter_draft import LEAST


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    assert center(["init", "c", "--gateway", "gw1"]) == 0
    assert agent(["charter", "key", "owner.key"]) == 0
    Path("draft.toml").write_text(LEAST)
    return tmp_path


def test_a_site_gets_a_charter_and_another(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (1, 2):
        assert center(["charter", "c", "new", "draft.toml", "--out", "x.charter"]) == 0
        assert center(["charter", "c", "accept", "x.charter"]) == 78
        assert "has not signed it" in capsys.readouterr().err
        assert center(["charter", "c", "sign", "x.charter"]) == 0
        assert agent(["charter", "sign", "x.charter", "--key", "owner.key"]) == 0
        assert "as owner, Shop 12" in capsys.readouterr().out
        assert center(["charter", "c", "accept", "x.charter"]) == 0
        capsys.readouterr()
        assert center(["charter", "c", "show", "gw1", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["number"], all(one["signed_ms"] for one in told["parties"])) == (number, True)
    assert center(["charter", "c", "show", "--lang", "zh"]) == 0
    assert "第 2 号" in capsys.readouterr().out
    assert center(["charter", "c", "show", "--file", "x.charter", "--lang", "en"]) == 0
    assert "charter 2 of gateway gw1" in capsys.readouterr().out


def test_what_is_missing_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert center(["charter", "c", "show", "gw1"]) == 1
    assert center(["charter", "c", "new", "none.toml", "--out", "x.charter"]) == 78
    assert "name the file of a draft" in capsys.readouterr().err
    assert center(["charter", "c", "new", "draft.toml", "--out", "x.charter"]) == 0
    assert center(["init", "other"]) == 0
    assert center(["charter", "other", "sign", "x.charter"]) == 78
    assert "names this center's authority" in capsys.readouterr().err
    (folder / "c" / "ca.key").unlink()
    assert center(["charter", "c", "sign", "x.charter"]) == 78
    assert "authority's key" in capsys.readouterr().err


def test_it_is_sent_to_a_gateway_that_runs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    send = ["charter", "c", "send", "gw1", "--by", "Wang", "--wait", "0"]
    assert center(send) == 78
    assert "accept one first" in capsys.readouterr().err
    assert center(["charter", "c", "new", "draft.toml", "--out", "x.charter"]) == 0
    assert center(["charter", "c", "sign", "x.charter"]) == 0
    assert agent(["charter", "sign", "x.charter", "--key", "owner.key"]) == 0
    assert center(["charter", "c", "accept", "x.charter"]) == 0
    with closing(schema.open_for_writing(Layout(folder / "c").database)) as connection:
        assert center(send) == 1
        assert "not answered yet" in capsys.readouterr().out
        what, role, body = connection.execute("SELECT what, role, body FROM command").fetchone()
    assert (what, role) == ("charter", "installer")
    assert cbor.decode_map(body) == {1: (folder / "x.charter").read_bytes()}
