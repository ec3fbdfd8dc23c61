"""What else is the case while an alarm is judged: failing supplies, noise, lost links, tests.

Each fact knows since when, and by which line.  None of it is an alarm; it tells what an alarm is
worth.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import TypeVar

from edge_agent.diagnosis.arming import AreaKey
from edge_agent.diagnosis.observation import NS, Measure, Observation
from edge_agent.diagnosis.rules import RULES
from edge_agent.diagnosis.site import Site, ZoneKey
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.site import ZoneSettings, ZoneType

_Key = TypeVar("_Key")

# how long after a fault of a supply or bus its zones bear one witness
SUSPECT_NS = RULES["supply.low"].ns("suspect_s")
# a link that was lost so long before a trip may have been cut for it
LINK_BEFORE_NS = RULES["link.loss_with_trip"].ns("before_s")
STEP_NS = RULES["mains.step"].ns("around_s")
DURESS_NS = 30 * NS  # around it no disarming is free
VOLTS_LOW, VOLTS_LOW_24 = RULES["supply.low"].value("low_v"), 23.0
VOLTS_OF_24 = 18.0  # nothing of 12 V nominal comes near
LOOP_DAY_NS = 86_400 * NS
FLOOD_ALARMS = round(RULES["isa.flood"].value("alarms"))
FLOOD_NS = RULES["isa.flood"].ns("within_s")
NAMES_MAX = 4096

BACKLOG_NS = 5 * NS  # what a panel says so soon after a silence may have been in that silence

_BATTERY = frozenset({"302", "309", "311", "314", "337", "338"})
_LINK = frozenset({"351", "352", "353", "354", "356", "954"})
_BUS = frozenset({"141", "142", "143", "331", "332", "333", "334", "337", "339"})
_JAMMING = "344"
_MAINS = "301"
_RESTART = "305"
_WALK_TEST = "607"
_MUTED = "575"  # by the panel, after it swung too often: its openings still tell
_SERVICE = "466"
_WRONG_CODES = frozenset({"461", "921"})  # at a keypad; at a door


@dataclass(frozen=True, slots=True)
class Since:
    """Since when something holds, and the line that said so."""

    t_ns: int
    line: int


@dataclass(slots=True)
class Facts:
    """All of it, of one site; bounded: the oldest of too many names is forgotten."""

    site: Site
    supplies: dict[tuple[str | None, str | None], Since] = field(default_factory=dict)
    buses: dict[tuple[str | None, str | None], Since] = field(default_factory=dict)
    noise: dict[str | None, Since] = field(default_factory=dict)
    jams: dict[str | None, Since] = field(default_factory=dict)
    links: dict[str | None, Since] = field(default_factory=dict)
    mains: dict[str | None, Since] = field(default_factory=dict)
    steps: dict[str | None, Since] = field(default_factory=dict)  # the mains came or went
    settling: dict[str | None, Since] = field(default_factory=dict)
    tests: dict[tuple[str | None, int | None, int | None], Since] = field(default_factory=dict)
    services: dict[str | None, Since] = field(default_factory=dict)
    duress: dict[str | None, Since] = field(default_factory=dict)
    wrong_codes: dict[str | None, Since] = field(default_factory=dict)
    exit_errors: dict[AreaKey, Since] = field(default_factory=dict)
    loops: dict[ZoneKey, Since] = field(default_factory=dict)
    measured: dict[str | None, Since] = field(default_factory=dict)
    sabotage: dict[ZoneKey, Since] = field(default_factory=dict)  # cut or covered while armed
    bypassed: dict[ZoneKey, Since] = field(default_factory=dict)
    doors: dict[ZoneKey, Since] = field(default_factory=dict)  # of the way in, that stand open
    callers: dict[str | None, Since] = field(default_factory=dict)  # panels that tell alarms
    silences: dict[str | None, tuple[int, int | None]] = field(default_factory=dict)  # from, to
    _alarms: deque[int] = field(default_factory=lambda: deque(maxlen=FLOOD_ALARMS + 1))

    # ---- what is heard

    def take(self, seen: Observation) -> None:
        """Take an observation of any kind."""
        match seen.kind:
            case Measure():
                self._measure(seen)
            case Kind.POWER:
                self._power(seen)
            case Kind.COMMS:
                self._comms(seen)
            case Kind.MODULE_TROUBLE if seen.code in _BUS:
                self._hold(self.buses, (seen.panel, None), seen)
            case Kind.SYSTEM_TROUBLE if seen.code == _RESTART:
                self._keep(self.settling, seen.panel, seen)
            case Kind.TEST if seen.code == _WALK_TEST:
                self._walk_test(seen)
            case Kind.SERVICE if seen.code == _SERVICE:
                self._visit(seen)
            case Kind.BYPASS if seen.code != _MUTED:
                self._hold(self.bypassed, (seen.panel, seen.zone), seen)
            case Kind.PANEL:
                self._panel(seen)
            case _ if seen.state is State.ACTIVE:
                self._act(seen)

    def forget_covers(self) -> None:
        """Nobody knows how much time has passed: tests and visits may be over."""
        self.tests.clear()
        self.services.clear()

    def alarmed(self, now_ns: int) -> None:
        """One more alarm was heard."""
        self._alarms.append(now_ns)

    def calls(self, seen: Observation) -> None:
        """A panel told of intruders, or who came and went: it will tell of the next one, too."""
        if seen.panel not in self.callers:
            self._keep(self.callers, seen.panel, seen)

    def armed(self, panel: str | None, area: int | None) -> None:
        """Arming ends a walk test of that area."""
        for key in [key for key in self.tests if key[0] == panel]:
            zone_area = self.site.area_of((panel, key[2])) if key[2] is not None else None
            of_area = key[1] if key[1] is not None else zone_area
            if area is None or of_area is None or of_area == area:
                del self.tests[key]

    def disarmed(self, panel: str | None) -> None:
        """Panels end bypassing with the arming that it was for."""
        for key in [key for key in self.bypassed if key[0] == panel]:
            del self.bypassed[key]

    def bypass(self, key: ZoneKey, seen: Observation) -> None:
        """A zone shows itself as bypassed."""
        self._keep(self.bypassed, key, seen)

    def closed(self, key: ZoneKey, opened_ns: int) -> None:
        """A zone that was open since `opened_ns` is closed.

        If that is why it was left out of the arming, it is watched again: panels do so too.
        """
        since = self.bypassed.get(key)
        if since is not None and opened_ns <= since.t_ns:
            del self.bypassed[key]

    def door(self, key: ZoneKey, seen: Observation) -> None:
        """A zone opens, or comes back to rest: a door of the way in may be passed while open."""
        if seen.state is not State.OPEN:
            self.doors.pop(key, None)
        elif self.site.type_of(key) is ZoneType.ENTRY_EXIT:
            self._keep(self.doors, key, seen)

    def sabotaged(self, key: ZoneKey, seen: Observation) -> None:
        """A zone of an armed area was cut or covered."""
        self._keep(self.sabotage, key, seen)

    # ---- what is asked

    def sabotage_elsewhere(self, key: ZoneKey, now_ns: int, within_ns: int) -> Since | None:
        """Return a cut or covering of another zone of the panel, not long ago."""
        for other, since in reversed(self.sabotage.items()):
            if now_ns - since.t_ns > within_ns:
                return None
            if other[0] == key[0] and other != key:
                return since
        return None

    def is_door_open(self, panel: str | None, area: int | None) -> bool:
        """Whether a door of an area's way in is known to stand open."""
        return any(key[0] == panel and self.site.area_of(key) == area for key in self.doors)

    @property
    def is_flood(self) -> bool:
        """Whether the last alarm was one of more than ten in ten minutes."""
        alarms = self._alarms
        return len(alarms) > FLOOD_ALARMS and alarms[-1] - alarms[0] <= FLOOD_NS

    def failing_supply(self, zone: ZoneSettings | None, now_ns: int) -> Since | None:
        """Return the recent fault of what powers a zone."""
        if zone is None:
            return None
        named = _recent(self.supplies.get((zone.panel, zone.supply)), now_ns, SUSPECT_NS)
        return named or _recent(self.supplies.get((zone.panel, None)), now_ns, SUSPECT_NS)

    def failing_bus(self, zone: ZoneSettings | None, now_ns: int) -> Since | None:
        """Return the recent fault of what a zone hangs on."""
        if zone is None or (zone.bus is None and self.site.names_buses(zone.panel)):
            return None
        named = _recent(self.buses.get((zone.panel, zone.bus)), now_ns, SUSPECT_NS)
        return named or _recent(self.buses.get((zone.panel, None)), now_ns, SUSPECT_NS)

    def interference(self, panel: str | None, now_ns: int) -> Since | None:
        """Return recent noise on the band of a panel's wireless detectors."""
        return _recent(self.noise.get(panel), now_ns, SUSPECT_NS)

    def jammed(self, panel: str | None, now_ns: int) -> Since | None:
        """Return a jamming that the panel reported not long ago and that goes on."""
        return _recent(self.jams.get(panel), now_ns, LINK_BEFORE_NS)

    def lost_link(self, panel: str | None, now_ns: int) -> Since | None:
        """Return a way to the outside that was lost not long ago and is not back."""
        found = [
            since
            for since in (self.links.get(panel), self.links.get(None))
            if since is not None and now_ns - since.t_ns <= LINK_BEFORE_NS
        ]
        return min(found, key=lambda since: since.t_ns, default=None)

    def is_at_mains_step(self, panel: str | None, begun_ns: int, ended_ns: int) -> bool:
        """Whether the mains came or went at the moment of some trips."""
        step = self.steps.get(panel)
        return step is not None and begun_ns - STEP_NS <= step.t_ns <= ended_ns + STEP_NS

    def is_settling(self, panel: str | None, now_ns: int) -> Since | None:
        """Return the start after a loss of power, while detectors settle."""
        settling_ns = self.site.time_ns(panel, None, "settling_s")
        return _recent(self.settling.get(panel), now_ns, settling_ns)

    def test_of(self, key: ZoneKey, area: int | None, now_ns: int) -> Since | None:
        """Return the walk test that a zone is in."""
        panel, zone = key
        longest_ns = self.site.time_ns(panel, area, "test_max_s")
        places = ((area, zone), (None, zone), (area, None), (None, None))
        for place in places if self.tests else ():
            found = _recent(self.tests.get((panel, *place)), now_ns, longest_ns)
            if found is not None:
                return found
        return None

    def is_whole(self, panel: str | None, test: Since) -> bool:
        """Whether a walk test is of a whole area."""
        return any(
            since is test and zone is None
            for (of, _, zone), since in self.tests.items()
            if of == panel
        )

    def service_of(self, panel: str | None, now_ns: int) -> Since | None:
        """Return the engineer's visit that goes on."""
        longest_ns = self.site.time_ns(panel, None, "service_max_s")
        return _recent(self.services.get(panel), now_ns, longest_ns)

    def maintained(self, key: ZoneKey, wall_ns: int | None) -> bool | None:
        """Whether announced work names this zone (True) or its whole panel (False)."""
        if wall_ns is None:
            return None
        found: bool | None = None
        for work in self.site.premises.maintenance:
            begun, over = round(work.start.timestamp()) * NS, round(work.end.timestamp()) * NS
            if work.panel == key[0] and begun <= wall_ns < over:
                if key[1] in work.zones:
                    return True
                found = False if not work.zones else found
        return found

    def earliest_ns(self, panel: str | None, now_ns: int) -> int:
        """Return when what a panel says now may have happened: a silence is told afterwards."""
        lost_ns, back_ns = self.silences.get(panel, (now_ns, None))
        return now_ns if back_ns is None or now_ns - back_ns > BACKLOG_NS else lost_ns

    def was_silent_since(self, panel: str | None, since: Since) -> bool:
        """Whether a panel was not heard at some time after `since`."""
        silence = self.silences.get(panel)
        return silence is not None and silence[0] >= since.t_ns

    def under_duress(self, panel: str | None, now_ns: int) -> Since | None:
        """Return a threat that was signalled a moment ago."""
        return _recent(self.duress.get(panel), now_ns, DURESS_NS)

    def drifting(self, key: ZoneKey, now_ns: int) -> Since | None:
        """Return the last reading of a zone's loop if it was beside the resting band."""
        return _recent(self.loops.get(key), now_ns, LOOP_DAY_NS)

    # ---- details

    def _act(self, seen: Observation) -> None:
        """Something that people did, over as soon as it was done."""
        match seen.kind:
            case Kind.DURESS:
                self._keep(self.duress, seen.panel, seen)
            case Kind.ACCESS if seen.code in _WRONG_CODES:
                self._keep(self.wrong_codes, seen.panel, seen)
            case Kind.EXIT_ERROR:
                self._keep(self.exit_errors, (seen.panel, seen.area), seen)

    def _walk_test(self, seen: Observation) -> None:
        """A walk test begins, or anew where it is told again; a restore ends what it names.

        Which areas it is of is not always said, so one of them may end it: that lowers nothing.
        """
        panel, area, zone = seen.panel, seen.area, seen.zone
        if seen.state is State.ACTIVE:
            self._keep(self.tests, (panel, area, zone), seen)
        elif seen.state is State.RESTORED:
            for key in list(self.tests):
                of_area = key[1] == area or None in (key[1], area)
                if key[0] == panel and of_area and zone in (None, key[2]):
                    del self.tests[key]

    def _visit(self, seen: Observation) -> None:
        """An engineer comes, or says so again, or leaves."""
        if seen.state is State.ACTIVE:
            self._keep(self.services, seen.panel, seen)
        elif seen.state is State.RESTORED:
            self.services.pop(seen.panel, None)

    def _hold(self, facts: dict[_Key, Since], key: _Key, seen: Observation) -> None:
        """Something begins, or ends where it was restored."""
        if seen.state is State.RESTORED:
            facts.pop(key, None)
        elif seen.state in (State.ACTIVE, State.STATUS) and key not in facts:
            self._keep(facts, key, seen)

    @staticmethod
    def _keep(facts: dict[_Key, Since], key: _Key, seen: Observation) -> None:
        facts.pop(key, None)  # the newest stand last
        if len(facts) >= NAMES_MAX:
            del facts[next(iter(facts))]
        facts[key] = Since(seen.t_ns, seen.line)

    def _measure(self, seen: Observation) -> None:
        match seen.kind:
            case Measure.SUPPLY if seen.volts is not None:
                low = VOLTS_LOW_24 if seen.volts > VOLTS_OF_24 else VOLTS_LOW
                if seen.volts < low:
                    self._keep(self.supplies, (seen.panel, seen.supply), seen)
            case Measure.RADIO if seen.interference:
                self._keep(self.noise, seen.panel, seen)
            case Measure.LOOP if seen.ohms is not None:
                self._loop(seen, seen.ohms)
            case Measure.UPLINK if seen.up is not None:
                if seen.up:
                    self.links.pop(None, None)
                elif None not in self.links:
                    self._keep(self.links, None, seen)
        if seen.panel not in self.measured:
            self._keep(self.measured, seen.panel, seen)

    def _loop(self, seen: Observation, ohms: float) -> None:
        key = seen.panel, seen.zone
        zone = self.site.zone(key)
        share = ohms / (zone.eol_ohms or 1000.0) if zone is not None else 1.0
        if 0.7 <= share < 0.9 or 1.2 < share <= 1.5:
            self._keep(self.loops, key, seen)
        else:
            self.loops.pop(key, None)

    def _power(self, seen: Observation) -> None:
        if seen.code == _MAINS:
            if seen.state in (State.ACTIVE, State.RESTORED):
                self._keep(self.steps, seen.panel, seen)
            was = self.mains.get(seen.panel)
            self._hold(self.mains, seen.panel, seen)
            if was is not None and seen.state is State.RESTORED:
                self._keep(self.settling, seen.panel, seen)
        elif seen.code in _BATTERY and seen.state is State.ACTIVE:
            self._keep(self.supplies, (seen.panel, None), seen)

    def _comms(self, seen: Observation) -> None:
        if seen.code == _JAMMING:
            self._hold(self.jams, seen.panel, seen)
            if seen.state is State.ACTIVE:
                self._keep(self.noise, seen.panel, seen)
        elif seen.code in _LINK and seen.panel is not None:
            self._hold(self.links, seen.panel, seen)

    def _panel(self, seen: Observation) -> None:
        if seen.state is State.ONLINE:
            self.links.pop(seen.panel, None)
            lost_ns, back_ns = self.silences.get(seen.panel, (0, 0))
            if back_ns is None:
                self.silences[seen.panel] = lost_ns, seen.t_ns
        elif seen.state is State.OFFLINE:
            if self.silences.get(seen.panel, (0, 0))[1] is not None and (
                seen.panel in self.silences or len(self.silences) < NAMES_MAX
            ):
                self.silences[seen.panel] = seen.t_ns, None
            if seen.panel not in (None, *self.links):
                self._keep(self.links, seen.panel, seen)


def _recent(since: Since | None, now_ns: int, within_ns: int) -> Since | None:
    return since if since is not None and now_ns - since.t_ns <= within_ns else None
