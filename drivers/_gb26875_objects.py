"""What the application data of GB/T 26875.3 says: objects, and the signals of each.

Data: type, count, objects.  Objects of state (system 1, component 2, transmission device 21) give
one signal for each bit that is set; operations (4, 24) give what an operator did as `log`;
versions, texts, clocks and measurements stand in the fields.  What is the maker's own is kept as
`unknown`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from drivers._gb26875_frames import Command, time_of
from edge_agent.domain.codes import Codes, Place, Qualifier
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.session import Plain
from edge_agent.domain.signal import TEXT_CHARS_MAX, Signal

TEXT_BYTES: Final = 31
REGISTRATION: Final = 22
FIRE_BIT: Final = 1
TEST_BIT: Final = 16  # no bit of the wire: no bit at all is set, not even "normal"
RESET_OPERATION: Final = 0
RESET_BIT: Final = 13


@dataclass(frozen=True, slots=True)
class Bit:
    """What one bit means: the code where there is one, else an output, else a log entry."""

    code: str = ""
    is_output: bool = False
    words: str = ""  # for people; the panel sends a bit


_FIRE = Bit("110")
_STARTED = Bit(is_output=True)
_FEEDBACK = Bit(words="反馈 feedback")
_DELAY = Bit(words="延时 delay running")
_TEST = Bit("604")

SYSTEM: Final = {
    1: _FIRE,
    2: Bit("300"),
    3: Bit("571"),
    4: Bit("200"),
    5: _STARTED,
    6: _FEEDBACK,
    7: _DELAY,
    8: Bit("301"),
    9: Bit("302"),
    10: Bit("331"),
    11: Bit(words="手动 manual mode"),
    12: Bit(words="配置改变 configuration changed"),
    13: Bit(words="复位 reset"),
    TEST_BIT: _TEST,
}
COMPONENT: Final = {
    1: _FIRE,
    2: Bit("380"),
    3: Bit("571"),
    4: Bit("200"),
    5: _STARTED,
    6: _FEEDBACK,
    7: _DELAY,
    8: Bit("337"),
    TEST_BIT: _TEST,
}
DEVICE: Final = {
    1: _FIRE,
    2: Bit("300"),
    3: Bit("301"),
    4: Bit("302"),
    5: Bit("350"),
    6: Bit("330"),
    TEST_BIT: _TEST,
}
OPERATIONS: Final = (
    "复位 reset",
    "消音 silence",
    "手动报警 manual alarm",
    "警情消除 alarm cancelled",
    "自检 self test",
    "确认 confirm",
    "测试 test",
)
DEVICE_OPERATIONS: Final = (
    *OPERATIONS[:5],
    "查岗应答 duty check answered",
    OPERATIONS[6],
)
DUTY_ANSWER: Final = 5

_DETECTORS: Final = {
    **dict.fromkeys(range(40, 45), "111"),  # smoke
    **dict.fromkeys(range(30, 38), "114"),  # heat
    23: "115",  # manual call point
    24: "115",  # hydrant button
    **dict.fromkeys((61, 62, 69), "117"),  # flame
    96: "113",  # flow switch
    **dict.fromkeys((10, 11, 12, 13), "151"),  # combustible gas
}

# analogue types: unit, and what one step of the value is
_UNITS: Final = {
    1: ("count", 1.0),
    2: ("m", 0.01),
    3: ("C", 0.1),
    4: ("MPa", 0.1),
    5: ("kPa", 0.1),
    6: ("%LEL", 0.1),
    7: ("s", 1.0),
    8: ("V", 0.1),
    9: ("A", 0.1),
    10: ("L/s", 0.1),
    11: ("m3/min", 0.1),
    12: ("m/s", 1.0),
}


@dataclass(frozen=True, slots=True)
class Thing:
    """Something with a state: a system, a component or the transmission device itself."""

    key: tuple[int, ...]
    status: int
    bits: Mapping[int, Bit]
    place: Place
    component: int | None = None

    @property
    def active(self) -> int:
        """The bits that stand, as a number; bits without a meaning are left out."""
        stands = sum(1 << bit for bit in self.bits if self.status >> bit & 1)
        return stands if stands or self.status & 1 else 1 << TEST_BIT


@dataclass(frozen=True, slots=True)
class Said:
    """What a frame's data says."""

    type: str
    fields: dict[str, Plain] = field(default_factory=dict)
    things: tuple[Thing, ...] = ()
    acts: tuple[Signal, ...] = ()  # what happened, apart from the state of things
    resets: tuple[tuple[int, ...], ...] = ()  # keys of systems that were reset
    is_duty_answer: bool = False


class UnfitError(ValueError):
    """The contents do not fit their own lengths."""


def words_of(data: bytes, charset: str) -> str:
    """Return a padded text; half a character at its end is left out, nothing raises.

    Text that reads as Chinese in UTF-8 is UTF-8: so does one of 50,000 texts of GB 18030.
    """
    text = data.split(b"\x00", 1)[0]
    is_full = len(data) == len(text)  # it may end in the middle of a character
    told = _decoded(text, "utf-8", is_full=is_full)
    if told is None or not _CHINESE.fullmatch(told):
        found = _decoded(text, charset, is_full=is_full)
        told = told if found is None else found
    if told is not None:
        return _printable(told)
    try:
        return _printable(text.decode(charset, errors="replace"))
    except ValueError:  # some codecs replace nothing
        return _printable(text.decode("latin-1"))


_CHINESE = re.compile(r"[ -~]*(?:[\u3000-\u9fff\uff00-\uffef][ -~]*)+")


def _decoded(text: bytes, charset: str, *, is_full: bool) -> str | None:
    for cut in range(min(4, len(text) + 1) if is_full else 1):
        try:
            return text[: len(text) - cut].decode(charset)
        except ValueError:
            continue
    return None


def _printable(text: str) -> str:
    kept = "".join(char for char in text if char.isprintable()).strip()
    return kept[:TEXT_CHARS_MAX]


def signal(codes: Codes, thing: Thing, bit: int, state: State, origin: Origin) -> Signal:
    """Return what `bit` of `thing` says: `state` is active, restored or status."""
    meant, place = thing.bits[bit], thing.place
    if meant.is_output:
        on = State.OFF if state is State.RESTORED else State.ON
        return _placed(Kind.OUTPUT, on, place, origin)
    if not meant.code:
        return _placed(Kind.LOG, state, place, origin, text=place.text or meant.words)
    code = meant.code
    if bit == FIRE_BIT and thing.component is not None:
        code = _DETECTORS.get(thing.component, code)
    meaning = codes.contact_id(Qualifier.NEW, code)
    return _placed(meaning.kind, state, place, origin, code=code)


def at_rest(thing: Thing, origin: Origin) -> Signal:
    """Return that a component is as it should be."""
    return _placed(Kind.ZONE, State.CLOSED, thing.place, origin)


def _placed(
    kind: Kind,
    state: State,
    place: Place,
    origin: Origin,
    *,
    code: str | None = None,
    text: str | None = None,
) -> Signal:
    return Signal(
        kind=kind,
        state=state,
        code=code,
        origin=origin,
        area=place.area,
        zone=place.number,
        user=place.user,
        account=place.account,
        text=text or place.text,
        panel_time=place.panel_time,
        frame=place.frame,
    )


def signals_of(codes: Codes, said: Said) -> tuple[Signal, ...]:
    """Return all that a frame says, without memory of what was said before."""
    found: list[Signal] = []
    for thing in said.things:
        stands = [bit for bit in thing.bits if thing.active >> bit & 1]
        found += [signal(codes, thing, bit, State.ACTIVE, Origin.LIVE) for bit in stands]
        if thing.component is not None and not thing.active:
            found.append(at_rest(thing, Origin.LIVE))
    return (*found, *said.acts)


# ---- objects


@dataclass(frozen=True, slots=True)
class Reading:
    """What an object is read with."""

    codes: Codes
    charset: str
    addressing: str
    account: str | None
    device: int
    frame: bytes
    header_time: bytes


Read = Callable[[bytes, Reading], tuple[dict[str, Plain], Thing | None, tuple[Signal, ...]]]


def _told(data: bytes, fields: dict[str, Plain]) -> str:
    time = time_of(data)
    fields["time"] = time.iso
    if time.corrected:
        fields["time_corrected"] = True
    return time.iso


def _system_of(data: bytes) -> dict[str, Plain]:
    return {"system_type": data[0], "system": data[1]}


def _component_of(data: bytes, addressing: str) -> tuple[dict[str, Plain], int | None, int | None]:
    """Return the fields, the loop and the point; the address as sent is kept beside them."""
    address = int.from_bytes(data[3:7], "little")
    high, low = address >> 16, address & 0xFFFF
    loop, point = {"loop_point": (high, low), "point_loop": (low, high), "number": (0, address)}[
        addressing
    ]
    if point > 99_999_999:  # no panel prints that; the address stands in the fields
        point = 0
    fields: dict[str, Plain] = {
        **_system_of(data),
        "component_type": data[2],
        "address": address,
    }
    return fields, loop or None, point or None


def address_of(loop: int | None, point: int | None, addressing: str) -> int:
    """Return a component's address as sent: the inverse of how it is read."""
    high, low = {
        "loop_point": (loop, point),
        "point_loop": (point, loop),
        "number": (None, point),
    }[addressing]
    return (high or 0) << 16 | (low or 0)


def _place(
    reading: Reading,
    time: str | None,
    *,
    area: int | None = None,
    number: int | None = None,
    user: int | None = None,
    text: str | None = None,
) -> Place:
    return Place(
        area=area,
        number=number,
        user=user,
        account=reading.account,
        text=text or None,
        panel_time=time,
        frame=reading.frame,
    )


def _status(fields: dict[str, Plain], status: int) -> None:
    fields["status"] = status
    fields["test"] = not status & 1


def _system_state(data: bytes, reading: Reading) -> tuple[dict[str, Plain], Thing, tuple[()]]:
    fields = _system_of(data)
    status = int.from_bytes(data[2:4], "little")
    _status(fields, status)
    place = _place(reading, _told(data[4:], fields))
    return fields, Thing((reading.device, 1, data[0], data[1]), status, SYSTEM, place), ()


def _component_state(data: bytes, reading: Reading) -> tuple[dict[str, Plain], Thing, tuple[()]]:
    fields, loop, point = _component_of(data, reading.addressing)
    status = int.from_bytes(data[7:9], "little")
    _status(fields, status)
    text = words_of(data[9 : 9 + TEXT_BYTES], reading.charset)
    fields |= {"loop": loop, "point": point, "text": text}
    place = _place(reading, _told(data[40:], fields), area=loop, number=point, text=text)
    key = (reading.device, 2, data[0], data[1], data[2], int.from_bytes(data[3:7], "little"))
    return fields, Thing(key, status, COMPONENT, place, data[2]), ()


def _device_state(data: bytes, reading: Reading) -> tuple[dict[str, Plain], Thing, tuple[()]]:
    fields: dict[str, Plain] = {}
    _status(fields, data[0])
    place = _place(reading, _told(data[1:], fields))
    return fields, Thing((reading.device, 21), data[0], DEVICE, place), ()


def _analogue(data: bytes, reading: Reading) -> tuple[dict[str, Plain], None, tuple[()]]:
    fields, loop, point = _component_of(data, reading.addressing)
    fields |= {"loop": loop, "point": point, "analogue_type": data[7]}
    steps = int.from_bytes(data[8:10], "little", signed=True)
    unit, step = _UNITS.get(data[7], ("", 1.0))
    fields |= {"raw": steps, "value": round(steps * step, 2), "unit": unit}
    _told(data[10:], fields)
    return fields, None, ()


def _operated(
    bits: int, names: tuple[str, ...], place: Place, fields: dict[str, Plain]
) -> tuple[Signal, ...]:
    done = [name for at, name in enumerate(names) if bits >> at & 1]
    fields |= {"operations": list(done), "operator": place.user}
    return tuple(_placed(Kind.LOG, State.ACTIVE, place, Origin.LIVE, text=name) for name in done)


def _operation(data: bytes, reading: Reading) -> tuple[dict[str, Plain], None, tuple[Signal, ...]]:
    fields = _system_of(data)
    place = _place(reading, _told(data[4:], fields), user=data[3] or None)
    return fields, None, _operated(data[2], OPERATIONS, place, fields)


def _device_operation(
    data: bytes, reading: Reading
) -> tuple[dict[str, Plain], None, tuple[Signal, ...]]:
    fields: dict[str, Plain] = {}
    place = _place(reading, _told(data[2:], fields), user=data[1] or None)
    return fields, None, _operated(data[0], DEVICE_OPERATIONS, place, fields)


def _version(data: bytes, reading: Reading) -> tuple[dict[str, Plain], None, tuple[()]]:
    del reading
    system = _system_of(data) if len(data) == 4 else {}
    return {**system, "version": f"{data[-2]}.{data[-1]}"}, None, ()


def _clock(data: bytes, reading: Reading) -> tuple[dict[str, Plain], None, tuple[()]]:
    del reading
    fields = _system_of(data) if len(data) == 8 else {}
    _told(data[-6:], fields)
    return fields, None, ()


def _component_text(data: bytes, reading: Reading) -> tuple[dict[str, Plain], None, tuple[()]]:
    fields, loop, point = _component_of(data, reading.addressing)
    text = words_of(data[7:], reading.charset)
    return {**fields, "loop": loop, "point": point, "text": text}, None, ()


def _text(data: bytes, reading: Reading) -> tuple[dict[str, Plain], None, tuple[()]]:
    system = _system_of(data) if reading.frame[27] == 6 else {}
    text = words_of(data[len(system) + 1 :], reading.charset)
    return {**system, "text": text}, None, ()


def _addressed(data: bytes, reading: Reading) -> tuple[dict[str, Plain], None, tuple[()]]:
    """What a center wants to know about: a system, or a component (of whatever type)."""
    del reading
    fields = _system_of(data)
    if len(data) > 2:
        fields["address"] = int.from_bytes(data[2:6], "little")
    return fields, None, ()


def _records(data: bytes, reading: Reading) -> tuple[dict[str, Plain], None, tuple[()]]:
    del reading
    fields = _system_of(data) if len(data) == 9 else {}
    fields["records"] = data[-7]
    _told(data[-6:], fields)
    return fields, None, ()


def _value(data: bytes, reading: Reading) -> tuple[dict[str, Plain], None, tuple[()]]:
    del reading
    return {"value": data[0]}, None, ()


@dataclass(frozen=True, slots=True)
class _Type:
    name: str
    size: int  # of one object; 0: a length byte and a text follow `head`
    read: Read
    head: int = 0


_TYPES: Final = {
    1: _Type("system_state", 10, _system_state),
    2: _Type("component_state", 46, _component_state),
    3: _Type("analogue", 16, _analogue),
    4: _Type("operation", 10, _operation),
    5: _Type("system_version", 4, _version),
    6: _Type("system_configuration", 0, _text, 2),
    7: _Type("component_configuration", 38, _component_text),
    8: _Type("system_clock", 8, _clock),
    21: _Type("device_state", 7, _device_state),
    24: _Type("device_operation", 8, _device_operation),
    25: _Type("device_version", 2, _version),
    26: _Type("device_configuration", 0, _text),
    28: _Type("device_clock", 6, _clock),
}
_ORDERS: Final = {
    61: _Type("read_system_state", 2, _addressed),
    62: _Type("read_component_state", 6, _addressed),
    63: _Type("read_analogue", 6, _addressed),
    64: _Type("read_operations", 9, _records),
    65: _Type("read_system_version", 2, _addressed),
    66: _Type("read_system_configuration", 2, _addressed),
    67: _Type("read_component_configuration", 6, _addressed),
    68: _Type("read_system_clock", 2, _addressed),
    81: _Type("read_device_state", 1, _value),
    84: _Type("read_device_operations", 7, _records),
    85: _Type("read_device_version", 1, _value),
    86: _Type("read_device_configuration", 1, _value),
    88: _Type("read_device_clock", 1, _value),
    89: _Type("initialise", 1, _value),
    90: _Type("set_clock", 6, _clock),
    91: _Type("duty_check", 1, _value),
}


def read_data(data: bytes, command: int, reading: Reading) -> Said:
    """Read application data.  Raises UnfitError where it does not fit its own lengths."""
    if command in (Command.ACKNOWLEDGE, Command.DENY) or not data:
        name = {Command.ACKNOWLEDGE: "acknowledge", Command.DENY: "deny"}.get(
            Command(command), "empty"
        )
        return Said(name, {"data": data.hex()} if data else {})
    is_order = command in (Command.CONTROL, Command.REQUEST)
    kind = data[0]
    if kind == REGISTRATION and len(data) == 1:
        return Said("registration")
    known = (_ORDERS if is_order else _TYPES).get(kind)
    if known is None:
        return _vendor(kind, data, reading, is_order=is_order)
    if len(data) < 2:
        raise UnfitError(f"type {kind} without a count")
    said: list[Plain] = []
    things: list[Thing] = []
    acts: list[Signal] = []
    for part in _objects(data, known):
        fields, thing, done = known.read(part, reading)
        said.append(fields)
        things += [] if thing is None else [thing]
        acts += done
    return Said(
        known.name,
        {"objects": said},
        tuple(things),
        tuple(acts),
        _resets(data, kind, things, reading),
        kind == 24 and any(part[0] >> DUTY_ANSWER & 1 for part in _objects(data, known)),
    )


def _resets(
    data: bytes, kind: int, things: list[Thing], reading: Reading
) -> tuple[tuple[int, ...], ...]:
    if kind == 1:
        return tuple(thing.key for thing in things if thing.status >> RESET_BIT & 1)
    if kind != 4:
        return ()
    parts = _objects(data, _TYPES[4])
    return tuple((reading.device, 1, part[0], part[1]) for part in parts if part[2] & 1)


def _objects(data: bytes, known: _Type) -> list[bytes]:
    count, rest = data[1], data[2:]
    if known.size:
        if len(rest) != count * known.size:
            raise UnfitError(f"{count} objects of {known.size} bytes in {len(rest)}")
        return [rest[at : at + known.size] for at in range(0, len(rest), known.size)]
    parts: list[bytes] = []
    while rest and len(rest) > known.head:
        size = known.head + 1 + rest[known.head]
        parts.append(rest[:size])
        if len(rest) < size:
            break
        rest = rest[size:]
    if rest or len(parts) != count:
        raise UnfitError(f"{count} texts do not fit")
    return parts


def _vendor(kind: int, data: bytes, reading: Reading, *, is_order: bool) -> Said:
    """Keep what is the maker's own, or reserved: it may be an alarm."""
    fields: dict[str, Plain] = {"data_type": kind, "data": data.hex(), "vendor": kind >= 128}
    if is_order:
        return Said("vendor", fields)
    place = _place(reading, time_of(reading.header_time).iso)
    return Said("vendor", fields, (), (_placed(Kind.UNKNOWN, State.ACTIVE, place, Origin.LIVE),))
