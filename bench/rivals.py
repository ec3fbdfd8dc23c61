"""What else is done about false alarms, on the same timelines and told more than it would know.

Rivals get the trips that the panel itself saw as armed ones (`Timeline.trips`), and the true plan
of the building where they ask for independence.  Each is a rule on one incident: trips that are at
most `GAP_S` apart.

raw          the panel alone: every alarm is one
cp01         ANSI/SIA CP-01 timers: abort and cancel within 5 minutes, exit error with disarming
cross_zone   two zones within 30 s, as panels offer it
bs8243       two independent detectors within 45 min, openings within the entry delay left out;
             unset within 120 s is an abort, any unset ends confirmation
bs8243_entry the same, and nothing of the entry route confirms once the door was opened
two_trips    any two trips within an hour
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from hil.sites.plan import Plan, Zone, independent
from hil.sites.timeline import Timeline

GAP_S = 2700.0
CANCEL_S = 300.0
ABORT_S = 120.0
INTRUSION = frozenset({"burglary", "tamper", "zone", "area"})


@dataclass(frozen=True, slots=True)
class Trip:
    """One detector, heard while it was armed."""

    t: float
    line: int
    zone: int | None
    alarm: bool  # an alarm event, not only a state
    entry: bool  # an opening within the entry delay, or beginning it


@dataclass(slots=True)
class Incident:
    """What a rival judges at a time."""

    name: str
    trips: list[Trip] = field(default_factory=list)
    disarms: list[float] = field(default_factory=list)  # by a known user
    unset: list[float] = field(default_factory=list)  # by anybody
    exit_error: bool = False

    @property
    def first(self) -> float:
        """When it began."""
        return self.trips[0].t


def incidents(timeline: Timeline) -> list[Incident]:
    """Return the intrusion incidents of a timeline, in order."""
    trips = set(timeline.trips)
    known = {user.number for user in timeline.plan.users}
    found: list[Incident] = []
    error_at = -1e9
    for number, line in enumerate(timeline.lines, 2):
        t = float(str(line["t"]))
        if line["kind"] == "exit_error":
            error_at = t
        if line["kind"] == "cancel" or line.get("state") == "disarmed":
            for one in found[-1:]:
                one.unset.append(t)
                if line.get("user") in known:
                    one.disarms.append(t)
        if number not in trips or line["kind"] not in INTRUSION:
            continue
        if not found or t - found[-1].trips[-1].t > GAP_S:
            found.append(Incident(f"r{len(found) + 1}"))
        zone = line.get("zone")
        number_of = zone if isinstance(zone, int) else None
        alarm = line["kind"] in {"burglary", "tamper"}
        found[-1].trips.append(Trip(t, number, number_of, alarm, number in timeline.entries))
        found[-1].exit_error |= t - error_at < 90
    return found


Rule = Callable[[Plan, Incident], Iterator[tuple[float, int]]]
"""Yields (time, tier) of one incident, in order of time."""


def raw(_plan: Plan, incident: Incident) -> Iterator[tuple[float, int]]:
    """Every alarm is one."""
    yield incident.first, 2


def cp01(_plan: Plan, incident: Incident) -> Iterator[tuple[float, int]]:
    """As raw, but a valid code within five minutes takes it back."""
    yield incident.first, 2
    yield from _cancelled(incident, CANCEL_S)


def cross_zone(_plan: Plan, incident: Incident) -> Iterator[tuple[float, int]]:
    """Two zones within 30 seconds."""
    yield incident.first, 1
    trips = incident.trips
    for index, trip in enumerate(trips):
        if any(trip.t - other.t <= 30 and trip.zone != other.zone for other in trips[:index]):
            yield trip.t, 2
            break
    yield from _cancelled(incident, CANCEL_S)


def bs8243(plan: Plan, incident: Incident) -> Iterator[tuple[float, int]]:
    """Sequential confirmation."""
    yield from _sequential(plan, incident, entry_confirms=True)


def bs8243_entry(plan: Plan, incident: Incident) -> Iterator[tuple[float, int]]:
    """Sequential confirmation that the opening of the entry door switches off for its route."""
    yield from _sequential(plan, incident, entry_confirms=False)


def _sequential(
    plan: Plan, incident: Incident, *, entry_confirms: bool
) -> Iterator[tuple[float, int]]:
    yield incident.first, 1
    zones = {zone.number: zone for zone in plan.zones if zone.panel == "p1"}
    unset = min((t for t in incident.unset if t >= incident.first), default=1e18)
    entered = False
    counted: list[tuple[float, Zone]] = []
    for trip in incident.trips:
        zone = zones.get(trip.zone or 0)
        entered |= zone is not None and zone.type == "entry_exit"
        if zone is None or trip.entry or trip.t > unset:
            continue
        if entered and not entry_confirms and zone.type in {"entry_exit", "follower"}:
            continue
        if any(trip.t - t <= 2700 and independent(zone, other) for t, other in counted):
            yield trip.t, 2
            break
        counted.append((trip.t, zone))
    yield from _cancelled(incident, ABORT_S)


def two_trips(_plan: Plan, incident: Incident) -> Iterator[tuple[float, int]]:
    """Two trips of anything within an hour."""
    yield incident.first, 1
    alarms = [trip for trip in incident.trips if trip.alarm] or incident.trips
    for one, other in pairwise(alarms):
        if other.t - one.t <= 3600:
            yield other.t, 2
            break
    yield from _cancelled(incident, CANCEL_S)


def _cancelled(incident: Incident, within_s: float) -> Iterator[tuple[float, int]]:
    alarms = [trip.t for trip in incident.trips if trip.alarm]
    first = alarms[0] if alarms else incident.first
    for t in incident.disarms:
        if incident.first <= t <= first + within_s:
            yield t, 0
            return


RIVALS: Mapping[str, Rule] = {
    "raw": raw,
    "cp01": cp01,
    "cross_zone": cross_zone,
    "bs8243": bs8243,
    "bs8243_entry": bs8243_entry,
    "two_trips": two_trips,
}


def verdicts(timeline: Timeline, rule: Rule) -> list[dict[str, Any]]:
    """Return what a rival says, in the form of the shipped judge."""
    found = []
    for incident in incidents(timeline):
        lines = [trip.line for trip in incident.trips]
        for t, tier in sorted(rule(timeline.plan, incident), key=lambda step: step[0]):
            found.append(
                {
                    "t": t,
                    "type": "verdict",
                    "incident": incident.name,
                    "tier": tier,
                    "lines": lines,
                    "cause": None,
                }
            )
    return found
