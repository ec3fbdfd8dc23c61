"""A VISTA panel with an AlarmDecoder AD2 on its keypad bus, written from the collected facts.

Lines end with CR LF; there is no sum and no acknowledgement.  The adapter says

    [20 flags],nnn,[hex],"32 characters"    what the keypads show, every few seconds and on change
    !LRR:ddd,p,CID_qxyz,ff                  what the imitated radio reports, in Contact ID
    !EXP:aa,cc,vv                           a zone on an expander opened or closed

and hears keys: a code and 1 (off), 2 (away), 3 (stay), 6 and two digits (bypass); # for the code is
quick arming; `*` shows the open zones.  V asks for its version, C for its configuration.  A
disarmed panel shows one zone after the other; what is armed shows none.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from hil.panels.machine import Command, CommandError, Output
from hil.panels.model import Happened, Happening, Model, Moved
from hil.panels.vocabulary import WORDS
from hil.panels.voice import Teller, Told

END = b"\r\n"
HEARD_CHARS_MAX = 64
SECOND_NS = 1_000_000_000
AREA = 1
FIRES = ("fire", "smoke", "heat", "callpoint")
CODES = {"tamper": "383"}  # where its reports differ from the common words
ARM_CODES = {"code": "401", "key": "409", "quick": "408", "remote": "407", "auto": "403"}
VERSION = "ffffffff,V2.2a.8.8,TX;RX;SM;VZ;RF;ZX;RE;AU;3X;CG;DD;MF;LR;KE;MK;CB;DS;ER"
CONFIG = "ADDRESS=18&CONFIGBITS=ff00&MASK=ffffffff&EXP=NNNNN&REL=NNNN&DEDUPLICATE=N&MODE=A"
FIRST_EXPANDER, FIRST_EXPANDER_ZONE, CHANNELS = 7, 9, 8
_SOUND = re.compile(
    rb"(?:!KPM:)?\[[01-]{5}[0-7-][01-]{10}[0-9A-Fa-f-][AD-][0-9A-Fa-f-]{2}\],[0-9A-Fa-f]{3}"
    rb",\[(?:[0-9A-Fa-f]{2}){8,32}\],\"[^\x00-\x1f]{32}\""
    rb"|!LRR:[0-9]{3},[0-9],(?:CID_[136][0-9A-F]{3},[0-9A-Fa-f]{2}|[A-Z][A-Z_]+)"
    rb"|!(?:EXP|REL):[0-9]{2},[0-9]{2},[0-9]{2}|!RFX:[0-9]{7},[0-9A-Fa-f]{2}"
    rb"|!(?:VER:|CONFIG>|AUI:|KPE:|CRC:)[ -~]*|!Ready|!Sending\.{1,16}done"
)


@dataclass(frozen=True, slots=True)
class Ad2Setup:
    """How the adapter is set up.

    `rest_s` is between keypad lines at rest; `reports`: LRR=Y; `expanders`: zones from 9 on hang on
    expanders; `star`: open zones are shown when `*` was pressed.
    """

    rest_s: float = 5
    reports: bool = True
    expanders: bool = True
    star: bool = False


def is_sound(line: bytes) -> bool:
    """Tell whether every character of a line fits its place: there is no other check."""
    return _SOUND.fullmatch(line) is not None


def believed_of(model: Model, number: int) -> State:
    """Return what the flags say of the area: they know no delays."""
    area = model.areas[number]
    return State.ALARM if area.alarm else area.armed


class Ad2Voice:
    """Shows what keypads show, reports what happens, takes keys.

    panel = ModelPanel(model, Ad2Voice(model, Ad2Setup()))
    panel.handle(Commanded(Command.parse("alarm zone=8")), now_ns)
    """

    def __init__(self, model: Model, setup: Ad2Setup) -> None:
        self._model = model
        self._setup = setup
        self._teller = Teller(END)
        self._peer: int | None = None
        self._line_ns: int | None = None
        self._shown = 0  # the zone shown last
        self._starred = False
        self._keys = ""
        self._typed: str | None = None  # a line to the adapter itself, under way
        self._open: set[int] = set()  # as expanders told
        self._reported: dict[tuple[Kind, str | None, int | None], Signal] = {}
        self.by_host: set[int] = set()  # zones that the host itself bypassed
        self.told: dict[int, State] = {}  # what a host was told of zones since it is there

    # ---- Voice

    def plugged(self, peer: int, now_ns: int) -> list[Output]:
        """Three wires: the adapter does not notice, but for whom to speak to."""
        self._peer, self._typed, self._keys = peer, None, ""
        self.told.clear()
        self.by_host.clear()
        self._line_ns = now_ns + SECOND_NS
        return []

    def unplugged(self, peer: int) -> None:
        """See Voice."""
        if peer == self._peer:
            self._peer, self._line_ns = None, None

    def deadline_ns(self) -> int | None:
        """Return when the next keypad line is due."""
        return self._line_ns

    def wake(self, now_ns: int) -> list[Output]:
        """Show what is to be seen."""
        self._line_ns = now_ns + int(self._setup.rest_s * SECOND_NS)
        return self._keypad()

    def delivered(self, covers: tuple[int, ...], frame: bytes) -> list[Output]:
        """See Voice."""
        del frame
        return self._teller.delivered(covers)

    def obey(self, command: Command, now_ns: int) -> list[Output] | None:
        """Control lines of this panel: a report of no table, a transmitter, a relay."""
        del now_ns
        match command.name:
            case "event":
                code = f"{command.number('code', 999, 100, 999)}"
                signal = Signal(kind=Kind.UNKNOWN, code=code, state=State.ACTIVE, area=AREA)
                return self._say(f"!LRR:000,{AREA},CID_1{code},ff", (signal,))
            case "radio":
                serial = command.number("serial", 345678, 0, 9_999_999)
                return self._say(f"!RFX:{serial:07d},{command.word(0, '80')}")
            case "relay":
                number, is_on = command.number("number", 1, 1, 4), command.word(0, "on") == "on"
                state = State.ON if is_on else State.OFF
                signal = Signal(kind=Kind.OUTPUT, state=state, zone=number)
                return self._say(f"!REL:12,{number:02d},{int(is_on):02d}", (signal,))
        return self._teller.obey(command, self._peer or 0)

    def tell(self, happened: Happened, now_ns: int) -> list[Output]:
        """Report it, and show it."""
        del now_ns
        match happened:
            case Moved(Kind.ZONE, number):
                return self._expander(number) + self._keypad()
            case Moved(Kind.AREA):
                return self._keypad()
            case Happening():
                return self._report(happened)
        return []

    # ---- reports

    def _report(self, event: Happening) -> list[Output]:
        word = WORDS.get(event.word)
        is_arming = event.word in {"arm", "disarm"}
        if not self._setup.reports or (word is None and not is_arming):
            return self._teller.untold(event)
        area = event.area if event.area == AREA else None
        if is_arming:
            is_stay = event.mode == "stay" and event.how == "code"
            code, kind = "441" if is_stay else ARM_CODES[event.how], Kind.OPEN_CLOSE
            state = State.ARMED if event.word == "arm" else State.DISARMED
            number_is, begins = "user", event.word == "disarm"
        else:
            assert word is not None, "looked at above"
            code, kind = CODES.get(event.word, word.code), word.kind
            state = State.ACTIVE if event.active else State.RESTORED
            number_is, begins = word.number_is, event.active
        number = {"zone": event.zone, "user": event.user}.get(number_is) or 0
        signal = Signal(
            kind=kind,
            code=code,
            state=state,
            area=area,
            zone=number or None if number_is == "zone" else None,
            user=number or None if number_is == "user" else None,
        )
        self._reported[kind, code, signal.zone] = signal
        return self._say(
            f"!LRR:{number:03d},{area or 0},CID_{1 if begins else 3}{code},ff", (signal,)
        )

    def _expander(self, number: int) -> list[Output]:
        is_open = self._model.zones[number].is_open()
        if not self._setup.expanders or number < FIRST_EXPANDER_ZONE:
            return []
        if is_open is (number in self._open):
            return []
        (self._open.add if is_open else self._open.discard)(number)
        at = number - FIRST_EXPANDER_ZONE
        state = State.OPEN if is_open else State.CLOSED
        self.told[number] = state
        signal = Signal(kind=Kind.ZONE, state=state, zone=number)
        address, channel = FIRST_EXPANDER + at // CHANNELS, at % CHANNELS + 1
        return self._say(f"!EXP:{address:02d},{channel:02d},{int(is_open):02d}", (signal,))

    # ---- what the keypads show

    def zone_state(self, number: int) -> State:
        """Return what a disarmed panel shows of a zone: nothing where it is bypassed."""
        zone = self._model.zones[number]
        if zone.bypassed:
            return State.CLOSED
        if zone.tampered or zone.troubled:
            return State.FAULT
        return State.OPEN if zone.is_open() else State.CLOSED

    def _keypad(self) -> list[Output]:
        area = self._model.areas[AREA]
        is_armed = area.armed is not State.DISARMED
        states = {number: self.zone_state(number) for number in self._model.zones}
        away = {number: state for number, state in states.items() if state is not State.CLOSED}
        ready = not is_armed and State.OPEN not in away.values()
        number, text = 8, "****DISARMED****  READY TO ARM  "
        signals: list[Signal] = []
        if is_armed:
            text = f"ARMED ***{'STAY' if area.armed is State.ARMED_STAY else 'AWAY'}***"
            signals = self._unseen()
        elif away and self._setup.star and not self._starred:
            text = "****DISARMED****Hit * for faults"
        elif away:
            number = next((n for n in sorted(away) if n > self._shown), min(away))
            self._shown, word = number, "FAULT" if away[number] is State.OPEN else "CHECK"
            text = f"{word} {number:02d} ZONE {number}"
        else:
            self._starred = False
        if not is_armed:
            signals = list(self._seen(states, number if away else None))
        signals += [
            Signal(kind=Kind.ZONE, state=State.BYPASSED, zone=number) for number in self.by_host
        ]
        bits = self._bits(ready, State.FAULT in away.values())
        line = f'[{bits}],{number:03d},[f702000b10{number:02d}000c08020000000000],"{text:32.32}"'
        return self._say(line, stated=(*self._of_area(ready), *signals))

    def _bits(self, ready: bool, check: bool) -> str:
        model, area = self._model, self._model.areas[AREA]
        bits = (
            *(ready, area.armed is State.ARMED_AWAY, area.armed is State.ARMED_STAY, True),
            *(False, False, any(zone.bypassed for zone in model.zones.values())),
            *(not model.stands("mains"), False, area.alarm, area.alarm),
            *(bool(model.stands("battery")), False, self._is_fire(), check, False),
        )
        return "".join(str(int(bit)) for bit in bits) + "0A--"

    def _is_fire(self) -> bool:
        return any(self._model.stands(word) for word in FIRES)

    def _unseen(self) -> list[Signal]:
        """Of what is armed no zone is shown: what was shown before is not known any more."""
        for number in self.told:
            if number not in self._open or self.told[number] is State.FAULT:
                self.told[number] = State.UNKNOWN
        return [
            Signal(kind=Kind.ZONE, state=State.UNKNOWN, zone=number) for number in self._model.zones
        ]

    def _seen(self, states: dict[int, State], shown: int | None) -> Iterator[Signal]:
        """Yield the zone that is shown, and those that are at rest."""
        for number, state in states.items():
            if number == shown or state is State.CLOSED:
                self.told[number] = state
                yield Signal(kind=Kind.ZONE, state=state, zone=number)

    def _of_area(self, ready: bool) -> Iterator[Signal]:
        """Yield the area, and what stands or ended as the flags show it."""
        model = self._model
        yield Signal(kind=Kind.AREA, state=believed_of(model, AREA), area=AREA)
        fire = Signal(kind=Kind.FIRE, code="110", state=_stands(self._is_fire()), area=AREA)
        power = Signal(kind=Kind.POWER, code="302", state=_stands(bool(model.stands("battery"))))
        mains = replace(power, code="301", state=_stands(bool(model.stands("mains"))))
        yield from (fire, power, mains)
        is_quiet = ready and not model.areas[AREA].alarm
        for known in self._reported.values():
            is_over = not self._is_fire() if known.kind is Kind.FIRE else is_quiet
            if is_over and known.kind in (Kind.FIRE, Kind.BURGLARY):
                yield replace(known, state=State.RESTORED, area=None)
        yield replace(fire, state=State.RESTORED, area=None)

    def _say(
        self, line: str, signals: tuple[Signal, ...] = (), stated: tuple[Signal, ...] = ()
    ) -> list[Output]:
        if self._peer is None:  # the wire carries it to nobody
            return []
        return self._teller.tell(Told(line.encode(), signals, stated), self._peer)

    # ---- what it hears

    def hear(self, data: bytes, peer: int, now_ns: int) -> list[Output]:
        """Take keys, and lines to the adapter itself."""
        outputs: list[Output] = []
        for char in data.decode("latin-1") if peer == self._peer else "":
            if self._typed is not None and char in "\r\n":
                line, self._typed = self._typed, None
                outputs += self._answer(line)
            elif self._typed is not None:
                self._typed = (self._typed + char)[:HEARD_CHARS_MAX]
            elif char in "VCLK=":
                self._typed = char
            elif char in "0123456789*#":
                outputs += self._press(char, now_ns)
        return outputs

    def _answer(self, line: str) -> list[Output]:
        if line == "V":
            return self._say(f"!VER:{VERSION}")
        if line == "C":
            reports = "Y" if self._setup.reports else "N"
            return self._say(f"!CONFIG>{CONFIG}&LRR={reports}")
        return []

    def _press(self, key: str, now_ns: int) -> list[Output]:
        self._keys = (self._keys + key)[-8:]
        if key == "*":
            self._starred = True
            return self._keypad()
        found = re.search(r"([0-9]{4}|#)([123])$", self._keys)
        bypassed = re.search(r"([0-9]{4})6([0-9]{2})$", self._keys)
        if bypassed is not None and self._model.user_of(bypassed[1]):
            return self._bypass(int(bypassed[2]), now_ns)
        if found is None:
            return []
        user = self._model.user_of(found[1])
        how = "how=quick" if found[1] == "#" else f"user={user}"
        if (user is None and found[1] != "#") or (found[1] == "#" and found[2] == "1"):
            return []
        self._keys = ""
        does = {"1": "disarm", "2": "arm mode=away", "3": "arm mode=stay"}[found[2]]
        return self._do(does, f"area={AREA} {how}", now_ns)

    def _bypass(self, number: int, now_ns: int) -> list[Output]:
        self._keys = ""
        self.by_host.add(number)
        return self._do("bypass", f"zone={number}", now_ns)

    def _do(self, does: str, how: str, now_ns: int) -> list[Output]:
        """Let the model do it; what it makes of it is said as any change."""
        outputs = self._teller.obeyed(does)
        try:
            for happened in self._model.obey(Command.parse(f"{does} {how}"), now_ns):
                outputs += self.tell(happened, now_ns)
        except CommandError:  # nothing happens
            return []
        return outputs


def _stands(active: bool) -> State:
    return State.ACTIVE if active else State.RESTORED
