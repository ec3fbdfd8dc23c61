"""`edge-agent judge`: what diagnosis says of a recorded or invented timeline."""

import argparse
import sys
from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path
from typing import BinaryIO

from edge_agent.cli.options import Commands, command

EXIT_USAGE = 2


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "judge",
        "replay a timeline of a site through diagnosis, in simulated time",
        "  edge-agent judge site.toml timeline.jsonl\n"
        "  edge-agent judge gateway.toml timeline.jsonl --until 86400\n"
        "SITE.toml is the site part of a gateway's configuration, or a whole one; it may be empty.",
    )
    parser.add_argument("site", type=Path, metavar="SITE.toml", help="areas, zones, users, hours")
    parser.add_argument(
        "timeline", type=Path, metavar="TIMELINE.jsonl", help="one observation a line; - for stdin"
    )
    parser.add_argument(
        "--until",
        type=float,
        metavar="T",
        help="end at T seconds after the start; default: with the last line",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Judge; exit 0 when the timeline was read to its end, 2 where a file is not there."""
    from edge_agent import config, judging

    try:
        data = arguments.site.read_bytes()
    except OSError as error:
        print(f"edge-agent judge: {arguments.site}: {error.strerror}", file=sys.stderr)
        return EXIT_USAGE
    site, passed = config.parse_site(data, arguments.site)
    for problem in passed:
        print(f"edge-agent judge: {arguments.site}: passed over: {problem}", file=sys.stderr)
    try:
        zone = _zone(site.site.timezone)
    except ValueError as error:
        zone = None  # that of the timeline's first line
        print(f"edge-agent judge: {arguments.site}: passed over: {error}", file=sys.stderr)
    try:
        with _opened(arguments.timeline) as file:
            lines = _lines(file, judging.LINE_BYTES_READ)
            for text in judging.judge(site.premises, zone, lines, arguments.until):
                sys.stdout.write(text + "\n")
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"edge-agent judge: {arguments.timeline}: {error.strerror}", file=sys.stderr)
        return EXIT_USAGE
    return 0


def _zone(name: str | None) -> tzinfo | None:
    if name is None:
        return None
    from edge_agent.fitting import time_zone

    return time_zone(name)


def _opened(path: Path) -> BinaryIO:
    return sys.stdin.buffer if str(path) == "-" else path.open("rb")


def _lines(file: BinaryIO, bytes_max: int) -> Iterator[bytes]:
    """Yield lines; of one that is too long the beginning, so that memory is constant."""
    while line := file.readline(bytes_max):
        yield line
        while not line.endswith(b"\n") and len(line) == bytes_max:
            line = file.readline(bytes_max)
