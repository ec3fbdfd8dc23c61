"""A Marlin M-16's serial port, from its manual (manual.txt) and not from the driver."""

import re
from dataclasses import replace

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from hil.panels.machine import Output
from hil.panels.model import Happened, Happening, Moved
from hil.panels.site import contact
from hil.panels.vocabulary import ARM, WORDS, Word
from hil.panels.voice import LineVoice, meaning

NEAREST = {"entry": "alarm", "smoke": "fire", "heat": "fire", "callpoint": "fire"}
AREAS = {
    State.DISARMED: "0",
    State.ARMED_AWAY: "1",
    State.ARMED_STAY: "2",
    State.EXIT_DELAY: "3",
    State.ENTRY_DELAY: "4",
    State.ALARM: "5",
}
ORDERS = {
    "BY": "bypass zone={} user={}",
    "UB": "unbypass zone={} user={}",
    "AW": "arm area={} user={}",
    "SY": "arm area={} user={} mode=stay",
    "DI": "disarm area={} user={}",
}
ZONES = {State.CLOSED: "0", State.OPEN: "1", State.BYPASSED: "2"}
SAID = re.compile("B[ABHU]|[FP][AH]|T[AR]|A[TR]|Y[TR]|C[LS]|OP")
SHOWN = (("alarm", Kind.BURGLARY, "1"), ("fire", Kind.FIRE, "2"))


def framed(text: str) -> bytes:
    """Return a line of this text, without its end."""
    total = 0
    for character in text:
        total ^= ord(character)
    return f"${text}*{total:02X}".encode()


def is_sound(frame: bytes) -> bool:
    """Tell whether a line's sum is right."""
    return framed(frame.decode("latin-1")[1:-3]) == frame


class MarlinVoice(LineVoice):
    """Says events, answers requests, obeys."""

    def tell(self, happened: Happened, now_ns: int) -> list[Output]:
        """Say it as an event."""
        del now_ns
        match happened:
            case Moved(Kind.ZONE, number, state) if state in (State.OPEN, State.CLOSED):
                letters = "ZO" if state is State.OPEN else "ZC"
                signal = Signal(kind=Kind.ZONE, state=state, zone=number)
                return self.say(framed(f"EV,{letters},00,{number:02d}"), (signal,))
            case Happening():
                return self._event(happened)
        return []

    def _event(self, event: Happening) -> list[Output]:
        word, letters = _letters(event)
        if word is None or not SAID.fullmatch(letters):
            return self.teller.untold(event)
        signal = meaning(word, event)
        number = signal.zone or signal.user or 0
        return self.say(framed(f"EV,{letters},{event.area or 0:02d},{number:02d}"), (signal,))

    def take(self, line: str, now_ns: int) -> list[Output]:
        """Answer, or obey."""
        if not is_sound(line.encode("latin-1")):
            return []
        name, *words = line[1:-3].split(",")
        match name:
            case "HI":
                return self.say(framed("HI,M16,2.1"))
            case "ZN":
                return self._zones()
            case "AL":
                return self._alarms()
            case "AR":
                areas = self.model.areas.items()
                digits = "".join(AREAS[area.state()] for _, area in areas)
                stated = tuple(Signal(kind=Kind.AREA, state=a.state(), area=n) for n, a in areas)
                return self.say(framed(f"AR,{digits}"), stated=stated)
        if name not in ORDERS or len(words) != 2 or not words[0].isdecimal():
            return []
        user = self.model.user_of(words[1])
        done = self.do(ORDERS[name].format(int(words[0]), user), now_ns) if user else []
        return [*done, *self.say(framed("OK" if done else "NO"))]

    def _zones(self) -> list[Output]:
        states = {number: contact(self.model, number) for number in self.model.zones}
        stated = tuple(Signal(kind=Kind.ZONE, state=s, zone=n) for n, s in states.items())
        digits = "".join(ZONES[state] for state in states.values())
        return self.say(framed(f"ZN,{digits}"), stated=stated)

    def _alarms(self) -> list[Output]:
        digits, stated = dict.fromkeys(self.model.zones, "0"), []
        for word, kind, digit in SHOWN:
            alarms = {z for w in (word, *_like(word)) for z in self.model.stands(w)}
            for number in self.model.zones:
                state = State.ACTIVE if number in alarms else State.RESTORED
                stated.append(Signal(kind=kind, code=WORDS[word].code, state=state, zone=number))
            digits |= dict.fromkeys(alarms & digits.keys(), digit)
        return self.say(framed(f"AL,{''.join(digits.values())}"), stated=tuple(stated))


def _like(word: str) -> list[str]:
    return [other for other, nearest in NEAREST.items() if nearest == word]


def _letters(event: Happening) -> tuple[Word | None, str]:
    """Return what it means, and the two letters of its begin or end."""
    if event.word == "disarm":
        return ARM, "OP"
    if event.word == "arm":
        is_stay = event.mode == "stay"
        return replace(ARM, code="441") if is_stay else ARM, "CS" if is_stay else "CL"
    if event.word == "bypass":
        return WORDS["bypass"], "BB" if event.active else "BU"
    name = NEAREST.get(event.word, event.word)
    word = WORDS.get(name)
    if word is None:
        return None, ""
    return word, word.sia if event.active else word.sia_restore
