"""Detector and line health of a whole site: observations in, findings out.

    health = Health(site)
    for finding in health.handle(observation, observation.t_ns): ...
    health.of_zone("p1", 5, now_ns)        # what incident rules ask

A machine like every other of diagnosis: the same observations give the same findings, live and in
replay.  It needs nothing of incidents; they ask it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from edge_agent.diagnosis.board import Board, Place, Suspicion
from edge_agent.diagnosis.finding import Finding
from edge_agent.diagnosis.health_rules import Limits
from edge_agent.diagnosis.hours import Hours, slot_of
from edge_agent.diagnosis.lines import Presence
from edge_agent.diagnosis.maintenance import (
    Entry,
    Points,
    by_urgency,
    points_of,
    score_of,
    worst_first,
)
from edge_agent.diagnosis.measures import DAY_NS, HOUR_NS, S
from edge_agent.diagnosis.observation import Measure, Observation
from edge_agent.diagnosis.panel_watch import PanelWatch, Told, Unlisted
from edge_agent.diagnosis.site import Site
from edge_agent.domain.body import GATEWAY_PANEL

PANELS_MAX = 128  # of one gateway 64; a timeline may name any
LOOK_NS = 300 * S
"""How often radios are looked at for silence, where there are any and anybody is heard at all."""
QUIET_NS = 40 * DAY_NS
"""After so long without an observation time alone decides nothing any more: the timeline is over,
or nobody listens."""

GATEWAY = Place(GATEWAY_PANEL)
DEFAULTS = Limits()


@dataclass(frozen=True, slots=True)
class ZoneHealth:
    """What incident rules may ask of a detector.

    `score` is 0 to 100 with what was taken off (`reasons`); below 60 it needs a visit, below 40 its
    word weighs half.  `suspicions` hold now, of the zone and of what it hangs on, oldest first.
    `looseness` reaches 1 where a loose contact is told.  `settling`: power or link are just back.
    """

    score: int
    reasons: tuple[str, ...]
    suspicions: tuple[Suspicion, ...]
    looseness: float
    settling: bool

    @property
    def suspect(self) -> bool:
        """Whether anything speaks against it."""
        return bool(self.suspicions) or self.settling


SOUND = ZoneHealth(100, (), (), 0.0, settling=False)


class Health:
    """All panels of a site."""

    def __init__(self, site: Site, limits: Limits = DEFAULTS) -> None:
        self._site = site
        self._limits = limits
        self._panels: dict[str, PanelWatch] = {}
        self._hours: dict[str, Hours] = {}
        self._unlisted = Unlisted()
        self._board = Board(self._above)
        self._uplink = Presence("link.uplink", limits.line.uplink_silent_s)
        self._wall_off_ns: int | None = None
        self._heard_ns: int | None = None
        self._timer_ns: int | None = None

    def _above(self, place: Place) -> tuple[Place, ...]:
        if place.part is None:
            return ()
        panel = self._panels.get(place.panel)
        if place.part[0] == "zone" and panel is not None and isinstance(place.part[1], int):
            return panel.above(place.part[1])
        return (Place(place.panel),)

    # ---- a machine of diagnosis

    def handle(self, observation: Observation | None, now_ns: int) -> list[Finding]:
        """Take an observation, or None where the deadline has come; return what is told now."""
        line = None
        if observation is not None:
            line = observation.line
            self._heard_ns = now_ns
            if observation.wall_ns is not None:
                self._wall_off_ns = observation.wall_ns - now_ns
            told = list(self._take(observation, now_ns))
        else:
            told = list(self._tick(now_ns))
        for place, symptom in told:
            self._board.take(place, symptom, now_ns, line)
        found = self._board.settle(now_ns)
        self._timer_ns = self._next_timer(now_ns)
        return found

    def deadline_ns(self) -> int | None:
        """Return when `handle` is to be called without an observation."""
        times = (self._board.deadline_ns(), self._timer_ns)
        return min((at for at in times if at is not None), default=None)

    def _take(self, observation: Observation, now_ns: int) -> Iterator[Told]:
        if observation.kind is Measure.UPLINK:
            if observation.up is not None:
                told = self._uplink.handle(observation.up, now_ns)
                yield from ((GATEWAY, symptom) for symptom in told)
            return
        panel = self._panel(observation.panel)
        if panel is None:
            return
        yield from panel.handle(observation, now_ns)
        if panel.upset and panel.mains_lost:
            self._board.hasten(panel.place, "mains.lost", now_ns)
        panel.upset = False

    def _panel(self, name: str | None) -> PanelWatch | None:
        if name is None:
            return None
        found = self._panels.get(name)
        if found is None and len(self._panels) < PANELS_MAX:
            found = self._panels[name] = PanelWatch(name, self._limits, self._site, self._unlisted)
            self._hours[name] = Hours()
        return found

    # ---- time

    def _next_timer(self, now_ns: int) -> int | None:
        if self._heard_ns is None or now_ns - self._heard_ns > QUIET_NS:
            return None
        radios = now_ns - self._heard_ns < DAY_NS and any(
            panel.has_radios for panel in self._panels.values()
        )
        step_ns = LOOK_NS if radios else HOUR_NS
        times = [(now_ns // step_ns + 1) * step_ns, self._uplink.due_ns()]
        for panel in self._panels.values():
            times += [panel.link.due_ns(), panel.lone_due_ns()]
        return min(at for at in times if at is not None)

    def _tick(self, now_ns: int) -> Iterator[Told]:
        yield from ((GATEWAY, symptom) for symptom in self._uplink.tick(now_ns))
        looks, hours = now_ns % LOOK_NS == 0, now_ns % HOUR_NS == 0
        for name, panel in self._panels.items():
            yield from panel.tick(now_ns, looks=looks)
            if hours:
                slot = slot_of(self._local(now_ns - HOUR_NS), now_ns - HOUR_NS)
                yield from self._hours[name].hour_over(panel, slot, now_ns)

    def _local(self, now_ns: int) -> datetime | None:
        if self._wall_off_ns is None:
            return None
        return self._site.local(now_ns + self._wall_off_ns)

    # ---- what incident rules ask

    def of_zone(self, panel: str | None, zone: int | None, now_ns: int) -> ZoneHealth:
        """Return how far a detector can be believed at `now_ns`; one never heard of is sound."""
        watched = self._panels.get(panel) if panel is not None else None
        watch = watched.zones.get(zone) if watched is not None and zone is not None else None
        if watched is None or watch is None or zone is None:
            return SOUND
        score, reasons = watch.score(now_ns)
        held = self._board.suspicions(watched.zone_place(zone))
        return ZoneHealth(
            score,
            reasons,
            tuple(sorted(held, key=lambda one: one.since_ns)),
            watch.contact.looseness(now_ns),
            settling=watched.is_settling(now_ns),
        )

    def of_panel(self, panel: str | None) -> tuple[Suspicion, ...]:
        """Return what holds of a panel as a whole, the gateway's own link among it."""
        held = self._board.suspicions(Place(panel)) if panel is not None else []
        return (*held, *self._board.suspicions(GATEWAY))

    # ---- what a technician asks

    def standing(self) -> list[Finding]:
        """Return every finding that was told and is not over, the most urgent first."""
        return list(by_urgency(self._board.standing()))

    def maintenance(self, now_ns: int) -> list[Entry]:
        """Return every detector, line, supply and bus that was heard of, the worst first."""
        entries = [self._entry(GATEWAY)]
        for name, panel in self._panels.items():
            entries += [self._entry(Place(name), panel.line_points())]
            supplies = [Place(name, ("supply", one)) for one in panel.supplies if one]
            buses = [place for place in panel.groups if place.part is not None]
            entries += [self._entry(place) for place in (*supplies, *buses)]
            entries += [self._detector(panel, number, now_ns) for number in panel.zones]
        return worst_first(entries)

    def _entry(self, place: Place, more: Iterable[Points] = ()) -> Entry:
        holds = [one.rule for one in self._board.suspicions(place) if one.place == place]
        points = (*points_of(holds), *(one for one in more if one.rule not in holds))
        return Entry(
            place=place,
            score=score_of(points),
            points=points,
            findings=by_urgency(self._board.told(place)),
        )

    def _detector(self, panel: PanelWatch, number: int, now_ns: int) -> Entry:
        watch, place = panel.zones[number], panel.zone_place(number)
        points = watch.points(now_ns)
        return Entry(
            place=place,
            score=score_of(points),
            points=points,
            findings=by_urgency(self._board.told(place)),
            tested_days=(now_ns - watch.tested_ns) / DAY_NS if watch.tested else None,
        )
