"""`edge-agent sm2`: the key of the second signature: made, tried, handed to who verifies."""

import argparse
import json
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent.cli.options import Commands, add_config, add_json, command, complain, sha256

if TYPE_CHECKING:
    from edge_agent.config import Loaded
    from edge_agent.evidence.cited import Place
    from edge_agent.evidence.second_signature import TreeHead

EXIT_FOUND_BAD, EXIT_USAGE = 1, 2


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "sm2",
        "make and try the key by which tree heads are signed a second time, by SM2",
        "  edge-agent sm2 --make                  make the key that [sm2] names\n"
        "  edge-agent sm2                         sign what means nothing: does it work?\n"
        "  edge-agent sm2 --public sm2.pem        its public key, for who verifies\n"
        "  edge-agent sm2 --head 3f9a0c11d2e4b5a6/1042 --root 9f86d0... --json",
    )
    add_config(parser)
    add_json(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--make", action="store_true", help="make the key; one that exists stays")
    what.add_argument("--public", type=Path, metavar="FILE", help="write its public key, in PEM")
    what.add_argument(
        "--head", type=_place, metavar="EPOCH/SIZE", help="sign the first so many events of a run"
    )
    parser.add_argument("--root", type=sha256, metavar="HEX", help="of --head: the root over them")
    parser.set_defaults(run=run)


def _place(text: str) -> "Place":
    from edge_agent.evidence.cited import Place

    try:
        found = Place.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if not found.seq:
        raise argparse.ArgumentTypeError("there is nothing before event 0")
    return found


def run(arguments: argparse.Namespace) -> int:
    """Do it; exit 1 where the key cannot be made or used, 2 for a head without its root."""
    from edge_agent import config

    if (arguments.head is None) is not (arguments.root is None):
        print("edge-agent: --head and --root belong together", file=sys.stderr)
        return EXIT_USAGE
    said = _done(config.load(arguments.config), arguments)
    if arguments.json:
        print(json.dumps(said))
    elif said["trouble"]:
        complain(arguments, f"edge-agent: {said['trouble']}")
    else:
        print(f"SM2 key {said['key_id']} in {said['file']}: {said['what']}")
    return EXIT_FOUND_BAD if said["trouble"] else 0


def _done(loaded: "Loaded", arguments: argparse.Namespace) -> dict[str, Any]:
    from edge_agent.evidence.key_file import KeyFileError
    from edge_agent.identity import sm2_signing

    said: dict[str, Any] = dict.fromkeys(("file", "key_id", "what", "message", "trouble"))
    if (sm2 := loaded.config.sm2) is None:
        trouble = "no [sm2] in the configuration: nothing is signed a second time"
        return said | {"trouble": trouble}
    path = loaded.path(sm2.key)
    said["file"] = str(path)
    try:
        if arguments.make:
            what = "made; restart the agent, whose next run names it"
            return said | {"key_id": sm2_signing.make(path).kid.hex(), "what": what}
        key = sm2_signing.public_key(path)
        said["key_id"] = key.kid.hex()
        if arguments.public is not None:
            arguments.public.write_bytes(key.to_pem())
            return said | {"what": f"its public key is in {arguments.public}"}
        message = sm2_signing.sign(path, _head(loaded, arguments))
    except (KeyFileError, sm2_signing.SigningError) as error:
        return said | {"trouble": str(error)}
    except OSError as error:
        return said | {"trouble": f"{error.filename}: {error.strerror}"}
    return said | {"what": "signs, and the signature is good", "message": message.hex()}


def _head(loaded: "Loaded", arguments: argparse.Namespace) -> "TreeHead":
    """Return the head that is meant; without one a head that no run of any gateway has."""
    from edge_agent.evidence.envelope import EPOCH_BYTES
    from edge_agent.evidence.second_signature import TreeHead
    from edge_agent.evidence.tree import HASH_BYTES

    gateway = loaded.config.gateway.id
    if arguments.head is None:
        return TreeHead(gateway, bytes(EPOCH_BYTES), 1, secrets.token_bytes(HASH_BYTES))
    return TreeHead(gateway, arguments.head.epoch, arguments.head.seq, arguments.root)
