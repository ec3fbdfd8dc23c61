"""Decides what an alarm falls under, what is remarkable about it, and what lies behind it.

None of this raises or lowers a tier; a cause is told where it is known, and is None where not.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from edge_agent.diagnosis.arming import Arming
from edge_agent.diagnosis.cause import Cause
from edge_agent.diagnosis.facts import Facts
from edge_agent.diagnosis.incident import Incident, Trip, Witness
from edge_agent.diagnosis.observation import NS, Observation
from edge_agent.diagnosis.rules import RULES
from edge_agent.diagnosis.site import Hours, Site, ZoneKey
from edge_agent.domain.site import Technology, ZoneSettings, ZoneType

Means = Callable[[str | None], tuple[tuple[str, ...], tuple[str, ...]]]
"""Which means of verification a panel's alarms have, and lack."""

EXIT_ERROR_NS = 300 * NS
WRONG_CODE_NS = 300 * NS
CHATTER_NS = RULES["isa.chattering"].ns("within_s")
_EXIT_CODES = frozenset({"374", "459"})
_WAY_OUT = frozenset({ZoneType.ENTRY_EXIT, ZoneType.FOLLOWER, None})  # or nobody knows
_NO_WAY = frozenset({ZoneType.PERIMETER, ZoneType.ALWAYS, ZoneType.TAMPER})
_CONTACTS = frozenset({Technology.CONTACT, Technology.LOOP, Technology.BUTTON})


@dataclass(frozen=True, slots=True)
class Cover:
    """What an alarm falls under: a test, an engineer's visit; no rule where nothing."""

    rule: str = ""
    tier: int = 1
    cause: Cause | None = None
    line: int | None = None


NO_COVER = Cover()


def covered(
    site: Site, facts: Facts, arming: Arming, key: ZoneKey, area: int | None, seen: Observation
) -> Cover:
    """Return what an alarm falls under.

    In an armed area nothing does, but a test of the whole of it that began later: panels test
    while disarmed only.  Even so nothing there falls to tier 0.
    """
    if not (facts.tests or facts.services or site.premises.maintenance):
        return NO_COVER
    state = arming.state(key[0], area)
    test = facts.test_of(key, area, seen.t_ns)
    if state.is_armed:
        whole = test is not None and facts.is_whole(key[0], test)
        if test is None or not whole or test.t_ns <= (state.armed_ns or 0):
            return NO_COVER
        return Cover("test.walk", 1, Cause.TEST, test.line)
    if test is not None and seen.dated:
        # what a panel did while it was not heard may have ended the test
        tier = 1 if facts.was_silent_since(key[0], test) else 0
        return Cover("test.walk", tier, Cause.TEST, test.line)
    named = facts.maintained(key, seen.wall_ns)
    if named and seen.dated:
        tier = 0 if state.lost_ns is None else 1  # it may have been armed in a silence
        return Cover("maintenance.window", tier, Cause.MAINTENANCE)
    visit = facts.service_of(key[0], seen.t_ns)
    if visit is not None:
        return Cover("maintenance.visit", 1, Cause.MAINTENANCE, visit.line)
    return NO_COVER if named is None else Cover("maintenance.window", 1, Cause.MAINTENANCE)


def labels(
    site: Site, facts: Facts, arming: Arming, incident: Incident, witness: Witness, trip: Trip
) -> Iterator[str]:
    """Yield the rules that have something to say of a trip."""
    zone = site.zone(trip.key)
    if witness.trips >= 2:
        yield "cp01.swinger"
        if len(witness.recent) >= 3 and witness.recent[-1] - witness.recent[-3] <= CHATTER_NS:
            yield "isa.chattering"
    if witness.trips > 1 and incident.bursts == 0 and len(incident.witnesses) > 1:
        return  # the rest was said at the first trip
    state = arming.state(trip.key[0], trip.area)
    if is_recent(site, arming, trip):
        yield "cp01.recent_close"
    if _is_exit_error(facts, trip):
        yield "cp01.exit_error"
    if trip.t_ns < state.entry_until_ns or trip.code == "134":
        yield "cp01.entry"
    if facts.is_settling(trip.key[0], trip.t_ns):
        yield "cp01.settling"
    if zone is not None:
        yield from _labels_of_zone(site, facts, zone, trip)


def is_recent(site: Site, arming: Arming, trip: Trip) -> bool:
    """Whether the area had been armed only a moment before."""
    state = arming.state(trip.key[0], trip.area)
    if not state.is_armed or state.armed_ns is None:
        return False
    closed_ns = site.time_ns(trip.key[0], trip.area, "recent_close_s")
    delay_ns = site.time_ns(trip.key[0], trip.area, "exit_delay_s")
    return trip.t_ns - state.armed_ns <= closed_ns + delay_ns


def _labels_of_zone(site: Site, facts: Facts, zone: ZoneSettings, trip: Trip) -> Iterator[str]:
    if zone.outdoors:
        yield "bs8243.outdoors"
    if zone.soak_until is not None and site.is_before(zone.soak_until, trip.wall_ns):
        yield "soak"
    if facts.failing_supply(zone, trip.t_ns):
        yield "supply.low"
    if facts.failing_bus(zone, trip.t_ns):
        yield "bus.fault"
    if zone.wireless and facts.interference(zone.panel, trip.t_ns):
        yield "radio.interference"
    hours = site.hours(trip.key[0], trip.area, trip.wall_ns)
    if hours is Hours.CLOSED and zone.type is ZoneType.ENTRY_EXIT:
        yield "schedule.closed"
    elif hours in (Hours.OPEN, Hours.NEAR):
        yield "schedule.open"


def _is_exit_error(facts: Facts, trip: Trip) -> bool:
    if trip.code in _EXIT_CODES:
        return True
    for area in (trip.area, None):
        since = facts.exit_errors.get((trip.key[0], area))
        if since is not None and trip.t_ns - since.t_ns <= EXIT_ERROR_NS:
            return True
    return False


def cause(site: Site, facts: Facts, incident: Incident, now_ns: int) -> Cause | None:
    """Return what lies behind a single unexplained trip, where something is known."""
    reasons = incident.reasons
    keys = list(incident.witnesses)
    zones = [site.zone(key) for key in keys]
    if "cp01.settling" in reasons:
        return Cause.MAINS_LOSS
    for one in (Cause.SUPPLY_LOW, Cause.BUS_FAULT, Cause.RADIO_INTERFERENCE):
        if lies_behind(site, facts, incident, one, now_ns):
            return one
    if incident.bursts:
        return Cause.COMMON_CAUSE
    if "cp01.exit_error" in reasons:
        return Cause.EXIT_ERROR
    wrong = facts.wrong_codes.get(incident.panel)
    if wrong is not None and abs(wrong.t_ns - incident.first_ns) <= WRONG_CODE_NS:
        return Cause.WRONG_CODE
    if all(facts.drifting(key, now_ns) for key in keys):
        return Cause.LOOP_DRIFT if keys else None
    return _of_one_detector(incident, zones[0].technology if len(zones) == 1 and zones[0] else None)


def _of_one_detector(incident: Incident, technology: Technology | None) -> Cause | None:
    if len(incident.witnesses) != 1:
        return None
    if "isa.chattering" in incident.reasons and technology in _CONTACTS:
        return Cause.LOOSE_CONTACT
    repeated = "cp01.swinger" in incident.reasons or "bs8243.outdoors" in incident.reasons
    return Cause.NUISANCE if repeated else None


def lies_behind(site: Site, facts: Facts, incident: Incident, cause: Cause, now_ns: int) -> bool:
    """Whether a fault that holds explains every trip of an incident."""
    zones = [site.zone(key) for key in incident.witnesses]
    if not zones:
        return False
    match cause:
        case Cause.SUPPLY_LOW:
            return all(zone is not None and facts.failing_supply(zone, now_ns) for zone in zones)
        case Cause.BUS_FAULT:
            return all(zone is not None and facts.failing_bus(zone, now_ns) for zone in zones)
        case Cause.RADIO_INTERFERENCE:
            noise = facts.interference(incident.panel, now_ns)
            return noise is not None and all(zone is not None and zone.wireless for zone in zones)
    return False


def cleared(site: Site, facts: Facts, incident: Incident, seen: Observation) -> Cause | None:
    """Return why a user had to cancel, as far as what was heard shows it."""
    reasons = incident.reasons
    if "cp01.exit_error" in reasons:
        return Cause.EXIT_ERROR
    wrong = facts.wrong_codes.get(incident.panel)
    if wrong is not None and abs(wrong.t_ns - incident.first_ns) <= WRONG_CODE_NS:
        return Cause.WRONG_CODE
    at_once = incident.bursts > 0 and all(one.in_burst for one in incident.witnesses.values())
    if at_once and "cp01.entry" not in reasons:
        return Cause.COMMON_CAUSE
    types = [site.type_of(key) for key in incident.witnesses]
    by_the_door = _came_by_the_door(reasons, types)
    if "cp01.recent_close" in reasons and (by_the_door or set(types) <= _WAY_OUT):
        return Cause.EXIT_ERROR
    if site.hours(incident.panel, incident.area, seen.wall_ns) is Hours.CLOSED:
        return Cause.UNSCHEDULED_USER
    if incident.bursts:
        return None  # a strike that opened the door, or a family that ran in
    return Cause.ENTRY_LATE if by_the_door else cause(site, facts, incident, seen.t_ns)


def _came_by_the_door(reasons: Collection[str], types: list[ZoneType | None]) -> bool:
    """Whether it began on the way in, or went on there after rooms that were walked through."""
    first = types[0] if types else None
    return first is ZoneType.ENTRY_EXIT or ("cp01.entry" in reasons and first not in _NO_WAY)
