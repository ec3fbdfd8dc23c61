"""What the contract is tested on: every driver x profile that is found, with its emulated panel."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge_agent import resources
from edge_agent.domain.session import Driver, Nature, Profile, Session, Setup
from hil.panels.__main__ import load_face
from hil.panels.machine import Face

SEEDS = int(os.environ.get("EDGE_SEEDS", "4"))
"""How many worlds each combination gets; the long run sets more."""


@dataclass(frozen=True)
class Subject:
    """One driver with one profile (None: it detects), and the panel that it has to cope with."""

    driver: Driver
    profile: Profile | None
    face: Face

    @property
    def setup(self) -> Setup:
        options = resources.check_options(self.driver, {})
        return Setup(resources.load_codes(), self.profile, options)

    @property
    def session(self) -> Callable[[], Session]:
        return lambda: self.driver.session(self.setup)

    def __str__(self) -> str:
        return f"{self.driver.name}-{self.profile.name if self.profile else 'detect'}"


def subjects(nature: Nature) -> list[Subject]:
    """Every driver of this nature, without a profile and with each of its own."""
    found = []
    for name, load in resources.drivers().items():
        driver = load()
        if driver.nature is not nature:
            continue
        own = [profile for profile in resources.profiles().values() if profile.driver == name]
        choices: list[Profile | None] = list(own)
        if nature is Nature.STREAM:
            choices.append(None)  # a register map means nothing without its profile
        found += [Subject(driver, profile, load_face(name)) for profile in choices]
    return found


STREAM = subjects(Nature.STREAM)
BUS = subjects(Nature.BUS)


def names(subject: Any) -> str:
    """Name a test after its subject."""
    return str(subject)
