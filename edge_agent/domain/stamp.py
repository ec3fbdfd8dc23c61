"""When something was heard, and how far that can be trusted."""

from dataclasses import dataclass
from enum import StrEnum

DRIFT_PPM_MAX = 100
"""How far boot time runs from true time at most, in millionths: crystals are within 50 over the
temperatures of a cabinet, and age."""

SLEW_NS_MAX = 500_000_000
"""How much a time source may still slew a clock that it calls disciplined: beyond this systemd and
chrony step it."""

UNCERTAINTY_MS_MAX = 16_000
"""The error beyond which the kernel itself calls a clock undisciplined (NTP_PHASE_LIMIT)."""


class Trust(StrEnum):
    """How far the wall clock of a stamp can be trusted."""

    SYNCED = "synced"  # a time source disciplines the clock now
    HOLDOVER = "holdover"  # it was disciplined earlier in this boot, or by a battery clock
    UNSET = "unset"  # nobody ever told the time; only boot time means anything


class ClockChange(StrEnum):
    """What happened to the wall clock."""

    TRUSTED = "trusted"  # a time source disciplines it now
    STEPPED = "stepped"
    LOST = "lost"  # its source is gone
    TOLD = "told"  # not the clock: the center's receipt told the time
    DOUBTED = "doubted"  # its source contradicts what is known for certain: not trusted


@dataclass(frozen=True, slots=True)
class Stamp:
    """One reading of all clocks; never rewritten.

    `wall_ns` is Unix time (None where the clock is unreadable), `boottime_ns` counts since boot
    and includes suspend (CLOCK_BOOTTIME), `boot_id` is the kernel's 16 random bytes of this boot,
    `uncertainty_ms` the bound of the wall clock's error where it is known.
    """

    wall_ns: int | None
    boottime_ns: int
    boot_id: bytes
    trust: Trust
    uncertainty_ms: int | None = None

    def __post_init__(self) -> None:
        if len(self.boot_id) != 16 or self.boottime_ns < 0:
            raise ValueError("a stamp has a boot id of 16 bytes and a boot time of 0 or more")
