import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run(*arguments: str, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "run", *arguments],
        cwd=cwd,
        env=os.environ | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_help_names_every_command() -> None:
    script = (ROOT / "run").read_text()
    cases = script[script.index("\ncase $command in") :]
    commands = set(re.findall(r"(?m)^    ([a-z]+)(?: \|[^)]*)?\)", cases))
    assert {"demo", "test", "bench", "lint", "help"} <= commands
    told = run("help").stdout
    assert commands == set(re.findall(r"(?m)^  ([a-z]+)\b", told))


def test_help_needs_no_set_up_and_works_from_anywhere(tmp_path: Path) -> None:
    assert run("help", cwd=tmp_path).returncode == 0
    assert run(cwd=tmp_path).stdout == run("--help", cwd=tmp_path).stdout


def test_programs_of_the_bench_are_those_that_judge_limits() -> None:
    """Not what they start: without arguments it fails, and so would `./run bench`."""
    function = re.findall(r"(?ms)^programs\(\) \{.*?^\}", (ROOT / "run").read_text())[0]
    words = ["sh", "-c", f"{function}\nprograms"]
    told = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    sources = {file.stem: file.read_text() for file in (ROOT / "bench").glob("*.py")}
    assert told.split() == sorted(n for n, text in sources.items() if f"-m bench.{n}" in text)


def test_an_unknown_command_is_a_usage_error() -> None:
    ran = run("nonsense")
    assert ran.returncode == 2
    assert "Usage: ./run" in ran.stderr


@pytest.mark.parametrize("python", ["/bin/false", "/nonexistent/python3"])
def test_an_unusable_interpreter_is_refused_with_a_remedy(python: str) -> None:
    ran = run("lint", PYTHON=python)
    assert ran.returncode == 1
    assert f"PYTHON={python} is no 64-bit Python 3.11 to 3.13" in ran.stderr
    assert "what to do:" in ran.stderr


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize("script", ["run", ".ci/run"])
def test_scripts_are_plain_shell(shell: str, script: str) -> None:
    subprocess.run([shell, "-n", ROOT / script], check=True)
    assert os.access(ROOT / script, os.X_OK)


@pytest.mark.parametrize("lock", ["runtime.txt", "dev.txt"])
def test_every_locked_dependency_has_its_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text()
    names = re.findall(r"(?m)^[^\s#]+==.*", text)
    hashed = re.findall(r"(?m)^[^\s#]+==.*\\\n    --hash=sha256:[0-9a-f]{64}\b", text)
    assert len(names) == len(hashed) > 10
    assert "://" not in text
    assert "--index" not in text


def test_the_tests_use_what_a_gateway_installs() -> None:
    def pins(lock: str) -> set[str]:
        return set(re.findall(r"(?m)^[a-z0-9-]+==\S+", (ROOT / "requirements" / lock).read_text()))

    assert pins("runtime.txt") < pins("dev.txt")
