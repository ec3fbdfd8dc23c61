"""Who disciplines the wall clock: the kernel, a file, and a real chronyd that asks another one."""

import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent import discipline
from edge_agent.clock import SystemClock
from edge_agent.discipline import (
    VARIABLES_REQUEST,
    Daemon,
    Discipline,
    Sources,
    kernel_says,
    read_float,
    read_tracking,
    read_variables,
    timesyncd_says,
    tracking_request,
)
from hil.rig import free_port
from tests.uplink.rig import wait_for

S = 1_000_000_000
KERNEL = Discipline(True, 3, "kernel")


def tracking(
    *, leap: int = 0, reference: int = 0x7F000001, command: int = 33, status: int = 0
) -> bytes:
    """An answer as chronyd packs it: 20 ms off, 40 ms of delay, 10 ms of dispersion."""
    head = struct.pack("!BBBBHHHHHHIII", 6, 2, 0, 0, command, 5, status, 0, 0, 0, 0, 0, 0)
    floats = [0.02, 0, 0, 0, 0, 0, 0.04, 0.01, 0]
    words = [pack_float(one) for one in floats]
    body = struct.pack("!I16sHHHHIII", reference, b"", 1, 0, 3, leap, 0, 0, 0)
    return head + body + struct.pack("!9I", *words)


def ask_chrony(address: tuple[str, int]) -> Daemon:
    return Daemon(address, tracking_request(), read_tracking)


def variables(text: str, opcode: int = 0x82, first: int = 0x16) -> bytes:
    """An answer as ntpd packs it."""
    return struct.pack("!BBHHHHH", first, opcode, 1, 0, 0, 0, len(text)) + text.encode()


GOOD = 'leap=0, stratum=3,\r\nrootdelay=12.500, rootdisp=4.500, refid=192.0.2.1, clk="x"'


def test_an_answer_of_ntpd_bounds_the_error() -> None:
    assert read_variables(variables(GOOD)) == Discipline(True, 11, "ntpd")
    for good, bad in (
        ("leap=0", "leap=3"),
        ("stratum=3", "stratum=16"),
        ("stratum=3", "stratum=0"),
        ("192.0.2.1", "LOCL"),
        ("192.0.2.1", "127.127.1.0"),
    ):
        assert read_variables(variables(GOOD.replace(good, bad))) == Discipline(False)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        variables(GOOD)[:11],
        variables(GOOD, opcode=0x02),
        variables(GOOD, opcode=0xC2),
        variables(GOOD, first=0x24),
        variables(""),
        variables("leap=0, stratum=x, rootdelay=1, rootdisp=1"),
        variables("leap=0, stratum=3, rootdelay=nan, rootdisp=1"),
        variables("leap=0, stratum=3, rootdelay=-inf, rootdisp=1"),
        variables("leap=0, stratum=3"),
    ],
)
def test_anything_else_is_no_answer_of_ntpd(answer: bytes) -> None:
    assert read_variables(answer) is None


def test_an_answer_of_ntpd_is_asked_for_as_the_rfc_says() -> None:
    assert VARIABLES_REQUEST.hex() == "160200010000000000000000"


def pack_float(value: float) -> int:
    if value == 0:
        return 0
    exponent = 0
    while abs(value) >= 0.5:
        value, exponent = value / 2, exponent + 1
    while abs(value) < 0.25:
        value, exponent = value * 2, exponent - 1
    return ((exponent + 1) & 0x7F) << 25 | (round(value * 2**24) & 0x1FFFFFF)


def test_the_kernel_answers_without_privilege() -> None:
    said = kernel_says()
    assert said.disciplined in (True, False)
    assert said.source == ("kernel" if said.disciplined else "")


def test_the_file_of_timesyncd_speaks_for_as_long_as_it_polls(tmp_path: Path) -> None:
    file = tmp_path / "synchronized"
    assert timesyncd_says(0, file) == Discipline(None)
    file.touch()
    os.utime(file, ns=(1000 * S, 1000 * S))
    assert timesyncd_says(1001 * S, file) == Discipline(True, 5000, "timesyncd")
    assert timesyncd_says(1000 * S + 4097 * S, file) == Discipline(False)
    assert timesyncd_says(999 * S, file) == Discipline(False)  # the clock went back since


def test_an_answer_of_chrony_bounds_the_error() -> None:
    assert read_tracking(tracking()) == Discipline(True, 50, "chrony")
    assert read_tracking(tracking(leap=3)) == Discipline(False)
    assert read_tracking(tracking(reference=0)) == Discipline(False)


def test_a_chrony_that_follows_its_own_clock_disciplines_nothing() -> None:
    assert read_tracking(tracking(reference=0x7F7F0101)) == Discipline(False)


@pytest.mark.parametrize(
    "answer", [b"", b"x" * 104, tracking()[:-1], tracking(command=34), tracking(status=1)]
)
def test_anything_else_is_no_answer(answer: bytes) -> None:
    assert read_tracking(answer) is None


def test_floats_are_read_as_chrony_means_them() -> None:
    for value in (0.02, -0.02, 1.5, -3.0, 0.000_001):
        assert read_float(pack_float(value)) == pytest.approx(value, rel=1e-6)
    assert read_float(0) == 0


def test_the_first_that_vouches_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = Sources(("127.0.0.1", free_port()), ("127.0.0.1", free_port()))
    monkeypatch.setattr(discipline, "timesyncd_says", lambda _: Discipline(None))
    monkeypatch.setattr(discipline, "kernel_says", lambda: KERNEL)
    assert sources.ask(0, 0) == KERNEL
    monkeypatch.setattr(discipline, "kernel_says", lambda: Discipline(False))
    assert sources.ask(0, 0) == Discipline(False)
    file = Discipline(True, 5000, "timesyncd")
    monkeypatch.setattr(discipline, "timesyncd_says", lambda _: file)
    assert sources.ask(0, 0) == file


def test_chrony_is_asked_now_and_then_and_not_believed_for_ever() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(60)
        chrony = ask_chrony(server.getsockname())
        assert chrony.says(0) == Discipline(None)
        request, asker = server.recvfrom(1000)
        assert request == tracking_request()
        assert len(request) == len(tracking())
        server.sendto(b"nonsense", asker)
        server.sendto(tracking(), asker)
        assert chrony.says(S).disciplined
        assert chrony.says(48 * S).disciplined
        assert chrony.says(60 * S) == Discipline(None)


def test_no_chrony_is_no_answer() -> None:
    chrony = ask_chrony(("127.0.0.1", free_port()))
    for turn in range(5):
        assert chrony.says(turn * 20 * S) == Discipline(None)


# ---- the real one

SERVER = "local stratum 8\nport {port}\ncmdport 0\nallow 127.0.0.1\n"
CLIENT = "server 127.0.0.1 port {port} iburst minpoll -2 maxpoll 0\nport 0\ncmdport {commands}\n"
COMMON = "bindaddress 127.0.0.1\nbindcmdaddress 127.0.0.1\npidfile {folder}/{name}.pid\n"


@contextmanager
def chronyd(folder: Path, name: str, config: str) -> Iterator[None]:
    """A chronyd that leaves the machine's clock alone."""
    file = folder / f"{name}.conf"
    user = "user root\n" if os.geteuid() == 0 else ""
    file.write_text(config + COMMON.format(folder=folder, name=name) + user)
    process = subprocess.Popen(
        ["chronyd", "-x", "-d", "-f", str(file)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def test_a_real_chronyd_vouches_once_it_follows_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discipline, "ASK_EVERY_NS", 0)
    port, commands = free_port(), free_port()
    chrony, clock = ask_chrony(("127.0.0.1", commands)), SystemClock()
    client = CLIENT.format(port=port, commands=commands)
    with (
        chronyd(tmp_path, "server", SERVER.format(port=port)),
        chronyd(tmp_path, "client", client),
    ):
        wait_for(lambda: chrony.says(clock.boottime_ns()).disciplined, 60)
        said = chrony.says(clock.boottime_ns())
    assert said.source == "chrony"
    assert said.uncertainty_ms is not None
    assert 1 <= said.uncertainty_ms < 10_000  # how far it has come depends on the machine


# ---- nothing of it waits


def test_a_look_takes_no_time_where_nobody_answers() -> None:
    code = (
        "import socket\n"
        "from edge_agent.discipline import Sources\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('127.0.0.1', 0))\n"
        "socket.socket.settimeout = None\n"
        "sources = Sources(s.getsockname(), s.getsockname())\n"
        "[sources.ask(0, turn * 20 * 10**9) for turn in range(100)]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
