"""Modbus devices on one bus, over RTU or TCP: what they answer, and who has read what changed.

Written from the public protocol (address, function, data, CRC-16/MODBUS reflected A001h starting
at FFFFh, low byte first; TCP: transaction, protocol 0, length, unit, no CRC).  Exceptions: 1
illegal function, 2 address, 3 value.  What stands in the registers is `modbus_devices`.  It shares
no code with the agent's Modbus stack on purpose.

There is no ACK.  An edge is `said` when an answer that shows it left the module in time; an edge
that turned back before anyone read it is `missed`; one that was there before the conversation
began, or happened while the unit did not answer, is `found` when first read.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from edge_agent.domain.kinds import Kind
from edge_agent.domain.signal import Signal
from hil.panels.machine import (
    Command,
    Commanded,
    CommandError,
    Delivered,
    Entry,
    Heard,
    Input,
    Muted,
    Note,
    Output,
    Plugged,
    Said,
    Say,
    Ticked,
    Unplugged,
)
from hil.panels.modbus_devices import (
    ANALOG,
    COILS,
    FULL,
    HOLDING,
    INPUTS,
    Device,
    Gst,
    Loops,
    device,
)
from hil.panels.model import CLOCK_START

SECOND_NS = 1_000_000_000
RTU_GAP_NS = 50_000_000  # a request in pieces further apart is two; generous, for a busy machine
REQUEST_BYTES_MAX = 260  # the longest frame there is
GATEWAY_NO_ANSWER = 0x0B
CLOCK_PARTS = 6  # year, month, day, hour, minute, second, a register each
BITS_MAX, REGISTERS_MAX = 2000, 125  # of one read


class Framing(Enum):
    """How requests and answers are wrapped."""

    RTU = "rtu"
    TCP = "tcp"


@dataclass(frozen=True, slots=True)
class ModuleSetup:
    """What the devices are: how many inputs each module has, and what an input means when on.

    `model` is one of `modbus_devices.MODELS`; `clock` is where its time stands, None for none.
    """

    framing: Framing = Framing.TCP
    inputs: int = 8
    units: tuple[int, ...] = (1,)
    kind: Kind = Kind.BURGLARY
    model: str = "generic_di8"
    clock: int | None = None


@dataclass(slots=True)
class Unit:
    """One address on the bus.  Times in ns; `talks_since_ns` is when it last began to answer."""

    device: Device
    unread: dict[int, tuple[list[Entry], int]]  # input -> its last change, and when
    dead_until_ns: int = 0
    refuse: int = 0  # a Modbus exception code, 0: answers
    slow_ns: int = 0
    talks_since_ns: int = 0


def crc(data: bytes) -> bytes:
    """Return the CRC-16/MODBUS of `data`, low byte first."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return struct.pack("<H", value)


class ModbusModule:
    """Answers reads, remembers which edges nobody has read yet.

    module = ModbusModule(ModuleSetup(framing=Framing.RTU, units=(17,)))
    module.handle(Plugged(), now_ns)
    module.handle(Commanded(Command.parse("input 1 on")), now_ns)
    module.handle(Heard(bytes.fromhex("11 02 00 00 00 08 7B 5C")), now_ns)   # [Say(...)]
    """

    def __init__(self, setup: ModuleSetup) -> None:
        self._setup = setup
        self._units = {
            number: Unit(device(setup.model, setup.inputs, setup.kind, number), {})
            for number in setup.units
        }
        self._clock_s = 0.0
        self._buffers: dict[int, bytearray] = {}
        self._heard_ns: dict[int, int] = {}
        self._late: list[tuple[int, Say]] = []
        self._offs: list[tuple[int, int, int]] = []  # ends of pulses: when, unit, input
        self._ids = 0

    def deadline_ns(self) -> int | None:
        """Return when a slow answer or the end of a pulse is due."""
        late = [due_ns for due_ns, _ in self._late]
        offs = [due_ns for due_ns, _, _ in self._offs]
        return min(late + offs, default=None)

    def handle(self, happened: Input, now_ns: int) -> list[Output]:
        """Take one input; see `Machine`."""
        match happened:
            case Plugged(peer):
                if not self._buffers:
                    for unit in self._units.values():
                        unit.talks_since_ns = now_ns
                self._buffers[peer] = bytearray()
            case Unplugged(peer):
                self._buffers.pop(peer, None)
                self._late = [due for due in self._late if due[1].peer != peer]
            case Heard(data, peer) if peer in self._buffers:
                return self._hear(data, peer, now_ns)
            case Commanded(command):
                return self._obey(command, now_ns)
            case Delivered(covers, frame):
                return self._read(covers, frame)
            case Muted(until_ns):
                for unit in self._units.values():
                    unit.talks_since_ns = until_ns
            case Ticked():
                return self._wake(now_ns)
            case Heard():
                pass
        return []

    # ---- requests

    def _hear(self, data: bytes, peer: int, now_ns: int) -> list[Output]:
        buffer = self._buffers[peer]
        rtu = self._setup.framing is Framing.RTU
        if rtu and now_ns - self._heard_ns.get(peer, now_ns) > RTU_GAP_NS:
            buffer.clear()
        self._heard_ns[peer] = now_ns
        buffer += data
        answer = self._answer_rtu if rtu else self._answer_tcp
        outputs: list[Output] = []
        while (size := _request_bytes(buffer, rtu=rtu)) and size <= len(buffer):
            outputs += answer(bytes(buffer[:size]), peer, now_ns)
            del buffer[:size]
        if len(buffer) > REQUEST_BYTES_MAX:
            buffer.clear()
        return outputs

    def _answer_rtu(self, frame: bytes, peer: int, now_ns: int) -> list[Output]:
        unit = self._units.get(frame[0])
        if crc(frame[:-2]) != frame[-2:] or unit is None or now_ns < unit.dead_until_ns:
            return []  # others' traffic, damage or silence: a slave says nothing
        pdu = self._answer(unit, frame[1:-2], now_ns)
        body = frame[:1] + pdu
        return self._say(unit, body + crc(body), pdu, frame[1:-2], peer, now_ns)

    def _answer_tcp(self, frame: bytes, peer: int, now_ns: int) -> list[Output]:
        unit = self._units.get(frame[6])
        if unit is not None and now_ns < unit.dead_until_ns:
            return []
        if unit is None:
            pdu = bytes((frame[7] | 0x80, GATEWAY_NO_ANSWER))
            return [Say(_wrap_tcp(frame, pdu), peer)]
        pdu = self._answer(unit, frame[7:], now_ns)
        return self._say(unit, _wrap_tcp(frame, pdu), pdu, frame[7:], peer, now_ns)

    def _say(
        self, unit: Unit, frame: bytes, pdu: bytes, request: bytes, peer: int, now_ns: int
    ) -> list[Output]:
        noted: list[Output] = []
        if pdu[0] == 5:
            relay, value = struct.unpack(">HH", pdu[1:])
            noted = [self._obeyed(f"output {relay + 1} {'on' if value else 'off'}")]
        elif pdu[0] == 16:
            noted = [self._obeyed(f"clock {self._time(now_ns).isoformat(timespec='seconds')}")]
        if unit.slow_ns:
            # a late answer may meet a master that no longer waits: it proves nothing
            self._late.append((now_ns + unit.slow_ns, Say(frame, peer)))
            return noted
        return [*noted, Say(frame, peer, _covered(unit, pdu, request))]

    def _obeyed(self, line: str) -> Note:
        self._ids += 1
        return Note(Entry(self._ids, Said.OBEYED, line=line))

    def _answer(self, unit: Unit, pdu: bytes, now_ns: int) -> bytes:
        function = pdu[0]
        if unit.refuse:
            return bytes((function | 0x80, unit.refuse))
        if function == 16 and self._setup.clock is not None:
            return self._set_clock(pdu, now_ns)
        if function not in {COILS, INPUTS, HOLDING, ANALOG, 5} or len(pdu) != 5:
            return bytes((function | 0x80, 1))
        address, count = struct.unpack(">HH", pdu[1:])
        if function == 5:
            return _switch(unit, pdu, address, count)
        bits = function in {COILS, INPUTS}
        if not 1 <= count <= (BITS_MAX if bits else REGISTERS_MAX):
            return bytes((function | 0x80, 3))
        found = [self._value(unit, function, at, now_ns) for at in range(address, address + count)]
        values = [value for value in found if value is not None]
        if len(values) < count:
            return bytes((function | 0x80, 2))
        if bits:
            packed = sum(bit << at for at, bit in enumerate(values))
            size = (count + 7) // 8
            return bytes((function, size)) + packed.to_bytes(size, "little")
        return bytes((function, 2 * count)) + struct.pack(f">{count}H", *values)

    def _value(self, unit: Unit, table: int, address: int, now_ns: int) -> int | None:
        clock = self._setup.clock
        if table == HOLDING and clock is not None and 0 <= address - clock < CLOCK_PARTS:
            return self._time(now_ns).timetuple()[address - clock]
        return unit.device.value(table, address)

    def _time(self, now_ns: int) -> datetime:
        return CLOCK_START + timedelta(seconds=now_ns / SECOND_NS + self._clock_s)

    def _set_clock(self, pdu: bytes, now_ns: int) -> bytes:
        address, count = struct.unpack(">HH", pdu[1:5])
        if (address, count, len(pdu)) != (self._setup.clock, CLOCK_PARTS, 6 + 2 * CLOCK_PARTS):
            return bytes((0x90, 2))
        year, *rest = struct.unpack(">6H", pdu[6:])
        try:
            told = CLOCK_START.replace(year + (2000 if year < 100 else 0), *rest)
        except ValueError:
            return bytes((0x90, 3))
        self._clock_s += (told - self._time(now_ns)).total_seconds()
        return pdu[:5]

    def _wake(self, now_ns: int) -> list[Output]:
        outputs: list[Output] = [say for due_ns, say in self._late if due_ns <= now_ns]
        self._late = [due for due in self._late if due[0] > now_ns]
        ended = [off for off in self._offs if off[0] <= now_ns]
        self._offs = [off for off in self._offs if off[0] > now_ns]
        for _, number, zone in ended:
            outputs += self._turn(number, zone, "off", now_ns)
        return outputs

    # ---- inputs and the ledger

    def _turn(self, number: int, zone: int, word: str, now_ns: int, value: int = 0) -> list[Output]:
        """Let something happen; what is not read before the next thing happens is missed."""
        unit = self._units[number]
        signals = unit.device.turn(zone, word, value)
        if not signals:
            return []
        outputs: list[Output] = []
        if zone in unit.unread:
            missed, _ = unit.unread.pop(zone)
            outputs += [Note(_moved(entry, Said.MISSED)) for entry in missed]
        entries = [self._set(signal, number) for signal in signals]
        unit.unread[zone] = entries, now_ns
        return [*outputs, *(Note(entry) for entry in entries)]

    def _set(self, signal: Signal, number: int) -> Entry:
        self._ids += 1
        return Entry(self._ids, Said.SET, signal, unit=number)

    def _read(self, covers: tuple[int, ...], frame: bytes) -> list[Output]:
        outputs: list[Output] = []
        for unit in self._units.values():
            for zone, (entries, set_ns) in list(unit.unread.items()):
                if entries[0].id in covers:
                    del unit.unread[zone]
                    state = Said.SAID if set_ns > unit.talks_since_ns else Said.FOUND
                    outputs += [Note(_moved(entry, state, frame)) for entry in entries]
        return outputs

    # ---- control lines

    def _obey(self, command: Command, now_ns: int) -> list[Output]:
        actions: dict[str, Callable[[Command, int], list[Output]]] = {
            "input": self._input,
            **dict.fromkeys(("sever", "short", "mend", "mask", "unmask"), self._circuit),
            **dict.fromkeys(("cable", "leak", "word"), self._circuit),
            "reference": self._reference,
            "clock": self._jump,
            "pulse": self._pulse,
            "dead": self._dead,
            "refuse": self._refuse,
            "slow": self._slow,
        }
        if command.name not in actions:
            raise CommandError(f"a module knows no {command.name!r}; it knows {', '.join(actions)}")
        command.only("unit", "ohms", "is")
        return actions[command.name](command, now_ns)

    def _input(self, command: Command, now_ns: int) -> list[Output]:
        state = command.word(1, "")
        if state not in {"on", "off"}:
            raise CommandError("input: takes a number and on or off, e.g. input 3 on")
        outputs = []
        for number in self._named(command):
            outputs += self._turn(number, self._zone(command), state, now_ns)
        return outputs

    def _circuit(self, command: Command, now_ns: int) -> list[Output]:
        setting = {"cable": "ohms", "leak": "ohms", "word": "is"}.get(command.name)
        value = command.number(setting, None, 0, 10_000_000) if setting else 0
        if value is None:
            raise CommandError(f"{command.name}: takes a number and {setting}=N")
        outputs = []
        for number in self._named(command):
            zone = self._zone(command)
            outputs += self._turn(number, zone, command.name, now_ns, value)
        return outputs

    def _reference(self, command: Command, now_ns: int) -> list[Output]:
        """The supply of analog inputs drifts: everything read is a share of it."""
        del now_ns
        text = command.word(0, "")
        for number in self._named(command):
            at = self._units[number].device
            if not isinstance(at, Loops) or not text.isdecimal() or int(text) > FULL:
                raise CommandError(f"reference: takes 0..{FULL}, of a device with loops")
            at.reference = int(text)
        return []

    def _jump(self, command: Command, now_ns: int) -> list[Output]:
        del now_ns
        try:
            self._clock_s += float(command.word(0, ""))
        except ValueError as error:
            raise CommandError("clock: takes +SECONDS or -SECONDS") from error
        return []

    def _pulse(self, command: Command, now_ns: int) -> list[Output]:
        outputs = []
        for number in self._named(command):
            zone = self._zone(command)
            outputs += self._turn(number, zone, "on", now_ns)
            self._offs.append((now_ns + command.seconds_ns(1, 1.0), number, zone))
        return outputs

    def _dead(self, command: Command, now_ns: int) -> list[Output]:
        for number in self._named(command):
            unit = self._units[number]
            unit.dead_until_ns = unit.talks_since_ns = now_ns + command.seconds_ns(0, 1e6)
            if command.word(0, "") == "0":
                unit.dead_until_ns, unit.talks_since_ns = 0, now_ns
        return []

    def _refuse(self, command: Command, now_ns: int) -> list[Output]:
        code = command.word(0, "")
        if not code.isdecimal() or not 0 <= int(code) <= 0x7F:
            raise CommandError("refuse: takes a Modbus exception code 1..127, or 0 to answer again")
        for number in self._named(command):
            self._units[number].refuse = int(code)
            self._units[number].talks_since_ns = now_ns
        return []

    def _slow(self, command: Command, now_ns: int) -> list[Output]:
        for number in self._named(command):
            self._units[number].slow_ns = command.seconds_ns(0, 0.0)
            self._units[number].talks_since_ns = now_ns
        return []

    def _named(self, command: Command) -> Sequence[int]:
        """Return the units that a command is about: the one named, or all."""
        if "unit" not in command.settings:
            return (
                list(self._units)
                if command.name in {"dead", "refuse", "slow"}
                else [self._setup.units[0]]
            )
        number = command.number("unit", None, 0, 255)
        if number not in self._units:
            raise CommandError(f"unit={number}: there are {', '.join(map(str, self._units))}")
        return [number]

    def _zone(self, command: Command) -> int:
        text, at = command.word(0, ""), self._units[self._setup.units[0]].device
        power = at.power if isinstance(at, Gst) else {}
        if not text.isdecimal() or not (1 <= int(text) <= at.zones or int(text) - 1 in power):
            raise CommandError(f"{command.name}: {text!r} is no input 1..{at.zones}")
        return int(text)


def _moved(entry: Entry, state: Said, frame: bytes = b"") -> Entry:
    return Entry(entry.id, state, entry.signal, frame, entry.unit)


def _request_bytes(buffer: bytearray, *, rtu: bool) -> int:
    """Return the size of the request at the start of `buffer`, 0 while it cannot be known."""
    if not rtu:
        return 6 + int.from_bytes(buffer[4:6], "big") if len(buffer) >= 8 else 0
    if len(buffer) < 7:
        return 0
    return 9 + buffer[6] if buffer[1] in {15, 16} else 8


def _wrap_tcp(request: bytes, pdu: bytes) -> bytes:
    return request[:2] + struct.pack(">HHB", 0, 1 + len(pdu), request[6]) + pdu


def _switch(unit: Unit, pdu: bytes, address: int, value: int) -> bytes:
    if value not in {0, 0xFF00}:
        return bytes((0x85, 3))
    relays, first = unit.device.relays, getattr(unit.device, "first_relay", 0)
    if not 0 <= address - first < len(relays):
        return bytes((0x85, 2))
    relays[address - first] = value != 0
    return pdu


def _covered(unit: Unit, pdu: bytes, request: bytes) -> tuple[int, ...]:
    """Return the changes that this answer shows."""
    if pdu[0] not in {COILS, INPUTS, HOLDING, ANALOG}:
        return ()
    address, count = struct.unpack(">HH", request[1:])
    shown = []
    for zone, (entries, _) in unit.unread.items():
        table, at = unit.device.cell(zone)
        if table == pdu[0] and 0 <= at - address < count:
            shown.append(entries[0].id)
    return tuple(shown)
