"""What a site is made of: zones on a floor plan, areas, buses, supplies, users, opening hours.

A plan is the truth about the building.  `to_toml` writes the site part of the gateway's
configuration from it, in the detail in which an installer may have typed it in: whole, in part, or
nothing but numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

DAY_S = 86_400
WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

MOTION = frozenset({"pir", "microwave", "dual", "camera"})
INTRUSION_TYPES = frozenset({"entry_exit", "perimeter", "interior", "follower", "24h"})
"""Zone types whose trip may be an intruder's."""


class Detail(Enum):
    """How much of the plan the configuration tells."""

    WHOLE = "whole"
    PART = "part"  # types and technologies, no floor plan, no wiring
    NUMBERS = "numbers"  # panel, zone and area numbers only


@dataclass(frozen=True, slots=True)
class Zone:
    """One detection circuit and what it is in truth."""

    number: int
    area: int
    name: str
    type: str
    technology: str
    room: int
    panel: str = "p1"
    outdoors: bool = False
    wireless: bool = False
    bus: str | None = None
    supply: str | None = None
    eol_ohms: int | None = None
    opening: int | None = None  # contacts on one door or window share its number
    uses_a_day: float = 0.0  # how often people set it off in an open day

    @property
    def detects_motion(self) -> bool:
        """Whether it sees people move rather than an opening."""
        return self.technology in MOTION

    @property
    def is_intrusion(self) -> bool:
        """Whether a trip of it may be an intruder's."""
        return self.type in INTRUSION_TYPES


@dataclass(frozen=True, slots=True)
class Area:
    """Zones armed together."""

    number: int
    name: str
    entry_delay_s: int
    exit_delay_s: int


@dataclass(frozen=True, slots=True)
class User:
    """A code holder."""

    number: int
    role: str


@dataclass(frozen=True, slots=True)
class Hours:
    """When an area is open: weekdays (0 Monday) and seconds of the day."""

    area: int
    days: frozenset[int]
    open_s: int
    close_s: int
    tolerance_min: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One site.  `walks`: rooms and the seconds a person walks between them."""

    kind: str
    name: str
    timezone: str
    offset: str  # of local time from UTC, as ISO 8601 writes it
    detail: Detail
    zones: tuple[Zone, ...]
    areas: tuple[Area, ...]
    users: tuple[User, ...]
    hours: tuple[Hours, ...]
    walks: dict[tuple[int, int], float] = field(default_factory=dict)

    def zone(self, number: int, panel: str = "p1") -> Zone:
        """Return the zone with this number."""
        return next(z for z in self.zones if z.number == number and z.panel == panel)

    def rooms(self) -> list[int]:
        """Return all rooms; 0 is where the entry door leads."""
        return sorted({zone.room for zone in self.zones if zone.room >= 0} | {0})

    def next_to(self, room: int) -> list[int]:
        """Return the rooms one walks to from `room`."""
        return sorted({b for a, b in self.walks if a == room})

    def intrusion(self) -> list[Zone]:
        """Return the zones that may see an intruder."""
        return [zone for zone in self.zones if zone.is_intrusion and zone.panel == "p1"]

    def overlapping(self, zone: Zone) -> list[Zone]:
        """Return the other zones that see the same space or hang on the same opening."""
        return [
            other
            for other in self.intrusion()
            if other is not zone and zone.panel == other.panel and same_space(zone, other)
        ]


def same_space(one: Zone, other: Zone) -> bool:
    """Whether one movement or one opening sets both off."""
    if one.opening is not None and one.opening == other.opening:
        return True
    return one.detects_motion and other.detects_motion and one.room == other.room


def independent(one: Zone, other: Zone) -> bool:
    """Whether two trips are two witnesses, as sequential confirmation has it.

    Two contacts on one door, detectors of one technology that see the same space and detectors
    outside the premises are not (BS 8243, CLC/TS 50131-9).
    """
    if one.number == other.number or one.outdoors or other.outdoors:
        return False
    if one.opening is not None and one.opening == other.opening:
        return False
    return not (same_space(one, other) and one.technology == other.technology)


# ---- as configuration


def to_toml(plan: Plan) -> str:
    """Write the site part of the gateway's configuration, in the plan's detail."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    yield "[site]"
    yield f'name = "{plan.name}"'
    yield f'timezone = "{plan.timezone}"'
    for area in plan.areas:
        yield from ("", "[[area]]", 'panel = "p1"', f"area = {area.number}")
        if plan.detail is not Detail.NUMBERS:
            yield f'name = "{area.name}"'
            yield f"entry_delay_s = {area.entry_delay_s}"
            yield f"exit_delay_s = {area.exit_delay_s}"
    for zone in plan.zones:
        yield from _zone_lines(plan, zone)
    if plan.detail is Detail.NUMBERS:
        return
    for hours in plan.hours:
        yield from _hours_lines(hours)
    for user in plan.users:
        yield from ("", "[[user]]", 'panel = "p1"', f"user = {user.number}")
        yield f'role = "{user.role}"'


def _zone_lines(plan: Plan, zone: Zone) -> Iterator[str]:
    yield from ("", "[[zone]]", f'panel = "{zone.panel}"', f"zone = {zone.number}")
    yield f"area = {zone.area}"
    if plan.detail is Detail.NUMBERS:
        return
    yield f'name = "{zone.name}"'
    yield f'type = "{zone.type}"'
    yield f'technology = "{zone.technology}"'
    if zone.outdoors:
        yield "outdoors = true"
    if zone.wireless:
        yield "wireless = true"
    if plan.detail is Detail.PART:
        return
    if zone.bus:
        yield f'bus = "{zone.bus}"'
    if zone.supply:
        yield f'supply = "{zone.supply}"'
    if zone.eol_ohms:
        yield f"eol_ohms = {zone.eol_ohms}"
    near = neighbours(plan, zone)
    if near:
        steps = ", ".join(f"{{ zone = {n}, walk_s = {s:.1f} }}" for n, s in near)
        yield f"near = [{steps}]"
    overlaps = [other.number for other in plan.overlapping(zone)] if zone.is_intrusion else []
    if overlaps:
        yield f"overlaps = {overlaps}"


def _hours_lines(hours: Hours) -> Iterator[str]:
    yield from ("", "[[schedule]]", f"area = {hours.area}")
    yield f'days = "{days_text(hours.days)}"'
    yield f'open = "{clock(hours.open_s)}"'
    yield f'close = "{clock(hours.close_s)}"'
    yield f"tolerance_min = {hours.tolerance_min}"


def neighbours(plan: Plan, zone: Zone) -> list[tuple[int, float]]:
    """Return the zones of the same and of adjoining rooms, with the seconds of walking."""
    if not zone.is_intrusion:
        return []
    found = []
    for other in plan.intrusion():
        if other.number == zone.number:
            continue
        if other.room == zone.room:
            found.append((other.number, 1.0))
        elif (zone.room, other.room) in plan.walks:
            found.append((other.number, plan.walks[zone.room, other.room]))
    return found


def clock(second_of_day: int) -> str:
    """Write a time of day as HH:MM."""
    return f"{second_of_day // 3600:02d}:{second_of_day % 3600 // 60:02d}"


def days_text(days: frozenset[int]) -> str:
    """Write weekdays as a range where they are one, else as a list."""
    ordered = sorted(days)
    if len(ordered) > 2 and ordered == list(range(ordered[0], ordered[-1] + 1)):
        return f"{WEEK[ordered[0]]}-{WEEK[ordered[-1]]}"
    return ",".join(WEEK[day] for day in ordered)
