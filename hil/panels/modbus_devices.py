"""What stands in the registers of an emulated Modbus device, and what a host must make of it.

Written from the public maps: input modules (function 02, address 0 = input 1; relays by 01 and 05;
relay modes at 1000h, unit address at 4000h), Advantech (a word of inputs at 40301 or 40001), analog
inputs (function 04) with detector loops between a 4.7 kOhm resistor and ground, GST (function 03,
register 0 is point 1, one value at a time: 0 normal, 1 fire, 2 fault, 3 feedback, 4 and 9
recovered, 5 start, 6 stop, 7 isolated, 8 isolation ended) and Notifier (a high byte of flags, a low
byte of kinds).  It shares nothing with the driver's reading of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from hil.panels.loops import ENDLESS_OHMS, Loop, Resistors
from hil.panels.machine import CommandError

RELAY_MODES, UNIT_ADDRESS = 0x1000, 0x4000
RELAYS = 8
CODES = {Kind.BURGLARY: "130", Kind.FIRE: "110", Kind.PANIC: "120", Kind.TAMPER: "137"}
COILS, INPUTS, HOLDING, ANALOG = 1, 2, 3, 4  # by the function that reads them
FULL, REFERENCE = 4095, 3900  # of 12 bits; a reference a little below full, as supplies are
SERIES_OHMS = 4700

Cell = tuple[int, int]  # table and address


class Device(Protocol):
    """One unit's registers.  `zones` is how many inputs or points it has."""

    zones: int
    relays: list[bool]

    def value(self, table: int, address: int) -> int | None:
        """Return what stands there, None where there is nothing."""

    def cell(self, zone: int) -> Cell:
        """Return which value shows `zone`."""

    def turn(self, zone: int, word: str, number: int) -> list[Signal]:
        """Let something happen at `zone`; return the events that follow.  Raises CommandError."""


@dataclass(slots=True)
class Inputs:
    """A module with digital inputs; by `register` one word holds all of them."""

    zones: int = 8
    kind: Kind = Kind.BURGLARY
    register: int | None = None
    first_relay: int = 0
    number: int = 1
    on: list[bool] = field(init=False)
    relays: list[bool] = field(init=False)

    def __post_init__(self) -> None:
        self.on = [False] * self.zones
        self.relays = [False] * RELAYS

    def value(self, table: int, address: int) -> int | None:
        """Return what stands there."""
        relay = address - self.first_relay
        match table:
            case 1 if 0 <= relay < RELAYS:
                return int(self.relays[relay])
            case 2 if self.register is None and address < self.zones:
                return int(self.on[address])
            case 3 if address == self.register:
                return sum(on << at for at, on in enumerate(self.on))
            case 3 if self.register is None and address in self._settings():
                return self._settings()[address]
        return None

    def cell(self, zone: int) -> Cell:
        """Return which value shows `zone`."""
        return (INPUTS, zone - 1) if self.register is None else (HOLDING, self.register)

    def turn(self, zone: int, word: str, number: int) -> list[Signal]:
        """Turn an input on or off."""
        del number
        _known(word, "on", "off")
        on = word == "on"
        if self.on[zone - 1] is on:
            return []
        self.on[zone - 1] = on
        return [_event(self.kind, CODES[self.kind], on, zone)]

    def _settings(self) -> dict[int, int]:
        return {RELAY_MODES + at: 0 for at in range(RELAYS)} | {UNIT_ADDRESS: self.number}


@dataclass(slots=True)
class Loops:
    """Analog inputs with a detector loop each; the input after the last reads the reference."""

    zones: int = 7
    resistors: Resistors = Resistors.DOUBLE
    kind: Kind = Kind.BURGLARY
    reference: int = REFERENCE
    loops: list[Loop] = field(init=False)
    relays: list[bool] = field(default_factory=list)
    standing: list[set[tuple[Kind, str]]] = field(init=False)

    def __post_init__(self) -> None:
        self.loops = [Loop(self.resistors) for _ in range(self.zones)]
        self.standing = [set() for _ in range(self.zones)]

    def value(self, table: int, address: int) -> int | None:
        """Return what an input reads: the loop's share of the reference."""
        if table != ANALOG or address > self.zones:
            return None
        if address == self.zones:
            return self.reference
        ohms = self.loops[address].ohms()
        return (
            self.reference
            if ohms >= ENDLESS_OHMS
            else round(self.reference * ohms / (SERIES_OHMS + ohms))
        )

    def cell(self, zone: int) -> Cell:
        """Return which value shows `zone`."""
        return ANALOG, zone - 1

    def turn(self, zone: int, word: str, number: int) -> list[Signal]:
        """Do something to a detector or its cable."""
        loop = self.loops[zone - 1]
        deeds: Mapping[str, Callable[[], None]] = {
            "on": lambda: setattr(loop, "contact_open", True),
            "off": lambda: setattr(loop, "contact_open", False),
            "mask": lambda: setattr(loop, "masked", True),
            "unmask": lambda: setattr(loop, "masked", False),
            "sever": lambda: setattr(loop, "cut", True),
            "short": lambda: setattr(loop, "short", True),
            "mend": lambda: _mend(loop),
            "cable": lambda: setattr(loop, "series_ohms", number),
            "leak": lambda: setattr(loop, "leak_ohms", number),
        }
        _known(word, *deeds)
        deeds[word]()
        return self._follows(zone, loop.state())

    def _follows(self, zone: int, state: State) -> list[Signal]:
        """An alarm is over when the loop is at rest; a trouble when it is another or none."""
        alarm = (self.kind, CODES[self.kind])
        stands = {
            State.CLOSED: None,
            State.OPEN: alarm,
            State.FAULT: (Kind.ZONE_TROUBLE, "380"),
        }.get(state, (Kind.TAMPER, "383"))
        known = self.standing[zone - 1]
        kept = {alarm} if state is not State.CLOSED else set()
        over = known - kept - {stands}
        begun = {stands} - known if stands else set()
        known -= over
        known |= begun
        signals = [_event(kind, code, False, zone) for kind, code in sorted(over)]
        return signals + [_event(kind, code, True, zone) for kind, code in begun]


@dataclass(slots=True)
class Gst:
    """A GST panel: one value a point; `loop_points` a loop, power words at `power`."""

    zones: int
    loop_points: int
    power: Mapping[int, tuple[Kind, str]]
    relays: list[bool] = field(default_factory=list)
    words: dict[int, int] = field(default_factory=dict)
    standing: dict[int, list[tuple[Kind, str | None]]] = field(default_factory=dict)

    def value(self, table: int, address: int) -> int | None:
        """Return a point's value."""
        if table != HOLDING or not (address < self.zones or address in self.power):
            return None
        return self.words.get(address, 0)

    def cell(self, zone: int) -> Cell:
        """Return which value shows `zone`."""
        return HOLDING, zone - 1

    def turn(self, zone: int, word: str, number: int) -> list[Signal]:
        """`on` is a fire, `off` normal; `word` sets any value, of power words too."""
        _known(word, "on", "off", "word")
        value = number if word == "word" else int(word == "on")
        at = zone - 1
        if self.words.get(at, 0) == value:
            return []
        self.words[at] = value
        told = self.standing.setdefault(at, [])
        signals: list[Signal] = []
        if value in {0, 4, 9} or (value == 8 and BYPASSED in told):
            over = list(told) if value != 8 else [BYPASSED]
            signals += [self._event(at, event, False) for event in over]
            self.standing[at] = [event for event in told if event not in over]
        elif (event := self._begins(at, value)) is not None and event not in told:
            told.append(event)
            signals.append(self._event(at, event, True))
        return signals

    def _begins(self, at: int, value: int) -> tuple[Kind, str | None] | None:
        if at in self.power:
            return self.power[at] if value == 2 else None
        return {
            1: (Kind.FIRE, "110"),
            2: (Kind.ZONE_TROUBLE, "380"),
            3: (Kind.LOG, None),
            7: BYPASSED,
        }.get(value)

    def _event(self, at: int, event: tuple[Kind, str | None], active: bool) -> Signal:
        loop, point = divmod(at, self.loop_points)
        place = (None, None) if at in self.power else (loop + 1, point + 1)
        return _event(event[0], event[1], active, place[1], place[0])


BYPASSED = (Kind.BYPASS, "571")
NOTIFIER_REST = 0x1400  # inactive and enabled
NOTIFIER_KINDS = {
    0x10: (Kind.FIRE, "110"),
    0x11: (Kind.BURGLARY, "130"),
    0x20: (Kind.BURGLARY, "130"),
    0x13: (Kind.MEDICAL, "100"),
    0x14: (Kind.CO, "162"),
    0x30: (Kind.FIRE_SUPERVISORY, "200"),
    0x40: (Kind.FIRE_SUPERVISORY, "200"),
    0x71: (Kind.LOG, None),
}


@dataclass(slots=True)
class Notifier:
    """A Notifier gateway: a word of flags and a kind for each point."""

    zones: int = 159
    relays: list[bool] = field(default_factory=list)
    words: dict[int, int] = field(default_factory=dict)

    def value(self, table: int, address: int) -> int | None:
        """Return a point's word."""
        inside = table == HOLDING and address < self.zones
        return self.words.get(address, NOTIFIER_REST) if inside else None

    def cell(self, zone: int) -> Cell:
        """Return which value shows `zone`."""
        return HOLDING, zone - 1

    def turn(self, zone: int, word: str, number: int) -> list[Signal]:
        """`on` is a fire, `off` rest; `word` sets any value."""
        _known(word, "on", "off", "word")
        values = {"on": 0x0C10, "off": NOTIFIER_REST, "word": number}
        before, after = self._stands(zone), self._stands(zone, values[word])
        self.words[zone - 1] = values[word]
        ended = [_event(*event, False, zone, 1) for event in before if event not in after]
        return ended + [_event(*event, True, zone, 1) for event in after if event not in before]

    def _stands(self, zone: int, word: int | None = None) -> list[tuple[Kind, str | None]]:
        told = self.words.get(zone - 1, NOTIFIER_REST) if word is None else word
        found: list[tuple[Kind, str | None]] = []
        if told & 0x0800:
            found.append(NOTIFIER_KINDS.get(told & 0xFF, (Kind.UNKNOWN, None)))
        flags = {0x4000: (Kind.FIRE, "118"), 0x2000: (Kind.ZONE_TROUBLE, "380"), 0x0200: BYPASSED}
        return found + [event for flag, event in flags.items() if told & flag]


def device(model: str, inputs: int, kind: Kind, number: int) -> Device:
    """Return a device of `model`, one of `MODELS`."""
    match model:
        case "adam_4100":
            return Inputs(16, kind, register=300, first_relay=16, number=number)
        case "adam_2051z":
            return Inputs(8, kind, register=0, number=number)
        case "generic_ai8_loops":
            return Loops(kind=kind)
        case "gst_5000":
            return Gst(4800, 240, {4998: (Kind.POWER, "301"), 4999: (Kind.POWER, "302")})
        case "gst_200":
            power = {242: (Kind.POWER, "301"), 243: (Kind.POWER, "302")}
            return Gst(242, 242, {**power, 244: (Kind.SYSTEM_TROUBLE, "300")})
        case "notifier_gateway":
            return Notifier()
    return Inputs(inputs, kind, number=number)


MODELS = (
    *("generic_di8", "generic_di8_relay8", "adam_4100", "adam_2051z", "generic_ai8_loops"),
    *("gst_200", "gst_5000", "notifier_gateway"),
)


def _mend(loop: Loop) -> None:
    loop.cut = loop.short = False


def _known(word: str, *words: str) -> None:
    if word not in words:
        raise CommandError(f"{word!r}: this device takes {', '.join(words)}")


def _event(
    kind: Kind, code: str | None, active: bool, zone: int | None, area: int | None = None
) -> Signal:
    state = State.ACTIVE if active else State.RESTORED
    return Signal(kind=kind, code=code, state=state, zone=zone, area=area)
