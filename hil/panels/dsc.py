"""A DSC PowerSeries panel behind an IT-100 (serial) or a TPI module (TCP), written from the facts.

Each line is `CCC data SS`: three digits, data, two hex digits of the sum of all characters before
them.  The TPI module asks for a password first and says nothing else until it has it.  Every
command is answered 500 and its number, 501 (sum) or 502 and an error.  A zone is not said to be
restored while an alarm of it stands.  An alarm without arming ends in 650 or 651, without a 655.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from hil.panels.machine import Command, CommandError, Output
from hil.panels.model import Happened, Happening, Model, Moved
from hil.panels.voice import Teller, Told

END = b"\r\n"
HEARD_BYTES_MAX = 256
SECOND_NS = 1_000_000_000
LOGIN_S = 10  # a client that has not logged in by then is dropped
TIME_S = 240  # interval of the time broadcast
NOT_SUPPORTED, NOT_ARMED, NO_SUCH_AREA, LENGTH = "022", "023", "021", "025"

FIRES = ("fire", "smoke", "heat", "callpoint")
ZONE_ALARMS = ("alarm", "entry", *FIRES, "panic", "holdup", "medical", "gas", "co", "water")


@dataclass(frozen=True, slots=True)
class Word:
    """How an event is said: numbers of its begin and end, and what stands behind them."""

    begins: str
    ends: str
    kind: Kind
    code: str
    data: str = ""  # "az" area and zone, "z" zone


WORDS = {
    **dict.fromkeys(ZONE_ALARMS, Word("601", "602", Kind.BURGLARY, "130", "az")),
    "tamper": Word("603", "604", Kind.TAMPER, "383", "az"),
    "trouble": Word("605", "606", Kind.ZONE_TROUBLE, "380", "z"),
    "weak": Word("821", "822", Kind.ZONE_TROUBLE, "384", "z"),
    "mains": Word("802", "803", Kind.POWER, "301"),
    "battery": Word("800", "801", Kind.POWER, "302"),
    "cover": Word("829", "830", Kind.TAMPER, "137"),
    "report": Word("814", "", Kind.COMMS, "354"),
}
BITS = {  # of 849: what stands that sets it, and what it means
    1: (("mains",), Kind.POWER, "301"),
    3: (("report",), Kind.COMMS, "354"),
    4: (("trouble",), Kind.ZONE_TROUBLE, "380"),
    5: (("tamper",), Kind.TAMPER, "383"),
    6: (("battery",), Kind.POWER, "302"),
}
TROUBLES = ("mains", "report", "trouble", "tamper", "battery", "cover", "weak")


def line_of(text: str) -> bytes:
    """Return a line with its sum, without its end."""
    return f"{text}{sum(map(ord, text)) % 256:02X}".encode()


def is_sound(line: bytes) -> bool:
    """Tell whether the sum of a line is right."""
    return len(line) > 4 and line_of(line[:-2].decode("latin-1")) == line


class DscVoice:
    """Says what happens, answers commands, lets nobody in without the password.

    panel = ModelPanel(model, DscVoice(model, password="user"))
    """

    def __init__(self, model: Model, password: str = "") -> None:
        """`password` "" is a serial port, which asks for none."""
        self._model = model
        self._password = password
        self._teller = Teller(END)
        self._peer: int | None = None
        self._inside = False
        self._heard = b""
        self._login_ns: int | None = None
        self._time_ns: int | None = None
        self._latched: set[int] = set()  # closed, but an alarm of it stands: not said restored
        self._open: set[int] = set()
        self.said_bypassed: set[int] = set()  # to whom is there now
        self._was_fire = self._was_trouble = False
        self._was_bits = 0

    # ---- Voice

    def plugged(self, peer: int, now_ns: int) -> list[Output]:
        """A module over TCP asks for the password."""
        self._peer, self._heard, self._time_ns = peer, b"", None
        self._inside = not self._password
        self.said_bypassed.clear()
        if self._inside:
            return []
        self._login_ns = now_ns + LOGIN_S * SECOND_NS
        return self._say("5053")

    def unplugged(self, peer: int) -> None:
        """See Voice."""
        if peer == self._peer:
            self._peer, self._login_ns, self._time_ns = None, None, None

    def deadline_ns(self) -> int | None:
        """Return when a login is late or the time is to be said."""
        due = [at for at in (self._login_ns, self._time_ns) if at is not None]
        return min(due, default=None)

    def wake(self, now_ns: int) -> list[Output]:
        """Drop a client that did not log in; say the time."""
        if self._login_ns is not None and now_ns >= self._login_ns:
            self._login_ns = None
            return self._say("5052")
        if self._time_ns is None or now_ns < self._time_ns:
            return []
        self._time_ns = now_ns + TIME_S * SECOND_NS
        return self._say(f"550{self._model.clock(now_ns):%H%M%m%d%y}")

    def delivered(self, covers: tuple[int, ...], frame: bytes) -> list[Output]:
        """See Voice."""
        del frame
        return self._teller.delivered(covers)

    def obey(self, command: Command, now_ns: int) -> list[Output] | None:
        """Control lines of this panel: a notification of no table, a code that is wrong."""
        del now_ns
        match command.name:
            case "event":
                number = command.number("number", 999, 500, 999)
                signal = Signal(kind=Kind.UNKNOWN, state=State.ACTIVE)
                return self._say(f"{number}", (signal,))
            case "wrongcode":
                signal = Signal(kind=Kind.ACCESS, state=State.ACTIVE, code="461", area=1)
                return self._say("6701", (signal,))
        return self._teller.obey(command, self._peer or 0)

    def tell(self, happened: Happened, now_ns: int) -> list[Output]:
        """Say it."""
        del now_ns
        match happened:
            case Moved(Kind.ZONE, number):
                return self._contact(number)
            case Moved(Kind.AREA, number, state, was):
                return self._area(number, state, was)
            case Happening():
                return self._happening(happened)
        return []

    # ---- what happens

    def _contact(self, number: int) -> list[Output]:
        zone = self._model.zones[number]
        is_open = zone.is_open()
        if is_open is (number in self._open):
            return []
        (self._open.add if is_open else self._open.discard)(number)
        if is_open:
            self._latched.discard(number)
        elif self._stands(number):
            self._latched.add(number)
            return []
        return self._zone_said(number)

    def _stands(self, number: int) -> bool:
        return any(number in self._model.stands(word) for word in ZONE_ALARMS)

    def shown(self, number: int) -> State:
        """Return how a zone is as far as it is said."""
        is_open = self._model.zones[number].is_open() or number in self._latched
        return State.OPEN if is_open else State.CLOSED

    def is_told(self, number: int) -> bool:
        """Tell whether a status answer says this zone: not that it is restored, in alarm memory."""
        return self.shown(number) is State.OPEN or not self._stands(number)

    def _zone_said(self, number: int) -> list[Output]:
        """Say 609 or 610; a restored zone has no alarm any more."""
        state = self.shown(number)
        point = Signal(kind=Kind.ZONE, state=state, zone=number)
        over = Signal(kind=Kind.BURGLARY, code="130", state=State.RESTORED, zone=number)
        is_open = state is State.OPEN
        told = (point,) if is_open else (point, over)
        return self._state(f"{'609' if is_open else '610'}{number:03d}", told)

    def _area(self, number: int, state: State, was: State) -> list[Output]:
        outputs: list[Output] = []
        armed = (State.ARMED_AWAY, State.ARMED_STAY, State.EXIT_DELAY, State.ENTRY_DELAY)
        if state is State.DISARMED and was in armed:
            outputs += self._area_said("655", number, state)
        return outputs + self._area_state(number)

    def _area_state(self, number: int) -> list[Output]:
        state = self._model.areas[number].state()
        match state:
            case State.ARMED_AWAY | State.ARMED_STAY:
                mode = "1" if state is State.ARMED_STAY else "0"
                return self._area_said("652", number, state, mode)
            case State.DISARMED:
                ready = not any(
                    zone.is_open() for zone in self._model.zones.values() if zone.area == number
                )
                return self._area_said("650" if ready else "651", number, state)
        said = {State.ALARM: "654", State.EXIT_DELAY: "656", State.ENTRY_DELAY: "657"}[state]
        return self._area_said(said, number, state)

    def _area_said(self, said: str, number: int, state: State, mode: str = "") -> list[Output]:
        point = Signal(kind=Kind.AREA, state=state, area=number)
        return self._state(f"{said}{number}{mode}", (point,))

    def _happening(self, event: Happening) -> list[Output]:
        match event.word:
            case "arm" | "disarm":
                return self._arming(event)
            case "duress":
                code = self._model.setup.users.get(event.user or 0, "0000")
                signal = Signal(kind=Kind.DURESS, code="121", state=State.ACTIVE)
                return self._say(f"620{code}", (signal,)) if event.active else []
            case "bypass":
                return self._bypass_map() if self._password else self._teller.untold(event)
        word = WORDS.get(event.word)
        said = "" if word is None else word.begins if event.active else word.ends
        if word is None or not said:
            return self._teller.untold(event)
        zone, area = event.zone or 0, event.area or 1
        signal = Signal(
            kind=word.kind,
            code=word.code,
            state=State.ACTIVE if event.active else State.RESTORED,
            area=area if "a" in word.data else None,
            zone=zone or None if "z" in word.data else None,
        )
        data = {"az": f"{area}{zone:03d}", "z": f"{zone:03d}"}.get(word.data, "")
        outputs = self._say(said + data, (signal,))
        if not event.active and zone in self._latched and not self._stands(zone):
            self._latched.discard(zone)
            outputs += self._zone_said(zone)
        return outputs + self._lamps_and_troubles()

    def _bypass_map(self) -> list[Output]:
        """Say which zones are bypassed, as after each visit to the bypass menu."""
        self.said_bypassed = {n for n, zone in self._model.zones.items() if zone.bypassed}
        bits = sum(1 << number - 1 for number in self.said_bypassed)
        stated = tuple(
            Signal(kind=Kind.ZONE, state=State.BYPASSED, zone=number)
            for number in sorted(self.said_bypassed)
        )
        return self._state(f"616{bits.to_bytes(8, 'little').hex().upper()}", stated)

    def _arming(self, event: Happening) -> list[Output]:
        armed = event.word == "arm"
        by_user = event.user is not None and event.how == "code"
        said = ("700" if by_user else "701") if armed else ("750" if by_user else "751")
        signal = Signal(
            kind=Kind.OPEN_CLOSE,
            code="401" if by_user else "400",
            state=State.ARMED if armed else State.DISARMED,
            area=event.area,
            user=event.user if by_user else None,
        )
        return self._say(
            f"{said}{event.area}{event.user:04d}" if by_user else f"{said}{event.area}", (signal,)
        )

    def _lamps_and_troubles(self) -> list[Output]:
        """Say what changed of the fire lamp and the troubles."""
        outputs: list[Output] = []
        if self._is_fire() is not self._was_fire:
            self._was_fire = self._is_fire()
            outputs += self._lamps(news=True)
        if self._bits() != self._was_bits:
            self._was_bits = self._bits()
            outputs += self._trouble_bits()
        is_trouble = any(self._model.stands(word) for word in TROUBLES)
        if is_trouble is not self._was_trouble:
            self._was_trouble = is_trouble
            outputs += self._say(*self._trouble(is_trouble))
        return outputs

    def _trouble(self, is_trouble: bool) -> tuple[str, tuple[Signal, ...]]:
        state = State.ACTIVE if is_trouble else State.RESTORED
        signal = Signal(kind=Kind.SYSTEM_TROUBLE, code="300", state=state, area=1)
        return "8401" if is_trouble else "8411", (signal,)

    def _is_fire(self) -> bool:
        return any(self._model.stands(word) for word in FIRES)

    def _lamps(self, *, news: bool = False) -> list[Output]:
        area = self._model.areas[min(self._model.areas)]
        fire = self._is_fire()
        bits = 0x80 | (0x01 if area.armed is State.DISARMED else 0x02) | 0x40 * fire
        bits |= 0x10 * any(self._model.stands(word) for word in TROUBLES)
        bits |= 0x08 * any(zone.bypassed for zone in self._model.zones.values())
        state = State.ACTIVE if fire else State.RESTORED
        signal = Signal(kind=Kind.FIRE, code="110", state=state)
        text = f"510{bits:02X}"
        return self._say(text, (signal,)) if news else self._state(text, (signal,))

    def _bits(self) -> int:
        return sum(
            1 << at
            for at, (words, _, _) in BITS.items()
            if any(self._model.stands(word) for word in words)
        )

    def _trouble_bits(self) -> list[Output]:
        bits = self._bits()
        signals = tuple(
            Signal(kind=kind, code=code, state=State.ACTIVE if bits >> at & 1 else State.RESTORED)
            for at, (_, kind, code) in BITS.items()
        )
        # what stood before anybody listened, and where, ends with the bit
        zones = tuple(
            Signal(kind=kind, code=code, state=State.RESTORED, zone=zone)
            for at, (_, kind, code) in BITS.items()
            if at in (4, 5) and not bits >> at & 1
            for zone in self._model.zones
        )
        return self._state(f"849{bits:02X}", signals + zones)

    # ---- saying

    def _state(self, text: str, stated: tuple[Signal, ...]) -> list[Output]:
        return self._tell(Told(line_of(text), stated=stated))

    def _say(self, text: str, signals: tuple[Signal, ...] = ()) -> list[Output]:
        return self._tell(Told(line_of(text), signals))

    def _tell(self, told: Told) -> list[Output]:
        is_login = told.frame[:3] == b"505"
        if self._peer is None or not (self._inside or is_login):
            return []
        return self._teller.tell(told, self._peer)

    # ---- what it hears

    def hear(self, data: bytes, peer: int, now_ns: int) -> list[Output]:
        """Take commands."""
        if peer != self._peer:
            return []
        outputs: list[Output] = []
        *lines, self._heard = re.split(rb"[\r\n]+", self._heard + data)
        self._heard = self._heard[-HEARD_BYTES_MAX:]
        for line in lines:
            if line:
                outputs += self._take(line, now_ns)
        return outputs

    def _take(self, line: bytes, now_ns: int) -> list[Output]:
        text = line.decode("latin-1")
        command, data = text[:3], text[3:-2]
        if len(text) < 5 or not command.isdecimal() or line_of(text[:-2])[-2:] != line[-2:]:
            return self._say("501")
        if command == "005" and self._password:
            return self._log_in(data)
        if not self._inside:
            return self._say("5053")  # a real module has hung up by now
        return self._do(command, data, now_ns)

    def _log_in(self, password: str) -> list[Output]:
        answer = self._say("500005")
        if password != self._password:
            return [*answer, *self._say("5050")]
        self._login_ns, self._inside = None, True
        return [*self._say("500005"), *self._say("5051")]

    def _do(self, command: str, data: str, now_ns: int) -> list[Output]:
        done = self._say(f"500{command}")
        match command:
            case "000" | "057" | "055":
                return done
            case "001":
                return done + self._whole_state()
            case "008" if self._password:
                return done + self._timers()
            case "010":
                return done if self._set_clock(data, now_ns) else self._say(f"502{LENGTH}")
            case "056":
                self._time_ns = now_ns + TIME_S * SECOND_NS if data == "1" else None
                return done
            case "071":
                return done + self._keys(data[1:], now_ns)
            case "030" | "031" | "032" | "033" | "040":
                return self._arm(command, data, now_ns, done)
        return self._say(f"502{NOT_SUPPORTED}")

    def _whole_state(self) -> list[Output]:
        outputs: list[Output] = []
        for number in self._model.zones:
            if self.is_told(number):
                outputs += self._zone_said(number)
        for number in self._model.areas:
            outputs += self._area_state(number)
        text, signals = self._trouble(any(self._model.stands(word) for word in TROUBLES))
        return [*outputs, *self._state(text, signals), *self._lamps(), *self._trouble_bits()]

    def _timers(self) -> list[Output]:
        ticks = [0] * 64
        stated = []
        for number in self._model.zones:
            if self._model.zones[number].is_open():
                ticks[number - 1] = 0xFFFF
                stated.append(Signal(kind=Kind.ZONE, state=State.OPEN, zone=number))
        text = "".join(f"{tick & 0xFF:02X}{tick >> 8:02X}" for tick in ticks)
        return self._state(f"615{text}", tuple(stated))

    def _keys(self, keys: str, now_ns: int) -> list[Output]:
        """Press keys: `*1ZZ#` takes a zone out or in, `*1#` looks which are out."""
        found = re.fullmatch(r"\*1([0-9]{2})?#", keys)
        if found is None:
            return []
        zone = self._model.zones.get(int(found[1] or 0))
        if zone is None:
            return self._bypass_map()
        verb = "unbypass" if zone.bypassed else "bypass"
        outputs: list[Output] = self._teller.obeyed(f"{verb} zone={int(found[1])}")
        for happened in self._model.obey(Command.parse(f"{verb} zone={int(found[1])}"), now_ns):
            outputs += self.tell(happened, now_ns)
        return outputs

    def _set_clock(self, data: str, now_ns: int) -> bool:
        try:
            told = datetime.strptime(data, "%H%M%m%d%y")  # noqa: DTZ007  a panel knows no zone
        except ValueError:
            return False
        self._model.set_clock(told, now_ns)
        return True

    def _arm(self, command: str, data: str, now_ns: int, done: list[Output]) -> list[Output]:
        area, code = data[:1], data[1:]
        if not area.isdecimal() or int(area) not in self._model.areas:
            return self._say(f"502{NO_SUCH_AREA}")
        disarming = command == "040"
        if disarming and self._model.areas[int(area)].armed is State.DISARMED:
            return self._say(f"502{NOT_ARMED}")
        user = self._model.user_of(code) or self._model.user_of(code[:4])  # padded to 6 with zeros
        if command in ("033", "040") and user is None:
            signal = Signal(kind=Kind.ACCESS, state=State.ACTIVE, code="461", area=int(area))
            return [*done, *self._say(f"670{area}", (signal,))]
        mode = "stay" if command == "031" else "away"
        line = f"disarm area={area}" if disarming else f"arm area={area} mode={mode}"
        outputs = [*done, *self._teller.obeyed(line)]
        line += "" if user is None else f" user={user}"
        try:
            for happened in self._model.obey(Command.parse(line), now_ns):
                outputs += self.tell(happened, now_ns)
        except CommandError:
            return done
        return outputs
