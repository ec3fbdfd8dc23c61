"""A Honeywell VISTA-128's RS-232 automation port, written from the collected facts.

Every frame is `LL TT data 00 CC`, ended by CR LF: LL in hex counts all characters from itself to
CC, CC in hex makes the sum of all before it, and itself, 0 mod 256.  It says by itself:

    nq event:2 zone:3 user:3 area:1 minute hour day month year     XF, XN: programming begins, ends

and answers `as` by AS and eight letters, `zs` by ZS, a block digit and 64 nibbles for each block,
LD by its log: a row like nq's behind ld for each entry, then lc;
after each answer, and after what it obeys (AA, AH, AD, KS), `08OK009E`.  FV: a bad request.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from hil.panels.machine import Command, Output
from hil.panels.model import Happened, Happening, Model, Moved
from hil.panels.site import contact
from hil.panels.voice import LineVoice

END = b"\r\n"
AREAS, BLOCK = 8, 64


@dataclass(frozen=True, slots=True)
class VistaSetup:
    """How the panel is made: how many blocks of 64 zones, and in which order it takes a time."""

    blocks: int = 2
    clock: str = "%H%M%S%m%d"  # a capture fits it; the order of day and month is a guess


@dataclass(frozen=True, slots=True)
class Word:
    """How an event is said: numbers of its begin and end, and what its number is."""

    begins: str
    ends: str
    kind: Kind
    code: str
    of: str = "zone"


WORDS = {
    "fire": Word("01", "02", Kind.FIRE, "110"),
    "heat": Word("01", "02", Kind.FIRE, "110"),
    "callpoint": Word("01", "02", Kind.FIRE, "110"),
    "smoke": Word("C1", "C2", Kind.FIRE, "111"),
    "trouble": Word("03", "04", Kind.ZONE_TROUBLE, "380"),
    "bypass": Word("05", "06", Kind.BYPASS, "570"),
    "duress": Word("11", "12", Kind.DURESS, "121", "user"),
    "mains": Word("1B", "1C", Kind.POWER, "301", ""),
    "test": Word("1D", "", Kind.TEST, "602", ""),
    "exiterror": Word("1F", "", Kind.EXIT_ERROR, "374"),
    "panic": Word("21", "22", Kind.BURGLARY, "146"),
    "holdup": Word("21", "22", Kind.BURGLARY, "146"),
    "battery": Word("29", "2A", Kind.POWER, "302", ""),
    "walktest": Word("2D", "3D", Kind.TEST, "607", "user"),
    "alarm": Word("41", "42", Kind.BURGLARY, "131"),
    "entry": Word("41", "42", Kind.BURGLARY, "131"),
    "cover": Word("53", "54", Kind.TAMPER, "341", ""),
    "cancel": Word("5F", "", Kind.CANCEL, "406", "user"),
    "weak": Word("89", "8A", Kind.ZONE_TROUBLE, "384"),
    "medical": Word("B1", "B2", Kind.ENVIRONMENT, "150"),
    "gas": Word("B1", "B2", Kind.ENVIRONMENT, "150"),
    "co": Word("B1", "B2", Kind.ENVIRONMENT, "150"),
    "water": Word("B1", "B2", Kind.ENVIRONMENT, "150"),
    "tamper": Word("B3", "B4", Kind.TAMPER, "383"),
    "report": Word("D3", "D4", Kind.COMMS, "354", ""),
}
ALARMS = ("fire", "heat", "callpoint", "smoke", "panic", "holdup", "alarm", "entry", "medical")
ALARM_KINDS = {Kind.FIRE, Kind.BURGLARY, Kind.ENVIRONMENT}
ARMED = {"code": ("07", "401"), "quick": ("27", "408"), "key": ("37", "409")}
DISARMED = {"code": ("08", "401"), "quick": ("08", "401"), "key": ("38", "409")}
REMOTE = {"remote", "auto"}


def framed(kind: str, data: str) -> bytes:
    """Return a frame of the panel, without its end."""
    text = f"{len(kind + data) + 6:02X}{kind}{data}00"
    total = 0
    for character in text:
        total += ord(character)
    return f"{text}{(256 - total % 256) % 256:02X}".encode("latin-1")


def is_sound(frame: bytes) -> bool:
    """Tell whether length and sum of a frame are right."""
    text = frame.decode("latin-1")
    return len(text) > 7 and framed(text[2:4], text[4:-4]) == frame


class VistaVoice(LineVoice):
    """Says events as they happen, answers requests, obeys arming and keys.

    panel = ModelPanel(model, VistaVoice(model, VistaSetup()))
    panel.handle(Commanded(Command.parse("alarm zone=8")), now_ns)
    """

    def __init__(self, model: Model, setup: VistaSetup) -> None:
        super().__init__(model, END)
        self._setup = setup
        self._open: set[int] = set()
        self._programming = False
        self._ever: dict[tuple[Kind, str | None, int | None], Signal] = {}

    def obey(self, command: Command, now_ns: int) -> list[Output] | None:
        """Control lines of this panel: programming, an event of no table, a printed line."""
        match command.name:
            case "program":
                begins = command.word(0, "on") == "on"
                code = "627" if begins else "628"
                self._programming = False
                signal = Signal(kind=Kind.LOG, code=code, state=State.ACTIVE)
                outputs = self._say("XF" if begins else "XN", "", (signal,))
                self._programming = begins
                return outputs
            case "event":
                return self._event(
                    "EE", Signal(kind=Kind.UNKNOWN, state=State.ACTIVE, area=1), now_ns
                )
        return super().obey(command, now_ns)

    def tell(self, happened: Happened, now_ns: int) -> list[Output]:
        """Say it as an event."""
        match happened:
            case Moved(Kind.ZONE, number):
                return self._contact(happened, number, now_ns)
            case Happening():
                return self._happening(happened, now_ns)
        return []  # arming letters and outputs are asked for, or not at all

    def _contact(self, moved: Moved, number: int, now_ns: int) -> list[Output]:
        zone, was_open = self.model.zones[number], number in self._open
        is_open = zone.is_open()
        (self._open.add if is_open else self._open.discard)(number)
        if is_open is was_open or State.BYPASSED in {moved.state, moved.was}:
            return []
        state = State.OPEN if is_open else State.CLOSED
        signal = Signal(kind=Kind.ZONE, state=state, zone=number, area=zone.area)
        return self._event("F5" if is_open else "F6", signal, now_ns)

    def _happening(self, event: Happening, now_ns: int) -> list[Output]:
        found = self._words(event)
        if found is None:
            return self.teller.untold(event)
        said, signal = found
        if signal.kind in ALARM_KINDS or signal.code == "380":
            self._ever[signal.kind, signal.code, signal.zone] = signal
        return self._event(said, signal, now_ns)

    def _words(self, event: Happening) -> tuple[str, Signal] | None:
        """Return the number of an event, and what it means."""
        if event.word in {"arm", "disarm"}:
            return self._arming(event)
        word = WORDS.get(event.word)
        said = word and (word.begins if event.active else word.ends)
        if word is None or not said:
            return None
        return said, Signal(
            kind=word.kind,
            code=word.code,
            state=State.ACTIVE if event.active else State.RESTORED,
            area=event.area,
            zone=event.zone if word.of == "zone" else None,
            user=event.user if word.of == "user" else None,
        )

    def _arming(self, event: Happening) -> tuple[str, Signal]:
        arms = event.word == "arm"
        said, code = (ARMED if arms else DISARMED).get(event.how, ("", ""))
        if event.how in REMOTE:
            said, code = "17" if arms else "18", "407"
        elif arms and event.mode == "stay" and event.how == "code":
            said, code = "B7", "441"
        state = State.ARMED if arms else State.DISARMED
        return said, Signal(
            kind=Kind.OPEN_CLOSE, code=code, state=state, area=event.area, user=event.user
        )

    def _log(self) -> list[Output]:
        """Say the log, newest entry first, and that it is over."""
        outputs: list[Output] = []
        for logged in reversed(self.model.log):
            if (found := self._words(logged.happening)) is not None:
                said, signal = found
                outputs += self._say("ld", self._row(said, signal, logged.at), stated=(signal,))
        return [*outputs, *self._say("lc", "")]

    def _event(self, number: str, signal: Signal, now_ns: int) -> list[Output]:
        row = self._row(number, signal, self.model.clock(now_ns))
        return self._say("nq", row, (signal,))

    @staticmethod
    def _row(number: str, signal: Signal, at: datetime) -> str:
        place = f"{signal.zone or 0:03d}{signal.user or 0:03d}{signal.area or 0}"
        return f"{number}{place}{at:%M%H%d%m%y}"

    def _say(
        self,
        kind: str,
        data: str,
        signals: tuple[Signal, ...] = (),
        stated: tuple[Signal, ...] = (),
    ) -> list[Output]:
        if self._programming:
            return []
        return self.say(framed(kind, data), signals, stated)

    # ---- what it hears

    def take(self, line: str, now_ns: int) -> list[Output]:
        """Answer a request, obey a command."""
        if self._programming:
            return []
        kind, data = line[2:4], line[4:-4]
        if len(line) < 8 or framed(kind, data).decode("latin-1") != line:
            return []
        match kind:
            case "as":
                return [*self._say("AS", self._letters(), stated=self._areas()), *self._ok()]
            case "zs":
                blocks = range(self._setup.blocks)
                return [out for block in blocks for out in self._zones(block)] + self._ok()
            case "LD":
                return self._log() + self._ok()
            case "AA" | "AH" | "AD":
                return self._arm(kind, data, now_ns) + self._ok()
            case "KS":
                return self._keys(data, now_ns) + self._ok()
            case "zk" if self._set_clock(data, now_ns):
                return self._ok()
        return self._say("FV", "")

    def _set_clock(self, data: str, now_ns: int) -> bool:
        year = self.model.clock(now_ns).year
        order = f"%Y{self._setup.clock}"
        try:
            told = datetime.strptime(f"{year}{data}", order)  # noqa: DTZ007  a panel knows no zone
        except ValueError:
            return False
        self.model.set_clock(told, now_ns)
        return True

    def _ok(self) -> list[Output]:
        return self._say("OK", "")

    def _arm(self, kind: str, data: str, now_ns: int) -> list[Output]:
        user, flags = self.model.user_of(data[2:6]), data[6:]
        if user is None or len(flags) != AREAS:
            return []
        outputs: list[Output] = []
        for area in (at for at, flag in enumerate(flags, 1) if flag == "1"):
            mode = {"AA": "arm mode=away", "AH": "arm mode=stay", "AD": "disarm"}[kind]
            outputs += self.do(f"{mode} area={area} user={user}", now_ns)
        return outputs

    def _keys(self, data: str, now_ns: int) -> list[Output]:
        """Code, 6 and a zone's number bypass it."""
        user = self.model.user_of(data[1:5])
        zone = data[6:9]
        if user is None or data[5:6] != "6" or not zone.isdecimal():
            return []
        return self.do(f"bypass zone={int(zone)} user={user}", now_ns)

    # ---- answers

    def _letters(self) -> str:
        letters = {State.ARMED_AWAY: "A", State.ARMED_STAY: "H", State.DISARMED: "D"}
        armed = {number: letters[area.armed] for number, area in self.model.areas.items()}
        return "".join(armed.get(number, "D") for number in range(1, AREAS + 1))

    def _areas(self) -> tuple[Signal, ...]:
        areas = self.model.areas
        return tuple(
            Signal(
                kind=Kind.AREA,
                state=areas[number].armed if number in areas else State.DISARMED,
                area=number,
            )
            for number in range(1, AREAS + 1)
        )

    def _zones(self, block: int) -> list[Output]:
        zones = range(block * BLOCK + 1, (block + 1) * BLOCK + 1)
        alarmed = {zone for word in ALARMS for zone in self.model.stands(word) if zone in zones}
        troubled = {zone for zone in self.model.stands("trouble") if zone in zones}
        stated: list[Signal] = []
        nibbles = ""
        for number in zones:
            zone = self.model.zones.get(number)
            is_open, is_out = bool(zone and zone.is_open()), bool(zone and zone.bypassed)
            bits = is_open | (number in troubled) << 1 | (number in alarmed) << 2 | is_out << 3
            nibbles += f"{bits:X}"
            state = contact(self.model, number) if zone else State.CLOSED
            stated.append(Signal(kind=Kind.ZONE, state=state, zone=number))
        stated += [
            replace(known, state=State.RESTORED, area=None)
            for known in self._ever.values()
            if known.zone not in (troubled if known.code == "380" else alarmed)
        ]
        shown = [(Kind.BURGLARY, "130", zone) for zone in sorted(alarmed)]
        shown += [(Kind.ZONE_TROUBLE, "380", zone) for zone in sorted(troubled)]
        for kind, code, number in shown:
            signal = Signal(kind=kind, code=code, state=State.ACTIVE, zone=number)
            self._ever.setdefault((kind, code, number), signal)
            stated.append(signal)
        return self._say("ZS", f"{block}{nibbles}", stated=tuple(stated))
