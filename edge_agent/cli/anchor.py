"""`edge-agent anchor`: have the configured authority timestamp a hash, as the agent does daily."""

import argparse
import json
import secrets
from typing import TYPE_CHECKING, Any

from edge_agent.cli.options import Commands, add_config, add_json, command, complain, sha256

if TYPE_CHECKING:
    from edge_agent.config import Loaded

EXIT_FOUND_BAD = 1


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "anchor",
        "try the timestamp authority; a running agent has its newest event stamped every day",
        "  edge-agent anchor                      a hash of nothing: does it work?\n"
        "  edge-agent anchor --hash 9f86d0... --json",
    )
    add_config(parser)
    add_json(parser)
    parser.add_argument(
        "--hash", type=sha256, metavar="HEX", help="the SHA-256 to be stamped (default: any)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask; exit 1 where no timestamp came that counts."""
    from edge_agent import config
    from edge_agent.evidence.timestamp import time_text
    from edge_agent.evidence.tree import HASH_BYTES

    said = _asked(config.load(arguments.config), arguments.hash or secrets.token_bytes(HASH_BYTES))
    trouble, time_ns = said["trouble"], said["time_ns"]
    if arguments.json:
        print(json.dumps(said))
    elif trouble:
        complain(arguments, f"edge-agent: {trouble}")
    else:
        size = len(said["token"]) // 2
        print(f"{time_text(time_ns)} says {said['by']!r}: a timestamp of {size} bytes, good")
    return EXIT_FOUND_BAD if trouble else 0


def _asked(loaded: "Loaded", imprint: bytes) -> dict[str, Any]:
    from edge_agent.daemon.timestamping import TimestampError, ask, read_authorities

    said: dict[str, Any] = dict.fromkeys(("token", "time_ns", "by", "trouble"))
    anchor = loaded.config.anchor
    if anchor is None:
        return said | {"trouble": "no [anchor] in the configuration: no authority is asked"}
    try:
        trusted = read_authorities(loaded.path(anchor.certificate))
        token, stamped = ask(anchor.url, imprint, trusted)
    except TimestampError as error:
        return said | {"trouble": str(error)}
    return said | {"token": token.hex(), "time_ns": stamped.time_ns, "by": stamped.by}
