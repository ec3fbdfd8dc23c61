"""`edge-agent export`: an evidence bundle out of the journal, recorded before it is written."""

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent.cli import records
from edge_agent.cli.options import (
    Commands,
    UnreadableError,
    add_config,
    add_json,
    agent_socket,
    command,
    complain,
)
from edge_agent.cli.period import Period, moment

if TYPE_CHECKING:
    from edge_agent.evidence.bundle_make import Made, Range, Wanted
    from edge_agent.evidence.envelope import Event
    from edge_agent.holding import JournalHolding
    from edge_agent.journal import Where

EXIT_FOUND_BAD, EXIT_USAGE = 1, 2
RECORD_S_MAX = 10.0  # twice as long as the agent waits for the record to be durable


class ExportError(Exception):
    """Nothing was exported; says why, and what to do."""


class TooMuch(ExportError):  # noqa: N818  reads as what it says
    """More was asked for than one file may hold."""


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "export",
        "write an evidence bundle that anybody can verify; the running agent records it first",
        "  edge-agent export --out case17.bundle --purpose 'case 17' --since 2026-11-27T22:00\n"
        "  edge-agent export --out shop.bundle --purpose insurance --panel p1 --area 2\n"
        "  edge-agent export --out i.bundle --purpose 'case 17' --incident 3f9a0c11d2e4b5a6/1042\n"
        "  edge-agent export --out sample.bundle --purpose 'inspection 2026-12' \\\n"
        "      --sample 50 --nonce 9f3c5be2a1d0774816c2fa03be7715d9 --earlier last-year.bundle",
    )
    add_config(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the new file")
    parser.add_argument("--purpose", required=True, metavar="TEXT", help="what for; it is recorded")
    span = parser.add_argument_group("a span (default: all that is kept)")
    span.add_argument("--since", type=moment, metavar="TIME", help="as in 'edge-agent events'")
    span.add_argument("--until", type=moment, metavar="TIME", help="as in 'edge-agent events'")
    span.add_argument("--epoch", type=records.hex_digits, metavar="HEX", help="one run only")
    span.add_argument("--seq", type=records.numbers, metavar="N[-M]", help="numbers N to M")
    part = parser.add_argument_group("or single events")
    part.add_argument("--panel", metavar="ID", help="with --area: what was said of one area")
    part.add_argument("--area", type=int, metavar="N")
    part.add_argument("--incident", metavar="EPOCH/N", help="its verdicts and what they rest on")
    part.add_argument("--sample", type=int, metavar="N", help="so many, drawn by --nonce")
    part.add_argument("--nonce", type=_nonce, metavar="HEX", help="the inspector's own, 16 to 64 B")
    parser.add_argument("--earlier", type=Path, metavar="FILE", help="a bundle that it continues")
    add_json(parser)
    parser.set_defaults(run=run)


def _nonce(text: str) -> bytes:
    try:
        nonce = bytes.fromhex(text)
    except ValueError:
        nonce = b""
    if not 16 <= len(nonce) <= 64:
        raise argparse.ArgumentTypeError("give 16 to 64 bytes in hex: openssl rand -hex 16")
    return nonce


def run(arguments: argparse.Namespace) -> int:
    """Export; exit 0 done, 1 where it cannot be recorded or proven, 2 usage."""
    wrong = _misuse(arguments)
    if wrong:
        complain(arguments, f"edge-agent export: {wrong}")
        return EXIT_USAGE
    try:
        facts = export(arguments)
    except UnreadableError as error:
        complain(arguments, f"edge-agent: {error}")
        return EXIT_USAGE
    except (ExportError, LookupError, ValueError) as error:
        complain(arguments, f"edge-agent export: nothing was written: {error}")
        return EXIT_FOUND_BAD
    if arguments.json:
        print(json.dumps(facts))
    else:
        print(f"{facts['out']}: {facts['events']} events, {facts['bytes']} bytes, recorded")
        print(f"anybody can check it: edge-agent verify {facts['out']} --ca CA.pem")
    return 0


def _misuse(arguments: argparse.Namespace) -> str:
    if arguments.out.exists():
        return f"{arguments.out} is there already; name a new file"
    if (arguments.sample is None) is not (arguments.nonce is None):
        return "--sample and --nonce go together"
    if arguments.area is not None and arguments.panel is None:
        return "--area needs the --panel that it is of"
    kinds = [arguments.area, arguments.incident, arguments.sample]
    span = [arguments.since, arguments.until, arguments.epoch, arguments.seq]
    if sum(one is not None for one in kinds) + any(one is not None for one in span) > 1:
        return "one of: a span, an area, an incident, a sample"
    return "" if arguments.purpose.strip() else "--purpose says what for"


def export(arguments: argparse.Namespace) -> dict[str, Any]:
    """Write what was asked for; return what it is in plain values.

    Raises ExportError, TooMuch, LookupError, ValueError, UnreadableError, ConfigError.
    """
    from edge_agent.cli.reading import reading
    from edge_agent.evidence.bundle_make import TooLarge, make
    from edge_agent.holding import JournalHolding

    socket = agent_socket(arguments.config)
    running = bytes.fromhex(ask_agent(socket, "status")["epoch"])
    with reading(arguments, "export", is_recorded=False) as journal:
        trusted = journal.trusted
        assert trusted is not None, "it is never of a card alone"
        try:
            holding = JournalHolding(journal.where, trusted.gateway, trusted.receipt_keys())
        except OSError as error:
            why = f"{journal.where}: {error.strerror}; read it as root"
            raise UnreadableError(why) from error
        with contextlib.closing(holding):
            wanted = _wanted(arguments, journal.where, holding, running)
            try:
                made = make(holding, trusted.certificates(left_out), wanted)
            except TooLarge as error:
                raise TooMuch(str(error)) from error
    return _write(arguments, socket, wanted, made)


def left_out(why: str) -> None:
    """Say that a certificate does not go along."""
    print(f"edge-agent export: {why}", file=sys.stderr)


def _write(
    arguments: argparse.Namespace, socket: Path, wanted: "Wanted", made: "Made"
) -> dict[str, Any]:
    """Have it recorded and sealed, then write it."""
    kind = str(wanted.scope.kind)
    seal = record(socket, arguments.purpose, kind, made.events, made.digest)
    data = made.sealed(seal)
    write_new(arguments.out, data)
    size = {"events": made.events, "bytes": len(data), "digest": made.digest.hex()}
    return {"out": str(arguments.out), "kind": kind, **size}


def record(socket: Path, purpose: str, what: str, events: int, digest: bytes) -> bytes:
    """Have the running agent record what is taken out; return its seal.

    Raises ExportError, ValueError.
    """
    request = {"purpose": purpose, "what": what, "events": events, "digest": digest.hex()}
    return bytes.fromhex(ask_agent(socket, "export", **request)["seal"])


def write_new(file: Path, data: bytes) -> None:
    """Write a new file that only its owner reads, durably.  Raises ExportError."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(descriptor)
    except OSError as error:
        raise ExportError(f"recorded, but {file}: {error.strerror}") from error


def ask_agent(socket: Path, do: str, **request: Any) -> dict[str, Any]:
    """Ask the running agent.  Raises ExportError, ValueError where it refuses."""
    from edge_agent.control.socket import ask

    try:
        answer: dict[str, Any] = ask(socket, do, RECORD_S_MAX, **request)
    except OSError as error:
        raise ExportError(
            f"no running agent answers at {socket} ({error}), and an export must be recorded.\n"
            "start it with 'systemctl start edge-agent'; of a card alone copy the whole folder"
        ) from error
    return answer


# ---- which events


def _wanted(
    arguments: argparse.Namespace, where: "Where", holding: "JournalHolding", running: bytes
) -> "Wanted":
    from edge_agent.evidence.bundle import Kind, Scope
    from edge_agent.evidence.bundle_make import Wanted, head_of
    from edge_agent.evidence.cited import Place

    heads: dict[bytes, bytes] = {}
    told: dict[str, Any] = {"gateway": holding.gateway}
    if arguments.sample is not None:
        heads = {epoch: head_of(holding, epoch, at) for epoch, at in holding.oldest.items()}
        ranges = _drawn(arguments, holding, heads, told)
    else:
        if arguments.incident is not None:
            told |= {"kind": Kind.INCIDENT, "incident": Place.parse(arguments.incident)}
        elif arguments.area is not None:
            told |= {"kind": Kind.AREA, "panel": arguments.panel, "area": arguments.area}
        else:
            told |= {"kind": Kind.SPAN}
        ranges = _ranges(_chosen(arguments, where), whole=told["kind"] is Kind.SPAN)
        told["stretches"] = tuple((epoch, *one) for epoch, all_ in ranges.items() for one in all_)
        if not ranges:
            raise ExportError("no such event is kept here")
    earlier = _earlier(arguments.earlier, holding) if arguments.earlier else {}
    for epoch in earlier:
        ranges.setdefault(epoch, [])
    return Wanted(Scope(**told), ranges, heads, earlier, running)


def _drawn(
    arguments: argparse.Namespace,
    holding: "JournalHolding",
    heads: dict[bytes, bytes],
    told: dict[str, Any],
) -> dict[bytes, list["Range"]]:
    from edge_agent.evidence.bundle import Kind
    from edge_agent.evidence.bundle_make import seq_of
    from edge_agent.evidence.sample import places

    stretches = tuple(
        (epoch, first, max(first, seq_of(heads[epoch]))) for epoch, first in holding.oldest.items()
    )
    told |= {"kind": Kind.SAMPLE, "nonce": arguments.nonce, "count": arguments.sample}
    told["stretches"] = stretches
    ranges: dict[bytes, list[Range]] = {epoch: [] for epoch in heads}
    for place in places(arguments.nonce, stretches, arguments.sample):
        ranges[place.epoch].append((place.seq, place.seq))
    return ranges


def _chosen(arguments: argparse.Namespace, where: "Where") -> Iterator["Event"]:
    """Yield the events that are asked for, in order."""
    from edge_agent.views import rendering

    epoch = getattr(arguments, "epoch", None) or ""
    choice = records.Choice(Period(arguments.since, arguments.until), epoch, arguments.seq)
    cited: set[str] = set()
    if arguments.incident is not None:  # the newest verdict cites all that the others do
        for event in records.events_in(where, choice):
            body = rendering.body_facts(event)
            if body.get("incident") == arguments.incident:
                cited |= {arguments.incident, f"{event.epoch.hex()}/{event.seq}", *body["evidence"]}
    for event in records.events_in(where, choice):
        body = rendering.body_facts(event) if arguments.area is not None else {}
        place = f"{event.epoch.hex()}/{event.seq}"
        if arguments.incident is not None:
            if place in cited:
                yield event
        elif arguments.area is None or (body.get("panel"), body.get("area")) == (
            arguments.panel,
            arguments.area,
        ):
            yield event


def _ranges(events: Iterable["Event"], *, whole: bool) -> dict[bytes, list["Range"]]:
    """Return the numbers of `events` by epoch; of a span all between its first and last."""
    found: dict[bytes, list[Range]] = {}
    for event in events:
        known = found.setdefault(event.epoch, [])
        if known and (whole or known[-1][1] + 1 == event.seq):
            known[-1] = known[-1][0], max(known[-1][1], event.seq)
        elif not known or event.seq > known[-1][1]:
            known.append((event.seq, event.seq))
    return found


def _earlier(file: Path, holding: "JournalHolding") -> dict[bytes, bytes]:
    """Return the heads of an earlier bundle, of the epochs that are still kept."""
    from edge_agent.evidence.bundle import EpochItem, Item, items
    from edge_agent.evidence.bundle_make import seq_of
    from edge_agent.evidence.cbor import Malformed

    try:
        with file.open("rb") as stream:
            found = [
                EpochItem.from_value(one.value)
                for one in items(stream.read)
                if one.item is Item.EPOCH
            ]
            return {one.epoch: one.head for one in found if _is_held(one, holding, seq_of)}
    except (OSError, Malformed) as error:
        raise ExportError(f"{file}: {error}") from error


def _is_held(one: Any, holding: "JournalHolding", seq_of: Any) -> bool:
    newest = holding.newest(one.epoch)
    return newest is not None and 0 < seq_of(one.head) <= seq_of(newest)
