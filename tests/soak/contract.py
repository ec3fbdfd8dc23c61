"""Seeds of the driver contract: every driver and profile over faulty lines."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.soak.part import Result, Watch

SEEDS = 100  # where only a time is asked for
TESTS = ("test_session.py", "test_stream.py", "test_bus.py")
ITEMS = re.compile(r"\d+ workers? \[(\d+) items?\]")
ENDED = re.compile(r"(PASSED|FAILED|ERROR) (tests/\S.*?)\s*$")


def run(result: Result, watch: Watch, first: int, top: Path) -> None:
    """Run the contract's seeded tests with `result.asked` seeds each, from `first` on."""
    del top
    items = 0
    seeds = {"EDGE_SEED": str(first), "EDGE_SEEDS": str(result.asked or SEEDS)}
    words = [sys.executable, "-m", "pytest", "-v", "--no-header", "--color=no", "--tb=line"]
    words += ["-n", str(os.cpu_count() or 1), "--timeout=0"]
    with subprocess.Popen(
        [*words, *(f"tests/contract/{name}" for name in TESTS)],
        env=os.environ | seeds,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as tests:
        assert tests.stdout is not None
        tail: list[str] = []
        try:
            for line in tests.stdout:
                tail = [*tail[-20:], line]
                items = int(found[1]) if (found := ITEMS.search(line)) else items
                _hear(result, line, seeds)
                share = result.facts["tests"] / items if items else 0
                result.done = int((result.asked or SEEDS) * share)
                watch.look()
                if watch.is_over():
                    break
        finally:
            tests.terminate()
    if not result.failures and tests.returncode not in (0, -15):
        result.fail(f"pytest: exit {tests.returncode}: {''.join(tail)}", _again("", seeds))


def _hear(result: Result, line: str, seeds: dict[str, str]) -> None:
    if found := ENDED.search(line):
        result.facts["tests"] += 1
        if found[1] != "PASSED":
            result.fail(found[2], _again(found[2], seeds))


def _again(test: str, seeds: dict[str, str]) -> str:
    named = " ".join(f"{name}={value}" for name, value in seeds.items())
    return f"{named} ./run test '{test or 'tests/contract'}'"
