"""Decides about fire and gas: tier 2 at the first detector, never held and never lowered.

A second detector, a manual call point or flowing water make it 3; in an occupied site that is a
threat to life, 4.  Verification (UL 864, NFPA 72) changes what it is called, not how soon it goes.
"""

from edge_agent.diagnosis.arming import Arming
from edge_agent.diagnosis.incident import Family, Going, Incident, Witness
from edge_agent.diagnosis.observation import NS, Observation
from edge_agent.diagnosis.site import Hours, Site
from edge_agent.diagnosis.verdict import Verdict
from edge_agent.diagnosis.why import Means
from edge_agent.domain.kinds import Kind
from edge_agent.domain.site import Technology

GOES_ON_NS = 3600 * NS  # alarms after an hour of silence are of another fire
AGAIN_NS = NS  # the same detector later than this tripped again

_MANUAL = frozenset({"113", "115"})
_CALL_POINTS = frozenset({Technology.CALL_POINT, Technology.BUTTON})


class Fire:
    """All incidents of fire and gas of one site."""

    def __init__(self, site: Site, arming: Arming, means: Means) -> None:
        self._site = site
        self._arming = arming
        self._means = means
        self._going = Going(Family.FIRE)

    def alarm(self, seen: Observation) -> list[Verdict]:
        """Take an alarm of kind fire, gas or co."""
        place = seen.panel, seen.kind is Kind.FIRE
        incident = self._going.take(place, seen, GOES_ON_NS)
        incident.rise(2, "fire.first" if seen.kind is Kind.FIRE else "gas.first")
        incident.because(incident.lead)
        confirmed = self._confirms(incident, seen)
        if confirmed:
            incident.because(confirmed)
            occupied = self._is_occupied(seen)
            incident.rise(4 if occupied else 3, confirmed)
            if occupied:
                incident.because("fire.occupied")
        incident.last_ns = seen.t_ns
        incident.add_line(seen.line)
        incident.add_zone(seen.zone)
        return [incident.verdict(seen.t_ns, self._means(incident.panel))]

    def _confirms(self, incident: Incident, seen: Observation) -> str:
        """Return the rule by which this alarm makes the fire certain; empty where none does."""
        key = seen.panel, seen.zone
        zone = self._site.zone(key)
        if seen.code in _MANUAL or (zone is not None and zone.technology in _CALL_POINTS):
            return "fire.call_point"
        known = incident.witnesses.get(key)
        if known is None:
            window_ns = self._site.time_ns(seen.panel, seen.area, "fire_window_s")
            others = list(incident.witnesses.values())
            incident.witnesses[key] = Witness(key, seen.t_ns, seen.t_ns)
            second = any(seen.t_ns - other.last_ns <= window_ns for other in others)
            return "fire.second_detector" if second and seen.zone is not None else ""
        if seen.t_ns - known.last_ns > AGAIN_NS:
            incident.because("fire.again")
        known.last_ns = seen.t_ns
        return ""

    def _is_occupied(self, seen: Observation) -> bool:
        if self._arming.is_anybody_in(seen.panel, seen.area):
            return True
        return self._site.hours(seen.panel, seen.area, seen.wall_ns) is Hours.OPEN
