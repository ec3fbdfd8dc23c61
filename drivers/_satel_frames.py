"""Frames of Satel INTEGRA integration (INT-RS, ETHM): cut from the stream, read, made.

    FE FE cmd data.. crc_high crc_low FE 0D

A byte FE within a frame is sent as FE F0; FE FE begins a new frame wherever it stands.  Requests
and answers carry the same command: they are told apart by how much data follows it.  Maps have one
bit for each object, bit 0 of the first byte is object 1: 4 bytes for partitions, 16 for zones and
outputs, 32 on panels with 256 of them, where the request had a byte of data.

Source: the maker's integration protocol, as collected in the facts.  How system troubles stand in
1B and which status bits 1A has is known from open clients.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from drivers._satel_record import RECORD_BYTES, record_fields, record_signal
from edge_agent.domain.codes import Codes
from edge_agent.domain.cutter import MORE, Cutter, Found
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.panel_clock import bcd, panel_time
from edge_agent.domain.session import FaultKind, Frame, Plain, Setup
from edge_agent.domain.settings import charset_of
from edge_agent.domain.signal import Signal, Span

START, END, STUFFED = b"\xfe\xfe", b"\xfe\x0d", b"\xfe\xf0"
WIRE_BYTES_MAX = 256  # the longest known answer has 60 bytes of data; every byte may be doubled
BUSY = b"Busy!"  # what a module says to a second client, or where it is asked too soon

ZONES, ZONES_LARGE, AREAS = 128, 256, 32
CODE_BYTES = 8  # a user code: digits packed, high nibble first, filled with F
INDEX_NEWEST = 0xFFFFFF  # of 8C

MAP_NAMES: Final[Mapping[int, str]] = {
    0x00: "zones_violation",
    0x01: "zones_tamper",
    0x02: "zones_alarm",
    0x03: "zones_tamper_alarm",
    0x04: "zones_alarm_memory",
    0x05: "zones_tamper_memory",
    0x06: "zones_bypass",
    0x07: "zones_no_violation",
    0x08: "zones_long_violation",
    0x09: "areas_armed_shown",
    0x0A: "areas_armed_mode_0",
    0x0B: "areas_armed_mode_2",
    0x0C: "areas_armed_mode_3",
    0x0D: "areas_first_code",
    0x0E: "areas_entry_time",
    0x0F: "areas_exit_time",
    0x10: "areas_exit_time_short",
    0x11: "areas_blocked",
    0x12: "areas_blocked_for_guard",
    0x13: "areas_alarm",
    0x14: "areas_fire_alarm",
    0x15: "areas_alarm_memory",
    0x16: "areas_fire_alarm_memory",
    0x17: "outputs",
    0x26: "zones_isolated",
    0x27: "zones_verified_alarm",
    0x28: "zones_verified_alarm_memory",
    0x2A: "areas_armed_mode_1",
}
OTHER_NAMES: Final[Mapping[int, str]] = {
    0x18: "doors_open",
    0x19: "doors_long_open",
    0x1A: "clock",
    **{0x1B + at: f"troubles_{at + 1}" for at in range(6)},
    0x7C: "module_version",
    0x7D: "temperature",
    0x7E: "version",
    0x7F: "news",
    0x8C: "event",
    0xEE: "name",
    0xEF: "result",
}
WITH_CODE: Final = frozenset({*range(0x80, 0x8C), 0x8E, 0x90, *range(0xA0, 0xA4)})
"""What a host orders: its data begins with a user code."""
NAMED: Final = frozenset({*MAP_NAMES, *OTHER_NAMES})

RESULTS: Final[Mapping[int, str]] = {
    0x00: "ok",
    0x01: "user code not found",
    0x02: "no access",
    0x08: "other error",
    0x11: "cannot arm, but can be forced",
    0x12: "cannot arm",
    0xFF: "accepted",
}
TAKEN = frozenset({0x00, 0xFF})  # results that are no refusal
MODELS: Final[Mapping[int, str]] = {
    0: "INTEGRA 24",
    1: "INTEGRA 32",
    2: "INTEGRA 64",
    3: "INTEGRA 128",
    4: "INTEGRA 128-WRL SIM300",
    66: "INTEGRA 64 PLUS",
    67: "INTEGRA 128 PLUS",
    72: "INTEGRA 256 PLUS",
    132: "INTEGRA 128-WRL LEON",
}
SIZES: Final[Mapping[int | None, tuple[int, int]]] = {
    0: (24, 4),
    1: (32, 16),
    2: (64, 32),
    66: (64, 32),
}
"""Zones and areas of smaller models: the maps have room for more."""
LARGE_MODEL = 72  # it has 256 zones and outputs

# what a bit of a map of zones says beside the contact
_ZONE_EVENTS: Final[Mapping[int, tuple[Kind, str]]] = {
    0x01: (Kind.TAMPER, "383"),
    0x02: (Kind.BURGLARY, "130"),
    0x03: (Kind.TAMPER, "383"),
    0x07: (Kind.ZONE_TROUBLE, "380"),
    0x08: (Kind.ZONE_TROUBLE, "380"),
    0x27: (Kind.BURGLARY, "139"),
}
_BYPASSES = frozenset({0x06, 0x26})
AREA_STATES: Final[Mapping[int, State]] = {
    0x09: State.ARMED_AWAY,  # in which mode, it does not say
    0x0A: State.ARMED_AWAY,
    0x2A: State.ARMED_STAY,
    0x0B: State.ARMED_STAY,
    0x0C: State.ARMED_STAY,
    0x0E: State.ENTRY_DELAY,
    0x0F: State.EXIT_DELAY,
    0x10: State.EXIT_DELAY,
    0x13: State.ALARM,
    0x14: State.ALARM,
}
# bits of the three bytes of system troubles within 1B
SYSTEM_AT = 40
SYSTEM_TROUBLES: Final[Mapping[int, tuple[str, Kind, str]]] = {
    **{at: (f"output_{at + 1}", Kind.SYSTEM_TROUBLE, "320") for at in range(4)},
    4: ("supply_keypads", Kind.POWER, "312"),
    5: ("supply_expanders", Kind.POWER, "312"),
    6: ("battery", Kind.POWER, "302"),
    7: ("mains", Kind.POWER, "301"),
    8: ("bus_1", Kind.MODULE_TROUBLE, "333"),
    9: ("bus_2", Kind.MODULE_TROUBLE, "333"),
    10: ("bus_keypads", Kind.MODULE_TROUBLE, "333"),
    11: ("clock", Kind.LOG, "626"),
    13: ("battery_missing", Kind.POWER, "311"),
    16: ("line_no_voltage", Kind.COMMS, "351"),
    17: ("line_bad_signal", Kind.COMMS, "351"),
    18: ("line_no_signal", Kind.COMMS, "351"),
    19: ("monitoring_1", Kind.COMMS, "354"),
    20: ("monitoring_2", Kind.COMMS, "354"),
    22: ("memory", Kind.SYSTEM_TROUBLE, "303"),
}


def crc(data: bytes) -> int:
    """Return the check of command and data: 16 bits."""
    value = 0x147A
    for byte in data:
        value = (value << 1 & 0xFFFF) | value >> 15
        value ^= 0xFFFF
        value = (value + (value >> 8) + byte) & 0xFFFF
    return value


def framed(command: int, data: bytes = b"") -> bytes:
    """Return what is sent to the panel."""
    inner = bytes([command]) + data
    inner += crc(inner).to_bytes(2)
    return START + inner.replace(b"\xfe", STUFFED) + END


def packed_code(code: str) -> bytes:
    """Return a user code of digits, behind its prefix where the panel has one, as it is sent."""
    return bytes.fromhex(code.ljust(2 * CODE_BYTES, "F"))


def bits_of(data: bytes) -> list[int]:
    """Return the numbers whose bits are set, from 1."""
    value, found = int.from_bytes(data, "little"), []
    while value:
        low = value & -value
        found.append(low.bit_length())
        value ^= low
    return found


def map_of(numbers: list[int], size: int) -> bytes:
    """Return the map of `size` bytes in which these are set."""
    return sum(1 << number - 1 for number in set(numbers)).to_bytes(size, "little")


# ---- reading answers

_Read = tuple[tuple[Signal, ...], dict[str, Plain]]


def _plain(numbers: list[int]) -> list[Plain]:
    return list(numbers)


@lru_cache(maxsize=4)
def _whole_map(kind: Kind, on: State, off: State, size: int, raw: bytes) -> tuple[Signal, ...]:
    """Return the state of every object of a map of `size` bytes; the same comes often."""
    marked = set(bits_of(unstuffed(raw)[1 : size + 1]))
    return tuple(
        Signal(kind=kind, state=on if number in marked else off, zone=number, frame=raw)
        for number in range(1, 8 * size + 1)
    )


def unstuffed(raw: bytes) -> bytes:
    """Return command, data and check of a whole frame."""
    return raw[2:-2].replace(STUFFED, b"\xfe")


def _zones(command: int, data: bytes, raw: bytes) -> _Read:
    marked = bits_of(data)
    fields: dict[str, Plain] = {"zones": _plain(marked)}
    if command == 0x00:
        return _whole_map(Kind.ZONE, State.OPEN, State.CLOSED, len(data), raw), fields
    if command in _BYPASSES:
        return tuple(
            Signal(kind=Kind.ZONE, state=State.BYPASSED, zone=zone, frame=raw) for zone in marked
        ), fields
    if command not in _ZONE_EVENTS:
        return (), fields  # a memory of what is over
    kind, code = _ZONE_EVENTS[command]
    return tuple(
        Signal(kind=kind, code=code, state=State.ACTIVE, zone=zone, frame=raw) for zone in marked
    ), fields


def _areas(command: int, data: bytes, raw: bytes) -> _Read:
    """An area that is not marked is not in this state; in which it is, other maps say."""
    marked = bits_of(data)
    fields: dict[str, Plain] = {"areas": _plain(marked)}
    state = AREA_STATES.get(command)
    if state is None:
        return (), fields
    points = [Signal(kind=Kind.AREA, state=state, area=area, frame=raw) for area in marked]
    if command == 0x14:
        points += [
            Signal(kind=Kind.FIRE, code="110", state=State.ACTIVE, area=area, frame=raw)
            for area in marked
        ]
    return tuple(points), fields


def _outputs(_: int, data: bytes, raw: bytes) -> _Read:
    points = _whole_map(Kind.OUTPUT, State.ON, State.OFF, len(data), raw)
    return points, {"outputs": _plain(bits_of(data))}


def _clock(_: int, data: bytes, raw: bytes) -> _Read:
    del raw
    century, year, month, day, hour, minute, second = bcd(data[:7])
    time = panel_time((100 * century + year, month, day), (hour, minute, second))
    return (), {
        "time": time.iso,
        "time_corrected": time.corrected,
        "day_of_week": data[7] & 0x07,
        "service_mode": bool(data[7] & 0x80),
        "trouble": bool(data[7] & 0x40),
        "acu_100": bool(data[8] & 0x80),
        "int_rx": bool(data[8] & 0x40),
        "trouble_memory": bool(data[8] & 0x20),
        "grade_2_3": bool(data[8] & 0x10),
        "panel_type": data[8] & 0x0F,
    }


def _troubles(command: int, data: bytes, raw: bytes) -> _Read:
    if command != 0x1B or len(data) < SYSTEM_AT + 3:
        return (), {"data": data.hex()}
    zones = bits_of(data[:16])
    bits = [at - 1 for at in bits_of(data[SYSTEM_AT : SYSTEM_AT + 3])]
    said = [SYSTEM_TROUBLES[at] for at in bits if at in SYSTEM_TROUBLES]
    signals = [
        Signal(kind=kind, code=code, state=State.ACTIVE, frame=raw)
        for kind, code in dict.fromkeys((kind, code) for _, kind, code in said)
    ]
    signals += [
        Signal(kind=Kind.ZONE_TROUBLE, code="380", state=State.ACTIVE, zone=zone, frame=raw)
        for zone in zones
    ]
    other: list[Plain] = [at for at in bits if at not in SYSTEM_TROUBLES]
    return tuple(signals), {
        "zones": _plain(zones),
        "bits": [name for name, _, _ in said],
        "other": other,
        "data": data.hex(),
    }


def _doors(_: int, data: bytes, raw: bytes) -> _Read:
    del raw
    return (), {"doors": _plain(bits_of(data))}


def _text(data: bytes) -> str:
    return data.decode("latin-1").rstrip("\x00 ")


def _module_version(_: int, data: bytes, raw: bytes) -> _Read:
    del raw
    return (), {"version": _text(data[:11]), "capabilities": data[11]}


def _version(_: int, data: bytes, raw: bytes) -> _Read:
    del raw
    return (), {
        "model": MODELS.get(data[0], "unknown"),
        "model_code": data[0],
        "version": _text(data[1:12]),
        "language": data[12],
        "settings": data[13],
    }


def _temperature(_: int, data: bytes, raw: bytes) -> _Read:
    """Half degrees above -55; FFFF is unknown."""
    del raw
    value = int.from_bytes(data[1:3])
    return (), {"zone": data[0], "celsius": None if value == 0xFFFF else value / 2 - 55}


def _news(_: int, data: bytes, raw: bytes) -> _Read:
    del raw
    return (), {"commands": [f"{number - 1:02X}" for number in bits_of(data)]}


def _result(_: int, data: bytes, raw: bytes) -> _Read:
    del raw
    return (), {"result": data[0], "means": RESULTS.get(data[0], "unknown")}


_Reader = Callable[[int, bytes, bytes], _Read]
_MAP_SIZES = (16, 32)
_ANY = tuple(range(2, 65))  # lists of troubles and doors, which grew with the panels
# readers of answers, and the sizes that their data can have
_ANSWERS: Final[Mapping[int, tuple[_Reader, tuple[int, ...]]]] = {
    **dict.fromkeys((*range(9), 0x26, 0x27, 0x28), (_zones, _MAP_SIZES)),
    **dict.fromkeys((*range(0x09, 0x17), 0x2A), (_areas, (4,))),
    0x17: (_outputs, _MAP_SIZES),
    0x18: (_doors, _ANY),
    0x19: (_doors, _ANY),
    0x1A: (_clock, (9,)),
    **dict.fromkeys(range(0x1B, 0x21), (_troubles, _ANY)),
    0x7C: (_module_version, (12,)),
    0x7D: (_temperature, (3,)),
    0x7E: (_version, (14,)),
    0x7F: (_news, (5, 6)),
    0xEF: (_result, (1,)),
}
_REQUEST_SIZES: Final[Mapping[int, tuple[int, ...]]] = {
    0x7D: (1,),
    0x7F: (0, 12),  # with data, changes are to be pushed: another host's way
    0x8C: (3,),
    0xEE: (2,),
}
_QUESTION = (0, 1)  # one byte more asks for all 256
_NAME_SIZES = range(19, 33)  # kind, number, function, 16 characters, and what newer panels add


class SatelDecoder(Cutter):
    """Cuts at FE FE and FE 0D; a frame that another begins in is cut short.

    Of a host's orders user codes are not shown.
    """

    def __init__(self, setup: Setup) -> None:
        super().__init__()
        self._codes: Codes = setup.codes
        self._charset = charset_of(setup)
        self._scanned = 0  # of a frame that has begun: no end stands before

    def piece(self, held: bytearray, at: int, *, is_end: bool) -> tuple[int, Found]:
        """See Cutter."""
        if not held.startswith(START, at):
            return _between(held, at, is_end=is_end)
        limit = at + WIRE_BYTES_MAX
        scan, self._scanned = max(at + 2, at + self._scanned), 0
        while True:
            mark = held.find(b"\xfe", scan, limit - 1)
            if mark < 0 and len(held) >= limit:  # no frame: another one may begin within
                return 1, FaultKind.NOISE
            if mark < 0 or mark + 1 >= len(held):
                if is_end:
                    rest = len(held) - at
                    return rest, FaultKind.LENGTH if rest > 2 else FaultKind.NOISE
                self._scanned = (len(held) if mark < 0 else mark) - at
                return MORE
            match held[mark + 1]:
                case 0xF0:
                    scan = mark + 2
                case 0x0D:
                    return mark + 2 - at, self._frame(bytes(held[at : mark + 2]))
                case 0xFE if mark > at + 2:
                    return mark - at, FaultKind.LENGTH
                case _ if mark > at + 2:
                    return mark - at, FaultKind.SHAPE
                case _:  # an FE too many: the frame begins one byte later
                    return 1, FaultKind.NOISE

    # ---- whole frames

    def _frame(self, raw: bytes) -> Frame:
        inner = unstuffed(raw)
        if len(inner) < 3:
            return Frame(raw, fault=FaultKind.LENGTH)
        if crc(inner[:-2]) != int.from_bytes(inner[-2:]):
            return Frame(raw, fault=FaultKind.CHECKSUM)
        command, data = inner[0], inner[1:-2]
        if command in WITH_CODE:
            return _order(raw, command, data)
        if command not in NAMED:
            return Frame(raw, fault=FaultKind.UNSUPPORTED)
        name = OTHER_NAMES.get(command) or MAP_NAMES[command]
        fields: dict[str, Plain] = {"command": f"{command:02X}"}
        if command == 0x8C and len(data) == RECORD_BYTES:
            signal = record_signal(data, self._codes, raw)
            told = (signal,) if signal else ()
            return Frame(raw, name, told, fields | record_fields(data))
        if command == 0xEE and len(data) in _NAME_SIZES:
            text = data[3:19].decode(self._charset, "replace").rstrip("\x00 ")
            more: dict[str, Plain] = {"of": data[0], "number": data[1], "function": data[2]}
            return Frame(raw, name, (), {**fields, **more, "text": text})
        if command in _ANSWERS:
            read, sizes = _ANSWERS[command]
            if len(data) in sizes:
                signals, said = read(command, data, raw)
                return Frame(raw, name, signals, fields | said)
        if len(data) in _REQUEST_SIZES.get(command, _QUESTION) and command != 0xEF:
            return Frame(raw, "request", (), {**fields, "name": name, "data": data.hex()})
        return Frame(raw, fault=FaultKind.LENGTH)


def _between(held: bytearray, at: int, *, is_end: bool) -> tuple[int, Found]:
    if held.startswith(BUSY, at):
        return len(BUSY), Frame(BUSY, type="busy")
    found = [end for mark in (START, BUSY) if (end := held.find(mark, at)) >= 0]
    end = min(found, default=len(held) if is_end else len(held) - _begun(held, at))
    return end - at, FaultKind.NOISE


def _begun(held: bytearray, at: int) -> int:
    """Return how many of the last bytes may be the beginning of something."""
    if held.endswith(START[:1]):
        return 1
    sizes = range(min(len(BUSY) - 1, len(held) - at), 0, -1)
    return next((size for size in sizes if held.endswith(BUSY[:size])), 0)


def _order(raw: bytes, command: int, data: bytes) -> Frame:
    """Return what a host orders; the code stands behind the command, and holds no FE."""
    if len(data) < CODE_BYTES or b"\xfe" in data[:CODE_BYTES]:
        return Frame(raw, fault=FaultKind.LENGTH)
    fields: dict[str, Plain] = {
        "command": f"{command:02X}",
        "name": "order",
        "data": "*" * (2 * CODE_BYTES) + data[CODE_BYTES:].hex(),
    }
    return Frame(raw, "request", (), fields, secrets=(Span(3, 3 + CODE_BYTES),))
