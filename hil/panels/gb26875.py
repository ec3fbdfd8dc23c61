"""A fire alarm transmission device that speaks GB/T 26875.3, written from the public standard.

A frame, numbers low byte first: "@@", serial (2), version (2), time (6: second, minute, hour, day,
month, year-2000, binary), source (6), destination (6), length of data (2), command (1), data, the
low byte of the sum of everything after "@@", "##".  Commands: 1 control, 2 send, 3 acknowledge,
4 request, 5 reply, 6 deny.

The device sends what happens one message at a time and waits 10 s for the acknowledgement, says it
three times more with the same serial, then rests.  Idle, it says its own state as a heartbeat.  It
answers requests of its states and clock, takes the time, and lets the operator answer duty checks.
"""

import struct
from dataclasses import dataclass, replace
from datetime import datetime

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from hil.panels.machine import Command, CommandError, Entry, Note, Output, Said, Say
from hil.panels.model import Happened, Happening, Model, Moved
from hil.panels.outbox import Outbox, Patience
from hil.panels.voice import Told, raw_bytes

SECOND_NS = 1_000_000_000
CONTROL, SEND, ACK, REQUEST, REPLY, DENY = 1, 2, 3, 4, 5, 6
HELD_BYTES_MAX = 4096
LOG_MAX = 99
CUT_NS = 2 * SECOND_NS
REPLY_IDS = 1_000_000  # numbers in the ledger of what was answered, apart from what was sent

# what is built in at each zone, by its number: type, and how its alarm is called
COMPONENTS = (
    (42, Kind.FIRE, "111"),  # optical smoke
    (31, Kind.FIRE, "114"),  # point heat
    (23, Kind.FIRE, "115"),  # manual call point
    (25, Kind.FIRE, "110"),  # a fire detector of no stated kind
    (61, Kind.FIRE, "117"),  # flame
    (96, Kind.FIRE, "113"),  # flow switch
    (11, Kind.GAS, "151"),  # combustible gas
)
ALARMS = ("fire", "smoke", "heat", "callpoint", "gas")
SYSTEM_BITS = {"mains": 8, "battery": 9}
SYSTEM_CODES = {"mains": "301", "battery": "302"}
OPERATIONS = {"cancel": 3, "test": 6}


PATIENCE = Patience(10 * SECOND_NS, tries_max=4, rest_ns=30 * SECOND_NS)


@dataclass(frozen=True, slots=True)
class DeviceSetup:
    """How the device is programmed; times in ns.  Zone 21 of loop 3 is 3 x 65536 + 21."""

    source: int = 0x2468
    destination: int = 1
    version: tuple[int, int] = (1, 0)
    loop: int = 1
    heartbeat_ns: int = 30 * SECOND_NS
    patience: Patience = PATIENCE
    charset: str = "gb18030"
    registers: bool = False  # says a registration frame first, as met in the field
    answers: bool = True  # requests; many devices do not
    duty_s: float | None = None  # the operator answers a duty check after so long; None: never


def stamp(clock: datetime) -> bytes:
    """Return a time as the six bytes of the wire."""
    return bytes(
        [clock.second, clock.minute, clock.hour, clock.day, clock.month, clock.year - 2000]
    )


def sum_of(inner: bytes) -> int:
    """Return the checksum of what stands between the start mark and the checksum."""
    total = 0
    for byte in inner:
        total = (total + byte) % 256
    return total


def is_sound(frame: bytes) -> bool:
    """Tell whether marks and sum of a frame are right."""
    marked = frame[:2] == b"@@" and frame[-2:] == b"##" and len(frame) >= 30
    return marked and frame[-3] == sum_of(frame[2:-3])


class Envelope:
    """Packs and unpacks the device's frames."""

    def __init__(self, setup: DeviceSetup) -> None:
        self._setup = setup

    def pack(self, serial: int, clock: datetime, command: int, data: bytes) -> bytes:
        """Return a frame from the device to the center."""
        setup = self._setup
        inner = struct.pack("<HBB", serial, *setup.version) + stamp(clock)
        inner += struct.pack("<Q", setup.source)[:6] + struct.pack("<Q", setup.destination)[:6]
        inner += struct.pack("<HB", len(data), command) + data
        return b"@@" + inner + bytes([sum_of(inner)]) + b"##"

    @staticmethod
    def unpack(held: bytes) -> tuple[tuple[int, int, bytes] | None, bytes]:
        """Return serial, command and data of the first good frame, and what is left behind it."""
        at = held.find(b"@@")
        while at >= 0:
            if len(held) < at + 30:
                return None, held[at:]
            (length,) = struct.unpack_from("<H", held, at + 24)
            end = at + 30 + length
            if length <= 1024 and len(held) < end:
                return None, held[at:]
            inner = held[at + 2 : end - 3]
            if length <= 1024 and held[end - 2 : end] == b"##" and held[end - 3] == sum_of(inner):
                (serial,) = struct.unpack_from("<H", inner, 0)
                return (serial, inner[24], inner[25:]), held[end:]
            at = held.find(b"@@", at + 1)
        return None, held[-1:]


@dataclass(slots=True)
class _Duty:
    until_ns: int
    answer_at_ns: int | None


class GbVoice:
    """The device's mouth and ear."""

    def __init__(self, model: Model, setup: DeviceSetup) -> None:
        self._model = model
        self._setup = setup
        self._envelope = Envelope(setup)
        self._outbox = Outbox(setup.patience)
        self._serial = 0
        self._ids = REPLY_IDS
        self._told: dict[int, frozenset[str]] = {}  # zone: what was said to stand
        self._held = b""
        self._heard_ns = 0
        self._peer: int | None = None
        self._beat_ns = 0
        self._duty: _Duty | None = None
        self._half = False
        self._done: dict[int, list[bytes]] = {4: [], 24: []}  # the logs, by type of object

    # ---- the line

    def plugged(self, peer: int, now_ns: int) -> list[Output]:
        """Say that it is there, then what waited."""
        self._peer, self._held = peer, b""
        self._beat_ns = now_ns + self._setup.heartbeat_ns
        hello = self._say(b"\x16" if self._setup.registers else self._own_state(now_ns), now_ns)
        return [Say(hello, peer), *self._outbox.open(peer, now_ns)]

    def unplugged(self, peer: int) -> None:
        """Keep what was not taken."""
        del peer
        self._peer = None
        self._outbox.close()

    def delivered(self, covers: tuple[int, ...], frame: bytes) -> list[Output]:
        """Nothing follows from arrival alone: the acknowledgement counts."""
        del covers, frame
        return []

    def deadline_ns(self) -> int | None:
        """Return when to repeat, to beat, or to let the operator answer."""
        if self._peer is None:
            return None
        due = [self._outbox.deadline_ns(), self._beat_ns]
        if self._duty is not None:
            due += [self._duty.answer_at_ns, self._duty.until_ns]
        return min(at_ns for at_ns in due if at_ns is not None)

    def wake(self, now_ns: int) -> list[Output]:
        """Repeat, beat, answer."""
        outputs = self._outbox.wake(now_ns)
        duty = self._duty
        if duty is not None and duty.answer_at_ns is not None and now_ns >= duty.answer_at_ns:
            outputs += self._answer_duty(now_ns)
        elif duty is not None and now_ns >= duty.until_ns:
            self._duty = None  # it beeped long enough
        if now_ns >= self._beat_ns and self._peer is not None:
            self._beat_ns = now_ns + self._setup.heartbeat_ns
            if not self._outbox.first:  # what waits for its ACK shows as well that we are there
                outputs.append(Say(self._say(self._own_state(now_ns), now_ns), self._peer))
        return outputs

    def hear(self, data: bytes, peer: int, now_ns: int) -> list[Output]:
        """Take what the center says."""
        if now_ns - self._heard_ns > CUT_NS:
            self._held = b""  # the rest of that will not come any more
        self._heard_ns = now_ns
        self._held = (self._held + data)[-HELD_BYTES_MAX:]
        outputs: list[Output] = []
        while True:
            found, self._held = self._envelope.unpack(self._held)
            if found is None:
                return outputs
            outputs += self._on_frame(*found, peer, now_ns)

    def _on_frame(
        self, serial: int, command: int, data: bytes, peer: int, now_ns: int
    ) -> list[Output]:
        waits = self._outbox.first
        is_mine = waits[2:4] == struct.pack("<H", serial)
        match command:
            case 3 if is_mine:
                return self._outbox.taken(now_ns)
            case 6 if is_mine:
                return self._outbox.refused(now_ns)
            case 4:
                return self._on_request(serial, data, peer, now_ns)
            case 1:
                return self._on_control(serial, data, peer, now_ns)
        return []

    def _on_control(self, serial: int, data: bytes, peer: int, now_ns: int) -> list[Output]:
        outputs: list[Output] = []
        if data[:2] == b"\x5a\x01" and len(data) == 8:
            second, minute, hour, day, month, year = data[2:]
            told = datetime(2000 + year, month, day, hour, minute, second)  # noqa: DTZ001  a panel's
            self._model.set_clock(told, now_ns)
        elif data[:2] == b"\x5b\x01" and len(data) == 3:
            answer_s = self._setup.duty_s
            answer_ns = None if answer_s is None else now_ns + int(answer_s * SECOND_NS)
            self._duty = _Duty(now_ns + data[2] * 60 * SECOND_NS, answer_ns)
            outputs = self._note(Said.OBEYED, line="duty")
        elif data[:1] != b"\x59":
            return [Say(self._frame(serial, DENY, b"", now_ns), peer)]
        return [Say(self._frame(serial, ACK, b"", now_ns), peer), *outputs]

    def _on_request(self, serial: int, data: bytes, peer: int, now_ns: int) -> list[Output]:
        if not self._setup.answers:
            return []
        stated: tuple[Signal, ...] = ()
        match data[:1]:
            case b"\x51":
                answer = self._own_state(now_ns)
            case b"\x58":
                answer = b"\x1c\x01" + self._now(now_ns)
            case b"\x3d":
                answer = self._system_state(now_ns)
                stated = self._system_stated()
            case b"\x3e" if len(data) == 8 and (zone := self._zone_at(data[4:8])):
                answer = self._component_state(zone, now_ns)
                stated = self._component_stated(zone)
            case b"\x54" if len(data) == 9:
                answer, stated = self._log(24, data[2], data[3:9])
            case b"\x40" if len(data) == 11:
                answer, stated = self._log(4, data[4], data[5:11])
            case _:
                return [Say(self._frame(serial, DENY, b"", now_ns), peer)]
        frame = self._frame(serial, REPLY, answer, now_ns)
        outputs: list[Output] = [Say(frame, peer)]
        for signal in stated:
            outputs += self._note(Said.STATED, replace(signal, frame=frame), frame)
        return outputs

    def _log(self, kind: int, count: int, since: bytes) -> tuple[bytes, tuple[Signal, ...]]:
        """Return the newest entries of a log since a time, and what they mean."""
        entries = [entry for entry in self._done[kind] if entry[-6:][::-1] >= since[::-1]]
        entries = entries[-min(count, 100) :]
        stated = [
            Signal(kind=Kind.LOG, state=State.ACTIVE, user=entry[-7] or None, account=self._account)
            for entry in entries
        ]
        return bytes([kind, len(entries)]) + b"".join(entries), tuple(stated)

    def _record(self, data: bytes) -> bytes:
        """Keep what an operator did in the log, whether or not it can be said."""
        self._done[data[0]] = [*self._done[data[0]][-LOG_MAX:], data[2:]]
        return data

    def _zone_at(self, address: bytes) -> int:
        point, loop = struct.unpack("<HH", address)
        return point if loop == self._setup.loop and point in self._model.zones else 0

    # ---- what happens

    def tell(self, happened: Happened, now_ns: int) -> list[Output]:
        """Send the state of what changed."""
        if isinstance(happened, Moved):
            return []
        word, zone = happened.word, happened.zone
        if word in SYSTEM_BITS:
            event = self._signal(Kind.POWER, SYSTEM_CODES[word], happened.active)
            others = tuple(s for s in self._system_stated() if s.code != event.code)
            return self._send(self._system_state(now_ns), (event,), others, now_ns)
        if word in OPERATIONS and happened.active:
            return self._operated(happened, now_ns)
        if zone is None or word not in (*ALARMS, "trouble", "bypass"):
            return self._outbox.untold(happened)
        return self._component_moved(happened, zone, now_ns)

    def _component_moved(self, happened: Happening, zone: int, now_ns: int) -> list[Output]:
        stands = self._stands(zone)
        changed = stands ^ self._told.get(zone, frozenset())
        if not changed:
            return self._outbox.untold(happened)  # a detector cannot alarm twice
        self._told[zone] = stands
        events = tuple(self._event(zone, what, active=what in stands) for what in sorted(changed))
        others = tuple(s for s in self._component_stated(zone) if s not in events)
        return self._send(self._component_state(zone, now_ns), events, others, now_ns)

    def _operated(self, happened: Happening, now_ns: int) -> list[Output]:
        user = happened.user or 0
        bits = 1 << OPERATIONS[happened.word]
        data = self._record(bytes([4, 1, 1, 1, bits, user % 256]) + self._now(now_ns))
        event = Signal(
            kind=Kind.LOG, state=State.ACTIVE, user=user % 256 or None, account=self._account
        )
        return self._send(data, (event,), (), now_ns)

    def _answer_duty(self, now_ns: int) -> list[Output]:
        self._duty = None
        data = self._record(bytes([24, 1, 0x20, 1]) + self._now(now_ns))
        event = Signal(kind=Kind.LOG, state=State.ACTIVE, user=1, account=self._account)
        return self._send(data, (event,), (), now_ns)

    def obey(self, command: Command, now_ns: int) -> list[Output] | None:
        """Take the control lines of the device alone."""
        match command.name:
            case "duty":
                if self._duty is None:
                    raise CommandError("duty: nobody asked")
                return self._answer_duty(now_ns)
            case "raw":
                return [Say(raw_bytes(command), self._peer or 0)]
            case "half":
                self._half = True
                return []
            case "vendor":
                kind = command.number("type", 150, 128, 254) or 150
                data = bytes([kind, 1]) + bytes(range(16))
                event = Signal(kind=Kind.UNKNOWN, state=State.ACTIVE, account=self._account)
                return self._send(data, (event,), (), now_ns)
            case "analogue":
                data = struct.pack("<BBBBBIBh", 3, 1, 1, 1, 31, self._address(2), 3, 235)
                return self._send(data + self._now(now_ns), (), (), now_ns)
        return None

    # ---- objects

    def _now(self, now_ns: int) -> bytes:
        return stamp(self._model.clock(now_ns))

    def _address(self, zone: int) -> int:
        return self._setup.loop * 65536 + zone

    def _own_state(self, now_ns: int) -> bytes:
        return b"\x15\x01\x01" + self._now(now_ns)

    def _stands(self, zone: int) -> frozenset[str]:
        """Return which of alarm, fault and isolation stand at a zone."""
        words = {word for word, number in self._model.standing if number == zone}
        stands = {"alarm"} if words & set(ALARMS) else set()
        stands |= {"trouble"} & words
        return frozenset(stands | ({"bypass"} if self._model.zones[zone].bypassed else set()))

    def _component_state(self, zone: int, now_ns: int) -> bytes:
        stands = self._told.get(zone, frozenset())
        status = 1 | ("alarm" in stands) << 1 | ("trouble" in stands) << 2
        status |= ("bypass" in stands) << 3
        text = f"{zone}号点 防火分区一层东侧走廊探测器".encode(self._setup.charset)[:31]
        if self._half:
            text, self._half = "一二三四五六七八九十一二三四五六".encode("gb18030")[:31], False
        head = struct.pack("<BBBBBIH", 2, 1, 1, 1, self._type(zone)[0], self._address(zone), status)
        return head + text.ljust(31, b"\x00") + self._now(now_ns)

    def _system_state(self, now_ns: int) -> bytes:
        status = 1
        for word, bit in SYSTEM_BITS.items():
            status |= bool(self._model.stands(word)) << bit
        everything = frozenset().union(*self._told.values()) if self._told else frozenset()
        for what, bit in (("alarm", 1), ("trouble", 2), ("bypass", 3)):
            status |= (what in everything) << bit
        return struct.pack("<BBBBH", 1, 1, 1, 1, status) + self._now(now_ns)

    @staticmethod
    def _type(zone: int) -> tuple[int, Kind, str]:
        return COMPONENTS[(zone - 1) % len(COMPONENTS)]

    # ---- what it means

    @property
    def _account(self) -> str:
        return f"{self._setup.source or self._setup.destination:012x}"

    def _event(self, zone: int, what: str, *, active: bool) -> Signal:
        _, kind, code = self._type(zone)
        known = {"trouble": (Kind.ZONE_TROUBLE, "380"), "bypass": (Kind.BYPASS, "571")}
        kind, code = known.get(what, (kind, code))
        state = State.ACTIVE if active else State.RESTORED
        return self._zoned(kind, code, state, zone)

    def _zoned(self, kind: Kind, code: str | None, state: State, zone: int) -> Signal:
        return Signal(
            kind=kind,
            code=code,
            state=state,
            area=self._setup.loop,
            zone=zone,
            account=self._account,
        )

    def _signal(self, kind: Kind, code: str, active: bool) -> Signal:
        state = State.ACTIVE if active else State.RESTORED
        return Signal(kind=kind, code=code, state=state, account=self._account)

    def _component_stated(self, zone: int) -> tuple[Signal, ...]:
        """Return what a message about a component shows along with what it is sent for."""
        stands = self._told.get(zone, frozenset())
        stated = [
            self._event(zone, what, active=what in stands)
            for what in ("alarm", "trouble", "bypass")
        ]
        if "alarm" in stands:  # told again, as a fire that is not new
            stated.append(replace(self._event(zone, "alarm", active=True), state=State.STATUS))
        if not stands:
            stated.append(self._zoned(Kind.ZONE, None, State.CLOSED, zone))
        return tuple(stated)

    def _system_stated(self) -> tuple[Signal, ...]:
        everything = frozenset().union(*self._told.values()) if self._told else frozenset()
        stated = [
            self._signal(Kind.POWER, SYSTEM_CODES[word], bool(self._model.stands(word)))
            for word in SYSTEM_BITS
        ]
        for what, kind, code in (
            ("alarm", Kind.FIRE, "110"),
            ("trouble", Kind.SYSTEM_TROUBLE, "300"),
            ("bypass", Kind.BYPASS, "571"),
        ):
            stated.append(self._signal(kind, code, what in everything))
            if what == "alarm" and what in everything:
                stated.append(replace(stated[-1], state=State.STATUS))
        return tuple(stated)

    # ---- saying

    def _send(
        self,
        data: bytes,
        events: tuple[Signal, ...],
        stated: tuple[Signal, ...],
        now_ns: int,
    ) -> list[Output]:
        return self._outbox.put(Told(self._say(data, now_ns), events, stated), now_ns)

    def _say(self, data: bytes, now_ns: int) -> bytes:
        self._serial = (self._serial + 1) % 65536
        return self._frame(self._serial, SEND, data, now_ns)

    def _frame(self, serial: int, command: int, data: bytes, now_ns: int) -> bytes:
        return self._envelope.pack(serial, self._model.clock(now_ns), command, data)

    def _note(
        self,
        state: Said,
        signal: Signal | None = None,
        frame: bytes = b"",
        line: str | None = None,
    ) -> list[Output]:
        self._ids += 1
        return [Note(Entry(self._ids, state, signal, frame, line=line))]
