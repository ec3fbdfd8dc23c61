"""One panel as health sees it: its link, clock, supplies, buses, and all its zones."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from edge_agent.diagnosis.areas import Areas
from edge_agent.diagnosis.board import Place
from edge_agent.diagnosis.clock_of_panel import PanelTimes
from edge_agent.diagnosis.contact import Around
from edge_agent.diagnosis.health_rules import Limits
from edge_agent.diagnosis.lines import LineQuality, Presence
from edge_agent.diagnosis.maintenance import Points, points_of
from edge_agent.diagnosis.measures import HOUR_NS, S
from edge_agent.diagnosis.observation import Measure, Observation
from edge_agent.diagnosis.site import Site
from edge_agent.diagnosis.surge import Surge, Tripped
from edge_agent.diagnosis.symptom import Switch, Symptom
from edge_agent.diagnosis.together import Together
from edge_agent.diagnosis.volts import Volts
from edge_agent.diagnosis.zone_watch import ZoneWatch, tells_of_detector
from edge_agent.domain.kinds import Kind, State

Told = tuple[Place, Symptom]

UNLISTED_MAX = 4_096
"""Zones of one gateway that are watched though no settings name them: as many as the largest panels
have.  Zones come from a line, and a line may say any number."""

SUPPLIES_MAX = 128

BUS_CODES = frozenset({"141", "142", "143", "330", "331", "332", "333", "334", "343"})
MAINS_CODES = frozenset({"301", "342"})
BATTERY_CODES = frozenset({"302", "309", "311", "338"})
SUPPLY_CODES = frozenset({"312", "314", "337"})
EARTH_CODE, JAM_CODE, CLOCK_BAD_CODE, CLOCK_SET_CODE = "310", "344", "626", "625"
OFF_BUS_CODE = "382"  # of one zone: a detector of its bus does not answer
REPORT_CODES = frozenset({"350", "351", "352", "353", "354", "355", "356", "357", "358"})

LONE_NS = 600 * S
"""How long nobody else may trip, before and after, for a trip to count as alone."""


@dataclass(slots=True)
class _Power:
    lost: bool = False
    changed_ns: int | None = None


@dataclass(slots=True)
class _Alone:
    """Trips of armed zones that nobody followed yet."""

    pending: dict[int, int] = field(default_factory=dict)
    last_ns: int | None = None
    last_zone: int | None = None
    other_ns: int | None = None  # when a zone other than `last_zone` tripped last

    def tripped(self, zone: int, now_ns: int) -> None:
        """Note a trip."""
        if zone != self.last_zone:
            self.other_ns = self.last_ns
        self.last_ns, self.last_zone = now_ns, zone

    def beside_ns(self, zone: int) -> int | None:
        """Return when another zone than `zone` tripped last."""
        return self.other_ns if zone == self.last_zone else self.last_ns


class Unlisted:
    """Counts the zones that are watched though no settings name them, on all panels together."""

    def __init__(self, most: int = UNLISTED_MAX) -> None:
        self._left = most

    def take(self) -> bool:
        """Count one more; False where there are as many as are watched."""
        if self._left <= 0:
            return False
        self._left -= 1
        return True


class PanelWatch:
    """All machines of one panel; `unlisted` is shared by all panels of a gateway."""

    def __init__(self, panel: str, limits: Limits, site: Site, unlisted: Unlisted) -> None:
        self.panel = panel
        self.place = Place(panel)
        self._limits = limits
        self._site = site
        self._unlisted = unlisted
        self.zones: dict[int, ZoneWatch] = {}
        self.supplies: dict[str, Volts] = {}
        self.groups: dict[Place, Together] = {}
        self._buses_of: dict[int, tuple[Place, ...]] = {}
        self.areas = Areas(site.time_ns(panel, None, "test_max_s"))
        self.link = Presence("link.panel", limits.line.panel_silent_s)
        self._quality = LineQuality(limits.line)
        self._clock = PanelTimes(limits.clock)
        self._power = _Power()
        self._alone = _Alone()
        self._jams: deque[tuple[int, int]] = deque(maxlen=limits.radio.jam_flags)
        self._radios: set[int] = set()
        self._surge = Surge(limits.surge, self._walk_s)
        self._surges: dict[Place, int] = {}
        self._told = {
            rule: Switch(rule)
            for rule in ("mains.lost", "battery.low", "supply.told", "link.report", "radio.jammed")
        }
        self._settle_ns = int(limits.power_settle_s * S)
        self._back_ns: int | None = None  # when it was heard first, or again
        self.upset = False  # whether zones tripped or were lost where nobody should be

    # ---- where things hang

    def zone(self, number: int, now_ns: int) -> ZoneWatch | None:
        """Return a zone's machines; None where too many are watched that no settings name."""
        found = self.zones.get(number)
        if found is None:
            settings = self._site.zone((self.panel, number))
            if settings is not None or self._unlisted.take():
                found = self.zones[number] = ZoneWatch(self._limits, settings, now_ns)
        return found

    def zone_place(self, number: int) -> Place:
        """Return where a zone's findings stand."""
        return Place(self.panel, ("zone", number))

    def above(self, zone: int) -> tuple[Place, ...]:
        """Return what a zone hangs on: its bus, its supply, the panel."""
        known = self._buses_of.get(zone)
        if known is None:
            settings = self._site.zone((self.panel, zone))
            parts = []
            if settings is not None and settings.bus is not None:
                parts.append(Place(self.panel, ("bus", settings.bus)))
            if settings is not None and settings.supply is not None:
                parts.append(Place(self.panel, ("supply", settings.supply)))
            known = (*parts, self.place)
            if zone in self.zones:
                self._buses_of[zone] = known
        return known

    def area_of(self, zone: int) -> int | None:
        """Return the area that a zone is in."""
        return self._site.area_of((self.panel, zone))

    def _bus_of(self, zone: int) -> Place:
        """Return the bus that a zone hangs on; the panel stands in where the site names none."""
        place = self.above(zone)[0]
        return place if place.part is not None and place.part[0] == "bus" else self.place

    def _group(self, place: Place) -> Together:
        """Return the zones of a bus."""
        group = self.groups.get(place)
        if group is None:
            size = sum(
                1
                for zone in self._site.premises.zones
                if zone.panel == self.panel and place.part in (None, ("bus", zone.bus))
            )
            group = self.groups[place] = Together(self._limits.together, size)
        return group

    def _walk_s(self, one: int, other: int) -> float | None:
        """Return the way between two zones, 0 where both see the same space."""
        for zone, second in ((one, other), (other, one)):
            settings = self._site.zone((self.panel, zone))
            if settings is not None and second in settings.overlaps:
                return 0.0
        return self._site.walk_s((self.panel, one), (self.panel, other))

    # ---- what is heard

    def handle(self, observation: Observation, now_ns: int) -> Iterator[Told]:
        """Take one observation of this panel; yield changes with their place."""
        if self._back_ns is None:
            self._back_ns = now_ns
        told_at, wall_ns = observation.panel_time, observation.wall_ns
        if told_at is not None and wall_ns is not None and not self._is_fresh(now_ns):
            yield from self._time(told_at, wall_ns)  # what waited for the link has the time of then
        kind = observation.kind
        if kind is Kind.PANEL:
            yield from self._panel(observation.state, now_ns)
        elif kind is Measure.LINE:
            if observation.frames is not None and observation.bad is not None:
                yield from self._at_panel(self._quality.handle(observation.frames, observation.bad))
        elif kind is Measure.SUPPLY:
            yield from self._volts(observation, now_ns)
        elif observation.zone is not None and kind in _OF_ZONES:
            yield from self._zone(observation, observation.zone, now_ns)
        elif observation.code is not None and kind in _TROUBLES:
            yield from self._trouble(observation.code, observation.state, now_ns)
        if self.areas.handle(observation, now_ns):
            self._alone.pending.clear()

    def _at_panel(self, symptoms: list[Symptom]) -> Iterator[Told]:
        return ((self.place, symptom) for symptom in symptoms)

    def _time(self, text: str, wall_ns: int) -> Iterator[Told]:
        try:
            told = datetime.fromisoformat(text)
        except ValueError:
            return
        told_ns = self._site.wall_ns(told)
        if told_ns is not None:
            yield from self._at_panel(self._clock.handle(told_ns, wall_ns))

    def _panel(self, state: State | None, now_ns: int) -> Iterator[Told]:
        if state not in (State.ONLINE, State.OFFLINE):
            return
        was_gone = self.link.gone
        yield from self._at_panel(self.link.handle(state is State.ONLINE, now_ns))
        if state is State.ONLINE and was_gone:
            self._back_ns = now_ns
            for watch in self.zones.values():
                watch.unheard(now_ns)

    def _volts(self, observation: Observation, now_ns: int) -> Iterator[Told]:
        name, volts = observation.supply, observation.volts
        if volts is None or (name not in self.supplies and len(self.supplies) >= SUPPLIES_MAX):
            return
        place = self.place if name is None else Place(self.panel, ("supply", name))
        supply = self.supplies.setdefault(name or "", Volts(self._limits.supply))
        told = supply.handle(
            volts, load_test=observation.load_test, mains_lost=self._power.lost, now_ns=now_ns
        )
        yield from ((place, symptom) for symptom in told)

    # ---- troubles that the panel tells

    def _trouble(self, code: str, state: State | None, now_ns: int) -> Iterator[Told]:
        if state not in (State.ACTIVE, State.RESTORED):
            return
        on = state is State.ACTIVE
        said = f"code {code}"
        if code in MAINS_CODES:
            self._power = _Power(on, now_ns)
            for supply in self.supplies.values():
                supply.drained(now_ns)
            yield from self._at_panel(self._told["mains.lost"].set(on, said))
        elif code in BATTERY_CODES:
            yield from self._at_panel(self._told["battery.low"].set(on, said))
        elif code in SUPPLY_CODES:
            yield from self._at_panel(self._told["supply.told"].set(on, said))
        elif code in REPORT_CODES:
            yield from self._at_panel(self._told["link.report"].set(on, said))
        elif code == JAM_CODE:
            yield from self._at_panel(self._told["radio.jammed"].set(on, said))
        elif code in BUS_CODES or code == EARTH_CODE:
            place = self._only_bus()
            group = self._group(place)
            told = group.told_bus(on, said) if code in BUS_CODES else group.told_earth(on, said)
            yield from ((place, symptom) for symptom in told)
        elif code in (CLOCK_BAD_CODE, CLOCK_SET_CODE) and on:
            yield from self._at_panel(self._clock.told(code == CLOCK_BAD_CODE, said))

    def _only_bus(self) -> Place:
        """The panel numbers its modules, the site names its buses: one alone is meant for sure."""
        buses = {
            zone.bus
            for zone in self._site.premises.zones
            if zone.panel == self.panel and zone.bus is not None
        }
        return Place(self.panel, ("bus", buses.pop())) if len(buses) == 1 else self.place

    # ---- zones

    def _zone(self, observation: Observation, number: int, now_ns: int) -> Iterator[Told]:
        watch = self.zone(number, now_ns)
        if watch is None:
            return
        place, kind, state = self.zone_place(number), observation.kind, observation.state
        before_ns = watch.contact.trip_ns
        told: list[Symptom] = []
        if kind is Kind.ZONE and state is not None:
            told += watch.state(state, self.around(number, now_ns), now_ns)
            yield from self._in_groups(number, watch, state, now_ns)
        elif isinstance(kind, Kind) and tells_of_detector(kind):
            if state in (State.ACTIVE, State.RESTORED):
                around = self.around(number, now_ns)
                told += watch.alarm(state is State.ACTIVE, around, now_ns)
        elif kind is Measure.LOOP and observation.ohms is not None:
            told += watch.ohms(observation.ohms, now_ns)
            if (shift := watch.shift()) is not None:
                bus = self._bus_of(number)
                shifted = self._group(bus).shifted(number, *shift, now_ns)
                yield from ((bus, symptom) for symptom in shifted)
        elif kind is Measure.RADIO:
            self._radios.add(number)
            interference = observation.interference is True
            told += watch.signal(observation.rssi_dbm, interference, now_ns)
            yield from self._jam(number, interference, now_ns)
        elif observation.code is not None and state in (State.ACTIVE, State.RESTORED):
            told += watch.trouble(observation.code, state is State.ACTIVE)
            bus = self._bus_of(number)
            if observation.code == OFF_BUS_CODE and bus.part is not None:
                group, off = self._group(bus), state is State.ACTIVE
                of_bus = group.lost(number, now_ns) if off else group.back(number)
                yield from ((bus, symptom) for symptom in of_bus)
        heard = State.OPEN if kind is Kind.ZONE else State.ACTIVE
        of_detector = kind is Kind.ZONE or (isinstance(kind, Kind) and tells_of_detector(kind))
        if of_detector and state is heard and self._is_walked(number, now_ns):
            watch.tested_ns, watch.tested = now_ns, True
        if watch.contact.trip_ns != before_ns:
            self._tripped(number, watch, now_ns)
        yield from ((place, symptom) for symptom in told)

    def _in_groups(
        self, number: int, watch: ZoneWatch, state: State, now_ns: int
    ) -> Iterator[Told]:
        """See the zone among its neighbours: lost with its bus, struck with others."""
        lost = state in (State.UNKNOWN, State.FAULT, State.TAMPER)
        was_lost, watch.lost = watch.lost, lost
        bus = self._bus_of(number)
        if was_lost and not lost:
            yield from ((bus, symptom) for symptom in self._group(bus).back(number))
        vanished = lost and not was_lost and watch.contact.known
        if vanished:
            if bus.part is not None:
                yield from ((bus, symptom) for symptom in self._group(bus).lost(number, now_ns))
            if state is State.UNKNOWN and not self.link.gone:
                yield from ((self.zone_place(number), one) for one in watch.vanished())
        opened = state is State.OPEN and watch.contact.since_ns == now_ns
        if not opened and not vanished:
            return
        armed = self.is_armed(number, watch)
        self.upset = self.upset or armed or vanished
        if self._is_fresh(now_ns):
            return  # a first map of all zones is no event
        struck = self._surge.handle(Tripped(now_ns, number, armed, vanished))
        if struck:
            yield from self._struck(struck, now_ns)

    def _struck(self, zones: frozenset[int], now_ns: int) -> Iterator[Told]:
        """Say what was struck: what all the zones hang on, the nearest of it."""
        common = set.intersection(*(set(self.above(zone)) for zone in zones))
        place = next(place for place in self.above(min(zones)) if place in common)
        self._surges[place] = now_ns
        said = f"zones {', '.join(map(str, sorted(zones)))} at once"
        yield place, Symptom("common.struck", said)

    def _jam(self, number: int, interference: bool, now_ns: int) -> Iterator[Told]:
        limits = self._limits.radio
        if interference:
            self._jams.append((now_ns, number))
        since_ns = now_ns - int(limits.jam_zones_s * S)
        switch = self._told["radio.jammed"]
        if not interference:
            if switch.on and (not self._jams or self._jams[-1][0] < since_ns):
                yield from self._at_panel(switch.set(False, "clear again"))
            return
        recent = [zone for at_ns, zone in self._jams if at_ns >= since_ns]
        if len(recent) >= limits.jam_flags and len(set(recent)) >= 2:
            said = f"{len(set(recent))} detectors within {limits.jam_zones_s:.0f} s"
            yield from self._at_panel(switch.set(True, said))

    # ---- how things stand around a zone

    def is_armed(self, number: int, watch: ZoneWatch) -> bool:
        """Whether nobody is expected where the zone is."""
        armed = self.areas.armed(self.area_of(number))
        if armed is State.ARMED_STAY:
            return not watch.nature.inside
        return armed is State.ARMED_AWAY

    def _is_fresh(self, now_ns: int) -> bool:
        """Whether the panel is first heard, or again, a moment ago."""
        return self._back_ns is None or now_ns - self._back_ns < self._settle_ns

    def is_settling(self, now_ns: int) -> bool:
        """Whether power or link have just come back: what zones say then is not theirs."""
        changed_ns = self._power.changed_ns
        changing = changed_ns is not None and now_ns - changed_ns < self._settle_ns
        return changing or self._is_fresh(now_ns)

    def around(self, number: int, now_ns: int) -> Around:
        """Return what else is known at this moment."""
        watch = self.zones[number]
        walked, settling = self._is_walked(number, now_ns), self.is_settling(now_ns)
        return Around(
            armed=self.is_armed(number, watch),
            disturbed=walked or settling or self.failing_of(number) is not None,
            other_ns=self._alone.beside_ns(number),
        )

    def _is_walked(self, number: int, now_ns: int) -> bool:
        """Whether somebody walks where the zone is, to see that it is heard."""
        return self.areas.in_test(self.area_of(number), number, now_ns)

    def failing_of(self, number: int) -> Place | None:
        """Return what the zone hangs on that fails now."""
        for place in self.above(number):
            if place.part is not None and place.part[0] == "supply":
                supply = self.supplies.get(str(place.part[1]))
                if supply is not None and supply.failing:
                    return place
            group = self.groups.get(place)
            if (group is not None and group.failing) or place in self._surges:
                return place
        panel_supply = self.supplies.get("")
        told = self._told["supply.told"].on
        if self.link.gone or told or (panel_supply is not None and panel_supply.failing):
            return self.place
        return None

    @property
    def mains_lost(self) -> bool:
        """Whether the panel runs on battery."""
        return self._power.lost

    def line_points(self) -> tuple[Points, ...]:
        """Return what a line that is not yet noisy loses for what it damages."""
        share = self._quality.share / self._limits.line.bad_share
        if share < 0.25 or self._quality.noisy:
            return ()
        return tuple(
            Points(one.rule, round(one.points * min(share, 1.0)))
            for one in points_of(["line.noise"])
        )

    @property
    def jammed(self) -> bool:
        """Whether its radio is jammed."""
        return self._told["radio.jammed"].on

    # ---- trips that stay alone

    def _tripped(self, number: int, watch: ZoneWatch, now_ns: int) -> None:
        alone = self._alone
        before_ns, before = alone.last_ns, alone.last_zone
        alone.tripped(number, now_ns)
        for zone in [zone for zone in alone.pending if zone != number]:
            del alone.pending[zone]  # somebody followed
        recent = before_ns is not None and now_ns - before_ns < LONE_NS
        quiet = not recent or (before == number and number in alone.pending)
        around = self.around(number, now_ns)
        if not around.armed or around.disturbed or watch.nature.entry or watch.nature.by_hand:
            alone.pending.pop(number, None)
            return
        if quiet and number not in alone.pending and not recent:
            alone.pending[number] = now_ns

    def lone_due_ns(self) -> int | None:
        """Return when a trip will have stayed alone."""
        pending = self._alone.pending
        return min(pending.values()) + LONE_NS if pending else None

    # ---- time

    @property
    def has_radios(self) -> bool:
        """Whether any wireless detector was ever heard."""
        return bool(self._radios)

    def tick(self, now_ns: int, *, looks: bool) -> Iterator[Told]:
        """Judge what time alone decides; `looks`: radios too."""
        yield from self._at_panel(self.link.tick(now_ns))
        if looks:
            yield from self._look(now_ns)
        pending = self._alone.pending
        for zone in [zone for zone, at_ns in pending.items() if now_ns - at_ns >= LONE_NS]:
            del pending[zone]
            for symptom in self.zones[zone].contact.alone(now_ns):
                yield self.zone_place(zone), symptom

    def _look(self, now_ns: int) -> Iterator[Told]:
        over_ns = now_ns - int(self._limits.surge.quiet_h * HOUR_NS)
        for place in [place for place, at_ns in self._surges.items() if at_ns <= over_ns]:
            del self._surges[place]
            yield place, Symptom("common.struck", "quiet again", holds=False)
        for zone in () if self.link.gone else self._radios:
            for symptom in self.zones[zone].look(now_ns):
                yield self.zone_place(zone), symptom


_OF_ZONES = frozenset(
    {
        *(Kind.ZONE, Kind.BURGLARY, Kind.FIRE, Kind.GAS, Kind.CO, Kind.HOLDUP, Kind.PANIC),
        *(Kind.ZONE_TROUBLE, Measure.LOOP, Measure.RADIO),
    }
)
_TROUBLES = frozenset({Kind.POWER, Kind.MODULE_TROUBLE, Kind.SYSTEM_TROUBLE, Kind.COMMS, Kind.LOG})
