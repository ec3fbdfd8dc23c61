"""What the gateway finds wrong by itself, where no panel said so."""

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """What is wrong; the words are those of the diagnosis."""

    LINE_NOISE = "line_noise"  # too many damaged frames on a panel's line
    PANEL_CLOCK = "panel_clock"  # the panel's clock is off
    DRIVER_BROKEN = "driver_broken"  # the panel's driver does not load, or fails


REMEDIES = {
    Cause.LINE_NOISE: "check cable, shield, earth and the length of the line",
    Cause.PANEL_CLOCK: 'set the panel\'s clock, or allow the gateway to: allow = ["clock"]',
    Cause.DRIVER_BROKEN: "mend or install anew the package of the driver, then start again",
}
"""What a person can do about each."""

RULES = {
    Cause.LINE_NOISE: "line.quality",
    Cause.PANEL_CLOCK: "panel.clock",
    Cause.DRIVER_BROKEN: "panel.driver",
}
"""The rule that finds each, by its id."""

URGENT = frozenset({Cause.DRIVER_BROKEN})
"""Those with which a site is not watched; the others can wait for the next visit."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something is wrong (or no longer, where `active` is False); `detail` is for people."""

    cause: Cause
    active: bool
    detail: str = ""
