"""A handover at the centers of both enterprises: the next charter, the answer, what was heard.

The charter that passes a site on is the one in force but for who runs it and where its records go;
who has to sign it is decided in `evidence/succession.py`.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from edge_agent.center import charters, settings
from edge_agent.center.enrolment import Enrolments, Refused
from edge_agent.center.init import read_certificate
from edge_agent.center.layout import CenterError, Layout
from edge_agent.evidence import certificates
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.charter import Charter, Destination, Handover, Part, Party, SignedCharter
from edge_agent.evidence.command import HANDOVER
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.enrolment import Way
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.handover import Offer
from edge_agent.evidence.succession import NotValid, check_next

_ACTS = (
    "SELECT gateway, event.received_ms, envelope FROM event JOIN epoch ON epoch.id = epoch_id"
    " WHERE type = 'act' AND gateway = coalesce(?, gateway) ORDER BY event.id"
)


_RUNS = "SELECT id, top FROM epoch WHERE gateway = ? ORDER BY id DESC LIMIT 8"
_LAST_ACTS = (
    "SELECT envelope FROM event WHERE epoch_id = ? AND seq >= ? AND type = 'act' ORDER BY seq DESC"
)
OUT_OF_SERVICE, HANDED_OVER = "taken out of service", "handed over"
TAIL = 200  # events of a run that are looked through for last words: they come at its end


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On which terms an enterprise takes a site: its own name, what the gateway is to call its
    center (None: as its settings do), and for how many days the old one is served as well.
    """

    enterprise: str
    center: str | None
    days: int


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that a gateway told of its handover, when it came."""

    gateway: str
    received_ms: int
    act: ActBody


def draft(layout: Layout, offer: Offer, terms: Terms, time_ms: int) -> SignedCharter:
    """Return the charter by which this center's enterprise would take a site; nobody has signed it.

    Raises CenterError, ValueError beyond the bounds of a charter.
    """
    present = offer.read_charter().charter
    authority = read_certificate(layout.certificate("ca"))
    key = PublicKey.of(authority.public_key())
    name = terms.center or settings.load(layout).name
    own = Destination(name, (certificates.key_digest(authority),))
    others = [one for one in present.destinations if one.authorities != own.authorities]
    if name in {one.center for one in others}:
        raise CenterError(
            f"the gateway has a center called {name} already: choose what it is to call yours, "
            "with --as NAME"
        )
    stays = [party for party in present.parties if party.part is not Part.ENTERPRISE]
    return SignedCharter(
        replace(
            present,
            number=present.number + 1,
            time_ms=time_ms,
            parties=(Party(Part.ENTERPRISE, terms.enterprise, key), *stays),
            destinations=(*others, own),
            handover=Handover(offer.center, terms.days),
        )
    )


def missing(signed: SignedCharter, present: Charter) -> str:
    """Return who has to sign a charter still; empty where it may take the place of `present`."""
    try:
        check_next(signed, present)
    except NotValid as error:
        return str(error)
    return ""


def grant(layout: Layout, offer: Offer, signed: SignedCharter, place: Way, now: datetime) -> bytes:
    """Put the charter into force here, certify the gateway's keys, and return the signed answer.

    May be done again.  Raises CenterError where it may not be.
    """
    charter, present = signed.charter, offer.read_charter().charter
    if why := missing(signed, present):
        raise CenterError(f"charter {charter.number} of {charter.gateway}: {why}")
    enterprise = charter.party(Part.ENTERPRISE)
    authority = PublicKey.of(read_certificate(layout.certificate("ca")).public_key())
    if charter.handover is None or enterprise is None or enterprise.key != authority:
        raise CenterError(f"charter {charter.number} does not pass {charter.gateway} on to here")
    try:
        made = Enrolments(layout)
        charters.accept(layout, signed)
        return made.take_over(offer, place, now)
    except Refused as error:
        raise CenterError(str(error)) from error


def heard(connection: sqlite3.Connection, gateway: str | None = None) -> Iterator[Heard]:
    """Yield what gateways told of their handovers, in the order in which it came."""
    for name, received_ms, envelope in connection.execute(_ACTS, (gateway,)):
        try:
            act = ActBody.from_body(peek(envelope)[1].body)
        except Malformed:
            continue
        if act.what == HANDOVER or (act.what == "refused" and act.outcome == HANDOVER):
            yield Heard(name, received_ms, act)


def farewell(connection: sqlite3.Connection, gateway: str) -> str | None:
    """Return why nothing more is to be expected of a gateway, by its own last words.

    A run that was cut off may follow the one that said them.
    """
    for run, top in connection.execute(_RUNS, (gateway,)).fetchall():
        for (envelope,) in connection.execute(_LAST_ACTS, (run, top - TAIL)):
            try:
                act = ActBody.from_body(peek(envelope)[1].body)
            except Malformed:
                continue
            if act.what in ("handover", "decommission"):
                return _last_word(act)
    return None


def _last_word(act: ActBody) -> str | None:
    match act.what, act.outcome:
        case "decommission", "ended":
            return f"{OUT_OF_SERVICE}: {act.purpose}"
        case "handover", "leaving":
            return f"{HANDED_OVER}: {act.detail}"
    return None
