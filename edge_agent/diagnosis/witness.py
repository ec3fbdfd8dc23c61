"""Decides whether two zones bear two witnesses, and whether somebody can have walked from one on.

One event that sets off two detectors proves no more than one (BS 8243, CLC/TS 50131-9): two
contacts on one door, overlapping detectors of one technology, whatever hangs on a failing supply or
bus, all that a stroke of lightning trips at once.  Detectors out of doors never confirm.
"""

from collections import Counter
from collections.abc import Sequence

from edge_agent.diagnosis.arming import AreaState, Arm, Arming
from edge_agent.diagnosis.facts import Facts
from edge_agent.diagnosis.incident import Trip, Witness
from edge_agent.diagnosis.observation import NS
from edge_agent.diagnosis.rules import RULES
from edge_agent.diagnosis.site import Site, ZoneKey
from edge_agent.domain.site import ZoneType

COMMON_ZONES = 3
RUN = RULES["common.cause"].value("run_factor")  # as fast as they walk
# a detector sees into the next room: that much less is walked
SIGHT_S = RULES["common.cause"].value("sight_s")
UNPLANNED_S = 0.5  # for each further detector, where there is no plan: nobody is as fast

_SHELL = "131"
_NO_WITNESS = frozenset(
    {
        *(ZoneType.FIRE, ZoneType.PANIC, ZoneType.HOLDUP, ZoneType.MEDICAL),
        *(ZoneType.TECHNICAL,),
    }
)


def confirms(site: Site, key: ZoneKey, wall_ns: int | None) -> bool:
    """Whether a zone can bear witness at all: indoors, of presence, and not on trial."""
    if key[1] is None:
        return False
    zone = site.zone(key)
    if zone is None:
        return True
    if zone.outdoors or zone.type in _NO_WITNESS:
        return False
    if zone.soak_until is not None:
        return not site.is_before(zone.soak_until, wall_ns)
    return True


def are_two(facts: Facts, one: Witness, other: Witness, now_ns: int) -> bool:
    """Whether two witnesses are independent of each other."""
    if one.key == other.key or one.weak or other.weak:
        return False
    if one.in_burst and other.in_burst and not (one.alone and other.alone):
        return False
    site = facts.site
    if site.sees_the_same(one.key, other.key):
        return False
    return not _share_a_fault(facts, one.key, other.key, now_ns)


def _share_a_fault(facts: Facts, one: ZoneKey, other: ZoneKey, now_ns: int) -> bool:
    first, second = facts.site.zone(one), facts.site.zone(other)
    if first is None or second is None or first.panel != second.panel:
        return False
    if first.supply == second.supply and facts.failing_supply(first, now_ns):
        return True
    if first.bus == second.bus and facts.failing_bus(first, now_ns):
        return True
    if first.wireless and second.wireless and facts.interference(first.panel, now_ns):
        return True
    return bool(facts.drifting(one, now_ns) and facts.drifting(other, now_ns))


def one_cause(
    facts: Facts,
    panel: str | None,
    trips: Sequence[tuple[ZoneKey, int]],
    members: Sequence[Witness],
) -> str:
    """Return the rule by which trips of one moment had one cause; empty: somebody walked."""
    if not members:
        return ""
    if facts.is_at_mains_step(panel, trips[0][1], trips[-1][1]):
        return "mains.step"
    if len(members) < 2:
        return ""
    again = all(one.in_burst for one in members)
    if again or (may_share(facts.site, trips) and not can_be_walked(facts.site, trips)):
        return "common.cause"
    return ""


def may_share(site: Site, trips: Sequence[tuple[ZoneKey, int]]) -> bool:
    """Whether three of these, or both, hang on one bus or supply; or may, where nobody said."""
    zones = [site.zone(key) for key, _ in trips]
    enough = min(COMMON_ZONES, len(trips))
    for names in ([zone and zone.bus for zone in zones], [zone and zone.supply for zone in zones]):
        known = Counter(name for name in names if name is not None)
        if names.count(None) + max(known.values(), default=0) >= enough:
            return True
    return False


def can_be_walked(site: Site, trips: Sequence[tuple[ZoneKey, int]]) -> bool:
    """Whether one person can have set off these, in the order of their times.

    Each is reached from the nearest of those before, at a run, less what a detector sees of the
    next room: a bound that no walker is under.  Without a plan only sheer speed tells.
    """
    elapsed_s = (trips[-1][1] - trips[0][1]) / NS
    walked_s = 0.0
    for index, (key, _) in enumerate(trips):
        if index == 0:
            continue
        steps = [site.walk_s(before, key) for before, _ in trips[:index]]
        known = [step for step in steps if step is not None]
        if len(known) < len(steps):
            return elapsed_s >= UNPLANNED_S * (len(trips) - 1) or len(trips) < COMMON_ZONES
        walked_s += min(known)
    return walked_s <= RUN * elapsed_s + SIGHT_S


def is_shell(site: Site, trip: Trip) -> bool:
    """Whether a trip is of the outer shell, as the site says or else the alarm's code."""
    kind = site.type_of(trip.key)
    return kind is ZoneType.PERIMETER or (kind is None and trip.code == _SHELL)


def is_weak(site: Site, facts: Facts, arming: Arming, trip: Trip) -> bool:
    """Whether a trip proves nobody's presence."""
    key, panel = trip.key, trip.key[0]
    if not confirms(site, key, trip.wall_ns) and not (trip.tamper and key[1] is None):
        return True
    if facts.maintained(key, trip.wall_ns):
        return True
    state = arming.state(panel, trip.area)
    if not trip.told and _may_be_at_home(site, state, trip):
        return True
    # with the area open somebody is there by right: sabotage is to be looked at, not chased
    return trip.tamper and state.disarmed_ns is not None and not state.is_armed


def _may_be_at_home(site: Site, state: AreaState, trip: Trip) -> bool:
    """Whether an opening that the panel did not call an alarm may be of people there by right.

    They may have disarmed in a long silence; or sleep there, and nobody said which zones are
    inside.
    """
    kind = site.type_of(trip.key)
    if state.is_armed:
        return state.arm is Arm.STAY and kind is None
    return kind is not ZoneType.ALWAYS and state.is_doubtful(trip.t_ns)
