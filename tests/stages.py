"""The one test command: every stage, each within its time budget, and one closing line.

Stages that wait, for processes, lines and clocks, run one after the other beside those that
compute, and the computing ones give way to them.  What computes runs in one process a stage, and
several stages abreast: several workers would each read all tests of their stage and tell of each of
their own, a fifth more work.

A stage over its budget has failed even if all its tests passed: a suite that grows slow is a suite
that is not run.  Budgets are of CPU time, of all processes of the stage: how long it takes by the
clock says more about who else uses the machine.  Each is some 2.5 times what its stage took.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Timer

ROOT = Path(__file__).resolve().parent.parent
ABREAST = 3
"""Computing stages at a time, on two cores: some of their tests wait for time or processes."""
HANG_S = 400.0  # by the clock; a stage that hangs is ended, so that the others still run
FOLDERS = (
    *("contract", "counterparts", "crash", "diagnosis", "drivers", "fuzz", "hil", "linetools"),
    *("simulation", "system"),
)
"""Folders of tests with a stage of their own."""

TWO = ("-n", "2")
ONE_BY_ONE = ("-n", "3", "--maxschedchunk", "1")
"""Tests of whole systems wait for processes most of the time, and a few take far longer than most:
a third worker fills the gaps, and tests are handed out one by one."""

FAULTS = tuple(f"tests/system/test_{name}.py" for name in ("kills", "network", "paths", "centers"))
PAGES = tuple(f"tests/system/test_{name}.py" for name in ("docs", "demo"))
REST = ("tests/system", *(f"--ignore={file}" for file in (*FAULTS, *PAGES)))
DRIVERS = ("tests/drivers", "tests/hil")
JUDGING = ("tests/diagnosis", "tests/linetools")

REAL_TIME = ("link",)
"""Lines, buses and their pace, on real clocks: a stage of their own, beside the others."""

OWN_TOOLS = (
    "test_tidy.py",
    "test_security_page.py",
    "test_stages.py",
    "test_imports.py",
    "mutants",
    "soak",
    "bench",
)
"""Tests of texts and of the tests' own tools: one Python is enough for them."""

PARTS = ("center", "domain", "evidence", "health", "identity", "journal", "uplink", "witness")
"""What each does by itself: a stage for the oldest and the newest Python.  The rest of the unit
tests is of what ties the parts together (the agent, the commands, the demo): a stage for each."""

BETWEEN = (
    "tests/cli",
    "tests/control",
    "tests/daemon",
    "tests/test_agent.py",
    "tests/test_running.py",
)
"""For a Python between the oldest and the newest, which run all: what meets the interpreter most,
its processes, sockets, loop and command lines."""

ONE_WHEEL = ("test_wheel.py", "test_third_party.py")
"""The wheel is pure: every Python is given the same file."""

BRIEF = ("--hypothesis-profile=brief", "-m", "not thorough")
"""For the other Pythons: fewer examples (tests/conftest.py), and not what tries every byte."""

GIVE_WAY = 5
"""By how much what computes is nicer than what waits beside it: it has a third of the other's share
of a core.  With more, those of its own tests that look at a clock would starve."""

GRACE_S = 5.0  # for a stage that is being ended to put its own children away

OUTCOMES = ("failed", "passed", "skipped", "deselected", "xfailed", "xpassed", "warnings", "errors")
"""What pytest's closing line counts, in its order."""

LEFT_OUT = " is left out: "
"""In a line of a stage that names what the machine cannot do (tests/crash/conftest.py)."""

CLOSING = re.compile(r"^(?:=+ )?((?:\d+ [a-z]+(?:, )?)+) in [\d.]+s(?: \([\d:]+\))?(?: =+)?$")
COUNT = re.compile(r"(\d+) ([a-z]+)")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
SINGULAR = {"warning": "warnings", "error": "errors"}


@dataclass(frozen=True, slots=True)
class Stage:
    """One part of the test run: commands that must all exit 0.

    Together they may use `budget_s` of CPU time, and take `hang_s` by the clock.
    """

    name: str
    budget_s: int
    commands: tuple[tuple[str, ...], ...]
    counts_tests: bool = True
    waits: bool = False  # most of its time: it runs beside the others
    hang_s: float = HANG_S


@dataclass(slots=True)
class Outcome:
    """What became of a stage; no reason means that it is good."""

    stage: Stage
    seconds: float = 0.0
    cpu_s: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    reasons: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)  # what this machine cannot do


def count_closing(line: str) -> Counter[str] | None:
    """The counts of pytest's closing line; None for any other line."""
    found = CLOSING.match(COLOUR.sub("", line).strip())
    if found is None:
        return None
    pairs = COUNT.findall(found[1])
    return Counter({SINGULAR.get(word, word): int(number) for number, word in pairs})


def closing_line(counts: Counter[str], seconds: float) -> str:
    """All stages' counts in the form of pytest's own closing line."""
    parts = [_counted(counts[word], word) for word in OUTCOMES if counts[word]]
    took = f"{seconds:.2f}s"
    if seconds >= 60:
        minutes, rest = divmod(int(seconds), 60)
        took += f" ({minutes // 60}:{minutes % 60:02}:{rest:02})"
    return f" {', '.join(parts) or 'no tests ran'} in {took} ".center(80, "=")


def _counted(number: int, word: str) -> str:
    return f"{number} {word[:-1] if number == 1 and word in SINGULAR.values() else word}"


class Interrupted(Exception):  # noqa: N818  nothing has failed
    """The run was ended: no other stage begins."""


class Children:
    """What runs now; once ended, nothing more is started."""

    def __init__(self, give_way: int = 0) -> None:
        self._nice = min(os.getpriority(os.PRIO_PROCESS, 0) + give_way, 19) if give_way else None
        self._lock = Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._ended = False

    @contextmanager
    def running(self, command: Sequence[str], gives_way: bool) -> Iterator[subprocess.Popen[str]]:
        """Start a command; however the block is left, it has ended with all that it started."""
        with self._lock:
            if self._ended:
                raise Interrupted
            child = _start(command)
            self._running.add(child)
        with child:
            if gives_way and self._nice is not None:
                _give_way(child.pid, self._nice)
            try:
                yield child
            except BaseException:
                _end(child)
                raise
            finally:
                with self._lock:
                    self._running.discard(child)

    def end(self) -> None:
        """End all that runs."""
        with self._lock:
            self._ended = True
            running = list(self._running)
        for child in running:
            _end(child)


def run_stage(
    stage: Stage, show: Callable[[str], None], children: Children | None = None
) -> Outcome:
    """Run the stage's commands, showing their output as it comes."""
    children = Children() if children is None else children
    outcome = Outcome(stage)
    started = time.perf_counter()
    for command in stage.commands:
        left_s = stage.hang_s - (time.perf_counter() - started)
        with children.running(command, gives_way=not stage.waits) as child:
            code, cpu_s = _hear(child, max(left_s, 0.0), lambda line: _listen(outcome, line, show))
        outcome.cpu_s += cpu_s
        if code != 0:
            outcome.reasons.append(f"{_plain(command)}: {_ended(code)}")
    outcome.seconds = time.perf_counter() - started
    judge(outcome)
    return outcome


def _listen(outcome: Outcome, line: str, show: Callable[[str], None]) -> None:
    show(line)
    if LEFT_OUT in line:
        outcome.left_out.append(line.strip())
    if outcome.stage.counts_tests and (counts := count_closing(line)) is not None:
        outcome.counts += counts


def judge(outcome: Outcome) -> None:
    """Add what else is wrong with a stage whose commands have ended."""
    counts, stage = outcome.counts, outcome.stage
    if stage.counts_tests and not counts["passed"] + counts["failed"]:
        outcome.reasons.append("no test ran")
    if outcome.cpu_s > stage.budget_s:
        outcome.reasons.append(f"over its budget of {stage.budget_s} s of CPU time")


def _start(command: Sequence[str]) -> subprocess.Popen[str]:
    # A session of its own, so that what a hanging stage has started ends with it.
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def _give_way(pid: int, nice: int) -> None:
    """Let another stage go first, also where the kernel shares cores among sessions (sched(7))."""
    with suppress(OSError):  # it has ended, or there is no such file
        os.setpriority(os.PRIO_PGRP, pid, nice)
        Path(f"/proc/{pid}/autogroup").write_text(str(nice))


def _hear(
    child: subprocess.Popen[str], seconds_max: float, hear: Callable[[str], None]
) -> tuple[int, float]:
    """Hear a command to its end; return its exit code and the CPU time that it has used."""
    timer = Timer(seconds_max, _end, (child,))
    timer.start()
    try:
        assert child.stdout is not None
        for line in child.stdout:
            hear(line)
        cpu_s = _cpu_s(child.pid)
        return child.wait(), cpu_s
    finally:
        timer.cancel()


def _cpu_s(pid: int) -> float:
    """Wait for its end; return the time of its own and of all children that were waited for."""
    # it may have been ended, and be gone
    with suppress(ChildProcessError, FileNotFoundError, ProcessLookupError):
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, told[11:15])) / os.sysconf("SC_CLK_TCK")  # proc_pid_stat(5)
    return 0.0


def _end(child: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_S)
        os.killpg(child.pid, signal.SIGKILL)


def _ended(code: int) -> str:
    return f"exit {code}" if code >= 0 else f"ended by {signal.Signals(-code).name}"


def _plain(command: Sequence[str]) -> str:
    """A command as a person would say it: the tool and what it is asked, without the rest."""
    words = [word for word in command[:4] if not word.startswith(("-", "/", "."))]
    return " ".join(words)


def lint() -> Stage:
    """Format, lint, types, and the shell scripts' syntax."""
    tool = (sys.executable, "-m")
    return Stage(
        "lint and types",
        90,
        (
            (*tool, "ruff", "format", "--check", "--quiet", "."),
            (*tool, "ruff", "check", "--quiet", "."),
            (*tool, "mypy"),
            ("sh", "-n", "run"),
            ("sh", "-n", ".ci/run"),
        ),
        counts_tests=False,
    )


def stages(others: Iterable[str], options: Sequence[str]) -> list[Stage]:
    """All stages; `others` are VERSION=INTERPRETER that run the unit tests too.

    Those that take long begin first, so that none is left alone at the end.
    """
    here = sys.executable
    found = [
        lint(),
        # half of its time goes by on real lines, paced as slowly as they are
        _computing("driver contract", 240, ("tests/contract", *TWO), options),
        *_unit("", here, options, without=REAL_TIME),
        _computing("simulation", 150, ["tests/simulation"], options),
        _computing("fuzzing", 90, ["tests/fuzz"], options),
    ]
    named = list(others)
    for other in named:
        version, _, python = other.partition("=")
        without = (*OWN_TOOLS, *ONE_WHEEL, *REAL_TIME)
        suffix, brief = f", Python {version}", (*BRIEF, *options)
        if other == named[-1]:
            found += _unit(suffix, python, brief, without)
        else:
            found.append(_computing(f"unit{suffix}", 160, BETWEEN, brief, python))
    return [
        *found,
        _computing("drivers and panels", 90, DRIVERS, options),
        _computing("diagnosis and line tools", 90, JUDGING, options),
        _waiting("lines and buses", 40, ("tests/link", *TWO), options),
        _waiting("kills and networks", 180, (*FAULTS, *ONE_BY_ONE), options),
        _waiting("system", 240, (*REST, *ONE_BY_ONE), options),
        _waiting("pages and demo", 160, (*PAGES, *ONE_BY_ONE), options),
        _waiting("counterparts", 60, ("tests/counterparts", *TWO), options),
        _waiting("power cuts and damage", 120, ("tests/crash", *ONE_BY_ONE), options),
    ]


def _unit(
    suffix: str, python: str, options: Sequence[str], without: Sequence[str]
) -> tuple[Stage, Stage]:
    """Everything but the stages that have a folder of their own, and what is left out beside."""
    apart = (*FOLDERS, *PARTS, *without)
    whole = ("tests", *(f"--ignore=tests/{name}" for name in apart))
    parts = tuple(f"tests/{name}" for name in PARTS)
    return (
        _computing(f"unit{suffix}", 160, whole, options, python),
        _computing(f"unit of each part{suffix}", 160, parts, options, python),
    )


def _computing(
    name: str, budget_s: int, tests: Sequence[str], options: Sequence[str], python: str = ""
) -> Stage:
    return Stage(name, budget_s, (_pytest(python or sys.executable, tests, options),))


def _waiting(name: str, budget_s: int, tests: Sequence[str], options: Sequence[str]) -> Stage:
    return Stage(name, budget_s, (_pytest(sys.executable, tests, options),), waits=True)


def _pytest(python: str, arguments: Sequence[str], options: Sequence[str]) -> tuple[str, ...]:
    colour = "yes" if sys.stdout.isatty() else "no"
    return (python, "-m", "pytest", f"--color={colour}", *arguments, *options)


def report(outcomes: Sequence[Outcome], absent: Sequence[str]) -> list[str]:
    """The table of stages, and what was left out."""
    lines = [f"{'stage':<34}{'seconds':>8}{'CPU':>8}{'budget':>8}  result"]
    for outcome in outcomes:
        stage = outcome.stage
        result = "; ".join(outcome.reasons) or "good"
        took = f"{outcome.seconds:>8.1f}{outcome.cpu_s:>8.1f}{stage.budget_s:>8}"
        lines.append(f"{stage.name:<34}{took}  {result}")
    lines += [line for outcome in outcomes for line in outcome.left_out]
    lines += [f"Python {version} is not installed here: unit stage left out" for version in absent]
    return lines


def total(outcomes: Sequence[Outcome]) -> Counter[str]:
    """All counts; a stage that failed without a failed test counts as an error, as in pytest."""
    counts: Counter[str] = Counter()
    for outcome in outcomes:
        counts += outcome.counts
        if outcome.reasons and not outcome.counts["failed"] + outcome.counts["errors"]:
            counts["errors"] += 1
    return counts


def run_lanes(todo: Sequence[Stage], show: Callable[[str], None]) -> list[Outcome]:
    """Run what waits beside what computes; what a stage says is shown when it has ended.

    One that is alone is shown as it goes.
    """
    if len(todo) < 2:
        return [_run_alone(stage, show) for stage in todo]
    waiting = deque(stage for stage in todo if stage.waits)
    computing = deque(stage for stage in todo if not stage.waits)
    children = Children(GIVE_WAY if waiting and computing else 0)
    printing = Lock()

    def show_whole(text: str) -> None:
        with printing:
            show(text)

    lanes = [waiting, *[computing] * ABREAST]
    with ThreadPoolExecutor(len(lanes)) as side:
        running = [side.submit(_run_lane, lane, show_whole, children) for lane in lanes]
        try:
            over, _ = wait(running, return_when=FIRST_EXCEPTION)
            ended = {outcome.stage.name: outcome for lane in over for outcome in lane.result()}
        except BaseException:
            children.end()
            raise
    return [ended[stage.name] for stage in todo]


def _run_alone(stage: Stage, show: Callable[[str], None]) -> Outcome:
    show(_heading(stage))
    return run_stage(stage, show)


def _run_lane(lane: deque[Stage], show: Callable[[str], None], children: Children) -> list[Outcome]:
    """Run stage after stage, until the lanes have left none."""
    outcomes = []
    while (stage := _next_of(lane)) is not None:
        show(f"==== begins: {stage.name}\n")
        said = [_heading(stage)]
        outcomes.append(run_stage(stage, said.append, children))
        show("".join(said))
    return outcomes


def _next_of(lane: deque[Stage]) -> Stage | None:
    try:
        return lane.popleft()
    except IndexError:  # another lane has been quicker
        return None


def _heading(stage: Stage) -> str:
    return f"\n==== stage: {stage.name}\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the stages; 0 only if each is good."""
    parser = argparse.ArgumentParser(prog="./run test", description=main.__doc__)
    parser.add_argument("--only", metavar="STAGE", help="run just the stage of that name")
    parser.add_argument("--also", action="append", default=[], metavar="VERSION=PYTHON")
    parser.add_argument("--absent", action="append", default=[], metavar="VERSION")
    parser.add_argument("options", nargs="*", help="passed on to pytest")
    chosen = parser.parse_args(arguments)
    todo = [
        stage for stage in stages(chosen.also, chosen.options) if chosen.only in {None, stage.name}
    ]
    started = time.perf_counter()
    outcomes = run_lanes(todo, _show)
    seconds = time.perf_counter() - started
    _show("\n" + "\n".join(report(outcomes, chosen.absent)) + "\n")
    counts = total(outcomes)
    if any(stage.counts_tests for stage in todo):
        _show(closing_line(counts, seconds) + "\n")
    return 1 if not outcomes or any(outcome.reasons for outcome in outcomes) else 0


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
