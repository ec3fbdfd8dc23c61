"""Decides which two independent detectors prove nobody: who comes and goes by right, and pets.

BS 8243 leaves the entry route out of confirmation once its door was opened, CP-01 names what alarms
a moment after arming: most false alarms are of people on that route.  Whoever goes on, or leaves
the route, is believed.
"""

from edge_agent.diagnosis.arming import MOTION
from edge_agent.diagnosis.facts import Facts
from edge_agent.diagnosis.incident import Incident, Trip, Witness
from edge_agent.diagnosis.observation import NS
from edge_agent.diagnosis.rules import RULES
from edge_agent.diagnosis.site import Site
from edge_agent.domain.site import ZoneType

ENTRY = "134"  # an alarm at the end of an entry delay
QUIET_NS = 300 * NS  # what trips after such a silence is another who comes
# burglars do not stand still so long in view of one detector only
APART_NS = RULES["motion.apart"].ns("apart_s")
ROOMS = 3  # so many are walked through
ROOMS_LEFT = 2  # who leaves too slowly is in one room still
WAY_IN = frozenset({ZoneType.ENTRY_EXIT, ZoneType.FOLLOWER})


class Doubt:
    """What a site's plan and doors say against two witnesses."""

    def __init__(self, site: Site, facts: Facts) -> None:
        self._site = site
        self._facts = facts

    def of(self, incident: Incident, one: Witness, other: Witness) -> str:
        """Return the rule by which two independent witnesses prove nobody; empty: none."""
        if incident.tampered is not None:
            return ""
        if self._is_idle(incident, one, other):
            return "motion.apart"
        if (
            "cp01.recent_close" in incident.reasons
            and all(self._may_be_way_out(incident, witness) for witness in (one, other))
            and self._rooms(incident) < ROOMS_LEFT
        ):
            return "cp01.way_out"  # who leaves too slowly, or comes back for the keys
        if not (self._may_be_way_in(one) and self._may_be_way_in(other)):
            return ""
        newest_ns = max(one.last_ns, other.last_ns)
        return "bs8243.way_in" if self._is_way_in(incident, newest_ns) else ""

    def _rooms(self, incident: Incident) -> int:
        """How many rooms off the way in somebody was seen in."""
        kinds = (
            ZoneType.INTERIOR if kind is None and witness.called else kind
            for witness in incident.witnesses.values()
            if not witness.weak
            for kind in (self._site.type_of(witness.key),)
        )
        return sum(kind is ZoneType.INTERIOR for kind in kinds)

    def comes_in(self, incident: Incident, trip: Trip) -> None:
        """Note when somebody may have come by the door: he has the entry delay to say who he is.

        It is to be called before the trip becomes the newest of the incident.
        """
        delay_ns = self.entry_ns(trip)
        if self._is_door(trip):  # its alarm comes when the delay is over
            came_ns = trip.t_ns - delay_ns if trip.told else trip.t_ns
        elif trip.t_ns - incident.last_ns > QUIET_NS and self._facts.is_door_open(
            trip.key[0], trip.area
        ):
            came_ns = trip.t_ns
        else:
            return
        if incident.in_time_ns is None or came_ns > incident.in_time_ns:
            incident.in_time_ns = came_ns + delay_ns

    def entry_ns(self, trip: Trip) -> int:
        """Return the entry delay of a trip's area."""
        return self._site.time_ns(trip.key[0], trip.area, "entry_delay_s")

    def _is_door(self, trip: Trip) -> bool:
        return self._site.type_of(trip.key) is ZoneType.ENTRY_EXIT or trip.code == ENTRY

    def _may_be_way_out(self, incident: Incident, witness: Witness) -> bool:
        """Whether who leaves passes a zone: the way in, or a room moments after the arming."""
        kind = self._site.type_of(witness.key)
        if kind is None and incident.breach is not None:
            return False
        return kind in WAY_IN or (kind in (ZoneType.INTERIOR, None) and witness.leaving)

    def _may_be_way_in(self, witness: Witness) -> bool:
        """Whether a zone is of the way in: as the site says; else if no alarm was called of it."""
        kind = self._site.type_of(witness.key)
        return kind in WAY_IN or (kind is None and not witness.called)

    def _is_way_in(self, incident: Incident, newest_ns: int) -> bool:
        """Whether nothing but the way in was passed, as long as somebody who came may take."""
        return (
            incident.in_time_ns is not None
            and newest_ns <= incident.in_time_ns
            and all(
                self._may_be_way_in(one) or newest_ns - one.last_ns > QUIET_NS
                for one in incident.witnesses.values()
            )
        )

    def _is_idle(self, incident: Incident, one: Witness, other: Witness) -> bool:
        """Whether nothing but motion was seen, in two rooms and long after each other.

        Nobody came in by a door or window, and who walks through rooms is seen by more than one
        detector in five minutes: pets, balloons, heaters are not.  A third room is no such thing.
        """
        if abs(one.last_ns - other.last_ns) <= APART_NS:
            return False
        if sum(not witness.weak for witness in incident.witnesses.values()) >= ROOMS:
            return False
        zones = [self._site.zone(key) for key in incident.witnesses]
        return all(zone is not None and zone.technology in MOTION for zone in zones)
