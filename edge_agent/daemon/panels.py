"""Fits every panel of the configuration with its driver, profile and options."""

from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from edge_agent import resources
from edge_agent.config import ConfigError, Loaded, Panel
from edge_agent.config_words import Problem
from edge_agent.daemon.recorder import Source
from edge_agent.domain.address import ListenAddress, SerialAddress, TcpAddress
from edge_agent.domain.command import ALLOWS
from edge_agent.domain.session import Driver, Nature, Session, Setup

if TYPE_CHECKING:
    from edge_agent.domain.guarded import Guard

SYSTEM_ZONE = Path("/etc/localtime")


@dataclass(frozen=True, slots=True)
class Fitted:
    """One panel of the configuration with its driver, ready to start sessions."""

    panel: Panel
    driver: Driver
    setup: Setup
    broken: str = ""  # why its driver does not load: then there are no sessions
    guard: "Guard | None" = None  # of a driver that others wrote

    def session(self) -> Session:
        """Start a fresh conversation."""
        if self.guard is not None:
            return self.guard.session()
        return self.driver.session(self.setup)

    @property
    def is_supervised(self) -> bool:
        """Whether the panel says by itself that it is there: else its silence means nothing."""
        profile = self.setup.profile
        return profile is None or profile.facts.get("supervised") is not False

    @property
    def source(self) -> Source:
        """What is signed into each of the panel's events."""
        profile = self.setup.profile
        return Source(
            driver=self.driver.name,
            driver_version=self.driver.version,
            profile=profile.name if profile else None,
            profile_version=profile.version if profile else None,
            acknowledges=self.driver.acknowledges,
            broken=self.broken,
        )


def fit(loaded: Loaded, *, anyway: bool = False) -> list[Fitted]:
    """Find driver, profile and options of every panel; raise ConfigError naming all problems.

    With `anyway`, for a start, a driver that does not load is none: the other panels are heard, and
    of this one it is said why not.
    """
    fitted: list[Fitted] = []
    problems: list[Problem] = []
    name, zone = loaded.config.site.timezone, time_zone(None)
    try:
        zone = time_zone(name)
    except ValueError as error:
        problems.append(Problem("site.timezone", repr(name), str(error)))
    for index, panel in enumerate(loaded.config.panel):
        try:
            fitted.append(fit_panel(panel, zone, loaded.file.parent))
        except resources.BrokenDriverError as error:
            if anyway:
                fitted.append(_unfit(panel, str(error)))
            else:
                problems.append(Problem(f"panel[{index}] ({panel.id})", "", str(error)))
        except ValueError as error:
            problems.append(Problem(f"panel[{index}] ({panel.id})", "", str(error)))
    if problems:
        raise ConfigError(loaded.file, problems)
    return fitted


def _unfit(panel: Panel, why: str) -> Fitted:
    """Return a panel whose driver does not load: without sessions, without commands."""

    def refuse(_setup: Setup) -> NoReturn:
        raise ValueError(why)

    driver = Driver(panel.driver, "", "", Nature.STREAM, refuse, refuse, panels=(), lines=())
    return Fitted(panel, driver, Setup(resources.load_codes()), why)


def _is_reached(driver: Driver, panel: Panel) -> bool:
    match panel.line:
        case SerialAddress():
            return "serial" in driver.lines
        case TcpAddress():
            return "tcp" in driver.lines
        case ListenAddress(transport="udp"):
            return "udp" in driver.lines
        case ListenAddress():
            return "listen" in driver.lines
        case None:
            return True  # on a bus: which one is judged with its address


def time_zone(name: str | None) -> tzinfo:
    """Return the time zone called `name`; None for that of the system, UTC where it has none.

    Raises ValueError for one that nobody knows.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415  not for commands

    if name is not None:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(
                "no such time zone; names are like Asia/Shanghai (needs the package tzdata)"
            ) from None
    try:
        with SYSTEM_ZONE.open("rb") as file:
            return ZoneInfo.from_file(file)
    except (ValueError, OSError):
        return UTC


def fit_panel(panel: Panel, zone: tzinfo, folder: Path) -> Fitted:
    """Find driver, profile and options of one panel; raise ValueError with a plain sentence.

    `folder` is the configuration's, which a profile of one's own is named from.
    """
    driver = resources.load_driver(panel.driver)
    named = panel.profile
    profile = resources.load_profile(named, driver.name, folder) if named else None
    if profile is not None and profile.driver != driver.name:
        raise ValueError(f"profile '{profile.name}' is for driver '{profile.driver}'")
    if (driver.nature is Nature.BUS) != (panel.bus is not None) or not _is_reached(driver, panel):
        places = ", ".join(driver.lines)
        raise ValueError(f"driver '{driver.name}' is reached over: {places}")
    for word in panel.allow:
        if not any(ALLOWS[act] == word for act in driver.commands):
            raise ValueError(f"driver '{driver.name}' cannot do {word!r}: take it out of `allow`")
    setup = Setup(
        resources.load_codes(),
        profile,
        resources.check_options(driver, panel.options),
        zone,
        frozenset(panel.allow),
    )
    if resources.is_built_in(driver.name):
        driver.session(setup)  # raises ValueError where the combination makes no sense
        return Fitted(panel, driver, setup)
    return Fitted(panel, driver, setup, guard=_guard(driver, setup))


def _guard(driver: Driver, setup: Setup) -> "Guard":
    """Return what starts the sessions of a driver that others wrote."""
    from edge_agent.domain.guarded import Guard, where  # noqa: PLC0415  loaded where there is one

    try:
        driver.session(setup)
    except ValueError:
        raise
    except Exception as error:
        why = f"driver {driver.name!r} starts no session: {where(error)}"
        raise resources.BrokenDriverError(why) from error
    return Guard(lambda: driver.session(setup))
