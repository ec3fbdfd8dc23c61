"""The bench file: which real panels are there, what may be done to them, and by whom.

`[[panel]]` and `[[bus]]` are as in gateway.toml, so that they can be copied from one to the other;
`allow` is what may be commanded.  A `[[hand]]` is a person or a command that does something at a
panel.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from edge_agent.config import Bus, ConfigError, Panel, parse_as, place_checks
from edge_agent.config_words import Problem
from edge_agent.daemon.panels import Fitted, fit_panel, time_zone
from edge_agent.domain.session import Nature
from edge_agent.domain.signal import NUMBER_MAX

Seconds = Annotated[float, Meta(gt=0, le=86_400)]


class Terms(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is expected of every panel, and how long it may take."""

    name: str = "bench"
    timezone: str | None = None
    link_s: Seconds = 60  # from the opening of the line to the first good frame
    lost_s: Seconds = 240  # from the pulled plug to the panel that counts as gone
    quiet_s: Seconds = 30  # how long is listened while nothing is done
    within_s: Seconds = 60  # what a hand does has to be heard within this
    clock_s_max: Seconds = 120  # a panel's clock may be off by so much
    bad_share_max: Annotated[float, Meta(ge=0, le=1)] = 0.01  # of damaged frames


class Hand(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who does something at a panel: a person who is asked, or a command (a relay board's)."""

    panel: str
    does: Literal["trip", "restore", "unplug", "plug"]
    zone: Annotated[int, Meta(ge=1, le=NUMBER_MAX)] | None = None
    ask: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    run: Annotated[list[str], Meta(min_length=1)] | None = None
    within_s: Seconds | None = None


class BenchFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    bench: Terms = Terms()
    panel: Annotated[list[Panel], Meta(min_length=1)]
    bus: list[Bus] = []
    hand: list[Hand] = []


@dataclass(frozen=True, slots=True)
class Bench:
    """A file that makes sense: every panel with its driver, ready to be talked to."""

    terms: Terms
    fitted: tuple[Fitted, ...]
    buses: tuple[Bus, ...]
    hands: tuple[Hand, ...]

    def hand(self, panel: str, does: str) -> Hand | None:
        """Return who does this at the panel, None for nobody."""
        found = (one for one in self.hands if (one.panel, one.does) == (panel, does))
        return next(found, None)

    def within_s(self, hand: Hand) -> float:
        """Return how long may pass until what the hand does is heard."""
        return hand.within_s or self.terms.within_s

    def bus_of(self, fitted: Fitted) -> Bus | None:
        """Return the bus that a panel hangs on."""
        return next((bus for bus in self.buses if bus.id == fitted.panel.bus), None)


def load(file: Path) -> Bench:
    """Read and check a bench file; raise ConfigError naming every problem that can be told."""
    try:
        data = file.read_bytes()
    except OSError as error:
        remedy = "give the bench file with --bench FILE; hil/bench.toml is an example"
        raise ConfigError(file, [Problem("file", error.strerror or "", remedy)]) from error
    return parse(data, file)


def parse(data: bytes, file: Path) -> Bench:
    """Check the bytes of a bench file; raise ConfigError naming the problems."""
    read = parse_as(data, file, BenchFile)
    problems = [*place_checks(read.panel, read.bus), *_hand_checks(read)]
    zone = time_zone(None)
    try:
        zone = time_zone(read.bench.timezone)
    except ValueError as error:
        problems.append(Problem("bench.timezone", repr(read.bench.timezone), str(error)))
    fitted: list[Fitted] = []
    for index, panel in enumerate(read.panel):
        try:
            fitted.append(fit_panel(panel, zone, file.parent))
        except ValueError as error:
            problems.append(Problem(f"panel[{index}] ({panel.id})", "", str(error)))
    problems += _bus_checks(read, fitted)
    if problems:
        raise ConfigError(file, problems)
    return Bench(read.bench, tuple(fitted), tuple(read.bus), tuple(read.hand))


def _hand_checks(read: BenchFile) -> Iterator[Problem]:
    panels = [panel.id for panel in read.panel]
    done = [(hand.panel, hand.does) for hand in read.hand]
    for index, hand in enumerate(read.hand):
        key = f"hand[{index}]"
        if hand.panel not in panels:
            there = ", ".join(panels)
            yield Problem(f"{key}.panel", repr(hand.panel), f"no such panel; there are: {there}")
        if (hand.ask is None) == (hand.run is None):
            yield Problem(key, "", "give exactly one of ask (a person) and run (a command)")
        if (hand.zone is not None) != (hand.does == "trip"):
            yield Problem(f"{key}.zone", hand.does, "trip names its zone, and nothing else does")
        if (hand.panel, hand.does) in done[:index]:
            yield Problem(key, f"{hand.panel} {hand.does}", "another hand does this already")
        needs = {"restore": "trip", "plug": "unplug", "unplug": "plug"}.get(hand.does)
        if needs is not None and (hand.panel, needs) not in done:
            yield Problem(key, hand.does, f"wants a hand that does {needs!r} at the same panel")


def _bus_checks(read: BenchFile, fitted: list[Fitted]) -> Iterator[Problem]:
    for one in fitted:
        if one.driver.nature is Nature.BUS:
            on_bus = [panel.id for panel in read.panel if panel.bus == one.panel.bus]
            if len(on_bus) > 1 and on_bus[0] == one.panel.id:
                yield Problem("panel", ", ".join(on_bus), "one panel of a bus at a time")
