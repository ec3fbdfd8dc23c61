"""`edge-agent demo`: panels, broker, center and agent at work, with trouble, to look at."""

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.cli.options import Commands, add_json, command

if TYPE_CHECKING:
    from edge_agent.demo.tally import Summary
    from edge_agent.demo.words import Words

SECONDS_DEFAULT = 25.0
SECONDS_MIN = 12.0  # an input must stay on for two polls, an outage must be noticed
SECONDS_MAX = 86_400.0  # a day: the counts are kept in memory
LANGUAGES = ("en", "zh")  # repeated here: the daemon loads this module and nothing of the demo


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "demo",
        "play a burglary, a fire, a broken line and a network cut, and count what arrives",
        "  edge-agent demo\n"
        "  edge-agent demo --seconds 60 --lang zh\n"
        "  edge-agent demo --json\n"
        "  edge-agent demo --keep DIR && edge-center events DIR/center",
    )
    parser.add_argument(
        "--seconds",
        type=_seconds,
        default=SECONDS_DEFAULT,
        metavar="N",
        help=f"how long it takes, {SECONDS_MIN:.0f} or more (default {SECONDS_DEFAULT:.0f})",
    )
    add_json(parser)
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="leave center, journal, ledgers and logs in DIR: empty, new, or an earlier demo's",
    )
    parser.add_argument(
        "--lang", choices=LANGUAGES, help="language of the words (default: the environment's)"
    )
    parser.set_defaults(run=run)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not SECONDS_MIN <= seconds <= SECONDS_MAX:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not {SECONDS_MIN:.0f} to {SECONDS_MAX:.0f} seconds"
        )
    return seconds


async def _play(arguments: argparse.Namespace, words: "Words") -> "Summary":
    from edge_agent.demo import view
    from edge_agent.demo.play import play

    console = view.Pipe(highlight=False)
    if arguments.json:
        return await play(arguments.seconds, arguments.keep, view.Silent())
    if console.is_terminal and not console.is_dumb_terminal:
        with view.Terminal(console, words) as terminal:
            return await play(arguments.seconds, arguments.keep, terminal)
    return await play(arguments.seconds, arguments.keep, view.Lines(console, words))


def run(arguments: argparse.Namespace) -> int:
    """Play; exit 0 only if everything that a panel saw acknowledged arrived as it must."""
    from edge_agent.demo import report, words
    from edge_agent.demo.folder import DemoError

    spoken = words.Words(words.language(arguments.lang))
    try:
        summary = asyncio.run(_play(arguments, spoken))
    except DemoError as error:
        print(f"edge-agent: {report.safe_lines(str(error))}", file=sys.stderr)
        return 1
    except asyncio.CancelledError:
        return 130
    if arguments.json:
        print(json.dumps(summary.as_json(), ensure_ascii=False))
        for fault in report.faults(summary, spoken):
            print(f"edge-agent: {fault}", file=sys.stderr)
    else:
        from edge_agent.demo.view import Pipe

        console = Pipe(highlight=False)
        console.print(report.report(summary, spoken))
        if arguments.keep:
            folder = arguments.keep.expanduser().absolute()
            console.print(spoken("kept", folder=folder), soft_wrap=True, markup=False)
            console.print(
                spoken("try", command=f"edge-center events {folder / 'center'}"),
                soft_wrap=True,
                markup=False,
            )
    return 0 if summary.good else 1
