"""atheris as child processes: started, heard, and what they found put by.

Each of `played.names()` has a process of its own, for each ends at its first defect.  The input of
a defect is saved in `corpus/NAME`, where `test_corpus.py` plays it from then on.
"""

import hashlib
import os
import platform
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.counterparts.environment import python_of
from tests.fuzz import played

ROOT = Path(__file__).resolve().parent.parent.parent
CORPUS = Path(__file__).resolve().parent / "corpus"
KEPT = ROOT / ".fuzz"  # what reached something new: the next long run begins with it
INPUT_BYTES_MAX = 4096  # twice the longest frame
MEMORY_MB_MAX = 512
WALL_S_MAX = 3600
TAIL_LINES = 40
STATE = re.compile(r"#(\d+)\s.*cov: (\d+) .*corp: (\d+)/")
FOUND = re.compile(r"Test unit written to (\S+)")


def missing() -> str:
    """Return why this machine has no atheris; "" where it has."""
    machine = platform.machine()
    return "" if machine == "x86_64" else f"atheris has no wheel for {machine}"


@dataclass(slots=True)
class Found:
    """What one run came to; `defect` is the saved input, `said` what was wrong with it."""

    name: str
    executions: int = 0
    edges: int = 0
    inputs: int = 0
    seconds: float = 0.0
    defect: Path | None = None
    said: list[str] = field(default_factory=list)
    code: int = 0

    @property
    def good(self) -> bool:
        """Whether it ran to its end without a defect."""
        return self.code == 0 and self.defect is None and self.executions > 0


@dataclass(frozen=True, slots=True)
class Order:
    """How long each is fuzzed, from which seed (0: by chance), and what is kept where.

    `kept` None: nothing is kept.  `corpus` is where defects go.
    """

    seconds: float
    seed: int = 0
    kept: Path | None = None
    corpus: Path = CORPUS


def fuzz(name: str, order: Order, folder: Path, ends: ExitStack | None = None) -> Found:
    """Fuzz one for its time; `folder` is scratch, `ends` learns how to end it early."""
    seeds, kept, defects = (folder / part for part in ("seeds", "kept", "defects"))
    kept = kept if order.kept is None else order.kept / name
    for path in (seeds, kept, defects):
        path.mkdir(parents=True, exist_ok=True)
    for data in played.seeds(name):
        (seeds / name_of(data)).write_bytes(data)
    command = [
        *(str(python_of("atheris")), "-m", "tests.fuzz.fuzzer", name),
        f"-max_total_time={max(1, round(order.seconds))}",
        f"-seed={order.seed}",
        f"-max_len={INPUT_BYTES_MAX}",
        # both by the clock on the wall: the fuzzer counts the processor's time itself, and an input
        # that a busy machine plays slowly is no defect
        f"-timeout={WALL_S_MAX}",
        f"-report_slow_units={WALL_S_MAX}",
        f"-rss_limit_mb={MEMORY_MB_MAX}",
        "-print_final_stats=1",
        f"-artifact_prefix={defects}/",
        *(str(kept), str(seeds), str(order.corpus / name)),
    ]
    (order.corpus / name).mkdir(parents=True, exist_ok=True)
    found = Found(name)
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as child:
        if ends is not None:
            ends.callback(child.terminate)
        assert child.stdout is not None
        for line in child.stdout:
            hear(found, line)
        found.code = child.wait()
    _save(found, defects, order.corpus / name)
    return found


def hear(found: Found, line: str) -> None:
    """Take what libFuzzer says."""
    found.said = [*found.said[-TAIL_LINES:], line.rstrip()]
    if state := STATE.match(line):
        found.executions, found.edges, found.inputs = map(int, state.groups())
    if unit := FOUND.search(line):
        found.defect = Path(unit[1])


def _save(found: Found, defects: Path, corpus: Path) -> None:
    """Keep the input of a defect under a name that the same input has again."""
    for path in sorted(defects.iterdir()):
        data = path.read_bytes()
        found.defect = corpus / name_of(data)
        found.defect.write_bytes(data)


def name_of(data: bytes) -> str:
    """Return the name of an input's file."""
    return hashlib.sha256(data).hexdigest()[:16]


def each(names: list[str], order: Order, folder: Path, workers: int) -> Iterator[Found]:
    """Fuzz several side by side; yield what each came to, in their order."""
    with ExitStack() as ends, ThreadPoolExecutor(workers) as pool:
        runs = [pool.submit(fuzz, name, order, folder / name, ends) for name in names]
        for run in runs:
            yield run.result()


def row(found: Found) -> str:
    """Return one line of what a run came to."""
    what = "good" if found.good else f"DEFECT {found.defect}" if found.defect else "DID NOT RUN"
    return f"{found.name:<12}{found.executions:>12,}{found.edges:>8,}{found.inputs:>8,}  {what}"
