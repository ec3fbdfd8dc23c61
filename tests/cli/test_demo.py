"""`edge-agent demo` on the command line; it is played for real in tests/system."""

from pathlib import Path

import pytest

from edge_agent.cli import main
from edge_agent.cli.demo import LANGUAGES
from edge_agent.demo import words


def test_it_speaks_the_languages_that_it_offers() -> None:
    assert words.LANGUAGES == LANGUAGES


@pytest.mark.parametrize("seconds", ["3", "0", "-1", "nan", "inf", "soon", "100000"])
def test_a_senseless_time_is_refused(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["demo", "--seconds", seconds])
    assert ended.value.code == 2
    assert "is not 12 to 86400 seconds" in capsys.readouterr().err


def test_somebody_elses_folder_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "precious").touch()
    assert main(["demo", "--json", "--keep", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert "not empty" in told.err
    assert told.out == ""
