"""What a machine cannot do is left out and named, never passed over in silence."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = ("tests/crash/test_sectors.py", "tests/crash/test_refusals.py")


def test_a_machine_without_strace_says_what_it_leaves_out(tmp_path: Path) -> None:
    words = ["--collect-only", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *FILES]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "all that needs strace is left out: this machine cannot trace a process" in done.stdout
    assert "all that needs netns is left out: this machine cannot make a network" in done.stdout
    assert "test_sectors.py" not in done.stdout
    assert "test_each_call_fails_in_turn" not in done.stdout
    assert "test_refusals.py" in done.stdout
