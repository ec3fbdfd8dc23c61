"""The command: which parts run, what is said at the end, and that it can fail."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.listing import MUTANTS
from tests.simulation import laws
from tests.simulation.test_worlds import BLOCK
from tests.soak import images, worlds
from tests.soak.__main__ import asked, main, options
from tests.soak.images import pieces
from tests.soak.part import Watch
from tests.soak.worlds import Played


def parts(*words: str) -> list[tuple[str, int | None]]:
    return [(part.name, part.asked) for part in asked(options().parse_args(words))]


def test_without_options_it_is_the_whole_of_it() -> None:
    assert parts() == [("worlds", 10_000), ("kills", 1_000), ("images", 1_000)]


def test_with_options_it_is_what_they_name() -> None:
    assert parts("--kills", "7") == [("kills", 7)]
    assert parts("--worlds", "--mutants") == [("worlds", 10_000), ("mutants", len(MUTANTS))]
    assert parts("--contract-seeds") == [("contract", 200)]


def test_with_minutes_it_is_as_many_as_there_is_time_for() -> None:
    assert parts("--minutes", "5") == [("worlds", None), ("kills", None), ("images", None)]
    assert parts("--minutes", "5", "--images", "9") == [("images", 9)]


def test_every_law_has_a_word_in_the_summary() -> None:
    """Fails where a world breaks a law that the soak does not know: it then ended with KeyError."""
    said = re.findall(r"(?:^|   )(\d) ", laws.__doc__ or "", re.MULTILINE)
    numbers = set(map(int, said))
    assert numbers == set(range(1, 10))
    assert set(worlds.LAWS) == {0, *numbers}


def test_none_is_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options().parse_args(["--worlds", "0"])
    assert "1 or more" in capsys.readouterr().err


def test_images_are_made_by_every_rig_and_compared_with_other_stores() -> None:
    made = list(pieces(["sectors", "cuts"], 5, 100))
    journal = [piece for piece in made if piece.store == "journal"]
    assert sum(piece.images for piece in journal) == 100
    assert {(piece.rig, piece.seed) for piece in journal} >= {("sectors", 5), ("cuts", 5)}
    others = {(piece.rig, piece.store) for piece in made} - {("sectors", "journal")}
    assert {rig for rig, store in others if store == images.UNFLUSHED} == {"sectors", "cuts"}
    assert made[1].store != "journal", "what the rig must catch is not left to the end"


def _played(broken: list[tuple[int, int, str]]) -> Callable[..., Iterator[Any]]:
    """Stand for `each`: every span gives one seed's result."""

    def each(work: object, spans: Iterator[Any], watch: Watch, top: Path) -> Iterator[Any]:
        for span in spans:
            yield span, Played([one for one in broken if one[0] in span], events=10)

    return each


def test_a_broken_law_ends_it_with_1_and_its_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(worlds, "each", _played([(13, 1, "law 1: lost")]))
    file = tmp_path / "result.json"
    assert main(["--worlds", "16", "--json", str(file)]) == 1
    said = capsys.readouterr().out
    assert "FAILED worlds: seed 13: law 1: lost" in said
    assert "again: ./run soak --worlds 1 --seed 13" in said
    told = json.loads(file.read_text())
    [part] = told["parts"]
    assert (told["exit_code"], part["done"], part["facts"]["lost"]) == (1, 16, 1)
    assert part["failures"][0]["again"] == "./run soak --worlds 1 --seed 13"
    assert {"date", "commit", "command", "machine", "python", "first_seed"} <= set(told)


def test_an_empty_cell_of_the_table_ends_it_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(worlds, "each", _played([]))
    assert main(["--worlds", "8"]) == 0
    assert main(["--worlds", str(BLOCK)]) == 1
    assert "never reached: agent: kill -9 x offline" in capsys.readouterr().out


def test_worlds_are_really_played(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--worlds", "2", "--seed", "84"]) == 0
    said = capsys.readouterr().out
    assert "0 lost" in said
    assert "0 events" not in said
    assert "agent: kill -9 at a step" in said


def test_every_command_of_the_page_is_understood() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
    commands = re.findall(r"(?m)^\./run soak((?: --?\S+(?: [\w./]+)?)*)", page.read_text())
    assert len(commands) >= 6
    for words in commands:
        assert asked(options().parse_args(words.split()))
