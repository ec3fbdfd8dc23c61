"""Verifies a bundle, or a page with one behind it, for people and scripts: what is trusted and why,
and what was found.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from edge_agent.evidence import certificates
from edge_agent.evidence.bundle_check import check
from edge_agent.evidence.bundle_report import Fault, Problem, Report, Trust, Witnessed
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.pinned import read_public_keys
from edge_agent.evidence.sm2 import Sm2Key
from edge_agent.evidence.timestamp import Stamped, time_text
from edge_agent.views import signed_page
from edge_agent.views.signed_page import Recorded

EXIT_FOUND_BAD, EXIT_USAGE = 1, 2
PROBLEMS_SHOWN_MAX = 100
MS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What the reader trusts, in PEM; None where nothing is named."""

    ca: Path | None = None
    identity: Path | None = None
    tsa: Path | None = None
    witness: Path | None = None
    sm2: Path | None = None

    def trust(self) -> Trust:
        """Return what is in them.  Raises OSError, Malformed."""
        ca, tsa, identity = self.ca, self.tsa, self.identity
        return Trust(
            tuple(certificates.read_pem(ca.read_bytes())) if ca else (),
            tuple(certificates.read_pem(tsa.read_bytes())) if tsa else (),
            PublicKey.from_certificate_pem(identity.read_bytes()) if identity else None,
            _witness_keys(self.witness) if self.witness else (),
            Sm2Key.from_pem(self.sm2.read_bytes()) if self.sm2 else None,
        )

    def __str__(self) -> str:
        """Return their names, for who has to find the wrong one."""
        named = (self.ca, self.identity, self.tsa, self.witness, self.sm2)
        return " or ".join(str(one) for one in named if one)


def verify_file(file: Path, files: Files, *, as_json: bool) -> tuple[int, str]:
    """Verify a bundle by what the reader trusts; return the exit code and what is to be said.

    0 good, 1 something found, 2 where a file cannot be read.
    """
    try:
        trust = files.trust()
        with file.open("rb") as stream:
            report, page = _checked(stream, trust)
    except OSError as error:
        return EXIT_USAGE, f"{error.filename}: {error.strerror}"
    except Malformed as error:
        return EXIT_USAGE, f"{files}: {error}; name a certificate in PEM"
    said = json.dumps(facts(report, page)) if as_json else "\n".join(lines(report, page))
    return EXIT_FOUND_BAD if report.problems else 0, said


def _witness_keys(file: Path) -> tuple[PublicKey, ...]:
    """Return the keys in a witness's file.  Raises OSError, Malformed."""
    try:
        return read_public_keys(file.read_bytes())
    except ValueError as error:
        raise Malformed(
            f"{file}: {error}; it is the witness.pem that the witness hands out"
        ) from error


def _checked(stream: BinaryIO, trust: Trust) -> tuple[Report, Recorded | None]:
    """Check the bundle, and that it is of the page before it, where there is one."""
    try:
        page, bundle = signed_page.opened(stream)
        report = check(bundle.read, trust)
        if page is None:
            return report, None
        bundle.seek(0)
        found = signed_page.recorded(bundle.read(), page)
    except Malformed as error:
        report, found = Report(pinned=bool(trust.authorities)), None
        report.found(Fault.PAGE, None, str(error))
        return report, None
    if found is None:
        detail = "the page is not as the gateway recorded it, or the evidence is of another"
        report.found(Fault.PAGE, None, detail)
    return report, found


def facts(report: Report, page: Recorded | None = None) -> dict[str, Any]:
    """Return plain values for JSON."""
    scope, seal = report.scope, report.seal
    first = _first_bad(report)
    return {
        "ok": not report.problems,
        "gateway": scope.gateway if scope else None,
        "kind": str(scope.kind) if scope else None,
        "events": report.events,
        "heads": [
            {
                "epoch": head.epoch.hex(),
                "size": head.size,
                "root": head.root.hex(),
                "receipted_by": head.center,
                "receipted_ms": head.time_ms,
                "continues": head.earlier_size,
                "stamped": head.stamped
                and {"size": head.stamped_size, **dataclasses.asdict(head.stamped)},
                "witnessed": [_witnessed_facts(one) for one in head.witnessed],
                "second_signature": head.second and head.second.facts,
            }
            for head in report.heads
        ],
        "by": seal.by if seal else None,
        "actor": seal.actor if seal else None,
        "purpose": seal.purpose if seal else None,
        "time_ms": seal.time_ms if seal else None,
        "page": page and {"event": str(page.place), "actor": page.act.actor},
        "authorities": report.authorities,
        "pinned": report.pinned,
        "first_bad": first and {"epoch": first.epoch and first.epoch.hex(), "seq": first.seq},
        "problems": [
            {
                "what": str(one.what),
                "epoch": one.epoch.hex() if one.epoch else None,
                "seq": one.seq,
                "last": one.last,
                "detail": one.detail,
            }
            for one in report.problems
        ],
        "more_problems": report.more,
    }


def _first_bad(report: Report) -> Problem | None:
    """Return the finding with the first bad number: epochs in the order of the bundle."""
    order = {head.epoch: at for at, head in enumerate(report.heads)}
    numbered = [one for one in report.problems if one.epoch is not None and one.seq is not None]
    return min(
        numbered, key=lambda one: (order.get(one.epoch or b"", 0), one.seq or 0), default=None
    )


def lines(report: Report, page: Recorded | None = None) -> list[str]:
    """Return the same for people."""
    said = []
    if page is not None:
        said.append(f"the page is as event {page.place} recorded it for {page.act.actor!r}")
    if report.scope and report.seal:
        scope, seal = report.scope, report.seal
        said.append(f"{scope.kind} of gateway {scope.gateway}: {report.events} events")
        when = "" if seal.time_ms is None else f" on {time_text(seal.time_ms * MS)}"
        said.append(f"taken out by {seal.actor!r} at {seal.by}{when}, for {seal.purpose!r}")
    for head in report.heads:
        by = f"receipted by {head.center}" if head.center else "NOT receipted: only signed"
        on = "" if head.time_ms is None else f" on {time_text(head.time_ms * MS)}"
        since = "" if head.earlier_size is None else f", continues the one over {head.earlier_size}"
        said.append(f"run {head.epoch.hex()}: head over {head.size} events, {by}{on}{since}")
        if head.stamped is not None:
            said.append(_stamped(head.stamped, head.stamped_size or 0))
        said += [_witnessed(one) for one in head.witnessed] or ["no witness has cosigned it"]
        if head.second is not None:
            said.append(head.second.words)
    for one in report.authorities:
        why = "given by you" if report.pinned else "found inside: COMPARE with a known fingerprint"
        said.append(f"trusted authority, {why}: SHA-256 {one}")
    for one_found in report.problems[:PROBLEMS_SHOWN_MAX]:
        epoch = one_found.epoch.hex() if one_found.epoch else "?"
        place = "" if one_found.seq is None else f" at {epoch}/{one_found.seq}"
        said.append(f"{one_found.what}{place}: {one_found.detail}")
    first = _first_bad(report)
    if not report.problems:
        said.append("nothing wrong")
    else:
        where = f", the first bad number is {first.seq}" if first else ""
        said.append(f"{len(report.problems) + report.more} problems{where}")
    return said


def _stamped(stamped: Stamped, size: int) -> str:
    why = "given by you" if stamped.trusted else "found inside: COMPARE with a known fingerprint"
    return (
        f"the first {size} of them existed at {time_text(stamped.time_ns)}, says {stamped.by!r}; "
        f"trusted for timestamps, {why}: SHA-256 {stamped.fingerprint}"
    )


def _witnessed(one: Witnessed) -> str:
    told = one.cosignature
    if not one.proven:
        return (
            f"somebody who is called {told.witness} in it (key {one.kid.hex()}) cosigned the first "
            f"{told.size}: NOT CHECKED, name the witness's file by --witness"
        )
    broke = f"; its history had broken off {told.breaks} times before" if told.breaks else ""
    when = time_text(told.time_ms * MS)
    return f"witnessed by {told.witness}: the first {told.size} of them, on {when}{broke}"


def _witnessed_facts(one: Witnessed) -> dict[str, Any]:
    told = one.cosignature
    return {
        "by": told.witness,
        "key": one.kid.hex(),
        "proven": one.proven,
        "size": told.size,
        "time_ms": told.time_ms,
        "breaks": told.breaks,
    }
