"""Decides about medical, panic, duress and hold-up: tier 4 at once, and nothing ever lowers it.

BS 8243: two actuations more than two minutes apart, or one with a tamper, are a confirmed hold-up.
"""

from edge_agent.diagnosis.incident import LINES_MAX, Family, Incident
from edge_agent.diagnosis.observation import Observation
from edge_agent.diagnosis.rules import RULES
from edge_agent.diagnosis.site import Site
from edge_agent.diagnosis.verdict import Verdict
from edge_agent.diagnosis.why import Means
from edge_agent.domain.kinds import Kind

HOLDUP_APART_NS = RULES["holdup.confirmed"].ns("apart_s")
INCIDENTS_MAX = 64

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
        self._open: dict[tuple[str | None, bool], Incident] = {}

    def alarm(self, seen: Observation) -> list[Verdict]:
        """Take an alarm of one of the four kinds."""
        assert isinstance(seen.kind, Kind)
        place = seen.panel, seen.kind is Kind.MEDICAL
        incident = self._open.get(place)
        window_ns = self._site.time_ns(seen.panel, seen.area, "holdup_window_s")
        if incident is None or seen.t_ns - incident.last_ns > window_ns:
            incident = self._begin(place, seen)
        elif len(incident.lines) >= LINES_MAX:
            incident = self._open[place] = incident.go_on(seen.line)
        rule = _RULES[seen.kind]
        incident.rise(4, rule)
        incident.because(rule)
        apart = seen.dated and seen.t_ns - incident.first_ns > HOLDUP_APART_NS
        if not place[1] and (apart or seen.code == _CONFIRMED):
            incident.because("holdup.confirmed")
        return [self._with(incident, seen)]

    def tampered(self, seen: Observation) -> list[Verdict]:
        """A tamper within the window of a hold-up confirms it."""
        incident = self._open.get((seen.panel, False))
        window_ns = self._site.time_ns(seen.panel, seen.area, "holdup_window_s")
        if incident is None or seen.t_ns - incident.last_ns > window_ns:
            return []
        if "holdup.confirmed" in incident.reasons:
            return []
        incident.because("holdup.confirmed")
        return [incident.verdict(seen.t_ns, self._means(incident.panel))]

    def _begin(self, place: tuple[str | None, bool], seen: Observation) -> Incident:
        if place not in self._open and len(self._open) >= INCIDENTS_MAX:
            del self._open[next(iter(self._open))]
        incident = Incident(
            family=Family.LIFE,
            panel=seen.panel,
            area=seen.area,
            line=seen.line,
            first_ns=seen.t_ns,
            last_ns=seen.t_ns,
        )
        self._open[place] = incident
        return incident

    def _with(self, incident: Incident, seen: Observation) -> Verdict:
        incident.last_ns = seen.t_ns
        incident.add_line(seen.line)
        incident.add_zone(seen.zone)
        return incident.verdict(seen.t_ns, self._means(incident.panel))
