"""`edge-agent decode` as a process: streams, exit codes and messages."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.cli import main

BURGLARY = b"5012 182468E13001004\x14"
COMMAND = [sys.executable, "-m", "edge_agent", "decode"]


def decode(*arguments: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *arguments], input=data, capture_output=True, check=False)


def test_a_file_and_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "capture.bin"
    path.write_bytes(BURGLARY)
    from_file = decode("--driver", "surgard", str(path))
    assert from_file.returncode == 0
    assert from_file.stdout == decode("--driver", "surgard", data=BURGLARY).stdout
    assert json.loads(from_file.stdout)["signals"][0]["code"] == "130"


def test_hex_and_profile() -> None:
    done = decode(
        *("--driver", "modbus_map", "--profile", "generic_di8", "--format", "hex"),
        data=b"11 02 00 00 00 08 7B 5C\n11 02 01 05 65 4B\n",
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [bool(line["signals"]) for line in lines] == [False, True]


@pytest.mark.parametrize("format_", ["raw", "hex"])
def test_whatever_the_input_holds_the_exit_code_is_good(format_: str) -> None:
    done = decode("--driver", "surgard", "--format", format_, data=bytes(range(256)) * 50)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--driver", "surgrd"], "did you mean 'surgard'"),
        (["--driver", "surgard", "--profile", "generic_di8"], "is for the driver 'modbus_map'"),
        (["--driver", "surgard", "--option", "charset=x"], "knows no codec 'x'"),
        (["--driver", "surgard", "--option", "listen_only=1"], "allowed: true or false"),
        (["--driver", "surgard", "/nonexistent"], "/nonexistent: "),
    ],
)
def test_wrong_usage_is_named(
    arguments: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["decode", *arguments]) == 2
    assert message in capfd.readouterr().err


def test_a_live_line_is_printed_as_it_comes() -> None:
    with subprocess.Popen(
        [*COMMAND, "--driver", "surgard"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(BURGLARY)
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["type"] == "contact_id"  # before the end
        process.stdin.close()
        assert process.wait(60) == 0
