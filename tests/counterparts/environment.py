"""Somebody else's software at the other end, each in a virtual environment of its own.

`NAME.in` names it, `NAME.txt` pins it and what it needs by hash (`./run lock`), here or in another
of `PINS`.  Its environment is `.venv-counterparts/NAME`, made anew when the pins change: by `./run
test` before the stages, and by the test itself where that has not been done.  Nothing of it is in
the lock of this project.

    python -m tests.counterparts.environment [NAME ...]
"""

import fcntl
import hashlib
import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PINS = (HERE, HERE.parent / "fuzz")
FOLDER = HERE.parent.parent / ".venv-counterparts"
INSTALL_S_MAX = 300
TRIES = 3  # of what needs the network
PATIENCE_S = 60.0
MAKERS = 3
RETRY_S = 3.0  # a network that fails is given a rest


class NotInstallable(AssertionError):  # noqa: N818  a test that needs it has failed
    """A counterpart cannot be installed: the test that needs it fails, it is not skipped."""


def names() -> list[str]:
    """Return what comes from the package index."""
    return sorted(path.stem for folder in PINS for path in folder.glob("*.in"))


def python_of(name: str) -> Path:
    """Return the interpreter in whose environment `name` is installed, making it where needed."""
    pins = next(path for folder in PINS if (path := folder / f"{name}.txt").is_file())
    wanted = hashlib.sha256(sys.version.encode() + pins.read_bytes()).hexdigest()
    place = FOLDER / name
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side
        stamp = place / "made-from"
        if not stamp.is_file() or stamp.read_text() != wanted:
            _make(place, pins)
            stamp.write_text(wanted)
    return place / "bin" / "python"


def _make(place: Path, pins: Path) -> None:
    # our own pip installs there: one in each environment would take longer than all the rest
    _run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(place)])
    install = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), "install"]
    install += ["--quiet", "--no-input"]
    install += ["--disable-pip-version-check", "--require-hashes", "-r", str(pins)]
    for left in reversed(range(TRIES)):
        try:
            _run(install)
        except NotInstallable:
            if not left:
                raise
            time.sleep(RETRY_S)
        else:
            return


def _run(command: list[str]) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=INSTALL_S_MAX, check=False
    )
    if done.returncode:
        raise NotInstallable(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


class Counterpart:
    """A script of `tests/counterparts` run by a counterpart's own interpreter.

    Without a name it is run by ours: what we depend on ourselves, in a process of its own.  It
    prints JSON lines of what it sees and takes plain lines of what it is to do.
    """

    def __init__(self, name: str, script: str, *arguments: str) -> None:
        self.seen: list[dict[str, Any]] = []
        self._lines: queue.Queue[str] = queue.Queue()
        python = str(python_of(name)) if name else sys.executable
        self.child = subprocess.Popen(
            [python, "-u", str(HERE / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def tell(self, line: str) -> None:
        """Let it do something."""
        assert self.child.stdin is not None
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()

    def until(self, wanted: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """Return the next thing seen that is wanted; fails when patience is over."""
        end = time.perf_counter() + PATIENCE_S
        while True:
            try:
                text = self._lines.get(timeout=max(0.0, end - time.perf_counter()))
            except queue.Empty:
                raise AssertionError(
                    f"the counterpart did not see {what}; it saw {self.seen[-5:]}"
                ) from None
            self.seen.append(json.loads(text))
            if wanted(self.seen[-1]):
                return self.seen[-1]

    def sees(self, **wanted: object) -> dict[str, Any]:
        """Wait until it sees just these values."""
        return self.until(lambda seen: wanted.items() <= seen.items(), str(wanted))

    def _read(self) -> None:
        assert self.child.stdout is not None
        for line in self.child.stdout:
            if not line.endswith("\n"):
                return  # it was ended in the middle of a word
            self._lines.put(line)


@contextmanager
def counterpart(name: str, script: str, *arguments: str) -> Iterator[Counterpart]:
    """Run a counterpart for the time of a `with`."""
    running = Counterpart(name, script, *arguments)
    try:
        yield running
    finally:
        running.child.terminate()
        running._reader.join(PATIENCE_S)  # it has the output to itself until its end
        running.child.communicate(timeout=PATIENCE_S)


def main() -> int:
    """Make the environments named, or all; 1 where one cannot be made, with its cause."""
    wanted = sys.argv[1:] or names()
    with ThreadPoolExecutor(MAKERS) as makers:  # one waits for the network while one unpacks
        return max(makers.map(_tell, wanted))


def _tell(name: str) -> int:
    try:
        python_of(name)
    except NotInstallable as error:
        print(f"counterpart {name} cannot be installed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
