"""`edge-agent decommission`: takes a gateway out of service for good, never by accident."""

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent.cli import export
from edge_agent.cli.options import Commands, add_config, add_json, command, complain, no_agent

if TYPE_CHECKING:
    from edge_agent.config import Loaded
    from edge_agent.evidence.decommission import SignedPaper

EXIT_FOUND_BAD, EXIT_USAGE, EXIT_GONE = 1, 2, 78
LOOK_S = 0.5
ANSWER_S = 15.0


def add(commands: Commands) -> None:
    """Register the command."""
    made = command(
        commands,
        "decommission",
        "take this gateway out of service for good: records exported, keys destroyed",
        "  edge-agent decommission paper gw1.end --charter gw1.charter --reason 'shop closed'\n"
        "  edge-agent decommission sign gw1.end --key owner.key\n"
        "  edge-agent decommission run --paper gw1.end --out /media/usb/gw1 --gateway gw1\n"
        "                          on the gateway, as root; cannot be taken back\n"
        "  edge-agent decommission status --wait 600",
    )
    actions = made.add_subparsers(dest="action", metavar="ACTION", required=True)
    paper = actions.add_parser("paper", help="write the paper that the charter's parties sign")
    paper.add_argument("file", type=Path, metavar="FILE")
    paper.add_argument("--charter", type=Path, required=True, help="the one in force")
    paper.add_argument("--reason", required=True, metavar="TEXT", help="why; it is recorded")
    sign = actions.add_parser("sign", help="sign it as enterprise, owner or inspector")
    sign.add_argument("file", type=Path, metavar="FILE")
    sign.add_argument("--key", type=Path, required=True, metavar="FILE")
    do = actions.add_parser("run", help="export the records, then end this gateway's service")
    do.add_argument("--paper", type=Path, metavar="FILE", help="signed; under a charter")
    do.add_argument("--reason", metavar="TEXT", help="why, where no charter is in force")
    do.add_argument("--out", type=Path, required=True, metavar="DIR", help="new: for the records")
    do.add_argument("--gateway", required=True, metavar="NAME", help="this gateway's name, typed")
    status = actions.add_parser("status", help="how far it is")
    status.add_argument(
        "--wait", type=float, default=0.0, metavar="S", help="wait until it is over"
    )
    for one in (do, status):
        add_config(one)
        add_json(one)
    made.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked; exit 1 where it cannot be done."""
    from edge_agent.cli.options import UnreadableError

    actions = {"paper": _paper, "sign": _sign, "run": _run, "status": _status}
    try:
        return actions[arguments.action](arguments)
    except (ValueError, LookupError, UnreadableError, export.ExportError) as error:
        print(f"edge-agent decommission: {error}", file=sys.stderr)
    except OSError as error:
        file = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        print(f"edge-agent decommission: {file}", file=sys.stderr)
    return EXIT_FOUND_BAD


# ---- the paper


def _paper(arguments: argparse.Namespace) -> int:
    from edge_agent import files
    from edge_agent.clock import now_ms
    from edge_agent.evidence.charter import BYTES_MAX, read_signed
    from edge_agent.evidence.decommission import Paper, SignedPaper

    with arguments.charter.open("rb") as opened:
        charter = read_signed(opened.read(BYTES_MAX + 1)).charter
    mark = (charter.number, charter.digest)
    made = Paper(charter.gateway, *mark, now_ms(), arguments.reason.strip())
    files.write_new(arguments.file, SignedPaper(made).data)
    parties = ", ".join(f"{one.part} {one.name}" for one in charter.parties)
    print(f"{arguments.file}: gateway {made.gateway} ends: {made.reason}; not signed yet")
    print(f"parties of charter {charter.number}: {parties}")
    print(f"next: edge-agent decommission sign {arguments.file} --key KEY, each with theirs")
    return 0


def _sign(arguments: argparse.Namespace) -> int:
    from edge_agent import files
    from edge_agent.clock import now_ms
    from edge_agent.evidence.key_file import KeyFileError
    from edge_agent.evidence.signers import load_signer

    signed = _read(arguments.file)
    try:
        signer = load_signer(arguments.key)
    except KeyFileError as error:
        raise ValueError(str(error)) from error
    files.replace(arguments.file, signed.signed_by(signer, now_ms()).data)
    print(
        f"{arguments.file}: the end of {signed.paper.gateway}, {signed.paper.reason}: signed with"
    )
    print(f"key {signer.public.kid.hex()}")
    return 0


def _read(file: Path) -> "SignedPaper":
    from edge_agent.evidence.cbor import Malformed
    from edge_agent.evidence.decommission import BYTES_MAX, read_paper

    with file.open("rb") as opened:
        data = opened.read(BYTES_MAX + 1)
    try:
        return read_paper(data)
    except Malformed as error:
        raise ValueError(f"{file}: no such paper ({error}); have it sent again") from error


# ---- on the gateway


def _run(arguments: argparse.Namespace) -> int:
    from edge_agent import config
    from edge_agent.control.socket import ask

    loaded = config.load(arguments.config)
    gateway, socket = loaded.config.gateway.id, Path(loaded.config.gateway.socket)
    if arguments.gateway != gateway:
        raise ValueError(f"this is gateway {gateway}, not {arguments.gateway}: nothing was done")
    paper = None if arguments.paper is None else _read(arguments.paper)
    reason = arguments.reason if paper is None else paper.paper.reason
    if not reason:
        raise ValueError("--paper has the reason and who agreed; without a charter give --reason")
    arguments.out.mkdir(mode=0o700, parents=True)
    bundles = []
    for facts in _exported(arguments, loaded, f"decommissioning: {reason}"):
        bundles.append(facts)
        _say(arguments, f"{facts['out']}: {facts['events']} events, {facts['bytes']} bytes")
    signed = {} if paper is None else {"paper": paper.data.hex()}
    digests = [one["digest"] for one in bundles]
    try:
        told = ask(
            socket,
            "decommission",
            ANSWER_S,
            gateway=gateway,
            bundles=digests,
            reason=reason,
            **signed,
        )
    except ValueError as error:
        raise ValueError(f"refused, and recorded; the gateway goes on: {error}") from error
    if arguments.json:
        print(json.dumps({"bundles": bundles, **told}))
    _say(arguments, f"gateway {gateway} ends as soon as its centers have all: see")
    _say(arguments, "  edge-agent decommission status --wait 600")
    return 0


def _exported(
    arguments: argparse.Namespace, loaded: "Loaded", purpose: str
) -> Iterator[dict[str, Any]]:
    """Export all records into new files, as many as it takes; yield what each is."""
    gateway = loaded.config.gateway.id
    try:
        yield _checked(arguments, loaded, purpose, arguments.out / f"{gateway}.bundle", {})
    except export.TooMuch:
        for number, (epoch, first, last) in enumerate(_stretches(loaded), 1):
            out = arguments.out / f"{gateway}-{number:03}.bundle"
            yield from _split(arguments, loaded, purpose, out, (epoch, first, last))


def _split(
    arguments: argparse.Namespace,
    loaded: "Loaded",
    purpose: str,
    out: Path,
    stretch: tuple[str, int, int],
) -> Iterator[dict[str, Any]]:
    epoch, first, last = stretch
    try:
        yield _checked(arguments, loaded, purpose, out, {"epoch": epoch, "seq": (first, last)})
    except export.TooMuch:
        middle = (first + last) // 2
        if middle == last:
            raise
        for name, half in (("a", (first, middle)), ("b", (middle + 1, last))):
            part = out.with_name(f"{out.stem}{name}{out.suffix}")
            yield from _split(arguments, loaded, purpose, part, (epoch, *half))


def _stretches(loaded: "Loaded") -> Iterator[tuple[str, int, int]]:
    """Yield each run of which events are kept, with its first and last number."""
    from edge_agent.evidence.bundle_make import seq_of
    from edge_agent.holding import JournalHolding
    from edge_agent.trusted import Trusted

    folder = loaded.path(loaded.config.gateway.data_dir) / "journal"
    holding = JournalHolding(folder, loaded.config.gateway.id, Trusted.of(loaded).receipt_keys())
    with contextlib.closing(holding):
        for epoch, first in holding.oldest.items():
            newest = holding.newest(epoch)
            yield epoch.hex(), first, first if newest is None else seq_of(newest)


def _checked(
    arguments: argparse.Namespace,
    loaded: "Loaded",
    purpose: str,
    out: Path,
    chosen: dict[str, Any],
) -> dict[str, Any]:
    """Export into one file, and read it back: what cannot be read was not exported."""
    from edge_agent.views.bundle import Files, verify_file

    nothing = ("since", "until", "epoch", "seq", "panel", "area", "incident", "sample", "nonce")
    asked = dict.fromkeys((*nothing, "earlier")) | chosen
    facts = export.export(
        argparse.Namespace(config=arguments.config, out=out, purpose=purpose, **asked)
    )
    ca = loaded.path(loaded.config.center[0].ca)
    code, said = verify_file(out, Files(ca=ca), as_json=False)
    if code == EXIT_USAGE:
        raise ValueError(f"nothing was destroyed: {said}")
    if code:  # it is so in the journal: the records are kept as they are
        print(f"{out}: {said}", file=sys.stderr)
    return facts


def _status(arguments: argparse.Namespace) -> int:
    """Show how far it is; exit 0 where the gateway is gone, or goes on while nobody waits."""
    from threading import Event

    from edge_agent import config
    from edge_agent.clock import SystemClock
    from edge_agent.control.socket import ask
    from edge_agent.identity import decommissioning
    from edge_agent.identity.credential_source import by_hand
    from edge_agent.identity.decommissioning import Phase

    clock, pause = SystemClock(), Event()
    until_ns = clock.boottime_ns() + round(arguments.wait * 1e9)
    loaded = config.load(arguments.config)
    path = Path(loaded.config.gateway.socket)
    facts: dict[str, Any] | None
    while True:
        over = clock.boottime_ns() >= until_ns
        marker = decommissioning.found(arguments.config)
        if marker is not None and marker.phase is Phase.GONE:
            facts = {"phase": "gone", "reason": marker.reason, "left": list(marker.left)}
            facts["by_hand"] = [by_hand(one) for one in marker.left]
            _tell(arguments, facts, marker.sentence)
            return 0
        try:
            facts = ask(path, "decommission")
        except OSError as error:
            facts = None if marker is None else {"phase": str(marker.phase)}
            if over and marker is None:
                complain(arguments, no_agent(path, error))
                return EXIT_FOUND_BAD
        if over:
            _tell(arguments, facts, _sentence(facts))
            return EXIT_FOUND_BAD if arguments.wait or facts is None else 0
        pause.wait(LOOK_S)


def _sentence(facts: dict[str, Any] | None) -> str:
    if facts is None:
        return "in service: nobody wants it taken out"
    waits = ", ".join(facts.get("waits_for", ()))
    return f"{facts['phase']}: waits for center {waits}" if waits else str(facts["phase"])


def _tell(arguments: argparse.Namespace, facts: dict[str, Any] | None, said: str) -> None:
    print(json.dumps(facts) if arguments.json else said)


def _say(arguments: argparse.Namespace, said: str) -> None:
    if not arguments.json:
        print(said)
