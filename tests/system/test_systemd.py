"""The units: accepted by systemd, closed enough, and open enough for what the programs do."""

import grp
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent import resources
from edge_agent.cli.update import ROOT_DEFAULT as ROOT
from edge_agent.limits import STOP_DRAIN_NS_MAX
from edge_agent.update.folder import CURRENT, GOOD

EXPOSURE_MAX = 15  # tenths; the scale of systemd-analyze ends at 100
UNITS = ("edge-agent.service", "edge-center.service", "edge-witness.service")
UPDATE = "edge-agent-update.service"
DEVICES = {"char-ttyUSB", "char-ttyACM", "char-ttyAMA", "char-ttyS", "char-gpiochip", "/dev/tpmrm0"}


def unit_path(unit: str) -> Path:
    return resources.data("systemd", unit)


def settings(unit: str) -> dict[str, list[str]]:
    """Every [Service] setting with all its values, in order."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in unit_path(unit).read_text().splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            name, value = line.split("=", 1)
            found.setdefault(name, []).append(value)
    return found


def run(*command: str | Path, code: int = 0) -> str:
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == code, f"{command}: exit {ran.returncode}\n{ran.stdout}{ran.stderr}"
    return ran.stdout + ran.stderr


def security(unit: Path, code: int = 0) -> str:
    options = ("--offline=true", f"--threshold={EXPOSURE_MAX}", "--no-pager")
    return run("systemd-analyze", "security", *options, unit, code=code)


@pytest.mark.parametrize("unit", [*UNITS, UPDATE])
def test_exposure_is_low(unit: str) -> None:
    assert "Overall exposure level" in security(unit_path(unit))


def test_exposure_is_really_judged(tmp_path: Path) -> None:
    text = unit_path("edge-agent.service").read_text()
    weak = tmp_path / "edge-agent.service"
    weak.write_text(text.replace("NoNewPrivileges=yes", "").replace("User=edge-agent", ""))
    security(weak, code=1)


@pytest.mark.parametrize("unit", [*UNITS, UPDATE])
def test_systemd_accepts_the_unit(unit: str, tmp_path: Path) -> None:
    # systemd-analyze wants the program to be there; an unknown setting is only a warning to it
    copy = tmp_path / unit
    copy.write_text(
        re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", unit_path(unit).read_text())
    )
    warnings = [
        line for line in run("systemd-analyze", "verify", copy).splitlines() if unit in line
    ]
    assert warnings == []


@pytest.mark.parametrize("unit", UNITS)
def test_the_command_line_of_the_unit_exists(unit: str) -> None:
    program, command, *_ = settings(unit)["ExecStart"][0].split()
    assert Path(program).parent == ROOT / CURRENT / "bin"
    run(Path(sys.executable).parent / Path(program).name, command, "--help")


def test_an_update_is_gone_on_with_by_the_release_that_has_proven_itself(tmp_path: Path) -> None:
    unit = settings(UPDATE)
    assert unit["ExecStart"] == [f"{ROOT / GOOD}/bin/edge-agent update resume"]
    assert unit["ReadWritePaths"] == [str(ROOT)]
    assert (unit["Restart"], unit["RestartSec"]) == (["always"], ["10"])  # no turning at full speed
    marker = ROOT / "update.json"
    assert f"ConditionPathExists={marker}" in unit_path(UPDATE).read_text()
    watched = unit_path("edge-agent-update.path")
    assert f"PathExists={marker}" in watched.read_text()
    for unit_file in (watched, unit_path(UPDATE)):
        copy = tmp_path / unit_file.name
        copy.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", unit_file.read_text()))
    assert "edge-agent-update" not in run("systemd-analyze", "verify", tmp_path / watched.name)


def test_serial_ports_gpio_tpm_and_network_stay_usable() -> None:
    unit = settings("edge-agent.service")
    assert {allow.split()[0] for allow in unit["DeviceAllow"]} == DEVICES
    assert all(allow.endswith(" rw") for allow in unit["DeviceAllow"])
    assert "PrivateDevices" not in unit  # it hides serial ports
    assert "PrivateUsers" not in unit  # it maps the group dialout away
    assert unit["SupplementaryGroups"] == ["dialout gpio tss"]
    assert "PrivateNetwork" not in unit
    assert unit["RestrictAddressFamilies"] == ["AF_INET AF_INET6 AF_UNIX"]


def test_the_service_comes_back_unless_its_configuration_is_wrong() -> None:
    unit = settings("edge-agent.service")
    assert unit["Restart"] == ["always"]
    assert unit["RestartPreventExitStatus"] == ["78"]
    assert unit["Type"] == ["notify"]
    assert "StartLimitIntervalSec=0" in unit_path("edge-agent.service").read_text()


@pytest.mark.parametrize("unit", UNITS)
def test_every_user_of_a_unit_is_made(unit: str) -> None:
    made = run("systemd-sysusers", "--dry-run", unit_path("sysusers.conf"))
    (user,) = settings(unit)["User"]
    assert f"user '{user}'" in made


def test_the_groups_of_gpio_chips_and_tpm_are_made_and_own_them() -> None:
    """A group that is missing would keep the service from starting."""
    made = run("systemd-sysusers", "--dry-run", unit_path("sysusers.conf"))
    there = {group.gr_name for group in grp.getgrall()}
    assert all(f"group '{name}'" in made or name in there for name in ("gpio", "tss"))
    rules = [
        line
        for line in resources.data("systemd", "edge-agent.rules").read_text().splitlines()
        if not line.startswith("#")
    ]
    assert rules == [
        'SUBSYSTEM=="gpio", KERNEL=="gpiochip[0-9]*", GROUP="gpio", MODE="0660"',
        'SUBSYSTEM=="tpmrm", KERNEL=="tpmrm[0-9]*", GROUP="tss", MODE="0660"',
    ]


def test_a_last_gasp_fits_the_time_that_systemd_gives_a_stop() -> None:
    (limit,) = settings("edge-agent.service")["TimeoutStopSec"]
    assert int(limit) * 1e9 / 2 > STOP_DRAIN_NS_MAX


# ---- what the agent does must be allowed by its unit

WORK = """
import asyncio, os, pty, socket, ssl, sys, tempfile, threading
import edge_agent.agent
from edge_agent.clock import SystemClock
from edge_agent.evidence.signers import Ed25519Signer, P256Signer
import serial

SystemClock().stamp()
for kind in (Ed25519Signer, P256Signer):
    signer = kind.generate()
    assert signer.public.verify(signer.sign(b"message"), b"message")

panel, port = pty.openpty()
line = serial.Serial(os.ttyname(port), 9600, parity="E", timeout=0)
line.write(b"x")

with tempfile.TemporaryFile() as file:
    def commit():
        os.pwrite(file.fileno(), b"x", 0)
        os.fdatasync(file)
    thread = threading.Thread(target=commit)
    thread.start()
    thread.join()

async def network():
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    host, number = server.sockets[0].getsockname()
    _, writer = await asyncio.open_connection(host, number)
    writer.close()
    await asyncio.to_thread(socket.getaddrinfo, "localhost", number)
    server.close()

asyncio.run(network())
ssl.create_default_context()
"""

CALL = re.compile(r"^\d+ +(\w+)\((.*)$")
REFUSED_ON_PURPOSE = {
    "adjtimex",  # the agent then asks the time daemon
    "clock_adjtime",
}


def traced_calls(tmp_path: Path) -> list[tuple[str, str]]:
    """Every system call of the agent's kind of work, with its arguments."""
    trace = tmp_path / "trace"
    run("strace", "-f", "-qq", "-o", trace, sys.executable, "-c", WORK)
    return [
        (found[1], found[2])
        for line in trace.read_text(errors="replace").splitlines()
        if (found := CALL.match(line))
    ]


def filter_set(name: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """The system calls of one of systemd's named sets."""
    names: set[str] = set()
    for line in run("systemd-analyze", "syscall-filter", name).splitlines()[1:]:
        call = line.strip()
        if call.startswith("@") and call not in seen:
            names |= filter_set(call, seen | {call})
        elif call and not call.startswith("#"):
            names.add(call)
    return names


def allowed_calls() -> set[str]:
    allowed = filter_set("@default")
    for value in settings("edge-agent.service")["SystemCallFilter"]:
        for name in value.lstrip("~").split():
            if value.startswith("~"):
                allowed -= filter_set(name)
            else:
                allowed |= filter_set(name)
    return allowed


def test_the_agents_calls_pass_the_filter(tmp_path: Path) -> None:
    calls = traced_calls(tmp_path)
    assert {"pwrite64", "fdatasync", "socket", "ioctl"} <= {name for name, _ in calls}
    refused = {name for name, _ in calls} - allowed_calls() - REFUSED_ON_PURPOSE
    assert not refused, f"the unit refuses what the agent does: {sorted(refused)}"
    writable_code = [
        f"{name}({arguments}"
        for name, arguments in calls
        if ("PROT_WRITE|PROT_EXEC" in arguments and name == "mmap")
        or ("PROT_EXEC" in arguments and name in {"mprotect", "pkey_mprotect"})
    ]
    assert not writable_code, f"MemoryDenyWriteExecute= refuses {writable_code}"
    # glibc tries netlink for address sorting in getaddrinfo, and does without where it is refused
    families = {arguments.split(",")[0] for name, arguments in calls if name == "socket"}
    assert families <= {"AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK"}
