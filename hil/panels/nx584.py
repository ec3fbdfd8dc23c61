"""A NetworX panel's serial port (NX-584, NX-8E), written from the collected facts.

A message is a type and its data.  On the wire its length goes before it and two sums behind it:
the sum of all, and the sum of those sums, mod 255.  As ASCII: line feed, two hex digits a byte,
carriage return; binary: 7E, and 7D 5E or 7D 5D for a 7E or 7D within.  Numbers begin with 0.

    04 zone mask type[3] condition 0      06 partition flags[4] user flags[2]
    08 panel flags[9] newest log          0A number size type which partition month day hour minute

The first bit of a zone's type: it is of fire, and its alarms stand in the log like those of others.
What changes it says by itself, with bit 7 of the type set: one message at a time, again after 1 s,
until it hears 1D.  It answers 21 and 23 to 28 and 2A, and obeys 3B to 3F.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from hil.panels.machine import Command, CommandError, Entry, Note, Output, Said, Say
from hil.panels.model import Happened, Happening, Model, Moved, ZoneType
from hil.panels.outbox import OutboxVoice, Patience
from hil.panels.voice import Told, raw_bytes

SECOND_NS = 1_000_000_000
ZONES, AREAS = 192, 8
HELD_BYTES_MAX = 512
CUT_NS = SECOND_NS  # a gap of 1 s within a frame breaks it
LOG_SIZE = 100
PATIENCE = Patience(1_050_000_000, tries_max=4, rest_ns=20_300_000_000)  # it waits 1 s
PANEL = 0x04  # an NX-8E
NOT_REPORTED = 0x80

# what the log says of a word: its type (its end is one more), kind and code
LOGGED = {
    **dict.fromkeys(
        (
            *("alarm", "entry", "fire", "smoke", "heat", "callpoint", "panic", "holdup"),
            *("medical", "gas", "co", "water"),
        ),
        (0, Kind.BURGLARY, "130"),
    ),
    "bypass": (2, Kind.BYPASS, "570"),
    "tamper": (4, Kind.TAMPER, "383"),
    "trouble": (6, Kind.ZONE_TROUBLE, "380"),
    "weak": (8, Kind.ZONE_TROUBLE, "384"),
    "missing": (10, Kind.ZONE_TROUBLE, "381"),
    "duress": (18, Kind.DURESS, "121"),
    "cover": (24, Kind.TAMPER, "137"),
    "mains": (26, Kind.POWER, "301"),
    "battery": (28, Kind.POWER, "302"),
    "line": (34, Kind.COMMS, "351"),
    "report": (38, Kind.COMMS, "354"),
    "disarm": (40, Kind.OPEN_CLOSE, "401"),
    "arm": (41, Kind.OPEN_CLOSE, "401"),
    "exiterror": (42, Kind.EXIT_ERROR, "457"),
    "test": (44, Kind.TEST, "602"),
    "cancel": (49, Kind.CANCEL, "406"),
    "walktest": (123, Kind.TEST, "607"),
}
ENDLESS = ("duress", "report", "exiterror", "test", "cancel", "arm", "disarm")
OF_ZONES = range(12)
OF_USERS = (40, 41, 42, 49)
OF_SYSTEM = range(24, 39)
KEYS = {
    "fire": (19, Kind.FIRE, "110"),
    "medical": (20, Kind.MEDICAL, "100"),
    "panic": (22, Kind.PANIC, "120"),
}
FIRES = ("fire", "smoke", "heat", "callpoint")
INTRUSIONS = ("alarm", "entry")
ALARM, FIRE = "130", "110"
OF_FIRE = 0x01  # in the first byte of a zone's type
# of the second and the third flag byte of the system
SYSTEM = {
    "line": (1, 1, Kind.COMMS, "351"),
    "report": (1, 2, Kind.COMMS, "354"),
    "cover": (1, 4, Kind.TAMPER, "137"),
    "battery": (1, 6, Kind.POWER, "302"),
    "mains": (1, 7, Kind.POWER, "301"),
}
EVERY_MESSAGE = bytes((0xFA, 0x0F, 0xFA, 0x1F, 0xFF, 0xFC))  # the interface says and obeys all


@dataclass(frozen=True, slots=True)
class NxSetup:
    """How the panel is programmed; `day_first` as European ones are."""

    binary: bool = False
    day_first: bool = False
    patience: Patience = PATIENCE


def summed(payload: bytes) -> bytes:
    """Return the message with its length and both sums."""
    text = [len(payload), *payload]
    one = two = 0
    for byte in text:
        one += byte
        two += one
    return bytes([*text, one % 255, two % 255])


def on_wire(payload: bytes, *, binary: bool) -> bytes:
    """Return a message as it is sent."""
    whole = summed(payload)
    if not binary:
        return ("\n" + "".join(f"{byte:02X}" for byte in whole) + "\r").encode("ascii")
    out = [0x7E]
    for byte in whole:
        out += [0x7D, byte ^ 0x20] if byte in (0x7D, 0x7E) else [byte]
    return bytes(out)


def off_wire(frame: bytes) -> bytes | None:
    """Return the message of a frame, None where it is damaged."""
    if frame[:1] == b"\x7e":
        whole, escaped = [], False
        for byte in frame[1:]:
            if byte == 0x7D and not escaped:
                escaped = True
                continue
            whole.append(byte ^ 0x20 if escaped else byte)
            escaped = False
    else:
        try:
            whole = list(bytes.fromhex(frame.strip(b"\r\n").decode("ascii")))
        except ValueError:
            return None
    if len(whole) < 4 or len(whole) != whole[0] + 3:
        return None
    payload = bytes(whole[1:-2])
    return payload if summed(payload) == bytes(whole) else None


def is_sound(frame: bytes) -> bool:
    """Tell whether length and sums of a frame are right; an end that looks like one is cut off."""
    ends = (b"", b"\r", b"\n", b"\x14")
    return any(off_wire(frame + one + two) is not None for one in ends for two in ends)


def zone_truth(model: Model, number: int) -> State:
    """Return what a host can know of a zone."""
    zone = model.zones[number]
    if zone.bypassed:
        return State.BYPASSED
    if zone.troubled or zone.tampered:
        return State.FAULT
    return State.OPEN if zone.is_open() else State.CLOSED


def shown(
    *said: tuple[bool, Kind, str], area: int | None = None, zone: int | None = None
) -> tuple[Signal, ...]:
    """Return what flags say of events: that each stands, or does not, with its area or without."""
    return tuple(
        Signal(
            kind=kind,
            code=code,
            state=State.ACTIVE if stands else State.RESTORED,
            area=where,
            zone=zone,
        )
        for stands, kind, code in said
        for where in {area, None if not stands else area}
    )


class NxVoice(OutboxVoice):
    """Says changes until they are acknowledged, answers requests, obeys keypad functions."""

    def __init__(self, model: Model, setup: NxSetup) -> None:
        super().__init__(model, setup.patience)
        self._setup = setup
        self._heard_ns = 0
        self._log: dict[int, tuple[bytes, *tuple[Signal, ...]]] = {}
        self._newest = LOG_SIZE - 1
        self._shown: dict[str, bytes] = {}

    # ---- Voice

    def obey(self, command: Command, now_ns: int) -> list[Output] | None:
        """Control lines of this panel: an entry of the log, a key held at a keypad."""
        match command.name:
            case "event":
                kind = command.number("type", 99, 0, 127) or 0
                return self._record(
                    kind, 1, 1, Signal(kind=Kind.UNKNOWN, state=State.ACTIVE), now_ns
                )
            case "key":
                name = command.word(0, "panic")
                if name not in KEYS:
                    raise CommandError(f"key: takes {', '.join(KEYS)}")
                kind, what, code = KEYS[name]
                event = Signal(kind=what, code=code, state=State.ACTIVE, area=1)
                return self._record(kind, 1, 1, event, now_ns)
            case "raw":
                return [Say(raw_bytes(command), self.peer or 0)]
        return None

    # ---- what happens

    def tell(self, happened: Happened, now_ns: int) -> list[Output]:
        """Log it and say it, then how what it changed is now."""
        match happened:
            case Moved(Kind.ZONE, number):
                return self._zone_changed(number, now_ns)
            case Moved(Kind.AREA, number):
                return self._area_changed(number, now_ns)
            case Happening():
                outputs = self._happening(happened, now_ns)
                if happened.zone:
                    outputs += self._zone_changed(happened.zone, now_ns)
                if happened.area:
                    outputs += self._area_changed(happened.area, now_ns)
                return outputs + self._system_changed(now_ns)
        return []

    def _happening(self, event: Happening, now_ns: int) -> list[Output]:
        known = LOGGED.get(event.word)
        if known is None or (event.word in ENDLESS and not event.active):
            return self.untold(event.word)
        kind, what, code = known
        state = State.ACTIVE if event.active else State.RESTORED
        if event.word in {"arm", "disarm"}:
            state = State.ARMED if event.word == "arm" else State.DISARMED
        user = event.user
        if event.word == "exiterror" and event.area is not None:
            user = self.model.areas[event.area].user
        user = user if kind in OF_USERS and user and user <= 255 else None
        zone = event.zone if kind in OF_ZONES else None
        area = None if kind in OF_SYSTEM or kind == LOGGED["test"][0] else event.area
        if kind in OF_ZONES and zone is None:
            return self.untold(event.word)
        if code == ALARM and self._is_of_fire(zone or 0):
            what, code = Kind.FIRE, FIRE
        signal = Signal(kind=what, code=code, state=state, area=area, zone=zone, user=user)
        end = 0 if event.active or event.word in ENDLESS else 1
        return self._record(
            kind + end,
            zone or user or (256 if kind in OF_USERS else 1),
            event.area or 1,
            signal,
            now_ns,
        )

    def _record(
        self, kind: int, which: int, area: int, signal: Signal, now_ns: int
    ) -> list[Output]:
        """Write an entry of the log, and say it."""
        at = self.model.clock(now_ns)
        self._newest = (self._newest + 1) % LOG_SIZE
        date = (at.day, at.month) if self._setup.day_first else (at.month, at.day)
        entry = bytes((self._newest, LOG_SIZE, kind | NOT_REPORTED, which - 1, area - 1, *date))
        entry += bytes((at.hour, at.minute))
        if signal.area is None and 17 <= kind <= 23:
            signal = replace(signal, area=area)
        if kind in (123, 124) or signal.kind is Kind.UNKNOWN:
            signal = replace(signal, area=area if kind in (123, 124) else None)
        # whoever does not know the zone's type yet knows of no fire
        is_fire = signal.zone is not None and signal.code == FIRE
        stated = (replace(signal, kind=Kind.BURGLARY, code=ALARM),) if is_fire else ()
        self._log[self._newest] = entry, signal, *stated
        return self._say(0x0A, entry, (signal,), stated, now_ns)

    def _is_of_fire(self, zone: int) -> bool:
        return zone in self.model.zones and self.model.zones[zone].type is ZoneType.FIRE

    def _zone_changed(self, number: int, now_ns: int) -> list[Output]:
        return self._changed(f"zone {number}", 0x04, lambda: self._zone(number), now_ns)

    def _area_changed(self, number: int, now_ns: int) -> list[Output]:
        return self._changed(f"area {number}", 0x06, lambda: self._area(number), now_ns)

    def _system_changed(self, now_ns: int) -> list[Output]:
        return self._changed("system", 0x08, self._system, now_ns)

    def _changed(
        self,
        what: str,
        kind: int,
        state: Callable[[], tuple[bytes, tuple[Signal, ...]]],
        now_ns: int,
    ) -> list[Output]:
        data, stated = state()
        compared = data[:-1] if kind == 0x08 else data  # the newest entry is no change
        at_rest = self._shown.get(what, b"") if what in self._shown or kind != 0x08 else bytes(11)
        if compared == at_rest:
            return []
        self._shown[what] = compared
        return self._say(kind, data, (), stated, now_ns)

    # ---- how it is: the data of an answer, and what it means

    def _zone(self, number: int) -> tuple[bytes, tuple[Signal, ...]]:
        zone = self.model.zones.get(number)
        if zone is None:
            state = Signal(kind=Kind.ZONE, state=State.CLOSED, zone=number)
            return bytes((number - 1, 0, 0, 0, 0, 0, 0)), (state,)
        weak, missing = (number in self.model.stands(word) for word in ("weak", "missing"))
        condition = zone.is_open() | (zone.troubled or zone.tampered) << 1 | zone.bypassed << 2
        condition |= weak << 4 | missing << 5
        point = Signal(
            kind=Kind.ZONE, state=zone_truth(self.model, number), area=zone.area, zone=number
        )
        events = shown(
            (weak, Kind.ZONE_TROUBLE, "384"),
            (missing, Kind.ZONE_TROUBLE, "381"),
            area=zone.area,
            zone=number,
        )
        kind = OF_FIRE if self._is_of_fire(number) else 0
        data = bytes((number - 1, 1 << zone.area - 1, kind, 0, 0, condition, 0))
        return data, (point, *events)

    def _area(self, number: int) -> tuple[bytes, tuple[Signal, ...]]:
        area = self.model.areas[number]
        events = [event for event in self.model.standing.values() if event.area == number]
        is_tamper = any(event.word == "tamper" for event in events)
        is_fire = any(
            event.word in FIRES or (event.word in INTRUSIONS and self._is_of_fire(event.zone or 0))
            for event in events
        )
        is_armed = area.armed is not State.DISARMED
        zones = [zone for zone in self.model.zones.values() if zone.area == number]
        is_ready = not any(zone.is_open() and not zone.bypassed for zone in zones)
        flags = (
            is_fire << 2 | is_armed << 6,
            area.alarm << 1 | is_tamper << 4,
            (area.armed is State.ARMED_STAY) << 2
            | (area.entry_at_ns is not None) << 4
            | (area.exit_at_ns is not None) << 6,
            0,
        )
        data = bytes((number - 1, *flags, (area.user or 1) - 1 & 0xFF, is_ready << 2, 0))
        state = State.ALARM if is_fire else area.state()
        point = Signal(kind=Kind.AREA, state=state, area=number)
        said = shown((is_fire, Kind.FIRE, FIRE), (is_tamper, Kind.TAMPER, "383"), area=number)
        return data, (point, *said)

    def _system(self) -> tuple[bytes, tuple[Signal, ...]]:
        flags = [0] * 9
        said = []
        for word, (byte, bit, kind, code) in SYSTEM.items():
            stands = bool(self.model.stands(word))
            flags[byte] |= stands << bit
            said.append((stands, kind, code))
        flags[8] = sum(1 << number - 1 for number in self.model.areas)
        return bytes((PANEL, *flags, self._newest)), shown(*said)

    # ---- saying

    def _say(
        self,
        kind: int,
        data: bytes,
        signals: tuple[Signal, ...],
        stated: tuple[Signal, ...],
        now_ns: int,
    ) -> list[Output]:
        if self.peer is None:
            return []  # to nobody: the log keeps it
        frame = on_wire(bytes((kind | 0x80,)) + data, binary=self._setup.binary)
        return self.outbox.put(Told(frame, signals, stated), now_ns)

    def _answer(self, payload: bytes, stated: tuple[Signal, ...] = ()) -> list[Output]:
        assert self.peer is not None, "somebody asked"
        frame = on_wire(payload, binary=self._setup.binary)
        outputs: list[Output] = [Say(frame, self.peer)]
        for signal in stated:
            entry = Entry(self.next_id(), Said.STATED, replace(signal, frame=frame), frame)
            outputs.append(Note(entry))
        return outputs

    # ---- what it hears

    def hear(self, data: bytes, peer: int, now_ns: int) -> list[Output]:
        """Take ACKs, requests and commands, in its own form alone."""
        if peer != self.peer:
            return []
        if now_ns - self._heard_ns > CUT_NS:
            self.held = b""
        self._heard_ns = now_ns
        self.held = (self.held + data)[-HELD_BYTES_MAX:]
        outputs: list[Output] = []
        for frame in self._frames():
            payload = off_wire(frame)
            outputs += [] if payload is None else self._take(payload, now_ns)
        return outputs

    def _frames(self) -> list[bytes]:
        found: list[bytes] = []
        if not self._setup.binary:
            *lines, self.held = self.held.split(b"\r")
            return [line[line.rfind(b"\n") + 1 :] for line in lines if b"\n" in line]
        while (at := self.held.find(b"\x7e")) >= 0:
            rest = self.held[at + 1 :]
            size = next(
                (n for n in range(1, len(rest) + 1) if off_wire(b"\x7e" + rest[:n]) is not None), 0
            )
            if not size:
                if (next_at := rest.find(b"\x7e")) < 0:
                    self.held = self.held[at:]
                    return found
                size = next_at
            found.append(b"\x7e" + rest[:size])
            self.held = rest[size:]
        self.held = b""
        return found

    def _take(self, payload: bytes, now_ns: int) -> list[Output]:
        match payload:
            case b"\x1d":
                return self.outbox.taken(now_ns)
            case b"\x1e":
                return self.outbox.refused(now_ns)
        kind, data = payload[0], payload[1:]
        return (self._asked if kind < 0x3B else self._told)(kind, data, now_ns)

    def _asked(self, kind: int, data: bytes, now_ns: int) -> list[Output]:
        del now_ns
        match kind, len(data):
            case 0x21, 0:
                return self._answer(b"\x011.05" + EVERY_MESSAGE)
            case 0x23, 1:
                return self._answer(bytes((0x03, data[0])) + f"ZONE {data[0] + 1:<11}".encode())
            case 0x24, 1 if data[0] < ZONES:
                return self._shows(0x04, self._zone(data[0] + 1))
            case 0x26, 1 if data[0] + 1 in self.model.areas:
                return self._shows(0x06, self._area(data[0] + 1))
            case 0x28, 0:
                return self._shows(0x08, self._system())
            case 0x2A, 1 if data[0] < LOG_SIZE:
                nothing = bytes((data[0], LOG_SIZE, *bytes(7)))
                entry, *what = self._log.get(data[0], (nothing,))
                return self._answer(b"\x0a" + entry, tuple(what))
        return self._answer(b"\x1f")

    def _told(self, kind: int, data: bytes, now_ns: int) -> list[Output]:
        match kind, len(data):
            case 0x3B, 6:
                return self._set_clock(data, now_ns)
            case 0x3C, 5:
                return self._with_code(data, now_ns)
            case 0x3E, 2 if data[0] in (0, 2):
                mode = "stay" if data[0] == 0 else "away"
                return self._do("arm", f"mode={mode} how=quick", data[1], now_ns)
            case 0x3F, 1:
                return self._toggle(data[0] + 1, now_ns)
        return self._answer(b"\x1f")

    def _shows(self, kind: int, state: tuple[bytes, tuple[Signal, ...]]) -> list[Output]:
        return self._answer(bytes((kind,)) + state[0], state[1])

    def _set_clock(self, data: bytes, now_ns: int) -> list[Output]:
        year, month, day, hour, minute, weekday = data
        try:
            told = datetime(2000 + year, month, day, hour, minute)  # noqa: DTZ001  a panel's
        except ValueError:
            return self._answer(b"\x1f")
        if weekday != told.isoweekday() % 7 + 1:
            return self._answer(b"\x1f")
        self.model.set_clock(told, now_ns)
        entry = Signal(kind=Kind.LOG, code="625", state=State.ACTIVE)
        logged = self._record(119, 1, 1, entry, now_ns)
        return [*self.noted(Said.OBEYED, "clock"), *self._shows(0x08, self._system()), *logged]

    def _with_code(self, data: bytes, now_ns: int) -> list[Output]:
        digits = "".join(f"{byte & 0xF:X}{byte >> 4:X}" for byte in data[:3]).rstrip("F")
        user = self.model.user_of(digits)
        words = {1: ("disarm", ""), 2: ("arm", "mode=away"), 3: ("arm", "mode=stay")}
        if user is None or data[3] not in words:
            return self._answer(b"\x1c")
        verb, how = words[data[3]]
        return self._do(verb, f"{how} user={user}", data[4], now_ns)

    def _do(self, verb: str, how: str, mask: int, now_ns: int) -> list[Output]:
        """Let the model do it in each area of a mask."""
        outputs: list[Output] = []
        for area in [number for number in self.model.areas if mask >> number - 1 & 1]:
            shown, user, number = f"{verb} area={area} {how}".partition(" user=")
            outputs += self.do(shown.strip(), user + number, now_ns)
        return outputs + self._answer(b"\x1d")

    def _toggle(self, number: int, now_ns: int) -> list[Output]:
        zone = self.model.zones.get(number)
        if zone is None:
            return self._answer(b"\x1f")
        verb = "unbypass" if zone.bypassed else "bypass"
        return self.do(f"{verb} zone={number}", "", now_ns) + self._answer(b"\x1d")
