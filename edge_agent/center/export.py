"""`edge-center export`: an evidence bundle out of the store, recorded before it is written.

The record is the register of exports: each seal, signed by the center's receipt key, is kept with a
number and names the digest of the one before, so that none can be taken out unnoticed.
"""

import argparse
import os
import pwd
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.center import init, schema, settings
from edge_agent.center.holding import StoreHolding
from edge_agent.center.layout import CenterError, Layout
from edge_agent.clock import now_ms
from edge_agent.evidence import certificates, cose
from edge_agent.evidence.bundle import Kind, Scope, Seal
from edge_agent.evidence.bundle_make import Made, Range, TooLarge, Wanted, head_of, make, seq_of
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.cose import BadSignature, Domain, PublicKey
from edge_agent.evidence.envelope import Event, peek
from edge_agent.evidence.sample import places
from edge_agent.evidence.signers import load_signer
from edge_agent.views import rendering

EXIT_USAGE = 2


def add(made: argparse.ArgumentParser, gateway: Callable[[str], str]) -> None:
    """Give the command its options; `gateway` reads a gateway's name."""
    made.add_argument("--gateway", type=gateway, required=True, metavar="ID")
    made.add_argument("--out", type=Path, required=True, metavar="FILE", help="the new file")
    made.add_argument("--purpose", required=True, metavar="TEXT", help="what for; it is recorded")
    made.add_argument("--epoch", metavar="HEX", help="a span: one run only")
    made.add_argument("--first", type=int, metavar="N", help="of that run from number N")
    made.add_argument("--last", type=int, metavar="N", help="of that run to number N")
    made.add_argument("--panel", metavar="ID", help="with --area: what was said of one area")
    made.add_argument("--area", type=int, metavar="N")
    made.add_argument("--incident", metavar="EPOCH/N", help="its verdicts and what they rest on")
    made.add_argument("--sample", type=int, metavar="N", help="so many, drawn by --nonce")
    made.add_argument("--nonce", type=bytes.fromhex, metavar="HEX", help="16 to 64 bytes")
    made.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Export.  Raises CenterError where nothing can be exported."""
    layout = Layout(arguments.dir)
    if arguments.out.exists():
        raise CenterError(f"{arguments.out} is there already; name a new file")
    receipt = PublicKey.of(init.read_certificate(layout.certificate("receipt")).public_key())
    with closing(schema.open_for_reading(layout.database)) as connection:
        holding = StoreHolding(connection, arguments.gateway, receipt)
        try:
            wanted = _wanted(arguments, connection, holding)
            made = make(holding, _certificates(layout, arguments.gateway), wanted)
        except (TooLarge, LookupError, ValueError) as error:
            raise CenterError(f"nothing was exported: {error}") from error
    data = made.sealed(_record(layout, arguments, made))
    descriptor = os.open(arguments.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    print(f"{arguments.out}: {made.events} events, {len(data)} bytes, recorded")
    print(f"anybody can check it: edge-center verify {arguments.out} --ca ca.pem")
    return 0


def _certificates(layout: Layout, gateway: str) -> Iterator[bytes]:
    for file in (
        layout.identity(gateway),
        layout.certificate("receipt"),
        layout.certificate("ca"),
    ):
        yield certificates.der_of(init.read_certificate(file))


# ---- which events


def _wanted(
    arguments: argparse.Namespace, connection: sqlite3.Connection, holding: StoreHolding
) -> Wanted:
    told: dict[str, Any] = {"gateway": holding.gateway, "kind": Kind.SPAN}
    if not holding.epochs:
        raise LookupError(f"no event of {holding.gateway} is stored")
    if arguments.sample is not None:
        heads = {epoch: head_of(holding, epoch, 0) for epoch in holding.epochs}
        stretches = tuple((epoch, 0, seq_of(head)) for epoch, head in heads.items())
        told |= {"kind": Kind.SAMPLE, "nonce": arguments.nonce, "count": arguments.sample}
        scope = Scope(**told, stretches=stretches)
        drawn: dict[bytes, list[Range]] = {epoch: [] for epoch in heads}
        for place in places(arguments.nonce, stretches, arguments.sample):
            drawn[place.epoch].append((place.seq, place.seq))
        return Wanted(scope, drawn, heads)
    if arguments.incident is not None:
        told |= {"kind": Kind.INCIDENT, "incident": Place.parse(arguments.incident)}
    elif arguments.area is not None:
        told |= {"kind": Kind.AREA, "panel": arguments.panel, "area": arguments.area}
    events = _chosen(arguments, connection, holding)
    ranges = _ranges(events, whole=told["kind"] is Kind.SPAN)
    if not ranges:
        raise LookupError("no such event is stored")
    told["stretches"] = tuple((epoch, *one) for epoch, all_ in ranges.items() for one in all_)
    return Wanted(Scope(**told), ranges)


def _chosen(
    arguments: argparse.Namespace, connection: sqlite3.Connection, holding: StoreHolding
) -> Iterator[Event]:
    def all_events() -> Iterator[Event]:
        for epoch, number in holding.epochs.items():
            if not epoch.hex().startswith((arguments.epoch or "").lower()):
                continue
            rows = connection.execute(
                "SELECT envelope FROM event WHERE epoch_id = ? AND seq BETWEEN ? AND ?"
                " ORDER BY seq, id",
                (number, arguments.first or 0, arguments.last or 2**62),
            )
            yield from (peek(row[0])[1] for row in rows)

    cited: set[str] = set()
    if arguments.incident is not None:
        for event in all_events():
            body = rendering.body_facts(event)
            if body.get("incident") == arguments.incident:
                cited |= {arguments.incident, f"{event.epoch.hex()}/{event.seq}", *body["evidence"]}
        yield from (one for one in all_events() if f"{one.epoch.hex()}/{one.seq}" in cited)
        return
    for event in all_events():
        body = rendering.body_facts(event) if arguments.area is not None else {}
        place = body.get("panel"), body.get("area")
        if arguments.area is None or place == (arguments.panel, arguments.area):
            yield event


def _ranges(events: Iterable[Event], *, whole: bool) -> dict[bytes, list[Range]]:
    """Return the numbers of `events` by epoch; of a span all between its first and last."""
    found: dict[bytes, list[Range]] = {}
    for event in events:
        known = found.setdefault(event.epoch, [])
        if known and (whole or known[-1][1] + 1 == event.seq):
            known[-1] = known[-1][0], max(known[-1][1], event.seq)
        elif not known or event.seq > known[-1][1]:
            known.append((event.seq, event.seq))
    return found


# ---- the register


def _record(layout: Layout, arguments: argparse.Namespace, made: Made) -> bytes:
    """Sign the seal and keep it, durably; return it."""
    signer = load_signer(layout.key("receipt"))
    time_ms = now_ms()
    with closing(schema.open_for_writing(layout.database)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        number, previous = _newest(connection)
        seal = Seal(
            gateway=arguments.gateway,
            by=settings.load(layout).name,
            time_ms=time_ms,
            digest=made.digest,
            events=made.events,
            actor=f"{pwd.getpwuid(os.getuid()).pw_name} (uid {os.getuid()})",
            purpose=arguments.purpose,
            number=number + 1,
            previous=previous,
        ).signed(signer)
        connection.execute(
            "INSERT INTO export (number, gateway, time_ms, seal) VALUES (?, ?, ?, ?)",
            (number + 1, arguments.gateway, time_ms, seal),
        )
        connection.execute("COMMIT")
    return seal


def _newest(connection: sqlite3.Connection) -> tuple[int, bytes | None]:
    row = connection.execute(
        "SELECT number, seal FROM export ORDER BY number DESC LIMIT 1"
    ).fetchone()
    return (0, None) if row is None else (row[0], Seal.read(cose.parse(row[1])).digest)


@dataclass(frozen=True, slots=True)
class Missing:
    """An export of the register that is not as it was; `number` counts from 1."""

    number: int
    detail: str


def check_register(connection: sqlite3.Connection, key: PublicKey) -> Iterator[Missing]:
    """Yield what is wrong with the register of exports; nothing where none was ever made."""
    there = schema.has_table(connection, "export")
    rows = connection.execute("SELECT number, seal FROM export ORDER BY number") if there else ()
    expected, previous = 1, None
    for number, data in rows:
        if number != expected:
            yield Missing(expected, f"exports {expected} to {number - 1} are missing")
        try:
            message = cose.parse(data)
            cose.verify(message, key, Domain.BUNDLE)
            seal = Seal.read(message)
        except (Malformed, BadSignature) as error:
            yield Missing(number, str(error))
        else:
            if seal.number != number or (number == expected and seal.previous != previous):
                yield Missing(number, "it does not follow the one before")
            previous = seal.digest
        expected = number + 1
