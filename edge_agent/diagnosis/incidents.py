"""All incidents of a site: one machine that hears everything and says verdicts."""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count

from edge_agent.diagnosis.arming import Armed, Arming, Disarmed
from edge_agent.diagnosis.cause import Cause
from edge_agent.diagnosis.facts import Facts, Since
from edge_agent.diagnosis.fire import Fire
from edge_agent.diagnosis.intrusion import Intrusion
from edge_agent.diagnosis.life import Life
from edge_agent.diagnosis.observation import (
    FIRE_KINDS,
    INTRUSION_KINDS,
    LIFE_KINDS,
    NS,
    Measure,
    Observation,
)
from edge_agent.diagnosis.openings import Openings
from edge_agent.diagnosis.site import Site
from edge_agent.diagnosis.verdict import Verdict
from edge_agent.domain.camera import Consent
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.site import Technology

SAID_NS = NS // 2  # an alarm's lines come together
WAKES_MAX = 8192  # openings that wait to be judged; beyond, the next one due is judged at once

CAMERAS_NAMED_MAX = 8  # in one verdict: whoever verifies looks at a few
_MEANS: dict[Consent, str] = {"image": "image", "sound": "audio"}

Call = Callable[[int], list[Verdict]]

_UNVERIFIED = "378"
_MAY_CUT = frozenset({Kind.COMMS, Kind.PANEL, Measure.UPLINK})


class Incidents:
    """The machine of incidents."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._sees = [camera for camera in site.premises.cameras if camera.gives]
        self._wakes: list[tuple[int, int, Call]] = []
        self._early: list[Call] = []
        self._order = count()
        self._facts = Facts(site)
        self._arming = Arming(site)
        self._intrusion = Intrusion(site, self._facts, self._arming, self._wake, self._means)
        self._openings = Openings(site, self._facts, self._arming, self._intrusion, self._wake)
        self._life = Life(site, self._means)
        self._fire = Fire(site, self._arming, self._means)
        self._other_alarm_ns: dict[str | None, int] = {}
        self._means_of: dict[str | None, tuple[tuple[str, ...], tuple[str, ...]]] = {}

    def deadline_ns(self) -> int | None:
        """Return when the next thing falls by itself."""
        return self._wakes[0][0] if self._wakes else None

    def handle(self, observation: Observation | None, now_ns: int) -> Sequence[Verdict]:
        """Take an observation, or the deadline; return what is judged now."""
        said = self._due(now_ns) if observation is None else list(self._heard(observation))
        while self._early:
            said += self._early.pop(0)(now_ns)
        return [self._with_cameras(verdict) for verdict in said] if self._sees else said

    def _heard(self, observation: Observation) -> Sequence[Verdict]:
        kind = observation.kind
        if kind is Measure.GAP:
            self._facts.forget_covers()
            self._intrusion.after_gap()
            return ()
        if not (observation.dated or observation.is_alarm or _is_opening(observation)):
            return ()  # what has no time of its own proves nothing that would lower a tier
        sabotaged = self._sabotaged(observation)
        if kind is Kind.ZONE:
            return self._openings.take(observation) + sabotaged
        if kind in (Kind.AREA, Kind.OPEN_CLOSE):
            return self._armed_or_not(observation)
        self._facts.take(observation)
        if observation.is_alarm:
            return self._alarm(observation)
        if kind is Kind.ENVIRONMENT and observation.state is State.ACTIVE:
            self._openings.explained((observation.panel, observation.zone))
        if kind is Kind.CANCEL and observation.state is State.ACTIVE:
            return self._cancelled(observation)
        if kind is Kind.ZONE_TROUBLE and observation.code == _UNVERIFIED:
            self._intrusion.unverified(observation)
        if sabotaged:
            return sabotaged
        if kind in _MAY_CUT:
            return self._cut(observation)
        if isinstance(kind, Measure) or kind in (Kind.POWER, Kind.MODULE_TROUBLE):
            return self._measured(observation)
        return ()

    def _sabotaged(self, seen: Observation) -> list[Verdict]:
        if seen.kind not in (Kind.ZONE, Kind.ZONE_TROUBLE) or not self._openings.is_sabotage(seen):
            return []
        self._facts.sabotaged((seen.panel, seen.zone), seen)
        return self._intrusion.sabotaged(seen)

    def _due(self, now_ns: int) -> list[Verdict]:
        said: list[Verdict] = []
        while self._wakes and self._wakes[0][0] <= now_ns:
            said += heapq.heappop(self._wakes)[2](now_ns)
        return said

    def _wake(self, at_ns: int, call: Call) -> None:
        heapq.heappush(self._wakes, (at_ns, next(self._order), call))
        if len(self._wakes) > WAKES_MAX:
            self._early.append(heapq.heappop(self._wakes)[2])

    # ---- what is heard

    def _alarm(self, seen: Observation) -> list[Verdict]:
        self._facts.alarmed(seen.t_ns)
        if seen.kind not in INTRUSION_KINDS:
            if len(self._other_alarm_ns) >= WAKES_MAX:
                self._other_alarm_ns.clear()
            self._other_alarm_ns[seen.panel] = seen.t_ns
            self._openings.explained((seen.panel, seen.zone))
        if seen.kind in LIFE_KINDS:
            said = self._life.alarm(seen)
            if seen.kind is Kind.DURESS:
                said += self._intrusion.threatened(seen)
            return said
        if seen.kind in FIRE_KINDS:
            return self._fire.alarm(seen)
        if seen.zone is not None:
            self._facts.calls(seen)
        said = self._intrusion.alarm(seen, self._openings.alarmed(seen))
        if seen.kind is Kind.TAMPER:
            said += self._life.tampered(seen)
        return said

    def _armed_or_not(self, seen: Observation) -> list[Verdict]:
        said: list[Verdict] = []
        if seen.kind is Kind.OPEN_CLOSE or seen.state is State.ALARM:
            self._facts.calls(seen)
        for change in self._arming.take(seen):
            self._openings.changed(change.panel, change.area)
            match change:
                case Armed():
                    self._facts.armed(change.panel, change.area)
                case Disarmed():
                    self._facts.disarmed(change.panel)
                    said += self._intrusion.disarmed(change, seen)
        if seen.state is State.ALARM:
            self._wake(seen.t_ns + SAID_NS, lambda now_ns: self._area_alarm(seen, now_ns))
        return said

    def _area_alarm(self, seen: Observation, now_ns: int) -> list[Verdict]:
        """A moment after an area's alarm: what the panel did not say, its openings tell."""
        if self._other_alarm_ns.get(seen.panel, -SAID_NS) >= seen.t_ns - SAID_NS:
            return []  # of fire or life
        trips = self._openings.taken(seen.panel, seen.area, now_ns)
        return self._intrusion.area_alarm(seen, trips, now_ns)

    def _cancelled(self, seen: Observation) -> list[Verdict]:
        valid = self._site.is_valid_user(seen.panel, seen.user)
        change = Disarmed(seen.panel, seen.area, seen.line, valid)
        return self._intrusion.disarmed(change, seen)

    def _cut(self, seen: Observation) -> list[Verdict]:
        if seen.kind is Kind.PANEL and seen.state in (State.OFFLINE, State.ONLINE):
            self._arming.forget(seen.panel, seen.t_ns)
        facts, now_ns = self._facts, seen.t_ns
        news = (facts.lost_link(seen.panel, now_ns), facts.jammed(seen.panel, now_ns))
        if not any(since is not None and since.line == seen.line for since in news):
            return []
        return self._intrusion.cut(seen.panel, now_ns)

    def _measured(self, seen: Observation) -> list[Verdict]:
        since = Since(seen.t_ns, seen.line)
        said: list[Verdict] = []
        for table, cause in (
            (self._facts.supplies, Cause.SUPPLY_LOW),
            (self._facts.buses, Cause.BUS_FAULT),
            (self._facts.noise, Cause.RADIO_INTERFERENCE),
        ):
            newest = next(reversed(table.values()), None) if table else None
            if newest is not None and newest.line == seen.line:
                said += self._intrusion.explained(seen.panel, since, cause)
        return said

    # ---- means of verification

    def _with_cameras(self, verdict: Verdict) -> Verdict:
        """Name the cameras that see a zone of the incident, or its area, and what they give."""
        panel = verdict.panel
        if panel is None:
            return verdict
        areas = {zone: self._site.area_of((panel, zone)) for zone in verdict.zones}
        seen = [
            camera
            for camera in self._sees
            if camera.covers(panel, None, verdict.area)
            or any(camera.covers(panel, zone, area) for zone, area in areas.items())
        ]
        given = {_MEANS[one] for camera in seen for one in camera.gives}
        names = [f"camera_{camera.id}" for camera in seen[:CAMERAS_NAMED_MAX]]
        gained = [mean for mean in verdict.missing if mean in given]
        return replace(
            verdict,
            available=(*verdict.available, *gained, *names),
            missing=tuple(mean for mean in verdict.missing if mean not in given),
        )

    def _means(self, panel: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the means of verification that a panel's alarms have, and those they lack."""
        measured = panel in self._facts.measured
        found = self._means_of.get(panel)
        if found is None or ("technical" in found[0]) is not measured:
            if len(self._means_of) >= WAKES_MAX:
                self._means_of.clear()
            found = self._means_of[panel] = self._reckon(panel, measured=measured)
        return found

    def _reckon(
        self, panel: str | None, *, measured: bool
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        zones = [zone for zone in self._site.premises.zones if zone.panel == panel]
        has = {
            "sequential": len(zones) != 1,
            "technical": measured,
            "user_code": True,
            "schedule": bool(self._site.premises.schedules),
            "image": any(zone.technology is Technology.CAMERA for zone in zones),
            "audio": False,
            "call_back": False,
        }
        return (
            tuple(name for name, there in has.items() if there),
            tuple(name for name, there in has.items() if not there),
        )


def _is_opening(seen: Observation) -> bool:
    return seen.kind is Kind.ZONE and seen.state in (State.OPEN, State.TAMPER)
