"""A Ness D8x, D16x or D32x alarm panel's serial port (ASCII), written from its published protocol.

What it says, all in hex digits, each message ended by CR LF:

    event    START [ADDR] LEN 61 EE II AA [YYMMDDHHMMSS] CK     event, id, area
    answer   82 ADDR 03 60 RR DDDD CK                           request, data: always an address

START: 01 address follows, 02 always, 04 time stamp follows, 80 ASCII.  LEN is 3, bit 7 toggles with
each new event.  All bytes add up to 0 mod 256.  Ids are decimal digits: zone 16 is the byte 16.
What it hears: `83 A LL 60 data CK ?` (or CR LF for `?`), where CK is the complement of the sum of
the *characters*.  There is no acknowledgement.
"""

from dataclasses import dataclass

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from hil.panels.machine import Command, Output
from hil.panels.model import Happened, Happening, Model, Moved
from hil.panels.voice import LineVoice

END = b"\r\n"
SECOND_NS = 1_000_000_000
FIRE, PANIC, MEDICAL, DURESS, RADIO = 0x81, 0x82, 0x83, 0x84, 0x91
KEY_SWITCH, SHORT_ARM = 57, 58
AUX_OUTPUTS = 8  # of status 18; status 15 shows the first four
MODELS = {"d8x": 0x00, "d16x": 0x10, "d32x": 0x06}


@dataclass(frozen=True, slots=True)
class NessSetup:
    """How the panel's port is programmed."""

    model: str = "d16x"
    version: str = "87"  # two digits: 8.7
    address: int = 0
    with_address: bool = True
    with_time: bool = True
    beacon_s: float = 0  # the periodic version message; 0: off


@dataclass(frozen=True, slots=True)
class Word:
    """How an event is said: number of its begin and end, and the area byte (None: the zone's)."""

    begins: int
    ends: int
    kind: Kind
    code: str
    area: int | None = None


WORDS = {
    "alarm": Word(0x02, 0x03, Kind.BURGLARY, "130"),
    "entry": Word(0x02, 0x03, Kind.BURGLARY, "130"),
    "fire": Word(0x02, 0x03, Kind.FIRE, "110", FIRE),
    "smoke": Word(0x02, 0x03, Kind.FIRE, "110", FIRE),
    "heat": Word(0x02, 0x03, Kind.FIRE, "110", FIRE),
    "callpoint": Word(0x02, 0x03, Kind.FIRE, "110", FIRE),
    "panic": Word(0x02, 0x03, Kind.PANIC, "120", PANIC),
    "holdup": Word(0x02, 0x03, Kind.PANIC, "120", PANIC),
    "medical": Word(0x02, 0x03, Kind.MEDICAL, "100", MEDICAL),
    "duress": Word(0x02, 0x03, Kind.DURESS, "121", DURESS),
    "bypass": Word(0x04, 0x05, Kind.BYPASS, "570"),
    "tamper": Word(0x08, 0x09, Kind.TAMPER, "383"),
    "cover": Word(0x08, 0x09, Kind.TAMPER, "137", 0),
    "mains": Word(0x10, 0x11, Kind.POWER, "301", 0),
    "battery": Word(0x12, 0x13, Kind.POWER, "302", 0),
    "weak": Word(0x12, 0x13, Kind.ZONE_TROUBLE, "384", RADIO),
    "report": Word(0x14, 0x15, Kind.COMMS, "354", 0),
    "missing": Word(0x16, 0x17, Kind.ZONE_TROUBLE, "381", RADIO),
}
STATUS_WORDS = {5: "alarm", 9: "missing", 11: "weak", 12: "tamper"}
MISC = {  # bits of status 13, real byte order
    "duress": 0x0100,
    "panic": 0x0200,
    "medical": 0x0400,
    "fire": 0x0800,
    "cover": 0x4000,
    "battery": 0x0002,
    "mains": 0x0008,
}
ARMED_BITS = {  # area -> armed, fully armed, entry
    1: (0x0100, 0x0400, 0x4000),
    2: (0x0200, 0x0800, 0x8000),
}
HOME_BIT = 0x1000


def hex_sum(text: str) -> str:
    """Return the byte, in hex, that makes all bytes of `text` (hex digits) add up to 0."""
    return f"{-sum(bytes.fromhex(text)) & 0xFF:02X}"


def is_sound(message: bytes) -> bool:
    """Tell whether the sum of a message is right."""
    try:
        text = message.decode("ascii")
        return len(text) > 2 and hex_sum(text[:-2]) == text[-2:]
    except ValueError:
        return False


def character_sum(text: str) -> str:
    """Return the complement of the sum of the characters, for what the panel hears."""
    return f"{-sum(text.encode()) & 0xFF:02X}"


def digits(number: int) -> int:
    """Return the byte whose hex digits read as `number`: 16 is 0x16."""
    return int(f"{number % 100:02d}", 16)


class NessVoice(LineVoice):
    """Says events as they happen, answers status requests, takes keys.

    panel = ModelPanel(model, NessVoice(model, NessSetup()))
    panel.handle(Commanded(Command.parse("alarm zone=8")), now_ns)
    """

    def __init__(self, model: Model, setup: NessSetup) -> None:
        # some hosts end a request with `?`, some with CR LF, some with both
        super().__init__(model, END, b"?\r\n")
        self._setup = setup
        self._unsealed: set[int] = set()
        self._toggle = False
        self._minute_60 = False
        self._beacon_ns: int | None = None

    # ---- Voice

    def plugged(self, peer: int, now_ns: int) -> list[Output]:
        """See LineVoice; the version message comes by the clock."""
        if self._setup.beacon_s:
            self._beacon_ns = now_ns + int(self._setup.beacon_s * SECOND_NS)
        return super().plugged(peer, now_ns)

    def unplugged(self, peer: int) -> None:
        """See Voice."""
        if peer == self._peer:
            self._beacon_ns = None
        super().unplugged(peer)

    def deadline_ns(self) -> int | None:
        """Return when the next version message is due."""
        return self._beacon_ns

    def wake(self, now_ns: int) -> list[Output]:
        """Say the version."""
        self._beacon_ns = now_ns + int(self._setup.beacon_s * SECOND_NS)
        return self._answer(17)

    def obey(self, command: Command, now_ns: int) -> list[Output] | None:
        """Control lines of this panel: a minute of 60, and an event of no table."""
        match command.name:
            case "minute60":  # as this panel says the full hour
                self._minute_60 = True
                return []
            case "event":
                number = command.number("number", 0x7E, 0, 255)
                assert number is not None, "it has a default"
                signal = Signal(kind=Kind.UNKNOWN, state=State.ACTIVE)
                return self._event(number, 0, 0, (signal,), now_ns)
        return super().obey(command, now_ns)

    def tell(self, happened: Happened, now_ns: int) -> list[Output]:
        """Say it as an event message."""
        match happened:
            case Moved(Kind.ZONE):
                return self._contact(happened, now_ns)
            case Moved(Kind.AREA, number, state, was):
                return self._delay(number, state, was, now_ns)
            case Moved(Kind.OUTPUT, number, state):
                signal = Signal(kind=Kind.OUTPUT, state=state, zone=number)
                on = state is State.ON
                return self._event(0x31 if on else 0x32, number, 0, (signal,), now_ns)
            case Happening():
                return self._happening(happened, now_ns)
        return []

    def _contact(self, moved: Moved, now_ns: int) -> list[Output]:
        """Say that a zone is sealed or unsealed; what else is wrong with it are events."""
        zone, was_open = self.model.zones[moved.number], moved.number in self._unsealed
        is_open = zone.is_open()
        (self._unsealed.add if is_open else self._unsealed.discard)(moved.number)
        if is_open is was_open or State.BYPASSED in {moved.state, moved.was}:
            return []
        state = State.OPEN if is_open else State.CLOSED
        signal = Signal(kind=Kind.ZONE, state=state, zone=moved.number, area=zone.area)
        said = 0x00 if is_open else 0x01
        return self._event(said, moved.number, zone.area, (signal,), now_ns)

    def _delay(self, area: int, state: State, was: State, now_ns: int) -> list[Output]:
        outputs: list[Output] = []
        for delay, begins in ((State.ENTRY_DELAY, 0x20), (State.EXIT_DELAY, 0x22)):
            if was is delay:
                outputs += self._event(begins + 1, 0, area, (), now_ns)
            if state is delay:
                signal = Signal(kind=Kind.AREA, state=delay, area=area)
                outputs += self._event(begins, 0, area, (signal,), now_ns)
        return outputs

    def _happening(self, event: Happening, now_ns: int) -> list[Output]:
        if event.word in {"arm", "disarm"}:
            return self._arming(event, now_ns)
        word = WORDS.get(event.word)
        if word is None:
            return self.teller.untold(event)
        # a bypass by code names its user nowhere: the message has room for one number
        user = event.user if word.kind is Kind.DURESS else None
        number = user or (0 if word.area == 0 else event.zone or 0)
        area = word.area if word.area is not None else event.area or 0
        signal = Signal(
            kind=word.kind,
            code=word.code,
            state=State.ACTIVE if event.active else State.RESTORED,
            area=area if area in {1, 2} else None,
            zone=number or None if user is None else None,
            user=user,
        )
        number_byte = number or (0xF0 if word.area in {PANIC, MEDICAL, FIRE} else 0)
        said = word.begins if event.active else word.ends
        return self._event(said, number_byte, area, (signal,), now_ns)

    def _arming(self, event: Happening, now_ns: int) -> list[Output]:
        number = {"key": KEY_SWITCH, "quick": SHORT_ARM}.get(event.how, event.user or 0)
        stay = event.mode == "stay" and event.word == "arm"
        code = {"key": "442" if stay else "409", "quick": "408"}.get(
            event.how, "441" if stay else "401"
        )
        armed = event.word == "arm"
        signal = Signal(
            kind=Kind.OPEN_CLOSE,
            code=code,
            state=State.ARMED if armed else State.DISARMED,
            area=event.area if event.area in {1, 2} else None,
            user=event.user if event.how not in {"key", "quick"} else None,
        )
        said = (0x25 if stay else 0x24) if armed else 0x2F
        return self._event(said, number, event.area or 0, (signal,), now_ns)

    def _event(
        self, event: int, number: int, area: int, signals: tuple[Signal, ...], now_ns: int
    ) -> list[Output]:
        """Say one event; `number` in decimal unless it is a keypad."""
        setup, at = self._setup, self.model.clock(now_ns)
        self._toggle = not self._toggle
        start = 0x82 | setup.with_address | setup.with_time << 2
        address = f"{setup.address:02X}" if setup.with_address else ""
        ident = number if number == 0xF0 else digits(number)
        stamp = ""
        if setup.with_time:
            stamp = f"{at:%y%m%d%H}{60 if self._minute_60 else at.minute:02d}{at:%S}"
            self._minute_60 = False
        length = 0x80 * self._toggle | 3
        text = f"{start:02X}{address}{length:02X}61{event:02X}{ident:02X}{area:02X}{stamp}"
        return self._say(text, signals)

    def _say(
        self, text: str, signals: tuple[Signal, ...] = (), stated: tuple[Signal, ...] = ()
    ) -> list[Output]:
        return self.say((text + hex_sum(text)).encode(), signals, stated)

    # ---- what it hears

    def take(self, line: str, now_ns: int) -> list[Output]:
        """Answer a status request, press keys."""
        try:
            length = int(line[3:5], 16)
        except ValueError:
            return []
        whole = line[:2] == "83" and line[5:7] == "60" and len(line) == 9 + length
        if not whole or not line.isascii() or line[-2:] != character_sum(line[:-2]):
            return []
        if line[2] != f"{self._setup.address:X}":
            return []
        keys = line[7:-2]
        if keys[:1] == "S" and keys[1:].isdecimal():
            return self._answer(int(keys[1:]))
        pressed = self._line_of(keys)
        return [] if pressed is None else self.do(pressed, now_ns)

    def _line_of(self, keys: str) -> str | None:
        """Return what keys do, as a control line; None for what does nothing."""
        if keys.endswith("E"):
            if keys[0] == "X":
                zone = self.model.zones.get(int(keys[1:-1] or 0))
                verb = "unbypass" if zone is not None and zone.bypassed else "bypass"
                return f"{verb} zone={int(keys[1:-1] or 0)}"
            mode = {"A": "away", "H": "stay"}.get(keys[0])
            user = self.model.user_of(keys[1:-1] if mode else keys[:-1])
            if user is None:
                return None
            return f"arm mode={mode} user={user}" if mode else f"disarm user={user}"
        if len(keys) == 3 and keys[0] == keys[1] and keys[2] in "*#":
            return f"output {keys[0]} {'on' if keys[2] == '*' else 'off'}"
        return "panic" if keys[:1] == "*" and keys[-1:] == "#" else None

    # ---- status answers

    def _answer(self, request: int) -> list[Output]:
        found = self._status(request)
        if found is None:
            return []
        data, signals = found
        return self._say(f"82{self._setup.address:02X}0360{request:02d}{data:04X}", stated=signals)

    def _status(self, request: int) -> tuple[int, tuple[Signal, ...]] | None:
        """Return data and meaning of a status answer; None for one that this panel has not."""
        model = self.model
        if request == 17:
            return MODELS[self._setup.model] << 8 | int(self._setup.version, 16), ()
        if request == 13:
            return self._misc()
        if request == 14:
            return self._arming_bits()
        if request in {15, 18}:
            on = {number for number, is_on in model.outputs.items() if is_on}
            data = sum(1 << number - 1 for number in on)
            return data, tuple(
                Signal(kind=Kind.OUTPUT, state=State.ON if number in on else State.OFF, zone=number)
                for number in model.outputs
                if request == 18 or number <= 4
            )
        if request in range(20, 34):  # smaller panels answer too: with nothing
            low = 19 if request == 33 else request - 20
            return self._zone_map(low, 16)
        return self._zone_map(request, 0) if request in {*range(13), 16, 19} else None

    def _zone_map(self, request: int, above: int) -> tuple[int, tuple[Signal, ...]]:
        """Return one bit a zone: the first byte zones 1 to 8, the second 9 to 16."""
        zones = {n - above: zone for n, zone in self.model.zones.items() if 0 < n - above <= 16}
        signals: list[Signal] = []
        if request == 0:
            chosen = {n for n, zone in zones.items() if zone.is_open()}
            signals = [_zone(n + above, State.OPEN if n in chosen else State.CLOSED) for n in zones]
        elif request in {6, 19}:
            chosen = {n for n, zone in zones.items() if zone.bypassed}
            signals = [_zone(n + above, State.BYPASSED) for n in chosen]
        elif request in STATUS_WORDS:
            said = WORDS[STATUS_WORDS[request]]
            words = [name for name, one in WORDS.items() if one == said]
            chosen = {n - above for name in words for n in self.model.stands(name)} & set(zones)
            signals = [
                Signal(kind=said.kind, code=said.code, state=_stands(n in chosen), zone=n + above)
                for n in zones
            ]
        else:
            chosen = set()
        bits = sum(1 << n - 1 for n in chosen)
        return (bits & 0xFF) << 8 | bits >> 8, tuple(signals)

    def _misc(self) -> tuple[int, tuple[Signal, ...]]:
        standing = {name for name in MISC if self.model.stands(name)}
        signals = tuple(
            Signal(kind=WORDS[name].kind, code=WORDS[name].code, state=_stands(name in standing))
            for name in MISC
        )
        return sum(MISC[name] for name in standing), signals

    def _arming_bits(self) -> tuple[int, tuple[Signal, ...]]:
        bits, signals = 0, []
        for number, (armed, fully, entry) in ARMED_BITS.items():
            area = self.model.areas.get(number)
            state = State.DISARMED
            if area is not None and area.armed is not State.DISARMED:
                state = believed_of(self.model, number)
                bits |= armed
                bits |= fully if area.exit_at_ns is None else 0
                bits |= entry if area.entry_at_ns is not None else 0
                bits |= HOME_BIT if area.armed is State.ARMED_STAY else 0
            signals.append(Signal(kind=Kind.AREA, state=state, area=number))
        return bits, tuple(signals)


def _stands(active: bool) -> State:
    return State.ACTIVE if active else State.RESTORED


def _zone(number: int, state: State) -> Signal:
    return Signal(kind=Kind.ZONE, state=state, zone=number)


def believed_of(model: Model, number: int) -> State:
    """Return what the arming bits say of an area: they know no alarm, and at home no exit delay."""
    area = model.areas[number]
    if area.entry_at_ns is not None:
        return State.ENTRY_DELAY
    if area.armed is State.ARMED_STAY:
        return State.ARMED_STAY
    return State.EXIT_DELAY if area.exit_at_ns is not None else area.armed
