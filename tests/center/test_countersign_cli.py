"""`edge-center countersign`: two people want a bypass, and one person is not two.

Seen to fail: with the first one's key taken again, and with the second one's role not looked at.
"""

import json
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.center import desk_rows, schema
from edge_agent.center.cli import main
from edge_agent.center.countersign_cli import words
from edge_agent.center.desk import LIFE_MS
from edge_agent.center.layout import Layout
from edge_agent.evidence.signers import load_signer
from edge_agent.evidence.warrant import open_warrant, wish_digest

BYPASS = ["command", "c", "gw1", "panel", "shop", "bypass", "3", "--wait", "0", "--key"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A center with three operators, whose database is there."""
    monkeypatch.chdir(tmp_path)
    assert main(["init", "c", "--gateway", "gw1"]) == 0
    for id_, role in (("lina", "technician"), ("wang", "technician"), ("zhou", "operator")):
        words_ = ["--name", id_.title(), "--role", role, "--key", f"{id_}.key"]
        assert main(["operator", "c", "add", id_, *words_]) == 0
    schema.open_for_writing(Layout(tmp_path / "c").database).close()
    return tmp_path


def test_the_second_operator_lets_it_go_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*BYPASS, "lina.key"]) == 1
    told = capsys.readouterr()
    assert "edge-center countersign" in told.err
    assert "within 15 min" in told.err
    assert main(["countersign", "c", "--json"]) == 0
    waiting = json.loads(capsys.readouterr().out)
    assert (waiting["number"], waiting["what"]) == (1, "panel shop bypass 3")
    assert main(["countersign", "c"]) == 0
    assert "1: gw1: panel shop bypass 3, by Lina, technician; until" in capsys.readouterr().out
    assert main(["countersign", "c", "1", "--key", "wang.key", "--wait", "0"]) == 1
    assert "not answered yet" in capsys.readouterr().out
    authority = load_signer(folder / "c" / "ca.key").public
    digest = wish_digest("gw1", "center", "order", {1: "shop", 2: "bypass", 3: 3})
    with closing(schema.open_for_reading(Layout(folder / "c").database)) as connection:
        found = [open_warrant(one, [authority]) for one in desk_rows.warrants_of(connection, 1)]
    assert [one.by.id for one in found] == ["lina", "wang"]
    assert [one.mandate.digest for one in found] == [digest, digest]
    first = found[0].mandate
    assert first.until_ms == found[1].mandate.until_ms
    assert first.until_ms is not None
    assert first.until_ms == first.time_ms + LIFE_MS + 900_000, "time is left after the second one"
    assert main(["countersign", "c"]) == 0
    assert "nothing waits" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("key", "told"),
    [
        (["--key", "lina.key"], "has signed it already"),
        (["--key", "zhou.key"], "not for operator"),
        ([], "name your own key"),
    ],
)
def test_who_may_not_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], key: list[str], told: str
) -> None:
    assert main([*BYPASS, "lina.key"]) == 1
    assert main(["countersign", "c", "1", *key, "--wait", "0"]) == 78
    assert told in capsys.readouterr().err
    assert main(["countersign", "c", "2", *key]) == 78
    assert "nothing under 2 waits" in capsys.readouterr().err


def test_an_operator_whose_role_is_too_little_enters_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*BYPASS, "zhou.key"]) == 78
    assert "order.bypass is not for operator" in capsys.readouterr().err
    assert main(["countersign", "c"]) == 0
    assert "nothing waits" in capsys.readouterr().out


def test_what_is_wanted_is_shown_as_it_was_typed() -> None:
    assert words("config", {}) == "config"
    assert words("order", {1: "shop", 2: "arm_away", 4: 2}) == "panel shop arm_away --area 2"
