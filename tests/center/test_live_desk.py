"""`edge-center incidents --follow` in a pipe and on a terminal."""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.center import live_desk
from edge_agent.center.live_desk import Silence
from edge_agent.clock import SystemClock
from tests.center.test_event_cli import Turns
from tests.center.test_incidents import Site, site

__all__ = ["site"]

WAIT_S = 60.0  # a busy machine; what is measured stands in the test itself
COMMAND = "import sys; from edge_agent.start import center; sys.exit(center())"


def in_turn(site: Site, monkeypatch: pytest.MonkeyPatch, turns: Turns, *words: str) -> int:
    monkeypatch.setattr(live_desk, "Event", lambda: turns)
    return site.run("incidents", "--follow", "--lang", "en", *words)


# ---- in a pipe


def test_first_what_is_open_then_each_change(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(1, 6):
        site.verdict(number, 4 if number == 1 else 1)
    site.say(2, "test")
    capsys.readouterr()
    turns = Turns(lambda: site.verdict(7, 3), lambda: site.say(7, "sent"), lambda: None)
    assert in_turn(site, monkeypatch, turns, "--limit", "2") == 130
    said = [one for one in capsys.readouterr().out.splitlines() if "kept here" not in one]
    assert said.pop(3).startswith("4 open; longest untouched ")
    assert [re.split(r"  +gw1", one[10:])[0] for one in said] == [
        "open     4 life",
        "open     1 verify first",
        "open     1 verify first",
        "NEW      3 property threatened",
        "said     3 property threatened",
    ]
    assert "untouched" in said[3]
    assert "guard sent" in said[4]


def test_as_json_each_change_is_an_object(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site.verdict(1, 1)
    capsys.readouterr()
    turns = Turns(lambda: site.verdict(1, 3), lambda: None)
    assert in_turn(site, monkeypatch, turns, "--json") == 130
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["change"], one["tier"], one["open"]) for one in told] == [
        ("open", 1, True), ("risen", 3, True),
    ]  # fmt: skip


def test_a_damaged_database_is_told_and_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def damaged() -> None:
        file = site.center.file
        file.with_suffix(".new").write_bytes(b"no database" * 999)
        file.with_suffix(".new").replace(file)
        for end in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{file}{end}").unlink()

    turns = Turns(damaged, lambda: None, lambda: None)
    assert in_turn(site, monkeypatch, turns) == 130
    told = capsys.readouterr().err
    assert told.count("nothing can be read, trying again") == 1


def test_silence_is_told_and_its_end(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (site.directory / "center.toml").write_text("[presence]\nheartbeat_s = 1\nmissed_max = 1\n")
    clock = SystemClock()

    def until(passed_ns: int) -> None:
        begun = clock.boottime_ns()
        while clock.boottime_ns() - begun < passed_ns:
            pass

    turns = Turns(lambda: until(1_100_000_000), lambda: site.verdict(1, 1), lambda: None)
    assert in_turn(site, monkeypatch, turns) == 130
    told = capsys.readouterr().err
    assert told.count("NOTHING WAS STORED FOR 1 s") == 1


def test_silence_is_counted_from_what_was_stored_last() -> None:
    silence = Silence(0)
    assert silence.silent_ms() is not None
    assert Silence(60_000).silent_ms() is None


def test_zones_are_not_followed(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        site.run("incidents", "--follow", "--zones")
    assert "not allowed with" in capsys.readouterr().err


# ---- on a terminal


class Terminal:
    """A live desk on a pseudo terminal."""

    def __init__(self, site: Site, words: Sequence[str]) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 100, 0, 0))
        line = ["incidents", str(site.directory), "--follow", "--lang", "en", *words]
        self.child = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *line],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm"},
        )
        os.close(theirs)
        self.text = ""

    def until(self, wanted: str, wait_s: float = WAIT_S) -> float:
        """Read until `wanted` was shown; return how long that took, in s."""
        clock, since = SystemClock(), len(self.text)
        begun_ns = clock.boottime_ns()
        while wanted not in self.text[since:]:
            left_s = wait_s - (clock.boottime_ns() - begun_ns) / 1e9
            assert left_s > 0, self.text[since:]
            if select.select([self._ours], [], [], left_s)[0]:
                self.text += os.read(self._ours, 65_536).decode()
        return (clock.boottime_ns() - begun_ns) / 1e9

    def end(self, number: signal.Signals) -> int:
        self.child.send_signal(number)
        with contextlib.suppress(OSError):  # the other end is closed
            while select.select([self._ours], [], [], WAIT_S)[0]:
                self.text += os.read(self._ours, 65_536).decode()
        return self.child.wait(WAIT_S)

    def close(self) -> None:
        self.child.kill()
        self.child.wait()
        os.close(self._ours)


@contextmanager
def terminal(site: Site, *words: str) -> Iterator[Terminal]:
    made = Terminal(site, words)
    try:
        yield made
    finally:
        made.close()


def test_what_comes_is_on_the_screen_within_a_second_and_rings(site: Site) -> None:
    site.verdict(1, 1)
    with terminal(site) as shown:
        shown.until("1 verify first")
        assert "\a" not in shown.text
        site.verdict(2, 4, "life.panic")
        took_s = shown.until("4 life")
        assert shown.text.count("\a") == 1
        site.verdict(3, 2)
        took_s = min(took_s, shown.until("2 presence"))
        assert took_s < 1.0
        assert shown.text.count("\a") == 1
        assert shown.end(signal.SIGTERM) == 143
        assert shown.text.endswith("\x1b[?25h\x1b[?1049l")
        assert "Traceback" not in shown.text


def test_without_a_bell_nothing_rings_and_ctrl_c_leaves_the_terminal_in_order(site: Site) -> None:
    with terminal(site, "--no-bell") as shown:
        shown.until("nothing is open")
        site.verdict(2, 4, "life.panic")
        shown.until("4 life")
        assert shown.end(signal.SIGINT) == 130
        assert "\a" not in shown.text
        assert shown.text.endswith("\x1b[?25h\x1b[?1049l")
        assert "Traceback" not in shown.text


@pytest.mark.parametrize("words", [("events", "--type", "finding"), ("incidents", "--json")])
def test_a_reader_that_is_gone_ends_it_though_nothing_comes(
    site: Site, words: tuple[str, ...]
) -> None:
    """Seen to fail: it waited for something that it could try to print, for ever."""
    name, *more = words
    command = [sys.executable, "-c", COMMAND, name, str(site.directory), "--follow", *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.close()
        try:
            assert child.wait(WAIT_S) == 0
        finally:
            child.kill()
