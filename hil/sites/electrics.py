"""What the gateway measures: loops, supplies, radio, frames; and what faults do to it."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from hil.sites.plan import DAY_S
from hil.sites.script import Scene

Change: TypeAlias = Callable[[float, float], float | None]
"""From time and healthy value to what is measured; None: no answer."""

TOP_OHMS = 900_000.0  # an open circuit, as far as a meter goes


@dataclass(slots=True)
class Electrics:
    """Faults as changes of what is measured, each over a span of time."""

    loops: dict[int, list[tuple[float, float, Change]]] = field(default_factory=dict)
    volts: dict[str, list[tuple[float, float, Change]]] = field(default_factory=dict)
    tests: dict[str, list[tuple[float, float, Change]]] = field(default_factory=dict)
    radio: dict[int, list[tuple[float, float, Change]]] = field(default_factory=dict)
    jammed: list[tuple[float, float]] = field(default_factory=list)
    noisy: list[tuple[float, float, float]] = field(
        default_factory=list
    )  # with share of bad frames

    def loop(self, zone: int, start: float, end: float, change: Change) -> None:
        """Change what a zone's loop measures."""
        self.loops.setdefault(zone, []).append((start, end, change))


def _changed(changes: list[tuple[float, float, Change]], t: float, value: float) -> float | None:
    for start, end, change in changes:
        if start <= t < end:
            changed = change(t, value)
            if changed is None:
                return None
            value = changed
    return value


def measure(scene: Scene, electrics: Electrics) -> None:
    """Write all measurements of the timeline."""
    _loops(scene, electrics)
    _supplies(scene, electrics)
    _radio(scene, electrics)
    _frames(scene, electrics)


def _times(scene: Scene, every_h: float) -> Iterator[float]:
    if every_h:
        t = scene.between(0, every_h * 3600)
        while t < scene.days * DAY_S:
            yield t
            t += every_h * 3600 * scene.between(0.97, 1.03)


def _loops(scene: Scene, electrics: Electrics) -> None:
    wired = [zone for zone in scene.plan.intrusion() if zone.eol_ohms]
    for zone in wired:
        nominal = float(zone.eol_ohms or 0) * scene.between(0.97, 1.04)
        warmth = scene.between(0.001, 0.015) * (2 if zone.outdoors else 1)
        for t in _times(scene, scene.traits.loops_every_h):
            ohms: float | None = nominal * (1 + scene.rng.gauss(0, 0.004))
            ohms = (ohms or 0) * (1 + warmth * math.sin(t / DAY_S * math.tau))
            if zone.technology == "contact" and scene.chance(0.004):
                ohms *= 2  # measured while the door stood open
            ohms = _changed(electrics.loops.get(zone.number, []), t, ohms)
            if ohms is not None:
                scene.speak(
                    t, panel="p1", kind="loop", zone=zone.number, ohms=round(min(ohms, TOP_OHMS))
                )


def _supplies(scene: Scene, electrics: Electrics) -> None:
    names = sorted({zone.supply for zone in scene.plan.zones if zone.supply})
    for name in names:
        floating = scene.between(13.4, 13.8)
        for t in _times(scene, scene.traits.supplies_every_h):
            volts = _changed(electrics.volts.get(name, []), t, floating + scene.rng.gauss(0, 0.04))
            if volts is not None:
                scene.speak(t, panel="p1", kind="supply", supply=name, volts=round(volts, 2))
        rested = scene.between(12.4, 12.8)
        every_h = scene.traits.load_test_h if scene.traits.supplies_every_h else 0.0
        for t in _times(scene, every_h):
            volts = _changed(electrics.tests.get(name, []), t, rested + scene.rng.gauss(0, 0.05))
            if volts is not None:
                scene.speak(
                    t, panel="p1", kind="supply", supply=name,
                    volts=round(volts, 2), load_test=True,
                )  # fmt: skip


def _radio(scene: Scene, electrics: Electrics) -> None:
    for zone in scene.plan.intrusion():
        if not zone.wireless:
            continue
        usual = scene.between(-88, -55)
        for t in _times(scene, scene.traits.radio_every_h):
            jammed = any(start <= t < end for start, end in electrics.jammed)
            heard = usual + scene.rng.gauss(0, 2)
            rssi = _changed(electrics.radio.get(zone.number, []), t, heard)
            if rssi is not None and rssi > -112:
                scene.speak(
                    t, panel="p1", kind="radio", zone=zone.number,
                    rssi_dbm=round(rssi), interference=jammed,
                )  # fmt: skip


def _frames(scene: Scene, electrics: Electrics) -> None:
    for t in _times(scene, scene.traits.line_every_h):
        frames = scene.rng.randint(600, 4000)
        share = next((s for a, b, s in electrics.noisy if a <= t < b), 0.0)
        bad = round(frames * share * scene.between(0.7, 1.3))
        if not share and scene.chance(0.1):
            bad = scene.rng.randint(1, 2)
        scene.speak(t, panel="p1", kind="line", frames=frames, bad=bad)
