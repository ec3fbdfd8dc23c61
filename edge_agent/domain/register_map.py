"""What a profile says of a device that is read by register map: blocks to read, points in them.

A profile is an operator's file: every error names the entry, what was found and what is allowed.
Addresses are 0-based as on the wire; bounds are those of the public Modbus application protocol.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from edge_agent.domain.kinds import POINTS, Kind, Origin, State
from edge_agent.domain.session import Plain, Profile, Table
from edge_agent.domain.signal import NUMBER_MAX, TEXT_CHARS_MAX, Signal

NS_PER_MS: Final = 1_000_000
POLL_MS_MAX: Final = 500  # alarm inputs are to be seen within half a second
POLL_MS_MIN: Final = 20  # one read of eight inputs takes 16 ms at 9600 baud
DEBOUNCE_MS_MAX: Final = 10_000
ADDRESS_MAX: Final = 0xFFFF
BITS_MAX: Final = 2000  # of one read (function 1, 2)
REGISTERS_MAX: Final = 125  # of one read (function 3, 4)

_BIT_TABLES = (Table.COILS, Table.DISCRETE_INPUTS)


@dataclass(frozen=True, slots=True)
class Block:
    """What one read asks for."""

    table: Table
    address: int
    count: int


@dataclass(frozen=True, slots=True)
class Point:
    """One bit of the map and what it means; `normal` is its value at rest."""

    table: Table
    address: int
    bit: int | None
    zone: int
    area: int | None
    kind: Kind
    code: str | None
    normal: int
    debounce_ns: int
    text: str | None

    def signals(self, value: int, origin: Origin, frame: bytes, *, event: bool) -> list[Signal]:
        """Return the zone's state at `value`, and with `event` the event that goes with it."""
        at_rest = value == self.normal
        found = [self._signal(Kind.ZONE, State.CLOSED if at_rest else State.OPEN, origin, frame)]
        if event:
            state = State.RESTORED if at_rest else State.ACTIVE
            found.append(self._signal(self.kind, state, origin, frame))
        return found

    def value_of(self, word: int) -> int:
        """Return this point's bit of what was read at its address."""
        return word if self.bit is None else word >> self.bit & 1

    def unknown(self) -> Signal:
        """Return that nobody knows the zone's state."""
        return self._signal(Kind.ZONE, State.UNKNOWN, Origin.LIVE, b"")

    def _signal(self, kind: Kind, state: State, origin: Origin, frame: bytes) -> Signal:
        return Signal(
            kind=kind,
            code=None if kind is Kind.ZONE else self.code,
            state=state,
            origin=origin,
            area=self.area,
            zone=self.zone,
            text=self.text,
            frame=frame,
        )


@dataclass(frozen=True, slots=True)
class RegisterMap:
    """Everything a profile says."""

    poll_ms: int
    blocks: tuple[Block, ...]
    points: tuple[Point, ...]

    def within(self, block: Block) -> list[tuple[int, Point, int]]:
        """Return index, point and offset of each point that an answer to `block` tells of."""
        return [
            (index, point, point.address - block.address)
            for index, point in enumerate(self.points)
            if point.table is block.table and 0 <= point.address - block.address < block.count
        ]


def register_map(profile: Profile) -> RegisterMap:
    """Check a profile's facts.  Raises ValueError, which names the entry and what is allowed."""
    facts = _Entry(profile.name, profile.facts, {"poll_ms", "blocks", "points"})
    found = RegisterMap(
        poll_ms=facts.integer("poll_ms", POLL_MS_MIN, POLL_MS_MAX, 250),
        blocks=tuple(
            _block(entry) for entry in facts.entries("blocks", {"table", "address", "count"})
        ),
        points=tuple(_point(entry) for entry in facts.entries("points", _POINT_KEYS)),
    )
    for point in found.points:
        if not any(
            block.table is point.table and 0 <= point.address - block.address < block.count
            for block in found.blocks
        ):
            raise ValueError(f"{profile.name}: no block reads zone {point.zone}")
    return found


_POINT_KEYS = {
    *("table", "address", "bit", "zone", "area", "kind", "code", "normal", "debounce_ms", "text"),
}


def _block(entry: "_Entry") -> Block:
    table = entry.table()
    most = BITS_MAX if table in _BIT_TABLES else REGISTERS_MAX
    return Block(table, entry.integer("address", 0, ADDRESS_MAX), entry.integer("count", 1, most))


def _point(entry: "_Entry") -> Point:
    table = entry.table()
    bit = None if table in _BIT_TABLES else entry.integer("bit", 0, 15)
    if bit is None and "bit" in entry.values:
        raise ValueError(f"{entry.place}: a {table.name.lower()} entry has no 'bit'")
    area = entry.integer("area", 1, NUMBER_MAX) if "area" in entry.values else None
    return Point(
        table=table,
        address=entry.integer("address", 0, ADDRESS_MAX),
        bit=bit,
        zone=entry.integer("zone", 1, NUMBER_MAX),
        area=area,
        kind=entry.kind(),
        code=entry.text("code"),
        normal=entry.integer("normal", 0, 1, 0),
        debounce_ns=entry.integer("debounce_ms", 0, DEBOUNCE_MS_MAX, 0) * NS_PER_MS,
        text=entry.text("text"),
    )


class _Entry:
    """One table of a profile, read key by key; every error names the place."""

    def __init__(self, place: str, values: Plain | Mapping[str, Plain], known: set[str]) -> None:
        if not isinstance(values, Mapping):
            raise ValueError(f"{place}: found {values!r}, allowed: a table of keys")  # noqa: TRY004  the operator's file, one error type
        self.place, self.values = place, values
        for key in values:
            if key not in known:
                raise ValueError(f"{place}: unknown key {key!r}; known: {', '.join(sorted(known))}")

    def entries(self, key: str, known: set[str]) -> Iterator["_Entry"]:
        values = self.values.get(key)
        if not isinstance(values, list) or not values:
            raise ValueError(f"{self.place}: {key!r} holds no entry")
        for index, value in enumerate(values):
            yield _Entry(f"{self.place}: {key}[{index}]", value, known)

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"{self.place}: {key!r} is {value!r}, allowed {low} to {high}")
        return value

    def text(self, key: str) -> str | None:
        value = self.values.get(key)
        if value is not None and (
            not isinstance(value, str) or not 0 < len(value) <= TEXT_CHARS_MAX
        ):
            raise ValueError(f"{self.place}: {key!r} is {value!r}, allowed: text")
        return value if isinstance(value, str) else None

    def table(self) -> Table:
        value = self.values.get("table")
        names = {table.name.lower(): table for table in Table}
        if not isinstance(value, str) or value not in names:
            raise ValueError(f"{self.place}: 'table' is {value!r}, allowed {', '.join(names)}")
        return names[value]

    def kind(self) -> Kind:
        value = self.values.get("kind")
        kinds = {kind.value: kind for kind in Kind if kind not in POINTS and kind != "open_close"}
        if not isinstance(value, str) or value not in kinds:
            raise ValueError(f"{self.place}: 'kind' is {value!r}, allowed {', '.join(kinds)}")
        return kinds[value]
