"""The demo played for real: what it counts, that it can fail, and that it leaves nothing."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

SECONDS = 12
PATIENCE_S = 60.0
POLL_S = 0.05
KEYS = {
    *("signals_acknowledged", "events_journaled", "events_received", "lost", "doubled"),
    *("unverified", "latency_ms", "outages", "verdicts"),
}


@pytest.fixture(name="temporary")
def _temporary() -> Iterator[Path]:
    """A folder for temporary files; pytest's own has too long a name for a socket."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@contextlib.contextmanager
def demo(temporary: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A running demo; whatever happens, it is ended."""
    child = subprocess.Popen(
        [sys.executable, "-m", "edge_agent", "demo", "--seconds", str(SECONDS), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary), "LC_ALL": "C.UTF-8"},
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.terminate()
        child.communicate(timeout=PATIENCE_S)


def ended(child: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, errors = child.communicate(timeout=PATIENCE_S)
    return child.returncode, out, errors


def until(child: subprocess.Popen[str], condition: Callable[[], bool], what: str) -> None:
    end = time.perf_counter() + PATIENCE_S
    while not condition():
        assert child.returncode is not None or child.poll() is None, child.communicate()
        assert time.perf_counter() < end, f"waited in vain: {what}"
        time.sleep(POLL_S)


def part(child: subprocess.Popen[str], *words: str) -> psutil.Process | None:
    """The demo's child whose command line holds these words."""
    for process in psutil.Process(child.pid).children(recursive=True):
        try:
            if all(word in process.cmdline() for word in words):
                return process
        except psutil.NoSuchProcess:
            continue
    return None


def said(folder: Path, panel: str, state: str) -> int:
    """How many lines of a ledger have that state."""
    ledger = folder / "ledgers" / f"{panel}.jsonl"
    return ledger.read_text().count(f'"{state}"') if ledger.exists() else 0


def test_everything_arrives_and_the_center_can_be_asked_afterwards(
    tmp_path: Path, temporary: Path
) -> None:
    keep = tmp_path / "kept"
    with demo(temporary, "--json", "--keep", str(keep)) as child:
        code, out, errors = ended(child)
    assert (code, errors) == (0, "")
    summary: dict[str, Any] = json.loads(out)
    assert set(summary) == KEYS
    assert summary["signals_acknowledged"] >= 40
    assert summary["events_journaled"] == summary["events_received"] > 60
    assert (summary["lost"], summary["doubled"], summary["unverified"]) == (0, 0, 0)
    assert summary["outages"] == 2
    assert 0 < summary["latency_ms"]["p50"] <= summary["latency_ms"]["p99"]
    acked = said(keep, "p1", "acked") + said(keep, "p2", "acked")
    assert acked + said(keep, "p3", "said") == summary["signals_acknowledged"]
    assert said(keep, "p3", "said") >= 6
    center = [sys.executable, "-m", "edge_agent.center.cli"]
    verified = subprocess.run(
        [*center, "verify", str(keep / "center"), "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert json.loads(verified.stdout)["events"] == summary["events_received"]
    assert not list(temporary.iterdir())


def test_with_its_center_dead_and_tampered_with_it_fails_and_names_what_is_wrong(
    tmp_path: Path, temporary: Path
) -> None:
    """The center is killed for good, and a stored event is replaced by its neighbour."""
    keep = tmp_path / "kept"
    with demo(temporary, "--json", "--keep", str(keep)) as child:
        until(child, lambda: said(keep, "p2", "acked") > 1, "the second act")
        center = part(child, "edge_agent.center.cli", "serve")
        assert center is not None
        center.kill()
        tamper(keep / "center" / "events.db")
        code, out, errors = ended(child)
    assert code == 1
    summary: dict[str, Any] = json.loads(out)
    assert summary["events_received"] < summary["events_journaled"]
    assert summary["lost"] > 1
    assert summary["doubled"] == 1
    assert summary["unverified"] > 0
    for words in (
        "center was ended by SIGKILL",
        "lost: p1 #2 ",
        "doubled: p1 burglary zone 1 ",
        "events are in the journal and not at the center",
        "edge-center verify: ",
    ):
        assert words in errors, errors


SWAP = """
UPDATE event SET envelope = (
    SELECT envelope FROM event WHERE type = 'signal' AND lane = 2 ORDER BY id LIMIT 1
) WHERE id = (
    SELECT id FROM event WHERE type = 'signal' AND lane = 2 ORDER BY id LIMIT 1 OFFSET 1
)
"""


def tamper(database: Path) -> None:
    """Replace the second alarm that the center stored by the first."""
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(SWAP)


def test_a_signal_ends_it_and_all_that_it_started(temporary: Path) -> None:
    with demo(temporary) as child:
        until(child, lambda: part(child, "edge_agent", "run") is not None, "the agent runs")
        started = psutil.Process(child.pid).children(recursive=True)
        assert len(started) >= 6
        child.send_signal(signal.SIGINT)
        code, _, errors = ended(child)
    assert (code, errors) == (130, "")
    assert not [process for process in started if process.is_running()]
    assert not list(temporary.iterdir())


def test_a_reader_that_goes_away_ends_it_too(temporary: Path) -> None:
    with demo(temporary) as child:
        assert child.stdout is not None
        assert child.stdout.readline().startswith("--")
        child.stdout.close()  # as `edge-agent demo | head -1` does
        child.stdout = None
        code, _, errors = ended(child)
    assert (code, errors) == (130, "")
    assert not list(temporary.iterdir())


def test_killed_itself_it_takes_its_children_along(temporary: Path) -> None:
    with demo(temporary) as child:
        until(child, lambda: part(child, "edge_agent", "run") is not None, "the agent runs")
        started = psutil.Process(child.pid).children(recursive=True)
        child.kill()
        child.wait(PATIENCE_S)
        until(child, lambda: not any(map(lives, started)), "all its children end")


def lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
