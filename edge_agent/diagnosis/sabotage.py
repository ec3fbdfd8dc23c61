"""Decides when a single trip is no chance: a link was lost, the band jammed, a zone cut or covered.

None of these is an alarm by itself.  With a trip that nothing else explains, somebody works against
the system: AVS-01 has a tamper or a cut cable with a trip at tier 3.
"""

from edge_agent.diagnosis.arming import Arming
from edge_agent.diagnosis.facts import STEP_NS, Facts
from edge_agent.diagnosis.incident import Incident, Witness
from edge_agent.diagnosis.observation import NS
from edge_agent.diagnosis.site import Site

MAINS_NS = 10 * NS  # what trips so soon after the mains went, trips by itself


class Sabotage:
    """What raises an incident of one witness; each answers whether it did."""

    def __init__(self, site: Site, facts: Facts, arming: Arming) -> None:
        self._site = site
        self._facts = facts
        self._arming = arming

    def was_elsewhere(self, incident: Incident, witness: Witness, now_ns: int) -> bool:
        """Another zone was cut or covered while armed, within the confirmation time."""
        window_ns = self._site.time_ns(incident.panel, incident.area, "confirm_window_s")
        since = self._facts.sabotage_elsewhere(witness.key, now_ns, window_ns)
        if since is None or incident.tier >= 3 or not self._is_clean(incident, witness):
            return False
        incident.add_line(since.line)
        incident.rise(3, "avs01.tamper_and_trip")
        incident.because("avs01.tamper_and_trip")
        return True

    def cut_off(self, incident: Incident, witness: Witness, now_ns: int) -> bool:
        """A link was lost about then, or the band is jammed and the zone is wired."""
        if incident.tier != 1 or not self._is_clean(incident, witness):
            return False
        zone = self._site.zone(witness.key)
        link = self._facts.lost_link(incident.panel, now_ns)
        wired = zone is not None and not zone.wireless and zone.technology is not None
        jam = self._facts.jammed(incident.panel, now_ns) if wired else None
        since, rule = (link, "link.loss_with_trip") if link else (jam, "radio.jam_with_trip")
        if since is None:
            return False
        incident.add_line(since.line)
        incident.rise(2, rule)
        incident.because(rule)
        return True

    def _is_clean(self, incident: Incident, witness: Witness) -> bool:
        """Whether nothing else explains a single trip."""
        mains = self._facts.mains.get(incident.panel)
        at_once = (  # who cuts the mains tripped something before
            mains is not None and -STEP_NS <= witness.first_ns - mains.t_ns <= MAINS_NS
        )
        zone = self._site.zone(witness.key)
        noisy = zone is not None and zone.wireless
        state = self._arming.state(incident.panel, incident.area)
        return (
            state.is_supposed_armed
            and not (incident.covered or incident.bursts or incident.at_once)
            and not (witness.weak or witness.trips > 1 or witness.in_burst or at_once)
            and not (noisy and self._facts.interference(incident.panel, witness.first_ns))
        )
