"""Modbus RTU frames as a listener on the bus hears them, request and answer in turn.

Unit, function, data, CRC-16/MODBUS (reflected A001h, start FFFFh) low byte first.  A stream is cut
by function, length and CRC; an answer is read by the request before it, for it does not say itself
what it is about.  Source: the public Modbus application protocol and serial line specifications.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from edge_agent.domain.kinds import Origin, State
from edge_agent.domain.register_map import BITS_MAX, REGISTERS_MAX, Block, RegisterMap, register_map
from edge_agent.domain.register_points import Loop
from edge_agent.domain.session import FaultKind, Frame, Plain, Setup, Table
from edge_agent.domain.signal import Signal

ANSWER_BYTES_MAX: Final = 250  # what 2000 bits or 125 registers fill
FRAME_BYTES_MAX: Final = 256  # the longest RTU frame
NOISE_BYTES_MAX: Final = 1 << 16


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
        table.append(crc)
    return table


_CRC = _crc_table()
_NAMES = {
    1: "read_coils",
    2: "read_discrete_inputs",
    3: "read_holding_registers",
    4: "read_input_registers",
    5: "write_single_coil",
    6: "write_single_register",
    15: "write_multiple_coils",
    16: "write_multiple_registers",
}
_READS = (1, 2, 3, 4)
_WRITES_MANY = (15, 16)
_BITS = (1, 2, 5, 15)


def crc16(data: bytes) -> int:
    """Return CRC-16/MODBUS."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc


def _is_whole(frame: bytes) -> bool:
    return crc16(frame[:-2]) == int.from_bytes(frame[-2:], "little")


@dataclass(frozen=True, slots=True)
class _Asked:
    """The request that the next frame answers."""

    unit: int
    function: int
    address: int
    count: int

    def answer_bytes(self) -> int:
        """Return the length of the answer."""
        if self.function not in _READS:
            return 8
        return 5 + (-(-self.count // 8) if self.function in _BITS else 2 * self.count)


def points_max(setup: Setup) -> int | None:
    """Return how many points of each range are read, None for all."""
    told = setup.options.get("points")
    return told if isinstance(told, int) else None


class RtuDecoder:
    """Cuts a stream of RTU frames by function, length and CRC; pairs an answer with its request."""

    def __init__(self, setup: Setup) -> None:
        self._map = register_map(setup.profile, points_max(setup)) if setup.profile else None
        self._buffer = bytearray()
        self._noise = bytearray()
        self._asked: _Asked | None = None

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes of a stream without frame bounds; return the frames now complete."""
        self._buffer += data
        return self._cut(at_end=False)

    def finish(self) -> list[Frame]:
        """Return what is left."""
        return [*self._cut(at_end=True), *self._flush()]

    def packet(self, data: bytes) -> list[Frame]:
        """Take exactly one frame, as the silence on the bus bounds it."""
        if len(data) < 4:
            return [Frame(data, fault=FaultKind.LENGTH)]
        if len(data) > FRAME_BYTES_MAX:
            return [Frame(data, fault=FaultKind.LENGTH)]
        if not _is_whole(data):
            return self._glued(data) or [Frame(data, fault=FaultKind.CHECKSUM)]
        if data[1] & 0x7F not in _NAMES:
            return [Frame(data, fault=FaultKind.UNSUPPORTED)]
        if len(data) not in self._lengths(data):
            return [Frame(data, fault=FaultKind.LENGTH)]
        return [self._read(data)]

    def _glued(self, data: bytes) -> list[Frame]:
        """Read a chunk that is several whole frames, which the pause between did not part."""
        cutter = RtuDecoder.__new__(RtuDecoder)
        cutter._map, cutter._asked = self._map, self._asked  # noqa: SLF001  its own class
        cutter._buffer, cutter._noise = bytearray(data), bytearray()  # noqa: SLF001  its own class
        frames = cutter.finish()
        if any(frame.fault for frame in frames):
            return []
        self._asked = cutter._asked  # noqa: SLF001  its own class
        return frames

    def _cut(self, *, at_end: bool) -> list[Frame]:
        frames: list[Frame] = []
        at = 0
        data = bytes(self._buffer)
        while at < len(data):
            size = self._size_at(data, at, at_end=at_end)
            if size is None:
                break
            if size:
                frames += [*self._flush(), self._read(data[at : at + size])]
                at += size
                continue
            self._noise.append(data[at])
            at += 1
            if len(self._noise) >= NOISE_BYTES_MAX:
                frames += self._flush()
        del self._buffer[:at]
        return frames

    def _size_at(self, data: bytes, at: int, *, at_end: bool) -> int | None:
        """Return the length of the frame at `at`, 0 where none begins, None if that is open yet."""
        head = data[at : at + 7]
        waiting = not at_end and len(head) < 2
        for size in self._lengths(head):
            if at + size <= len(data):
                if _is_whole(data[at : at + size]):
                    return size
            else:
                waiting = waiting or not at_end
        if len(head) < 7 and not at_end and len(head) >= 2 and head[1] & 0x7F in _NAMES:
            waiting = True
        return None if waiting else 0

    def _lengths(self, head: bytes) -> list[int]:
        """Return the lengths that a frame with these first bytes can have."""
        if len(head) < 2:
            return []
        function = head[1]
        if function & 0x80:
            return [5] if function & 0x7F in _NAMES else []
        sizes = [8] if function in _NAMES else []
        if function in _READS:
            if len(head) > 5 and not _can_ask(function, int.from_bytes(head[4:6], "big")):
                sizes.clear()
            if len(head) > 2 and _can_answer(function, head[2]):
                sizes.append(5 + head[2])
        elif function in _WRITES_MANY and len(head) > 6:
            written = int.from_bytes(head[4:6], "big")
            if head[6] == (-(-written // 8) if function in _BITS else 2 * written):
                sizes.append(9 + head[6])
        return sizes

    def _flush(self) -> list[Frame]:
        if not self._noise:
            return []
        run = bytes(self._noise)
        self._noise.clear()
        damaged = len(run) in self._lengths(run)
        return [Frame(run, fault=FaultKind.CHECKSUM if damaged else FaultKind.NOISE)]

    def _read(self, raw: bytes) -> Frame:
        unit, function = raw[0], raw[1] & 0x7F
        asked, self._asked = self._asked, None
        if asked and (asked.unit, asked.function) != (unit, function):
            asked = None
        fields: dict[str, Plain] = {"unit": unit, "function": function}
        name = _NAMES[function]
        if raw[1] & 0x80:
            fields |= _asked_fields(asked) | {"exception": raw[2]}
            return Frame(raw, f"{name}_exception", (), fields)
        if asked and len(raw) == asked.answer_bytes():
            return self._answer(raw, name, asked, fields)
        if function in _READS and len(raw) != 8:
            return self._answer(raw, name, None, fields)
        return self._request(raw, name, fields)

    def _request(self, raw: bytes, name: str, fields: dict[str, Plain]) -> Frame:
        function, address = raw[1], int.from_bytes(raw[2:4], "big")
        word = int.from_bytes(raw[4:6], "big")
        single = function in (5, 6)
        self._asked = _Asked(raw[0], function, address, 1 if single else word)
        fields |= {"address": address, "count": 1 if single else word}
        if single:
            fields["values"] = [int(word == 0xFF00) if function == 5 else word]
        elif len(raw) > 8:
            fields["values"] = list(_values(function, raw[7:-2], word))
        return Frame(raw, f"{name}_request", (), fields)

    def _answer(
        self, raw: bytes, name: str, asked: _Asked | None, fields: dict[str, Plain]
    ) -> Frame:
        function = raw[1]
        fields |= _asked_fields(asked)
        signals: tuple[Signal, ...] = ()
        if function in _READS:
            values = _values(function, raw[3:-2], asked.count if asked else None)
            fields["values"] = list(values)
            if asked and self._map:
                block = Block(Table(function), asked.address, asked.count)
                signals = tuple(stated(self._map, block, values, raw))
                if loops := measured(self._map, block, values):
                    fields["loops"] = loops
        elif function in (5, 6):
            word = int.from_bytes(raw[4:6], "big")
            fields["values"] = [int(word == 0xFF00) if function == 5 else word]
        return Frame(raw, f"{name}_answer", signals, fields)


def _can_ask(function: int, wanted: int) -> bool:
    """Tell whether one read can ask for so many values."""
    return 0 < wanted <= (BITS_MAX if function in _BITS else REGISTERS_MAX)


def _can_answer(function: int, size: int) -> bool:
    """Tell whether an answer can hold so many bytes."""
    return 0 < size <= ANSWER_BYTES_MAX and (function in _BITS or size % 2 == 0)


def _asked_fields(asked: _Asked | None) -> dict[str, Plain]:
    if asked is None:
        return {"address": None, "count": None}
    return {"address": asked.address, "count": asked.count}


def _values(function: int, data: bytes, most: int | None) -> tuple[int, ...]:
    """Return bits (first bit of the first byte first) or registers; at most `most`."""
    if function in _BITS:
        values = tuple(byte >> bit & 1 for byte in data for bit in range(8))
    else:
        values = tuple(
            int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data) - 1, 2)
        )
    return values[:most]


def stated(
    known: RegisterMap, block: Block, values: tuple[int, ...], raw: bytes
) -> Iterator[Signal]:
    """Yield what an answer says of every point that it tells of, and each event that stands."""
    for _, point, offset in known.within(block):
        if offset >= len(values):
            continue
        meaning = point.meaning
        if isinstance(meaning, Loop):
            if not meaning.is_whole(block.address, len(values)):
                continue
            reference = reference_of(meaning, block, values)
            reading = meaning.reading(meaning.ohms(values[offset], reference))
        else:
            reading = meaning.reading(values[offset])
        if reading.state is not None:
            signal = point.state_signal(reading.state, Origin.LIVE, raw)
            if signal is not None:
                yield signal
        for event in reading.active:
            yield point.event_signal(event, State.ACTIVE, Origin.LIVE, raw)


def measured(known: RegisterMap, block: Block, values: tuple[int, ...]) -> list[Plain]:
    """Return what the loops in an answer measure."""
    found: list[Plain] = []
    for _, point, offset in known.within(block):
        meaning = point.meaning
        if isinstance(meaning, Loop) and offset < len(values):
            if not meaning.is_whole(block.address, len(values)):
                continue
            reference = reference_of(meaning, block, values)
            ohms = meaning.ohms(values[offset], reference)
            whole = meaning.circuit.full if reference is None else reference
            ratio = round(values[offset] / whole, 4) if whole else None
            found.append({"zone": point.zone, "ratio": ratio, "ohms": ohms})
    return found


def reference_of(meaning: Loop, block: Block, values: tuple[int, ...]) -> int | None:
    """Return what the loop's reference reads, None where it has none or it is not in the answer."""
    if meaning.reference is None:
        return None
    at = meaning.reference - block.address
    return values[at] if 0 <= at < len(values) else None
