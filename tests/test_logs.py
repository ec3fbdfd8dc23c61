"""Logging: JSON lines for a service, readable lines on demand."""

import json
import os
import subprocess
import sys

import pytest

from edge_agent import logs

SCRIPT = """
import structlog
from edge_agent import logs
from edge_agent.domain.stamp import Stamp, Trust
class Clock:
    def stamp(self):
        return Stamp({wall_ns}, 1, bytes(16), Trust.UNSET)
logs.configure(Clock(), {level!r}, json={json})
log = structlog.get_logger()
log.debug("quiet")
log.info("panel lost", panel="p1", reason="线路")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("broken")
"""


WALL_NS = 1_795_000_000_123_456_789


def script(*, level: str = "info", json: bool | None = None, wall_ns: int | None = WALL_NS) -> str:
    return SCRIPT.format(level=level, json=json, wall_ns=wall_ns)


def run(
    *, level: str = "info", json: bool | None = None, wall_ns: int | None = WALL_NS
) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", script(level=level, json=json, wall_ns=wall_ns)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr.splitlines()


def test_without_a_terminal_each_line_is_json() -> None:
    first, second = [json.loads(line) for line in run()]
    assert first == {
        "time": "2026-11-18T11:06:40.123Z",
        "event": "panel lost",
        "level": "info",
        "panel": "p1",
        "reason": "线路",
    }
    assert "ZeroDivisionError" in second["exception"]


@pytest.mark.parametrize("wall_ns", [None, 10**30])
def test_a_wall_clock_that_cannot_be_told_costs_no_line(wall_ns: int | None) -> None:
    first, _ = [json.loads(line) for line in run(wall_ns=wall_ns)]
    assert first["time"] is None
    assert first["event"] == "panel lost"


def test_the_level_is_kept() -> None:
    assert len(run(level="debug")) == 3
    assert len(run(level="error")) == 1


def test_for_people_the_line_is_text() -> None:
    line = run(json=False)[0]
    assert all(words in line for words in ("panel lost", "panel", "p1"))
    assert not line.startswith("{")


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "dumb"}, False),
        ({}, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
    ],
)
def test_a_dumb_terminal_gets_no_colours(
    environment: dict[str, str], colours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert logs._knows_colours() is colours


@pytest.mark.parametrize("gone", ["/dev/full", "pipe"])
def test_a_log_that_cannot_be_written_ends_nothing(gone: str) -> None:
    """A full disk under the log file, and a reader that has gone away."""
    code = script(level="debug", json=True) + "print('still here')"
    command = f'{sys.executable} -c "$SCRIPT" 2> /dev/full'
    if gone == "pipe":
        command = f'exec 4>&1; {{ {sys.executable} -c "$SCRIPT" 2>&1 1>&4; }} | true'
    done = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"SCRIPT": code},
    )
    assert done.stdout == "still here\n"
