"""`edge-agent judge`: what diagnosis says of a recorded or invented timeline."""

import argparse
import sys
from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from edge_agent.cli.options import Commands, command

if TYPE_CHECKING:
    from edge_agent.domain.event import Numbered
    from edge_agent.evidence.envelope import Event

EXIT_DIFFERS, EXIT_USAGE = 1, 2


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "judge",
        "replay a timeline, or what a gateway recorded, through diagnosis",
        "  edge-agent judge site.toml timeline.jsonl\n"
        "  edge-agent judge gateway.toml timeline.jsonl --until 86400\n"
        "  edge-agent judge --journal /var/lib/edge-agent/journal\n"
        "SITE.toml is the site part of a gateway's configuration, or a whole one; may be empty.\n"
        "With --journal each run is judged again by the site and rules that it recorded, and what\n"
        "it said is compared: exit 1 where a recorded verdict does not follow from the events.",
    )
    parser.add_argument(
        "site", type=Path, nargs="?", metavar="SITE.toml", help="areas, zones, users, hours"
    )
    parser.add_argument(
        "timeline",
        type=Path,
        nargs="?",
        metavar="TIMELINE.jsonl",
        help="one observation a line; - for stdin",
    )
    parser.add_argument("--journal", type=Path, metavar="DIR", help="judge a journal's runs again")
    parser.add_argument(
        "--epoch", default="", metavar="HEX", help="of the journal only runs that begin with this"
    )
    parser.add_argument(
        "--until",
        type=_moment,
        metavar="T",
        help="end at T seconds after the start; default: with the last line",
    )
    parser.set_defaults(run=run)


def _moment(text: str) -> float:
    """Return seconds after the start.  Raises ArgumentTypeError."""
    from edge_agent.diagnosis.reading import T_S_MAX

    try:
        t_s = float(text)
    except ValueError:
        t_s = -1.0
    if not 0 <= t_s <= T_S_MAX:  # nan is not, either
        raise argparse.ArgumentTypeError(
            f"{text[:80]!r} is no time of a timeline: give seconds after its start,"
            f" 0 to {T_S_MAX:.0f}"
        )
    return t_s


def run(arguments: argparse.Namespace) -> int:
    """Judge; exit 0 when all was read to its end, 1 where a recorded verdict would not be said
    again, 2 where a file is not there."""
    if (arguments.journal is None) is (arguments.timeline is None):
        print("edge-agent judge: give SITE.toml and TIMELINE.jsonl, or --journal", file=sys.stderr)
        return EXIT_USAGE
    if arguments.journal is not None:
        return _rejudge(arguments.journal, arguments.epoch)
    return _judge(arguments)


def _rejudge(folder: Path, epoch: str) -> int:
    from edge_agent.daemon import diagnosing
    from edge_agent.rejudging import Rejudging

    try:
        gateway = _gateway(folder)
        again = Rejudging(lambda: _events(folder, gateway), diagnosing.rules_version())
        for text in again.lines(epoch):
            print(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"edge-agent judge: {folder}: {error.strerror}", file=sys.stderr)
        return EXIT_USAGE
    if again.counts["other_rules"]:
        print(
            "edge-agent judge: some runs judged by another version of the rules; to compare them,"
            " take that version",
            file=sys.stderr,
        )
        return 0
    return EXIT_DIFFERS if again.differing else 0


def _gateway(folder: Path) -> str | None:
    """Return whose the newest events are: another gateway's card may have been put in."""
    newest = None
    for event in _peeked(folder):
        newest = event.gateway
    return newest


def _events(folder: Path, gateway: str | None) -> "Iterator[Numbered]":
    from edge_agent.domain.event import Draft, EventType, Numbered

    last: tuple[bytes, int] | None = None
    for event in _peeked(folder):
        place = event.epoch, event.seq
        repeated = last is not None and place[0] == last[0] and place[1] <= last[1]
        if event.gateway == gateway and isinstance(event.type, EventType) and not repeated:
            last = place
            draft = Draft(event.type, event.lane, event.stamp, event.body)
            yield Numbered(event.epoch, event.seq, draft)


def _peeked(folder: Path) -> "Iterator[Event]":
    from edge_agent.evidence.cbor import Malformed
    from edge_agent.evidence.envelope import peek
    from edge_agent.journal.format import RecordKind
    from edge_agent.journal.reader import read

    for stored in read(folder):
        if stored.record.kind is RecordKind.ENVELOPE:
            try:
                yield peek(stored.record.data)[1]
            except Malformed:
                continue


def _judge(arguments: argparse.Namespace) -> int:
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
    from edge_agent.daemon.panels import time_zone

    return time_zone(name)


def _opened(path: Path) -> BinaryIO:
    return sys.stdin.buffer if str(path) == "-" else path.open("rb")


def _lines(file: BinaryIO, bytes_max: int) -> Iterator[bytes]:
    """Yield lines; of one that is too long the beginning, so that memory is constant."""
    while line := file.readline(bytes_max):
        yield line
        while not line.endswith(b"\n") and len(line) == bytes_max:
            line = file.readline(bytes_max)
