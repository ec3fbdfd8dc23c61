"""`edge-agent judge` as a command: files, messages, exit codes."""

import json
from pathlib import Path

import pytest

from edge_agent.cli import main

TIMELINE = """{"start": "2026-11-23T00:00:00+08:00"}
{"t": 61.2, "panel": "p1", "kind": "area", "state": "armed_away", "area": 1, "user": 3}
no line of ours
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    site, timeline = tmp_path / "site.toml", tmp_path / "timeline.jsonl"
    site.write_text('[site]\nname = "Shop"\nsmell = "good"\n')
    timeline.write_text(TIMELINE + "x" * 200_000 + "\n" + TIMELINE)
    return str(site), str(timeline)


def test_a_summary_ends_it(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", *files]) == 0
    said = capsys.readouterr()
    last = json.loads(said.out.splitlines()[-1])
    assert (last["type"], last["lines"], last["observations"]) == ("summary", 7, 2)
    assert last["problems"] == {"line_too_long": 1, "no_json": 2, "start_again": 1}
    assert "passed over: site.smell" in said.err


def test_what_is_not_there(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", "/nonexistent", files[1]]) == 2
    assert main(["judge", files[0], "/nonexistent"]) == 2
    assert capsys.readouterr().err.count("/nonexistent: No such file") == 2


def test_a_site_that_cannot_be_understood(files: tuple[str, str]) -> None:
    Path(files[0]).write_text("[[zone]]\nzone = 1\n")
    assert main(["judge", *files]) == 78


@pytest.mark.parametrize("until", ["nan", "inf", "1e400", "-1", "1e10", "noon"])
def test_a_time_that_is_none(
    files: tuple[str, str], until: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["judge", *files, f"--until={until}"])
    assert ended.value.code == 2
    assert f"'{until}' is no time of a timeline: give seconds after" in capsys.readouterr().err
