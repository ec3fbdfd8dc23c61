"""Children: heard, told, watched, and ended with all that they started."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from edge_agent.demo import children
from edge_agent.demo.children import Children, Death, environment, run, tail

PATIENCE_S = 60
PYTHON = (sys.executable, "-c")
WAITS = "import signal\nprint('up', flush=True)\nsignal.pause()"
ECHO = "import sys\nfor line in sys.stdin: print('heard', line.strip(), flush=True)"


def with_children(
    folder: Path, scenario: Callable[[Children, list[Death]], Awaitable[None]]
) -> None:
    async def play() -> None:
        deaths: list[Death] = []
        children = Children(folder, deaths.append)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await scenario(children, deaths)
        finally:
            await children.close()

    asyncio.run(play())


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def test_a_child_is_told_and_heard(tmp_path: Path) -> None:
    async def scenario(children: Children, deaths: list[Death]) -> None:
        heard: list[str] = []
        child = await children.start("echo", [*PYTHON, ECHO], heard.append)
        child.tell("one")
        child.tell("two")
        await until(lambda: len(heard) == 2)
        assert heard == ["heard one\n", "heard two\n"]
        await children.stop("echo")
        assert not deaths, "it was told to end"

    with_children(tmp_path, scenario)


def test_a_death_is_named_with_the_end_of_the_log(tmp_path: Path) -> None:
    async def scenario(children: Children, deaths: list[Death]) -> None:
        says = "import sys; print('cause of it', file=sys.stderr); sys.exit(3)"
        await children.start("agent", [*PYTHON, says])
        await until(lambda: bool(deaths))
        told = "agent ended by itself with exit code 3; the end of its log:\ncause of it"
        assert str(deaths[0]) == told

    with_children(tmp_path, scenario)


def test_a_kill_is_named_by_its_signal(tmp_path: Path) -> None:
    async def scenario(children: Children, deaths: list[Death]) -> None:
        child = await children.start("broker", [*PYTHON, WAITS], lambda _: None)
        os.kill(child.process.pid, signal.SIGKILL)
        await until(lambda: bool(deaths))
        assert "broker was ended by SIGKILL" in str(deaths[0])
        child.tell("are you there")

    with_children(tmp_path, scenario)


def test_closing_ends_what_a_child_started_and_what_does_not_listen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "GRACE_S", 0.1)
    stubborn = (
        "import signal, subprocess, sys\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
        "print(child.pid, flush=True)\nsignal.pause()"
    )
    found: list[int] = []

    async def scenario(children: Children, deaths: list[Death]) -> None:
        child = await children.start(
            "stubborn", [*PYTHON, stubborn], lambda s: found.append(int(s))
        )
        await until(lambda: bool(found))
        found.append(child.process.pid)

    with_children(tmp_path, scenario)
    asyncio.run(until(lambda: all(map(is_gone, found))))  # a killed process needs a moment to end


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_run_returns_all_that_was_said(tmp_path: Path) -> None:
    says = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(4)"
    assert asyncio.run(run([*PYTHON, says], tmp_path)) == (4, "out\n", "err\n")


def test_children_find_this_project_from_any_folder(tmp_path: Path) -> None:
    (tmp_path / "hil").mkdir()
    code, _, errors = asyncio.run(run([sys.executable, "-m", "hil.panels", "--help"], Path("/")))
    assert code == 0, errors
    assert "PYTHONPATH" in environment()


def test_a_tail_is_the_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"{number}\n" for number in range(5_000)))
    assert tail(log).splitlines() == [str(number) for number in range(4_992, 5_000)]
    log.write_text("")
    assert str(Death("agent", 1, tail(log))).endswith("its log is empty")
