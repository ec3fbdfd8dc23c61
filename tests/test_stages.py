import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from hil.rig import wait_until
from tests.stages import (
    BETWEEN,
    FOLDERS,
    GIVE_WAY,
    PARTS,
    REAL_TIME,
    ROOT,
    Outcome,
    Stage,
    closing_line,
    count_closing,
    judge,
    main,
    report,
    run_lanes,
    run_stage,
    stages,
    total,
)

CLOSED = [
    ("===== 812 passed in 243.10s (0:04:03) =====", {"passed": 812}),
    ("1 failed, 3 passed, 1 warning in 0.12s", {"failed": 1, "passed": 3, "warnings": 1}),
    ("\x1b[31m=== \x1b[1m2 errors\x1b[0m in 1.00s ===\x1b[0m", {"errors": 2}),
    ("= 5 passed, 2 xfailed, 1 error in 1.00s =", {"passed": 5, "xfailed": 2, "errors": 1}),
]


@pytest.mark.parametrize(("line", "counts"), CLOSED)
def test_counts_what_pytest_says_at_the_end(line: str, counts: dict[str, int]) -> None:
    assert count_closing(line) == counts


@pytest.mark.parametrize("line", ["", "=== FAILURES ===", "3 passed", "no tests ran in 0.01s"])
def test_other_lines_count_nothing(line: str) -> None:
    assert count_closing(line) is None


def test_closing_line_has_the_form_of_pytest() -> None:
    counts = Counter(failed=1, passed=811, errors=1, warnings=2)
    line = closing_line(counts, 3723.456)
    assert line.strip("= ") == "1 failed, 811 passed, 2 warnings, 1 error in 3723.46s (1:02:03)"
    assert count_closing(line) == counts
    assert closing_line(Counter(), 1.0).strip("= ") == "no tests ran in 1.00s"


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def run(stage: Stage) -> tuple[Outcome, str]:
    heard: list[str] = []
    outcome = run_stage(stage, heard.append)
    return outcome, "".join(heard)


def test_a_good_stage_has_no_reason() -> None:
    outcome, heard = run(Stage("s", 60, (python("print('== 2 passed in 0.1s ==')"),)))
    assert (outcome.reasons, outcome.counts) == ([], {"passed": 2})
    assert heard == "== 2 passed in 0.1s ==\n"


def test_a_stage_in_which_no_test_ran_has_failed() -> None:
    outcome, _ = run(Stage("s", 60, (python("print('no tests ran in 0.1s')"),)))
    assert outcome.reasons == ["no test ran"]


def test_what_a_machine_cannot_do_is_named_again_at_the_end() -> None:
    said = "tests/crash: all that needs loop is left out: this machine cannot mount"
    script = f"print({said!r}); print('1 passed, 4 deselected in 0.1s')"
    outcome, _ = run(Stage("s", 60, (python(script),)))
    assert report([outcome], [])[-1] == said


def test_a_failing_command_does_not_hide_the_next() -> None:
    commands = (python("raise SystemExit(3)"), python("print('second')"))
    outcome, heard = run(Stage("s", 60, commands, counts_tests=False))
    assert len(outcome.reasons) == 1
    assert "exit 3" in outcome.reasons[0]
    assert heard == "second\n"


def test_a_stage_over_its_budget_has_failed() -> None:
    """In CPU time: of its own, and of what it starts."""
    works = "while time.process_time() < 0.2: pass"
    starts = f"subprocess.run([sys.executable, '-c', 'import time\\n{works}'])"
    commands = (python(f"import subprocess, sys; {starts}"),)
    outcome, _ = run(Stage("s", 0, commands, counts_tests=False))
    assert outcome.reasons == ["over its budget of 0 s of CPU time"]
    assert outcome.cpu_s > 0.1  # the clock of children ticks in hundredths
    outcome, _ = run(Stage("s", 60, commands, counts_tests=False))
    assert outcome.reasons == []


def test_what_a_stage_takes_by_the_clock_is_nobodys_fault() -> None:
    outcome = Outcome(Stage("s", 1, (), counts_tests=False), seconds=300.0, cpu_s=0.9)
    judge(outcome)
    assert outcome.reasons == []


def test_a_hanging_stage_is_ended_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = tmp_path / "pid"

    class WhenStarted(threading.Thread):
        """In place of a timer: the time is over once the child has a child."""

        def __init__(self, _seconds: float, over: Callable[..., None], told: Sequence[Any]) -> None:
            super().__init__()
            self._over, self._told = over, told

        def run(self) -> None:
            wait_until(lambda: pid.exists() and pid.read_text(), "the child of the child")
            self._over(*self._told)

        def cancel(self) -> None:
            """It was over."""

    monkeypatch.setattr("tests.stages.Timer", WhenStarted)
    hang = f"""
import pathlib, signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
pathlib.Path({str(pid)!r}).write_text(str(child.pid))
signal.pause()
"""
    outcome, _ = run(Stage("s", 60, (python(hang),), counts_tests=False))
    assert "ended by SIG" in outcome.reasons[0]
    wait_until(lambda: not _alive(int(pid.read_text())), "the child outlived its stage")


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_stages_cover_every_test_once() -> None:
    names = {stage.name: " ".join(stage.commands[0]) for stage in stages([], ["-x"])}
    folders = (*FOLDERS, *PARTS, *REAL_TIME)
    ignored = " ".join(f"--ignore=tests/{folder}" for folder in folders)
    assert names["unit"].endswith(f" tests {ignored} -x")
    for folder in folders:
        assert sum(f" tests/{folder} " in f"{words} " for words in names.values()) == 1
    rest = names["system"]
    for file in (ROOT / "tests/system").glob("test_*.py"):
        apart = f"--ignore=tests/system/{file.name} " in rest
        of_others = [
            name for name, words in names.items() if f" tests/system/{file.name} " in words
        ]
        assert len(of_others) == apart, f"{file.name}: {of_others}"
    assert sum(" tests " in words for words in names.values()) == 1
    assert " tests/system " in rest
    assert all(words.endswith(" -x") for words in names.values() if " pytest " in words)


def test_other_pythons_run_the_unit_tests_and_the_last_those_of_each_part() -> None:
    found = stages(["3.12=/p/python", "3.13=/q/python"], [])
    of = {stage.name: stage.commands[0] for stage in found if stage.name.startswith("unit")}
    assert list(of) == [
        "unit",
        "unit of each part",
        "unit, Python 3.12",
        "unit, Python 3.13",
        "unit of each part, Python 3.13",
    ]
    assert [words[0] for words in of.values()][2:] == ["/p/python", "/q/python", "/q/python"]
    assert all((ROOT / each).exists() for each in BETWEEN)
    assert set(BETWEEN) <= set(of["unit, Python 3.12"])
    assert ["not thorough" in words for words in of.values()] == [False, False, True, True, True]
    for part in PARTS:
        assert f"tests/{part}" in of["unit of each part, Python 3.13"]
        assert f"--ignore=tests/{part}" in of["unit, Python 3.13"]


def test_total_counts_a_stage_that_failed_without_a_failed_test() -> None:
    good = Outcome(Stage("a", 1, ()), 0.5, 0.5, Counter(passed=3))
    slow = Outcome(Stage("b", 1, ()), 2.0, 2.0, Counter(passed=4), ["over its budget of 1 s"])
    red = Outcome(Stage("c", 1, ()), 0.5, 0.5, Counter(passed=1, failed=2), ["exit 1"])
    assert total([good, slow, red]) == {"passed": 8, "failed": 2, "errors": 1}
    text = "\n".join(report([good, slow, red], ["3.13"]))
    assert "over its budget of 1 s" in text
    assert "Python 3.13 is not installed here" in text


def test_an_unknown_stage_is_not_a_success() -> None:
    assert main(["--only", "nothing of that name"]) == 1


MEETING = """
import pathlib, sys, time
mine, other = map(pathlib.Path, sys.argv[1:])
mine.touch()
end = time.perf_counter() + 30
while not other.exists():
    assert time.perf_counter() < end, "alone"
    time.sleep(0.01)
print("met", flush=True)
"""


def test_what_waits_runs_beside_what_computes_and_what_each_says_stays_together(
    tmp_path: Path,
) -> None:
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    meet = python(MEETING)
    todo = [
        Stage("computes", 60, ((*meet, one, two), python("print('more')")), counts_tests=False),
        Stage("waits", 60, ((*meet, two, one),), counts_tests=False, waits=True),
        Stage("waits too", 60, (python("print('last')"),), counts_tests=False, waits=True),
    ]
    shown: list[str] = []
    outcomes = run_lanes(todo, shown.append)
    assert [outcome.stage.name for outcome in outcomes] == ["computes", "waits", "waits too"]
    assert not [outcome.reasons for outcome in outcomes if outcome.reasons]
    assert "\n==== stage: computes\nmet\nmore\n" in shown
    assert "\n==== stage: waits\nmet\n" in shown
    assert "\n==== stage: waits too\nlast\n" in shown
    assert shown.index("==== begins: waits too\n") > shown.index("\n==== stage: waits\nmet\n")


def test_what_computes_runs_abreast_and_each_once(tmp_path: Path) -> None:
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    meet = python(MEETING)
    todo = [
        Stage("computes", 60, ((*meet, one, two),), counts_tests=False),
        Stage("beside it", 60, ((*meet, two, one),), counts_tests=False),
        *(Stage(f"short {number}", 60, (("true",),), counts_tests=False) for number in range(9)),
    ]
    shown: list[str] = []
    outcomes = run_lanes(todo, shown.append)
    assert [outcome.stage for outcome in outcomes] == todo
    assert not [outcome.reasons for outcome in outcomes if outcome.reasons]
    assert sorted(shown) == sorted({*shown})


def test_one_that_is_alone_is_shown_as_it_goes() -> None:
    shown: list[str] = []
    run_lanes([Stage("s", 60, (python("print(1); print(2)"),), counts_tests=False)], shown.append)
    assert shown == ["\n==== stage: s\n", "1\n", "2\n"]


def test_what_computes_gives_way_to_what_runs_beside_it() -> None:
    nice = python("import os; print(os.getpriority(os.PRIO_PROCESS, 0), 'nice')")
    base = os.getpriority(os.PRIO_PROCESS, 0)
    nicer = min(base + GIVE_WAY, 19)
    slow = (
        f"import os, time\nwhile os.getpriority(os.PRIO_PROCESS, 0) != {nicer}: time.sleep(0.01)\n"
    )
    todo = [
        Stage("computes", 30, (python(slow),), counts_tests=False),
        Stage("waits", 30, (nice,), counts_tests=False, waits=True),
    ]
    shown: list[str] = []
    outcomes = run_lanes(todo, shown.append)
    assert not [outcome.reasons for outcome in outcomes if outcome.reasons]
    assert any(f"{base} nice\n" in text for text in shown)


def test_alone_nothing_has_to_give_way() -> None:
    nice = python("import os; print(os.getpriority(os.PRIO_PROCESS, 0), 'nice')")
    shown: list[str] = []
    run_lanes([Stage("computes", 30, (nice,), counts_tests=False)], shown.append)
    assert shown[-1] == f"{os.getpriority(os.PRIO_PROCESS, 0)} nice\n"


def test_interrupting_ends_all_lanes_and_begins_nothing_more(tmp_path: Path) -> None:
    pid, late = tmp_path / "pid", tmp_path / "late"
    endless = f"""
import os, pathlib, signal
pathlib.Path({str(pid)!r}).write_text(str(os.getpid()))
signal.pause()
"""
    wait = f"""
import pathlib, time
while not pathlib.Path({str(pid)!r}).exists(): time.sleep(0.01)
print("now")
"""
    todo = [
        Stage("computes", 60, (python(wait),), counts_tests=False),
        Stage("waits", 60, (python(endless),), counts_tests=False, waits=True),
        Stage("later", 60, (("touch", str(late)),), counts_tests=False, waits=True),
    ]

    def interrupt(text: str) -> None:
        if "now\n" in text:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_lanes(todo, interrupt)
    assert not _alive(int(pid.read_text()))
    assert not late.exists()


def test_interrupting_leaves_nothing_behind() -> None:
    pids: list[int] = []

    def interrupt(line: str) -> None:
        pids.append(int(line))
        raise KeyboardInterrupt

    endless = python("import os, signal; print(os.getpid(), flush=True); signal.pause()")
    with pytest.raises(KeyboardInterrupt):
        run_stage(Stage("s", 60, (endless,), counts_tests=False), interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
