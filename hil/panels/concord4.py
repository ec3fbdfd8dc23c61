"""A Concord 4's automation module, written from the collected facts.

A message is a line feed and hex digits: the number of bytes that follow, the message, the low byte
of the sum of all.  Whoever hears one answers with a single byte, 06 or 15.  The panel waits 2 s and
says it again.

    21 partition area zone(2) state                 22 01 partition area fob user level
    22 02 partition area source number(3) general specific data(2)
    22 03 partition area flags seconds(2)

Asked for its list (02) it says 01, 03 for each zone, 04 for each partition, and 08; asked for a
refresh (20) the zones that are not at rest and the levels.  40 are keys pressed: 1 and a code
disarms; # (0B), a code and two digits of a zone take it out of an armed area, or in again.
"""

from dataclasses import dataclass

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from hil.panels.machine import Command, Output, Say
from hil.panels.model import AREA_ALARMS, Happened, Happening, Model, Moved
from hil.panels.outbox import OutboxVoice, Patience
from hil.panels.voice import Told, raw_bytes

SECOND_NS = 1_000_000_000
ZONES = 96
HELD_BYTES_MAX = 256
PATIENCE = Patience(2_050_000_000, tries_max=4, rest_ns=2_100_000_000)
SOURCE_ZONE, SOURCE_SYSTEM = 2, 3

# a word: general type (its end is another), specific type, kind and code
EVENTS = {
    "alarm": (1, 3, 36, Kind.BURGLARY, "131"),
    "entry": (1, 3, 35, Kind.BURGLARY, "134"),
    "fire": (1, 3, 1, Kind.FIRE, "110"),
    "smoke": (1, 3, 27, Kind.FIRE, "111"),
    "heat": (1, 3, 25, Kind.FIRE, "114"),
    "callpoint": (1, 3, 2, Kind.FIRE, "110"),
    "panic": (1, 3, 4, Kind.PANIC, "120"),
    "holdup": (1, 3, 23, Kind.HOLDUP, "129"),
    "medical": (1, 3, 5, Kind.MEDICAL, "100"),
    "gas": (1, 3, 18, Kind.GAS, "151"),
    "co": (1, 3, 19, Kind.CO, "162"),
    "water": (1, 3, 39, Kind.ENVIRONMENT, "154"),
    "duress": (1, 0, 16, Kind.DURESS, "121"),
    "exiterror": (1, 0, 17, Kind.EXIT_ERROR, "374"),
    "cancel": (2, 0, 0, Kind.CANCEL, "406"),
    "tamper": (6, 7, 6, Kind.TAMPER, "383"),
    "trouble": (6, 7, 0, Kind.ZONE_TROUBLE, "380"),
    "missing": (6, 7, 4, Kind.ZONE_TROUBLE, "381"),
    "weak": (6, 7, 5, Kind.ZONE_TROUBLE, "384"),
    "bypass": (8, 9, 0, Kind.BYPASS, "570"),
    "test": (14, 0, 1, Kind.TEST, "602"),
    "mains": (15, 16, 5, Kind.POWER, "301"),
    "battery": (15, 16, 2, Kind.POWER, "302"),
    "line": (15, 16, 11, Kind.COMMS, "351"),
    "report": (15, 16, 22, Kind.COMMS, "354"),
    "cover": (15, 16, 24, Kind.TAMPER, "341"),
}
ZONE_ALARMS = sorted({word for word in EVENTS if word in AREA_ALARMS or word in ("gas", "co")})
ARMINGS = {
    "code": (0, "401"),
    "key": (6, "409"),
    "quick": (0, "401"),
    "remote": (8, "407"),
    "auto": (7, "403"),
}
LEVELS = {State.DISARMED: 1, State.ARMED_STAY: 2, State.ARMED_AWAY: 3}
OF_SYSTEM = (14, 15)


@dataclass(frozen=True, slots=True)
class ConcordSetup:
    """How the panel waits."""

    patience: Patience = PATIENCE


def on_wire(message: bytes) -> bytes:
    """Return a message as it is sent."""
    total = length = len(message) + 1
    for byte in message:
        total += byte
    return ("\n" + f"{length:02X}" + message.hex().upper() + f"{total % 256:02X}").encode()


def off_wire(frame: bytes) -> bytes | None:
    """Return the message of a frame, None where it is damaged."""
    try:
        whole = bytes.fromhex(frame.strip(b"\r\n").decode("ascii"))
    except ValueError:
        return None
    if len(whole) < 3 or len(whole) != whole[0] + 1:
        return None
    message = whole[1:-1]
    return message if on_wire(message)[1:] == whole.hex().upper().encode() else None


def is_sound(frame: bytes) -> bool:
    """Tell whether length and sum are right; a capital that a line made small says the same.

    An answer to the other side may stand within: a byte that a line makes there is no damage.
    """
    return off_wire(frame.translate(None, b"\x06\x15")) is not None


def area_truth(model: Model, number: int) -> State:
    """Return what a host can know of an area: no message says that it is in alarm."""
    area = model.areas[number]
    if area.entry_at_ns is not None:
        return State.ENTRY_DELAY
    return State.EXIT_DELAY if area.exit_at_ns is not None else area.armed


def zone_truth(model: Model, number: int) -> State:
    """Return what a host can know of a zone."""
    zone = model.zones[number]
    if zone.bypassed:
        return State.BYPASSED
    if zone.troubled or zone.tampered:
        return State.FAULT
    return State.OPEN if zone.is_open() else State.CLOSED


class ConcordVoice(OutboxVoice):
    """Says what happens until it is acknowledged; says lists; obeys keys."""

    def __init__(self, model: Model, setup: ConcordSetup) -> None:
        super().__init__(model, setup.patience)
        self._alarms: set[int] = set()  # zones of which an alarm was said
        self._states = {number: self._state(number) for number in model.zones}
        self._levels = {number: self._level(number) for number in model.areas}
        self._delays: dict[int, State] = {}

    # ---- Voice

    def obey(self, command: Command, now_ns: int) -> list[Output] | None:
        """Control lines of this panel alone."""
        match command.name:
            case "event":
                general = command.number("general", 99, 0, 255) or 0
                event = Signal(kind=Kind.UNKNOWN, state=State.ACTIVE, area=1)
                return self._event(1, SOURCE_SYSTEM, 0, bytes((general, 0, 0, 0)), event, now_ns)
            case "clear":
                return self._say(b"\x20", (), (), now_ns)
            case "lost":
                return self._say(b"\x02", (), (), now_ns)
            case "raw":
                return [Say(raw_bytes(command), self.peer or 0)]
        return None

    # ---- what happens

    def tell(self, happened: Happened, now_ns: int) -> list[Output]:
        """Say it, then how what it changed is now."""
        match happened:
            case Moved(Kind.ZONE, number):
                return self._zone_changed(number, now_ns)
            case Moved(Kind.AREA, number):
                return self._area_changed(number, now_ns)
            case Happening():
                outputs = self._happening(happened, now_ns)
                self._alarms = {
                    number for word in ZONE_ALARMS for number in self.model.stands(word) if number
                }
                return outputs + (
                    self._zone_changed(happened.zone, now_ns) if happened.zone else []
                )
        return []

    def _happening(self, event: Happening, now_ns: int) -> list[Output]:
        if event.word in ("arm", "disarm"):
            return self._armed(event, now_ns)
        known = EVENTS.get(event.word)
        if known is None or (not event.active and not known[1]):
            return self.untold(event.word)
        begins, ends, specific, kind, code = known
        general = begins if event.active else ends
        is_zone = bool(event.zone) and begins not in OF_SYSTEM
        zone = event.zone if is_zone else None
        user = (event.user or 0) % 256 if event.word == "cancel" else 0
        signal = Signal(
            kind=kind,
            code=code,
            state=State.ACTIVE if event.active else State.RESTORED,
            area=event.area or 1,
            zone=zone,
            user=user or None,
        )
        what = bytes((general, specific, 0, user))
        source = SOURCE_ZONE if zone else SOURCE_SYSTEM
        return self._event(event.area or 1, source, zone or 0, what, signal, now_ns)

    def _armed(self, event: Happening, now_ns: int) -> list[Output]:
        specific, code = ARMINGS[event.how]
        user = (event.user or 0) % 256
        is_arm = event.word == "arm"
        if not user and event.how == "quick":
            user, code = 250, "408"
        signal = Signal(
            kind=Kind.OPEN_CLOSE,
            code=code,
            state=State.ARMED if is_arm else State.DISARMED,
            area=event.area,
            user=user or None,
        )
        what = bytes((11 if is_arm else 10, specific, 0, user))
        return self._event(event.area or 1, SOURCE_SYSTEM, 0, what, signal, now_ns)

    def _event(
        self, area: int, source: int, number: int, what: bytes, signal: Signal, now_ns: int
    ) -> list[Output]:
        message = bytes((0x22, 0x02, area, 0, source)) + number.to_bytes(3) + what
        return self._say(message, (signal,), (), now_ns)

    def _zone_changed(self, number: int, now_ns: int) -> list[Output]:
        if number not in self._states or self._states[number] == self._state(number):
            return []
        self._states[number] = self._state(number)
        return self._say_zone(number, now_ns)

    def _area_changed(self, number: int, now_ns: int) -> list[Output]:
        outputs: list[Output] = []
        state, before = area_truth(self.model, number), self._delays.get(number)
        delay = state if state in (State.EXIT_DELAY, State.ENTRY_DELAY) else None
        if before is not None and delay is not before:
            del self._delays[number]
            flags = 0x80 | (before is State.EXIT_DELAY) << 6
            outputs += self._say(bytes((0x22, 0x03, number, 0, flags, 0, 0)), (), (), now_ns)
        if self._levels[number] != self._level(number):
            self._levels[number] = self._level(number)
            outputs += self._say_level(number, now_ns)
        if delay is not None and delay is not before:
            self._delays[number] = delay
            outputs += self._say_delay(number, now_ns)
        return outputs

    # ---- how it is

    def _state(self, number: int) -> int:
        zone = self.model.zones[number]
        flags = zone.is_open() | (zone.troubled or zone.tampered) << 3 | zone.bypassed << 4
        return int(flags) | (number in self._alarms) << 2

    def _level(self, number: int) -> tuple[int, int]:
        area = self.model.areas[number]
        return LEVELS[area.armed], (area.user or 0) % 256

    def _stated(self, number: int) -> tuple[Signal, ...]:
        """Return what the state of a zone says: the point, and that an alarm is or is not."""
        area = self.model.zones[number].area
        point = Signal(kind=Kind.ZONE, state=zone_truth(self.model, number), area=area, zone=number)
        kinds = {EVENTS[word][3:] for word in EVENTS} | {(Kind.BURGLARY, "130")}
        states = (State.ACTIVE,) if number in self._alarms else (State.RESTORED,)
        events = [
            Signal(kind=kind, code=code, state=state, area=where, zone=number)
            for kind, code in sorted(kinds)
            for state in states
            for where in (area, None)
        ]
        return (point, *events)

    def _say_zone(self, number: int, now_ns: int) -> list[Output]:
        area = self.model.zones[number].area
        message = bytes((0x21, area, 0)) + number.to_bytes(2) + bytes((self._state(number),))
        return self._say(message, (), self._stated(number), now_ns)

    def _say_level(self, number: int, now_ns: int) -> list[Output]:
        level, user = self._level(number)
        state = self.model.areas[number].armed
        signal = Signal(kind=Kind.AREA, state=state, area=number, user=user or None)
        message = bytes((0x22, 0x01, number, 0, 0, user, level))
        return self._say(message, (), (signal,), now_ns)

    def _say_delay(self, number: int, now_ns: int) -> list[Output]:
        area, state = self.model.areas[number], area_truth(self.model, number)
        is_exit = state is State.EXIT_DELAY
        until_ns = (area.exit_at_ns if is_exit else area.entry_at_ns) or now_ns
        left_s = max(1, (until_ns - now_ns) // SECOND_NS)
        message = bytes((0x22, 0x03, number, 0, is_exit << 6)) + left_s.to_bytes(2)
        return self._say(message, (), (Signal(kind=Kind.AREA, state=state, area=number),), now_ns)

    def _list(self, now_ns: int) -> list[Output]:
        outputs = self._say(bytes.fromhex("01140104000a00001234"), (), (), now_ns)
        for number, zone in self.model.zones.items():
            message = bytes((0x03, zone.area, 0, 10)) + number.to_bytes(2)
            message += bytes((0, self._state(number), 0x30))
            outputs += self._say(message, (), self._stated(number), now_ns)
        for number, area in self.model.areas.items():
            level, _ = self._level(number)
            signal = Signal(kind=Kind.AREA, state=area.armed, area=number)
            outputs += self._say(bytes((0x04, number, 0, level)), (), (signal,), now_ns)
        for number in self._delays:
            outputs += self._say_delay(number, now_ns)
        return outputs + self._say(b"\x08", (), (), now_ns)

    def _refresh(self, now_ns: int) -> list[Output]:
        outputs: list[Output] = []
        for number in self.model.zones:
            outputs += self._say_zone(number, now_ns) if self._state(number) else []
        for number in self.model.areas:
            outputs += self._say_level(number, now_ns)
        for number in self._delays:
            outputs += self._say_delay(number, now_ns)
        return outputs

    # ---- saying

    def _say(
        self,
        message: bytes,
        signals: tuple[Signal, ...],
        stated: tuple[Signal, ...],
        now_ns: int,
    ) -> list[Output]:
        if self.peer is None:
            return []  # to nobody
        told = Told(on_wire(message), signals, stated)
        return self.outbox.put(told, now_ns, is_kept=bool(signals))

    # ---- what it hears

    def hear(self, data: bytes, peer: int, now_ns: int) -> list[Output]:
        """Take ACKs and messages, in any split."""
        if peer != self.peer:
            return []
        outputs: list[Output] = []
        for byte in data:
            if byte == 0x06:
                outputs += self.outbox.taken(now_ns)
            elif byte == 0x15:
                outputs += self.outbox.refused(now_ns)
            else:
                self.held = (self.held + bytes((byte,)))[-HELD_BYTES_MAX:]
                outputs += self._whole(now_ns)
        return outputs

    def _whole(self, now_ns: int) -> list[Output]:
        text = self.held.rpartition(b"\n")[2] if b"\n" in self.held else b""
        try:
            wanted = 2 * (1 + int(text[:2], 16)) if len(text) > 1 else 0
        except ValueError:
            wanted = 0
        if not wanted or len(text) < wanted:
            return []
        self.held = b""
        message = off_wire(text)
        if message is None:
            return [Say(b"\x15", self.peer or 0)]
        return [Say(b"\x06", self.peer or 0), *self._take(message, now_ns)]

    def _take(self, message: bytes, now_ns: int) -> list[Output]:
        match message[0], len(message):
            case 0x02, 1 | 2:
                return self._list(now_ns)
            case 0x20, 1:
                return self._refresh(now_ns)
            case 0x40, size if size > 3 and message[1] in self.model.areas:
                return self._keys(message[1], message[3:], now_ns)
        return []

    def _keys(self, area: int, keys: bytes, now_ns: int) -> list[Output]:
        match [*keys]:
            case [0x27]:
                return self.do(f"arm area={area} mode=away", " how=quick", now_ns)
            case [0x28]:
                return self.do(f"arm area={area} mode=stay", " how=quick", now_ns)
            case [1, *digits]:
                user = self.model.user_of("".join(f"{digit:X}" for digit in digits))
                if user is not None:
                    return self.do(f"disarm area={area}", f" user={user}", now_ns)
            case [0x0B, a, b, c, d, tens, ones]:
                user = self.model.user_of("".join(f"{digit:X}" for digit in (a, b, c, d)))
                return [] if user is None else self._toggle(area, 10 * tens + ones, user, now_ns)
        return []

    def _toggle(self, area: int, number: int, user: int, now_ns: int) -> list[Output]:
        """Take a zone out, or in again: of an armed area only."""
        zone = self.model.zones.get(number)
        is_armed = self.model.areas[area].armed is not State.DISARMED
        if zone is None or zone.area != area or not is_armed:
            return []
        verb = "unbypass" if zone.bypassed else "bypass"
        return self.do(f"{verb} zone={number}", f" user={user}", now_ns)
