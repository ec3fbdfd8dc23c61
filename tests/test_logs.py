"""Logging: JSON lines for a service, readable lines on demand."""

import json
import os
import subprocess
import sys

import pytest

SCRIPT = """
import structlog
from edge_agent import logs
logs.configure({level!r}, json={json})
log = structlog.get_logger()
log.debug("quiet")
log.info("panel lost", panel="p1", reason="线路")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("broken")
"""


def run(*, level: str = "info", json: bool | None = None) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(level=level, json=json)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr.splitlines()


def test_without_a_terminal_each_line_is_json() -> None:
    first, second = [json.loads(line) for line in run()]
    assert first == {"event": "panel lost", "level": "info", "panel": "p1", "reason": "线路"}
    assert "ZeroDivisionError" in second["exception"]


def test_the_level_is_kept() -> None:
    assert len(run(level="debug")) == 3
    assert len(run(level="error")) == 1


@pytest.mark.parametrize("words", ["panel lost", "panel", "p1"])
def test_for_people_the_line_is_text(words: str) -> None:
    assert words in run(json=False)[0]
    assert not run(json=False)[0].startswith("{")


@pytest.mark.parametrize("gone", ["/dev/full", "pipe"])
def test_a_log_that_cannot_be_written_ends_nothing(gone: str) -> None:
    """A full disk under the log file, and a reader that has gone away."""
    script = SCRIPT.format(level="debug", json=True) + "print('still here')"
    command = f'{sys.executable} -c "$SCRIPT" 2> /dev/full'
    if gone == "pipe":
        command = f'exec 4>&1; {{ {sys.executable} -c "$SCRIPT" 2>&1 1>&4; }} | true'
    done = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"SCRIPT": script},
    )
    assert done.stdout == "still here\n"
