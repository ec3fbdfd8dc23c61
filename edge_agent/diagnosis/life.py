"""Decides about medical, panic, duress and hold-up: tier 4 at once, and nothing ever lowers it.

BS 8243: two actuations more than two minutes apart, or one with a tamper, are a confirmed hold-up.
"""

from edge_agent.diagnosis.incident import Family, Going, Incident
from edge_agent.diagnosis.observation import Observation
from edge_agent.diagnosis.rules import RULES
from edge_agent.diagnosis.site import Site
from edge_agent.diagnosis.verdict import Verdict
from edge_agent.diagnosis.why import Means
from edge_agent.domain.kinds import Kind

HOLDUP_APART_NS = RULES["holdup.confirmed"].ns("apart_s")

_RULES = {
    Kind.MEDICAL: "life.medical",
    Kind.PANIC: "life.panic",
    Kind.DURESS: "cp01.duress",
    Kind.HOLDUP: "life.holdup",
}
_CONFIRMED = "129"


class Life:
    """All incidents of life of one site."""

    def __init__(self, site: Site, means: Means) -> None:
        self._site = site
        self._means = means
        self._going = Going(Family.LIFE)

    def alarm(self, seen: Observation) -> list[Verdict]:
        """Take an alarm of one of the four kinds."""
        assert isinstance(seen.kind, Kind)
        place = seen.panel, seen.kind is Kind.MEDICAL
        window_ns = self._site.time_ns(seen.panel, seen.area, "holdup_window_s")
        incident = self._going.take(place, seen, window_ns)
        rule = _RULES[seen.kind]
        incident.rise(4, rule)
        incident.because(rule)
        apart = seen.dated and seen.t_ns - incident.first_ns > HOLDUP_APART_NS
        if not place[1] and (apart or seen.code == _CONFIRMED):
            incident.because("holdup.confirmed")
        return [self._with(incident, seen)]

    def tampered(self, seen: Observation) -> list[Verdict]:
        """A tamper within the window of a hold-up confirms it."""
        window_ns = self._site.time_ns(seen.panel, seen.area, "holdup_window_s")
        incident = self._going.at((seen.panel, False), seen.t_ns, window_ns)
        if incident is None or "holdup.confirmed" in incident.reasons:
            return []
        incident.because("holdup.confirmed")
        return [incident.verdict(seen.t_ns, self._means(incident.panel))]

    def _with(self, incident: Incident, seen: Observation) -> Verdict:
        incident.last_ns = seen.t_ns
        incident.add_line(seen.line)
        incident.add_zone(seen.zone)
        return incident.verdict(seen.t_ns, self._means(incident.panel))
