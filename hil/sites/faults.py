"""Injected faults: how each begins to show, fails, and is mended.

A fault has an onset (its first trace), a failure (what a client would call in about) and an end (it
is mended).  `loud`: it fails while the site is armed and sets detectors off.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from hil.sites.days import Calendar
from hil.sites.electrics import TOP_OHMS, Electrics
from hil.sites.episode import Episode
from hil.sites.nature import cable_broken, on, strike
from hil.sites.plan import DAY_S, Zone
from hil.sites.script import Scene
from hil.sites.stimulus import Broken, ClockSet, Deaf

HOUR_S = 3600.0


@dataclass(slots=True)
class Injection:
    """One fault and all it works on."""

    scene: Scene
    electrics: Electrics
    calendar: Calendar
    episode: Episode
    onset: float
    failure: float
    end: float
    loud: bool
    taken: set[object] = field(default_factory=set)  # what already has a fault

    @property
    def why(self) -> int:
        """The mark of what it causes."""
        return self.episode.id

    def zone(self, zones: list[Zone]) -> Zone:
        """Choose one of the zones, one without a fault where there is any."""
        free = [zone for zone in zones if zone.number not in self.taken]
        zone = self.scene.rng.choice(free or zones)
        self.taken.add(zone.number)
        return zone

    def about(self, **subject: object) -> None:
        """Say what the fault is about."""
        self.episode.subject = {"panel": "p1", **subject}

    def daytime(self, a_day: float) -> list[float]:
        """Times between onset and failure at which people are there, about so many a day."""
        found = []
        for presence in self.calendar.presences:
            start, end = max(presence.start + 120, self.onset), min(presence.end - 90, self.failure)
            expected = a_day * (end - start) / (9 * HOUR_S)
            while end > start and expected > 0:
                if self.scene.chance(min(1.0, expected)):
                    found.append(self.scene.between(start, end))
                expected -= 1
        return sorted(found)

    def bang(self, zones: list[Zone], times: int, spread_s: float) -> None:
        """Set detectors off at the failure, as a loud fault does."""
        if not self.loud:
            return
        t = self.failure
        for _ in range(times):
            for zone in zones:
                held = self.scene.between(0.1, 3)
                self.scene.hold(t + self.scene.between(0, 1.5), zone, held, self.why)
            t += self.scene.between(1, spread_s)


def _wired(scene: Scene) -> list[Zone]:
    return [zone for zone in scene.plan.intrusion() if zone.eol_ohms]


def _radio(scene: Scene) -> list[Zone]:
    return [zone for zone in scene.plan.intrusion() if zone.wireless]


def _busy(scene: Scene) -> list[Zone]:
    return [zone for zone in scene.motion() if zone.uses_a_day * scene.traits.disarmed_moves >= 4]


def _supplied(scene: Scene) -> list[str]:
    return sorted({zone.supply for zone in scene.plan.intrusion() if zone.supply})


def _bused(scene: Scene) -> list[str]:
    return sorted({zone.bus for zone in scene.plan.intrusion() if zone.bus})


# ---- circuits


def loose_contact(fault: Injection) -> None:
    """Short pulses and chatter by day, more each day; at last at night."""
    scene = fault.scene
    contacts = [zone for zone in _wired(scene) if zone.technology == "contact"]
    zone = fault.zone(contacts or _wired(scene))
    on(fault.episode, zone)
    for t in fault.daytime(scene.between(4, 10)):
        at = t
        for _ in range(scene.rng.choice((1, 2, 3, 5))):
            scene.hold(at, zone, scene.between(0.05, 0.5), None)
            at += scene.between(0.6, 12)

    def flutters(_t: float, ohms: float) -> float:
        return ohms * scene.between(1.3, 6) if scene.chance(0.2) else ohms

    fault.electrics.loop(zone.number, fault.onset, fault.end, flutters)
    fault.bang([zone], scene.rng.randint(3, 9), 14)


def loop_drift(fault: Injection) -> None:
    """Corrosion or damp: resistance creeps out of its band over days."""
    scene = fault.scene
    zone = fault.zone(_wired(scene))
    on(fault.episode, zone)
    last = scene.rng.choice((0.32, 0.4, -0.22, -0.3))
    span_s = max(fault.failure - fault.onset, 1.0)

    def creeps(t: float, ohms: float) -> float:
        return ohms * (1 + last * (t - fault.onset) / span_s)

    fault.electrics.loop(zone.number, fault.onset, fault.end, creeps)
    if fault.loud:
        scene.hold(fault.failure, zone, scene.between(20, 4000), fault.why)
    else:
        cable_broken_at(fault, zone, "fault")


def cable_broken_at(fault: Injection, zone: Zone, state: str) -> None:
    """Let the panel see the circuit fail until it is mended."""
    fault.scene.add(fault.failure, Broken(zone.number, state), fault.why)
    fault.scene.add(fault.end, Broken(zone.number, "closed"), fault.why)


def cable_cut(fault: Injection) -> None:
    """A mouse, a drill: from normal to open without a door's resistance in between."""
    zone = fault.zone(_wired(fault.scene))
    on(fault.episode, zone)
    fault.onset = fault.failure
    fault.electrics.loop(zone.number, fault.failure, fault.end, lambda _t, _o: TOP_OHMS)
    _told_by_panel(fault, zone, "371")


def cable_short(fault: Injection) -> None:
    """A nail through the cable: next to nothing is measured."""
    zone = fault.zone(_wired(fault.scene))
    on(fault.episode, zone)
    fault.onset = fault.failure
    low = fault.scene.between(1, 90)
    fault.electrics.loop(zone.number, fault.failure, fault.end, lambda _t, _o: low)
    _told_by_panel(fault, zone, "372")


def _told_by_panel(fault: Injection, zone: Zone, code: str) -> None:
    """The circuit is measured at once, and the panel says so in the way it has."""
    scene = fault.scene
    cable_broken(
        scene, fault.episode, zone, "tamper" if fault.loud else "fault",
        (fault.end - fault.failure) / HOUR_S,
    )  # fmt: skip
    if scene.traits.alarm_events and scene.chance(0.6):
        scene.speak(
            fault.failure + 0.5, fault.why, panel="p1", kind="zone_trouble", code=code,
            state="active", zone=zone.number,
        )  # fmt: skip
        scene.speak(
            fault.end, fault.why, panel="p1", kind="zone_trouble", code=code,
            state="restored", zone=zone.number,
        )  # fmt: skip


def earth_fault(fault: Injection) -> None:
    """Insulation gone: the panel's own detection, or all loops of a bus shifted alike."""
    scene = fault.scene
    buses = [bus for bus in _bused(scene) if len(_on_bus(scene, bus)) >= 3]
    fault.about()
    fault.onset = fault.failure
    by_loops = bool(buses) and scene.traits.loops_every_h > 0
    if by_loops:
        bus = scene.rng.choice(buses)
        shift = scene.rng.choice((0.86, 0.9, 1.12))
        for zone in _on_bus(scene, bus):
            fault.electrics.loop(
                zone.number, fault.failure, fault.end, lambda _t, ohms: ohms * shift
            )
        fault.episode.note["near_zones"] = [zone.number for zone in _on_bus(scene, bus)]
        fault.about(bus=bus)
    if not by_loops or scene.chance(0.6):
        trouble(fault, "system_trouble", "310")


def _on_bus(scene: Scene, bus: str) -> list[Zone]:
    return [zone for zone in _wired(scene) if zone.bus == bus]


def trouble(fault: Injection, kind: str, code: str, **numbers: object) -> None:
    """The panel reports it, and that it is over."""
    if not fault.scene.traits.alarm_events and kind != "power":
        return
    for t, state in ((fault.failure, "active"), (fault.end, "restored")):
        fault.scene.speak(t, fault.why, panel="p1", kind=kind, code=code, state=state, **numbers)


# ---- power


def supply_low(fault: Injection) -> None:
    """A supply sags under load over hours; what it feeds goes off."""
    scene = fault.scene
    name = scene.rng.choice(_supplied(scene))
    fault.taken.add(name)
    fault.about(supply=name)
    low = scene.between(9.8, 10.9)
    fault.onset = max(fault.onset, fault.failure - scene.between(6, 60) * HOUR_S)
    span_s = fault.failure - fault.onset

    def sags(t: float, volts: float) -> float:
        share = min(1.0, (t - fault.onset) / span_s)
        return volts + (low - volts) * share**2 + scene.rng.gauss(0, 0.05)

    fault.electrics.volts.setdefault(name, []).append((fault.onset, fault.end, sags))
    zones = [zone for zone in scene.plan.intrusion() if zone.supply == name]
    fault.episode.note["near_zones"] = [zone.number for zone in zones]
    if not scene.traits.supplies_every_h or scene.chance(0.3):
        trouble(fault, "module_trouble", "337")
    fault.bang(scene.rng.sample(zones, min(len(zones), scene.rng.randint(2, 4))), 2, 200)


def battery_low(fault: Injection) -> None:
    """An old battery: each load test ends lower, until the panel sees it too."""
    scene = fault.scene
    supplies = _supplied(scene)
    radio = _radio(scene)
    if radio and (fault.loud or not supplies):
        zone = fault.zone(radio)
        on(fault.episode, zone)
        fault.onset = fault.failure
        trouble(fault, "zone_trouble", "384", zone=zone.number)
        fault.bang([zone], scene.rng.randint(1, 3), 300)
        return
    name = scene.rng.choice(supplies)
    fault.taken.add(name)
    fault.about(supply=name)
    last = scene.between(10.4, 11.0)
    span_s = max(fault.failure - fault.onset, 1.0)

    def ages(t: float, volts: float) -> float:
        return volts + (last - volts) * min(1.0, (t - fault.onset) / span_s)

    fault.electrics.tests.setdefault(name, []).append((fault.onset, fault.end, ages))
    trouble(fault, "power", "302")
    zones = [zone for zone in scene.plan.intrusion() if zone.supply == name]
    fault.bang(scene.rng.sample(zones, min(len(zones), 2)), 1, 60)


def mains_loss(fault: Injection) -> None:
    """The mains fail for hours; supplies run on batteries."""
    scene = fault.scene
    fault.about()
    fault.onset = fault.failure
    fault.end = fault.failure + scene.between(0.6, 7) * HOUR_S

    def discharges(t: float, _volts: float) -> float:
        return 12.7 - 0.12 * (t - fault.failure) / HOUR_S

    for name in _supplied(scene):
        fault.electrics.volts.setdefault(name, []).append((fault.failure, fault.end, discharges))
    trouble(fault, "power", "301")
    zones = scene.plan.intrusion()
    fault.bang(scene.rng.sample(zones, min(len(zones), scene.rng.randint(1, 4))), 1, 5)


# ---- radio


def radio_interference(fault: Injection) -> None:
    """Something nearby sends on the same frequency for minutes to hours."""
    scene = fault.scene
    fault.about()
    fault.onset = fault.failure
    fault.end = fault.failure + scene.between(0.3, 20) * HOUR_S
    fault.electrics.jammed.append((fault.failure, fault.end))
    zones = _radio(scene)
    fault.episode.note["near_zones"] = [zone.number for zone in zones]
    if not scene.traits.radio_every_h or scene.chance(0.6):
        trouble(fault, "comms", "344")
    else:
        for zone in zones:
            scene.speak(
                fault.failure + scene.between(5, 90), fault.why, panel="p1", kind="radio",
                zone=zone.number, rssi_dbm=round(scene.between(-62, -50)), interference=True,
            )  # fmt: skip
    fault.bang(scene.rng.sample(zones, min(len(zones), scene.rng.randint(1, 2))), 2, 200)


def radio_supervision(fault: Injection) -> None:
    """A detector's signal grows weaker, then it is not heard any more."""
    scene = fault.scene
    zone = fault.zone(_radio(scene))
    on(fault.episode, zone)
    drop = scene.between(12, 25)
    span_s = max(fault.failure - fault.onset, 1.0)

    def fades(t: float, rssi: float) -> float | None:
        return None if t >= fault.failure else rssi - drop * (t - fault.onset) / span_s

    fault.electrics.radio.setdefault(zone.number, []).append((fault.onset, fault.end, fades))
    told = scene.rng.choice((("zone_trouble", "381"), ("zone_trouble", "147")))
    trouble(fault, *told, zone=zone.number)
    fault.bang([zone], scene.rng.randint(1, 3), 300)


# ---- detectors


def sensor_degraded(fault: Injection) -> None:
    """Sees what is not there: many times its usual trips, first by day, then at night."""
    scene = fault.scene
    zone = fault.zone(_busy(scene) or scene.motion() or scene.plan.intrusion())
    on(fault.episode, zone)
    rate = max(12.0, zone.uses_a_day * scene.between(5, 10))
    for t in fault.daytime(min(rate, 90)):
        scene.hold(t, zone, scene.between(0.5, 5), None)
    fault.bang([zone], scene.rng.randint(1, 5), 900)


def sensor_stuck(fault: Injection) -> None:
    """Stays open, by day and night."""
    scene = fault.scene
    inner = [zone for zone in scene.plan.intrusion() if zone.type != "entry_exit"]
    zone = fault.zone(inner or scene.plan.intrusion())
    on(fault.episode, zone)
    fault.onset = fault.failure
    fault.end = max(fault.end, fault.failure + 30 * HOUR_S)
    scene.hold(fault.failure, zone, fault.end - fault.failure, None)


def sensor_dead(fault: Injection) -> None:
    """Does not see anybody any more, though people walk past it."""
    scene = fault.scene
    zone = fault.zone(_busy(scene))
    on(fault.episode, zone)
    fault.onset = fault.failure
    fault.end = max(fault.end, fault.failure + 6 * DAY_S)
    fault.episode.note["dead"] = True


def common_cause(fault: Injection) -> None:
    """Lightning or a dip by day: many detectors in the same second."""
    fault.episode.start = fault.failure
    strike(fault.scene, fault.episode, fault.scene.plan.intrusion())
    fault.onset, fault.end = fault.failure, fault.failure + 5


# ---- buses, lines, clocks


def bus_fault(fault: Injection) -> None:
    """An expander is not heard: everything on it is unknown."""
    scene = fault.scene
    bus = scene.rng.choice(_bused(scene))
    fault.about(bus=bus)
    fault.onset = fault.failure
    fault.end = fault.failure + scene.between(0.3, 6) * HOUR_S
    zones = [zone for zone in scene.plan.intrusion() if zone.bus == bus]
    fault.episode.note["near_zones"] = [zone.number for zone in zones]
    trouble(fault, "module_trouble", scene.rng.choice(("331", "333", "332")))
    state = "tamper" if fault.loud and scene.chance(0.5) else scene.rng.choice(("fault", "unknown"))
    for number, zone in enumerate(zones):
        scene.add(fault.failure + 0.2 + number * 0.05, Broken(zone.number, state), fault.why)
        scene.add(fault.end + number * 0.05, Broken(zone.number, "closed"), fault.why)
    if state != "tamper":
        fault.bang(scene.rng.sample(zones, min(len(zones), 3)), 1, 2)


def panel_clock(fault: Injection) -> None:
    """The panel's clock jumps, or runs away."""
    scene = fault.scene
    fault.about()
    fault.onset = fault.failure
    if scene.chance(0.7):
        offset = scene.rng.choice((-3600.0, 3600.0, 7200.0, scene.between(-900, 900)))
        scene.add(fault.failure, ClockSet(offset), fault.why)
    else:
        scene.add(fault.failure, ClockSet(0.0, scene.between(300, 3000)), fault.why)
    scene.add(fault.end, ClockSet(0.0), fault.why)


def line_noise(fault: Injection) -> None:
    """Frames with wrong sums: a bad plug, a motor beside the cable."""
    fault.about()
    fault.onset = fault.failure
    fault.electrics.noisy.append((fault.failure, fault.end, fault.scene.between(0.02, 0.15)))


def link_loss(fault: Injection) -> None:
    """The panel is not heard for minutes, once or again and again."""
    scene = fault.scene
    fault.about()
    fault.onset = t = fault.failure
    for _ in range(scene.rng.randint(1, 5)):
        silent_s = scene.between(100, 2400)
        scene.add(t, Deaf(True, held=scene.chance(0.5)), fault.why)
        scene.add(t + silent_s, Deaf(False), fault.why)
        t += silent_s + scene.between(600, 7200)
    fault.end = t


# ---- which can be seen at all


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind: what it does and whether a site could show it at all."""

    play: Callable[[Injection], None]
    shows: Callable[[Scene], bool]


def _hears_zones(scene: Scene) -> bool:
    return scene.traits.zone_lines and bool(_wired(scene))


def _speaks(scene: Scene) -> bool:
    return scene.traits.alarm_events


FAULTS: dict[str, Fault] = {
    "loose_contact": Fault(loose_contact, _hears_zones),
    "loop_drift": Fault(loop_drift, lambda s: bool(_wired(s)) and s.traits.loops_every_h > 0),
    "cable_cut": Fault(cable_cut, lambda s: bool(_wired(s)) and s.traits.loops_every_h > 0),
    "cable_short": Fault(cable_short, lambda s: bool(_wired(s)) and s.traits.loops_every_h > 0),
    "earth_fault": Fault(earth_fault, _speaks),
    "supply_low": Fault(supply_low, lambda s: bool(_supplied(s)) and s.traits.supplies_every_h > 0),
    "battery_low": Fault(
        battery_low,
        lambda s: bool(_supplied(s)) and s.traits.supplies_every_h > 0,
    ),
    "mains_loss": Fault(mains_loss, lambda _s: True),
    "radio_interference": Fault(
        radio_interference,
        lambda s: bool(_radio(s)) and (s.traits.radio_every_h > 0 or _speaks(s)),
    ),
    "radio_supervision": Fault(
        radio_supervision,
        lambda s: bool(_radio(s)) and (s.traits.radio_every_h > 0 or _speaks(s)),
    ),
    "sensor_degraded": Fault(sensor_degraded, lambda s: s.traits.zone_lines and bool(_busy(s))),
    "sensor_stuck": Fault(sensor_stuck, lambda s: s.traits.zone_lines),
    "sensor_dead": Fault(sensor_dead, lambda s: s.traits.zone_lines and bool(_busy(s))),
    "common_cause": Fault(
        common_cause, lambda s: s.traits.zone_lines and len(s.plan.intrusion()) >= 3
    ),
    "bus_fault": Fault(bus_fault, lambda s: bool(_bused(s)) and _speaks(s)),
    "panel_clock": Fault(panel_clock, lambda s: s.traits.panel_time and s.traits.alarm_events),
    "line_noise": Fault(line_noise, lambda s: s.traits.line_every_h > 0),
    "link_loss": Fault(link_loss, lambda _s: True),
}


def inject(fault: Injection, cause: str) -> None:
    """Let a fault happen and note in its episode what, on what, and from when to when."""
    episode = fault.episode
    episode.cause = cause
    FAULTS[cause].play(fault)
    episode.onset, episode.failure = fault.onset, fault.failure
    episode.note["shows"] = FAULTS[cause].shows(fault.scene)
    episode.note["mended_s"] = round(fault.end, 3)
    episode.last(fault.failure + 60)
