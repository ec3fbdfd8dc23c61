"""A digital input module on Modbus: eight inputs and eight relays a unit, over RTU or TCP.

Written from the public protocol (address, function, data, CRC-16/MODBUS reflected A001h starting
at FFFFh, low byte first; TCP: transaction, protocol 0, length, unit, no CRC) and the common map of
such modules: function 02 address 0.. = inputs, bit 0 of the answer = input 1; functions 01 and 05 =
relays; holding registers 1000h.. = relay modes, 4000h = unit address.  Exceptions: 1 illegal
function, 2 address, 3 value.  It shares no code with the agent's Modbus stack on purpose.

There is no ACK.  An edge is `said` when an answer that shows it left the module in time; an edge
that turned back before anyone read it is `missed`; one that was there before the conversation
began, or happened while the unit did not answer, is `found` when first read.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from edge_agent.domain.kinds import Kind, State
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

SECOND_NS = 1_000_000_000
RELAYS = 8
RTU_GAP_NS = 50_000_000  # a request in pieces further apart is two; generous, for a busy machine
REQUEST_BYTES_MAX = 260  # the longest frame there is
RELAY_MODES, UNIT_ADDRESS = 0x1000, 0x4000
GATEWAY_NO_ANSWER = 0x0B
CODES = {Kind.BURGLARY: "130", Kind.FIRE: "110", Kind.PANIC: "120", Kind.TAMPER: "137"}


class Framing(Enum):
    """How requests and answers are wrapped."""

    RTU = "rtu"
    TCP = "tcp"


@dataclass(frozen=True, slots=True)
class ModuleSetup:
    """What the module is: how many inputs each unit has, and what an input means when on."""

    framing: Framing = Framing.TCP
    inputs: int = 8
    units: tuple[int, ...] = (1,)
    kind: Kind = Kind.BURGLARY


@dataclass(slots=True)
class Unit:
    """One address on the bus.  Times in ns; `talks_since_ns` is when it last began to answer."""

    inputs: list[bool]
    relays: list[bool]
    unread: dict[int, tuple[Entry, int]]  # input -> its last edge, and when
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
            number: Unit([False] * setup.inputs, [False] * RELAYS, {}) for number in setup.units
        }
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
        pdu = self._answer(frame[0], unit, frame[1:-2])
        body = frame[:1] + pdu
        return self._say(unit, body + crc(body), pdu, frame[1:-2], peer, now_ns)

    def _answer_tcp(self, frame: bytes, peer: int, now_ns: int) -> list[Output]:
        unit = self._units.get(frame[6])
        if unit is not None and now_ns < unit.dead_until_ns:
            return []
        if unit is None:
            pdu = bytes((frame[7] | 0x80, GATEWAY_NO_ANSWER))
            return [Say(_wrap_tcp(frame, pdu), peer)]
        pdu = self._answer(frame[6], unit, frame[7:])
        return self._say(unit, _wrap_tcp(frame, pdu), pdu, frame[7:], peer, now_ns)

    def _say(
        self, unit: Unit, frame: bytes, pdu: bytes, request: bytes, peer: int, now_ns: int
    ) -> list[Output]:
        if unit.slow_ns:
            # a late answer may meet a master that no longer waits: it proves nothing
            self._late.append((now_ns + unit.slow_ns, Say(frame, peer)))
            return []
        return [Say(frame, peer, _covered(unit, pdu, request))]

    def _answer(self, number: int, unit: Unit, pdu: bytes) -> bytes:
        function = pdu[0]
        if unit.refuse:
            return bytes((function | 0x80, unit.refuse))
        if function not in {1, 2, 3, 5} or len(pdu) != 5:
            return bytes((function | 0x80, 1))
        address, count = struct.unpack(">HH", pdu[1:])
        match function:
            case 5:
                return _switch(unit, pdu, address, count)
            case 3:
                return _registers(number, address, count)
            case _:
                return _bits(
                    function, unit.inputs if function == 2 else unit.relays, address, count
                )

    def _wake(self, now_ns: int) -> list[Output]:
        outputs: list[Output] = [say for due_ns, say in self._late if due_ns <= now_ns]
        self._late = [due for due in self._late if due[0] > now_ns]
        ended = [off for off in self._offs if off[0] <= now_ns]
        self._offs = [off for off in self._offs if off[0] > now_ns]
        for _, number, zone in ended:
            outputs += self._turn(number, zone, False, now_ns)
        return outputs

    # ---- inputs and the ledger

    def _turn(self, number: int, zone: int, on: bool, now_ns: int) -> list[Output]:
        unit = self._units[number]
        if unit.inputs[zone - 1] is on:
            return []
        unit.inputs[zone - 1] = on
        outputs: list[Output] = []
        if zone in unit.unread:
            outputs.append(Note(_moved(unit.unread.pop(zone)[0], Said.MISSED)))
        self._ids += 1
        signal = Signal(
            kind=self._setup.kind,
            code=CODES[self._setup.kind],
            state=State.ACTIVE if on else State.RESTORED,
            zone=zone,
        )
        entry = Entry(self._ids, Said.SET, signal, unit=number)
        unit.unread[zone] = entry, now_ns
        return [*outputs, Note(entry)]

    def _read(self, covers: tuple[int, ...], frame: bytes) -> list[Output]:
        outputs: list[Output] = []
        for unit in self._units.values():
            for zone, (entry, set_ns) in list(unit.unread.items()):
                if entry.id in covers:
                    del unit.unread[zone]
                    state = Said.SAID if set_ns > unit.talks_since_ns else Said.FOUND
                    outputs.append(Note(_moved(entry, state, frame)))
        return outputs

    # ---- control lines

    def _obey(self, command: Command, now_ns: int) -> list[Output]:
        actions: dict[str, Callable[[Command, int], list[Output]]] = {
            "input": self._input,
            "pulse": self._pulse,
            "dead": self._dead,
            "refuse": self._refuse,
            "slow": self._slow,
        }
        if command.name not in actions:
            raise CommandError(f"a module knows no {command.name!r}; it knows {', '.join(actions)}")
        command.only("unit")
        return actions[command.name](command, now_ns)

    def _input(self, command: Command, now_ns: int) -> list[Output]:
        state = command.word(1, "")
        if state not in {"on", "off"}:
            raise CommandError("input: takes a number and on or off, e.g. input 3 on")
        outputs = []
        for number in self._named(command):
            outputs += self._turn(number, self._zone(command), state == "on", now_ns)
        return outputs

    def _pulse(self, command: Command, now_ns: int) -> list[Output]:
        outputs = []
        for number in self._named(command):
            zone = self._zone(command)
            outputs += self._turn(number, zone, True, now_ns)
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
        text = command.word(0, "")
        if not text.isdecimal() or not 1 <= int(text) <= self._setup.inputs:
            raise CommandError(f"{command.name}: {text!r} is no input 1..{self._setup.inputs}")
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


def _bits(function: int, bits: list[bool], address: int, count: int) -> bytes:
    if not 1 <= count <= 2000:
        return bytes((function | 0x80, 3))
    if address + count > len(bits):
        return bytes((function | 0x80, 2))
    packed = sum(bit << at for at, bit in enumerate(bits[address : address + count]))
    size = (count + 7) // 8
    return bytes((function, size)) + packed.to_bytes(size, "little")


def _registers(number: int, address: int, count: int) -> bytes:
    values = {RELAY_MODES + at: 0 for at in range(RELAYS)} | {UNIT_ADDRESS: number}
    if not 1 <= count <= 125:
        return bytes((0x83, 3))
    wanted = range(address, address + count)
    if not set(wanted) <= set(values):
        return bytes((0x83, 2))
    return bytes((3, 2 * count)) + b"".join(struct.pack(">H", values[at]) for at in wanted)


def _switch(unit: Unit, pdu: bytes, address: int, value: int) -> bytes:
    if value not in {0, 0xFF00}:
        return bytes((0x85, 3))
    if address >= len(unit.relays):
        return bytes((0x85, 2))
    unit.relays[address] = value != 0
    return pdu


def _covered(unit: Unit, pdu: bytes, request: bytes) -> tuple[int, ...]:
    """Return the edges that this answer shows."""
    if pdu[0] != 2:
        return ()
    address, count = struct.unpack(">HH", request[1:])
    shown = range(address + 1, address + count + 1)
    return tuple(entry.id for zone, (entry, _) in unit.unread.items() if zone in shown)
