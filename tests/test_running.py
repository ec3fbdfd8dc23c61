"""A run's exit code, and what a defect in it means (a whole run: tests/test_agent.py)."""

import asyncio
import gc
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge_agent import running
from edge_agent.config import load
from edge_agent.control.probation import Phase, Probation
from edge_agent.evidence.command import CommandRef
from tests.test_agent import gateway

__all__ = ["gateway"]


def test_a_defect_in_a_run_that_tries_a_configuration_brings_the_old_one_back(
    gateway: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> int:
        raise RuntimeError("a defect")

    monkeypatch.setattr(running, "Agent", fails)
    file = gateway / "gateway.toml"
    loaded = load(file)
    step = Probation(
        phase=Phase.TRYING,
        data=file.read_bytes(),
        replaces=bytes(32),
        command=CommandRef("center", 1, bytes(32)),
        actor="Wang, installer of center",
        centers=("center",),
        within_s=90,
    )
    assert running.run(loaded, probation=step) == running.RESTART
    found = Probation.from_bytes((gateway / "gateway.toml.probation").read_bytes())
    assert found.phase is Phase.DROPPED
    assert "a defect" in found.why
    with pytest.raises(RuntimeError, match="a defect"):
        running.run(loaded, probation=step.kept())
    with pytest.raises(RuntimeError, match="a defect"):
        running.run(loaded)


def test_a_thread_that_commits_does_not_wait_for_one_that_judges(
    gateway: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[float] = []
    before_s = sys.getswitchinterval()
    monkeypatch.setattr(running, "Agent", lambda *_: SimpleNamespace(
        ending=SimpleNamespace(restarts=False),
        serve=None, await_power=None, power_fails=None,
    ))  # fmt: skip

    async def looks(*_: object) -> None:
        found.append(sys.getswitchinterval())

    monkeypatch.setattr(running, "run_until_signal", looks)
    try:
        assert running.run(load(gateway / "gateway.toml")) == 0
    finally:
        sys.setswitchinterval(before_s)
        gc.unfreeze()
    assert found == [pytest.approx(running.SWITCH_S)]


MEMORY = """
import re
from pathlib import Path
from edge_agent.running import give_back

def anonymous():
    return int(re.findall(r"RssAnon:\\s+(\\d+)", Path("/proc/self/status").read_text())[0])

pieces = [bytes([1]) * 60_000 for _ in range(500)]
pinned = bytes([1]) * 60_000  # behind them: the heap cannot shrink from its end
del pieces
before = anonymous()
give_back()
print(before - anonymous())
"""


def test_memory_that_a_start_needed_is_given_back() -> None:
    """Seen to fail without the call: nothing comes back."""
    said = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True
    )
    assert int(said.stdout) > 10_000, "KiB of 30 MB"


def test_an_agent_gives_memory_back_once_it_has_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    given = threading.Event()

    async def serve(_: asyncio.Event) -> None:
        async with asyncio.timeout(20):
            while not given.is_set():
                await asyncio.sleep(0)

    monkeypatch.setattr(running, "SETTLED_S", 0.0)
    monkeypatch.setattr(running, "give_back", given.set)
    monkeypatch.setattr(running, "Agent", lambda *_: SimpleNamespace(
        ending=SimpleNamespace(restarts=False),
        serve=serve, await_power=None, power_fails=None,
    ))  # fmt: skip
    monkeypatch.setattr(
        running, "run_until_signal", lambda _ending, works, *_rest: works(asyncio.Event())
    )
    before_s = sys.getswitchinterval()
    try:
        assert running.run(None) == 0  # type: ignore[arg-type]  # taken by no agent here
    finally:
        sys.setswitchinterval(before_s)
        gc.unfreeze()
