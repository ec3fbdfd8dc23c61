"""Profiles for the tests of cn_fire: shipped ones, and such as a test makes up."""

import tomllib
from collections.abc import Mapping

from edge_agent.domain.session import Plain, Profile, Setup
from edge_agent.resources import check_options, load_codes, load_driver, load_profile, profiles_of

CODES = load_codes()

PARTS = """
[[frames]]
name = "event"
head = "68"
length = 6
sum = { kind = "sum8", at = -1 }
fields = [
    { name = "what", at = 1 },
    { name = "loop", at = 2 },
    { name = "point", at = 3, size = 2 },
]
event = "what"
area = "loop"
zone = "point"

[[events]]
is = [1, 2]
name = "fire"
kind = "fire"
code = "110"
"""
"""A small dialect: 68, event, loop, point, sum."""


def made(text: str, **facts: Plain) -> Profile:
    """A profile made of the section of its facts."""
    return Profile("made", "1", "cn_fire", "Made up", {**tomllib.loads(text), **facts})


def setup_of(profile: Profile | str | None, options: Mapping[str, Plain] | None = None) -> Setup:
    """What a session or decoder is made from; None: the dialect is to be detected."""
    found = load_profile(profile) if isinstance(profile, str) else profile
    driver = load_driver("cn_fire")
    dialects = profiles_of("cn_fire") if found is None else ()
    return Setup(CODES, found, check_options(driver, options or {}), dialects=dialects)
