"""A made-up panel whose answer is a line for each zone and one that ends it, and its driver.

`good` knows that the lines belong together, `bad` does not: what the contract has to notice.
"""

from collections.abc import Mapping
from types import MappingProxyType

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.lines import LineDecoder
from edge_agent.domain.plain import PlainPanel
from edge_agent.domain.polled import Habits, PolledSession
from edge_agent.domain.session import Driver, Frame, Nature
from edge_agent.domain.settings import LISTEN_ONLY
from edge_agent.domain.signal import Signal
from hil.panels.machine import Output
from hil.panels.model import Happened
from hil.panels.plain import Plain
from hil.panels.site import contact
from hil.panels.voice import LineVoice
from tests.contract.subjects import Subject

STATES = {state.value: state for state in (State.OPEN, State.CLOSED, State.BYPASSED)}
HABITS = Habits(probe="zones?", answer_s=2, poll_s=10, quiet_s=3600)


class Voice(LineVoice):
    """The panel's side."""

    def tell(self, happened: Happened, now_ns: int) -> list[Output]:
        """Say nothing unasked."""
        del happened, now_ns
        return []

    def take(self, line: str, now_ns: int) -> list[Output]:
        """Answer the one request there is."""
        del now_ns
        if line != "zones?":
            return []
        states = [(number, contact(self.model, number)) for number in self.model.zones]
        parts = [self._part(number, state) for number, state in states]
        return [output for part in parts for output in part] + self.say(b"zones?")

    def _part(self, number: int, state: State) -> list[Output]:
        stated = (Signal(kind=Kind.ZONE, state=state, zone=number),)
        return self.say(f"zone {number} {state}".encode(), stated=stated)


def read(line: bytes, raw: bytes) -> Frame | None:
    """Read a line."""
    name, *words = line.decode("latin-1").split() or [""]
    if name == "zones?":
        return Frame(raw, name)
    if name != "zone" or len(words) != 2 or not words[0].isdecimal():
        return None
    zone, state = int(words[0]), STATES.get(words[1], State.UNKNOWN)
    return Frame(raw, name, (Signal(kind=Kind.ZONE, state=state, zone=zone, frame=raw),))


class Good(PlainPanel):
    """The driver's side."""

    rounds = ("zones?",)
    parts: Mapping[str, str] = MappingProxyType({"zone": "zones?"})

    def decoder(self) -> LineDecoder:
        """See PlainPanel."""
        return LineDecoder(read)

    def request(self, name: str) -> bytes:
        """See PlainPanel."""
        return f"{name}\r\n".encode()


class Bad(Good):
    """It takes each line for an answer to nothing."""

    parts: Mapping[str, str] = MappingProxyType({})


def subject(panel: type[PlainPanel]) -> Subject:
    """Return the driver with such a panel, and its face."""
    driver = Driver(
        name="parted",
        version="1",
        title="a made-up panel",
        nature=Nature.STREAM,
        session=lambda setup: PolledSession(setup, HABITS, panel),
        decoder=lambda _: LineDecoder(read),
        panels=("made up",),
        lines=("serial",),
        options=(LISTEN_ONLY,),
    )
    face = Plain(
        name="parted", title="made up", voice=Voice, words=("open", "close"), sound=lambda _: True
    ).face()
    return Subject(driver, None, face, first=True)
