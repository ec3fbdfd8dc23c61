"""A Satel INTEGRA's integration module (INT-RS, ETHM-1), written from the collected facts.

    FE FE cmd data crc FE 0D      FE inside is sent as FE F0; FE FE begins anew

It only answers: maps of zones (16 bytes, 32 with one byte more in the question, on a panel that
large), of partitions (4), of outputs; 7F what changed since it was last asked; 8C an entry of the
log, the newest for FFFFFF, else the one that index leads to, with the index of the one before.
Orders (80 to 89, 8E) bring a user code and are answered by EF.

The ledger: an event is said when its entry is first read, unless a map showed it before; then, as
whenever it is shown again, it is stated.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from hil.panels.machine import Command, CommandError, Output, Say
from hil.panels.model import Happened, Happening, Model
from hil.panels.satel_frames import bits, framed, numbers_of, opened, record
from hil.panels.vocabulary import WORDS
from hil.panels.voice import Teller, Told

AREAS = 32
NEWEST = 0xFFFFFF
ENTRY_STEP = 8  # indexes are addresses: entries have eight bytes
FIRST_INDEX = 0x000100
LOG_MAX = 2000
HEARD_BYTES_MAX = 512
STATED_MAX = 1000
PUSHED_BYTES = 12  # of a 7F that wants changes pushed
LIVE_MAPS = (
    *(0x00, 0x01, 0x02, 0x06, 0x09, 0x0A, 0x0B, 0x0C, 0x0E, 0x0F, 0x10, 0x13, 0x14, 0x17),
    *(0x1B, 0x26, 0x2A),
)
POINT_MAPS = {0x00, 0x06, 0x17}
LARGE_KIND = 72
MODELS = {"24": 0, "32": 1, "64": 2, "128": 3, "64plus": 66, "128plus": 67, "256plus": LARGE_KIND}

ALARM_WORDS = (
    *("alarm", "entry", "fire", "smoke", "heat", "callpoint", "panic", "holdup", "medical"),
    *("gas", "co", "water"),
)
FIRE_WORDS = ("fire", "smoke", "heat", "callpoint")
SYSTEM_BITS = {"mains": 7, "battery": 6, "line": 18, "report": 19}
# maps of what stands: the words, and what the map alone says of them
EVENT_MAPS: dict[int, tuple[tuple[str, ...], Kind, str]] = {
    0x01: (("tamper",), Kind.TAMPER, "383"),
    0x02: (ALARM_WORDS, Kind.BURGLARY, "130"),
    0x1B: (tuple(SYSTEM_BITS), Kind.POWER, ""),
}
# where its log differs from the common words
CODES = {"tamper": 144, "cover": 145}
OF_NO_AREA = {301, 302, 350, 351, 602}
CLASSES = {"arm": 2, "disarm": 2, "bypass": 3, "mains": 5, "battery": 5, "line": 5, "report": 5}
ARM_CODES = {"code": 401, "key": 409, "quick": 408, "remote": 407, "auto": 403}
ORDERS = {
    0x80: "arm area={} mode=away user={}",
    0x81: "arm area={} mode=stay user={}",
    0x82: "arm area={} mode=stay user={}",
    0x83: "arm area={} mode=stay user={}",
    0x84: "disarm area={} user={}",
    0x86: "bypass zone={} user={}",
    0x87: "unbypass zone={} user={}",
    0x88: "output {} on",
    0x89: "output {} off",
}
UNKNOWN_CODE = 800  # of no table

RESULT_OK, RESULT_NO_CODE, RESULT_ERROR, RESULT_ACCEPTED = 0x00, 0x01, 0x08, 0xFF


@dataclass(frozen=True, slots=True)
class SatelSetup:
    """What kind of panel it is; `log` and `mode_1`: older ones have no 8C, or no 2A."""

    kind: int = 3
    version: str = "12020260101"
    news_bytes: int = 6
    log: bool = True
    mode_1: bool = True
    busy: bool = False  # another client is connected


@dataclass(slots=True)
class Logged:
    """One entry: its eight bytes, what it means, and whether a host knows of it."""

    record: bytes
    signal: Signal
    word: str
    is_told: bool = False


class SatelVoice:
    """Answers; keeps the log.

    panel = ModelPanel(model, SatelVoice(model, SatelSetup()))
    panel.handle(Heard(framed(0x7E)), now_ns)
    """

    def __init__(self, model: Model, setup: SatelSetup) -> None:
        self._model = model
        self._setup = setup
        self._teller = Teller()
        self._peer: int | None = None
        self._heard = b""
        self._log: list[Logged] = []
        self._gone = 0  # entries that were overwritten
        self._pushed: frozenset[int] = frozenset()  # maps that a host wants told by themselves
        self._is_moved = True  # since it was asked what changed
        self._stated: set[tuple[object, ...]] = set()
        self._shown: dict[int, bytes] = {}  # maps, as they were when 7F was asked last
        self._before: dict[int, set[tuple[str, int | None]]] = {}  # what maps showed the host last
        self._codes: dict[tuple[Kind, int | None], str] = {}  # in which an event was told first
        self._ever: set[tuple[Kind, str | None, int | None, int | None]] = set()

    # ---- Voice

    def plugged(self, peer: int, now_ns: int) -> list[Output]:
        """A host is there; to a second one the module says that it is busy."""
        del now_ns
        self._peer, self._heard, self._shown, self._before = peer, b"", {}, {}
        self._pushed, self._is_moved = frozenset(), True
        return [Say(b"Busy!", peer)] if self._setup.busy else []

    def unplugged(self, peer: int) -> None:
        """See Voice."""
        if peer == self._peer:
            self._peer = None

    def deadline_ns(self) -> int | None:
        """Nothing is said unasked."""
        return None

    def wake(self, now_ns: int) -> list[Output]:
        """See Voice."""
        del now_ns
        return []

    def delivered(self, covers: tuple[int, ...], frame: bytes) -> list[Output]:
        """See Voice."""
        del frame
        return self._teller.delivered(covers)

    def obey(self, command: Command, now_ns: int) -> list[Output] | None:
        """Control lines of this panel: an entry of any code."""
        if command.name == "event":
            code = command.number("code", UNKNOWN_CODE, 0, 1023)
            group = command.number("class", 0, 0, 7)
            assert code is not None
            assert group is not None, "they have defaults"
            signal = Signal(kind=Kind.UNKNOWN, state=State.ACTIVE, area=1)
            self._enter("event", code, signal, now_ns, group=group)
            return []
        return self._teller.obey(command, self._peer or 0)

    def tell(self, happened: Happened, now_ns: int) -> list[Output]:
        """Enter it into the log; the rest is shown by maps, which some hosts want pushed."""
        self._is_moved = True
        outputs = self._enter_happening(happened, now_ns) if isinstance(happened, Happening) else []
        return [*outputs, *(self._push() if self._pushed else [])]

    def _enter_happening(self, happened: Happening, now_ns: int) -> list[Output]:
        if happened.word in {"arm", "disarm"}:
            self._enter_arming(happened, now_ns)
            return []
        word = WORDS.get(happened.word)
        if word is None:
            return self._teller.untold(happened)
        code = CODES.get(happened.word, int(word.code))
        number = {"zone": happened.zone, "user": happened.user}.get(word.number_is)
        signal = Signal(
            kind=word.kind,
            code=str(code),
            state=State.ACTIVE if happened.active else State.RESTORED,
            area=None if code in OF_NO_AREA else happened.area or 1,
            zone=number if word.number_is == "zone" else None,
            user=number if word.number_is == "user" else None,
        )
        self._enter(happened.word, code, signal, now_ns, source=number or 0)
        return []

    def _enter_arming(self, event: Happening, now_ns: int) -> None:
        arms = event.word == "arm"
        by_code = event.how == "code"
        code = ARM_CODES[event.how] if not (arms and by_code and event.mode == "stay") else 441
        signal = Signal(
            kind=Kind.OPEN_CLOSE,
            code=str(code),
            state=State.ARMED if arms else State.DISARMED,
            area=event.area,
            user=event.user if code != ARM_CODES["auto"] else None,
        )
        self._enter(event.word, code, signal, now_ns, source=event.user or 0)

    def _enter(
        self,
        word: str,
        code: int,
        signal: Signal,
        now_ns: int,
        *,
        source: int = 0,
        group: int | None = None,
    ) -> None:
        ends = signal.state in {State.RESTORED, State.ARMED}
        told = record(
            self._model.clock(now_ns),
            CLASSES.get(word, 0) if group is None else group,
            ends << 10 | code,
            (signal.area or 1, source),
        )
        self._log.append(Logged(told, signal, word))
        if len(self._log) > LOG_MAX:
            del self._log[0]
            self._gone += 1

    # ---- what it hears

    def hear(self, data: bytes, peer: int, now_ns: int) -> list[Output]:
        """Answer questions, obey orders."""
        if peer != self._peer or self._setup.busy:
            return []
        outputs: list[Output] = []
        *told, self._heard = (self._heard + data).split(b"\xfe\x0d")
        self._heard = self._heard[-HEARD_BYTES_MAX:]
        for piece in told:
            before, begins, inner = piece.rpartition(b"\xfe\xfe")
            del before
            asked = opened(inner) if begins else None
            if asked is not None:
                outputs += self._take(asked[0], asked[1:], now_ns)
        return outputs

    def _take(self, command: int, data: bytes, now_ns: int) -> list[Output]:
        if command >= 0x80 and command not in {0x8C, 0xEE}:
            return self._order(command, data, now_ns)
        match command:
            case 0x7C:
                return self._say(command, b"10120120101\x00")
            case 0x7E:
                setup = self._setup
                return self._say(command, bytes([setup.kind]) + setup.version.encode() + b"\1\xff")
            case 0x7F if len(data) == PUSHED_BYTES:
                return self._start_pushing(data)
            case 0x7F:
                return self._news()
            case 0x1A:
                return self._say(command, self._clock(now_ns))
            case 0x8C if self._setup.log and len(data) == 3:
                return self._entry(int.from_bytes(data))
            case 0xEE if len(data) == 2:
                name = f"Object {data[1]}".ljust(16).encode()
                return self._say(command, data + b"\x00" + name)
        found = self._map(command, large=len(data) == 1)
        if found is None:
            return self._say(0xEF, bytes([RESULT_ERROR]))
        news = self._first_shown(command)
        return self._say(command, found, news, self._states(command))

    def _say(
        self,
        command: int,
        data: bytes,
        signals: tuple[Signal, ...] = (),
        stated: tuple[Signal, ...] = (),
    ) -> list[Output]:
        assert self._peer is not None, "it answers"
        return self._teller.tell(Told(framed(command, data), signals, stated), self._peer)

    def _changed(self) -> dict[int, bytes]:
        if not self._is_moved:
            return {}
        self._is_moved = False
        maps = {number: self._map(number, large=True) for number in LIVE_MAPS}
        now = {number: told for number, told in maps.items() if told is not None}
        changed = {number: told for number, told in now.items() if self._shown.get(number) != told}
        self._shown = now
        return changed

    def _news(self) -> list[Output]:
        size = self._setup.news_bytes
        return self._say(0x7F, bits([number + 1 for number in self._changed()], size))

    def _start_pushing(self, data: bytes) -> list[Output]:
        """The first six bytes name the maps; they are told at once, then as they change."""
        self._pushed = frozenset(number - 1 for number in numbers_of(data[: PUSHED_BYTES // 2]))
        self._shown, self._is_moved = {}, True
        return [*self._say(0xEF, bytes([RESULT_ACCEPTED])), *self._push()]

    def _push(self) -> list[Output]:
        outputs: list[Output] = []
        for number, told in self._changed().items():
            if number in self._pushed and self._peer is not None:
                outputs += self._say(number, told, stated=self._states(number))
        return outputs

    def _entry(self, called: int) -> list[Output]:
        """The newest entry, or the one at that index; an empty record where there is none."""
        last = self._gone + len(self._log) - 1
        number = last if called == NEWEST else (called - FIRST_INDEX) // ENTRY_STEP
        at = number - self._gone
        if not 0 <= at < len(self._log):
            return self._say(0x8C, bytes(8) + called.to_bytes(3) + called.to_bytes(3))
        entry = self._log[at]
        before = FIRST_INDEX + ENTRY_STEP * (number - 1) if number else FIRST_INDEX - ENTRY_STEP
        data = entry.record + before.to_bytes(3) + called.to_bytes(3)
        signal, was_told, entry.is_told = entry.signal, entry.is_told, True
        self._ever.add((signal.kind, signal.code, signal.zone, signal.user))
        if signal.state is State.ACTIVE and signal.code and not was_told:
            self._codes[signal.kind, signal.zone] = signal.code
        again: tuple[Signal, ...] = ()
        if not self._is_stated(data, 0x8C):
            again = (signal,)
            if signal.state is State.ACTIVE:  # a map may have shown it
                again += (replace(signal, state=State.STATUS),)
        return self._say(0x8C, data, () if was_told else (signal,), again)

    # ---- maps

    def _map(self, command: int, *, large: bool = False) -> bytes | None:
        """Return the map of a command, None for one that the panel does not have."""
        model, size = self._model, self._size() if large else 16
        zones: dict[int, Callable[[], list[int]]] = {
            0x00: lambda: [n for n, zone in model.zones.items() if zone.is_open()],
            0x01: lambda: self._zones_of("tamper"),
            0x02: lambda: self._zones_of(*ALARM_WORDS),
            0x06: lambda: [n for n, zone in model.zones.items() if zone.bypassed],
            0x17: lambda: [n for n, on in model.outputs.items() if on],
        }
        if command in zones:
            return bits(zones[command](), size)
        if command == 0x1B:
            system = sum(1 << bit for word, bit in SYSTEM_BITS.items() if model.stands(word))
            return bytes(40) + system.to_bytes(3, "little") + bytes(4)
        if command in {0x03, 0x04, 0x05, 0x07, 0x08, 0x26}:
            return bytes(size)
        if 0x09 <= command <= 0x16 or (command == 0x2A and self._setup.mode_1):
            return bits([n for n in model.areas if self._is_area(n, command)], AREAS // 8)
        return None

    def _size(self) -> int:
        return 32 if self._setup.kind == LARGE_KIND else 16

    def _zones_of(self, *words: str) -> list[int]:
        return sorted({number for word in words for number in self._model.stands(word)} - {0})

    def _is_area(self, number: int, command: int) -> bool:
        area = self._model.areas[number]
        is_in = area.exit_at_ns is None and area.armed is not State.DISARMED
        match command:
            case 0x09:
                return area.armed is not State.DISARMED
            case 0x0A:
                return is_in and area.armed is State.ARMED_AWAY
            case 0x0B:
                return is_in and area.armed is State.ARMED_STAY
            case 0x0E:
                return area.entry_at_ns is not None
            case 0x0F:
                return area.exit_at_ns is not None
            case 0x13:
                return area.alarm
            case 0x14:
                events = self._model.standing.items()
                return area.alarm and any(
                    word in FIRE_WORDS and event.area == number for (word, _), event in events
                )
        return False

    def _clock(self, now_ns: int) -> bytes:
        at = self._model.clock(now_ns)
        trouble = any(self._model.stands(word) for word in SYSTEM_BITS)
        bits_1 = (at.weekday() + 1) % 7 | trouble << 6
        return bytes.fromhex(f"{at:%Y%m%d%H%M%S}") + bytes([bits_1, self._setup.kind & 0x0F])

    # ---- what a map means

    def _states(self, command: int) -> tuple[Signal, ...]:
        """Return what the answer shows of points, and of what stands or does not."""
        model = self._model
        if command in POINT_MAPS and self._is_stated(self._map(command, large=True), command):
            return ()
        match command:
            case 0x00:
                opens = {n for n, zone in model.zones.items() if zone.is_open()}
                return tuple(
                    Signal(kind=Kind.ZONE, state=State.OPEN if n in opens else State.CLOSED, zone=n)
                    for n in range(1, self._size() * 8 + 1)
                )
            case 0x06:
                bypassed = [n for n, zone in model.zones.items() if zone.bypassed]
                return tuple(Signal(kind=Kind.ZONE, state=State.BYPASSED, zone=n) for n in bypassed)
            case 0x17:
                return tuple(
                    Signal(
                        kind=Kind.OUTPUT,
                        state=State.ON if model.outputs.get(n) else State.OFF,
                        zone=n,
                    )
                    for n in range(1, self._size() * 8 + 1)
                )
            case 0x01:
                return self._events((Kind.TAMPER, "383", zone) for zone in self._zones_of("tamper"))
            case 0x02:
                shown = self._zones_of(*ALARM_WORDS)
                return self._events((Kind.BURGLARY, "130", zone) for zone in shown)
            case 0x1B:
                words = [word for word in SYSTEM_BITS if model.stands(word)]
                return self._events((WORDS[w].kind, WORDS[w].code, None) for w in words)
        return self._areas_stated(command)

    def _is_stated(self, *what: object) -> bool:
        """Whether just this was stated before; a ledger wants it once."""
        if what in self._stated:
            return True
        if len(self._stated) >= STATED_MAX:
            self._stated.clear()
        self._stated.add(what)
        return False

    def _events(self, shown: object) -> tuple[Signal, ...]:
        """What is shown stands, in the words of the map or of the log; all else may be over."""
        assert hasattr(shown, "__iter__")
        now = list(shown)
        self._ever |= {(kind, code, zone, None) for kind, code, zone in now}
        signals = [
            Signal(kind=kind, code=code, state=State.ACTIVE, zone=zone) for kind, code, zone in now
        ]
        zones, codes = {zone for _, _, zone in now if zone}, {code for _, code, _ in now}
        for kind, code, zone, user in self._ever:
            stands = zone in zones if zone else code in codes
            state = State.ACTIVE if stands else State.RESTORED
            if kind is not Kind.OPEN_CLOSE:
                signals.append(Signal(kind=kind, code=code, state=state, zone=zone, user=user))
        return tuple(signals)

    def _areas_stated(self, command: int) -> tuple[Signal, ...]:
        """Maps of areas are read together: each states how every area is."""
        if command not in {*range(0x09, 0x17), 0x2A}:
            return ()
        states = dict.fromkeys(range(1, AREAS + 1), State.DISARMED)
        states |= {number: area.state() for number, area in self._model.areas.items()}
        if self._is_stated(tuple(states.values()), self._map(command), command):
            return ()
        points = [Signal(kind=Kind.AREA, state=state, area=n) for n, state in states.items()]
        if command == 0x14:
            for number in self._model.areas:
                state = State.ACTIVE if self._is_area(number, 0x14) else State.RESTORED
                points.append(Signal(kind=Kind.FIRE, code="110", state=state, area=number))
                points.append(Signal(kind=Kind.FIRE, code="110", state=state))
        return tuple(points)

    def _first_shown(self, command: int) -> tuple[Signal, ...]:
        """Return what a map tells before the log does: its entries are told by that."""
        if command not in EVENT_MAPS:
            return ()
        words, kind, code = EVENT_MAPS[command]
        now = {(word, n or None) for word in words for n in self._model.stands(word)}
        if kind is not Kind.POWER:
            now = {("", zone) for _, zone in now}
        before, self._before[command] = self._before.get(command, set()), now
        told: list[Signal] = []
        for word, zone in now ^ before:
            begins = (word, zone) in now
            state = State.ACTIVE if begins else State.RESTORED
            own = (WORDS[word].kind, WORDS[word].code) if word else (kind, code)
            entry = self._untold(words if not word else (word,), zone, state)
            if entry is None or entry.signal.kind is not own[0]:
                continue
            entry.is_told = True
            if begins:
                self._codes[own[0], zone] = own[1]
            said = own[1] if begins or word else self._codes.get((own[0], zone), own[1])
            told.append(Signal(kind=own[0], code=said, state=state, zone=zone))
        return tuple(told)

    def _untold(self, words: tuple[str, ...], zone: int | None, state: State) -> Logged | None:
        """Return the oldest entry of such an event that no host knows of."""
        return next(
            (
                entry
                for entry in self._log
                if not entry.is_told
                and entry.word in words
                and (entry.signal.zone, entry.signal.state) == (zone, state)
            ),
            None,
        )

    # ---- orders

    def _order(self, command: int, data: bytes, now_ns: int) -> list[Output]:
        user = self._model.user_of(data[:8].hex().upper().rstrip("F"))
        if user is None:
            return self._say(0xEF, bytes([RESULT_NO_CODE]))
        if command == 0x8E:
            return self._set_clock(data[8:], now_ns)
        lines = self._lines(command, numbers_of(data[8:]), user)
        if not lines:
            return self._say(0xEF, bytes([RESULT_ERROR]))
        outputs: list[Output] = []
        for line in lines:
            outputs += self._teller.obeyed(line.split(" user=")[0])
            try:
                for happened in self._model.obey(Command.parse(line), now_ns):
                    outputs += self.tell(happened, now_ns)
            except CommandError:
                return self._say(0xEF, bytes([RESULT_ERROR]))
        return [*outputs, *self._say(0xEF, bytes([RESULT_ACCEPTED]))]

    def _lines(self, command: int, numbers: list[int], user: int) -> list[str]:
        """Return what an order does, as control lines."""
        form = ORDERS.get(command)
        return [form.format(number, user) for number in numbers] if form else []

    def _set_clock(self, text: bytes, now_ns: int) -> list[Output]:
        try:
            told = datetime.strptime(text.decode("ascii"), "%Y%m%d%H%M%S")  # noqa: DTZ007  a panel's
        except ValueError:
            return self._say(0xEF, bytes([RESULT_ERROR]))
        self._model.set_clock(told, now_ns)
        return [*self._teller.obeyed("clock"), *self._say(0xEF, bytes([RESULT_OK]))]
