"""`edge-agent decode`: what recorded bytes of a panel's line say."""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.cli.options import Commands, command, complain

if TYPE_CHECKING:
    from edge_agent.domain.session import Decoder

READ_BYTES = 1 << 16
EXIT_USAGE = 2


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "decode",
        "print what recorded bytes of a panel's line say, one JSON object a frame",
        "  edge-agent decode --driver surgard capture.bin\n"
        "  echo '353031322031383234363845313330303130303414' |"
        " edge-agent decode --driver surgard --format hex\n"
        "  edge-agent decode --driver modbus_map --profile generic_di8 --format hex frames.txt",
    )
    parser.add_argument("--driver", required=True, metavar="NAME", help="see `edge-agent drivers`")
    parser.add_argument("--profile", metavar="P", help="a profile's name or file")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="K=V",
        help="an option of the driver; may be repeated",
    )
    parser.add_argument(
        "--format",
        choices=("raw", "hex"),
        default="raw",
        help="raw: the bytes as they came; hex: one chunk a line (default raw)",
    )
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="default standard input")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Decode; exit 0 when the input was read to its end, 2 where it or the driver is not there."""
    from edge_agent import decoding

    try:
        decoder = _decoder(arguments.driver, arguments.profile, arguments.option)
    except ValueError as error:
        complain(arguments, f"edge-agent decode: {error}")
        return EXIT_USAGE
    decode = decoding.decode_hex if arguments.format == "hex" else decoding.decode_raw
    try:
        with _opened(arguments.file) as source:
            for frames in decode(decoder, _pieces(source)):
                for frame in frames:
                    sys.stdout.write(decoding.to_json(frame) + "\n")
                if frames:
                    sys.stdout.flush()  # somebody may be watching a live line
    except BrokenPipeError:
        raise
    except OSError as error:
        named = arguments.file or "standard input"
        print(f"edge-agent decode: {named}: {error.strerror}", file=sys.stderr)
        return EXIT_USAGE
    return 0


def _decoder(name: str, profile_name: str | None, typed: list[str]) -> "Decoder":
    from edge_agent import resources
    from edge_agent.domain.session import Setup

    driver = resources.load_driver(name)
    given = dict(resources.parse_option(driver, text) for text in typed)
    options = resources.check_options(driver, given)
    profile = resources.load_profile(profile_name, name) if profile_name else None
    if profile is not None and profile.driver != driver.name:
        raise ValueError(f"profile {profile.name!r} is for the driver {profile.driver!r}")
    return driver.decoder(Setup(resources.load_codes(), profile, options))


@contextlib.contextmanager
def _opened(path: Path | None) -> Iterator[int]:
    if path is None:
        yield sys.stdin.fileno()
        return
    with path.open("rb", buffering=0) as file:
        yield file.fileno()


def _pieces(source: int) -> Iterator[bytes]:
    """Yield what there is as it comes, without waiting for more."""
    while piece := os.read(source, READ_BYTES):
        yield piece
