"""`edge-agent check`: is the configuration usable, and is what it names really there?"""

import argparse
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.cli.options import Commands, add_config, add_json, command

if TYPE_CHECKING:
    from edge_agent.config import Center, Loaded

EXPIRES_SOON = timedelta(days=30)
NETWORKS = Path("/sys/class/net")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `remedy` is empty where it is good."""

    what: str
    good: bool
    detail: str
    remedy: str = ""


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "check",
        "check the configuration, and that the files and ports it names can be used",
        "  edge-agent check --config gateway.toml\n"
        "  edge-agent check --schema > gateway.schema.json      for editors",
    )
    add_config(parser)
    add_json(parser)
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema and end")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check; exit 78 for the file itself, 1 for what it names, 0 where all is good."""
    from edge_agent import config, fitting

    if arguments.schema:
        print(config.json_schema())
        return 0
    loaded = config.load(arguments.config)
    fitting.fit(loaded)
    findings = list(look(loaded))
    bad = [finding for finding in findings if not finding.good]
    if arguments.json:
        print(json.dumps({"good": not bad, "findings": [asdict(one) for one in findings]}))
    else:
        for finding in findings:
            mark = "good" if finding.good else "BAD "
            print(f"{mark}  {finding.what}: {finding.detail}")
            if finding.remedy:
                print(f"      {finding.remedy}")
        print(f"{arguments.config}: {len(findings)} things checked, {len(bad)} to mend")
    return 1 if bad else 0


def look(loaded: "Loaded") -> Iterator[Finding]:
    """Yield a finding for each thing that the configuration names."""
    yield _identity(loaded)
    yield _data_folder(loaded)
    for center in loaded.config.center:
        yield from _center(loaded, center)
    for panel in loaded.config.panel:
        if panel.serial is not None:
            yield _port(f"panel {panel.id}", panel.serial.port)
    for bus in loaded.config.bus:
        if bus.serial is not None:
            yield _port(f"bus {bus.id}", bus.serial.port)
    yield from _devices(loaded)


def _devices(loaded: "Loaded") -> Iterator[Finding]:
    from edge_agent.clock import SystemClock
    from edge_agent.inventory import Inventory, today_of

    devices, panels = loaded.config.device, [panel.id for panel in loaded.config.panel]
    if not devices:
        return  # who does not keep an inventory here is not told to
    found = Inventory(devices, panels).look(today_of(SystemClock().stamp()))
    for one in found:
        what = " ".join(str(part) for pair in one.subject.items() for part in pair)
        said = one.cause.replace("_", " ") + (f", {one.detail}" if one.detail else "")
        yield Finding(f"device {what.removeprefix('panel ')}", False, said, one.remedy)
    if not found:
        yield Finding("devices", True, f"{len(devices)} listed, all certified")


def _identity(loaded: "Loaded") -> Finding:
    from edge_agent.evidence.signers import KeyFileError, load_signer

    path = loaded.path(loaded.config.gateway.identity_key)
    try:
        key = load_signer(path).public
    except KeyFileError as error:
        return Finding("identity key", False, f"{path}: {error.cause}", error.remedy)
    return Finding("identity key", True, f"{path}, key id {key.kid.hex()}")


def _data_folder(loaded: "Loaded") -> Finding:
    path = loaded.path(loaded.config.gateway.data_dir)
    # not Path.exists, which raises where a folder on the way may not be entered
    nearest = next(folder for folder in (path, *path.parents) if os.access(folder, os.F_OK))
    if os.access(nearest, os.W_OK | os.X_OK):
        return Finding("data folder", True, str(path))
    remedy = f"make {nearest} writable for the agent's user, or name another data_dir"
    return Finding("data folder", False, f"{path} cannot be written", remedy)


def _center(loaded: "Loaded", center: "Center") -> Iterator[Finding]:
    from edge_agent.uplink.access import AccessError, load_seal, load_signing_key
    from edge_agent.uplink.dial import PathAccess, make_context
    from edge_agent.uplink.trouble import DialError

    path, what = loaded.path, f"center {center.name}"
    for way in center.path:
        yield _way(f"{what}, path {way.host}:{way.port}", way.interface)
    try:
        load_signing_key(path(center.receipt_certificate), path(center.ca))
        yield Finding(f"{what}, receipt key", True, "certified by the center's CA")
    except AccessError as error:
        yield Finding(f"{what}, receipt key", False, f"{error.file}: {error.cause}", error.remedy)
    if center.seal_certificate is not None:
        try:
            load_seal(loaded.config.gateway.id, path(center.seal_certificate), path(center.ca))
            yield Finding(f"{what}, seal", True, "certified by the center's CA")
        except AccessError as error:
            yield Finding(f"{what}, seal", False, f"{error.file}: {error.cause}", error.remedy)
    files = PathAccess(
        host=center.path[0].host,
        ca=path(center.ca),
        certificate=path(center.certificate),
        key=path(center.key),
    )
    try:
        make_context(files)
    except DialError as error:
        trouble = error.trouble
        yield Finding(f"{what}, TLS files", False, trouble.text, trouble.remedy)
        return
    yield Finding(f"{what}, TLS files", True, f"{files.certificate} fits its key")
    yield _expiry(f"{what}, certificate", files.certificate)


def _way(what: str, interface: str | None) -> Finding:
    if interface is None:
        return Finding(what, True, "over any network")
    if os.access(NETWORKS / interface, os.F_OK):
        return Finding(what, True, f"over {interface}")
    remedy = "a modem's appears when it is plugged in; write `interface` as `ip link` shows it"
    there = ", ".join(sorted(one.name for one in NETWORKS.glob("*"))) or "none"
    return Finding(what, False, f"no network interface {interface}; there are: {there}", remedy)


def _expiry(what: str, file: Path) -> Finding:
    from edge_agent.uplink.access import valid_until

    until = valid_until(file)
    left = until - datetime.fromtimestamp(_now_s(), UTC)
    if left > EXPIRES_SOON:
        return Finding(what, True, f"valid until {until:%Y-%m-%d}")
    word = "expired on" if left < timedelta(0) else "expires soon, on"
    remedy = "have the center certify this gateway again; if the date is wrong, set the clock"
    return Finding(what, False, f"{word} {until:%Y-%m-%d}", remedy)


def _now_s() -> float:
    from edge_agent.clock import SystemClock

    return (SystemClock().stamp().wall_ns or 0) / 1e9


def _port(what: str, port: str) -> Finding:
    if not os.access(port, os.F_OK):
        there = sorted(str(one) for one in Path("/dev/serial/by-id").glob("*"))
        seen = f"there are: {', '.join(there)}" if there else "no serial adapter is plugged in"
        return Finding(what, False, f"{port} is not there", seen)
    if not os.access(port, os.R_OK | os.W_OK):
        remedy = "add the agent's user to the group that owns it, mostly dialout"
        return Finding(what, False, f"{port} may not be opened by this user", remedy)
    return Finding(what, True, port)
