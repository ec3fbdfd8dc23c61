"""`edge-agent capture`: what goes over a line, kept and shown."""

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
    complete,
    decoder_of,
    meanings,
    ports,
    seconds,
)
from edge_agent.cli.options import Commands, add_json, command, complain

if TYPE_CHECKING:
    from edge_agent.domain.address import LineAddress
    from edge_agent.language import Catalog
    from edge_agent.linetools.format import Chunk, Record, Said

GUESS_BYTES_MAX = 4096  # of what is heard tell whether the settings are right


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "capture",
        "listen to a line and keep what is heard; never a byte is sent",
        "  edge-agent capture /dev/ttyUSB0 --at 9600-8N1 --out line.jsonl\n"
        "  edge-agent capture /dev/ttyUSB0 --driver ness\n"
        "  edge-agent capture /dev/ttyUSB0 --host /dev/ttyUSB1      a tap with two ends\n"
        "  edge-agent capture 10.0.0.7:2101 --driver elk            calls, and says nothing\n"
        "  edge-agent capture listen:9000 --driver dc09 --seconds 60\n"
        "  edge-agent capture udp:9000 --out dc09.jsonl\n\n"
        "The line must be free: stop the agent, or leave the panel out of its configuration.",
    )
    place = parser.add_argument(
        "place", metavar="PORT", help="a serial port, HOST:PORT, listen:PORT or udp:PORT"
    )
    host = parser.add_argument(
        "--host",
        metavar="PORT2",
        help="a second port that hears the host: then PORT hears the panel",
    )
    for argument in (place, host):
        complete(argument, ports)
    parser.add_argument(
        "--at", default="9600-8N1", metavar="SETTINGS", help="of serial ports (default 9600-8N1)"
    )
    add_driver(parser, "decode as this driver does (see `edge-agent drivers`)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="append the capture to FILE")
    parser.add_argument("--seconds", type=seconds, metavar="N", help="end after so long")
    parser.add_argument(
        "--unmasked", action="store_true", help="show digits that could be a user code, too"
    )
    add_json(parser)
    add_language(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Listen until stopped; exit 1 where the line does not open or the disk is full, 2 usage."""
    from edge_agent.language import language
    from edge_agent.linetools.capture import CaptureError
    from edge_agent.linetools.words import words
    from edge_agent.link.line import LineError

    said = words(language(arguments.lang))
    try:
        tapped = _tapped(arguments)
        capture = _Capture(arguments, said)
    except (ValueError, CaptureError) as error:
        complain(arguments, f"edge-agent capture: {error}")
        return EXIT_USAGE
    try:
        asyncio.run(capture.run(tapped))
    except (LineError, CaptureError) as error:
        complain(arguments, f"edge-agent capture: {error}")
        return EXIT_FOUND_BAD
    finally:
        capture.close()
    return 0


def _tapped(arguments: argparse.Namespace) -> "list[tuple[LineAddress, Said]]":
    from edge_agent.linetools import places
    from edge_agent.linetools.format import Said

    first = places.parse(arguments.place, arguments.at)
    if arguments.host is None:
        return [(first, Said.LINE)]
    return [(first, Said.PANEL), (places.parse(arguments.host, arguments.at), Said.HOST)]


class _Capture:
    """Where records go: file, screen, and the ears that guess a driver."""

    def __init__(self, arguments: argparse.Namespace, words: "Catalog") -> None:
        from edge_agent.linetools.capture import CaptureFile
        from edge_agent.linetools.view import View

        self._arguments = arguments
        self._words = words
        make = decoder_of(arguments.driver, arguments.profile, arguments.option)
        self._guess = None if make or arguments.json else _Guess(words)
        self._view = View(
            make,
            words,
            as_json=arguments.json,
            unmasked=arguments.unmasked,
            meanings=meanings(words.language),
        )
        self._file = CaptureFile(arguments.out) if arguments.out else None
        self._chunks = self._bytes = 0
        self._quiet = False  # nobody reads the screen any more
        self._listening: asyncio.Future[None] | None = None

    async def run(self, tapped: "list[tuple[LineAddress, Said]]") -> None:
        from edge_agent.clock import SystemClock
        from edge_agent.linetools.capture import header_of, listen
        from edge_agent.linetools.format import Happened, Note

        clock = SystemClock()
        begun = clock.stamp()
        if not self._arguments.unmasked and not self._arguments.json:
            self._say(self._words("masked"))
        self._take(
            header_of(tapped, begun, self._arguments.driver, self._arguments.profile, "capture")
        )
        listening = asyncio.ensure_future(listen(tapped, clock, self._take))
        self._listening = listening
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, listening.cancel)
        try:
            await asyncio.wait([listening], timeout=self._arguments.seconds)
            if not listening.done():
                listening.cancel()
                await asyncio.wait([listening])
            if not listening.cancelled():
                listening.result()
        finally:
            end = clock.stamp()
            self._take(Note(end.boottime_ns, end.wall_ns, Happened.CLOSED))
            self._show(self._view.finish())
            arguments = self._arguments
            if self._guess and (hint := self._guess.end(arguments.place, arguments.at)):
                self._say(hint)
            took_s = (end.boottime_ns - begun.boottime_ns) / 1e9
            self._say(
                self._words("captured", chunks=self._chunks, count=self._bytes, seconds=took_s)
            )
            if self._arguments.out:
                self._say(self._words("kept", file=self._arguments.out))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _take(self, record: "Record") -> None:
        from edge_agent.linetools.capture import DiskLowError
        from edge_agent.linetools.format import Chunk, Happened, Note

        if self._file is not None:
            try:
                self._file.write(record)
            except DiskLowError as error:
                if not (isinstance(record, Note) and record.what is Happened.CLOSED):
                    print(self._words("disk", free=error.free_bytes >> 20), file=sys.stderr)
                    raise
        if isinstance(record, Chunk):
            self._chunks += 1
            self._bytes += len(record.data)
            if self._guess is not None and (hint := self._guess.hear(record)):
                self._say(hint)
        self._show(self._view.show(record))

    def _show(self, lines: list[str]) -> None:
        """Show lines; a reader of the screen that has gone ends a capture that nothing keeps."""
        if not lines or self._quiet:
            return
        try:
            print("\n".join(lines), flush=True)
        except BrokenPipeError:
            self._quiet = True
            if self._file is None and self._listening is not None:
                self._listening.cancel()

    def _say(self, text: str) -> None:
        print(f"# {text}", file=sys.stderr)


class _Guess:
    """Tells once what the line looks like, or at the end that its settings may be wrong."""

    def __init__(self, words: "Catalog") -> None:
        from edge_agent.linetools.discover import candidates
        from edge_agent.linetools.recognise import Listener

        self._words = words
        self._listener: Listener | None = Listener(candidates()[0])
        self._heard = bytearray()

    def hear(self, chunk: "Chunk") -> str | None:
        from edge_agent.domain.recognition import Sureness

        if self._listener is None:
            return None
        self._heard += chunk.data[: GUESS_BYTES_MAX - len(self._heard)]
        self._listener.hear(chunk.data, chunk.mono_ns)
        found = self._listener.likenesses()
        if not found or found[0].sureness is not Sureness.CERTAIN:
            return None
        self._listener = None
        return self._words("looks_like", driver=found[0].driver)

    def end(self, place: str, at: str) -> str | None:
        from edge_agent.domain.recognition import Sureness
        from edge_agent.linetools.settings import Look, Reception, look, with_parity

        if self._listener is None or not place.startswith(("/", ".")):
            return None
        found = self._listener.likenesses()
        if found and found[0].sureness >= Sureness.LIKELY:
            return self._words("looks_like", driver=found[0].driver)
        match look(Reception(bytes(self._heard))):
            case (Look.SEVEN_EVEN | Look.SEVEN_ODD) as seen:
                return self._words("seven_bits", settings=with_parity(at, seen))
            case Look.WRONG_SPEED:
                return self._words("wrong_settings", place=place)
        return None
