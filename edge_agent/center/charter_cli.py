"""`edge-center charter`: writes a site's charter, signs it, puts it into force, shows it."""

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from edge_agent import files, language
from edge_agent.center import asking, charter_draft, charters, settings
from edge_agent.center.layout import CenterError, Layout
from edge_agent.clock import now_ms
from edge_agent.config import ConfigError
from edge_agent.domain.access import Role
from edge_agent.evidence.charter import Charter, Part, SignedCharter
from edge_agent.evidence.command import CHARTER, CHARTER_SIGNED
from edge_agent.evidence.key_file import KeyFileError
from edge_agent.evidence.signers import load_signer
from edge_agent.views import charter as charter_view

EXIT_FOUND_BAD = 1


def add(make: asking.Make, gateway: Callable[[str], str]) -> None:
    """Register the command; `gateway` reads a gateway's name."""
    made = make(
        "charter",
        "say what a site's system is for; in force when enterprise and owner have signed",
        "  edge-center charter /srv/center new shop12.toml --out gw1.charter\n"
        "  edge-center charter /srv/center sign gw1.charter\n"
        "  edge-center charter /srv/center accept gw1.charter\n"
        "  edge-center charter /srv/center send gw1 --by 'Wang'\n"
        "  edge-center charter /srv/center show gw1 --lang zh",
    )
    actions = made.add_subparsers(dest="action", metavar="ACTION", required=True)
    new = actions.add_parser("new", help="make a charter of a draft; it says nothing yet: sign it")
    new.add_argument("draft", type=Path, metavar="DRAFT.toml", help="docs/charter.md shows one")
    new.add_argument("--out", type=Path, required=True, metavar="FILE")
    sign = actions.add_parser("sign", help="sign a charter as the enterprise, with ca.key")
    sign.add_argument("file", type=Path, metavar="FILE")
    accept = actions.add_parser("accept", help="put a charter that both have signed into force")
    accept.add_argument("file", type=Path, metavar="FILE")
    send = actions.add_parser("send", help="bring the charter in force to a gateway that runs")
    send.add_argument("gateway", type=gateway, metavar="GATEWAY")
    asking.add_person(send, Role.INSTALLER)
    show = actions.add_parser("show", help="show a gateway's charter, or one in a file")
    show.add_argument("gateway", type=gateway, metavar="ID", nargs="?", help="default: all")
    show.add_argument("--file", type=Path, metavar="FILE")
    show.add_argument("--lang", choices=language.LANGUAGES, help="default: the environment's")
    show.add_argument("--json", action="store_true", help="one JSON object a line")
    made.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked.  Raises CenterError, OSError."""
    layout = Layout(arguments.dir)
    actions = {"new": _new, "sign": _sign, "accept": _accept, "send": _send, "show": _show}
    return actions[arguments.action](layout, arguments)


def _new(layout: Layout, arguments: argparse.Namespace) -> int:
    authority = layout.certificate("ca")
    try:
        pem = authority.read_bytes()
        center = charter_draft.Center(settings.load(layout).name, pem)
        number_of = partial(charters.next_number, layout)
        signed = charter_draft.read(arguments.draft, center, number_of, now_ms())
    except ConfigError as error:
        raise CenterError(str(error)) from error
    files.replace(arguments.out, signed.data)
    charter = signed.charter
    print(f"{arguments.out}: charter {charter.number} of {charter.gateway}, not signed yet")
    print(f"next: edge-center charter {layout.directory} sign {arguments.out}, and the owner's")
    print(f"      edge-agent charter sign {arguments.out} --key OWNER.key")
    return 0


def _sign(layout: Layout, arguments: argparse.Namespace) -> int:
    signed = charters.read_file(arguments.file)
    try:
        signer = load_signer(layout.key("ca"))
    except KeyFileError as error:
        raise CenterError(f"{error}: an enterprise signs with its authority's key") from error
    known = charters.present(layout, signed.charter.gateway)
    named = [signed.charter] + ([known.charter] if known is not None else [])
    if all(_enterprise(one) != signer.public for one in named):
        raise CenterError(
            f"{arguments.file}: neither it nor the charter in force names this center's authority "
            "as its enterprise"
        )
    try:
        made = signed.signed_by(signer, now_ms())
    except ValueError as error:
        raise CenterError(f"{arguments.file}: {error}; have the charter made anew") from error
    files.replace(arguments.file, made.data)
    print(f"{arguments.file}: signed as the enterprise, key {signer.public.kid.hex()}")
    return 0


def _enterprise(charter: Charter) -> object:
    party = charter.party(Part.ENTERPRISE)
    return None if party is None else party.key


def _accept(layout: Layout, arguments: argparse.Namespace) -> int:
    signed = charters.read_file(arguments.file)
    charters.accept(layout, signed)
    gateway = signed.charter.gateway
    print(f"charter {signed.charter.number} of {gateway} is in force here")
    print(
        f"a gateway that is enrolled gets it along; bring it to one that runs:\n"
        f"  edge-center charter {layout.directory} send {gateway} --by NAME"
    )
    return 0


def _send(layout: Layout, arguments: argparse.Namespace) -> int:
    known = charters.present(layout, arguments.gateway)
    if known is None:
        raise CenterError(f"{arguments.gateway}: no charter is in force here; accept one first")
    wait_s = asking.WAIT_S_DEFAULT if arguments.wait is None else arguments.wait
    try:
        told = asking.give(arguments, CHARTER, {CHARTER_SIGNED: known.data}, wait_s)
    except ValueError as error:
        raise CenterError(str(error)) from error
    return asking.tell_command(told, as_json=arguments.json)


def _show(layout: Layout, arguments: argparse.Namespace) -> int:
    say = language.Catalog(charter_view.WORDS, language.language(arguments.lang))
    found = _wanted(layout, arguments)
    for signed in found:
        if arguments.json:
            print(json.dumps(charter_view.facts(signed), ensure_ascii=True))
        else:
            print("\n".join(charter_view.lines(signed, say)))
    if not found:
        print(say("none"), file=sys.stderr)
    return 0 if found else EXIT_FOUND_BAD


def _wanted(layout: Layout, arguments: argparse.Namespace) -> list[SignedCharter]:
    if arguments.file is not None:
        return [charters.read_file(arguments.file)]
    names = [arguments.gateway] if arguments.gateway else charters.gateways(layout)
    return [known for name in names if (known := charters.present(layout, name)) is not None]
