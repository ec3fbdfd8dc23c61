"""A Paradox EVO panel behind a PRT3 module in ASCII mode, written from the collected facts.

Lines end with CR; there is no sum and no acknowledgement.  The module says by itself

    GgggNnnnAaaa            an event        PGMnnON, PGMnnOFF      a virtual output
    COMM&ok, COMM&fail      its panel bus came back, is gone

and answers RA, RZ, AL, ZL, UL with what was asked for behind the first five characters, AA, AQ, AD,
PE, PM, PF, SR, UK, VO, VC with `&OK`, and what it cannot with `&fail`.  It takes one command after
the other; one too many is dropped with `!`.
"""

import re
from collections import deque
from dataclasses import dataclass, replace

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from hil.panels.machine import Command, CommandError, Output
from hil.panels.model import Happened, Happening, Model, Moved, Zone
from hil.panels.vocabulary import WORDS
from hil.panels.voice import Teller, Told

END = b"\r"
HEARD_BYTES_MAX = 64
WAITING_MAX = 4  # commands; the module's own number is not known
SECOND_NS = 1_000_000_000
MASTER = 1  # the user whose arming has events of its own
NAME_CHARS = 16
AREAS, ZONES, USERS, KEYS, OUTPUTS = 8, 192, 999, 251, 30

ALARMS = ("alarm", "entry", "panic", "holdup", "medical", "gas", "co", "water")
FIRES = ("fire", "smoke", "heat", "callpoint")


@dataclass(frozen=True, slots=True)
class Group:
    """The event groups of a word's begin and end (None: never said), and what they mean."""

    begins: int
    ends: int | None
    kind: Kind
    code: str
    number: int | None = None  # None: that of the zone or user


GROUPS = {
    **dict.fromkeys(ALARMS, Group(24, 26, Kind.BURGLARY, "130")),
    **dict.fromkeys(FIRES, Group(25, 27, Kind.FIRE, "110")),
    "duress": Group(31, None, Kind.DURESS, "121"),
    "tamper": Group(33, 34, Kind.TAMPER, "383"),
    "weak": Group(41, 43, Kind.ZONE_TROUBLE, "384"),
    "missing": Group(42, 44, Kind.ZONE_TROUBLE, "381"),
    "bypass": Group(23, None, Kind.BYPASS, "570"),
    "cancel": Group(20, None, Kind.CANCEL, "406"),
    "line": Group(36, 37, Kind.COMMS, "351", 0),
    "mains": Group(36, 37, Kind.POWER, "301", 1),
    "battery": Group(36, 37, Kind.POWER, "302", 2),
    "cover": Group(36, 37, Kind.TAMPER, "137", 8),
    "report": Group(40, None, Kind.COMMS, "354", 1),
}
TROUBLES = ("line", "mains", "battery", "cover")
# how: group, number (None: the user), code, armed and disarmed
ARMINGS = {
    "code": (10, None, "401"),
    "key": (11, 1, "409"),
    "quick": (12, 5, "408"),
    "remote": (12, 1, "407"),
    "auto": (12, 0, "403"),
}
DISARMINGS = {
    "code": (14, None, "401"),
    "key": (15, 1, "409"),
    "quick": (22, 1, "408"),
    "remote": (22, 2, "407"),
    "auto": (14, None, "401"),
}
AFTER_ALARM = {"key": (18, 1), "remote": (22, 3)}
AREA_STATUS = {
    State.ARMED_AWAY: (64, 0),
    State.ARMED_STAY: (64, 2),
    State.ALARM: (64, 6),
    State.DISARMED: (65, 0),
    State.EXIT_DELAY: (65, 1),
    State.ENTRY_DELAY: (65, 2),
}
ZONE_GROUPS = {"C": 0, "O": 1, "T": 2, "F": 3}
ZONE_STATES = {"C": State.CLOSED, "O": State.OPEN, "T": State.TAMPER, "F": State.FAULT}
MODES = {"A": "away", "F": "away", "S": "stay", "I": "stay"}
_COMMAND = re.compile(
    r"(RA|RZ|AL|ZL|UL|AA|AQ|AD|PE|PM|PF|SR|UK|VO|VC)([0-9]{3})([A-Z]?)([0-9]*)", re.ASCII
)
_SOUND = re.compile(
    rb"G[0-9]{3}N[0-9]{3}A[0-9]{3}|RZ[0-9]{3}[COTF][AO][FO][SO][LO]"
    rb"|RA[0-9]{3}[DAFSI](?:[MO][TO][NO][PO][AO][SO]|[PO][TO][NO][AO][SO][MO])"
    rb"|[AZU]L[0-9]{3}[^\x00-\x1f]{16}|PGM[0-9]{2}(?:ON|OFF)|COMM&(?:ok|fail)"
    rb"|[A-Z]{2}[0-9]{3}(?:&OK|&ok|&fail)|!"
)


@dataclass(frozen=True, slots=True)
class Prt3Setup:
    """How the module is: `answer_s` it takes for each command.

    `memory_last`: an area's flags in the other order that is told of them.
    """

    answer_s: float = 0.1
    memory_last: bool = False
    charset: str = "latin-1"


def is_sound(line: bytes) -> bool:
    """Tell whether every character of a line fits its place: there is no other check."""
    return _SOUND.fullmatch(line) is not None


def contact(zone: Zone) -> str:
    """Return the letter of a zone: a bypass is not among them."""
    if zone.tampered:
        return "T"
    if zone.troubled:
        return "F"
    return "O" if zone.is_open() else "C"


def believed_of(model: Model, number: int) -> State:
    """Return what RA says of an area: it knows no delays."""
    area = model.areas[number]
    return State.ALARM if area.alarm else area.armed


class Prt3Voice:
    """Says events as they happen, takes one command after the other.

    panel = ModelPanel(model, Prt3Voice(model, Prt3Setup()))
    panel.handle(Commanded(Command.parse("alarm zone=8")), now_ns)
    """

    def __init__(self, model: Model, setup: Prt3Setup) -> None:
        self._model = model
        self._setup = setup
        self._teller = Teller(END)
        self._peer: int | None = None
        self._heard = b""
        self._waiting: deque[str] = deque()
        self._answer_ns: int | None = None
        self._bus = True
        self._letters = {number: contact(zone) for number, zone in model.zones.items()}
        self._ever: set[tuple[str, int]] = set()  # codes and zones of which it said that they stand
        self._states = dict.fromkeys(model.areas, State.DISARMED)

    # ---- Voice

    def plugged(self, peer: int, now_ns: int) -> list[Output]:
        """Three wires: the module does not notice, but for whom to speak to."""
        del now_ns
        self._peer, self._heard = peer, b""
        self._waiting.clear()
        self._answer_ns = None
        return []

    def unplugged(self, peer: int) -> None:
        """See Voice."""
        if peer == self._peer:
            self._peer, self._answer_ns = None, None

    def deadline_ns(self) -> int | None:
        """Return when the next answer is ready."""
        return self._answer_ns

    def wake(self, now_ns: int) -> list[Output]:
        """Answer what was asked first."""
        line = self._waiting.popleft()
        self._answer_ns = self._ready_ns(now_ns) if self._waiting else None
        return self._answer(line, now_ns)

    def _ready_ns(self, now_ns: int) -> int:
        return now_ns + int(self._setup.answer_s * SECOND_NS)

    def delivered(self, covers: tuple[int, ...], frame: bytes) -> list[Output]:
        """See Voice."""
        del frame
        return self._teller.delivered(covers)

    def obey(self, command: Command, now_ns: int) -> list[Output] | None:
        """Control lines of this panel: its bus, and an event of no table."""
        del now_ns
        match command.name:
            case "bus":
                self._bus = command.word(0, "on") == "on"
                state = State.ONLINE if self._bus else State.OFFLINE
                signal = Signal(kind=Kind.PANEL, state=state)
                return self._say("COMM&ok" if self._bus else "COMM&fail", (signal,))
            case "event":
                group = command.number("group", 58, 0, 999)
                number = command.number("number", 0, 0, 999)
                signal = Signal(kind=Kind.UNKNOWN, state=State.ACTIVE)
                return self._say(f"G{group:03d}N{number:03d}A000", (signal,))
        return self._teller.obey(command, self._peer or 0)

    # ---- what it says

    def tell(self, happened: Happened, now_ns: int) -> list[Output]:
        """Say it as an event."""
        del now_ns
        if not self._bus:
            return self._teller.untold(happened) if isinstance(happened, Happening) else []
        match happened:
            case Moved(Kind.ZONE, number):
                return self._zone_moved(number)
            case Moved(Kind.AREA, number, state):
                self._states[number] = state
                signal = Signal(kind=Kind.AREA, state=state, area=number)
                return self._event(*AREA_STATUS[state], number, (signal,))
            case Moved(Kind.OUTPUT, number, state):
                signal = Signal(kind=Kind.OUTPUT, state=state, zone=number)
                word = "ON" if state is State.ON else "OFF"
                return self._say(f"PGM{number:02d}{word}", (signal,))
            case Happening():
                moved = self._zone_moved(happened.zone) if happened.zone else []
                return moved + self._happening(happened)
        return []

    def _zone_moved(self, number: int) -> list[Output]:
        zone = self._model.zones[number]
        letter = contact(zone)
        if letter == self._letters[number]:
            return []
        self._letters[number] = letter
        signal = Signal(kind=Kind.ZONE, state=ZONE_STATES[letter], zone=number, area=zone.area)
        return self._event(ZONE_GROUPS[letter], number, zone.area, (signal,))

    def _happening(self, event: Happening) -> list[Output]:
        if event.word in {"arm", "disarm"}:
            return self._arming(event)
        known = GROUPS.get(event.word)
        group = None if known is None else known.begins if event.active else known.ends
        if known is None or group is None:
            return self._teller.untold(event)
        is_user = WORDS[event.word].number_is == "user"
        told = (event.user if is_user else event.zone) or 0
        area = event.area if event.area in self._model.areas else None
        signal = Signal(
            kind=known.kind,
            code=known.code,
            state=State.ACTIVE if event.active else State.RESTORED,
            area=area,
            zone=told or None if known.number is None and not is_user else None,
            user=told or None if known.number is None and is_user else None,
        )
        number = told if known.number is None else known.number
        self._ever.add((known.code, told))
        return self._event(group, number, area or 0, (signal,))

    def _arming(self, event: Happening) -> list[Output]:
        is_arming, area = event.word == "arm", event.area or 0
        group, number, code = (ARMINGS if is_arming else DISARMINGS)[event.how]
        kind, state = Kind.OPEN_CLOSE, State.ARMED if is_arming else State.DISARMED
        if not is_arming and self._states.get(area) is State.ALARM:
            group, number = AFTER_ALARM.get(event.how, (17, None))
            kind, code, state = Kind.CANCEL, "406", State.ACTIVE
        user = event.user if number is None and (event.user or 0) <= USERS else None
        if user == MASTER and group in (10, 14, 17):
            group -= 1  # armed, disarmed, disarmed after an alarm by the master
        signal = Signal(kind=kind, code=code, state=state, area=event.area, user=user)
        return self._event(group, user or 0 if number is None else number, area, (signal,))

    def _event(
        self, group: int, number: int, area: int, signals: tuple[Signal, ...]
    ) -> list[Output]:
        return self._say(f"G{group:03d}N{number:03d}A{area:03d}", signals)

    def _say(
        self, line: str, signals: tuple[Signal, ...] = (), stated: tuple[Signal, ...] = ()
    ) -> list[Output]:
        if self._peer is None:  # the wire carries it to nobody
            return []
        told = Told(line.encode(self._setup.charset, "replace"), signals, stated)
        return self._teller.tell(told, self._peer)

    # ---- what it hears

    def hear(self, data: bytes, peer: int, now_ns: int) -> list[Output]:
        """Take commands; one too many is dropped."""
        if peer != self._peer:
            return []
        outputs: list[Output] = []
        *lines, self._heard = (self._heard + data).replace(b"\n", b"\r").split(b"\r")
        self._heard = self._heard[-HEARD_BYTES_MAX:]
        for line in lines:
            text = line.decode("latin-1")
            if _COMMAND.fullmatch(text) is None:
                continue
            if len(self._waiting) >= WAITING_MAX:
                outputs += self._say("!")
                continue
            self._waiting.append(text)
            self._answer_ns = self._answer_ns or self._ready_ns(now_ns)
        return outputs

    def _answer(self, line: str, now_ns: int) -> list[Output]:
        found = _COMMAND.fullmatch(line)
        assert found is not None, "others are not taken"
        verb, number, mode, code = found[1], int(found[2]), found[3], found[4]
        if self._bus and not (mode or code):
            match verb:
                case "RA" if number in self._model.areas:
                    return self._area_status(number)
                case "RZ" if number in self._model.zones:
                    return self._zone_status(number)
                case "AL" | "ZL" | "UL":
                    return self._name(verb, number)
        happens = self._bus and self._line_of(verb, number, mode, code)
        if happens is False or happens is None:
            return self._say(f"{line[:5]}&fail")
        return self._say(f"{line[:5]}&OK") + self._do(happens, now_ns)

    def _line_of(self, verb: str, number: int, mode: str, code: str) -> str | None:
        """Return what a command does, as a control line; None for what fails."""
        user = self._model.user_of(code) if code else None
        is_area = number in self._model.areas
        match verb:
            case "AA" if is_area and mode in MODES and user:
                return f"arm area={number} mode={MODES[mode]} user={user}"
            case "AQ" if is_area and mode in MODES and not code:
                return f"arm area={number} mode={MODES[mode]} how=quick"
            case "AD" if is_area and not mode and user:
                return f"disarm area={number} user={user}"
            case "PE" | "PM" | "PF" if is_area:
                return {"PE": "panic", "PM": "medical", "PF": "fire"}[verb] + f" area={number}"
            case "VO" | "VC" if number in self._model.zones:
                return f"{'open' if verb == 'VO' else 'close'} {number}"
            case "SR" if is_area:
                return ""
            case "UK" if 1 <= number <= KEYS:
                return ""
        return None

    def _do(self, line: str, now_ns: int) -> list[Output]:
        """Let the model do it; what it makes of it is said as any change."""
        outputs = self._teller.obeyed(line.split(" user=", maxsplit=1)[0])
        if not line:
            return outputs
        try:
            for happened in self._model.obey(Command.parse(line), now_ns):
                outputs += self.tell(happened, now_ns)
        except CommandError:  # nothing happens
            return []
        return outputs

    # ---- answers

    def _area_status(self, number: int) -> list[Output]:
        area = self._model.areas[number]
        is_trouble = any(self._model.stands(word) for word in TROUBLES)
        zones = [n for n, zone in self._model.zones.items() if zone.area == number]
        memory, trouble = "O", "T" if is_trouble else "O"
        ready = "N" if any(self._model.zones[n].is_open() for n in zones) else "O"
        alarm, strobe = ("A", "S") if area.alarm else ("O", "O")
        arm = {State.ARMED_AWAY: "A", State.ARMED_STAY: "S"}.get(area.armed, "D")
        flags = f"{memory}{trouble}{ready}O{alarm}{strobe}"
        if self._setup.memory_last:
            flags = f"O{trouble}{ready}{alarm}{strobe}{memory}"
        point = Signal(kind=Kind.AREA, state=believed_of(self._model, number), area=number)
        event = Signal(kind=Kind.SYSTEM_TROUBLE, code="300", state=_stands(is_trouble), area=number)
        stated = (point, event, *(() if is_trouble else (replace(event, area=None),)))
        return self._say(f"RA{number:03d}{arm}{flags}", stated=stated)

    def _zone_status(self, number: int) -> list[Output]:
        model = self._model
        flags, stated = "", []
        letter = contact(model.zones[number])
        stands = {word for word, known in model.standing if known == number}
        for flag, words, kind, code in (
            ("A", ALARMS, Kind.BURGLARY, "130"),
            ("F", FIRES, Kind.FIRE, "110"),
            ("S", ("missing",), Kind.ZONE_TROUBLE, "381"),
            ("L", ("weak",), Kind.ZONE_TROUBLE, "384"),
        ):
            is_so = not stands.isdisjoint(words)
            flags += flag if is_so else "O"
            if is_so or (code, number) in self._ever:
                self._ever.add((code, number))
                stated.append(Signal(kind=kind, code=code, state=_stands(is_so), zone=number))
        point = Signal(kind=Kind.ZONE, state=ZONE_STATES[letter], zone=number)
        return self._say(f"RZ{number:03d}{letter}{flags}", stated=(point, *stated))

    def _name(self, verb: str, number: int) -> list[Output]:
        model = self._model
        names = {
            "AL": {n: f"Area {n}" for n in model.areas},
            "ZL": {n: f"Zone {n}" for n in model.zones},
            "UL": {n: f"User {n}" for n in model.setup.users},
        }[verb]
        if number not in names:
            return self._say(f"{verb}{number:03d}&fail")
        return self._say(f"{verb}{number:03d}{names[number]:{NAME_CHARS}.{NAME_CHARS}}")


def _stands(active: bool) -> State:
    return State.ACTIVE if active else State.RESTORED
