"""A panel whose events are fetched: the oldest is said until it is let go of by its number.

The made-up one here is as long as a newcomer's would be, and talks to a driver over the contract's
lines.  Seen to fail: an event let go of before it was said, and by another's number.
"""

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from drivers._fetched import CONFIRMED, EMPTY, FetchedPanel, FetchedSession
from edge_agent.domain.codes import Place, number, signal_of
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.marked_lines import MarkedLines
from edge_agent.domain.plain import EVENT
from edge_agent.domain.polled import Habits
from edge_agent.domain.session import Driver, Frame, Nature
from edge_agent.domain.settings import LISTEN_ONLY
from edge_agent.domain.signal import Signal
from hil.panels.fetched import FetchedVoice
from hil.panels.machine import Command, Note, Output, Said, Say
from hil.panels.model import Happened, Happening, Model
from hil.panels.plain import Plain
from hil.panels.site import contact, usual
from hil.panels.vocabulary import WORDS
from hil.panels.voice import LINE_BYTES_MAX, Told, meaning
from tests.contract import test_stream
from tests.contract.subjects import Subject

# ---- the panel


def framed(text: str) -> bytes:
    total = 0
    for character in text:
        total ^= ord(character)
    return f"${text}*{total:02X}".encode()


AREAS = {
    State.DISARMED: "0",
    State.ARMED_AWAY: "1",
    State.ARMED_STAY: "2",
    State.EXIT_DELAY: "3",
    State.ENTRY_DELAY: "4",
    State.ALARM: "5",
}
ZONES = {State.CLOSED: "0", State.OPEN: "1", State.BYPASSED: "2"}


class Voice(FetchedVoice):
    """`EV` fetches, `OK,07` confirms, `ST` shows zones and areas."""

    def __init__(self, model: Model) -> None:
        super().__init__(model, b"\r\n", kept_max=40)

    def event(self, happened: Happened, number: int, now_ns: int) -> Told | None:
        del now_ns
        word = WORDS.get(happened.word) if isinstance(happened, Happening) else None
        if word is None or not word.sia_restore or word.number_is == "user":
            return None
        assert isinstance(happened, Happening)
        letters = word.sia if happened.active else word.sia_restore
        signal = meaning(word, happened)
        area, zone = signal.area or 0, signal.zone or 0
        return Told(framed(f"EV,{number:02d},{letters},{area:02d},{zone:02d}"), (signal,))

    def take(self, request: bytes, now_ns: int) -> list[Output]:
        del now_ns
        text = request.decode("latin-1")
        name, *words = text[1:-3].split(",")
        if framed(text[1:-3]) != request:
            return []
        match name, words:
            case "EV", []:
                return self.fetch(framed("EM"))
            case "OK", [number] if number.isdecimal():
                return self.confirm(int(number), framed(f"CF,{number}"))
            case "ST", []:
                return self._states()
        return []

    def _states(self) -> list[Output]:
        zones = {n: contact(self.model, n) for n in self.model.zones}
        areas = {n: area.state() for n, area in self.model.areas.items()}
        digits = (
            "".join(ZONES[z] for z in zones.values()),
            "".join(AREAS[a] for a in areas.values()),
        )
        stated = [Signal(kind=Kind.ZONE, state=state, zone=n) for n, state in zones.items()]
        stated += [Signal(kind=Kind.AREA, state=state, area=n) for n, state in areas.items()]
        return self.say(framed(f"ST,{','.join(digits)}"), tuple(stated))


FACE = Plain(
    name="fetched",
    title="made up",
    voice=Voice,
    words=("open", "close", "alarm", "fire", "mains"),
    sound=lambda frame: framed(frame.decode("latin-1")[1:-3]) == frame,
).face()

# ---- its driver


class Decoder(MarkedLines):
    begins, ends = "$", "*"

    def read(self, body: str, raw: bytes) -> Frame | None:
        name, *words = body.split(",")
        match name, words:
            case "EV", [told, letters, area, zone]:
                place = Place(area=number(area), number=number(zone), frame=raw)
                return Frame(raw, EVENT, (signal_of(self.codes.sia(letters), place),), {"n": told})
            case "ST", [zones, areas]:
                return Frame(raw, "ST", (*points(zones, ZONES, raw), *points(areas, AREAS, raw)))
            case "EM" | "CF", _:
                return Frame(raw, {"EM": EMPTY, "CF": CONFIRMED}[name])
        return Frame(raw, "request")


def points(digits: str, of: Mapping[State, str], raw: bytes) -> list[Signal]:
    states = {digit: state for state, digit in of.items()}
    found = [(at, states[digit]) for at, digit in enumerate(digits, 1) if digit in states]
    if of is AREAS:
        return [Signal(kind=Kind.AREA, state=state, area=at, frame=raw) for at, state in found]
    return [Signal(kind=Kind.ZONE, state=state, zone=at, frame=raw) for at, state in found]


class Panel(FetchedPanel):
    reads = Decoder
    fetch = "EV"
    rounds = ("ST", "EV")
    latched: Mapping[str, str] = MappingProxyType({})

    def confirmation(self, event: Frame) -> str:
        return f"OK,{event.fields['n']}"


HABITS = Habits(probe="EV", answer_s=1, poll_s=2, quiet_s=3600, resync_s=10)
DRIVER = Driver(
    name="fetched",
    version="1",
    title="made up",
    nature=Nature.STREAM,
    session=lambda setup: FetchedSession(setup, HABITS, Panel),
    decoder=Decoder,
    panels=("made up",),
    lines=("serial",),
    acknowledges=True,
    options=(LISTEN_ONLY,),
)
SUBJECT = Subject(DRIVER, None, FACE, first=True)


@pytest.mark.parametrize("line", test_stream.LINES[:14], ids=str)
def test_it_talks_to_a_driver_over_every_line(line: test_stream.Line) -> None:
    test_stream.test_dialogue(SUBJECT, 0, line)


# ---- the part


def said(outputs: list[Output]) -> list[bytes]:
    return [one.data for one in outputs if isinstance(one, Say)]


def notes(outputs: list[Output]) -> list[Said]:
    return [one.entry.state for one in outputs if isinstance(one, Note)]


def voice(*zones: int) -> Voice:
    here = Voice(Model(usual(16)))
    assert here.plugged(0, 0) == []
    for zone in zones:
        assert here.tell(Happening("alarm", area=1, zone=zone), 0) == []
    return here


def ask(here: Voice, text: str) -> list[Output]:
    return here.hear(framed(text) + b"\r\n", 0, 0)


FIRST, SECOND = framed("EV,01,BA,01,03") + b"\r\n", framed("EV,02,BA,01,04") + b"\r\n"


def test_the_oldest_event_is_said_until_it_is_confirmed_and_noted_once() -> None:
    here = voice(3, 4)
    assert (said(first := ask(here, "EV")), notes(first)) == ([FIRST], [Said.SAID])
    assert (said(again := ask(here, "EV")), notes(again)) == ([FIRST], [])
    done = ask(here, "OK,01")
    assert (said(done), notes(done)) == ([framed("CF,01") + b"\r\n"], [Said.ACKED])
    assert said(ask(here, "OK,01")) == said(done), "the answer may have been lost"
    assert said(ask(here, "EV")) == [SECOND]
    ask(here, "OK,02")
    assert said(ask(here, "EV")) == [framed("EM") + b"\r\n"]


def test_nothing_is_let_go_of_by_another_number_or_before_it_was_said() -> None:
    here = voice(3, 4)
    assert ask(here, "OK,01") == [], "nobody has heard it"
    ask(here, "EV")
    assert ask(here, "OK,02") == []
    assert said(ask(here, "EV")) == [FIRST]


def test_what_was_not_confirmed_is_kept_while_nobody_is_there() -> None:
    here = voice(3)
    here.unplugged(1)
    assert said(ask(here, "EV")) == [FIRST], "another one is gone"
    assert here.hear(framed("EV"), 0, 0) == [], "it has no end yet"
    here.unplugged(0)
    assert said(ask(here, "EV")) == []
    here.tell(Happening("alarm", area=1, zone=4), 0)
    here.plugged(2, 0)
    assert said(here.hear(framed("EV") + b"\r", 2, 0)) == [FIRST]
    assert here.hear(framed("EV") + b"\r", 0, 0) == [], "another one"


class Contacts(Voice):
    """Its events are contacts, too."""

    def event(self, happened: Happened, number: int, now_ns: int) -> Told | None:
        signals = Signal(kind=Kind.ZONE, state=State.OPEN, zone=3), meaning(WORDS["alarm"], ALARM)
        return Told(b"both", signals, signals[1:])


ALARM = Happening("alarm", area=1, zone=3)


def test_a_point_in_an_event_is_stated() -> None:
    here = Contacts(Model(usual(16)))
    here.plugged(0, 0)
    here.tell(ALARM, 0)
    assert notes(ask(here, "EV")) == [Said.STATED, Said.SAID, Said.STATED]


def test_no_more_is_held_of_what_never_ends_than_a_request_may_have() -> None:
    here = voice(3)
    here.hear(b"x" * (1 << 20), 0, 0)
    assert len(here._held) <= LINE_BYTES_MAX


def test_a_full_memory_drops_and_numbers_begin_again() -> None:
    here = voice(*[3] * 40)
    assert notes(here.tell(Happening("alarm", area=1, zone=4), 0)) == [Said.DROPPED]
    for at in range(1, 41):
        ask(here, "EV")
        ask(here, f"OK,{at:02d}")
    here._events = 98
    for at in (99, 1):
        here.tell(Happening("alarm", area=1, zone=3), 0)
        assert said(ask(here, "EV")) == [framed(f"EV,{at:02d},BA,01,03") + b"\r\n"]
        ask(here, f"OK,{at:02d}")


def test_what_has_no_words_and_what_was_obeyed_stands_in_the_ledger() -> None:
    here = voice()
    assert notes(here.tell(Happening("duress", user=3), 0)) == [Said.UNTOLD]
    obeyed = here.do("arm area=1 user=1", 0)
    assert notes(obeyed)[0] is Said.OBEYED
    assert here.do("arm area=77 user=1", 0) == []
    assert here.obey(Command.parse("raw 4142"), 0) == [Say(b"AB", 0)]
    assert here.obey(Command.parse("open 3"), 0) is None
