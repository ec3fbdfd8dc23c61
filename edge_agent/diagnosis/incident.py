"""One incident: what was heard of it, its witnesses, and the verdict as it stands."""

from array import array
from bisect import bisect_left
from dataclasses import dataclass, field
from enum import Enum
from typing import Self

from edge_agent.diagnosis.arming import AreaKey
from edge_agent.diagnosis.cause import Cause
from edge_agent.diagnosis.observation import NS, Observation
from edge_agent.diagnosis.rules import RULES
from edge_agent.diagnosis.site import ZoneKey
from edge_agent.diagnosis.verdict import Verdict
from edge_agent.domain.kinds import Kind, State

INCIDENTS_MAX = 64  # of one family that are remembered at once
LINES_MAX = 96
"""Lines of one incident; what goes on longer goes on in a next one that knows the first.  A verdict
names all lines each time, so this bounds what a storm of alarms costs."""

CALLED_NS = 300 * NS  # CP-01: entry delays of up to 240 s, and 45 s until a panel reports
BURST_NS = RULES["common.cause"].ns("together_s")  # trips so close may have one cause
BURST_WHOLE_NS = 4 * NS  # after which it is judged, whatever still comes

REASONS_MAX = 16
PARTS_MAX = 64


class Family(Enum):
    """Incidents of different families never mix."""

    INTRUSION = "intrusion"
    LIFE = "life"
    FIRE = "fire"


@dataclass(frozen=True, slots=True)
class Trip:
    """One trip of a zone: an alarm line, or an opening while its area is armed."""

    key: ZoneKey
    area: int | None
    t_ns: int
    line: int
    wall_ns: int | None
    tamper: bool
    code: str | None
    told: bool  # the panel called it an alarm

    @classmethod
    def of(cls, seen: Observation, area: int | None) -> Self:
        """Return the trip that an observation tells."""
        return cls(
            (seen.panel, seen.zone),
            area,
            seen.t_ns,
            seen.line,
            seen.wall_ns,
            seen.kind is Kind.TAMPER or seen.state is State.TAMPER,
            seen.code,
            seen.kind is not Kind.ZONE,
        )


Place = tuple[str | None, bool]
"""A panel, and which of two kinds of incident at it."""


@dataclass(frozen=True, slots=True)
class Led:
    """What led to an alarm line: trips before it, and of its own zone when that last opened.

    `stale`: it has stood open for a day since.
    """

    before: tuple[Trip, ...] = ()
    opened_ns: int | None = None
    stale: bool = False


@dataclass(slots=True)
class Witness:
    """One zone's trips in an incident.

    `in_burst` says that it was of trips with one cause, `alone` that it tripped outside of them
    too; all bursts of an incident are one witness: lightning strikes twice.  `weak` trips prove no
    presence (settling, testing, outdoors).  `leaving`: all its trips were within moments of the
    arming.  `called`: the panel called it an alarm, and not at the end of an entry delay.
    """

    key: ZoneKey
    first_ns: int
    last_ns: int
    trips: int = 1
    tamper: bool = False
    weak: bool = False
    leaving: bool = False
    called: bool = False
    in_burst: bool = False
    alone: bool = False
    recent: tuple[int, ...] = ()  # times of the last trips, for chattering


@dataclass(slots=True)
class Cluster:
    """Trips within moments: `trips` in the order of their times, each zone once."""

    begun_ns: int  # when the first was heard of
    trips: list[tuple[ZoneKey, int]] = field(default_factory=list)
    due_ns: int = 0
    lifted: bool = False  # its first trip was the first of that zone by itself

    def takes(self, t_ns: int) -> bool:
        """Whether a trip at `t_ns` is of this moment."""
        first, last = self.trips[0][1], self.trips[-1][1]
        near = first - BURST_NS <= t_ns <= last + BURST_NS
        return near and max(last, t_ns) - min(first, t_ns) <= BURST_WHOLE_NS

    def add(self, key: ZoneKey, t_ns: int) -> bool:
        """Add a trip; False where the zone is in it."""
        if any(known == key for known, _ in self.trips):
            return False
        self.trips.append((key, t_ns))
        self.trips.sort(key=lambda trip: trip[1])
        return True


@dataclass(slots=True)
class Incident:
    """An incident that goes on."""

    family: Family
    panel: str | None
    area: int | None
    line: int  # its first: no other incident has it
    first_ns: int  # of the first alarm
    last_ns: int  # of the newest trip
    said_ns: int = 0  # when it was last spoken of
    named: int = 0  # how many of its lines a verdict names
    naming_ns: int = 0  # when it is looked whether the rest is to be named
    called_ns: int | None = None  # when the panel first called it an alarm
    in_time_ns: int | None = None  # until when somebody who came by the door may give his code
    dated: bool = True
    tier: int = 0
    lead: str = ""  # the rule that decided the tier
    cause: Cause | None = None
    # packed: in a storm some hundred incidents are remembered, each with a hundred lines
    lines: "array[int]" = field(default_factory=lambda: array("q"))
    zones: "array[int]" = field(default_factory=lambda: array("q"))
    reasons: dict[str, None] = field(default_factory=dict)
    witnesses: dict[ZoneKey, Witness] = field(default_factory=dict)
    areas: dict[AreaKey, int | None] = field(default_factory=dict)  # and the line that cleared it
    parts: list["Incident"] = field(default_factory=list)  # those before, of the same event
    cluster: Cluster | None = None
    bursts: int = 0
    burst_ns: tuple[int, int] = (0, 0)  # when the last of them began and ended
    breach: Witness | None = None  # the outer shell was broken
    tampered: Witness | None = None
    covered: str = ""  # the rule (walk test, service) that all of it falls under
    over: bool = False
    cleared_ns: int | None = None
    tier_cleared: int = 0  # what it was before it was cleared

    @property
    def window_ns(self) -> int:
        """When the time for a code begins: with the first alarm.

        Openings before it, of an entry delay or while the panel held its alarm back, are none yet;
        but what was called an alarm long after its first trip counts from the trip.
        """
        called_ns = self.called_ns
        soon = called_ns is not None and called_ns - self.first_ns <= CALLED_NS
        return called_ns if called_ns is not None and soon else self.first_ns

    @property
    def at_once(self) -> set[ZoneKey]:
        """The zones that tripped at one moment which is not judged yet, where several did."""
        trips = self.cluster.trips if self.cluster is not None else []
        return {key for key, _ in trips} if len(trips) > 1 else set()

    @property
    def id(self) -> str:
        """Return the name by which verdicts speak of it."""
        return f"i{self.line}"

    @property
    def is_unnamed(self) -> bool:
        """Whether it has evidence that no verdict names yet."""
        return self.named < len(self.lines)

    def add_line(self, line: int) -> None:
        """Add evidence, in ascending order, once."""
        lines = self.lines
        if not lines or line > lines[-1]:
            lines.append(line)
        elif line not in lines:
            lines.insert(bisect_left(lines, line), line)

    def add_zone(self, zone: int | None) -> None:
        """Add a zone."""
        if zone is not None and zone not in self.zones:
            self.zones.append(zone)

    def because(self, *rules: str) -> None:
        """Add reasons; the oldest of too many stay."""
        for rule in rules:
            if len(self.reasons) < REASONS_MAX:
                self.reasons.setdefault(rule)

    def rise(self, tier: int, rule: str) -> bool:
        """Raise the tier; False where it is as high already."""
        if tier <= self.tier and self.lead:
            return False
        self.tier = max(tier, self.tier)
        self.lead = rule
        return True

    def verdict(self, now_ns: int, means: tuple[tuple[str, ...], tuple[str, ...]]) -> Verdict:
        """Return the verdict as it stands, to be said; `means` are those available and missing."""
        self.named = len(self.lines)
        reasons = (self.lead, *(reason for reason in self.reasons if reason != self.lead))
        return Verdict(
            t_ns=now_ns,
            incident=self.id,
            tier=self.tier,
            reasons=reasons,
            lines=tuple(self.lines),
            panel=self.panel,
            area=self.area,
            zones=tuple(self.zones),
            cause=self.cause if self.tier <= 1 else None,
            available=means[0],
            missing=means[1],
        )

    def go_on(self, line: int) -> "Incident":
        """Return the incident that carries this one on, with a clean list of lines."""
        following = Incident(
            family=self.family,
            panel=self.panel,
            area=self.area,
            line=line,
            first_ns=self.first_ns,
            last_ns=self.last_ns,
            said_ns=self.said_ns,
            called_ns=self.called_ns,
            in_time_ns=self.in_time_ns,
            dated=self.dated,
            tier=self.tier,
            lead=self.lead,
            cause=self.cause,
            reasons=dict(self.reasons),
            witnesses=self.witnesses,
            areas=self.areas,
            cluster=self.cluster,
            bursts=self.bursts,
            burst_ns=self.burst_ns,
            breach=self.breach,
            tampered=self.tampered,
            covered=self.covered,
            parts=[*self.parts[1 - PARTS_MAX :], self],
        )
        following.because("incident.continued")
        self.over = True
        self.parts, self.cluster = [], None  # what goes on has them
        return following


class Going:
    """The incidents of one family that go on, by the place that tells them apart; bounded."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._open: dict[Place, Incident] = {}

    def at(self, place: Place, now_ns: int, quiet_ns: int) -> Incident | None:
        """Return the incident of `place`, None where it is over: silent for longer."""
        incident = self._open.get(place)
        return None if incident is None or now_ns - incident.last_ns > quiet_ns else incident

    def take(self, place: Place, seen: Observation, quiet_ns: int) -> Incident:
        """Return the incident that an alarm belongs to: one that goes on, or a new one."""
        incident = self.at(place, seen.t_ns, quiet_ns)
        if incident is not None and len(incident.lines) >= LINES_MAX:
            incident = incident.go_on(seen.line)
        elif incident is None:
            if place not in self._open and len(self._open) >= INCIDENTS_MAX:
                del self._open[next(iter(self._open))]
            incident = Incident(
                family=self._family,
                panel=seen.panel,
                area=seen.area,
                line=seen.line,
                first_ns=seen.t_ns,
                last_ns=seen.t_ns,
            )
        self._open[place] = incident
        return incident
