"""Discovery on real lines; all panels at once are found in tests/contract/test_discovery.py."""

import asyncio
import os
import time
import tty

import pytest

from edge_agent.clock import SystemClock
from edge_agent.domain.address import SerialAddress, TcpAddress
from edge_agent.linetools import places
from edge_agent.linetools.discover import (
    MODBUS_TCP_PORT,
    Discovery,
    Outcome,
    Target,
    Wanted,
    candidates,
    named,
    plan_for,
    serial_targets,
)
from edge_agent.linetools.ports import SerialPort
from edge_agent.linetools.scan import Tell, Verdict
from hil.rig import free_port


def discover(targets: list[Target], wanted: Wanted) -> tuple[list[Outcome], list[Tell]]:
    told: list[Tell] = []
    there, _ = candidates()

    found: list[Outcome] = []
    discovery = Discovery(there, wanted, SystemClock(), lambda _, step: told.append(step))
    asyncio.run(discovery.run(targets, found.append))
    return sorted(found, key=lambda one: targets.index(one.target)), told


def test_listening_only_not_a_byte_leaves_the_gateway() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    port = os.ttyname(slave)
    began = time.perf_counter()
    [outcome], told = discover(
        [Target(SerialAddress(port=port))], Wanted(listen_s=0.2, listen_only=True)
    )
    assert time.perf_counter() - began >= 0.2
    assert outcome.result.verdict is Verdict.SILENT
    assert not outcome.result.probed
    with pytest.raises(BlockingIOError):
        os.read(master, 1)
    assert len(told) == 1
    os.close(master)
    os.close(slave)


def test_lines_that_do_not_open_are_told_and_hosts_that_are_not_there_left_out() -> None:
    nobody = TcpAddress(host="127.0.0.1", port=free_port())
    outcomes, _ = discover(
        [
            Target(SerialAddress(port="/dev/no-port")),
            Target(nobody),
            Target(nobody, is_called=True),
        ],
        Wanted(listen_s=0.1),
    )
    assert [one.result.verdict for one in outcomes] == [Verdict.UNUSABLE] * 2
    assert "is not there" in outcomes[0].result.cause
    assert "refuses the call" in outcomes[1].result.cause


def test_who_calls_is_never_asked_and_modbus_is_asked_at_its_own_port_alone() -> None:
    there, _ = candidates()
    wanted = Wanted()
    listening = plan_for(Target(places.parse("listen:9000")), there, wanted)
    assert not listening.probes
    assert listening.units is None
    other = plan_for(Target(TcpAddress(host="h", port=2101)), there, wanted)
    assert other.probes
    assert other.units is None
    own = plan_for(Target(TcpAddress(host="h", port=MODBUS_TCP_PORT)), there, wanted)
    assert not own.probes
    assert own.units is not None
    serial = plan_for(Target(SerialAddress(port="/dev/x")), there, wanted)
    assert serial.units is not None
    assert not serial.units.is_bus
    silent = plan_for(Target(SerialAddress(port="/dev/x")), there, Wanted(listen_only=True))
    assert not silent.probes
    assert silent.units is None
    tuned = plan_for(Target(SerialAddress(port="/dev/x")), there, Wanted(settings=("2400-8N1",)))
    assert tuned.settings == ("2400-8N1",)


def test_a_port_is_named_with_its_adapter() -> None:
    port = SerialPort("/dev/serial/by-id/usb-x", "/dev/ttyUSB0", {"product": "x"})
    [target] = serial_targets([port])
    assert target.name == port.name
    assert named(Target(places.parse("/dev/ttyUSB0")), [port]).port is port
    assert named(Target(places.parse("/dev/ttyS0")), [port]).port is None
