"""Ctrl-C and SIGTERM at moments when no command runs yet, or no more: never a traceback.

Seen to fail where the commands are loaded without it.
"""

import signal
import subprocess
import sys

import pytest

PRESSED = """
import atexit, os, signal, sys

class Pressed:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), signal.{signal})

sys.meta_path.insert(0, Pressed())
{before}
from edge_agent.start import {command}
sys.argv = {words!r}
sys.exit({command}())
"""

AGENT = ("agent", ["edge-agent", "drivers"])
CENTER = ("center", ["edge-center", "--version"])
AT_THE_END = "atexit.register(os.kill, os.getpid(), signal.SIGINT)"
IGNORED = "signal.signal(signal.SIGINT, signal.SIG_IGN)"


def pressed(
    which: tuple[str, list[str]], module: str, number: str = "SIGINT", before: str = ""
) -> subprocess.CompletedProcess[str]:
    command, words = which
    code = PRESSED.format(module=module, signal=number, command=command, words=words, before=before)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("which", "module"),
    [
        (AGENT, "edge_agent.cli"),
        (AGENT, "edge_agent.config"),
        (CENTER, "edge_agent.center.cli"),
        (CENTER, "edge_agent.center.verify_cli"),
    ],
)
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_while_a_command_is_loaded_it_ends_as_the_kernel_ends_it(
    which: tuple[str, list[str]], module: str, number: str
) -> None:
    ended = pressed(which, module, number)
    assert (ended.returncode, ended.stderr) == (-signal.Signals[number], "")


def test_when_a_command_has_begun_it_says_130() -> None:
    ended = pressed(AGENT, "edge_agent.decoding")  # which `drivers` does not load
    assert (ended.returncode, ended.stderr) == (0, "")
    serve = ("center", ["edge-center", "serve", "nowhere"])
    ended = pressed(serve, "edge_agent.center.serve")
    assert (ended.returncode, ended.stderr) == (130, "")


def test_when_a_command_has_ended_nothing_is_told_either() -> None:
    ended = pressed(AGENT, "", before=AT_THE_END)
    assert (ended.returncode, ended.stderr) == (-signal.SIGINT, "")
    assert "surgard" in ended.stdout


def test_where_it_is_ignored_it_stays_so() -> None:
    ended = pressed(AGENT, "edge_agent.cli", before=IGNORED)
    assert (ended.returncode, ended.stderr) == (0, "")
