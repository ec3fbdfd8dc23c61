"""`edge-agent replay`: a capture once more, decoded, or onto a line as the panel was."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.cli.lines import (
    EXIT_FOUND_BAD,
    EXIT_USAGE,
    add_driver,
    add_language,
    decoder_of,
    meanings,
    seconds,
)
from edge_agent.cli.options import Commands, add_json, command, complain

if TYPE_CHECKING:
    from edge_agent.clock import Clock
    from edge_agent.domain.stamp import Stamp
    from edge_agent.language import Catalog
    from edge_agent.linetools.format import Header, Said, Unreadable
    from edge_agent.linetools.playback import Pace, Play
    from edge_agent.link.line import Opener

WHO = ("panel", "host", "line")


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "replay",
        "play a capture with its timing: decoded, or onto a line as the panel was",
        "  edge-agent replay line.jsonl --driver ness\n"
        "  edge-agent replay line.jsonl --speed max --json | jq '.signals[]?'\n"
        "  edge-agent replay line.jsonl --to pty:/tmp/panel          an agent reads /tmp/panel\n"
        "  edge-agent replay line.jsonl --to listen:9000 --speed 10\n"
        "  edge-agent replay line.jsonl --step                       Enter says the next",
    )
    parser.add_argument("capture", type=Path, metavar="CAPTURE", help="what `capture --out` kept")
    add_driver(parser, "decode as this driver does (default: the capture's own)")
    parser.add_argument(
        "--to",
        metavar="PLACE",
        help="play onto pty, pty:LINK, a serial port, HOST:PORT or listen:PORT",
    )
    parser.add_argument(
        "--at", default="9600-8N1", metavar="SETTINGS", help="of a serial port (default 9600-8N1)"
    )
    parser.add_argument(
        "--speed",
        type=_speed,
        default=1.0,
        metavar="N",
        help="how many times as fast, or max (default 1)",
    )
    parser.add_argument(
        "--gap-max", type=seconds, metavar="S", help="cut longer silences to so many seconds"
    )
    parser.add_argument("--step", action="store_true", help="the next piece when Enter is pressed")
    parser.add_argument(
        "--from",
        dest="who",
        action="append",
        choices=WHO,
        help="only what this end said; may be repeated (default all; with --to panel and line)",
    )
    parser.add_argument(
        "--unmasked", action="store_true", help="show digits that could be a user code, too"
    )
    add_json(parser)
    add_language(parser)
    parser.set_defaults(run=run)


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a speed above 0 nor max")
    return found


def run(arguments: argparse.Namespace) -> int:
    """Play; exit 1 where the line fails or the capture held nothing, 2 for usage."""
    from edge_agent.language import language
    from edge_agent.linetools.words import words
    from edge_agent.link.line import LineError

    said = words(language(arguments.lang))
    try:
        replay = _Replay(arguments, said)
        asyncio.run(replay.run())
    except ValueError as error:
        complain(arguments, f"edge-agent replay: {error}")
        return EXIT_USAGE
    except LineError as error:
        complain(arguments, f"edge-agent replay: {error}")
        return EXIT_FOUND_BAD
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"edge-agent replay: {arguments.capture}: {error.strerror}", file=sys.stderr)
        return EXIT_USAGE
    return 0 if replay.played else EXIT_FOUND_BAD


class _Replay:
    """One replay and its audience."""

    def __init__(self, arguments: argparse.Namespace, words: "Catalog") -> None:
        self._arguments = arguments
        self._words = words
        self._header: Header | None = None
        self.played = 0
        first = self._first_header()
        driver = arguments.driver or (first.driver if first else None)
        profile = arguments.profile or (first.profile if first and not arguments.driver else None)
        make = decoder_of(driver, profile, arguments.option)
        if make is None and arguments.to is None and arguments.json:
            raise ValueError("name the --driver that decodes it: the capture names none")
        from edge_agent.linetools.view import View

        self._view = View(
            make,
            words,
            as_json=arguments.json,
            unmasked=arguments.unmasked,
            meanings=meanings(words.language),
        )

    def _first_header(self) -> "Header | None":
        from edge_agent.linetools.format import Header
        from edge_agent.linetools.replay import records

        for record in records(self._arguments.capture, lambda _: None):
            return record if isinstance(record, Header) else None
        raise ValueError(f"{self._arguments.capture} is no capture")

    async def run(self) -> None:
        from edge_agent.clock import SystemClock
        from edge_agent.linetools.playback import Playback
        from edge_agent.linetools.replay import Audience, Steps, play_out, play_to, records

        clock, path = SystemClock(), self._arguments.capture
        playback = Playback(records(path, self._doubt), self._pace(), self._who())
        step = Steps(playback, self._upcoming) if self._arguments.step else _by_time
        audience = Audience(self._tell, self._answered, step)
        if self._arguments.to is None:
            playing = asyncio.ensure_future(play_out(playback, clock, audience))
        else:
            playing = asyncio.ensure_future(play_to(self._where(clock), playback, clock, audience))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, playing.cancel)
        await asyncio.wait([playing])
        self._print(self._view.finish())
        self._say(self._words("played", chunks=self.played))
        if not playing.cancelled():
            playing.result()

    def _where(self, clock: "Clock") -> "Opener":
        from edge_agent.linetools import places
        from edge_agent.linetools.replay import place

        to = self._arguments.to
        is_pty = to == "pty" or to.startswith("pty:")
        address = None if is_pty else places.parse(to, self._arguments.at)
        return place(to, address, clock, lambda name: self._say(self._words("waits", place=name)))

    def _pace(self) -> "Pace":
        from edge_agent.linetools.playback import GAP_NS_MAX, Pace

        gap_s = self._arguments.gap_max
        gap_ns = GAP_NS_MAX if gap_s is None else min(GAP_NS_MAX, int(gap_s * 1e9))
        return Pace(self._arguments.speed, gap_ns, self._arguments.step)

    def _who(self) -> "frozenset[Said]":
        from edge_agent.linetools.format import Said

        if self._arguments.who:
            return frozenset(map(Said, self._arguments.who))
        return frozenset(Said) if self._arguments.to is None else frozenset({Said.PANEL, Said.LINE})

    def _tell(self, play: "Play") -> None:
        if play.header is not self._header:
            self._header = play.header
            self._print(self._view.show(play.header))
        self.played += 1
        self._print(self._view.show(play.chunk))

    def _upcoming(self, play: "Play") -> None:
        from edge_agent.linetools.format import Said

        shown = self._shown(play.chunk.data, by_host=play.chunk.said is Said.HOST)
        self._say(self._words("step", what=shown))

    def _answered(self, data: bytes, stamp: "Stamp") -> None:
        from edge_agent.linetools.format import Said

        del stamp
        shown = self._shown(data, by_host=Said.HOST not in self._who())
        self._say(f"{self._words('answered')}: {shown}")

    def _shown(self, data: bytes, *, by_host: bool) -> str:
        from edge_agent.linetools.masking import masked_bytes, readable

        return readable(data if self._arguments.unmasked else masked_bytes(data, by_host=by_host))

    def _doubt(self, line: "Unreadable") -> None:
        name = "torn" if line.torn else "unreadable"
        self._say(self._words(name, number=line.number, reason=line.reason))

    def _print(self, lines: list[str]) -> None:
        if lines:
            print("\n".join(lines), flush=True)

    def _say(self, text: str) -> None:
        print(f"# {text}", file=sys.stderr, flush=True)


def _by_time() -> None:
    """Not by hand: nothing to wait for but the time."""
