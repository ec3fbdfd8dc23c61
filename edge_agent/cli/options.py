"""Options that several commands share."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from edge_agent.config import DEFAULT_PATH

if TYPE_CHECKING:
    from edge_agent.views.zone_names import ZoneNames


class UnreadableError(Exception):
    """What the operator named cannot be read; says what and what to do."""


class Commands(Protocol):
    """The subparsers of the whole command (argparse has no public name for them)."""

    def add_parser(self, name: str, **options: Any) -> argparse.ArgumentParser:
        """Add one command."""


def command(commands: Commands, name: str, says: str, examples: str) -> argparse.ArgumentParser:
    """Add the parser of one command, with its examples below the options."""
    return commands.add_parser(
        name,
        help=says,
        description=says[0].upper() + says[1:] + ".",
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add `--config`."""
    parser.add_argument(
        "-c",
        "--config",
        type=Path,
        default=DEFAULT_PATH,
        metavar="FILE",
        help=f"the gateway's configuration (default {DEFAULT_PATH})",
    )


def sha256(text: str) -> bytes:
    """Return the hash that is given in hex.  Raises ArgumentTypeError."""
    from edge_agent.evidence.tree import HASH_BYTES

    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != HASH_BYTES:
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no SHA-256: 64 hex digits")
    return found


def agent_socket(file: Path) -> Path:
    """Return where the agent that runs by `file` is asked.  Raises ConfigError.

    Who has a role and may not read the file, which can hold secrets, asks at the usual place.
    """
    from edge_agent.config import SOCKET, ConfigError, load

    try:
        return Path(load(file).config.gateway.socket)
    except ConfigError as error:
        if isinstance(error.__cause__, PermissionError):
            return Path(SOCKET)
        raise


def names_of_zones(file: Path, language: str) -> "tuple[str, ZoneNames]":
    """Return whose configuration `file` is, and what the zones are called by it; no gateway and no
    names where it cannot be read.
    """
    from edge_agent.config import ConfigError, load
    from edge_agent.views.zone_names import NO_NAMES, ZoneNames

    try:
        config = load(file).config
    except ConfigError:  # who needs the configuration itself says so
        return "", NO_NAMES
    return config.gateway.id, ZoneNames(config.premises, language)


def no_agent(socket: Path, error: Exception) -> str:
    """Return what a command says where no agent answers at its socket."""
    return f"edge-agent: {unanswered(socket, error)}"


def unanswered(socket: Path, error: Exception) -> str:
    """Return why no agent answers at its socket, and what to do."""
    said = (error.strerror or error) if isinstance(error, OSError) else error
    if isinstance(error, PermissionError):
        return (
            f"this user may not come to the agent's socket {socket}\n"
            "ask as root or as the agent's own user; others need a role in [access] of its"
            " configuration, and the group edge-agent"
        )
    return (
        f"no running agent answers at {socket}: {said}\n"
        "start it with 'systemctl start edge-agent', or ask as root or as its own user"
    )


def complain(arguments: argparse.Namespace, said: str) -> None:
    """Say on standard error what is wrong, in the language that is asked for."""
    from edge_agent.language import language
    from edge_agent.phrases.book import Phrases

    say = Phrases(language(getattr(arguments, "lang", None)))
    print(say(said), file=sys.stderr)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")
