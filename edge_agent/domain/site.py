"""The premises as a configuration names them: areas, zones, schedules, users, times.

All of it may be left out: what is not said has the default of the standards, or is not known.  What
is derived from it for judging (who stands near whom) is in `edge_agent.diagnosis.site`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from enum import StrEnum
from math import isfinite

from edge_agent.domain.camera import CameraSettings
from edge_agent.domain.signal import NUMBER_MAX

DAY_S = 86_400
WALK_S_DEFAULT = 5.0  # from one detector's space to the next one's, where nobody measured it
NEAR_MAX = 64
NAME_CHARS_MAX = 128


def _check_name(name: str | None) -> None:
    if name is not None and not 0 < len(name) <= NAME_CHARS_MAX:
        raise ValueError(f"a name has 1 to {NAME_CHARS_MAX} characters, not {len(name)}")


def _check_numbers(numbers: Iterable[int], what: str) -> None:
    for number in numbers:
        if not 0 < number <= NUMBER_MAX:
            raise ValueError(f"{what} is 1 to {NUMBER_MAX}, not {number}")


class ZoneType(StrEnum):
    """What a zone is for, as the panel's installer programmed it."""

    ENTRY_EXIT = "entry_exit"  # opening it while armed starts the entry delay
    PERIMETER = "perimeter"  # outer shell, alarms at once
    INTERIOR = "interior"  # alarms at once when armed away
    FOLLOWER = "follower"  # on the way to the keypad: silent during the entry delay
    ALWAYS = "24h"  # armed always
    FIRE = "fire"
    PANIC = "panic"
    HOLDUP = "holdup"
    MEDICAL = "medical"
    TAMPER = "tamper"
    TECHNICAL = "technical"  # water, freezer, ...: nobody's presence


class Technology(StrEnum):
    """How a detector detects."""

    CONTACT = "contact"
    PIR = "pir"
    MICROWAVE = "microwave"
    DUAL = "dual"
    GLASS = "glass"
    SEISMIC = "seismic"
    BEAM = "beam"
    CAMERA = "camera"
    SMOKE = "smoke"
    HEAT = "heat"
    FLAME = "flame"
    CALL_POINT = "call_point"
    BUTTON = "button"
    LOOP = "loop"
    OTHER = "other"


class Role(StrEnum):
    """Who a user is."""

    OCCUPANT = "occupant"
    STAFF = "staff"
    CLEANER = "cleaner"
    KEYHOLDER = "keyholder"
    GUARD = "guard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Times of the panel and of judging, in seconds; None: that of the site, else the standard's.

    What a panel is set to is a fact, so values outside a standard's range are taken; the rule table
    (`edge_agent.diagnosis.rules`) says which they are.
    """

    entry_delay_s: float | None = None
    exit_delay_s: float | None = None
    abort_window_s: float | None = None
    cancel_window_s: float | None = None
    confirm_window_s: float | None = None
    recent_close_s: float | None = None
    settling_s: float | None = None
    holdup_window_s: float | None = None
    fire_window_s: float | None = None
    test_max_s: float | None = None
    service_max_s: float | None = None

    def __post_init__(self) -> None:
        for name in TIME_NAMES:
            value = getattr(self, name)
            if value is not None and not (isfinite(value) and 0 <= value <= 7 * DAY_S):
                raise ValueError(f"{name} is 0 to {7 * DAY_S} seconds, not {value}")


TIME_NAMES = tuple(field.name for field in fields(Times))


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings(Times):
    """The premises as a whole.

    `timezone` is what its clocks show (and its panels'), None for that of the gateway.
    """

    name: str | None = None
    timezone: str | None = None

    def __post_init__(self) -> None:
        Times.__post_init__(self)
        _check_name(self.name)
        if self.timezone is not None and not 0 < len(self.timezone) <= 64:
            raise ValueError("timezone is a name such as Asia/Shanghai")


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaSettings(Times):
    """Zones that are armed together."""

    panel: str
    area: int
    name: str | None = None

    def __post_init__(self) -> None:
        Times.__post_init__(self)
        _check_name(self.name)
        _check_numbers((self.area,), "area")


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A zone next door on the floor plan, and how long a person walks there."""

    zone: int
    walk_s: float = WALK_S_DEFAULT

    def __post_init__(self) -> None:
        _check_numbers((self.zone,), "zone")
        if not (isfinite(self.walk_s) and 0 <= self.walk_s <= 3600):
            raise ValueError(f"walk_s is 0 to 3600 seconds, not {self.walk_s}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneSettings:
    """One detection circuit or detector.

    `bus` is the expander or loop that it hangs on and `supply` what powers it, both by any name;
    `overlaps` are zones of detectors that see the same space; `eol_ohms` is the sum of a resting
    loop; until `soak_until` the zone, new or repaired, is on trial.
    """

    panel: str
    zone: int
    area: int | None = None
    name: str | None = None
    type: ZoneType | None = None
    technology: Technology | None = None
    outdoors: bool = False
    wireless: bool = False
    bus: str | None = None
    supply: str | None = None
    near: tuple[Near, ...] = ()
    overlaps: tuple[int, ...] = ()
    eol_ohms: float | None = None
    soak_until: date | None = None

    def __post_init__(self) -> None:
        _check_name(self.name)
        _check_name(self.bus)
        _check_name(self.supply)
        _check_numbers((self.zone,), "zone")
        _check_numbers(() if self.area is None else (self.area,), "area")
        _check_numbers(self.overlaps, "overlaps")
        if len(self.near) > NEAR_MAX or len(self.overlaps) > NEAR_MAX:
            raise ValueError(f"near and overlaps hold {NEAR_MAX} zones at most")
        if self.eol_ohms is not None and not 0 < self.eol_ohms <= 1e7:
            raise ValueError(f"eol_ohms is above 0 and at most 10 million, not {self.eol_ohms}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSettings:
    """When an area is open; without `panel` or `area`, all of them.

    `days` are days and ranges of them (`Mon-Fri`, `Sat,Sun`, `daily`); `close` at or before `open`
    is on the next day.
    """

    panel: str | None = None
    area: int | None = None
    days: str = "daily"
    open: str
    close: str
    tolerance_min: float = 30.0

    def __post_init__(self) -> None:
        days_of(self.days)
        minute_of(self.open)
        minute_of(self.close)
        if not (isfinite(self.tolerance_min) and 0 <= self.tolerance_min <= 24 * 60):
            raise ValueError(f"tolerance_min is 0 to 1440 minutes, not {self.tolerance_min}")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSettings:
    """A code holder; without `panel`, of all panels."""

    panel: str | None = None
    user: int
    role: Role = Role.OCCUPANT
    name: str | None = None

    def __post_init__(self) -> None:
        _check_name(self.name)
        _check_numbers((self.user,), "user")


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceSettings:
    """Announced work: alarms of the named zones in this time are the engineer's.

    `start` and `end` carry their offset from UTC; no `zones` means all, which are then only marked.
    """

    panel: str
    zones: tuple[int, ...] = ()
    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("start and end need an offset, as in 2026-11-23T08:00:00+08:00")
        if not 0 < (self.end - self.start).total_seconds() <= 14 * DAY_S:
            raise ValueError("end is after start, by 14 days at most")
        _check_numbers(self.zones, "zones")


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises:
    """All that is known of a site; cameras are bare: where they are is nothing to judge by."""

    site: SiteSettings = SiteSettings()
    areas: tuple[AreaSettings, ...] = ()
    zones: tuple[ZoneSettings, ...] = ()
    schedules: tuple[ScheduleSettings, ...] = ()
    users: tuple[UserSettings, ...] = ()
    maintenance: tuple[MaintenanceSettings, ...] = ()
    cameras: tuple[CameraSettings, ...] = ()


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ALL_DAYS = {"daily", "all", "every day", "everyday"}


def days_of(text: str) -> frozenset[int]:
    """Return the days that `text` names, Monday 0.  Raises ValueError naming what it may be."""
    words = text.strip().lower()
    if words in _ALL_DAYS:
        return frozenset(range(7))
    found: set[int] = set()
    for part in words.replace(",", " ").replace(" - ", "-").split():
        first, _, last = part.partition("-")
        start, end = _day(first, text), _day(last or first, text)
        found.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    if not found:
        raise ValueError(f"days are such as Mon-Fri, Sat,Sun or daily, not {text[:40]!r}")
    return frozenset(found)


def _day(word: str, text: str) -> int:
    if len(word) < 3 or word[:3] not in _DAYS:
        raise ValueError(f"days are such as Mon-Fri, Sat,Sun or daily, not {text[:40]!r}")
    return _DAYS.index(word[:3])


def minute_of(text: str) -> int:
    """Return the minute of the day that `HH:MM` names, 24:00 being 1440.  Raises ValueError."""
    if text == "24:00":
        return 24 * 60
    try:
        at = time.fromisoformat(text)
    except ValueError:
        raise ValueError(f"a time is such as 08:00, not {text[:40]!r}") from None
    return at.hour * 60 + at.minute
