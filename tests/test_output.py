"""Whatever standard output is, a command ends in order: never by a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent import output

BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("edge-agent", ["drivers"]),
        ("edge-agent", ["judge", "--journal", "."]),  # which names the journal in its own errors
        ("edge-center", ["init", "center"]),
    ],
)
def test_a_full_disk_behind_it_is_named(tmp_path: Path, name: str, words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [str(BIN / name), *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr == f"{name}: standard output: No space left on device\n"


def test_where_it_is_closed_the_command_still_answers_by_its_exit_code() -> None:
    ended = subprocess.run(
        ["/bin/sh", "-c", f"{BIN}/edge-agent drivers >&-"], capture_output=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_characters_that_a_terminal_lacks_are_shown_by_their_numbers() -> None:
    ended = subprocess.run(
        [str(BIN / "edge-agent"), "discover", "--plan", "--lang", "zh"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"\\u" in ended.stdout


def test_an_error_of_something_else_is_left_to_who_knows_it() -> None:
    assert output.ended(FileNotFoundError(2, "not there", "x")) is None


def test_a_terminal_gets_long_lines_parted_between_words_and_a_pipe_as_they_are(
    tmp_path: Path,
) -> None:
    said = "from edge_agent.output import show; show('no panel was heard at all, it seems')"
    command = [sys.executable, "-c", said]
    width = {**os.environ, "COLUMNS": "20"}
    piped = subprocess.run(command, stdout=subprocess.PIPE, env=width, text=True, check=True)
    assert piped.stdout == "no panel was heard at all, it seems\n"
    ours, theirs = os.openpty()
    subprocess.run(command, stdout=theirs, env=width, check=True, cwd=tmp_path)
    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        assert terminal.read(200).split(b"\r\n") == [
            b"no panel was heard",
            b"    at all, it seems",
            b"",
        ]
