"""The command: time is shared, what the fuzzer says is understood, a defect is saved and told."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz import __main__ as command
from tests.fuzz import fuzzing
from tests.fuzz.fuzzing import Found, Order, _save, hear, name_of, row


@pytest.mark.parametrize(
    ("minutes", "drivers", "workers", "seconds"),
    [(8, 8, 2, 120), (8, 1, 2, 480), (1, 3, 2, 30), (1, 8, 8, 60)],
)
def test_time_is_shared(minutes: float, drivers: int, workers: int, seconds: float) -> None:
    assert command.share_s(minutes, drivers, workers) == seconds


SAID = """\
#4474	DONE   cov: 504 ft: 2315 corp: 230/101Kb lim: 953 exec/s: 49 rss: 55Mb
artifact_prefix='/tmp/x/'; Test unit written to /tmp/x/crash-1
"""


def test_what_the_fuzzer_says_is_understood() -> None:
    found = Found("ness")
    for line in SAID.splitlines(keepends=True):
        hear(found, line)
    assert (found.executions, found.edges, found.inputs) == (4474, 504, 230)
    assert found.defect == Path("/tmp/x/crash-1")  # noqa: S108  what it said
    assert not found.good
    assert "DEFECT" in row(found)


def test_what_did_not_run_is_no_good_run() -> None:
    assert "DID NOT RUN" in row(Found("ness"))
    assert row(Found("ness", executions=5)).endswith("good")


def test_a_defect_is_saved_under_the_name_of_its_content(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "crash-abc").write_bytes(b"bad")
    found = Found("ness")
    _save(found, tmp_path / "in", tmp_path)
    assert found.defect == tmp_path / name_of(b"bad")
    assert found.defect.read_bytes() == b"bad"


SLOW = """\
#!/bin/sh
# as libFuzzer does: what took longer than it shall is put by, and is no reason to end
limit=10
for word in "$@"; do
    case $word in
        -report_slow_units=*) limit=${word#*=} ;;
        -artifact_prefix=*) prefix=${word#*=} ;;
    esac
done
if [ "$limit" -le 60 ]; then
    echo slow > "${prefix}slow-unit-1"
    echo "artifact_prefix='$prefix'; Test unit written to ${prefix}slow-unit-1"
fi
echo "#9 DONE   cov: 504 ft: 2315 corp: 230/101Kb"
"""


def test_an_input_that_a_busy_machine_plays_slowly_is_no_defect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text(SLOW)
    python.chmod(0o755)
    monkeypatch.setattr(fuzzing, "python_of", lambda _: python)
    found = fuzzing.fuzz("parsers", Order(1, corpus=tmp_path / "corpus"), tmp_path / "scratch")
    assert found.good, found
    assert not [path for path in (tmp_path / "corpus").rglob("*") if path.is_file()]


def test_a_defect_is_exit_1_and_in_the_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def each(drivers: list[str], order: Order, folder: Path, workers: int) -> Iterator[Found]:
        yield Found("dc09", executions=9)
        yield Found("ness", executions=9, defect=Path("corpus/ness/1"), said=["AssertionError"])

    monkeypatch.setattr(command, "each", each)
    monkeypatch.setattr(command, "missing", lambda: "")
    file = tmp_path / "found.json"
    assert command.main(["--minutes", "1", "--json", str(file)]) == 1
    said = capsys.readouterr()
    assert "DEFECT corpus/ness/1" in said.out
    assert "AssertionError" in said.err
    told = json.loads(file.read_text())
    assert [(one["name"], one["good"], one["defect"]) for one in told] == [
        ("dc09", True, None),
        ("ness", False, "corpus/ness/1"),
    ]


def test_without_a_fuzzer_the_cause_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "missing", lambda: "atheris has no wheel for this")
    assert command.main([]) == 1
    assert "no wheel for this" in capsys.readouterr().err
