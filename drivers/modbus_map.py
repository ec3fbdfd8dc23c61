"""Devices read by register map over Modbus RTU or TCP: what each bit means is the profile's.

The profile names blocks to read and points in them (docs/driver-guide.md has the keys).  A session
polls the blocks in turn; the first answer of a block after start or loss is a report of state, and
what is active in it is an event with origin `at_start`; later edges are events.  Addresses are
0-based as on the wire.

The decoder reads RTU frames as a listener on the bus hears them, request and answer in turn: unit,
function, data, CRC-16/MODBUS low byte first.  Source: the public Modbus application protocol and
serial line specifications; profiles name their own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Final

from edge_agent.domain.kinds import Origin
from edge_agent.domain.register_map import (
    BITS_MAX,
    NS_PER_MS,
    POLL_MS_MAX,
    POLL_MS_MIN,
    REGISTERS_MAX,
    Block,
    Point,
    RegisterMap,
    register_map,
)
from edge_agent.domain.session import (
    Action,
    Answered,
    Driver,
    Fault,
    FaultKind,
    Frame,
    Input,
    Link,
    Nature,
    Opened,
    Option,
    Plain,
    Read,
    Report,
    Setup,
    Table,
    Ticked,
    Unanswered,
)
from edge_agent.domain.signal import Signal

MISSES_MAX: Final = 3  # reads without an answer until the device counts as lost
ANSWER_BYTES_MAX: Final = 250  # what 2000 bits or 125 registers fill
FRAME_BYTES_MAX: Final = 256  # the longest RTU frame
NOISE_BYTES_MAX: Final = 1 << 16


# ---- session


@dataclass(slots=True)
class _Track:
    """What is known of one point."""

    value: int | None = None  # the accepted value; None: unknown
    reported_active: bool = False  # its last event was active
    candidate_ns: int | None = None  # since when the other value is read


@dataclass(slots=True)
class _BlockHealth:
    misses: int = 0
    known: bool = False  # answered since it was last lost


class MapSession:
    """Polls one device."""

    def __init__(self, setup: Setup) -> None:
        if setup.profile is None:
            raise ValueError("modbus_map needs a profile: it says what the registers mean")
        self._map = register_map(setup.profile)
        poll_ms = setup.options.get("poll_ms")
        self._poll_ns = (poll_ms if isinstance(poll_ms, int) else self._map.poll_ms) * NS_PER_MS
        self._points = [self._map.within(block) for block in self._map.blocks]
        self._health = [_BlockHealth() for _ in self._map.blocks]
        self._tracks = [_Track() for _ in self._map.points]
        self._requests = count(1)
        self._tokens = count(1)
        self._asked: tuple[int, int] | None = None  # request and block that await an answer
        self._next_ns: int | None = None  # when the next round is due; None: not open
        self._online: bool | None = None

    def deadline_ns(self) -> int | None:
        """Return when to read next; None while an answer is awaited."""
        return None if self._asked else self._next_ns

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """Take one input; see the session contract."""
        match happened:
            case Opened():
                self._health = [_BlockHealth() for _ in self._map.blocks]
                for track in self._tracks:
                    track.value = track.candidate_ns = None
                self._online = None
                return self._begin(now_ns)
            case Ticked() if (
                not self._asked and self._next_ns is not None and now_ns >= self._next_ns
            ):
                return self._begin(now_ns)
            case Answered(request, values, frame) if self._is_asked(request):
                return self._on_answer(values, frame, now_ns)
            case Unanswered(request, fault, detail) if self._is_asked(request):
                return self._on_miss(fault, detail, now_ns)
            case _:
                return []  # an answer to a line that was opened again; nothing here is acknowledged

    def _is_asked(self, request: int) -> bool:
        return self._asked is not None and self._asked[0] == request

    def _begin(self, now_ns: int) -> list[Action]:
        self._next_ns = now_ns + self._poll_ns
        return [self._read(0)]

    def _read(self, index: int) -> Read:
        block, request = self._map.blocks[index], next(self._requests)
        self._asked = (request, index)
        return Read(request, block.table, block.address, block.count)

    def _go_on(self, now_ns: int) -> list[Action]:
        """Read the next block, or rest until the next round or until a new value has held."""
        assert self._asked is not None
        index, self._asked = self._asked[1] + 1, None
        if index < len(self._map.blocks):
            return [self._read(index)]
        holding = [
            track.candidate_ns + point.debounce_ns
            for point, track in zip(self._map.points, self._tracks, strict=True)
            if track.candidate_ns is not None
        ]
        assert self._next_ns is not None
        self._next_ns = max(now_ns, min([self._next_ns, *holding]))
        return []

    def _on_answer(self, values: tuple[int, ...], frame: bytes, now_ns: int) -> list[Action]:
        assert self._asked is not None
        at = self._asked[1]
        wanted, health = self._map.blocks[at].count, self._health[at]
        if len(values) < wanted:
            return self._on_miss(FaultKind.LENGTH, f"{len(values)} values of {wanted}", now_ns)
        signals: list[Signal] = []
        for index, point, offset in self._points[at]:
            track, value = self._tracks[index], point.value_of(values[offset])
            if track.value is None:
                signals += _first(point, track, value, frame)
            elif _has_changed(point, track, value, now_ns):
                track.value, track.reported_active = value, value != point.normal
                signals += point.signals(value, Origin.LIVE, frame, event=True)
        health.misses, health.known = 0, True
        actions: list[Action] = []
        if not self._online:
            self._online = True
            actions.append(Link(online=True))
        if signals:
            actions.append(Report(next(self._tokens), tuple(signals)))
        return actions + self._go_on(now_ns)

    def _on_miss(self, fault: FaultKind, detail: str, now_ns: int) -> list[Action]:
        assert self._asked is not None
        index = self._asked[1]
        health = self._health[index]
        health.misses += 1
        actions: list[Action] = [Fault(fault, detail)]
        if health.misses == MISSES_MAX:
            actions += self._lose(index, detail or fault.value)
        return actions + self._go_on(now_ns)

    def _lose(self, index: int, reason: str) -> list[Action]:
        """Forget what this block told; without any block the device is lost."""
        self._health[index].known = False
        signals: list[Signal] = []
        for at, point, _ in self._points[index]:
            track = self._tracks[at]
            if track.value is not None:
                track.value = track.candidate_ns = None
                signals.append(point.unknown())
        actions: list[Action] = [Report(next(self._tokens), tuple(signals))] if signals else []
        if self._online is not False and not any(health.known for health in self._health):
            self._online = False
            actions.append(Link(online=False, reason=reason))
        return actions


def _first(point: Point, track: _Track, value: int, frame: bytes) -> list[Signal]:
    """Report a point that was unknown; what ended while nobody looked is an event too."""
    active = value != point.normal
    event = active or track.reported_active
    track.value, track.reported_active = value, active
    return point.signals(value, Origin.AT_START, frame, event=event)


def _has_changed(point: Point, track: _Track, value: int, now_ns: int) -> bool:
    """Tell whether a new value has held for the point's debounce time."""
    if value == track.value:
        track.candidate_ns = None
        return False
    if track.candidate_ns is None:
        track.candidate_ns = now_ns
    if now_ns - track.candidate_ns < point.debounce_ns:
        return False
    track.candidate_ns = None
    return True


# ---- decoder


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


class RtuDecoder:
    """Cuts a stream of RTU frames by function, length and CRC; pairs an answer with its request."""

    def __init__(self, setup: Setup) -> None:
        self._map = register_map(setup.profile) if setup.profile else None
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
                signals = tuple(_stated(self._map, block, values, raw))
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


def _stated(
    known: RegisterMap, block: Block, values: tuple[int, ...], raw: bytes
) -> Iterator[Signal]:
    for _, point, offset in known.within(block):
        if offset < len(values):
            value = point.value_of(values[offset])
            yield from point.signals(value, Origin.LIVE, raw, event=value != point.normal)


DRIVER = Driver(
    name="modbus_map",
    version="1",
    title="Any device with a Modbus register map, by profile",
    nature=Nature.BUS,
    session=MapSession,
    decoder=RtuDecoder,
    panels=("modules with 8 digital inputs",),
    lines=("modbus_rtu", "modbus_tcp"),
    bauds=(9600,),
    abilities=("zones", "events", "restores", "supervision"),
    acknowledges=False,
    quality="emulated",
    recognition="drivers._recognition:MODBUS_MAP",
    options=(
        Option(
            "poll_ms",
            int,
            None,
            "interval between reads (profile, else 250)",
            minimum=POLL_MS_MIN,
            maximum=POLL_MS_MAX,
        ),
    ),
)
