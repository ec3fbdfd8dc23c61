"""`edge-agent watch`: what is recorded while one looks, once, and nothing of runs before."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge_agent.cli import main, watch
from edge_agent.cli.reading import AgentGoneError
from edge_agent.cli.watch import Follower
from edge_agent.control.socket import ask
from edge_agent.journal import FolderDisk
from tests.cli.exporting import Site, site

PATIENCE_S = 60.0  # a busy machine
NOW, OLD, NEXT = b"now.....", b"old.....", b"next...."


def event(epoch: bytes, seq: int) -> SimpleNamespace:
    return SimpleNamespace(epoch=epoch, seq=seq)


def footer(epoch: bytes, *runs: tuple[int, int]) -> SimpleNamespace:
    return SimpleNamespace(epoch=epoch, runs=runs)


def new(follower: Follower, epoch: bytes, seq: int) -> bool:
    return follower.is_new(event(epoch, seq))  # type: ignore[arg-type]


def held(follower: Follower, epoch: bytes, *runs: tuple[int, int]) -> bool:
    return follower.may_hold(footer(epoch, *runs))  # type: ignore[arg-type]


def test_each_event_is_new_once_and_runs_before_are_not() -> None:
    """Seen to fail with a place that is not noted, and with runs before that are not."""
    follower = Follower(NOW, 5)
    follower.passes_over(OLD)
    follower.passes_over(NOW)
    assert [new(follower, NOW, seq) for seq in (4, 5, 6, 6, 5)] == [False, True, True, False, False]
    assert not new(follower, OLD, 99)
    assert [new(follower, NEXT, seq) for seq in (0, 1, 0)] == [True, True, False]


def test_only_segments_that_can_hold_something_new_are_read() -> None:
    follower = Follower(NOW, 5)
    follower.passes_over(OLD)
    assert not held(follower, OLD, (0, 99))
    assert not held(follower, NOW, (0, 4))
    assert held(follower, NOW, (0, 2), (4, 5))
    assert held(follower, NEXT, (0, 0))


def test_what_was_told_of_the_time_before_dates_what_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seen to fail: where no clock is set, the last ten events had no time at all."""
    there = [event(OLD, 3), event(NOW, 2)]
    monkeypatch.setattr(watch, "_read", lambda *_: iter(there))
    learned: list[object] = []
    chronicle = SimpleNamespace(learn=learned.append)
    watch._pass_over(Path(), Follower(NOW, 5), chronicle)  # type: ignore[arg-type]
    assert learned == there


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site")) as made:
        yield made


def test_it_shows_what_the_agent_records_meanwhile(
    running: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An export is recorded while somebody watches; then Ctrl-C."""
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            raise KeyboardInterrupt
        digest = bytes([len(waits)]) * 32
        request = {"purpose": f"look {len(waits)}", "what": "span", "events": 1}
        ask(running.folder / "agent.sock", "export", 10, digest=digest.hex(), **request)

    monkeypatch.setattr(watch, "Pause", lambda: SimpleNamespace(wait=wait))
    config = ["--config", str(running.config), "--lang", "en"]
    assert main(["watch", *config, "--last", "2", "--utc"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert ["export" in line for line in lines] == [False, False, False, True, True]
    assert ["detail watch" in line for line in lines] == [False, False, True, False, False]
    waits.clear()
    assert main(["watch", *config, "--last", "0", "--type", "link"]) == 0
    assert capsys.readouterr().out == ""


def test_an_agent_that_stops_is_waited_for(running: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[tuple[bytes, int] | OSError] = [OSError(), OSError(), (running.first, 99)]
    monkeypatch.setattr(watch, "LOOK_S", 0)

    def progress() -> tuple[bytes, int]:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    follower, said = Follower(bytes(8), 0), list[str]()
    first = next(watch._follow(running.journal, follower, progress, said.append))
    assert (first.epoch, first.seq) == (running.first, 0)
    assert said == ["edge-agent watch: the agent stopped; waiting for it"], "once"


def test_an_agent_that_stops_while_it_is_read_is_waited_for(
    running: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen to fail: the watch ended, as if nobody might read."""
    monkeypatch.setattr(watch, "LOOK_S", 0)
    names = iter([AgentGoneError("it stopped"), AgentGoneError("still")])

    class Handed(FolderDisk):
        def names(self) -> list[str]:
            for gone in names:
                raise gone
            return super().names()

    follower = Follower(bytes(8), 0)
    with contextlib.closing(Handed(running.journal, locked=False)) as disk:
        first = next(watch._follow(disk, follower, lambda: (running.first, 99), lambda _: None))
    assert (first.epoch, first.seq) == (running.first, 0)


def test_without_an_agent_it_says_how_to_start_one(
    running: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(running.config.read_text().replace("agent.sock", "none.sock"))
    assert main(["watch", "--config", str(config)]) == 1
    assert "systemctl start edge-agent" in capsys.readouterr().err


def test_a_reader_that_is_gone_ends_it_though_nothing_comes(running: Site) -> None:
    """Seen to fail: it waited for an event that it could try to print, for ever."""
    words = ["watch", "--config", str(running.config), "--last", "0", "--type", "finding"]
    command = [sys.executable, "-m", "edge_agent", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.close()
        try:
            assert child.wait(PATIENCE_S) == 0
        finally:
            child.kill()
