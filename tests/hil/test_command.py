"""A command in a fork is what it is as a process of its own, as far as anybody can see."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from hil.rig import RigError, run, wait_until
from hil.rig.child import environment
from hil.rig.command import Forks

ASKED = "tests.hil.asked"
BAD_USAGE = ("edge_agent", "nosuch")
GOOD = ("edge_agent.center.cli", "--version")


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


@pytest.mark.parametrize("words", [GOOD, BAD_USAGE])
def test_output_errors_and_exit_code_are_those_of_a_process(words: tuple[str, ...]) -> None:
    alone = subprocess.run(
        [sys.executable, "-m", *words],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    done = run(*words, code=None)
    assert (done.stdout, done.stderr) == (alone.stdout, alone.stderr)
    assert done.returncode == alone.returncode


def test_each_is_a_process_that_finds_only_what_loading_left() -> None:
    first, second = told(run(ASKED, "tell")), told(run(ASKED, "tell"))
    assert first["process"] != second["process"]
    assert first["parent"] == second["parent"] != os.getpid()
    assert (first["times"], second["times"]) == (1, 1)


def test_words_folder_and_environment_are_those_of_who_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(ASKED, "tell")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASKED", "later")
    found = told(run(ASKED, "exit", "3", code=3))
    assert (found["folder"], found["told"]) == (str(tmp_path), "later")
    assert found["words"] == ["exit", "3"]


def test_another_exit_code_than_the_wanted_is_told_with_what_was_said() -> None:
    with pytest.raises(RigError, match=r"(?s)tests.hil.asked exit 5: exit code 5.*on its way"):
        run(ASKED, "exit", "5")


def test_a_defect_ends_with_its_traceback_and_a_kill_with_its_signal() -> None:
    done = run(ASKED, "raise", code=1)
    assert done.stderr.endswith("LookupError: 0\n")
    assert run(ASKED, "die", code=-9).stderr == "on its way\n"


def test_what_does_not_end_is_ended_and_stops_no_other() -> None:
    forks = Forks()
    with ThreadPoolExecutor(1) as side:
        hangs = side.submit(forks.run, [ASKED, "hang"], 0.1)
        assert forks.run([ASKED, "exit", "4"]).returncode == 4
        with pytest.raises(RigError, match=r"asked hang: not at its end in 0\.1 s"):
            hangs.result()
    assert forks.run([ASKED, "exit", "6"]).returncode == 6


def test_the_process_that_forks_ends_with_who_has_asked() -> None:
    script = f"from hil.rig import run; print(run({ASKED!r}, 'tell').stdout)"
    alone = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, env=environment(), check=True
    )
    parent = json.loads(alone.stdout)["parent"]
    wait_until(lambda: not Path(f"/proc/{parent}").exists(), "it has ended")
