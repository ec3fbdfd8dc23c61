"""One alarm panel behind all protocol faces: zones, areas, users, delays, mains, log, loops, clock.

Pure.  Control lines say what happens at the premises; the model decides what the panel makes of it
and returns it as happenings, in words of no protocol.  A face (`hil.panels.voice`) says them on its
line, in the frames of its protocol, so that one scenario plays on any panel.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from edge_agent.domain.kinds import Kind, State
from hil.panels.loops import Loop, Resistors
from hil.panels.machine import Command, CommandError
from hil.panels.vocabulary import WORDS

SECOND_NS = 1_000_000_000
LOG_MAX = 256  # entries that a panel keeps, the oldest go first
ALL_USERS_MAX = 9999
CLOCK_START = datetime(2026, 11, 23, 20, 0)  # noqa: DTZ001  a panel knows no time zone


class ZoneType(Enum):
    """What a zone's opening means; the value is the word of the alarm that it gives."""

    ENTRY = "entry_exit"  # begins the entry delay
    PERIMETER = "perimeter"  # at once, armed away or stay
    INTERIOR = "interior"  # at once, armed away only; follows an entry delay
    DAY_24H = "alarm"
    FIRE = "fire"
    PANIC = "panic"
    HOLDUP = "holdup"
    MEDICAL = "medical"
    GAS = "gas"
    CO = "co"


BURGLARY = frozenset({ZoneType.ENTRY, ZoneType.PERIMETER, ZoneType.INTERIOR})
AREA_ALARMS = frozenset({"alarm", "entry", "fire", "smoke", "callpoint", "heat", "panic", "holdup"})
"""Words that put an area into alarm."""


@dataclass(frozen=True, slots=True)
class ModelSetup:
    """How the panel is programmed.  `zones` gives type and area by number, `users` the codes.

    `clock_offset_s` is what its clock adds to `now_ns`, counted from 2026-11-23 20:00.
    """

    zones: Mapping[int, tuple[ZoneType, int]]
    areas: tuple[int, ...] = (1,)
    users: Mapping[int, str] = field(default_factory=lambda: {1: "1234", 2: "2468", 15: "1357"})
    outputs: int = 4
    entry_s: float = 30
    exit_s: float = 30
    resistors: Resistors = Resistors.DOUBLE
    eol_ohms: int = 4700
    clock_offset_s: float = 0


@dataclass(frozen=True, slots=True)
class Happening:
    """An event in the panel: `word` of the vocabulary, `arm`, `disarm` or `bypass`; or its end.

    `mode` of arming is `away` or `stay`; `how` is `code`, `key`, `quick`, `remote` or `auto`.
    """

    word: str
    active: bool = True
    area: int | None = None
    zone: int | None = None
    user: int | None = None
    mode: str = ""
    how: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """A point changed its state."""

    kind: Kind
    number: int
    state: State
    was: State


Happened = Happening | Moved


@dataclass(slots=True)
class Zone:
    """One zone as it is now."""

    type: ZoneType
    area: int
    loop: Loop
    bypassed: bool = False
    tampered: bool = False
    troubled: bool = False

    def state(self) -> State:
        """Return the state as the code table has it; a bypass hides the rest."""
        if self.bypassed:
            return State.BYPASSED
        if self.tampered:
            return State.TAMPER
        return State.FAULT if self.troubled else self.loop.state()

    def is_open(self) -> bool:
        """Whether the contact is away from rest, whatever else is wrong."""
        return self.loop.state() is not State.CLOSED


@dataclass(slots=True)
class Area:
    """One area as it is now; ends of delays in ns."""

    armed: State = State.DISARMED
    user: int | None = None
    exit_at_ns: int | None = None
    entry_at_ns: int | None = None
    alarm: bool = False

    def state(self) -> State:
        """Return the first that holds of alarm, entry, exit, armed, disarmed."""
        if self.alarm:
            return State.ALARM
        if self.entry_at_ns is not None:
            return State.ENTRY_DELAY
        return State.EXIT_DELAY if self.exit_at_ns is not None else self.armed


@dataclass(frozen=True, slots=True)
class Logged:
    """One entry of the panel's log, by the panel's own clock."""

    at: datetime
    happening: Happening


class Model:
    """The panel.

    model = Model(ModelSetup(zones={1: (ZoneType.ENTRY, 1), 2: (ZoneType.PERIMETER, 1)}))
    model.obey(Command.parse("arm area=1 user=2"), now_ns)    # [Happening("arm", ...), Moved(...)]
    """

    def __init__(self, setup: ModelSetup) -> None:
        self.setup = setup
        self.zones = {
            number: Zone(kind, area, Loop(setup.resistors, setup.eol_ohms))
            for number, (kind, area) in setup.zones.items()
        }
        self.areas = {number: Area() for number in setup.areas}
        self.outputs = dict.fromkeys(range(1, setup.outputs + 1), False)
        self.standing: dict[tuple[str, int | None], Happening] = {}  # events that are not over
        self.log: deque[Logged] = deque(maxlen=LOG_MAX)
        self._clock_s = setup.clock_offset_s

    # ---- what a face may ask

    def clock(self, now_ns: int) -> datetime:
        """Return what the panel's clock shows."""
        return CLOCK_START + timedelta(seconds=now_ns // SECOND_NS + self._clock_s)

    def set_clock(self, told: datetime, now_ns: int) -> None:
        """Set the panel's clock, as by a command over the line."""
        self._clock_s += (told - self.clock(now_ns)).total_seconds()

    def stands(self, word: str) -> list[int]:
        """Return the numbers for which `word` is active; [0] where it has none."""
        return sorted(number or 0 for known, number in self.standing if known == word)

    def user_of(self, code: str) -> int | None:
        """Return whose code that is."""
        return next((user for user, own in self.setup.users.items() if own == code), None)

    def points(self) -> dict[tuple[Kind, int], State]:
        """Return the state of every point."""
        return {
            **{(Kind.ZONE, number): zone.state() for number, zone in self.zones.items()},
            **{(Kind.AREA, number): area.state() for number, area in self.areas.items()},
            **{
                (Kind.OUTPUT, number): State.ON if on else State.OFF
                for number, on in self.outputs.items()
            },
        }

    # ---- time

    def deadline_ns(self) -> int | None:
        """Return when a delay runs out."""
        due_ns = None
        for area in self.areas.values():
            for at_ns in (area.exit_at_ns, area.entry_at_ns):
                if at_ns is not None and (due_ns is None or at_ns < due_ns):
                    due_ns = at_ns
        return due_ns

    def wake(self, now_ns: int) -> list[Happened]:
        """Let the delays run out that are due."""
        return self._while(lambda: self._delays(now_ns), now_ns)

    def _delays(self, now_ns: int) -> list[Happening]:
        events: list[Happening] = []
        for number, area in self.areas.items():
            if area.exit_at_ns is not None and area.exit_at_ns <= now_ns:
                area.exit_at_ns = None
                events += self._left_open(number)
            if area.entry_at_ns is not None and area.entry_at_ns <= now_ns:
                area.entry_at_ns = None
                zones = [z for z, zone in self.zones.items() if zone.area == number]
                first = next((z for z in zones if self.zones[z].is_open()), min(zones, default=0))
                events += self._raise(Happening("entry", area=number, zone=first or None))
        return events

    def _left_open(self, area: int) -> list[Happening]:
        return [
            Happening("exiterror", area=area, zone=number)
            for number, zone in self.zones.items()
            if zone.area == area and zone.type in BURGLARY and zone.state() is State.OPEN
        ]

    # ---- control lines

    def obey(self, command: Command, now_ns: int) -> list[Happened]:
        """Let something happen; raises CommandError for what makes no sense."""
        return self._while(lambda: self._obey(command, now_ns), now_ns)

    def _while(self, work: Callable[[], list[Happening]], now_ns: int) -> list[Happened]:
        """Do `work`; return the points that moved, areas after the events that moved them."""
        before = self.points()
        events = work()
        moved = [
            Moved(kind, number, state, before[kind, number])
            for (kind, number), state in self.points().items()
            if before[kind, number] is not state
        ]
        self.log.extend(Logged(self.clock(now_ns), event) for event in events)
        circuits = [move for move in moved if move.kind is not Kind.AREA]
        return [*circuits, *events, *(move for move in moved if move.kind is Kind.AREA)]

    def _obey(self, command: Command, now_ns: int) -> list[Happening]:
        match command.name:
            case "open" | "close" | "sever" | "short" | "mend" | "mask" | "unmask":
                return self._circuit(command, now_ns)
            case "cable" | "leak":
                return self._cable(command)
            case "arm" | "disarm":
                return self._arm(command, now_ns)
            case "bypass" | "unbypass":
                return self._bypass(command)
            case "output":
                return self._output(command)
            case "clock":
                return self._jump(command, now_ns)
            case "restore":
                return self._word(command, command.word(0, "alarm"), active=False)
            case word:
                return self._word(command, word, active=True)

    def _word(self, command: Command, word: str, *, active: bool) -> list[Happening]:
        if word not in WORDS:
            known = "open, close, arm, disarm, bypass, output, clock, restore WORD"
            raise CommandError(f"a panel knows no {word!r}; it knows {known}, {', '.join(WORDS)}")
        command.only("zone", "user", "area")
        zone = self._zone(command, needed=False)
        if zone is None and WORDS[word].number_is == "zone" and "user" not in command.settings:
            zone = min(self.zones)
        area = command.number("area", self.zones[zone].area if zone else None, 1, 999)
        user = command.number("user", None, 1, ALL_USERS_MAX)
        happening = Happening(word, active, area, zone, user)
        if zone is not None and word in {"tamper", "trouble"}:
            setattr(self.zones[zone], f"{word}ed" if word == "tamper" else "troubled", active)
        return self._raise(happening)

    def _raise(self, happening: Happening) -> list[Happening]:
        """Let an event stand or end, and put its area into alarm where it is one."""
        key = happening.word, happening.zone or happening.user
        if happening.active:
            self.standing[key] = happening
            if happening.word in AREA_ALARMS and happening.area in self.areas:
                area = self.areas[happening.area]
                area.alarm, area.entry_at_ns = True, None
        else:
            self.standing.pop(key, None)
            # what is not armed has no alarm memory: the area is at rest again with its last alarm
            for number, area in self.areas.items():
                if area.armed is State.DISARMED and not self._alarms(number):
                    area.alarm = False
        return [happening]

    def _alarms(self, area: int) -> bool:
        return any(
            event.area == area and event.word in AREA_ALARMS for event in self.standing.values()
        )

    # ---- circuits

    def _circuit(self, command: Command, now_ns: int) -> list[Happening]:
        number = self._numbered(command)
        zone = self.zones[number]
        was_open = zone.is_open()
        match command.name:
            case "open" | "close":
                zone.loop.contact_open = command.name == "open"
            case "mask" | "unmask":
                zone.loop.masked = command.name == "mask"
            case name:
                zone.loop.cut, zone.loop.short = name == "sever", name == "short"
        if zone.is_open() is was_open or zone.bypassed:
            return []
        return self._tripped(number, now_ns) if zone.is_open() else self._restored(number)

    def _tripped(self, number: int, now_ns: int) -> list[Happening]:
        zone = self.zones[number]
        area = self.areas[zone.area]
        if zone.type not in BURGLARY:
            return self._raise(Happening(zone.type.value, area=zone.area, zone=number))
        if area.armed is State.DISARMED or area.exit_at_ns is not None:
            return []
        if zone.type is ZoneType.ENTRY and area.entry_at_ns is None and not area.alarm:
            area.entry_at_ns = now_ns + int(self.setup.entry_s * SECOND_NS)
            return []
        if zone.type is not ZoneType.PERIMETER and area.entry_at_ns is not None:
            return []  # on the way in
        if zone.type is ZoneType.INTERIOR and area.armed is State.ARMED_STAY:
            return []
        return self._raise(Happening("alarm", area=zone.area, zone=number))

    def _restored(self, number: int) -> list[Happening]:
        return [
            event
            for word, known in list(self.standing)
            if known == number and word in {*AREA_ALARMS, "gas", "co", "medical"}
            for event in self._raise(Happening(word, False, self.zones[number].area, number))
        ]

    def _cable(self, command: Command) -> list[Happening]:
        loop = self.zones[self._numbered(command)].loop
        ohms = command.number("ohms", None, 0, 10_000_000)
        if ohms is None:
            raise CommandError(f"{command.name}: takes a zone and ohms=N")
        if command.name == "cable":
            loop.series_ohms = ohms
        else:
            loop.leak_ohms = ohms
        return []

    # ---- arming, bypass, outputs, clock

    def _arm(self, command: Command, now_ns: int) -> list[Happening]:
        command.only("area", "user", "mode", "how")
        mode = command.settings.get("mode", "away")
        how = command.settings.get("how", "code")
        if mode not in {"away", "stay"} or how not in {"code", "key", "quick", "remote", "auto"}:
            raise CommandError("arm: mode=away|stay how=code|key|quick|remote|auto")
        user = command.number("user", None, 1, ALL_USERS_MAX)
        one = command.number("area", None, 1, 999)
        if one is not None and one not in self.areas:
            raise CommandError(f"area={one}: there are {', '.join(map(str, self.areas))}")
        events = []
        for number in [one] if one is not None else list(self.areas):
            area = self.areas[number]
            area.alarm, area.entry_at_ns, area.exit_at_ns, area.user = False, None, None, user
            if command.name == "disarm":
                area.armed = State.DISARMED
            else:
                area.armed = State.ARMED_STAY if mode == "stay" else State.ARMED_AWAY
                if self.setup.exit_s:
                    area.exit_at_ns = now_ns + int(self.setup.exit_s * SECOND_NS)
            events.append(Happening(command.name, True, number, None, user, mode, how))
        return events

    def _bypass(self, command: Command) -> list[Happening]:
        command.only("zone", "user")
        number = self._zone(command, needed=True)
        assert number is not None, "needed"
        self.zones[number].bypassed = command.name == "bypass"
        user = command.number("user", None, 1, ALL_USERS_MAX)
        return [
            Happening("bypass", command.name == "bypass", self.zones[number].area, number, user)
        ]

    def _output(self, command: Command) -> list[Happening]:
        text, state = command.word(0, ""), command.word(1, "")
        if not text.isdecimal() or int(text) not in self.outputs or state not in {"on", "off"}:
            raise CommandError(f"output: takes 1..{len(self.outputs)} and on or off")
        self.outputs[int(text)] = state == "on"
        return []

    def _jump(self, command: Command, now_ns: int) -> list[Happening]:
        text = command.word(0, "")
        try:
            if text[:1] in "+-":
                self._clock_s += float(text)
            else:
                self.set_clock(datetime.fromisoformat(text).replace(tzinfo=None), now_ns)
        except ValueError as error:
            raise CommandError("clock: takes +SECONDS, -SECONDS or YYYY-MM-DDThh:mm:ss") from error
        return []

    def _zone(self, command: Command, *, needed: bool) -> int | None:
        number = command.number("zone", None, 1, 9999)
        if number is None and not needed:
            return None
        if number not in self.zones:
            raise CommandError(f"zone={number}: there are 1..{max(self.zones)}")
        return number

    def _numbered(self, command: Command) -> int:
        text = command.word(0, "")
        if not text.isdecimal() or int(text) not in self.zones:
            raise CommandError(f"{command.name}: {text!r} is no zone 1..{max(self.zones)}")
        return int(text)


def zones_of(count: int, areas: int = 1) -> dict[int, tuple[ZoneType, int]]:
    """Return `count` zones over `areas`: a front door, windows, rooms; the last one is fire."""
    zones = {}
    for number in range(1, count + 1):
        kind = (ZoneType.INTERIOR, ZoneType.ENTRY, ZoneType.PERIMETER)[number % 3]
        zones[number] = (kind, (number - 1) % areas + 1)
    if count > 4:
        zones[count] = (ZoneType.FIRE, 1)
    return zones


CONTROL = (
    """\
control lines of the premises, the same for every panel:
  open Z | close Z          a detector; what follows is up to its type, the arming and the delays
  sever Z | short Z | mend Z   its cable       mask Z | unmask Z
  cable Z ohms=N            ohms in series (a bad joint)      leak Z ohms=N   in parallel (water)
  arm|disarm [area=N] [user=N] [mode=away|stay] [how=code|key|quick|remote|auto]
  bypass zone=N [user=N] | unbypass zone=N      output N on|off
  WORD [zone=N] [area=N] [user=N]   something happens, whatever the arming:
      """
    + ", ".join(WORDS).replace("duress", "\n      duress", 1)
    + """
  restore WORD ...          and is over
  clock +S | -S | TIME      the panel's clock jumps"""
)
