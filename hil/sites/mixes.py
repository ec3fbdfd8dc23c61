"""How much of what happens: the mixes, the published shares behind them, and the seeds.

Shares of false alarms by cause follow published counts: about three in four by users, most of them
at entry and exit, one in ten by equipment, the rest by weather, lines and others.  92 of 100 alarms
are false in the standard mix (British counts of 2005: 90.2; AVS sample: 92.5; American and Chinese
counts: 94 to 98).  A few sites give most of the events (80 % by 20 %), drawn from a Pareto law.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from hil.sites.plan import DAY_S

STANDARD_CAUSES: Mapping[str, float] = {
    "exit_error": 30,
    "late_code": 17,
    "unscheduled": 15,
    "panic_misuse": 6,
    "draught": 4,
    "animal": 8,
    "weather": 5,
    "circuit": 6,  # loose contacts, end-of-line resistors
    "detector": 4,  # motion detectors, radio, batteries
    "power": 2,
    "maintenance": 3,
}
EQUIPMENT_CAUSES: Mapping[str, float] = {
    "exit_error": 12,
    "late_code": 7,
    "unscheduled": 6,
    "panic_misuse": 3,
    "draught": 5,
    "animal": 10,
    "weather": 12,
    "circuit": 20,
    "detector": 14,
    "power": 8,
    "maintenance": 3,
}

HEARD: Mapping[str, float] = {
    "exit_error": 0.86,
    "late_code": 0.87,
    "unscheduled": 0.88,
    "panic_misuse": 0.545,
    "draught": 0.93,
    "animal": 0.885,
    "weather": 0.96,
    "circuit": 0.80,
    "detector": 0.84,
    "power": 0.95,
    "maintenance": 0.83,
}
"""Which part of what is drawn becomes an alarm that somebody hears (measured over 6,000 sites): a
code comes within the entry delay, a crowded site has no closing left, not every site has a panic
button.  What was published counts alarms, so causes are drawn the more often, the less they are
heard; `bench.diagnosis` holds the outcome against the shares."""

OF_CAUSE: Mapping[str, Mapping[str, float]] = {
    # false alarms of failing equipment: which fault is behind them
    "circuit": {"loose_contact": 5, "loop_drift": 3, "cable_cut": 1, "cable_short": 1},
    "detector": {
        "sensor_degraded": 5,
        "radio_interference": 2,
        "radio_supervision": 1,
        "battery_low": 2,
    },
    "power": {"supply_low": 4, "bus_fault": 3, "mains_loss": 3},
}

PARETO = 0.8
"""A heavy tail: together with the few closings and nights of a fortnight it lets a fifth of all
sites give most of the events."""

EVENTS_MAX = 40  # of one site in one timeline: there are only so many closings and nights
REPEATS = 0.3  # chance that a site's next false alarm has the cause of its last


@dataclass(frozen=True, slots=True)
class Mix:
    """What happens at the sites of one mix, as means per timeline."""

    name: str
    says: str
    false: float  # as drawn; crowded sites have no room for all of it
    genuine: float  # burglaries
    causes: Mapping[str, float] = field(default_factory=lambda: STANDARD_CAUSES)
    perils: float = 0.0  # hold-ups, duress, fires
    smoke: float = 0.0  # fire alarms without fire
    faults: float = 0.0  # that raise no alarm
    outages: float = 0.0  # of the way to the center
    even: bool = False  # every site alike, instead of a few with most


MIXES = {
    mix.name: mix
    for mix in (
        Mix("standard", "92 of 100 false", 2.0, 0.66, perils=0.2, smoke=0.3, faults=0.2, outages=1),
        Mix(
            "equipment",
            "92 of 100 false, most by equipment",
            2.0,
            0.62,
            EQUIPMENT_CAUSES,
            perils=0.2,
            smoke=0.3,
            faults=0.2,
            outages=1,
        ),
        Mix("ninety_nine", "99 of 100 false", 2.0, 0.08, perils=0.1, smoke=0.3, faults=0.2),
        Mix(
            "genuine",
            "burglaries, hold-ups and fires only",
            0.0,
            8.0,
            perils=3.0,
            outages=1,
            even=True,
        ),
        Mix("faults", "injected faults without alarms", 0.0, 0.0, faults=2.5, even=True),
        Mix("quiet", "ordinary life and nothing else", 0.0, 0.0, even=True),
    )
}

SEEDS = {
    "dev": range(1, 1_000_000),
    "train": range(3_000_000, 4_000_000),
    "blind": range(9_400_000, 10_000_000),
}
"""Seeds for work, for learners that the product is compared with, and for judgement.  Blind ones
are never looked at while anything is tuned; 7,000,000 to 7,999,999 and 9,000,000 to 9,399,999
are spent that way."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How much happens at one site in one timeline."""

    false: int
    genuine: int
    perils: int
    smoke: int
    faults: int
    outages: int


def draw_counts(rng: Random, mix: Mix, days: int) -> Counts:
    """Draw how much happens; burglars do not care how often a site has cried wolf before."""
    scale = days * DAY_S / (14 * DAY_S)
    propensity = 1.0 if mix.even else rng.paretovariate(PARETO) - 0.9
    return Counts(
        min(EVENTS_MAX, _poisson(rng, mix.false * propensity * scale)),
        _poisson(rng, mix.genuine * scale),
        _poisson(rng, mix.perils * scale),
        _poisson(rng, mix.smoke * scale),
        _poisson(rng, mix.faults * scale),
        _poisson(rng, mix.outages * scale),
    )


def _poisson(rng: Random, mean: float) -> int:
    count, left = 0, rng.expovariate(1.0)
    while left < mean:
        count += 1
        left += rng.expovariate(1.0)
    return count


def draw_causes(rng: Random, mix: Mix, count: int) -> list[str]:
    """Draw the causes of a site's false alarms: bad sites have their own kind of bad."""
    found: list[str] = []
    weights = [share / HEARD[cause] for cause, share in mix.causes.items()]
    for _ in range(count):
        if found and rng.random() < REPEATS:
            found.append(found[-1])
        else:
            found += rng.choices(list(mix.causes), weights)
    return found
