"""What a profile says of a device that is read by register map: its points, and how to read them.

A profile is an operator's file: every error names the entry, what was found and what is allowed.
Addresses are 0-based as on the wire; bounds are those of the public Modbus application protocol.
docs/drivers/modbus_map.md has the whole language.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from edge_agent.domain.end_of_line import Circuit
from edge_agent.domain.kinds import Kind
from edge_agent.domain.profile_entry import Entry
from edge_agent.domain.register_meanings import circuits, words
from edge_agent.domain.register_points import (
    Bit,
    Hold,
    Loop,
    Meaning,
    Point,
    Standing,
    Switch,
    Word,
)
from edge_agent.domain.session import Profile, Table
from edge_agent.domain.signal import NUMBER_MAX

NS_PER_MS: Final = 1_000_000
POLL_MS_MAX: Final = 500  # alarm inputs are to be seen within half a second
GENTLE_POLL_MS_MAX: Final = 2000  # of gateways that refresh themselves once a second, by profile
POLL_MS_MIN: Final = 20  # one read of eight inputs takes 16 ms at 9600 baud
DEBOUNCE_MS_MAX: Final = 10_000
ADDRESS_MAX: Final = 0xFFFF
BITS_MAX: Final = 2000  # of one read (function 1, 2)
REGISTERS_MAX: Final = 125  # of one read (function 3, 4)
POINTS_MAX: Final = 10_000  # the largest fire panels have some 5000
BLOCKS_MAX: Final = 512

_BIT_TABLES = (Table.COILS, Table.DISCRETE_INPUTS)
_LOOP_HOLD_MS = {"alarm_ms": 300, "restore_ms": 400, "undefined_ms": 2000}


@dataclass(frozen=True, slots=True)
class Block:
    """What one read asks for."""

    table: Table
    address: int
    count: int

    def holds(self, table: Table, address: int) -> bool:
        """Tell whether it reads that address."""
        return table is self.table and 0 <= address - self.address < self.count


CLOCK_PARTS: Final = ("year", "month", "day", "hour", "minute", "second")


@dataclass(frozen=True, slots=True)
class Clock:
    """Where the device keeps its time: one holding register a part, in the order of `parts`.

    `century` is added to a year below 100.  `read`: it is compared with ours; `write`: it may be
    set, where the site allows it.
    """

    address: int
    parts: tuple[str, ...]
    century: int
    read: bool
    write: bool


@dataclass(frozen=True, slots=True)
class Device:
    """Which device the map is of, and who saw it work on one; None: nobody has."""

    maker: str = "any"
    model: str = "any"
    firmware: str = "any"
    verified_by: str | None = None
    verified_when: str | None = None


@dataclass(frozen=True, slots=True)
class RegisterMap:
    """Everything a profile says."""

    poll_ms: int
    blocks: tuple[Block, ...]
    points: tuple[Point, ...]
    clock: Clock | None = None
    device: Device = Device()

    def within(self, block: Block) -> list[tuple[int, Point, int]]:
        """Return index, point and offset of each point that an answer to `block` tells of."""
        return [
            (index, point, point.address - block.address)
            for index, point in enumerate(self.points)
            if block.holds(point.table, point.address)
        ]


def register_map(profile: Profile, points_max: int | None = None) -> RegisterMap:
    """Check a profile's facts.  Raises ValueError, which names the entry and what is allowed.

    `points_max` reads only so many of each range: a panel that is smaller than its map.
    """
    facts = Entry(profile.name, profile.facts, _MAP_KEYS)
    named = _Named(circuits(facts), words(facts))
    points = _contacts(
        point
        for entry in facts.entries("points", _POINT_KEYS)
        for point in _points(entry, named, points_max)
    )
    if len(points) > POINTS_MAX:
        raise ValueError(f"{profile.name}: {len(points)} points, allowed {POINTS_MAX}")
    if "blocks" in facts.values:
        blocks = [_block(entry) for entry in facts.entries("blocks", _BLOCK_KEYS)]
    else:
        blocks = _blocks_for(points, facts.integer("read_max", 1, BITS_MAX, BITS_MAX))
    if len(blocks) > BLOCKS_MAX:
        raise ValueError(f"{profile.name}: {len(blocks)} reads a round, allowed {BLOCKS_MAX}")
    for point in points:
        _check_read(profile.name, point, blocks)
    return RegisterMap(
        poll_ms=facts.integer("poll_ms", POLL_MS_MIN, GENTLE_POLL_MS_MAX, 250),
        blocks=tuple(blocks),
        points=tuple(points),
        clock=_clock(facts),
        device=_device(facts),
    )


_MAP_KEYS = {
    *("poll_ms", "read_max", "blocks", "points", "words", "loops", "clock", "device", "line"),
}
_BLOCK_KEYS = {"table", "address", "count"}
_POINT_KEYS = {
    *("table", "address", "count", "bit", "bits", "word", "loop", "reference"),
    *("zone", "area", "zones_per_area", "output", "kind", "code", "normal", "text"),
    *("debounce_ms", "alarm_ms", "restore_ms", "undefined_ms"),
}
_CLOCK_KEYS = {"address", "parts", "century", "read", "write"}
_DEVICE_KEYS = {"maker", "model", "firmware", "verified_by", "verified_when"}


@dataclass(frozen=True, slots=True)
class _Named:
    """What points refer to by name."""

    circuits: Mapping[str, Circuit]
    words: Mapping[str, Word]


# ---- blocks


def _block(entry: Entry) -> Block:
    table = _table(entry)
    most = BITS_MAX if table in _BIT_TABLES else REGISTERS_MAX
    return Block(table, entry.integer("address", 0, ADDRESS_MAX), entry.integer("count", 1, most))


def _blocks_for(points: Iterable[Point], read_max: int) -> list[Block]:
    """Return the reads that cover the points: what is side by side is read together.

    Full ones are in turn one shorter: answers on a serial bus have no numbers, and so a late or
    doubled one has another length than the next that is awaited.
    """
    wanted: dict[Table, set[int]] = {}
    for point in points:
        addresses = wanted.setdefault(point.table, set())
        addresses.add(point.address)
        if isinstance(point.meaning, Loop) and point.meaning.reference is not None:
            addresses.add(point.meaning.reference)
    blocks: list[Block] = []
    for table, addresses in wanted.items():
        most = min(read_max, BITS_MAX if table in _BIT_TABLES else REGISTERS_MAX)
        for address in sorted(addresses):
            last = blocks[-1] if blocks and blocks[-1].table is table else None
            full = most if len(blocks) % 2 else max(1, most - 1)
            if last and address == last.address + last.count and last.count < full:
                blocks[-1] = Block(table, last.address, last.count + 1)
            else:
                blocks.append(Block(table, address, 1))
    return blocks


def _check_read(profile: str, point: Point, blocks: Iterable[Block]) -> None:
    """Raise ValueError unless one block reads the point, and its reference along with it."""
    reading = [block for block in blocks if block.holds(point.table, point.address)]
    if not reading:
        raise ValueError(f"{profile}: no block reads zone {point.zone}")
    reference = point.meaning.reference if isinstance(point.meaning, Loop) else None
    if reference is not None and not any(b.holds(point.table, reference) for b in reading):
        raise ValueError(
            f"{profile}: zone {point.zone} and its reference {reference} are not in one block: "
            "their share is one only where both are of one moment"
        )


# ---- points


def _contacts(points: Iterable[Point]) -> list[Point]:
    """Return the points; the first of each zone is its contact, further ones tell beside it.

    A zone without an area is the same in any, as for everybody who hears of it.
    """
    seen: dict[tuple[bool, int | None], set[int | None]] = {}
    found = []
    for point in points:
        areas = seen.setdefault((point.is_output, point.zone), set())
        known = bool(areas) if point.area is None else bool(areas & {point.area, None})
        found.append(replace(point, contact=False) if known else point)
        areas.add(point.area)
    return found


def _points(entry: Entry, named: _Named, points_max: int | None) -> Iterator[Point]:
    """Yield the points of one entry: `count` addresses of `bits` bits each, numbers running on."""
    table = _table(entry)
    first = entry.integer("bit", 0, 15, None if _needs_bit(entry, table) else -1)
    bits = entry.integer("bits", 1, 16 - max(first, 0), 1)
    count = entry.integer("count", 1, ADDRESS_MAX, 1)
    address = entry.integer("address", 0, ADDRESS_MAX)
    if address + count - 1 > ADDRESS_MAX:
        raise ValueError(f"{entry.place}: 'count' {count} goes beyond address {ADDRESS_MAX}")
    if (count > 1 or bits > 1) and not {"zone", "output"} & entry.values.keys():
        raise ValueError(f"{entry.place}: several points need the number of the first: 'zone'")
    limit = count * bits if points_max is None or count * bits == 1 else points_max
    for at in range(min(count * bits, limit)):
        step, bit = divmod(at, bits)
        yield _point(entry, named, (table, address + step, first + bit if first >= 0 else None), at)


def _needs_bit(entry: Entry, table: Table) -> bool:
    """Tell whether one bit of many is meant; raise ValueError where 'bit' makes no sense."""
    told = {"bit", "bits"} & entry.values.keys()
    if told and table in _BIT_TABLES:
        raise ValueError(f"{entry.place}: a {table.name.lower()} entry has no 'bit'")
    if told and {"word", "loop"} & entry.values.keys():
        raise ValueError(f"{entry.place}: a word or loop is a whole register: no 'bit'")
    return table not in _BIT_TABLES and not {"word", "loop"} & entry.values.keys()


def _point(entry: Entry, named: _Named, place: tuple[Table, int, int | None], at: int) -> Point:
    table, address, bit = place
    meaning, hold = _meaning(entry, named, bit), _hold(entry)
    if table in _BIT_TABLES and isinstance(meaning, Word | Loop):
        raise ValueError(f"{entry.place}: a {table.name.lower()} entry is one bit")
    number = "output" if isinstance(meaning, Switch) else "zone"
    zone = entry.integer_or_none(number, 1, NUMBER_MAX)
    area = entry.integer_or_none("area", 1, NUMBER_MAX)
    if zone is not None and at:
        each = entry.integer_or_none("zones_per_area", 1, ADDRESS_MAX)
        areas, step = (0, at) if each is None else divmod(at, each)
        zone, area = zone + step, None if area is None else area + areas
    return Point(table, address, meaning, zone, area, entry.text("text"), hold)


def _meaning(entry: Entry, named: _Named, bit: int | None) -> Meaning:
    what = [key for key in ("word", "loop", "output") if key in entry.values]
    if len(what) > 1:
        raise ValueError(f"{entry.place}: found {' and '.join(what)}, allowed: one of them")
    normal = entry.integer("normal", 0, 1, 0)
    if what == ["output"]:
        return Switch(bit, normal)
    if what == ["word"]:
        return entry.one_of("word", named.words)
    event = Standing(entry.kind(), entry.text("code"))
    if what == ["loop"]:
        circuit = entry.one_of("loop", named.circuits)
        reference = entry.integer_or_none("reference", 0, ADDRESS_MAX)
        return Loop(circuit, event, *_troubles(event), reference)
    return Bit(bit, normal, event)


def _troubles(event: Standing) -> tuple[Standing, Standing]:
    """Return what a damaged cable means: tamper, but of a fire loop a fault."""
    fault = Standing(Kind.ZONE_TROUBLE, "380")
    if event.kind is Kind.FIRE:
        return Standing(Kind.ZONE_TROUBLE, "373"), fault
    return Standing(Kind.TAMPER, "383"), fault


def _hold(entry: Entry) -> Hold:
    both = entry.integer("debounce_ms", 0, DEBOUNCE_MS_MAX, 0)
    if "loop" not in entry.values:
        return Hold(both * NS_PER_MS, both * NS_PER_MS, both * NS_PER_MS)
    default = {key: both or usual for key, usual in _LOOP_HOLD_MS.items()}
    alarm, restore, undefined = (
        entry.integer(key, 0, DEBOUNCE_MS_MAX, default[key]) * NS_PER_MS for key in _LOOP_HOLD_MS
    )
    return Hold(alarm, restore, undefined)


def _table(entry: Entry) -> Table:
    return entry.one_of("table", {table.name.lower(): table for table in Table})


# ---- clock and device


def _clock(facts: Entry) -> Clock | None:
    if "clock" not in facts.values:
        return None
    entry = Entry(f"{facts.place}: clock", facts.values["clock"], _CLOCK_KEYS)
    told = entry.values.get("parts", list(CLOCK_PARTS))
    if not isinstance(told, list) or sorted(map(str, told)) != sorted(CLOCK_PARTS):
        raise ValueError(f"{entry.place}: 'parts' is {told!r}, allowed: {', '.join(CLOCK_PARTS)}")
    return Clock(
        address=entry.integer("address", 0, ADDRESS_MAX - len(CLOCK_PARTS)),
        parts=tuple(map(str, told)),
        century=entry.integer("century", 0, 9900, 0),
        read=entry.flag("read", True),
        write=entry.flag("write", False),
    )


def _device(facts: Entry) -> Device:
    entry = Entry(f"{facts.place}: device", facts.values.get("device", {}), _DEVICE_KEYS)
    return Device(
        maker=entry.text("maker") or "any",
        model=entry.text("model") or "any",
        firmware=entry.text("firmware") or "any",
        verified_by=entry.text("verified_by"),
        verified_when=entry.text("verified_when"),
    )
