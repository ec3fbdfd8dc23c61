"""Draws buildings: rooms as a graph, detectors in them, wiring, users and opening hours.

Shapes and ranges are ours, drawn wider than any single rule would like: sites of 8 to 32 zones,
wired, mixed and wireless, told to the gateway whole, in part or by numbers only.
"""

from dataclasses import dataclass, field, replace
from random import Random

from hil.sites.plan import Area, Detail, Hours, Plan, User, Zone

ZONES_MAX = 32


@dataclass(frozen=True, slots=True)
class Style:
    """What is usual for one kind of site."""

    kind: str
    weight: float
    rooms: tuple[int, int]
    days: frozenset[int]
    open_h: tuple[float, float]
    close_h: tuple[float, float]
    users: tuple[int, int]
    panic: float  # chance of a panic button
    holdup: tuple[int, int] = (0, 0)
    second_area: float = 0.0
    outdoors: float = 0.0
    wireless: tuple[float, ...] = (0.0, 0.0, 0.3)


_WORKDAYS = frozenset(range(5))

STYLES = (
    Style(
        "home",
        3.0,
        (4, 8),
        frozenset(),
        (0, 0),
        (0, 0),
        (2, 5),
        0.4,
        outdoors=0.15,
        wireless=(0.0, 0.4, 1.0, 1.0),
    ),
    Style(
        "shop",
        3.0,
        (3, 7),
        frozenset(range(6)),
        (7.5, 10.5),
        (17.5, 22.0),
        (3, 8),
        0.3,
        (0, 2),
        outdoors=0.05,
    ),
    Style("office", 2.5, (6, 12), _WORKDAYS, (7.0, 9.0), (17.0, 20.0), (5, 14), 0.1, (0, 1), 0.35),
    Style(
        "warehouse",
        1.5,
        (4, 9),
        _WORKDAYS,
        (5.5, 8.0),
        (15.5, 19.0),
        (4, 10),
        0.1,
        second_area=0.3,
        outdoors=0.5,
    ),
    Style("bank", 0.7, (5, 9), _WORKDAYS, (8.5, 9.5), (16.5, 18.0), (5, 12), 0.0, (2, 4), 0.4),
    Style("school", 0.8, (8, 13), _WORKDAYS, (6.5, 7.5), (16.0, 18.0), (5, 12), 0.1, (0, 1), 0.2),
)

ZONES_OF_TIME = (
    ("Asia/Shanghai", "+08:00"),
    ("Asia/Shanghai", "+08:00"),
    ("Asia/Shanghai", "+08:00"),
    ("Asia/Urumqi", "+06:00"),
    ("Asia/Kolkata", "+05:30"),
    ("UTC", "+00:00"),
    ("America/Bogota", "-05:00"),
)
"""Places without daylight saving, so that local time needs no table."""


def draw_plan(rng: Random, number: int) -> Plan:
    """Draw one site."""
    style = rng.choices(STYLES, [style.weight for style in STYLES])[0]
    builder = _Builder(rng, style)
    builder.build()
    zone_name, offset = rng.choice(ZONES_OF_TIME)
    return Plan(
        kind=style.kind,
        name=f"{style.kind.capitalize()} {number}",
        timezone=zone_name,
        offset=offset,
        detail=rng.choices(list(Detail), [0.65, 0.2, 0.15])[0],
        zones=tuple(builder.wired()),
        areas=tuple(_areas(rng, builder.second is not None)),
        users=tuple(_users(rng, style)),
        hours=tuple(_hours(rng, style, builder.second is not None)),
        walks=builder.walks,
    )


def _areas(rng: Random, second: bool) -> list[Area]:
    entry_s = rng.choice((15, 20, 30, 30, 30, 45, 60))
    exit_s = rng.choice((30, 45, 60, 60, 60, 90, 120))
    areas = [Area(1, "Main", entry_s, exit_s)]
    if second:
        areas.append(Area(2, "Rear", entry_s, exit_s))
    return areas


def _users(rng: Random, style: Style) -> list[User]:
    roles = ["occupant" if style.kind == "home" else "keyholder"]
    other = "occupant" if style.kind == "home" else "staff"
    roles += [other] * (rng.randint(*style.users) - 1)
    if style.kind != "home" and rng.random() < 0.7:
        roles.append("cleaner")
    if rng.random() < 0.3:
        roles.append("guard")
    return [User(number, role) for number, role in enumerate(roles, 1)]


def _hours(rng: Random, style: Style, second: bool) -> list[Hours]:
    if not style.days:
        return []
    days = style.days | {5} if style.kind == "office" and rng.random() < 0.15 else style.days
    hours = Hours(
        1,
        days,
        round(rng.uniform(*style.open_h) * 4) * 900,
        round(rng.uniform(*style.close_h) * 4) * 900,
        rng.choice((15, 30, 30, 45, 60)),
    )
    return [hours, replace(hours, area=2)] if second else [hours]


@dataclass(slots=True)
class _Builder:
    """Puts rooms together and detectors into them."""

    rng: Random
    style: Style
    walks: dict[tuple[int, int], float] = field(default_factory=dict)
    zones: list[Zone] = field(default_factory=list)
    second: frozenset[int] | None = None  # rooms of the second area
    openings: int = 0

    def build(self) -> None:
        rng, style = self.rng, self.style
        rooms = rng.randint(*style.rooms)
        for room in range(1, rooms):
            self._join(room, rng.randrange(max(0, room - 4), room))
        for _ in range(rooms // 4):
            one, other = rng.randrange(rooms), rng.randrange(rooms)
            if one != other:
                self._join(one, other)
        if rooms > 4 and rng.random() < style.second_area:
            self.second = frozenset(range(rooms - rng.randint(1, rooms // 3), rooms))
        self._entrance()
        for room in range(1, rooms):
            self._furnish(room)
        self._outside()
        self._life_and_fire(rooms)
        del self.zones[ZONES_MAX:]

    def _join(self, one: int, other: int) -> None:
        seconds = round(self.rng.uniform(2.0, 12.0), 1)
        self.walks[one, other] = self.walks[other, one] = seconds

    def _add(self, name: str, kind: str, technology: str, room: int, uses: float = 0.0) -> Zone:
        area = 2 if self.second is not None and room in self.second else 1
        zone = Zone(len(self.zones) + 1, area, name, kind, technology, room, uses_a_day=uses)
        self.zones.append(zone)
        return zone

    def _on_opening(self, zone: Zone) -> None:
        self.zones[-1] = replace(zone, opening=self.openings)

    def _uses(self) -> float:
        """How often a room is walked into: some many times a day, some once a fortnight."""
        return float(10 ** self.rng.uniform(-1.0, 1.1))

    def _motion(self) -> str:
        return self.rng.choices(("pir", "dual", "microwave", "camera"), (0.7, 0.2, 0.06, 0.04))[0]

    def _entrance(self) -> None:
        self.openings += 1
        self._on_opening(self._add("Front door", "entry_exit", "contact", 0, 12.0))
        if self.rng.random() < 0.25:  # the second leaf of the door
            self._on_opening(self._add("Front door, second leaf", "entry_exit", "contact", 0, 0.5))
        if self.rng.random() < 0.85:
            self._add("Hall", "follower", self._motion(), 0, 14.0)

    def _furnish(self, room: int) -> None:
        rng, uses = self.rng, self._uses()
        if rng.random() < 0.78:
            technology = self._motion()
            kind = "follower" if (0, room) in self.walks and rng.random() < 0.15 else "interior"
            self._add(f"Room {room}", kind, technology, room, uses)
            if rng.random() < 0.12:  # a second detector over the same space
                other = technology if rng.random() < 0.65 else self._motion()
                self._add(f"Room {room}, far corner", kind, other, room, uses * 0.8)
        if rng.random() < 0.35:
            self.openings += 1
            self._on_opening(self._add(f"Window {room}", "perimeter", "contact", room, uses * 0.1))
            if rng.random() < 0.15:
                second = self._add(f"Window {room}, second sash", "perimeter", "contact", room, 0.1)
                self._on_opening(second)
        if rng.random() < 0.2:
            self._add(f"Glass {room}", "perimeter", "glass", room)
        if rng.random() < 0.14:
            self.openings += 1
            kind = "entry_exit" if rng.random() < 0.3 else "perimeter"
            self._on_opening(self._add(f"Back door {room}", kind, "contact", room, uses * 0.3))
        if self.style.kind == "bank" and rng.random() < 0.3:
            self._add(f"Vault wall {room}", "24h", "seismic", room)

    def _outside(self) -> None:
        if self.rng.random() < self.style.outdoors:
            for side in ("Yard", "Fence")[: self.rng.randint(1, 2)]:
                zone = self._add(side, "perimeter", "beam", 0, 4.0)
                self.zones[-1] = replace(zone, outdoors=True)

    def _life_and_fire(self, rooms: int) -> None:
        rng, style = self.rng, self.style
        for room in rng.sample(range(rooms), rng.randint(0, min(4, rooms))):
            self._add(f"Smoke {room}", "fire", "smoke", room)
        if rng.random() < 0.25:
            self._add("Kitchen heat", "fire", "heat", rng.randrange(rooms))
        if rng.random() < 0.3 and style.kind != "home":
            self._add("Call point", "fire", "call_point", 0)
        for number in range(rng.randint(*style.holdup)):
            self._add(f"Counter {number + 1}", "holdup", "button", 0)
        if rng.random() < style.panic:
            self._add("Panic button", "panic", "button", rng.randrange(rooms))
        if style.kind == "home" and rng.random() < 0.15:
            self._add("Pendant", "medical", "button", rng.randrange(rooms))
        if rng.random() < 0.5:
            self._add("Panel cover", "tamper", "contact", rng.randrange(rooms))
        if rng.random() < 0.2:
            self._add("Water", "technical", "other", rng.randrange(rooms))

    def wired(self) -> list[Zone]:
        """Return the zones on their buses and supplies, or by radio."""
        rng = self.rng
        share = rng.choice(self.style.wireless)
        eol = rng.choice((1000, 1000, 2200, 4700, 5600))
        on_a_bus = rng.choice((4, 8, 8, 16))
        found = []
        for zone in self.zones:
            by_radio = rng.random() < share and zone.technology not in {"seismic", "beam"}
            bus = None if by_radio else f"b{(zone.number - 1) // on_a_bus + 1}"
            supply = None if by_radio else f"s{(zone.number - 1) // (on_a_bus * 2) + 1}"
            found.append(
                replace(
                    zone,
                    wireless=by_radio,
                    bus=bus,
                    supply=supply,
                    eol_ohms=None if by_radio else eol,
                )
            )
        return found + self._fire_panel()

    def _fire_panel(self) -> list[Zone]:
        """A fire alarm panel of its own, on larger sites: its area is the loop."""
        if self.style.kind == "home" or self.rng.random() > 0.25:
            return []
        technologies = ["smoke"] * self.rng.randint(3, 8) + ["heat", "call_point"]
        return [
            Zone(number, 1, f"Point {number}", "fire", technology, -1, panel="f1")
            for number, technology in enumerate(technologies, 1)
        ]
