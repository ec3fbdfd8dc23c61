"""Fits every panel of the configuration with its driver, profile and options."""

from dataclasses import dataclass

from edge_agent import resources
from edge_agent.config import ConfigError, Loaded, Panel, Problem
from edge_agent.domain.session import Driver, Nature, Session, Setup
from edge_agent.recorder import Source


@dataclass(frozen=True, slots=True)
class Fitted:
    """One panel of the configuration with its driver, ready to start sessions."""

    panel: Panel
    driver: Driver
    setup: Setup

    def session(self) -> Session:
        """Start a fresh conversation."""
        return self.driver.session(self.setup)

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
        )


def fit(loaded: Loaded) -> list[Fitted]:
    """Find driver, profile and options of every panel; raise ConfigError naming all problems."""
    fitted: list[Fitted] = []
    problems: list[Problem] = []
    for index, panel in enumerate(loaded.config.panel):
        try:
            fitted.append(_fit(panel))
        except ValueError as error:
            problems.append(Problem(f"panel[{index}] ({panel.id})", "", str(error)))
    if problems:
        raise ConfigError(loaded.file, problems)
    return fitted


def _fit(panel: Panel) -> Fitted:
    driver = resources.load_driver(panel.driver)
    profile = resources.load_profile(panel.profile) if panel.profile else None
    if profile is not None and profile.driver != driver.name:
        raise ValueError(f"profile '{profile.name}' is for driver '{profile.driver}'")
    if (driver.nature is Nature.BUS) != (panel.bus is not None):
        places = ", ".join(driver.lines)
        raise ValueError(f"driver '{driver.name}' is reached over: {places}")
    setup = Setup(resources.load_codes(), profile, resources.check_options(driver, panel.options))
    driver.session(setup)  # raises ValueError where the combination makes no sense
    return Fitted(panel, driver, setup)
