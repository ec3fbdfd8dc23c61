"""Weeks of ordinary life of a shop, and faults put into them: timelines for the tests of health.

Plain and independent of the shipped rules: people open doors, walk through rooms, arm at night;
loops, supplies and radios are read at their own pace with their own noise.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from edge_agent.diagnosis.observation import NS, Measure, Observation
from edge_agent.diagnosis.site import Site
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.site import Premises, Technology, ZoneSettings, ZoneType

HOUR_S, DAY_S = 3_600.0, 86_400.0
START_NS = 1_795_363_200 * NS  # Monday 2026-11-23, midnight UTC

DOOR, OFFICE_DOOR, WINDOW, SHOP, STORE, OFFICE, GLASS, SMOKE = range(1, 9)


def premises() -> Premises:
    def zone(number: int, technology: str, kind: str, **more: Any) -> ZoneSettings:
        return ZoneSettings(
            panel="p1",
            zone=number,
            area=1,
            technology=Technology(technology),
            type=ZoneType(kind),
            **{"bus": "b1", "supply": "s1", **more},
        )

    return Premises(
        zones=(
            zone(DOOR, "contact", "entry_exit", eol_ohms=1_000),
            zone(OFFICE_DOOR, "contact", "interior", eol_ohms=1_000),
            zone(WINDOW, "contact", "perimeter", eol_ohms=1_000),
            zone(SHOP, "pir", "follower", eol_ohms=1_000),
            zone(STORE, "pir", "interior", eol_ohms=1_000),
            zone(OFFICE, "pir", "interior", wireless=True, bus=None, supply=None),
            zone(GLASS, "glass", "perimeter"),
            zone(SMOKE, "smoke", "fire"),
        )
    )


def site() -> Site:
    return Site(premises())


@dataclass
class Life:
    """Observations by time; `at` adds one.  `bustle`: how many people come, 1 a busy shop."""

    seed: int = 1
    days: int = 14
    bustle: float = 1.0
    said: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def at(self, t_s: float, kind: Kind | Measure, **more: Any) -> None:
        self.said.append((t_s, {"kind": kind, "panel": "p1", **more}))

    def zone(self, t_s: float, number: int, state: State) -> None:
        self.at(t_s, Kind.ZONE, zone=number, state=state)

    def trip(self, t_s: float, number: int, lasts_s: float) -> None:
        self.zone(t_s, number, State.OPEN)
        self.zone(t_s + lasts_s, number, State.CLOSED)

    def ordinary(self) -> "Life":
        """People by day, nobody by night and on Sunday."""
        for number in range(1, 9):
            self.zone(0.0, number, State.CLOSED)
        self.at(0.5, Kind.AREA, area=1, state=State.ARMED_AWAY)
        for day in range(self.days):
            if day % 7 != 6:
                self._open_day(day * DAY_S)
        self._measured()
        return self

    def _open_day(self, day_s: float) -> None:
        opens = day_s + (7.8 + 0.3 * self.random.random()) * HOUR_S
        closes = day_s + (18.3 + 0.5 * self.random.random()) * HOUR_S
        self.trip(opens, DOOR, 5.0)
        self.at(opens + 12.0, Kind.AREA, area=1, state=State.DISARMED, user=3)
        rates = {DOOR: 90.0, OFFICE_DOOR: 600.0, WINDOW: 12_000.0}
        rates |= {SHOP: 20.0, STORE: 300.0, OFFICE: 120.0}
        for number, once_s in rates.items():
            every_s = once_s / self.bustle
            t = opens + 15.0 + self.random.expovariate(1 / every_s)
            while t < closes - 60.0:
                lasts = self.random.uniform(2.0, 9.0)
                self.trip(t, number, lasts)
                t += lasts + 1.0 + self.random.expovariate(1 / every_s)
        self.at(closes, Kind.AREA, area=1, state=State.ARMED_AWAY, user=3)

    def _measured(self) -> None:
        for number in (DOOR, OFFICE_DOOR, WINDOW, SHOP, STORE):
            level = self.random.uniform(985, 1_030)
            for step in range(int(self.days * 24)):
                t = step * HOUR_S + 37.0 * number
                self.at(t, Measure.LOOP, zone=number, ohms=level * self.random.gauss(1, 0.006))
        for step in range(int(self.days * 24)):
            volts = 13.65 + self.random.gauss(0, 0.03)
            self.at(step * HOUR_S + 20.0, Measure.SUPPLY, supply="s1", volts=volts)
        for step in range(int(self.days * 96)):
            rssi = -68 + self.random.gauss(0, 2)
            t = step * 900.0 + self.random.uniform(0, 60)
            self.at(t, Measure.RADIO, zone=OFFICE, rssi_dbm=rssi, interference=False)

    def without(self, what: Any) -> None:
        """Take away what `what(t_s, said)` names."""
        self.said = [(t, said) for t, said in self.said if not what(t, said)]

    def change(self, what: Any) -> None:
        """Let `what(t_s, said)` change what is said."""
        for t, said in self.said:
            what(t, said)

    def observations(self) -> Iterator[Observation]:
        end_s = self.days * DAY_S
        for line, (t, said) in enumerate(sorted(self.said, key=lambda one: one[0]), 2):
            if 0 <= t < end_s:
                t_ns = round(t * NS)
                yield Observation(line=line, t_ns=t_ns, wall_ns=START_NS + t_ns, **said)
