"""`edge-agent discover` as a person uses it."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import tty
from collections.abc import Iterator

import pytest

from edge_agent.cli import main
from edge_agent.linetools import hosts, ports

BEAT = b"\n00 OKAY @\r"


@pytest.fixture
def receiver() -> Iterator[str]:
    """A receiver on a pty that beats as soon as somebody listens."""
    master, slave = os.openpty()
    tty.setraw(slave)
    over = threading.Event()

    def beat() -> None:
        while not over.wait(0.05):
            os.write(master, BEAT)

    thread = threading.Thread(target=beat)
    thread.start()
    yield os.ttyname(slave)
    over.set()
    thread.join()
    os.close(master)
    os.close(slave)


def test_it_says_what_it_found_how_sure_and_why_and_what_to_paste(
    receiver: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["discover", receiver, "--listen", "60", "--lang", "en"]) == 0
    said = capsys.readouterr()
    assert "certain: surgard" in said.out
    assert "profiles that fit: ademco_685" in said.out
    assert 'driver = "surgard"' in said.out
    assert f'serial = {{ port = "{receiver}", baud = 9600' in said.out
    assert f"# {receiver}: listening" in said.err


def test_as_json_for_programs(receiver: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["discover", receiver, "--listen", "60", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    [line] = told["lines"]
    assert line["verdict"] == "recognised"
    assert line["probed"] is False
    assert "[[panel]]" in told["config"]


def test_in_chinese(receiver: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["discover", receiver, "--listen", "60", "--lang", "zh"]) == 0
    assert "确定：surgard" in capsys.readouterr().out


def test_where_nothing_is_found_it_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["discover", "/dev/no-port", "--listen", "0.1", "--lang", "en"]
    assert main(arguments) == 1
    said = capsys.readouterr().out
    assert "is not there" in said
    assert "no panel was recognised" in said


def test_what_is_only_possible_is_shown_and_is_no_find(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def prompt() -> None:
            peer, _ = server.accept()
            peer.sendall(b"Login:\r\n")
            peer.recv(99)
            peer.close()

        thread = threading.Thread(target=prompt)
        thread.start()
        place = f"127.0.0.1:{server.getsockname()[1]}"
        assert main(["discover", place, "--listen", "1.5", "--lang", "en"]) == 1
        thread.join()
    said = capsys.readouterr().out
    assert "possible: dsc" in said
    assert '# driver = "dsc"' in said


def test_ctrl_c_ends_it_with_what_was_found_so_far(receiver: str) -> None:
    master, slave = os.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "edge_agent", "discover", receiver, os.ttyname(slave)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdout is not None
    first = child.stdout.readline()
    child.send_signal(signal.SIGINT)
    rest, _ = child.communicate(timeout=60)
    os.close(master)
    os.close(slave)
    assert first.startswith(receiver)
    assert 'driver = "surgard"' in rest
    assert child.returncode == 130


def test_a_reader_that_has_seen_enough_ends_it(receiver: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "edge_agent", "discover", receiver, "/dev/no-port"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert "/dev/no-port" in child.stdout.readline()
        child.stdout.close()
        assert child.stderr is not None
        said = child.stderr.read()
        assert child.wait(60) == 0
        assert "Traceback" not in said


def test_without_any_port_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ports, "serial_ports", list)
    assert main(["discover", "--lang", "en"]) == 1
    assert "there is no serial port" in capsys.readouterr().err


def test_a_host_is_called_at_the_usual_ports_and_own_networks_only_if_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    called: list[str] = []
    monkeypatch.setattr(hosts, "own_networks", lambda: called.append("own") or ["127.0.0.9/32"])  # type: ignore[func-returns-value]
    with socket.create_server(("127.0.0.9", 0)):
        assert main(["discover", "127.0.0.9", "--listen", "0.1", "--lang", "en"]) == 1
        assert called == []
        assert main(["discover", "--own-subnets", "--listen", "0.1", "--lang", "en"]) == 1
    assert called == ["own"]
    assert "no panel was recognised" in capsys.readouterr().out


def test_the_plan_names_every_probe_and_why_it_is_harmless(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["discover", "--plan", "--lang", "en"]) == 0
    said = capsys.readouterr().out
    assert r"ness: 8300360S17E1?\r\n  asks for model and version" in said
    assert "surgard is never asked" in said
    assert main(["discover", "--plan", "--json"]) == 0
    told = {one["driver"]: one for one in json.loads(capsys.readouterr().out)}
    assert told["elk"]["probes"][0]["hex"] == b"06vn0056\r\n".hex()
    assert told["modbus_map"]["tcp_ports"] == [502]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["listen:x"], "is no line"),
        (["/dev/x", "--at", "fast"], "no line setting"),
        (["10.0.0.0/8"], "allowed are 1024"),
    ],
)
def test_what_makes_no_sense_is_told(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["discover", *arguments]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("units", ["0", "1-300", "x", "", "3-1", "1-"])
def test_units_that_are_none(units: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["discover", "--units", units])
    assert ended.value.code == 2
    assert "units are" in capsys.readouterr().err
