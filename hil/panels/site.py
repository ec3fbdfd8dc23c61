"""What the emulated alarm panels have in common as they are started: premises, clock, traffic."""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from datetime import datetime

from edge_agent.domain.kinds import Kind, State
from hil.panels.model import CLOCK_START, Model, ModelSetup, zones_of

AREAS = (1, 2)
ZONES = 16
ZONES_SPOKEN = 12  # of traffic: the last ones are left to what a test does by itself
WORDS = ("alarm", "restore alarm", "tamper", "restore tamper", "open", "close", "mains")
Points = dict[tuple[Kind, int], State]


def add_arguments(parser: ArgumentParser, zones_max: int) -> None:
    """Add what every alarm panel can be told on the command line."""
    allowed = range(8, zones_max + 1)
    parser.add_argument(
        "--zones", type=int, default=ZONES, choices=allowed, metavar=f"8..{zones_max}"
    )
    parser.add_argument("--exit-s", type=float, default=30)
    parser.add_argument("--entry-s", type=float, default=30)


def clock_offset_s() -> float:
    """Return what makes a panel's clock that of the machine."""
    boot_s = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 10**9
    wall = datetime.fromtimestamp(time.clock_gettime(time.CLOCK_REALTIME))  # noqa: DTZ006  a panel's
    return (wall - CLOCK_START).total_seconds() - boot_s


def told(arguments: Namespace, outputs: int = 8) -> ModelSetup:
    """Return the premises that the command line describes."""
    return ModelSetup(
        zones=zones_of(arguments.zones, areas=len(AREAS)),
        areas=AREAS,
        outputs=outputs,
        exit_s=arguments.exit_s,
        entry_s=arguments.entry_s,
        clock_offset_s=clock_offset_s(),
    )


def usual(zones: int = ZONES, outputs: int = 8) -> ModelSetup:
    """Return the premises of tests."""
    return ModelSetup(
        zones=zones_of(zones, areas=len(AREAS)), areas=AREAS, outputs=outputs, exit_s=20
    )


def points(
    model: Model, zone: Callable[[int], State], area: Callable[[int], State] | None = None
) -> Points:
    """Return zones as `zone` tells them, areas as `area` does (as they are), and the outputs."""
    found = {key: state for key, state in model.points().items() if key[0] is not Kind.ZONE}
    found |= {(Kind.ZONE, number): zone(number) for number in model.zones}
    if area is not None:
        found |= {(Kind.AREA, number): area(number) for number in model.areas}
    return found


def without_outputs(points: Points) -> Points:
    """Return what is left where a host can ask for no output."""
    return {point: state for point, state in points.items() if point[0] is not Kind.OUTPUT}


def contact(model: Model, number: int) -> State:
    """Return how a zone is where a bypass hides its contact."""
    zone = model.zones[number]
    if zone.bypassed:
        return State.BYPASSED
    return State.OPEN if zone.is_open() else State.CLOSED


def speak(number: int, words: Sequence[str]) -> str:
    """Return the control line of the `number`-th event: `words` in turn, zone after zone.

    Mains comes and goes by turns.
    """
    turn = number // len(words)
    word, zone = words[number % len(words)], turn % ZONES_SPOKEN + 1
    match word:
        case "open" | "close":
            return f"{word} {zone}"
        case "mains":
            return "restore mains" if turn % 2 else "mains"
        case "arm" | "disarm":
            return f"{word} area={zone % len(AREAS) + 1} user={number % 9000 + 1}"
    return f"{word} zone={zone}"
