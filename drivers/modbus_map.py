"""Devices read by register map over Modbus RTU or TCP: what each register means is the profile's.

The profile names points (docs/drivers/modbus_map.md has its language).  A session polls them block
by block; the first answer of a block after start or loss is a report of state, and what is active
in it is an event with origin `at_start`; later changes are events.  Told to listen only, it sends
nothing and reads what another master is answered.  Addresses are 0-based as on the wire.

Sources: the public Modbus application protocol; profiles name their own.
"""

from collections import deque
from dataclasses import dataclass
from itertools import count
from typing import Final

from drivers._modbus_clock import DeviceClock
from drivers._modbus_frames import RtuDecoder, points_max, reference_of
from drivers._modbus_points import Track, holding
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.finding import Finding
from edge_agent.domain.quality import LineQuality
from edge_agent.domain.register_map import (
    NS_PER_MS,
    POINTS_MAX,
    POLL_MS_MAX,
    POLL_MS_MIN,
    Block,
    register_map,
)
from edge_agent.domain.register_points import Loop, Switch
from edge_agent.domain.session import (
    Action,
    Answered,
    ClockRead,
    Commanded,
    Driver,
    Fault,
    FaultKind,
    Frame,
    Input,
    Link,
    Nature,
    Obeyed,
    Opened,
    Option,
    Read,
    Received,
    Report,
    Setup,
    Table,
    Ticked,
    Unanswered,
    Write,
)
from edge_agent.domain.signal import Signal

MISSES_MAX: Final = 3  # reads without an answer until the device counts as lost
SILENCE_NS: Final = 60_000_000_000  # another master that polls alarm inputs polls far more often
COMMANDS_WAITING_MAX: Final = 8
SHAPES_MAX: Final = 64  # shapes of answers that are remembered; another master has a handful
DAMAGED: Final = (FaultKind.CHECKSUM, FaultKind.LENGTH, FaultKind.SHAPE)


@dataclass(slots=True)
class _BlockHealth:
    misses: int = 0
    known: bool = False  # answered since it was last lost


@dataclass(frozen=True, slots=True)
class _Order:
    """A write that waits; `command` is its id, None where the session sets the clock unasked."""

    act: Act
    command: int | None
    number: int | None = None


_CLOCK: Final = "clock"
_Asked = int | str | _Order
"""What is under way: the read of a block by its index, of the clock, or a write."""


class MapSession:
    """Polls one device, or listens to how another master does."""

    def __init__(self, setup: Setup) -> None:
        if setup.profile is None:
            raise ValueError("modbus_map needs a profile: it says what the registers mean")
        self._map = register_map(setup.profile, points_max(setup))
        poll_ms = setup.options.get("poll_ms")
        self._poll_ns = (poll_ms if isinstance(poll_ms, int) else self._map.poll_ms) * NS_PER_MS
        self._listen_only = setup.options.get("listen_only") is True
        self._decoder = RtuDecoder(Setup(setup.codes)) if self._listen_only else None
        self._clock = DeviceClock(self._map.clock, setup)
        self._tracks = [Track(point) for point in self._map.points]
        self._shapes: dict[Block, list[tuple[int, int]]] = {}
        self._requests = count(1)
        self._tokens = count(1)
        self._reset()

    def _reset(self) -> None:
        self._health = [_BlockHealth() for _ in self._map.blocks]
        self._quality = LineQuality()
        self._asked: tuple[int, _Asked] | None = None  # request, and what it is about
        self._orders: deque[_Order] = deque()
        self._status: list[int] = []  # commands that are done with the round that runs
        self._status_next: list[int] = []  # and with the one after
        self._missed = False  # a block was, in this round
        self._block = 0  # the next of this round
        self._next_ns: int | None = None  # when the next round is due; None: not open
        self._silent_ns: int | None = None  # when the other master has been silent for too long
        self._online: bool | None = None
        self._values: list[tuple[int, ...] | None] = [None for _ in self._map.blocks]

    def deadline_ns(self) -> int | None:
        """Return when to read next; None while an answer is awaited."""
        if self._listen_only:
            return self._silent_ns
        return None if self._asked else self._next_ns

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """Take one input; see the session contract."""
        match happened:
            case Opened():
                return self._open(happened, now_ns)
            case ClockRead():
                self._clock.read(happened)
            case Ticked() if self._listen_only:
                return self._fall_silent(now_ns)
            case Ticked() if not self._asked and self._is_due(now_ns):
                return self._begin(now_ns)
            case Answered(request, values, frame) if self._is_asked(request):
                return self._on_answer(values, frame, now_ns)
            case Unanswered(request, fault, detail) if self._is_asked(request):
                return self._on_miss(fault, detail, now_ns)
            case Received(data, unit) if self._decoder is not None:
                return self._overhear(self._decoder.feed(data), unit, now_ns)
            case Commanded(number, command):
                return self._obey(number, command, now_ns)
            case _:
                pass  # an answer to a line that was opened again; nothing here is acknowledged
        return []

    def _open(self, opened: Opened, now_ns: int) -> list[Action]:
        self._reset()
        self._clock.open()
        for track in self._tracks:
            track.open(opened.standing)
        if self._listen_only:
            self._silent_ns = now_ns + SILENCE_NS
            return []
        return self._begin(now_ns)

    # ---- rounds

    def _is_due(self, now_ns: int) -> bool:
        return self._next_ns is not None and now_ns >= self._next_ns

    def _is_asked(self, request: int) -> bool:
        return self._asked is not None and self._asked[0] == request

    def _begin(self, now_ns: int) -> list[Action]:
        self._next_ns = now_ns + self._poll_ns
        self._block, self._missed = 0, False
        self._status, self._status_next = self._status_next, []
        return self._go_on(now_ns)

    def _go_on(self, now_ns: int) -> list[Action]:
        """Write what waits, read the next block; then rest until the next round or a new value."""
        self._asked = None
        if self._next_ns is None:
            return []
        if self._orders:
            actions = self._write(self._orders.popleft(), now_ns)
            return actions if self._asked else actions + self._go_on(now_ns)
        if self._block < len(self._map.blocks):
            block = self._map.blocks[self._block]
            return [self._ask_for(block, self._block)]
        outcome = Outcome.UNANSWERED if self._missed else Outcome.DONE
        done: list[Action] = [Obeyed(number, outcome) for number in self._status]
        self._status = []
        if (registers := self._clock.due(now_ns)) is not None:
            return [*done, self._ask_for(registers, _CLOCK)]
        if self._clock.set_due(now_ns):
            self._orders.append(_Order(Act.CLOCK, None))
            return done + self._go_on(now_ns)
        return done + self._rest(now_ns)

    def _rest(self, now_ns: int) -> list[Action]:
        assert self._next_ns is not None, "a round has begun"
        if self._status_next:
            return self._begin(now_ns)
        held_ns = holding(self._tracks)
        soonest_ns = self._next_ns if held_ns is None else min(self._next_ns, held_ns)
        self._next_ns = max(now_ns, soonest_ns)
        return []

    def _ask_for(self, block: Block, about: _Asked) -> Read:
        request = next(self._requests)
        self._asked = (request, about)
        return Read(request, block.table, block.address, block.count)

    def _on_answer(self, values: tuple[int, ...], frame: bytes, now_ns: int) -> list[Action]:
        assert self._asked is not None
        about = self._asked[1]
        wanted = self._wanted(about)
        if len(values) < wanted:
            return self._on_miss(FaultKind.LENGTH, f"{len(values)} values of {wanted}", now_ns)
        findings: list[Action] = list(self._quality.good())
        if isinstance(about, _Order):
            return findings + self._wrote(about, Outcome.DONE, "", now_ns)
        if isinstance(about, str):
            return findings + self._clock.compare(values, now_ns) + self._go_on(now_ns)
        self._block = about + 1
        health = self._health[about]
        health.misses, health.known = 0, True
        actions = self._learn(self._map.blocks[about], values, frame, now_ns)
        return actions + findings + self._go_on(now_ns)

    def _wanted(self, about: _Asked) -> int:
        """Return how many values an answer has."""
        if isinstance(about, _Order):
            return 0
        return self._clock.count if isinstance(about, str) else self._map.blocks[about].count

    def _on_miss(self, fault: FaultKind, detail: str, now_ns: int) -> list[Action]:
        assert self._asked is not None
        about = self._asked[1]
        actions: list[Action] = [Fault(fault, detail)]
        if fault in DAMAGED:
            actions += self._quality.bad()
        if isinstance(about, _Order):
            outcome = _OUTCOMES.get(fault, Outcome.UNANSWERED)
            return actions + self._wrote(about, outcome, detail, now_ns)
        if isinstance(about, int):
            self._block, self._missed = about + 1, True
            health = self._health[about]
            health.misses += 1
            if health.misses == MISSES_MAX:
                actions += self._lose(about, detail or fault.value)
        return actions + self._go_on(now_ns)

    # ---- points

    def _learn(
        self, block: Block, values: tuple[int, ...], frame: bytes, now_ns: int
    ) -> list[Action]:
        """Take what was read; return the news."""
        signals: list[Signal] = []
        for index, offset in self._within(block):
            track = self._tracks[index]
            meaning, reference = track.point.meaning, None
            if isinstance(meaning, Loop):
                if not meaning.is_whole(block.address, len(values)):
                    continue  # another master asks for less: what is read is a share of nothing
                reference = reference_of(meaning, block, values)
            signals += track.read(values[offset], reference, frame, now_ns)
        actions: list[Action] = []
        if not self._online:
            self._online = True
            actions.append(Link(online=True))
        if signals:
            actions.append(Report(next(self._tokens), tuple(signals)))
        return actions

    def _within(self, block: Block) -> list[tuple[int, int]]:
        """Return index and offset of the points that an answer to `block` tells of."""
        known = self._shapes.get(block)
        if known is None:
            known = [(index, offset) for index, _, offset in self._map.within(block)]
            if len(self._shapes) < SHAPES_MAX + len(self._map.blocks):
                self._shapes[block] = known
        return known

    def _lose(self, index: int, reason: str) -> list[Action]:
        """Forget what this block told; without any block the device is lost."""
        self._health[index].known = False
        actions = self._forget([at for at, _ in self._within(self._map.blocks[index])])
        if self._online is not False and not any(health.known for health in self._health):
            self._online = False
            actions.append(Link(online=False, reason=reason))
        return actions

    def _forget(self, indexes: list[int]) -> list[Action]:
        lost = [self._tracks[index].lose() for index in indexes]
        signals = tuple(signal for signal in lost if signal is not None)
        return [Report(next(self._tokens), signals)] if signals else []

    # ---- listening only

    def _overhear(self, frames: list[Frame], unit: int, now_ns: int) -> list[Action]:
        """Read what another master was answered by our unit."""
        actions: list[Action] = []
        findings: list[Finding] = []
        for frame in frames:
            if frame.fault is not None:
                actions.append(Fault(frame.fault))
                if frame.fault in DAMAGED:
                    findings += self._quality.bad()
                continue
            findings += self._quality.good()
            block = _answered(frame, unit)
            values = frame.fields.get("values")
            if block is None or not isinstance(values, list) or len(values) < block.count:
                continue
            self._silent_ns = now_ns + SILENCE_NS
            heard = tuple(value for value in values if isinstance(value, int))
            actions += self._learn(block, heard, frame.raw, now_ns)
        return actions + list(findings)

    def _fall_silent(self, now_ns: int) -> list[Action]:
        if self._silent_ns is None or now_ns < self._silent_ns:
            return []
        self._silent_ns = None
        reason = f"no answer of it was heard for {SILENCE_NS // 1_000_000_000} s"
        actions: list[Action] = [Fault(FaultKind.SILENCE, reason)]
        actions += self._forget(list(range(len(self._tracks))))
        if self._online is not False:
            self._online = False
            actions.append(Link(online=False, reason=reason))
        return actions

    # ---- commands

    def _obey(self, number: int, command: Command, now_ns: int) -> list[Action]:
        if self._listen_only:
            return [Obeyed(number, Outcome.FORBIDDEN, "told to listen only")]
        if self._next_ns is None:
            return [Obeyed(number, Outcome.LOST, "the line is not open")]
        if len(self._orders) + len(self._status_next) >= COMMANDS_WAITING_MAX:
            return [Obeyed(number, Outcome.REFUSED, "too many commands wait")]
        if command.act is Act.STATUS:
            self._status_next.append(number)
            return [] if self._asked else self._begin(now_ns)
        if command.act is Act.CLOCK and not self._clock.can_write:
            return [Obeyed(number, Outcome.UNSUPPORTED, "the profile names no clock to write")]
        switched = command.act in (Act.OUTPUT_ON, Act.OUTPUT_OFF)
        if command.act is not Act.CLOCK and not (switched and self._coil(command.zone)):
            return [Obeyed(number, Outcome.UNSUPPORTED, "the profile names no such output")]
        self._orders.append(_Order(command.act, number, command.zone))
        return [] if self._asked else self._go_on(now_ns)

    def _coil(self, number: int | None) -> tuple[int, int] | None:
        """Return address and the value at rest of an output that can be switched."""
        for point in self._map.points:
            switch = point.meaning
            if point.zone == number and point.table is Table.COILS and isinstance(switch, Switch):
                return point.address, switch.normal
        return None

    def _write(self, order: _Order, now_ns: int) -> list[Action]:
        request = next(self._requests)
        if order.act is Act.CLOCK:
            registers = self._clock.registers(now_ns)
            if registers is None:
                return _obeyed(order, Outcome.CLOCK_UNSURE, "our own clock is not synced")
            address, values = registers
            self._asked = (request, order)
            return [Write(request, Table.HOLDING_REGISTERS, address, values)]
        coil = self._coil(order.number)
        assert coil is not None, "looked up when it was ordered"
        value = coil[1] ^ (order.act is Act.OUTPUT_ON)
        self._asked = (request, order)
        return [Write(request, Table.COILS, coil[0], (value,))]

    def _wrote(self, order: _Order, outcome: Outcome, detail: str, now_ns: int) -> list[Action]:
        if order.act is Act.CLOCK:
            self._clock.was_set(now_ns)
        return _obeyed(order, outcome, detail) + self._go_on(now_ns)


_OUTCOMES: Final = {
    FaultKind.REFUSED: Outcome.REFUSED,
    FaultKind.UNSUPPORTED: Outcome.UNSUPPORTED,
}


def _obeyed(order: _Order, outcome: Outcome, detail: str) -> list[Action]:
    return [] if order.command is None else [Obeyed(order.command, outcome, detail)]


def _answered(frame: Frame, unit: int) -> Block | None:
    """Return what a frame that was heard answers; None where it is no answer of this unit."""
    fields = frame.fields
    function, address, wanted = fields["function"], fields.get("address"), fields.get("count")
    is_read = frame.type is not None and frame.type.endswith("_answer") and function in (1, 2, 3, 4)
    if not is_read or fields["unit"] != unit:
        return None
    if not isinstance(address, int) or not isinstance(wanted, int):
        return None  # its request was not heard: nobody knows what it is about
    return Block(Table(function), address, wanted)


DRIVER = Driver(
    name="modbus_map",
    version="2",
    title="Any device with a Modbus register map, by profile",
    nature=Nature.BUS,
    session=MapSession,
    decoder=RtuDecoder,
    panels=(
        "modules with digital inputs",
        "analog inputs with supervised detector loops",
        "Advantech ADAM-4100 and ADAM-2051Z",
        "GST fire panels (Modbus)",
        "Notifier fire panels (Modbus gateway)",
    ),
    lines=("modbus_rtu", "modbus_tcp"),
    bauds=(9600,),
    abilities=(
        *("events", "restores", "zones", "outputs", "loops", "bypass", "troubles", "at_start"),
        *("clock", "supervision", "listen_only"),
    ),
    acknowledges=False,
    quality="counterpart",
    recognition="drivers._recognition:MODBUS_MAP",
    commands=frozenset({Act.STATUS, Act.CLOCK, Act.OUTPUT_ON, Act.OUTPUT_OFF}),
    options=(
        Option(
            "poll_ms",
            int,
            None,
            "interval between reads (profile, else 250)",
            minimum=POLL_MS_MIN,
            maximum=POLL_MS_MAX,
        ),
        Option(
            "points",
            int,
            None,
            "read only so many of each range of points: a panel smaller than its map",
            minimum=1,
            maximum=POINTS_MAX,
        ),
        Option(
            "listen_only",
            bool,
            False,
            "never send a byte: hear what another master is answered (RTU only)",
        ),
    ),
)
