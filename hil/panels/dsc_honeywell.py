"""A VISTA panel behind a TPI module in its Honeywell flavour, written from the facts.

From the module `%cc,data$`, to it `^cc,data$`, its answers `^cc,ee$`; no sums.  It asks `Login:`
and says nothing else until it has the password.  Lamps, partitions and zones are said at login, on
change and every half minute; events as Contact ID.
"""

import re

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from hil.panels.machine import Command, Output
from hil.panels.model import Happened, Happening, Model, Moved
from hil.panels.vocabulary import ARM, WORDS
from hil.panels.voice import Teller, Told

END = b"\r\n"
HEARD_BYTES_MAX = 256
LOGIN_S, STATE_S = 10, 30
SECOND_NS = 1_000_000_000
OK, UNKNOWN_COMMAND = "00", "02"
FIRES = ("fire", "smoke", "heat", "callpoint")
AREA_DIGITS = {
    State.ALARM: "08",
    State.EXIT_DELAY: "07",
    State.ARMED_STAY: "04",
    State.ARMED_AWAY: "05",
    State.DISARMED: "01",
}
LAMPS = {State.ALARM: 1, State.ARMED_AWAY: 1 << 2, State.ARMED_STAY: 1 << 15}
READY, MAINS, FIRE, BATTERY = 1 << 12, 1 << 3, 1 << 13, 1 << 14
KEYS = {"1": "disarm", "2": "arm mode=away", "3": "arm mode=stay"}


def shown(model: Model, number: int) -> State:
    """Return what the partition digits say of an area: an entry delay they do not know."""
    area = model.areas[number]
    return area.armed if area.state() is State.ENTRY_DELAY else area.state()


class HoneywellVoice:
    """Says what happens in Contact ID, its state in maps, and takes keys.

    panel = ModelPanel(model, HoneywellVoice(model, "user"))
    """

    def __init__(self, model: Model, password: str) -> None:
        self._model = model
        self._password = password
        self._teller = Teller(END)
        self._peer: int | None = None
        self._inside = False
        self._heard = b""
        self._keys = ""
        self._at_ns: int | None = None

    # ---- Voice

    def plugged(self, peer: int, now_ns: int) -> list[Output]:
        """Ask for the password."""
        self._peer, self._inside, self._heard, self._keys = peer, False, b"", ""
        self._at_ns = now_ns + LOGIN_S * SECOND_NS
        return self._login("Login:")

    def unplugged(self, peer: int) -> None:
        """See Voice."""
        if peer == self._peer:
            self._peer, self._at_ns = None, None

    def deadline_ns(self) -> int | None:
        """Return when the login is late, or the state is to be said."""
        return self._at_ns

    def wake(self, now_ns: int) -> list[Output]:
        """Drop a client that did not log in; say the state."""
        if not self._inside:
            self._at_ns = None
            return self._login("Timed Out!")
        self._at_ns = now_ns + STATE_S * SECOND_NS
        return self._whole_state()

    def delivered(self, covers: tuple[int, ...], frame: bytes) -> list[Output]:
        """See Voice."""
        del frame
        return self._teller.delivered(covers)

    def obey(self, command: Command, now_ns: int) -> list[Output] | None:
        """Control lines of this panel: an event of no table."""
        del now_ns
        if command.name == "event":
            signal = Signal(kind=Kind.UNKNOWN, code="888", state=State.ACTIVE, area=1)
            return self._say("%03,1888010000$", (signal,))
        return self._teller.obey(command, self._peer or 0)

    def tell(self, happened: Happened, now_ns: int) -> list[Output]:
        """Say it."""
        del now_ns
        match happened:
            case Moved(Kind.ZONE):
                return self._zones()
            case Moved(Kind.AREA):
                return self._partitions() + self._keypad()
            case Happening():
                return self._event(happened)
        return []

    # ---- what it says

    def _event(self, event: Happening) -> list[Output]:
        arming = event.word in ("arm", "disarm")
        word = ARM if arming else WORDS.get(event.word)
        if word is None:
            return self._teller.untold(event)
        begins = event.word == "disarm" if arming else event.active
        number = {"zone": event.zone, "user": event.user}.get(word.number_is) or 0
        state = State.ACTIVE if begins else State.RESTORED
        if arming:
            state = State.DISARMED if begins else State.ARMED
        signal = Signal(
            kind=word.kind,
            code=word.code,
            state=state,
            area=event.area,
            zone=number or None if word.number_is == "zone" else None,
            user=number or None if word.number_is == "user" else None,
        )
        text = f"%03,{1 if begins else 3}{word.code}{event.area or 0:02d}{number % 1000:03d}0$"
        return self._say(text, (signal,)) + self._keypad()

    def _whole_state(self) -> list[Output]:
        return self._keypad() + self._partitions() + self._zones()

    def _keypad(self) -> list[Output]:
        state = shown(self._model, 1)
        fire = any(self._model.stands(word) for word in FIRES)
        battery = bool(self._model.stands("battery"))
        bits = MAINS * (not self._model.stands("mains")) | FIRE * fire | BATTERY * battery
        bits |= LAMPS.get(state, READY if state is State.DISARMED else 0)
        # the lamps know no exit delay: it is armed
        lit = State.ARMED_AWAY if state is State.EXIT_DELAY else state
        bits |= LAMPS[lit] if state is State.EXIT_DELAY else 0
        signals = (
            Signal(kind=Kind.AREA, state=lit, area=1),
            Signal(kind=Kind.FIRE, code="110", state=_stands(fire), area=1),
            Signal(kind=Kind.FIRE, code="110", state=_stands(fire)),
            Signal(kind=Kind.POWER, code="302", state=_stands(battery)),
        )
        return self._state(f"%00,01,{bits:04X},00,00,{'':<32}$", signals)

    def _partitions(self) -> list[Output]:
        digits, stated = "", []
        for number in range(1, 9):
            if number in self._model.areas:
                state = shown(self._model, number)
                digits += AREA_DIGITS[state]
                stated.append(Signal(kind=Kind.AREA, state=state, area=number))
            else:
                digits += "00"
        return self._state(f"%02,{digits}$", tuple(stated))

    def _zones(self) -> list[Output]:
        opened = {n for n, zone in self._model.zones.items() if zone.is_open()}
        bits = sum(1 << number - 1 for number in opened)
        stated = tuple(
            Signal(kind=Kind.ZONE, state=State.OPEN if n in opened else State.CLOSED, zone=n)
            for n in range(1, 65)
        )
        return self._state(f"%01,{bits.to_bytes(8, 'little').hex().upper()}$", stated)

    def _login(self, text: str) -> list[Output]:
        return self._teller.tell(Told(text.encode()), self._peer or 0)

    def _say(self, text: str, signals: tuple[Signal, ...] = ()) -> list[Output]:
        return self._tell(Told(text.encode(), signals))

    def _state(self, text: str, stated: tuple[Signal, ...]) -> list[Output]:
        return self._tell(Told(text.encode(), stated=stated))

    def _tell(self, told: Told) -> list[Output]:
        if self._peer is None or not self._inside:
            return []
        return self._teller.tell(told, self._peer)

    # ---- what it hears

    def hear(self, data: bytes, peer: int, now_ns: int) -> list[Output]:
        """Take the password, then commands."""
        if peer != self._peer:
            return []
        outputs: list[Output] = []
        *lines, self._heard = re.split(rb"[\r\n]+", self._heard + data)
        self._heard = self._heard[-HEARD_BYTES_MAX:]
        for line in lines:
            if line:
                outputs += self._take(line.decode("latin-1"), now_ns)
        return outputs

    def _take(self, text: str, now_ns: int) -> list[Output]:
        if not self._inside:
            return self._let_in(text, now_ns)
        found = re.fullmatch(r"\^([0-9A-F]{2}),(.*)\$", text)
        if found is None:
            return []
        command, data = found.groups()
        if command not in ("00", "02", "03"):
            return self._say(f"^{command},{UNKNOWN_COMMAND}$")
        answer = self._say(f"^{command},{OK}$")
        key = re.fullmatch(r"([1-8]),([0-9*#])", data)
        if command != "03" or key is None:
            return answer
        return answer + self._press(int(key[1]), key[2], now_ns)

    def _let_in(self, text: str, now_ns: int) -> list[Output]:
        if text.startswith("^"):
            return self._login("Login:")  # a real module has hung up by now
        if text != self._password:
            return self._login("FAILED")
        self._inside, self._at_ns = True, now_ns + STATE_S * SECOND_NS
        return self._login("OK") + self._whole_state()

    def _press(self, area: int, key: str, now_ns: int) -> list[Output]:
        """Four digits of a code and what is wanted."""
        self._keys = (self._keys + key)[-5:]
        user = self._model.user_of(self._keys[:4]) if len(self._keys) == 5 else None
        if user is None or key not in KEYS or area not in self._model.areas:
            return []
        self._keys = ""
        line = f"{KEYS[key]} area={area}"
        outputs = self._teller.obeyed(line)
        for happened in self._model.obey(Command.parse(f"{line} user={user}"), now_ns):
            outputs += self.tell(happened, now_ns)
        return outputs


def _stands(active: bool) -> State:
    return State.ACTIVE if active else State.RESTORED
