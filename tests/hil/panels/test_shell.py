"""The real process: ptys, TCP, control lines, ledger; the readers share nothing with it."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pymodbus.client import ModbusTcpClient

from hil.panels.__main__ import load_face, main, names
from tests.hil.process import PATIENCE_S, open_port, read_until, running

BEAT = b"1011           @    \x14"


def test_a_receiver_on_a_pty(tmp_path: Path) -> None:
    link = tmp_path / "receiver"
    with running("surgard", "--pty", "--link", str(link), "--name", "p1") as panel:
        assert panel.where() == str(link)
        port = open_port(str(link))
        assert read_until(port, b"\x14") == BEAT
        os.write(port, b"\x06")
        panel.tell("alarm zone=4 area=1")
        assert read_until(port, b"\x14") == b"5011 182468E13001004\x14"
        said = panel.state("said")
        os.write(port, b"\x06")
        acked = panel.state("acked")
        assert said["frame"] == acked["frame"] == b"5011 182468E13001004".hex()
        assert said["panel"] == "p1"
        assert said["id"] == acked["id"] == 1
        assert said["t_ns"] <= acked["t_ns"] <= time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        os.close(port)


def test_a_trace_holds_all_that_goes_over_the_line(tmp_path: Path) -> None:
    link, trace = tmp_path / "receiver", tmp_path / "trace"
    with running("surgard", "--pty", "--link", str(link), "--trace", str(trace)) as panel:
        panel.where()
        port = open_port(str(link))
        read_until(port, b"\x14")
        os.write(port, b"\x06")
        panel.tell("alarm zone=1")
        read_until(port, b"\x14")
        os.write(port, b"\x06")
        panel.state("acked")
        os.close(port)
    lines = [json.loads(line) for line in trace.read_text().splitlines()]
    (obeyed,) = (line for line in lines if line["did"] == "told")
    assert obeyed["noted"] > 0, "what it said at once is in the ledger"
    told = [line for line in lines if line["did"] != "told"]
    assert [line["did"] for line in told[:5]] == ["plugged", "said", "heard", "said", "heard"]
    assert bytes.fromhex(told[3]["hex"]) == b"5011 182468E13000001\x14"
    assert [line["t_ns"] for line in told] == sorted(line["t_ns"] for line in told)


def test_what_is_said_while_the_port_is_closed_waits_for_its_opening(tmp_path: Path) -> None:
    link = tmp_path / "receiver"
    pace = ("--repeat-s", "0.3", "--heartbeat-s", "1")
    with running("surgard", "--pty", "--link", str(link), *pace) as panel:
        panel.where()
        panel.tell("alarm zone=1")
        port = open_port(str(link))
        assert read_until(port, b"\x14") == BEAT
        os.write(port, b"\x06")
        assert read_until(port, b"\x14") == b"5011 182468E13000001\x14"
        os.close(port)
        panel.state("said")
        port = open_port(str(link))  # closed and opened at once: perhaps not seen closed
        read_until(port, BEAT)
        os.write(port, b"\x06")
        assert read_until(port, b"\x14") == b"5011 182468E13000001\x14"
        os.close(port)


def test_unplug_removes_the_link_and_plug_brings_it_back(tmp_path: Path) -> None:
    link = tmp_path / "receiver"
    with running("surgard", "--pty", "--link", str(link)) as panel:
        panel.where()
        port = open_port(str(link))
        read_until(port, b"\x14")
        panel.tell("unplug 0.1")
        panel.state("closed")
        with pytest.raises(OSError, match="Input/output error"):
            os.write(port, b"\x06")
        os.close(port)
        panel.state("open")
        port = open_port(str(link))
        assert read_until(port, b"\x14") == BEAT
        os.close(port)
    assert not link.is_symlink()


def test_without_dtr_it_beats_into_the_void(tmp_path: Path) -> None:
    link = tmp_path / "receiver"
    with running(
        *("surgard", "--pty", "--link", str(link), "--no-dtr", "--repeat-s", "0.2")
    ) as panel:
        panel.where()
        port = open_port(str(link))
        assert read_until(port, b"\x14").endswith(BEAT)
        os.close(port)


def test_a_receiver_that_listens_takes_the_newest_host() -> None:
    with running("surgard", "--tcp", "0", "--form", "system3") as panel:
        host, _, port = panel.where().rpartition(":")
        with socket.create_connection((host, int(port)), PATIENCE_S) as first:
            assert read_until(first.fileno(), b"\x14") == b"101000           @    \x14"
            with socket.create_connection((host, int(port)), PATIENCE_S) as second:
                assert read_until(second.fileno(), b"\x14") == b"101000           @    \x14"
                first.settimeout(PATIENCE_S)
                assert first.recv(1) == b""


def test_a_receiver_that_calls_until_somebody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE_S)
        where = f"127.0.0.1:{server.getsockname()[1]}"
        with running("surgard", "--connect", where) as panel:
            assert panel.where() == where
            for _ in range(2):
                connection, _ = server.accept()
                with connection:
                    assert read_until(connection.fileno(), b"\x14") == BEAT


def test_a_module_on_rtu(tmp_path: Path) -> None:
    link = tmp_path / "module"
    with running("modbus_map", "--pty", "--link", str(link), "--units", "17") as module:
        module.where()
        module.tell("input 1 on", "input 3 on")
        module.until(lambda entry: entry["id"] == 2)
        port = open_port(str(link))
        # the port must be seen open first; a master asks again
        answer = bytes.fromhex("11 02 01 05 65 4B")
        end = time.perf_counter() + PATIENCE_S
        heard = b""
        os.set_blocking(port, False)
        while heard[-6:] != answer:
            assert time.perf_counter() < end
            os.write(port, bytes.fromhex("11 02 00 00 00 08 7B 5C"))
            time.sleep(0.1)
            try:
                heard += os.read(port, 64)
            except BlockingIOError:
                continue
        found = module.state("found")
        assert found["frame"] == answer.hex()
        module.tell("input 1 off")
        module.state("set")
        os.write(port, bytes.fromhex("11 02 00 00 00 08 7B 5C"))
        assert module.state("said")["signal"]["state"] == "restored"
        os.close(port)


def test_a_module_on_tcp_read_by_another_modbus_stack() -> None:
    with running("modbus_map", "--tcp", "0", "--units", "1,2") as module:
        host, _, port = module.where().rpartition(":")
        client = ModbusTcpClient(host, port=int(port), timeout=PATIENCE_S)
        assert client.connect()  # type: ignore[no-untyped-call]
        module.tell("input 2 on unit=2")
        module.state("set")
        assert client.read_discrete_inputs(0, count=8, device_id=2).bits == [
            *(False, True),
            *[False] * 6,
        ]
        assert module.until(lambda entry: entry["state"] in {"said", "found"})["unit"] == 2
        assert client.read_discrete_inputs(0, count=9, device_id=1).exception_code == 2
        assert client.write_coil(3, value=True, device_id=1).bits[:1] == [True]
        assert client.read_coils(0, count=8, device_id=1).bits[3]
        module.tell("refuse 6")
        module.tell("input 1 on")
        module.state("set")
        assert client.read_discrete_inputs(0, count=8, device_id=1).exception_code == 6
        client.close()  # type: ignore[no-untyped-call]


def test_a_wrong_control_line_is_complained_about_and_nothing_else() -> None:
    with running("surgard", "--tcp", "0") as panel:
        panel.where()
        panel.tell("dance", "quit")
        panel.state("closed")
        assert panel.child.wait(PATIENCE_S) == 0
        assert panel.child.stderr is not None
        assert "knows no 'dance'" in panel.child.stderr.readline()


def run(*arguments: str, told: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hil.panels", *arguments],
        input=told,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_the_end_of_its_control_pipe_ends_it() -> None:
    assert run("surgard", "--tcp").returncode == 0, "at any port"


def test_a_ledger_that_nobody_reads_ends_it() -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "hil.panels", "modbus_map", "--tcp", "0", "--plan", "traffic"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.readline()
    child.stdout.close()
    assert child.wait(PATIENCE_S) == 0
    assert child.stderr.read() == b""
    child.stderr.close()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("surgard", "--pty", "--link", "/no/such/folder/x"), "No such file"),
        (("surgard", "--tcp", "0", "--plan", "/no/such/plan"), "/no/such/plan"),
        (("surgard", "--tcp", "0", "--plan", "traffic", "--set", "rate=0"), "rate=0"),
    ],
)
def test_what_cannot_be_started_says_why(arguments: tuple[str, ...], complaint: str) -> None:
    told = run(*arguments)
    assert told.returncode == 1
    assert complaint in told.stderr
    assert "Traceback" not in told.stderr


def ended(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str | int | None:
    """The exit code of words after which no panel is started: no process is needed for that."""
    monkeypatch.setattr(sys, "argv", ["hil.panels", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


@pytest.mark.parametrize(
    "arguments", [(), ("nobody", "--pty"), ("surgard",), ("surgard", "--connect", "here")]
)
def test_usage(arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    assert ended(monkeypatch, *arguments) == 2


def test_help_names_every_panel_and_every_plan(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, "--help") == 0
    told = capsys.readouterr().out
    assert {"modbus_map", "ness", "surgard"} <= set(names())
    assert all(name in told for name in names())
    for name in names():
        assert ended(monkeypatch, name, "--help") == 0
        own = capsys.readouterr().out
        assert "control lines" in own
        assert "burglary" in own or not load_face(name).plans


def test_it_starts_without_the_modbus_stack() -> None:
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "hil.panels", "--help"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    assert "pymodbus" not in told.stderr
    assert "hil.panels.surgard" in told.stderr


def test_a_panel_that_sends_datagrams() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as host:
        host.bind(("127.0.0.1", 0))
        host.settimeout(PATIENCE_S)
        where = f"127.0.0.1:{host.getsockname()[1]}"
        with running("ness", "--udp", where) as panel:
            assert panel.where() == where
            panel.tell("alarm zone=8")
            data, sender = host.recvfrom(99)
            assert data.startswith(b"87")
            assert data.endswith(b"\r\n")
            host.sendto(b"8300360S14E4?", sender)
            assert host.recv(99).startswith(b"8200036014")
            panel.tell("unplug 0.05")
            panel.state("closed")
            panel.state("open")
            panel.tell("alarm zone=9")
            _, other = host.recvfrom(99)
            assert other != sender
