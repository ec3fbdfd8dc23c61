"""`edge-agent charter`: what this system is for, shown, signed and put into force."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent import language
from edge_agent.cli.options import Commands, add_config, add_json, command, complain

if TYPE_CHECKING:
    from edge_agent.evidence.charter import SignedCharter

EXIT_FOUND_BAD, EXIT_USAGE = 1, 2


def add(commands: Commands) -> None:
    """Register the command."""
    made = command(
        commands,
        "charter",
        "show what this system is for and what it may do; sign a charter, put one into force",
        "  edge-agent charter show                       the one in force here\n"
        "  edge-agent charter show gw1.charter --lang zh\n"
        "  edge-agent charter key owner.key              once: the owner's key, and owner.pem\n"
        "  edge-agent charter sign gw1.charter --key owner.key\n"
        "  edge-agent charter accept gw1.charter         on the gateway, as root",
    )
    actions = made.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="show the charter in force here, or one in a file")
    show.add_argument("file", type=Path, nargs="?", metavar="FILE")
    show.add_argument("--lang", choices=language.LANGUAGES, help="default: the environment's")
    add_config(show)
    add_json(show)
    key = actions.add_parser("key", help="make a party's key; the public part goes into the draft")
    key.add_argument("file", type=Path, metavar="FILE", help="of the private key; it stays yours")
    sign = actions.add_parser("sign", help="sign a charter as owner, inspector or enterprise")
    sign.add_argument("file", type=Path, metavar="FILE")
    sign.add_argument("--key", type=Path, required=True, metavar="FILE")
    accept = actions.add_parser("accept", help="put a charter into force on this gateway")
    accept.add_argument("file", type=Path, metavar="FILE")
    add_config(accept)
    made.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked; exit 1 where it cannot be done."""
    actions = {"show": _show, "key": _key, "sign": _sign, "accept": _accept}
    try:
        return actions[arguments.action](arguments)
    except OSError as error:
        said = f"{error.filename}: {error.strerror}" if error.filename else error
        print(f"edge-agent charter: {said}", file=sys.stderr)
    except _Trouble as error:
        complain(arguments, f"edge-agent charter: {error}")
    return EXIT_FOUND_BAD


class _Trouble(Exception):  # noqa: N818  becomes a sentence
    """What cannot be done, and why."""


def _read(file: Path) -> "SignedCharter":
    from edge_agent.evidence.cbor import Malformed
    from edge_agent.evidence.charter import BYTES_MAX, read_signed

    with file.open("rb") as opened:
        data = opened.read(BYTES_MAX + 1)
    try:
        return read_signed(data)
    except Malformed as error:
        raise _Trouble(f"{file}: no charter ({error}); have it sent again") from error


def _show(arguments: argparse.Namespace) -> int:
    from edge_agent.evidence.charter import FILE
    from edge_agent.views import charter as charter_view

    say = language.Catalog(charter_view.WORDS, language.language(arguments.lang))
    file = arguments.file or arguments.config.parent / FILE
    if arguments.file is None and not file.exists():
        print(say("none") if not arguments.json else json.dumps(None))
        return EXIT_FOUND_BAD
    signed = _read(file)
    if arguments.json:
        print(json.dumps(charter_view.facts(signed)))
    else:
        print("\n".join(charter_view.lines(signed, say)))
    return 0


def _key(arguments: argparse.Namespace) -> int:
    from edge_agent import files
    from edge_agent.evidence.key_file import KeyFileError
    from edge_agent.evidence.signers import Ed25519Signer

    public = arguments.file.with_suffix(".pem")
    if public == arguments.file:
        raise _Trouble(f"{public}: so is the public key named; name this one owner.key")
    if public.exists():
        raise _Trouble(f"{public}: it exists; move it away to make a new key")
    made = Ed25519Signer.generate()
    try:
        made.save(arguments.file)
    except KeyFileError as error:
        raise _Trouble(str(error)) from error
    files.write_new(public, made.public.to_pem())
    print(f"{arguments.file}: keep it to yourself; who has it can sign in your name")
    print(f"{public}: goes to whoever writes the charter, key {made.public.kid.hex()}")
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
        raise _Trouble(str(error)) from error
    try:
        made = signed.signed_by(signer, now_ms())
    except ValueError as error:
        raise _Trouble(f"{arguments.file}: {error}; have the charter made anew") from error
    files.replace(arguments.file, made.data)
    parts = [party for party in signed.charter.parties if party.key == signer.public]
    part = f"as {parts[0].part}, {parts[0].name}" if parts else "as a party of the charter before"
    print(f"{arguments.file}: signed {part}, key {signer.public.kid.hex()}")
    return 0


def _accept(arguments: argparse.Namespace) -> int:
    """Hand it to the running agent; where none runs, lay it down for the next start."""
    from edge_agent import config, files
    from edge_agent.control.socket import ask
    from edge_agent.evidence.charter import FILE

    signed = _read(arguments.file)
    loaded = config.load(arguments.config)
    path = Path(loaded.config.gateway.socket)
    try:
        print(ask(path, "charter", charter=signed.data.hex()))
    except ValueError as error:
        raise _Trouble(f"{arguments.file}: {error}") from error
    except PermissionError as error:
        raise _Trouble(f"{path}: ask as root or as the agent's own user") from error
    except (FileNotFoundError, ConnectionRefusedError):
        files.replace(loaded.path(FILE), signed.data)
        print(f"no agent runs: {loaded.path(FILE)} is judged when it starts; see `status` then")
    return 0
