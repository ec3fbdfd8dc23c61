"""The `edge-agent` command: one module a command group, each registers its own parsers."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

import edge_agent
from edge_agent import interrupts, output
from edge_agent.lean import without

with without("typing_extensions"):  # msgspec takes it where it is installed; `typing` has all of it
    from edge_agent.cli.options import complain
    from edge_agent.config import ConfigError

GROUPS = (
    "run",
    "setup",
    "check",
    "enrol",
    "charter",
    "handover",
    "decommission",
    "status",
    "diagnose",
    "program",
    "release",
    "update",
    "panel",
    "walktest",
    "report",
    "watch",
    "records",
    "verify",
    "export",
    "anchor",
    "sm2",
    "journal",
    "clips",
    "drivers",
    "decode",
    "judge",
    "capture",
    "replay",
    "discover",
    "demo",
)

EXIT_FOUND_BAD, EXIT_USAGE, EXIT_CONFIG = 1, 2, 78
"""1: what was asked was found bad; 2: usage; 78: the configuration (EX_CONFIG of sysexits.h)."""


SEVERAL = {
    "enrol": ("enrol", "identity", "renew"),
    "program": ("program", "sbom"),
    "records": ("events", "verify"),
}
"""What is in groups of other commands than one of the group's own name."""

COMMANDS = {name: group for group in GROUPS for name in SEVERAL.get(group, (group,))}
"""The group of each command.  It is loaded alone: that is half of what a short command takes, and a
daemon keeps in memory what it has once loaded."""


def parser(groups: Sequence[str] = GROUPS) -> argparse.ArgumentParser:
    """Return the command's parser, the whole one or that of some groups."""
    top = argparse.ArgumentParser(
        prog="edge-agent",
        description="Alarm gateway: reads panels, signs every event, forwards it to the center.",
        epilog="Exit codes: 0 good, 1 found bad, 2 usage, 78 configuration, 130 Ctrl-C.",
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {edge_agent.__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for group in groups:
        import_module(f"edge_agent.cli.{group}").add(commands)
    return top


def _understood(argv: Sequence[str] | None) -> argparse.Namespace:
    words = sys.argv[1:] if argv is None else argv
    group = COMMANDS.get(words[0]) if words else None
    top = parser(GROUPS if group is None else [group])
    if "_ARGCOMPLETE" in os.environ:  # loaded only when a shell asks for completions
        import argcomplete

        argcomplete.autocomplete(top)
    return top.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    output.prepare()
    arguments = argparse.Namespace()
    try:
        arguments = _understood(argv)
        interrupts.raise_again()
        code: int = arguments.run(arguments)
        sys.stdout.flush()  # here, where a reader that has gone is still handled
    except ConfigError as error:
        complain(arguments, f"edge-agent: the configuration is not usable\n{error}")
        return EXIT_CONFIG
    except OSError as error:
        if (ended := output.ended(error)) is None:
            raise
        code, why = ended
        if why:
            complain(arguments, f"edge-agent: {why}")
    except KeyboardInterrupt:
        return interrupts.INTERRUPTED
    return code
