"""`edge-agent report`: what a site is and how it was tested, as a page that the gateway signs."""

import argparse
import contextlib
import json
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent.cli import export, maintenance, records
from edge_agent.cli.lines import add_language
from edge_agent.cli.options import (
    Commands,
    UnreadableError,
    add_config,
    add_json,
    command,
    complain,
)
from edge_agent.cli.period import Period

if TYPE_CHECKING:
    from edge_agent.config import Loaded
    from edge_agent.views.site_report import Act, Heard

EXIT_FOUND_BAD, EXIT_USAGE = 1, 2
WHAT = "report"


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "report",
        "write what this site is and how it was tested as a page to print, signed by the gateway",
        "  edge-agent report --out shop.html --purpose 'handed over to the client'\n"
        "  edge-agent report --out shop.html --purpose 'yearly maintenance' --lang zh\n"
        "  edge-agent verify shop.html --ca ca.pem         by anybody, offline",
    )
    add_config(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the new file")
    parser.add_argument("--purpose", required=True, metavar="TEXT", help="what for; it is recorded")
    add_language(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the page; exit 0 where nothing is left to do, 1 where something is, or none written."""
    from edge_agent import output
    from edge_agent.language import language
    from edge_agent.views import site_page

    if arguments.out.exists() or not arguments.purpose.strip():
        why = "--purpose says what for"
        if arguments.out.exists():
            why = f"{arguments.out} is there already; name a new file"
        complain(arguments, f"edge-agent report: {why}")
        return EXIT_USAGE
    say = site_page.words(language(arguments.lang))
    try:
        told = _written(arguments, say)
    except UnreadableError as error:
        complain(arguments, f"edge-agent: {error}")
        return EXIT_USAGE
    except (export.ExportError, LookupError, ValueError) as error:
        complain(arguments, f"edge-agent report: nothing was written: {error}")
        return EXIT_FOUND_BAD
    if arguments.json:
        print(json.dumps(told | {"out": str(arguments.out)}, ensure_ascii=False))
    else:
        for line in [say("not_ready"), *site_page.left(told, say)] if told["open"] else ():
            output.show(line)
        print(f"{arguments.out}: edge-agent verify {arguments.out} --ca CA.pem")
    return EXIT_FOUND_BAD if told["open"] else 0


def _written(arguments: argparse.Namespace, say: Any) -> dict[str, Any]:
    """Make the page, have it recorded, put its evidence behind it; return its facts.

    Raises ExportError, LookupError, ValueError, UnreadableError, ConfigError.
    """
    from edge_agent import config
    from edge_agent.views import signed_page, site_page, site_report

    loaded = config.load(arguments.config)
    gateway, socket = loaded.config.gateway, Path(loaded.config.gateway.socket)
    folder = loaded.path(gateway.data_dir) / "journal"
    drawn = heard(loaded, folder, export.ask_agent(socket, "status"))
    told = site_report.facts(drawn)
    page = site_page.page(told, say)
    digest = signed_page.digest(page)
    export.record(socket, arguments.purpose, WHAT, len(drawn.acts), digest)
    recorded = _acts(folder, digest)
    if not recorded:
        raise export.ExportError(f"the record of it is not in {folder}: see to the disk")
    running = bytes.fromhex(str(drawn.status["epoch"]))
    numbers = site_report.cited([*drawn.acts, *recorded])
    bundle = _bundle(arguments, loaded, numbers, running)
    export.write_new(arguments.out, signed_page.joined(page, bundle))
    return told


def heard(loaded: "Loaded", folder: Path, status: dict[str, Any]) -> "Heard":
    """Return what a report is drawn from.  Raises UnreadableError."""
    from datetime import datetime

    from edge_agent.daemon.diagnosing import site_zone
    from edge_agent.diagnosis.site import Site
    from edge_agent.views import maintaining
    from edge_agent.views.site_report import Heard

    premises = loaded.config.premises
    zone = site_zone(premises)[1]
    events = maintenance.heard_events(folder, loaded.config.gateway.id, Period(None, None))
    try:
        maintained = maintaining.maintained(events, Site(premises, zone))
    except OSError as error:
        raise UnreadableError(f"{folder}: {error.strerror}; read it as root") from error
    clock = status.get("clock") or {}
    wall_ns = clock.get("wall_ns") or clock.get("earliest_ns")
    now = None if wall_ns is None else datetime.fromtimestamp(wall_ns // 10**9, zone)
    return Heard(
        loaded=loaded,
        status=status,
        maintained=maintained,
        acts=_acts(folder, None),
        today=None if now is None else now.date(),
        time="-" if now is None else now.isoformat(" ", "minutes"),
        identity=_fingerprint(loaded),
    )


def _acts(folder: Path, digest: bytes | None) -> "list[Act]":
    """Return the newest acts that tell of tests and changes, or the one that has this digest."""
    from edge_agent.views import rendering
    from edge_agent.views.site_report import ACTS, TESTS_MAX, Act

    found: dict[str, deque[Act]] = {}
    for event, dated in records.events_of(folder, "act"):
        body = rendering.body_facts(event)
        what = str(body.get("what"))
        if (what not in ACTS) if digest is None else body.get("digest") != digest.hex():
            continue
        time = rendering.when(dated, None)
        act = Act(epoch=event.epoch, seq=event.seq, time=time, body=body)
        found.setdefault(what, deque(maxlen=TESTS_MAX)).append(act)
    return [act for acts in found.values() for act in acts]


def _fingerprint(loaded: "Loaded") -> str | None:
    from edge_agent.evidence import certificates
    from edge_agent.evidence.cbor import Malformed

    file = loaded.path(loaded.config.gateway.identity_key).with_suffix(".pem")
    try:
        return certificates.fingerprint(certificates.read_pem(file.read_bytes())[0])
    except (OSError, Malformed):
        return None


def _bundle(
    arguments: argparse.Namespace, loaded: "Loaded", numbers: dict[bytes, list[int]], running: bytes
) -> bytes:
    """Return the sealed bundle of these events."""
    from edge_agent.evidence.bundle import Kind, Scope
    from edge_agent.evidence.bundle_make import TooLarge, Wanted, make
    from edge_agent.holding import JournalHolding
    from edge_agent.trusted import Trusted

    gateway = loaded.config.gateway
    folder = loaded.path(gateway.data_dir) / "journal"
    trusted = Trusted.of(loaded)
    holding = JournalHolding(folder, gateway.id, trusted.receipt_keys())
    with contextlib.closing(holding):
        order = [epoch for epoch in holding.oldest if epoch in numbers]
        ranges = {epoch: [(seq, seq) for seq in numbers[epoch]] for epoch in order}
        stretches = tuple((epoch, *one) for epoch in order for one in ranges[epoch])
        scope = Scope(gateway=gateway.id, kind=Kind.SPAN, stretches=stretches)
        try:
            wanted = Wanted(scope, ranges, {}, {}, running)
            made = make(holding, trusted.certificates(export.left_out), wanted)
        except TooLarge as error:
            raise export.TooMuch(str(error)) from error
    socket = Path(gateway.socket)
    return made.sealed(export.record(socket, arguments.purpose, WHAT, made.events, made.digest))
