"""`edge-center operator`: who may give commands in a center's name."""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from edge_agent.center import settings
from edge_agent.center.layout import CenterError, Layout
from edge_agent.center.operators import Entry, Operators
from edge_agent.clock import now_ms
from edge_agent.domain.access import Role
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.key_file import KeyFileError
from edge_agent.evidence.signers import Ed25519Signer, load_signer
from edge_agent.evidence.warrant import Pass
from edge_agent.views import rendering

EXIT_FOUND_BAD = 1
Make = Callable[[str, str, str], argparse.ArgumentParser]
DAYS_DEFAULT, DAYS_MAX = 365, 3650
DAY_MS = 24 * 3600 * 1000


def add(make: Make) -> None:
    """Register the command."""
    made = make(
        "operator",
        "enter who may give commands in this center's name, each with a key of their own",
        "  edge-center operator /srv/center add lina --name 'Li Na' --role technician \\\n"
        "      --key lina.key --qualification 310115-0042\n"
        "  edge-center operator /srv/center remove lina\n"
        "  edge-center operator /srv/center list",
    )
    actions = made.add_subparsers(dest="action", metavar="ACTION", required=True)
    new = actions.add_parser("add", help="enter an operator, or the same one anew; needs ca.key")
    new.add_argument("id", metavar="ID", help="a short name that stays theirs, such as lina")
    new.add_argument("--name", required=True, help="as it stands in events")
    new.add_argument("--role", required=True, choices=[one.value for one in Role])
    new.add_argument(
        "--key",
        type=Path,
        required=True,
        metavar="FILE",
        help="their own key: a public key, or a private one, which is made where there is none",
    )
    new.add_argument("--qualification", metavar="NO", help="their qualification number")
    new.add_argument("--days", type=_days, default=DAYS_DEFAULT, help=f"default {DAYS_DEFAULT}")
    remove = actions.add_parser("remove", help="from now on nothing of theirs is signed")
    remove.add_argument("id", metavar="ID")
    listed = actions.add_parser("list", help="show everybody who was ever entered")
    listed.add_argument("--json", action="store_true", help="one JSON object a line")
    made.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked.  Raises CenterError, OSError."""
    layout = Layout(arguments.dir)
    return {"add": _add, "remove": _remove, "list": _list}[arguments.action](layout, arguments)


def _add(layout: Layout, arguments: argparse.Namespace) -> int:
    center, at_ms = settings.load(layout).name, now_ms()
    try:
        authority = load_signer(layout.key("ca"))
    except KeyFileError as error:
        raise CenterError(f"{error}: an operator is entered with the authority's key") from error
    try:
        said = Pass(
            center=center,
            id=arguments.id,
            name=arguments.name,
            role=Role(arguments.role),
            key=_key(arguments.key),
            from_ms=at_ms,
            until_ms=at_ms + arguments.days * DAY_MS,
            qualification=arguments.qualification,
        )
    except ValueError as error:
        raise CenterError(str(error)) from error
    entry = Operators(layout).enter(said, authority)
    print(_line(entry, at_ms))
    print(f"they name their key with each command: --key {arguments.key}")
    return 0


def _key(file: Path) -> PublicKey:
    """Return the public key in a file, of whichever kind; a new private key where there is none."""
    try:
        if not file.exists():
            made = Ed25519Signer.generate()
            made.save(file)
            return made.public
        data = file.read_bytes()
        return load_signer(file).public if b"PRIVATE KEY" in data else PublicKey.from_pem(data)
    except (KeyFileError, Malformed) as error:
        raise CenterError(f"{file}: {error}") from error


def _remove(layout: Layout, arguments: argparse.Namespace) -> int:
    if not Operators(layout).remove(arguments.id, now_ms()):
        print(f"edge-center: no operator {arguments.id}; `list` shows them", file=sys.stderr)
        return EXIT_FOUND_BAD
    print(f"{arguments.id}: removed; nothing of theirs is signed from now on")
    return 0


def _list(layout: Layout, arguments: argparse.Namespace) -> int:
    at_ms = now_ms()
    for entry in Operators(layout).entries():
        said = entry.said
        if arguments.json:
            facts = {
                "id": said.id,
                "name": said.name,
                "role": str(said.role),
                "qualification": said.qualification,
                "key_id": said.key.kid.hex(),
                "from_ms": said.from_ms,
                "until_ms": said.until_ms,
                "removed_ms": entry.removed_ms,
                "state": entry.state(at_ms),
            }
            print(json.dumps(facts, ensure_ascii=True))
        else:
            print(_line(entry, at_ms))
    return 0


def _line(entry: Entry, at_ms: int) -> str:
    said = entry.said
    until = datetime.fromtimestamp(said.until_ms / 1000, UTC)
    state = f"{entry.state(at_ms)}, until {until:%Y-%m-%d}, key {said.key.kid.hex()}"
    return rendering.safe(f"{said.id}: {said.words}, {said.role}, {state}")


def _days(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= DAYS_MAX:
        raise argparse.ArgumentTypeError(f"1 to {DAYS_MAX} days")
    return int(text)
