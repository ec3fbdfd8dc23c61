"""`edge-center handover`: passes a site on to another enterprise, or takes one over."""

import argparse
import json
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from edge_agent import files, language
from edge_agent.center import asking, charters, credentials, desk_rows, inviting, schema
from edge_agent.center.handover import Heard, Terms, draft, grant, heard, missing
from edge_agent.center.layout import CenterError, Layout
from edge_agent.clock import SystemClock, now_ms
from edge_agent.domain.access import Role
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.charter import HANDOVER_DAYS_DEFAULT, HANDOVER_DAYS_MAX, read_signed
from edge_agent.evidence.command import HANDOVER, HANDOVER_BUNDLE
from edge_agent.evidence.cose import BadSignature
from edge_agent.evidence.enrolment import claimed_charter
from edge_agent.evidence.handover import ANSWER_BYTES_MAX, OFFER_BYTES_MAX, Offer, open_offer
from edge_agent.evidence.key_file import KeyFileError
from edge_agent.evidence.reply import peek_reply
from edge_agent.evidence.signers import load_signer
from edge_agent.views import charter as charter_view
from edge_agent.views import rendering

ENDS = ("moved", "failed", "kept")
"""After these outcomes a gateway has no more to tell of a handover."""


def add(make: asking.Make, gateway: Callable[[str], str]) -> None:
    """Register the command; `gateway` reads a gateway's name."""
    made = make(
        "handover",
        "pass a site on to another enterprise, or take one over, without a gap",
        "the enterprise that has the site:\n"
        "  edge-center handover /srv/old offer gw1 --out gw1.offer --key lina.key\n"
        "  edge-center charter /srv/old sign gw1.charter\n"
        "  edge-center handover /srv/old send gw1 gw1.handover --key lina.key\n"
        "the one that takes it:\n"
        "  edge-center handover /srv/new accept gw1.offer --enterprise 'Green Lion' "
        "--out gw1.charter\n"
        "  edge-center handover /srv/new grant gw1.offer gw1.charter --out gw1.handover\n"
        "both:\n"
        "  edge-center handover /srv/new show gw1 --wait 600",
    )
    actions = made.add_subparsers(dest="action", metavar="ACTION", required=True)
    offer = actions.add_parser("offer", help="have a gateway say what another center must know")
    offer.add_argument("gateway", type=gateway, metavar="GATEWAY")
    offer.add_argument("--out", type=Path, required=True, metavar="FILE")
    asking.add_person(offer, Role.INSTALLER)
    accept = actions.add_parser("accept", help="write and sign the charter that passes it on")
    accept.add_argument("offer", type=Path, metavar="OFFER")
    accept.add_argument("--enterprise", required=True, metavar="NAME", help="yours, as people know")
    accept.add_argument("--out", type=Path, required=True, metavar="CHARTER")
    accept.add_argument(
        "--as", dest="center", metavar="NAME", help="what the gateway calls this center"
    )
    accept.add_argument(
        "--days",
        type=_days,
        default=HANDOVER_DAYS_DEFAULT,
        metavar="N",
        help=f"how long the old center is served as well (default {HANDOVER_DAYS_DEFAULT})",
    )
    accept.add_argument("--json", action="store_true", help="print JSON, for scripts")
    granted = actions.add_parser("grant", help="certify the gateway when all have signed")
    granted.add_argument("offer", type=Path, metavar="OFFER")
    granted.add_argument("charter", type=Path, metavar="CHARTER")
    granted.add_argument("--out", type=Path, required=True, metavar="FILE")
    granted.add_argument(
        "--at", metavar="HOST[:PORT]", help="where gateways reach the broker and `enrolment serve`"
    )
    granted.add_argument("--json", action="store_true", help="print JSON, for scripts")
    send = actions.add_parser("send", help="bring the new center's answer to the gateway")
    send.add_argument("gateway", type=gateway, metavar="GATEWAY")
    send.add_argument("file", type=Path, metavar="FILE")
    asking.add_person(send, Role.INSTALLER)
    show = actions.add_parser("show", help="how far handovers are, as the gateways told it")
    show.add_argument("gateway", type=gateway, metavar="GATEWAY", nargs="?", help="default: all")
    show.add_argument("--json", action="store_true", help="one JSON object a line")
    show.add_argument(
        "--wait",
        type=float,
        default=0.0,
        metavar="S",
        help="go on until it is over here, at most so long; then exit 0 only if it is",
    )
    made.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked.  Raises CenterError, OSError."""
    layout = Layout(arguments.dir)
    actions = {"offer": _offer, "accept": _accept, "grant": _grant, "send": _send, "show": _show}
    return actions[arguments.action](layout, arguments)


# ---- the enterprise that has the site


def _offer(_layout: Layout, arguments: argparse.Namespace) -> int:
    told = _given(arguments, {})
    if told.outcome != desk_rows.DONE or told.reply is None:
        return asking.tell_command(told, as_json=arguments.json)
    data = peek_reply(told.reply)[1].facts  # it was verified before it was stored
    offer = _opened(data, arguments.out)
    files.replace(arguments.out, data)
    gateway, name = offer.gateway, arguments.out.name
    _tell(
        arguments,
        {"gateway": gateway, "from": offer.center, "offer": str(arguments.out)},
        f"""\
{arguments.out}: what gateway {gateway} tells of itself; nothing is changed yet
next: give it to the other enterprise, which runs
  edge-center handover DIR accept {name} --enterprise NAME --out {gateway}.charter""",
    )
    return 0


def _send(layout: Layout, arguments: argparse.Namespace) -> int:
    data = _read(arguments.file, ANSWER_BYTES_MAX)
    try:
        signed = read_signed(claimed_charter(data))
    except Malformed as error:
        raise CenterError(f"{arguments.file}: {error}; name what `grant` has written") from error
    told = _given(arguments, {HANDOVER_BUNDLE: data})
    if told.outcome == desk_rows.DONE:
        charters.accept(layout, signed)
    return asking.tell_command(told, as_json=arguments.json)


def _given(arguments: argparse.Namespace, body: dict[int, bytes]) -> desk_rows.Outcome:
    wait_s = asking.WAIT_S_DEFAULT if arguments.wait is None else arguments.wait
    try:
        return asking.give(arguments, HANDOVER, dict(body), wait_s)
    except ValueError as error:
        raise CenterError(str(error)) from error


# ---- the enterprise that takes it


def _accept(layout: Layout, arguments: argparse.Namespace) -> int:
    offer = _opened(_read(arguments.offer, OFFER_BYTES_MAX), arguments.offer)
    try:
        signer = load_signer(layout.key("ca"))
        terms = Terms(enterprise=arguments.enterprise, center=arguments.center, days=arguments.days)
        made = draft(layout, offer, terms, now_ms()).signed_by(signer, now_ms())
    except KeyFileError as error:
        raise CenterError(f"{error}: an enterprise signs with its authority's key") from error
    except ValueError as error:
        raise CenterError(f"{arguments.offer}: {error}") from error
    files.replace(arguments.out, made.data)
    say = language.Catalog(charter_view.WORDS, language.language(None))
    name, shown = arguments.out.name, "\n".join(charter_view.lines(made, say))
    _tell(
        arguments,
        charter_view.facts(made),
        f"""\
{shown}
{arguments.out}: signed here.  Still to sign it:
  the enterprise that has the site:  edge-center charter DIR sign {name}
  the owner:                         edge-agent charter sign {name} --key OWNER.key
where that enterprise is no more, the inspector whom the charter names signs in its place:
                                     edge-agent charter sign {name} --key INSPECTOR.key
then: edge-center handover {layout.directory} grant {arguments.offer} {arguments.out} \\
          --out {offer.gateway}.handover""",
    )
    return 0


def _grant(layout: Layout, arguments: argparse.Namespace) -> int:
    offer = _opened(_read(arguments.offer, OFFER_BYTES_MAX), arguments.offer)
    signed = charters.read_file(arguments.charter)
    if why := missing(signed, offer.read_charter().charter):
        return asking.fail(f"{arguments.charter}: {why}", asking.EXIT_FOUND_BAD)
    place = inviting.place_of(layout, arguments.at)
    now = credentials.utc(now_ms() * 1_000_000)
    data = grant(layout, offer, signed, place, now)
    if len(data) > ANSWER_BYTES_MAX:
        raise CenterError(f"an answer of {len(data)} bytes, a command carries {ANSWER_BYTES_MAX}")
    files.replace(arguments.out, data)
    gateway, name = offer.gateway, arguments.out.name
    _tell(
        arguments,
        {"gateway": gateway, "answer": str(arguments.out), "charter": signed.charter.number},
        f"""\
{arguments.out}: {gateway} is known here now, and let in when it comes
next: the enterprise that has the site brings it to the gateway:
  edge-center handover DIR send {gateway} {name} --key YOUR.key
or, on the gateway, root does:
  edge-agent handover accept {name}
then: edge-center handover {layout.directory} show {gateway}""",
    )
    return 0


# ---- both


def _show(layout: Layout, arguments: argparse.Namespace) -> int:
    """Show what was heard, as it comes where it is waited for."""
    clock, pause = SystemClock(), Event()
    until_ns = clock.boottime_ns() + round(arguments.wait * 1e9)
    shown = 0
    while True:
        with closing(schema.open_for_reading(layout.database)) as connection:
            found = list(heard(connection, arguments.gateway))
        for one in found[shown:]:
            said = json.dumps(_plain(one)) if arguments.json else rendering.safe(_line(one))
            print(said, flush=True)
        shown = len(found)
        over = bool(found) and found[-1].act.outcome in ENDS
        if over or clock.boottime_ns() >= until_ns:
            break
        pause.wait(asking.LOOK_S)
    if not found and not arguments.json:
        print("no gateway told of a handover yet")
    return 0 if over or (found and not arguments.wait) else asking.EXIT_FOUND_BAD


def _plain(one: Heard) -> dict[str, object]:
    return {
        "gateway": one.gateway,
        "received_ms": one.received_ms,
        "what": one.act.what,
        "outcome": one.act.outcome,
        "actor": one.act.actor,
        "detail": one.act.detail,
    }


def _line(one: Heard) -> str:
    when = datetime.fromtimestamp(one.received_ms / 1000, UTC).astimezone()
    word = "refused" if one.act.what == "refused" else one.act.outcome
    return f"{when:%Y-%m-%d %H:%M:%S} {one.gateway} {word}: {one.act.detail} ({one.act.actor})"


def _opened(data: bytes, file: Path) -> Offer:
    try:
        return open_offer(data)
    except (Malformed, BadSignature) as error:
        raise CenterError(f"{file}: no offer ({error}); have the gateway make it anew") from error


def _read(file: Path, bytes_max: int) -> bytes:
    with file.open("rb") as opened:
        return opened.read(bytes_max + 1)


def _tell(arguments: argparse.Namespace, facts: Mapping[str, object], said: str) -> None:
    print(json.dumps(facts) if arguments.json else said)


def _days(text: str) -> int:
    if not text.isdecimal() or int(text) > HANDOVER_DAYS_MAX:
        raise argparse.ArgumentTypeError(f"0 to {HANDOVER_DAYS_MAX} days")
    return int(text)
