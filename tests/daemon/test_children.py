"""A child's answer is heard, its failure told, and none is left behind."""

import asyncio
import sys

import pytest

from edge_agent.daemon import children

PYTHON = (sys.executable, "-c")


def ran(code: str, s_max: float = 30.0, bytes_max: int | None = None) -> bytes:
    return asyncio.run(children.run(code, s_max=s_max, bytes_max=bytes_max, command=PYTHON))


@pytest.mark.parametrize("code", [0, 1])
def test_an_answer_is_what_it_prints(code: int) -> None:
    assert ran(f"import sys; print(7); sys.exit({code})") == b"7\n"


@pytest.mark.parametrize("code", ["import sys; sys.exit(2)", "import os; os.abort()"])
def test_a_crash_is_no_answer(code: str) -> None:
    with pytest.raises(children.Failed, match="exit code"):
        ran(code)


def test_one_that_hangs_is_killed() -> None:
    with pytest.raises(children.Failed, match="did not end"):
        ran("import time; time.sleep(3600)", s_max=0.2)


def test_what_cannot_be_started_is_said() -> None:
    with pytest.raises(children.Failed, match="cannot be started"):
        asyncio.run(children.run(s_max=1, command=("/nonexistent",)))


def test_it_has_the_lowest_priority() -> None:
    waits = "import os, time\nwhile os.nice(0) != 19: time.sleep(0.01)\nprint(os.nice(0))"
    assert ran(waits) == b"19\n"


def test_it_gets_no_more_memory_than_it_may_take() -> None:
    limit = 1 << 30
    waits = (
        "import resource, time\n"
        f"while resource.getrlimit(resource.RLIMIT_DATA) != ({limit}, {limit}): time.sleep(0.01)\n"
        "print(7)"
    )
    assert ran(waits, bytes_max=limit) == b"7\n"


def test_our_own_command_is_run() -> None:
    assert asyncio.run(children.run("--version", s_max=60)).startswith(b"edge-agent ")
