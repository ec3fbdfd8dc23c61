"""`edge-agent diagnose`: probe the gateway and the way to its centers, part by part."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent.cli.options import Commands, add_config, add_json, command

if TYPE_CHECKING:
    from edge_agent.config import Center, Loaded
    from edge_agent.diagnosis.probes import Probed

WRITES = 16  # enough to meet the pause of a slow card, few enough not to wear it
WRITE_BYTES = 4096
DIAL_S = 10.0


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "diagnose",
        "probe the gateway: disk, clock, memory, name, network, TLS, broker, certificates, panels",
        "  edge-agent diagnose --config gateway.toml\n"
        "  edge-agent diagnose --json | jq '.probes[] | select(.good | not)'\n"
        "It changes nothing, and may run beside the agent.",
    )
    add_config(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Probe; exit 0 where all is good, 1 where something is to mend."""
    from edge_agent import config

    loaded = config.load(arguments.config)
    found: list[Probed] = []
    for probed in look(loaded):
        found.append(probed)
        if not arguments.json:  # each as soon as it is known: some take seconds
            print(f"{'good' if probed.good else 'BAD '}  {probed.what}: {probed.detail}")
            if probed.remedy:
                print(f"      {probed.remedy}")
            sys.stdout.flush()
    bad = sum(not probed.good for probed in found)
    if arguments.json:
        probes = [asdict(probed) for probed in found]
        print(json.dumps({"good": not bad, "probes": probes}, ensure_ascii=False))
    else:
        print(f"{len(found)} things probed, {bad} to mend")
    return 1 if bad else 0


def look(loaded: "Loaded") -> Iterator["Probed"]:
    """Yield what each probe says, the gateway's own body first."""
    from edge_agent.cli import check
    from edge_agent.diagnosis.probes import Probed

    yield from _body(loaded)
    for one in check.look(loaded):
        yield Probed(one.what, one.good, one.detail, one.remedy)
    for center in loaded.config.center:
        yield from _ways(loaded, center)
    yield from _agent(Path(loaded.config.gateway.socket))


# ---- the gateway itself


def _body(loaded: "Loaded") -> Iterator["Probed"]:
    from edge_agent.clock import SystemClock
    from edge_agent.diagnosis import probes
    from edge_agent.health.sources import Sources

    folder = loaded.path(loaded.config.gateway.data_dir)
    yield probes.fsync(_flush_ms(folder), str(folder))
    yield probes.disk(*_room(folder), str(folder))
    yield probes.memory(_available_mib(Path("/proc/meminfo")))
    stamp = SystemClock().stamp()
    yield probes.clock(str(stamp.trust), stamp.uncertainty_ms)
    readings = Sources(Path("/")).look()
    low = readings.get("under_voltage")
    hot = loaded.config.body.temperature_max_c
    for probed in (
        probes.temperature(readings.get("temperature_c"), hot),
        probes.voltage(None if low is None else bool(low)),
    ):
        if probed is not None:
            yield probed


def _flush_ms(folder: Path) -> float | None:
    """Return the slowest of some flushed writes; None where the folder takes none."""
    from edge_agent.clock import SystemClock

    clock, worst_ns = SystemClock(), 0
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            for _ in range(WRITES):
                began_ns = clock.boottime_ns()
                os.pwrite(file.fileno(), bytes(WRITE_BYTES), 0)
                os.fdatasync(file.fileno())
                worst_ns = max(worst_ns, clock.boottime_ns() - began_ns)
    except OSError:
        return None
    return worst_ns / 1e6


def _room(folder: Path) -> tuple[float | None, float | None]:
    """Return how full the disk is in percent, by bytes and by inodes."""
    try:
        told = os.statvfs(folder)
    except OSError:
        return None, None
    used = 100 * (1 - told.f_bavail / told.f_blocks) if told.f_blocks else None
    return used, 100 * (1 - told.f_favail / told.f_files) if told.f_files else None


def _available_mib(file: Path) -> float | None:
    try:
        rows = dict(line.split(":", 1) for line in file.read_text().splitlines() if ":" in line)
        return int(rows["MemAvailable"].split()[0]) / 1024
    except (OSError, KeyError, ValueError, IndexError):
        return None


# ---- the way to a center


def _ways(loaded: "Loaded", center: "Center") -> Iterator["Probed"]:
    """Dial each path: name, network, TLS and certificates, in the words of the uplink."""
    from edge_agent.diagnosis.probes import Probed
    from edge_agent.uplink.dial import PathAccess, dial
    from edge_agent.uplink.trouble import DialError

    for way in center.path:
        access = PathAccess(
            host=way.host,
            port=way.port,
            ca=loaded.path(center.ca),
            certificate=loaded.path(center.certificate),
            key=loaded.path(center.key),
            interface=way.interface,
        )
        what = f"center {center.name}, way to {access.where}"
        try:
            secure = dial(access, DIAL_S)
        except DialError as error:
            yield Probed(what, False, error.trouble.text, error.trouble.remedy)
            continue
        yield Probed(what, True, f"name, network and {secure.version()} are good")
        secure.close()


# ---- the running agent


def _agent(socket: Path) -> Iterator["Probed"]:
    """Ask the agent what only it knows: panels, broker, receipts."""
    from edge_agent.control.socket import ask
    from edge_agent.diagnosis.probes import Probed

    try:
        status: dict[str, Any] = ask(socket, "status")
    except (OSError, ValueError) as error:
        remedy = "start it with 'systemctl start edge-agent', or ask as root or as its own user"
        yield Probed("agent", False, f"none answers at {socket} ({error})", remedy)
        return
    yield Probed("agent", True, f"runs, version {status['version']}")
    for name, panel in status["panels"].items():
        said = {True: "answers", False: "does not answer", None: "was not heard yet"}
        remedy = "" if panel["online"] else "check its supply, and the line between it and here"
        yield Probed(f"panel {name}", bool(panel["online"]), said[panel["online"]], remedy)
    for center in status["centers"]:
        yield _receipts(center)


def _receipts(center: dict[str, Any]) -> "Probed":
    from edge_agent.diagnosis.probes import Probed

    what, trip_ms = f"center {center['center']}, receipts", center["round_trip_ms"]
    if center["connected"] and center["proven"]:
        trip = "" if trip_ms is None else f", round trip {trip_ms:.0f} ms"
        return Probed(what, True, f"receipted{trip}; {center['outstanding']} outstanding")
    reason = center["reason"] or "nothing was receipted on this connection yet"
    return Probed(what, False, reason, "see the way to its broker above; then ask the center")
