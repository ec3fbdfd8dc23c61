"""An Elk M1's serial port (or its M1XEP's TCP port 2101), written from the collected facts.

Every frame is `LL tt data 00 CC`, ended by CR LF: LL in hex counts what follows it, CC in hex makes
the sum of all characters before it, and itself, 0 mod 256.  Capital types are the panel's.  It says
by itself:

    AR account:6 event:4 area:2 place:3 device:1   an alarm report, Contact ID
    ZC zone:3 nibble      CC output:3 0|1          AS armed[8] up[8] alarm[8], tail: the timer
    EE area 0|1 timer:3 timer:3 armed              XK clock, each 30 s

and answers as, az, cs, rr, sd, ss, ua, vn, zb, zd, zp, zs, ka, lw; it obeys a0 to a6, cn, cf, ct,
rw and zb.  There is no acknowledgement.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from hil.panels.machine import Command, Output
from hil.panels.model import Happened, Happening, Model, Moved, ZoneType
from hil.panels.vocabulary import WORDS
from hil.panels.voice import LineVoice

END = b"\r\n"
SECOND_NS = 1_000_000_000
ZONES, AREAS, OUTPUTS = 208, 8, 208
CODES = {"tamper": "383", "cover": "137"}  # where its reports differ from the common words
AREA_ALARMS = {
    "fire": "3",
    "smoke": "3",
    "callpoint": "3",
    "heat": "?",
    "panic": "5",
    "holdup": "5",
}
BURGLAR = "6"
# the definition that AZ shows of a zone in alarm, and what it means
ZONE_ALARMS = {
    "alarm": ("3", Kind.BURGLARY, "130"),
    "entry": ("1", Kind.BURGLARY, "130"),
    "fire": (":", Kind.FIRE, "110"),
    "smoke": (":", Kind.FIRE, "110"),
    "callpoint": (":", Kind.FIRE, "110"),
    "heat": ("E", Kind.FIRE, "114"),
    "panic": ("G", Kind.PANIC, "120"),
    "holdup": ("G", Kind.PANIC, "120"),
    "medical": ("F", Kind.MEDICAL, "100"),
    "gas": ("D", Kind.GAS, "151"),
    "co": ("A", Kind.CO, "162"),
    "water": ("I", Kind.ENVIRONMENT, "154"),
}
# positions of SS; those of zones hold its number above "0"
TROUBLES = {
    0: ("mains", Kind.POWER, "301"),
    1: ("cover", Kind.TAMPER, "137"),
    2: ("report", Kind.COMMS, "354"),
    4: ("battery", Kind.POWER, "302"),
    5: ("weak", Kind.ZONE_TROUBLE, "384"),
    7: ("line", Kind.COMMS, "351"),
    20: ("missing", Kind.ZONE_TROUBLE, "381"),
}
TROUBLES_OF_ZONES = {5, 20}
COVER_ZONE = 1  # the tamper input of the box is wired to it
ARM_CODES = {"code": "401", "key": "409", "quick": "408", "remote": "407", "auto": "403"}
DEFINITIONS = {
    ZoneType.ENTRY: "1",
    ZoneType.PERIMETER: "3",
    ZoneType.INTERIOR: "4",
    ZoneType.DAY_24H: "8",
    ZoneType.FIRE: ":",
    ZoneType.PANIC: "G",
    ZoneType.HOLDUP: "H",
    ZoneType.MEDICAL: "F",
    ZoneType.GAS: "D",
    ZoneType.CO: "A",
}


@dataclass(frozen=True, slots=True)
class ElkSetup:
    """How the panel is programmed; `reports`: alarm reports go to this port too."""

    account: str = "001234"
    reports: bool = True
    test_s: float = 30


def framed(kind: str, data: str, tail: str = "00") -> bytes:
    """Return a frame of the panel, without its end."""
    text = f"{len(kind + data + tail) + 2:02X}{kind}{data}{tail}"
    total = 0
    for character in text:
        total += ord(character)
    return f"{text}{(256 - total % 256) % 256:02X}".encode("latin-1")


def is_sound(frame: bytes) -> bool:
    """Tell whether length and sum of a frame are right."""
    text = frame.decode("latin-1")
    return len(text) > 7 and framed(text[2:4], text[4:-4], text[-4:-2]) == frame


def believed_of(model: Model, number: int) -> State:
    """Return what AS says of an area."""
    return model.areas[number].state()


def zone_nibble(model: Model, number: int) -> str:
    """Return state (normal, trouble, violated, bypassed) and circuit (0, open, EOL, short)."""
    zone = model.zones.get(number)
    if zone is None:
        return "0"
    circuit = 1 if zone.is_open() else 2
    logical = 3 if zone.bypassed else 1 if zone.troubled else 2 if zone.is_open() else 0
    return f"{logical << 2 | circuit:X}"


def zone_truth(model: Model, number: int) -> State:
    """Return what that nibble means."""
    zone = model.zones[number]
    if zone.bypassed:
        return State.BYPASSED
    if zone.troubled:
        return State.FAULT
    return State.OPEN if zone.is_open() else State.CLOSED


class ElkVoice(LineVoice):
    """Says changes and reports as they happen, answers requests, obeys commands.

    panel = ModelPanel(model, ElkVoice(model, ElkSetup()))
    panel.handle(Commanded(Command.parse("alarm zone=8")), now_ns)
    """

    def __init__(self, model: Model, setup: ElkSetup) -> None:
        super().__init__(model, END)
        self._setup = setup
        self._nibbles = {number: zone_nibble(model, number) for number in model.zones}
        self._arming = ""
        self._test_ns: int | None = None
        self._programming = False
        self._ever: dict[tuple[Kind, str | None, int | None, str | None], Signal] = {}

    # ---- Voice

    def plugged(self, peer: int, now_ns: int) -> list[Output]:
        """Somebody is there to speak to; the panel says nothing of it."""
        if self._setup.test_s:
            self._test_ns = now_ns + int(self._setup.test_s * SECOND_NS)
        return super().plugged(peer, now_ns)

    def unplugged(self, peer: int) -> None:
        """See Voice."""
        if peer == self._peer:
            self._test_ns = None
        super().unplugged(peer)

    def deadline_ns(self) -> int | None:
        """Return when the next test message is due."""
        return self._test_ns

    def wake(self, now_ns: int) -> list[Output]:
        """Say the test message, unless it is being programmed."""
        self._test_ns = now_ns + int(self._setup.test_s * SECOND_NS)
        return [] if self._programming else self._say("XK", self._time(now_ns))

    def obey(self, command: Command, now_ns: int) -> list[Output] | None:
        """Control lines of this panel: programming, a report of no table, a code at a keypad."""
        match command.name:
            case "program":
                return self._program(command.word(0, "on") == "on")
            case "event":
                code = f"{command.number('code', 999, 100, 999)}"
                signal = Signal(kind=Kind.UNKNOWN, code=code, state=State.ACTIVE)
                return self._report(signal, 0)
            case "code":
                user = command.number("user", 0, 0, 199)
                digits = command.settings.get("digits", "999999")
                wrong = Signal(kind=Kind.ACCESS, code="461", state=State.ACTIVE)
                told = "".join(f"0{digit}" for digit in digits)
                return self._say("IC", f"{told:0>12}{user:03d}01", () if user else (wrong,))
        return super().obey(command, now_ns)

    def _program(self, begins: bool) -> list[Output]:
        self._programming = False
        code = "627" if begins else "628"
        signal = Signal(kind=Kind.LOG, code=code, state=State.ACTIVE)
        outputs = self._say("RP", "01" if begins else "00", (signal,))
        self._programming = begins
        return outputs

    def tell(self, happened: Happened, now_ns: int) -> list[Output]:
        """Say it: events as reports, points as changes."""
        if self._programming:
            return self.teller.untold(happened) if isinstance(happened, Happening) else []
        match happened:
            case Moved(Kind.ZONE, number):
                return self._zone_changed(number)
            case Moved(Kind.AREA, number, state):
                return self._area_changed(number, state, now_ns)
            case Moved(Kind.OUTPUT, number, state):
                signal = Signal(kind=Kind.OUTPUT, state=state, zone=number)
                return self._say("CC", f"{number:03d}{int(state is State.ON)}", (signal,))
            case Happening():
                outputs = self._happening(happened)
                # what changed without a change of the model's own point: a troubled zone in tamper
                return outputs + (self._zone_changed(happened.zone) if happened.zone else [])
        return []

    def _zone_changed(self, number: int) -> list[Output]:
        nibble = zone_nibble(self.model, number)
        if number not in self._nibbles or self._nibbles[number] == nibble:
            return []
        self._nibbles[number] = nibble
        signal = Signal(kind=Kind.ZONE, state=zone_truth(self.model, number), zone=number)
        return self._say("ZC", f"{number:03d}{nibble}", (signal,))

    def _area_changed(self, number: int, state: State, now_ns: int) -> list[Output]:
        outputs: list[Output] = []
        if state in {State.ENTRY_DELAY, State.EXIT_DELAY}:
            area, is_exit = self.model.areas[number], state is State.EXIT_DELAY
            until_ns = (area.exit_at_ns if is_exit else area.entry_at_ns) or now_ns
            left_s = max(1, (until_ns - now_ns) // SECOND_NS)
            signal = Signal(kind=Kind.AREA, state=state, area=number)
            data = f"{number}{0 if is_exit else 1}{left_s:03d}000{self._armed(number)}"
            outputs += self._say("EE", data, (signal,))
        arming = self._arming_status()
        if arming != self._arming:
            outputs += self._say("AS", arming, stated=self._areas())
        self._arming = arming
        return outputs

    def _happening(self, event: Happening) -> list[Output]:
        if not self._setup.reports:
            return self.teller.untold(event)
        if event.word in {"arm", "disarm"}:
            code = "441" if event.mode == "stay" and event.how == "code" else ARM_CODES[event.how]
            state = State.ARMED if event.word == "arm" else State.DISARMED
            user = event.user
            signal = Signal(
                kind=Kind.OPEN_CLOSE, code=code, state=state, area=event.area, user=user
            )
            return self._report(signal, user or 0)
        word = WORDS.get(event.word)
        if word is None:
            return self.teller.untold(event)
        place = {"zone": event.zone, "user": event.user}.get(word.number_is) or 0
        if event.word == "cover":
            place = COVER_ZONE
        code = CODES.get(event.word, word.code)
        signal = Signal(
            kind=word.kind,
            code=code,
            state=State.ACTIVE if event.active else State.RESTORED,
            area=event.area,
            zone=place or None if word.number_is == "zone" or event.word == "cover" else None,
            user=place or None if word.number_is == "user" else None,
        )
        return self._report(signal, place)

    def _report(self, signal: Signal, place: int) -> list[Output]:
        """Say an alarm report; of openings 1 is disarmed and 3 armed."""
        qualifier = 1 if signal.state in {State.ACTIVE, State.DISARMED} else 3
        account = self._setup.account
        data = f"{account}{qualifier}{signal.code}{signal.area or 0:02d}{place:03d}1"
        said = replace(signal, account=account)
        self._ever[said.kind, said.code, said.zone, said.account] = said
        return self._say("AR", data, (said,))

    def _say(
        self,
        kind: str,
        data: str,
        signals: tuple[Signal, ...] = (),
        stated: tuple[Signal, ...] = (),
        tail: str = "00",
    ) -> list[Output]:
        return self.say(framed(kind, data, tail), signals, stated)

    # ---- what it hears

    def take(self, line: str, now_ns: int) -> list[Output]:
        """Answer a request, obey a command, unless it is being programmed."""
        if self._programming:
            return []
        if len(line) < 8 or framed(line[2:4], line[4:-4]).decode("latin-1") != line:
            return []
        kind, data = line[2:4], line[4:-4]
        if kind[0] == "a" and kind[1] in "0123456":
            return self._arm(kind[1], data, now_ns)
        match kind:
            case "zb":
                return self._bypass(data, now_ns)
            case "cn" | "cf" | "ct":
                return self._output(kind, data, now_ns)
            case "rw":
                return self._set_clock(data, now_ns)
        answers: dict[str, Callable[[], tuple[str, tuple[Signal, ...]]]] = {
            "as": lambda: (self._arming_status(), self._areas()),
            "az": self._alarm_by_zone,
            "zs": self._zone_status,
            "ss": self._system_trouble,
            "cs": self._output_status,
            "rr": lambda: (self._time(now_ns), ()),
            "vn": lambda: (f"050128010302{'0' * 36}", ()),
            "zd": lambda: (self._by_zone(lambda n: DEFINITIONS[self.model.zones[n].type]), ()),
            "zp": lambda: (self._by_zone(lambda n: str(self.model.zones[n].area)), ()),
            "ka": lambda: ("1" * 16, ()),
            "lw": lambda: ("000" * 32, ()),
            "sd": lambda: (f"{data}{'':16}", ()),
            "ua": lambda: (f"{data}01{'0' * 8}41F", ()),
        }
        if kind not in answers:
            return []
        said, stated = answers[kind]()
        return self._say(kind.upper(), said, stated=stated)

    def _by_zone(self, read: Callable[[int], str]) -> str:
        return "".join(read(n) if n in self.model.zones else "0" for n in range(1, ZONES + 1))

    def _user_of(self, digits: str) -> int | None:
        code = digits.lstrip("0")
        return self.model.user_of(code) if code else None

    def _arm(self, mode: str, data: str, now_ns: int) -> list[Output]:
        user = self._user_of(data[1:])
        if user is None or len(data) != 7:
            return self._say("AS", self._arming_status(), stated=self._areas())
        area = data[0]
        if mode == "0":
            return self.do(f"disarm area={area} user={user}", now_ns)
        name = "away" if mode in "16" else "stay"
        return self.do(f"arm area={area} mode={name} user={user}", now_ns)

    def _bypass(self, data: str, now_ns: int) -> list[Output]:
        zone = self.model.zones.get(int(data[:3])) if data[:3].isdecimal() else None
        user = self._user_of(data[4:])
        if zone is None or user is None or len(data) != 10:
            return []
        number = int(data[:3])
        verb = "unbypass" if zone.bypassed else "bypass"
        outputs = self.do(f"{verb} zone={number} user={user}", now_ns)
        state = (Signal(kind=Kind.ZONE, state=State.BYPASSED, zone=number),)
        said = f"{number:03d}{int(zone.bypassed)}"
        return outputs + self._say("ZB", said, state if zone.bypassed else ())

    def _output(self, kind: str, data: str, now_ns: int) -> list[Output]:
        if not data[:3].isdecimal() or (number := int(data[:3])) not in self.model.outputs:
            return []
        is_on = kind == "cn" or (kind == "ct" and not self.model.outputs[number])
        return self.do(f"output {number} {'on' if is_on else 'off'}", now_ns)

    def _set_clock(self, data: str, now_ns: int) -> list[Output]:
        try:
            told = datetime.strptime(data[:6] + data[7:], "%S%M%H%d%m%y")  # noqa: DTZ007  a panel's
        except ValueError:
            return []
        self.model.set_clock(told, now_ns)
        return self.teller.obeyed("clock")

    # ---- answers

    def _time(self, now_ns: int) -> str:
        at = self.model.clock(now_ns)
        return f"{at:%S%M%H}{at.isoweekday() % 7 + 1}{at:%d%m%y}110"

    def _armed(self, number: int) -> str:
        area = self.model.areas.get(number)
        if area is None or area.armed is State.DISARMED:
            return "0"
        return "2" if area.armed is State.ARMED_STAY else "1"

    def _arming_status(self) -> str:
        every = range(1, AREAS + 1)
        return "".join(
            [*map(self._armed, every), *map(self._up, every), *map(self._area_alarm, every)]
        )

    def _up(self, number: int) -> str:
        area = self.model.areas.get(number)
        if area is None:
            return "0"
        if area.armed is not State.DISARMED:
            return "3" if area.exit_at_ns is not None else "4"
        zones = [zone for zone in self.model.zones.values() if zone.area == number]
        return "0" if any(zone.is_open() and not zone.bypassed for zone in zones) else "1"

    def _area_alarm(self, number: int) -> str:
        area = self.model.areas.get(number)
        if area is None or not area.alarm:
            return "1" if area is not None and area.entry_at_ns is not None else "0"
        words = [word for (word, _), event in self.model.standing.items() if event.area == number]
        return next((AREA_ALARMS[word] for word in words if word in AREA_ALARMS), BURGLAR)

    def _areas(self) -> tuple[Signal, ...]:
        states = dict.fromkeys(range(1, AREAS + 1), State.DISARMED)
        states |= {number: believed_of(self.model, number) for number in self.model.areas}
        return tuple(
            Signal(kind=Kind.AREA, state=state, area=number) for number, state in states.items()
        )

    def _zone_status(self) -> tuple[str, tuple[Signal, ...]]:
        zones = tuple(
            Signal(kind=Kind.ZONE, state=zone_truth(self.model, number), zone=number)
            for number in self.model.zones
        )
        return self._by_zone(lambda number: zone_nibble(self.model, number)), zones

    def _output_status(self) -> tuple[str, tuple[Signal, ...]]:
        is_on = {number for number, on in self.model.outputs.items() if on}
        stated = tuple(
            Signal(kind=Kind.OUTPUT, state=State.ON if n in is_on else State.OFF, zone=n)
            for n in range(1, OUTPUTS + 1)
        )
        return "".join(str(int(n in is_on)) for n in range(1, OUTPUTS + 1)), stated

    def _alarm_by_zone(self) -> tuple[str, tuple[Signal, ...]]:
        said = {
            number: ZONE_ALARMS[word]
            for word in ZONE_ALARMS
            for number in self.model.stands(word)
            if 1 <= number <= ZONES
        }
        shown = "".join(said.get(n, ("0",))[0] for n in range(1, ZONES + 1))
        now = [(kind, code, number) for number, (_, kind, code) in said.items()]
        kinds = {kind for _, kind, _ in ZONE_ALARMS.values()} | {Kind.HOLDUP}
        return shown, self._stated(now, lambda s: s.kind in kinds and s.zone in said)

    def _system_trouble(self) -> tuple[str, tuple[Signal, ...]]:
        text, now = ["0"] * 34, []
        for at, (word, kind, code) in TROUBLES.items():
            numbers = self.model.stands(word)
            if numbers:
                zone = {1: COVER_ZONE}.get(at, numbers[0] if at in TROUBLES_OF_ZONES else 0)
                text[at] = chr(0x30 + (zone or 1))
                now.append((kind, code, zone or None))
        codes = {code for _, code, _ in now}
        return "".join(text), self._stated(now, lambda s: s.code in codes)

    def _stated(
        self, now: Sequence[tuple[Kind, str, int | None]], stands: Callable[[Signal], bool]
    ) -> tuple[Signal, ...]:
        """Return what a map shows: that these events are, and others that were are no more."""
        signals = [
            Signal(kind=kind, code=code, state=State.ACTIVE, zone=zone) for kind, code, zone in now
        ]
        over = [
            replace(known, state=State.RESTORED, area=None)
            for known in self._ever.values()
            if not stands(known) and known.kind is not Kind.OPEN_CLOSE
        ]
        for signal in signals:
            self._ever.setdefault((signal.kind, signal.code, signal.zone, None), signal)
        return (*signals, *over)
