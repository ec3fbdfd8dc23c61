"""What `capture`, `replay` and `discover` have in common: options, and decoders by name."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_agent.domain.session import Decoder

LANGUAGES = ("en", "zh")  # repeated here: the daemon loads this module and nothing of the tools
EXIT_FOUND_BAD, EXIT_USAGE = 1, 2


def add_language(parser: argparse.ArgumentParser) -> None:
    """Add `--lang`."""
    parser.add_argument(
        "--lang", choices=LANGUAGES, help="language of the words (default: the environment's)"
    )


def complete(argument: argparse.Action, names: Callable[[], list[str]]) -> None:
    """Let a shell's Tab offer `names`; they are looked up only then."""
    argument.completer = lambda **_: names()  # type: ignore[attr-defined]  # argcomplete looks there


def ports() -> list[str]:
    """Return the serial ports of this machine by their stable names."""
    from edge_agent.linetools.ports import serial_ports

    return [port.name for port in serial_ports()]


def _driver_names() -> list[str]:
    from edge_agent import resources

    return list(resources.drivers())


def _profile_names() -> list[str]:
    from edge_agent import resources

    return list(resources.profiles())


def add_driver(parser: argparse.ArgumentParser, says: str) -> None:
    """Add `--driver`, `--profile`, `--option`."""
    driver = parser.add_argument("--driver", metavar="NAME", help=says)
    complete(driver, _driver_names)
    profile = parser.add_argument("--profile", metavar="P", help="a profile's name or file")
    complete(profile, _profile_names)
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="K=V",
        help="an option of the driver; may be repeated",
    )


def seconds(text: str) -> float:
    """Return a time above 0 as typed."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is no time in seconds")
    return found


def decoder_of(
    name: str | None, profile_name: str | None, typed: list[str]
) -> "Callable[[], Decoder] | None":
    """Return what makes decoders, None where no driver is named.  Raises ValueError."""
    from edge_agent import resources
    from edge_agent.domain.session import Setup

    profile = resources.load_profile(profile_name, name) if profile_name else None
    if name is None and profile is None:
        return None
    driver = resources.load_driver(name or str(profile and profile.driver))
    if profile is not None and profile.driver != driver.name:
        raise ValueError(f"profile {profile.name!r} is for the driver {profile.driver!r}")
    given = dict(resources.parse_option(driver, text) for text in typed)
    options = resources.check_options(driver, given)
    setup = Setup(resources.load_codes(), profile, options)
    driver.decoder(setup)  # a combination that makes no sense is told now
    return lambda: driver.decoder(setup)


def meanings(language: str) -> Callable[[str], str | None]:
    """Return what each code means, in the language."""
    from edge_agent import resources

    rows = resources.load_codes().contact_id_rows

    def meaning(code: str) -> str | None:
        row = rows.get(code)
        return None if row is None else row.chinese if language == "zh" else row.english

    return meaning
