"""`edge-agent capture` as a person uses it: what is shown, what is kept, how it ends."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_agent.cli import main
from edge_agent.linetools.format import Chunk, Happened, Header, Note, Reader, Unreadable

ALARM = b"870003610208012611232015304B\r\n"
KEYS = b"8300660H2468E38?"
PATIENCE_S = 60.0


@pytest.fixture
def line() -> Iterator[tuple[int, str]]:
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    os.close(master)
    os.close(slave)


def records(path: Path) -> list[object]:
    reader = Reader()
    return [*reader.feed(path.read_bytes()), *reader.finish()]


def heard(path: Path) -> bytes:
    return b"".join(one.data for one in records(path) if isinstance(one, Chunk))


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.perf_counter() + PATIENCE_S
    while not condition():
        assert time.perf_counter() < end
        time.sleep(0.01)


def say_when_open(
    master: int, path: Path, data: bytes, *, then_end: bool = False
) -> threading.Thread:
    """Say `data` once the capture has opened the line; `then_end`: Ctrl-C when it is kept."""

    def say() -> None:
        wait_for(lambda: path.exists() and b'"opened"' in path.read_bytes())
        os.write(master, data)
        if then_end:
            wait_for(lambda: heard(path) == data)
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=say)
    thread.start()
    return thread


def test_it_shows_what_a_driver_reads_and_keeps_what_was_heard(
    line: tuple[int, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    master, port = line
    out = tmp_path / "c.jsonl"
    thread = say_when_open(master, out, ALARM + KEYS, then_end=True)
    code = main(["capture", port, "--driver", "ness", "--out", str(out), "--lang", "en"])
    thread.join()
    said = capsys.readouterr()
    assert code == 0
    assert "burglary (" in said.out
    assert "2468" not in said.out
    assert "kept in" in said.err
    header, *rest = records(out)
    assert isinstance(header, Header)
    assert (header.driver, header.places[0].settings) == ("ness", "9600-8N1")
    assert heard(out) == ALARM + KEYS
    assert isinstance(rest[-1], Note)
    assert rest[-1].what is Happened.CLOSED
    os.set_blocking(master, False)
    with pytest.raises(BlockingIOError):
        os.read(master, 1)


def test_without_a_driver_it_guesses_one_and_as_json_every_line_is(
    line: tuple[int, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    master, port = line
    out = tmp_path / "c.jsonl"
    thread = say_when_open(master, out, ALARM + ALARM, then_end=True)
    assert main(["capture", port, "--out", str(out), "--lang", "zh"]) == 0
    thread.join()
    assert "像是 ness" in capsys.readouterr().err
    out.unlink()
    assert main(["capture", port, "--json", "--out", str(out), "--seconds", "0.1"]) == 0
    told = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert [one["what"] for one in told if "what" in one] == ["opened", "closed"]


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        (bytes(range(0x80, 0xC0)), "perhaps wrong settings; `edge-agent discover /dev/"),
        (bytes(b | (b.bit_count() & 1) << 7 for b in b"5012 182468E13001004"), "--at 9600-7E1"),
        (ALARM, "looks like ness"),
    ],
)
def test_at_the_end_it_says_what_may_be_wrong(
    said: bytes,
    hint: str,
    line: tuple[int, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    master, port = line
    out = tmp_path / "c.jsonl"
    thread = say_when_open(master, out, said, then_end=True)
    assert main(["capture", port, "--out", str(out), "--lang", "en"]) == 0
    thread.join()
    assert hint in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_it_is_ended_what_was_heard_is_kept(
    number: int, line: tuple[int, str], tmp_path: Path
) -> None:
    master, port = line
    out = tmp_path / "c.jsonl"
    child = subprocess.Popen(
        [sys.executable, "-m", "edge_agent", "capture", port, "--out", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    say_when_open(master, out, ALARM).join()
    wait_for(lambda: heard(out) == ALARM)
    child.send_signal(number)
    child.communicate(timeout=PATIENCE_S)
    assert child.returncode == (-number if number == signal.SIGKILL else 0)
    found = records(out)
    assert any(isinstance(one, Chunk) and one.data == ALARM for one in found)
    assert not any(isinstance(one, Unreadable) for one in found)


def test_a_reader_that_has_seen_enough_ends_it(line: tuple[int, str]) -> None:
    master, port = line
    with subprocess.Popen(
        [sys.executable, "-m", "edge_agent", "capture", port, "--lang", "en"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert "is open" in child.stdout.readline()
        child.stdout.close()
        os.write(master, ALARM)
        assert child.stderr is not None
        said = child.stderr.read()
        assert child.wait(60) == 0
        assert "Traceback" not in said


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["capture", "ttyUSB0"], 2, "is no line; they are /dev"),
        (["capture", "/dev/x", "--at", "fast"], 2, "is no line setting"),
        (["capture", "/dev/x", "--driver", "nes"], 2, "did you mean 'ness'"),
        (["capture", "/dev/no-port", "--lang", "en"], 1, "is not there"),
    ],
)
def test_what_cannot_be_done_is_told_with_a_remedy(
    arguments: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == code
    assert says in capsys.readouterr().err


def test_a_file_that_is_something_else_is_not_touched(
    line: tuple[int, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "notes"
    path.write_text("mine")
    assert main(["capture", line[1], "--out", str(path)]) == 2
    assert "is no capture: name another file" in capsys.readouterr().err
    assert path.read_text() == "mine"
