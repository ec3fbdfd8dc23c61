"""Decides which openings of zones are trips, where no alarm line says so.

Panels may report the first alarm only, or mute a zone that swung too often; some tell no alarms at
all.  So a zone that opens while its area is armed is a trip by itself, unless people are leaving,
or may be coming home: that is known when nobody has disarmed by the end of the entry delay.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import TypeVar

from edge_agent.diagnosis.arming import (
    AreaKey,
    Arming,
    Opening,
)
from edge_agent.diagnosis.facts import Facts
from edge_agent.diagnosis.incident import Led, Trip
from edge_agent.diagnosis.intrusion import Intrusion, Wake
from edge_agent.diagnosis.observation import NS, Observation
from edge_agent.diagnosis.rules import RULES
from edge_agent.diagnosis.site import Site, ZoneKey
from edge_agent.diagnosis.verdict import Verdict
from edge_agent.diagnosis.witness import confirms
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.site import Technology

_CUT = "371"  # the protection loop is open
_Value = TypeVar("_Value")

ZONES_MAX = 8192
BEFORE_MAX = 32  # openings of an area that an alarm may still explain
BEFORE_NS = 300 * NS
BOUNCE_NS = 3 * NS // 10  # of a contact; EN 50131-3: 400 ms and longer must be processed
SILENT_NS = 3 * NS  # after which the panel says nothing more of an opening
STALE_NS = RULES["isa.stale"].ns("after_s")
MOVING_NS = 300 * NS  # who tripped something so lately is inside, not coming home


@dataclass(slots=True)
class Contact:
    """Whether a zone is open or tampered with, and when that was last otherwise."""

    opened_ns: int
    is_open: bool = False
    is_tampered: bool = False
    closed_ns: int = -1


class Openings:
    """The openings of a site's zones."""

    def __init__(
        self, site: Site, facts: Facts, arming: Arming, intrusion: Intrusion, wake: Wake
    ) -> None:
        self._site = site
        self._facts = facts
        self._arming = arming
        self._intrusion = intrusion
        self._wake = wake
        self._contacts: OrderedDict[ZoneKey, Contact] = OrderedDict()
        self._areas: OrderedDict[ZoneKey, int] = OrderedDict()  # learned from alarms
        self._before: dict[AreaKey, deque[Trip]] = {}

    def area_of(self, key: ZoneKey) -> int | None:
        """Return the area of a zone: as configured, else as an alarm said it."""
        known = self._site.area_of(key)
        return known if known is not None else self._areas.get(key)

    def _area_told(self, seen: Observation) -> int | None:
        """Return the area that a line is of: as it says, unless the site has no such area."""
        known = self.area_of((seen.panel, seen.zone))
        if seen.area is None or (known and seen.area not in self._arming.areas_of(seen.panel)):
            return known
        return seen.area

    def is_sabotage(self, seen: Observation) -> bool:
        """Whether the panel says that a zone of an armed area is cut or covered."""
        said = (
            seen.state is State.MASKED
            if seen.kind is Kind.ZONE
            else seen.code == _CUT and seen.state is State.ACTIVE
        )
        if not said or not confirms(self._site, (seen.panel, seen.zone), seen.wall_ns):
            return False  # fog covers what stands out of doors
        return self._arming.state(seen.panel, self._area_told(seen)).is_armed

    def alarmed(self, seen: Observation) -> Led:
        """An alarm line came: return what led to it, and forget that."""
        key = seen.panel, seen.zone
        if seen.area is not None and seen.zone is not None and self._site.area_of(key) is None:
            _put(self._areas, key, seen.area)
        area = self._area_told(seen)
        before = self.taken(seen.panel, area, seen.t_ns)
        contact = self._contacts.get(key)
        if contact is None:
            return Led(tuple(before))
        stale = contact.is_open and seen.t_ns - contact.opened_ns > STALE_NS
        return Led(tuple(before), contact.opened_ns, stale)

    def taken(self, panel: str | None, area: int | None, now_ns: int) -> list[Trip]:
        """Return the openings of an area that wait to be explained, and forget them."""
        found: list[Trip] = []
        for place in list(self._before):
            if place[0] == panel and (place[1] == area or None in (area, place[1])):
                found += self._before.pop(place)
        found = [one for one in found if now_ns - one.t_ns <= BEFORE_NS]
        return sorted(found, key=lambda trip: (trip.t_ns, trip.line))

    def explained(self, key: ZoneKey) -> None:
        """The panel said what the opening of a zone was: nothing of intruders."""
        for waiting in self._before.values():
            for trip in [one for one in waiting if one.key == key]:
                waiting.remove(trip)

    def changed(self, panel: str | None, area: int | None) -> None:
        """An area was armed or disarmed: what was opened before means nothing now."""
        for place in [place for place in self._before if place[0] == panel]:
            if area is None or place[1] in (area, None):
                del self._before[place]

    def take(self, seen: Observation) -> list[Verdict]:
        """Take an observation of kind zone."""
        if seen.zone is None:
            return []
        key = seen.panel, seen.zone
        self._facts.door(key, seen)
        if seen.state in (State.OPEN, State.TAMPER):
            return self._left_rest(seen)
        contact = self._contacts.get(key)
        if contact is not None and (contact.is_open or contact.is_tampered):
            self._facts.closed(key, contact.opened_ns)
            contact.is_open = contact.is_tampered = False
            contact.closed_ns = seen.t_ns
            self._intrusion.restored(key, seen.t_ns - contact.opened_ns, seen.t_ns)
        if seen.state is State.BYPASSED:
            self._facts.bypass(key, seen)
        return []

    def _left_rest(self, seen: Observation) -> list[Verdict]:
        """A zone opens, or shows a tamper: told again is neither."""
        key = seen.panel, seen.zone
        contact = self._contacts.get(key)
        if contact is None:
            contact = Contact(seen.t_ns)
            _put(self._contacts, key, contact)
        tampered = seen.state is State.TAMPER
        if contact.is_tampered if tampered else contact.is_open:
            return []
        contact.opened_ns = seen.t_ns
        contact.is_open, contact.is_tampered = not tampered, tampered
        area = self._area_told(seen)
        worth = self._arming.opening(key, area, seen.t_ns)
        if worth is Opening.INSIDE and seen.panel not in self._facts.callers:
            worth = Opening.ENTRY  # nobody else would tell of a broken window
        if worth in (Opening.NOTHING, Opening.INSIDE) or key in self._facts.bypassed:
            return []
        if tampered:
            worth = Opening.TRIP  # nobody comes home by a cut wire
        return self._opened(Trip.of(seen, area), worth, contact)

    def _opened(self, trip: Trip, worth: Opening, contact: Contact) -> list[Verdict]:
        incident = self._intrusion.joinable(trip.key, trip.area, trip.t_ns, "")
        moving = incident is not None and trip.t_ns - incident.last_ns <= MOVING_NS
        if worth is Opening.ENTRY and not moving:
            return self._on_the_way_in(trip)
        if incident is None:
            self._remember(trip)
            self._wake(trip.t_ns + SILENT_NS, lambda now_ns: self._unreported(trip, now_ns))
            return []
        if not self._may_bounce(trip.key):
            return self._intrusion.opened(trip, trip.t_ns)
        opened_ns = contact.opened_ns
        self._wake(
            trip.t_ns + BOUNCE_NS,
            lambda now_ns: (
                [] if self._bounced(contact, opened_ns) else self._intrusion.opened(trip, now_ns)
            ),
        )
        return []

    def _may_bounce(self, key: ZoneKey) -> bool:
        zone = self._site.zone(key)
        return zone is None or zone.technology in (None, Technology.CONTACT, Technology.LOOP)

    @staticmethod
    def _bounced(contact: Contact, opened_ns: int) -> bool:
        closed = contact.closed_ns if not contact.is_open or contact.opened_ns > opened_ns else None
        return closed is not None and opened_ns <= closed < opened_ns + BOUNCE_NS

    def _on_the_way_in(self, trip: Trip) -> list[Verdict]:
        self._remember(trip)
        running_ns = self._arming.state(trip.key[0], trip.area).entry_until_ns
        if self._site.type_of(trip.key) is None:  # it may be the way in, or any room
            until_ns = trip.t_ns + self._arming.entry_ns(trip.key[0], trip.area)
            self._wake(until_ns, lambda now_ns: self._overdue(trip, now_ns))
        elif trip.t_ns >= running_ns:
            until_ns = self._arming.begin_entry(trip.key[0], trip.area, trip.t_ns)
            self._wake(until_ns, lambda now_ns: self._overdue(trip, now_ns))
        return []

    def _remember(self, trip: Trip) -> None:
        place = trip.key[0], trip.area
        if place not in self._before and len(self._before) >= ZONES_MAX:
            del self._before[next(iter(self._before))]
        self._before.setdefault(place, deque(maxlen=BEFORE_MAX)).append(trip)

    def _waiting(self, trip: Trip) -> bool:
        return trip in self._before.get((trip.key[0], trip.area), ())

    def _unreported(self, trip: Trip, now_ns: int) -> list[Verdict]:
        """A zone that alarms at once opened, and the panel said nothing."""
        contact = self._contacts.get(trip.key)
        if not self._waiting(trip) or contact is None:
            return []
        if self._may_bounce(trip.key) and self._bounced(contact, trip.t_ns):
            return []
        trips = self.taken(trip.key[0], trip.area, now_ns)
        rule = "tamper.first" if trip.tamper else "trip.unreported"
        return self._intrusion.silent(trips, rule, now_ns)

    def _overdue(self, trip: Trip, now_ns: int) -> list[Verdict]:
        """The entry delay is over and nobody disarmed: they were trips."""
        if not self._waiting(trip):
            return []
        trips = list(self._before.pop((trip.key[0], trip.area)))
        return self._intrusion.silent(trips, "cp01.entry_expired", now_ns)


def _put(table: OrderedDict[ZoneKey, _Value], key: ZoneKey, value: _Value) -> None:
    """Put a value; the oldest of too many is forgotten."""
    table[key] = value
    if len(table) > ZONES_MAX:
        table.popitem(last=False)
