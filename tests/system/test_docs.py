"""Every command in README and docs is run as a reader would run it.

A block that starts with ```sh is run by bash, block after block of a page in one go, in a copy of
the sources; a command that fails fails the test.  Blocks ```sh root install on a machine: they are
run by `test_installed`.
"""

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.secrecy import leaks

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\S[^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)

ELSEWHERE = {
    "./run demo\n": "tests/system/test_demo.py plays it",
    "./run test\n": "is what runs this very test",
}
"""Blocks that another test runs."""

BLOCK_S_MAX = 280

FOLDERS = (
    *(".venv", "bench", "config", "docs", "drivers", "edge_agent", "hil", "requirements"),
    *("systemd", "tests"),
)
"""What a checkout has; others of this one are somebody's own."""


def blocks(page: Path, kind: str) -> list[str]:
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [text for info, text in found if info == kind and text not in ELSEWHERE]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder as a reader has it after `./run demo`: what is written there stays there."""
    copy = tmp_path / "edge-agent"
    copy.mkdir()
    for name in FOLDERS:
        (copy / name).symlink_to(ROOT / name)  # thousands of files that no page changes
    for file in filter(Path.is_file, ROOT.iterdir()):
        shutil.copy(file, copy)
    return copy


@contextlib.contextmanager
def alone(script: str) -> Iterator[None]:
    """A page that starts a broker does so at the port that a reader would use: one at a time."""
    if "mosquitto" not in script:
        yield
        return
    with (Path(tempfile.gettempdir()) / "edge-agent-docs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(script: str, checkout: Path, *before: str) -> str:
    """Run `script` in a session of its own, so that whatever it leaves behind is ended."""
    path = f"{checkout}/.venv/bin:{os.environ['PATH']}:/usr/sbin"
    child = subprocess.Popen(
        [*before, "bash", "-euo", "pipefail", "-c", script],
        cwd=checkout,
        env=os.environ | {"PATH": path, "PYTHONPATH": str(checkout), "PYTHONWARNINGS": "default"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = child.communicate(timeout=BLOCK_S_MAX)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    logs = "".join(f"\n--- {log}\n{log.read_text()}" for log in checkout.rglob("*.log"))
    assert child.returncode == 0, f"{said}{logs}"
    return said


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if blocks(page, "sh")],
    ids=lambda page: str(page.relative_to(ROOT)),
)
@pytest.mark.timeout(1200)  # with what it waits for, in other checkouts too
def test_the_commands_of_a_page_work(page: Path, checkout: Path) -> None:
    script = "\n".join(blocks(page, "sh"))
    with alone(script):
        said = run(script, checkout)
    assert leaks(checkout) == []
    if page.name == "README.md":
        assert "burglary active" in said
        assert "nothing wrong" in said


def test_every_command_is_in_a_block_that_is_run() -> None:
    known = {"sh", "sh root", "json", "text", "toml", "python"}
    kinds = {info for page in PAGES for info, _ in BLOCK.findall(page.read_text())}
    assert kinds <= known
    texts = [text for page in PAGES for _, text in BLOCK.findall(page.read_text())]
    assert set(ELSEWHERE) <= set(texts)
