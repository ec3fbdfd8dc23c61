"""`edge-agent update` and `edge-agent release`: put a release into service; make one."""

import argparse
import json
import os
import pwd
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent.cli.options import Commands, add_config, add_json, command, complain

if TYPE_CHECKING:
    from edge_agent.update.perform import Hands
    from edge_agent.update.steps import End

EXIT_FOUND_BAD = 1
STATUS, RESUME = "status", "resume"
ROOT_DEFAULT = Path("/opt/edge-agent")


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "update",
        "put a signed release into service; it proves itself, or what ran before comes back",
        "  edge-agent update edge-agent-1.4.0.release    as root: verify, install, switch, watch\n"
        "  edge-agent update status                      what runs, what is installed\n"
        "  edge-agent update resume                      go on with one that was cut off; the\n"
        "                                                unit edge-agent-update does it by itself",
    )
    parser.add_argument("what", metavar="FILE|status|resume", help="the release, or one of these")
    parser.add_argument(
        "--root",
        type=Path,
        default=ROOT_DEFAULT,
        metavar="DIR",
        help=f"where releases are installed (default {ROOT_DEFAULT})",
    )
    parser.add_argument(
        "--restart",
        default="",
        metavar="COMMAND",
        help="what restarts the agent (default: systemctl restart edge-agent.service)",
    )
    add_config(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do it; exit 0 where the release was confirmed, 1 where it was refused or taken back."""
    from edge_agent.program.release import NoRelease
    from edge_agent.update.folder import Busy, NotByReleases

    try:
        if arguments.what == STATUS:
            return _status(arguments)
        end = _perform(arguments)
    except (NoRelease, NotByReleases, Busy) as error:
        complain(arguments, f"edge-agent update: {error}")
        return EXIT_FOUND_BAD
    except OSError as error:
        print(f"edge-agent update: {error.filename}: {error.strerror}", file=sys.stderr)
        if isinstance(error, PermissionError) and os.geteuid() != 0:
            print("edge-agent update: this is for root: the folder is root's", file=sys.stderr)
        return EXIT_FOUND_BAD
    if end is None:
        print("no update is under way")
        return 0
    from edge_agent.update.marker import Word

    said = {"outcome": str(end.word), "detail": end.detail}
    print(json.dumps(said) if arguments.json else f"{end.word}: {end.detail}")
    return 0 if end.word is Word.CONFIRMED else EXIT_FOUND_BAD


def _perform(arguments: argparse.Namespace) -> "End | None":
    from edge_agent.update import perform

    os.umask(0o022)  # the agent's own user reads what root installs
    hands = _hands(arguments)
    resumes = arguments.what == RESUME
    with hands.folder.locked(wait=resumes):
        found = perform.resume(hands)
        if resumes or found is not None:
            return found
        with Path(arguments.what).open("rb") as stream:
            return perform.update(stream, hands, _who())


def _hands(arguments: argparse.Namespace) -> "Hands":
    from edge_agent import config
    from edge_agent.clock import SystemClock
    from edge_agent.control.socket import ask
    from edge_agent.update.folder import Folder
    from edge_agent.update.install import Installer
    from edge_agent.update.perform import Hands
    from edge_agent.update.service import RESTART, AgentService

    socket = Path(config.load(arguments.config).config.gateway.socket)
    restart = arguments.restart.split() or RESTART
    return Hands(
        Folder(arguments.root),
        AgentService(socket, ask, restart),
        Installer(arguments.config.absolute()),
        SystemClock().boottime_ns,
        threading.Event().wait,
        lambda text: print(f"  {text}", file=sys.stderr, flush=True),
    )


def _who() -> str:
    """Return who gave the order: sudo tells it, and an account's own name otherwise."""
    named = os.environ.get("SUDO_USER") or ""
    try:
        return named or pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def _status(arguments: argparse.Namespace) -> int:
    """Tell; exit 1 while an update is under way."""
    from edge_agent.evidence.manifest import version_of
    from edge_agent.update.folder import CURRENT, Folder
    from edge_agent.update.marker import facts

    folder = Folder(arguments.root)
    good = folder.proven()  # or tell that there is nothing to update here
    floor, marker = folder.floor(), folder.marker()
    said: dict[str, Any] = {
        "current": folder.linked(CURRENT),
        "good": good,
        "floor": None if floor is None else version_of(floor),
        "installed": folder.versions(),
        "under_way": facts(marker),
        "last": facts(folder.last()),
    }
    if arguments.json:
        print(json.dumps(said))
        return 0 if marker is None else EXIT_FOUND_BAD
    print(f"runs {said['current']}, proven {said['good']}")
    print(f"installed: {', '.join(said['installed']) or 'none by a release'}")
    print(f"nothing below {said['floor'] or 'any version'} is installed")
    for name, one in (("under way", said["under_way"]), ("last", said["last"])):
        if one is not None:
            why = f": {one['why']}" if one["why"] else ""
            print(f"{name}: {one['before']} to {one['version']}, {one['phase']}{why}")
    return 0 if marker is None else EXIT_FOUND_BAD
