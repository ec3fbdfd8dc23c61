"""What the contract is tested on: every driver x profile that is found, with its emulated panel."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import Any

import pytest

from edge_agent import resources
from edge_agent.domain.command import ALLOWABLE
from edge_agent.domain.session import Driver, Nature, Plain, Profile, Session, Setup
from hil.panels.__main__ import load_face
from hil.panels.machine import Face

SEEDS = int(os.environ.get("EDGE_SEEDS", "1"))
"""How many worlds each combination gets; the long run sets more.  With one, the other profiles of a
driver talk briefly on most lines: what a profile changes is seldom a matter of the line."""
FIRST_SEED = int(os.environ.get("EDGE_SEED", "0"))
"""The long run names another, for worlds that nobody has played yet."""


@dataclass(frozen=True)
class Subject:
    """One driver with one profile (None: it detects), and the panel that it has to cope with."""

    driver: Driver
    profile: Profile | None
    face: Face
    first: bool = False  # of its driver
    options: Mapping[str, Plain] = field(default_factory=dict)

    @property
    def setup(self) -> Setup:
        options = resources.check_options(self.driver, {**self.face.options, **self.options})
        return Setup(resources.load_codes(), self.profile, options, UTC, frozenset(ALLOWABLE))

    @property
    def listening(self) -> "Subject":
        """The same, told never to send a byte."""
        return replace(self, options={**self.options, "listen_only": True})

    @property
    def session(self) -> Callable[[], Session]:
        return lambda: self.driver.session(self.setup)

    def __str__(self) -> str:
        return f"{self.driver.name}-{self.profile.name if self.profile else 'detect'}"


def is_checked(profile: Profile | None) -> bool:
    """Whether damage within a frame can be seen: there is a check, or nothing is said of it."""
    return profile is None or profile.facts.get("checked") is not False


def is_framed(profile: Profile | None) -> bool:
    """Whether a frame has a beginning of its own: in plain print garbage is text like any other."""
    return profile is None or profile.facts.get("framed") is not False


def is_told_by_silence(profile: Profile | None) -> bool:
    """Whether frames have no check and are told by the silence around them alone."""
    return profile is not None and profile.facts.get("bounded_by_gap") is True


def is_supervised(profile: Profile | None) -> bool:
    """Whether the panel says by itself that it is there: a printer's silence means nothing."""
    return profile is None or profile.facts.get("supervised") is not False


def wants_password(subject: Subject) -> bool:
    """Whether the panel says nothing before a login: too long a talk for the worst lines."""
    if subject.profile is None:
        return any(option.name == "password" for option in subject.driver.options)
    return subject.profile.facts.get("login") is True


def subjects(nature: Nature) -> list[Subject]:
    """Every driver of this nature, without a profile and with each of its own."""
    found = []
    profiles = resources.profiles().values()  # read once: all of them for each driver took a second
    for name, load in resources.drivers().items():
        driver = load()
        if driver.nature is not nature:
            continue
        own = [profile for profile in profiles if profile.driver == name]
        own.sort(key=lambda profile: not profile.name.startswith(name))  # its namesake is the first
        own.sort(key=lambda profile: not is_checked(profile))  # all lines are played on the first
        choices: list[Profile | None] = list(own)
        if nature is Nature.STREAM:
            choices.append(None)  # a register map means nothing without its profile
        face = load_face(name)
        found += [Subject(driver, choice, face, at == 0) for at, choice in enumerate(choices)]
    return found


def seeded(found: list[Subject]) -> list[Any]:
    """Parameters `subject, seed` of a test that plays many worlds."""
    return [
        pytest.param(subject, seed, id=f"{subject}-{seed}")
        for subject in found
        for seed in range(FIRST_SEED, FIRST_SEED + SEEDS)
    ]


STREAM = subjects(Nature.STREAM)
BUS = subjects(Nature.BUS)


def names(subject: Any) -> str:
    """Name a test after its subject."""
    return str(subject)
