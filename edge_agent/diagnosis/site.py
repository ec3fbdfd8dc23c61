"""The premises as judging asks about them: who may disarm, who stands near whom, when it is open.

Made once from the configuration; almost empty it still answers: what nobody said has the default
of the standards, or is None, which no rule takes for normal.
"""

import heapq
from datetime import UTC, date, datetime, tzinfo
from enum import Enum

from edge_agent.diagnosis.observation import NS
from edge_agent.diagnosis.rules import TIMES
from edge_agent.domain.site import (
    Premises,
    Role,
    ScheduleSettings,
    Technology,
    UserSettings,
    ZoneSettings,
    ZoneType,
    days_of,
    minute_of,
)

ZoneKey = tuple[str | None, int | None]
"""A zone of a panel; None where the panel did not say."""

DAY_MIN = 24 * 60
_ONE_DOOR_S = 1.0  # contacts no more than this apart are on one door or window
_DISTANCES_MAX = 512  # distances are kept for so many zones; more are reckoned again


class Hours(Enum):
    """Where a moment lies in the schedule of an area."""

    OPEN = "open"
    NEAR = "near"  # within the tolerance before opening or after closing
    CLOSED = "closed"


class Site:
    """What is known of one site; does not change."""

    def __init__(self, premises: Premises | None = None, zone: tzinfo | None = None) -> None:
        premises = premises or Premises()
        self.premises = premises
        self._time_zone = zone or UTC
        self._zones = {(zone.panel, zone.zone): zone for zone in premises.zones}
        self._areas = {(area.panel, area.area): area for area in premises.areas}
        self._users = {(user.panel, user.user): user for user in premises.users}
        self._near = _neighbours(premises.zones)
        self._overlaps = {
            (zone.panel, *sorted((zone.zone, other)))
            for zone in premises.zones
            for other in zone.overlaps
        }
        self._buses = {zone.panel for zone in premises.zones if zone.bus is not None}
        self._distances: dict[tuple[str, int], dict[int, float]] = {}
        self._times: dict[tuple[str | None, int | None, str], int] = {}
        self._areas_of: dict[str | None, set[int]] = {}
        for area in premises.areas:
            self._areas_of.setdefault(area.panel, set()).add(area.area)
        for one in premises.zones:
            if one.area is not None:
                self._areas_of.setdefault(one.panel, set()).add(one.area)

    # ---- zones

    def zone(self, key: ZoneKey) -> ZoneSettings | None:
        """Return what is known of a zone."""
        return self._zones.get(key)  # type: ignore[arg-type]  # None is in no key of a known zone

    def area_of(self, key: ZoneKey) -> int | None:
        """Return the area that a zone is in."""
        zone = self.zone(key)
        return None if zone is None else zone.area

    def type_of(self, key: ZoneKey) -> ZoneType | None:
        """Return what a zone is for."""
        zone = self.zone(key)
        return None if zone is None else zone.type

    def areas_of(self, panel: str | None) -> set[int]:
        """Return the areas of a panel that the site names."""
        return self._areas_of.get(panel, set())

    def names_buses(self, panel: str | None) -> bool:
        """Whether the site says what hangs on which bus of a panel."""
        return panel in self._buses

    def sees_the_same(self, one: ZoneKey, other: ZoneKey) -> bool:
        """Whether two detectors bear one witness: one event sets off both.

        Detectors of one technology that see the same space, and contacts on one door or window
        (BS 8243, CLC/TS 50131-9).  Detectors of different technologies may overlap.
        """
        first, second = self.zone(one), self.zone(other)
        if first is None or second is None or first.panel != second.panel:
            return False
        a, b = sorted((first.zone, second.zone))
        alike = first.technology is second.technology or None in (
            first.technology,
            second.technology,
        )
        if (first.panel, a, b) in self._overlaps:
            return alike
        if first.technology is second.technology is Technology.CONTACT:
            apart_s = self._near.get((first.panel, first.zone), {}).get(second.zone)
            return apart_s is not None and apart_s <= _ONE_DOOR_S
        return False

    def walk_s(self, one: ZoneKey, other: ZoneKey) -> float | None:
        """Return how long a person walks between two zones, None where the plan does not tell."""
        if one[0] != other[0] or one[0] is None or one[1] is None or other[1] is None:
            return None
        if one not in self._near or other not in self._near:
            return None
        source = one[0], one[1]
        if source not in self._distances:
            if len(self._distances) >= _DISTANCES_MAX:
                self._distances.clear()
            self._distances[source] = _shortest(self._near, source)
        return self._distances[source].get(other[1])

    def are_apart(self, one: ZoneKey, other: ZoneKey) -> bool:
        """Whether the plan knows both zones and no way from one to the other."""
        if one[0] != other[0]:
            return True
        known = one in self._near and other in self._near
        return known and self.walk_s(one, other) is None

    # ---- times

    def time_ns(self, panel: str | None, area: int | None, name: str) -> int:
        """Return the time `name` of an area: its own, the site's, the standard's."""
        key = panel, area, name
        found = self._times.get(key)
        if found is None:
            settings = self._areas.get((panel, area))  # type: ignore[arg-type]  # None: not known
            own = None if settings is None else getattr(settings, name)
            general = getattr(self.premises.site, name)
            seconds = own if own is not None else general
            found = round((TIMES[name].default if seconds is None else seconds) * NS)
            if len(self._times) < 4 * _DISTANCES_MAX:
                self._times[key] = found
        return found

    def is_time_given(self, panel: str | None, area: int | None, name: str) -> bool:
        """Whether somebody stated the time `name`."""
        settings = self._areas.get((panel, area))  # type: ignore[arg-type]  # None: not known
        own = None if settings is None else getattr(settings, name)
        return own is not None or getattr(self.premises.site, name) is not None

    # ---- people

    @property
    def lists_users(self) -> bool:
        """Whether the site says who its users are."""
        return bool(self._users)

    def user(self, panel: str | None, user: int | None) -> UserSettings | None:
        """Return a listed user."""
        if user is None:
            return None
        return self._users.get((panel, user)) or self._users.get((None, user))

    def is_valid_user(self, panel: str | None, user: int | None) -> bool:
        """Whether a code is known: a listed user, or any user where the site lists none."""
        return user is not None and (not self.lists_users or self.user(panel, user) is not None)

    def role_of(self, panel: str | None, user: int | None) -> Role | None:
        """Return who a listed user is."""
        found = self.user(panel, user)
        return None if found is None else found.role

    # ---- hours

    def hours(self, panel: str | None, area: int | None, wall_ns: int | None) -> Hours | None:
        """Return where a moment lies in an area's schedule; None where none is known, or no time.

        Where several schedules apply, the one that says open counts.
        """
        schedules = [
            schedule
            for schedule in self.premises.schedules
            if schedule.panel in (None, panel) and (schedule.area in (None, area) or area is None)
        ]
        local = self.local(wall_ns)
        if local is None or not schedules:
            return None
        minute = local.hour * 60 + local.minute
        found = {_hours(schedule, local.weekday(), minute) for schedule in schedules}
        return next(hours for hours in Hours if hours in found)

    def is_before(self, day: date, wall_ns: int | None) -> bool:
        """Whether `day` has not begun here; False where the time is not known."""
        local = self.local(wall_ns)
        return local is not None and local.date() < day

    def local(self, wall_ns: int | None) -> datetime | None:
        """Return the site's local time; None where it is not known or there is no such date."""
        if wall_ns is None:
            return None
        try:
            return datetime.fromtimestamp(wall_ns // NS, UTC).astimezone(self._time_zone)
        except (OverflowError, ValueError, OSError):
            return None

    def wall_ns(self, told: datetime) -> int | None:
        """Return the Unix time of what a clock of the site shows; None for no such time."""
        here = told if told.tzinfo is not None else told.replace(tzinfo=self._time_zone)
        try:
            return round(here.timestamp() * NS)
        except (OverflowError, ValueError, OSError):
            return None


def _neighbours(zones: tuple[ZoneSettings, ...]) -> dict[ZoneKey, dict[int, float]]:
    """Every step of the plan, both ways, the shorter where both were given."""
    near: dict[ZoneKey, dict[int, float]] = {}
    for zone in zones:
        for step in zone.near:
            if step.zone == zone.zone:
                continue
            for a, b in ((zone.zone, step.zone), (step.zone, zone.zone)):
                steps = near.setdefault((zone.panel, a), {})
                steps[b] = min(step.walk_s, steps.get(b, step.walk_s))
    return near


def _shortest(near: dict[ZoneKey, dict[int, float]], source: tuple[str, int]) -> dict[int, float]:
    panel, start = source
    found: dict[int, float] = {}
    todo = [(0.0, start)]
    while todo:
        far, at = heapq.heappop(todo)
        if at in found:
            continue
        found[at] = far
        for step, walk_s in near.get((panel, at), {}).items():
            if step not in found:
                heapq.heappush(todo, (far + walk_s, step))
    return found


def _hours(schedule: ScheduleSettings, weekday: int, minute: int) -> Hours:
    """Where a minute of a weekday lies in one schedule."""
    opens, closes = minute_of(schedule.open), minute_of(schedule.close)
    if closes <= opens:
        closes += DAY_MIN
    days = days_of(schedule.days)
    best = Hours.CLOSED
    for day in (-1, 0, 1):  # yesterday's hours may last until now, tomorrow's tolerance begin
        if (weekday + day) % 7 not in days:
            continue
        at = minute - day * DAY_MIN
        if opens <= at < closes:
            return Hours.OPEN
        if opens - schedule.tolerance_min <= at < closes + schedule.tolerance_min:
            best = Hours.NEAR
    return best
