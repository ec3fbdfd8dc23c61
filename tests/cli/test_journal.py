"""`edge-agent journal check|stat` on a journal that the real recorder wrote."""

import json
from pathlib import Path

import pytest

from edge_agent.cli import main
from tests.daemon.test_epoch import run_once


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    folder = tmp_path / "journal"
    run_once(folder, frames=3)
    run_once(folder, frames=1, orderly=False)
    return folder


def test_check_says_that_nothing_is_wrong(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["journal", "check", "--journal", str(journal)]) == 0
    assert "2 segments, 0 of them sealed, 6 events, nothing wrong" in capsys.readouterr().out
    assert main(["journal", "check", "--journal", str(journal), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["events"], facts["problems"]) == (6, [])


def test_check_names_what_is_wrong(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    segment = journal / "00000001.seg"
    data = bytearray(segment.read_bytes())
    data[4096 + 300] ^= 1
    segment.write_bytes(data)
    assert main(["journal", "check", "--journal", str(journal)]) == 1
    assert capsys.readouterr().out.startswith("segment 1, byte ")
    assert main(["journal", "check", "--journal", str(journal), "--json"]) == 1
    problem = json.loads(capsys.readouterr().out)["problems"][0]
    assert (problem["segment"], problem["known"]) == (1, False)
    assert main(["journal", "stat", "--journal", str(journal)]) == 1
    assert "damage in segment 1" in capsys.readouterr().out


def test_stat_counts(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "stat", "--journal", str(journal)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "6 events in 2 segments" in lines[0]
    assert lines[-1].startswith("not receipted by center: 6")
    assert main(["journal", "stat", "--journal", str(journal), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [epoch["events"] for epoch in facts["epochs"]] == [4, 2]
    assert sum(facts["owed"]["center"]) == 6
    assert facts["free_bytes"] > 0


@pytest.mark.parametrize("action", ["check", "stat"])
def test_a_journal_that_is_not_there(
    action: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["journal", action, "--journal", str(tmp_path / "none")]) == 2
    assert "--journal" in capsys.readouterr().err
