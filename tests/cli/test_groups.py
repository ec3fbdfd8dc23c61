"""The whole command line: which group has a command, and that no other one is loaded for it."""

import argparse
import json
import subprocess
import sys

import pytest

from edge_agent import cli
from edge_agent.cli import COMMANDS, GROUPS, main, parser

LOADED = """
import contextlib, json, sys
from edge_agent.cli import main
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(sys.stderr):
    main(["events", "--help"])
print(json.dumps([name for name in sys.modules if name.startswith("edge_agent.cli.")]))
"""


def commands_of(top: argparse.ArgumentParser) -> list[str]:
    (commands,) = (
        action for action in top._actions if isinstance(action, argparse._SubParsersAction)
    )
    return list(commands.choices)


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_has_its_commands_and_no_other(group: str) -> None:
    assert commands_of(parser([group])) == [name for name in COMMANDS if COMMANDS[name] == group]


def test_for_a_command_its_group_is_loaded_alone() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, check=True)
    loaded = {name.split(".")[2] for name in json.loads(done.stdout)}
    assert loaded & {*GROUPS} == {"records"}


@pytest.mark.parametrize("words", [["records"], ["nosuch"], []])
def test_what_is_no_command_is_told_all_of_them(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert not words or all(name in said for name in COMMANDS)


def test_ctrl_c_while_a_command_is_still_loaded_ends_it_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That takes seconds on a small board."""

    def interrupted(_groups: object) -> argparse.ArgumentParser:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "parser", interrupted)
    assert main(["status"]) == 130
