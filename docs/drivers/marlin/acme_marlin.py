"""Marlin M-16 alarm panels, which are invented: text lines over a serial port, by manual.txt."""

import re
from datetime import datetime

from edge_agent.domain.codes import Place, Qualifier, number, signal_of
from edge_agent.domain.command import Act, Command
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.marked_lines import MarkedLines
from edge_agent.domain.plain import EVENT, PlainPanel
from edge_agent.domain.polled import Habits, Order, PolledSession
from edge_agent.domain.session import Driver, FaultKind, Frame, Nature
from edge_agent.domain.settings import LISTEN_ONLY
from edge_agent.domain.signal import Signal, Span

BODY = re.compile(r"([A-Z]{2})(?:,([0-9A-Z,.]*))?")
EVENT_DATA = re.compile(r"([A-Z]{2}),([0-9]{2}),([0-9]{2})")
CODE_AT = len("$BY,03,")
ANSWERS = {"HI": r"M16,[0-9.]+", "ZN": "[0-2]{16}", "AL": "[0-2]{16}", "AR": "[0-5]{2}"}
OUTCOMES = ("OK", "NO")
CONTACTS = {"ZO": State.OPEN, "ZC": State.CLOSED}
ZONES = (State.CLOSED, State.OPEN, State.BYPASSED)
ALARMS = {"1": "BA", "2": "FA"}
AREAS = (
    *(State.DISARMED, State.ARMED_AWAY, State.ARMED_STAY),
    *(State.EXIT_DELAY, State.ENTRY_DELAY, State.ALARM),
)
ORDERS = {
    Act.BYPASS: ("BY", "ZN"),
    Act.UNBYPASS: ("UB", "ZN"),
    Act.ARM_AWAY: ("AW", "AR"),
    Act.ARM_STAY: ("SY", "AR"),
    Act.DISARM: ("DI", "AR"),
}
TOLD = frozenset(letters for letters, _ in ORDERS.values())
HABITS = Habits(probe="HI", answer_s=1, poll_s=60, quiet_s=86_400)


class MarlinDecoder(MarkedLines):
    """Reads lines, those of a host too."""

    begins, ends = "$", "*"

    def read(self, body: str, raw: bytes) -> Frame | None:
        """Read what stands between the marks; None where it is of no line of this protocol."""
        match = BODY.fullmatch(body)
        if match is None:
            return None
        name, data = match[1], match[2] or ""
        if name == "EV" and (event := EVENT_DATA.fullmatch(data)):
            return Frame(raw, EVENT, (self.event(event, raw),), {"event": event[1]})
        if name in TOLD and len(body) >= CODE_AT:
            return Frame(raw, "request", secrets=(Span(CODE_AT, len(body) + 1),))
        if not data and name in (*ANSWERS, *OUTCOMES):
            return Frame(raw, name if name in OUTCOMES else "request")
        if not re.fullmatch(ANSWERS.get(name, "(?!)"), data):
            return Frame(raw, name, fault=FaultKind.SHAPE)
        told = (self.state(name, at, digit, raw) for at, digit in enumerate(data, 1))
        signals = tuple(one for one in told if one is not None)
        return Frame(raw, name, signals, {"data": data})

    def event(self, event: re.Match[str], raw: bytes) -> Signal:
        """Return what an event says: its letters are those of the SIA codes, but for two."""
        letters, area, at = event.groups()
        if letters in CONTACTS:
            return Signal(kind=Kind.ZONE, state=CONTACTS[letters], zone=number(at), frame=raw)
        place = Place(area=number(area), number=number(at), frame=raw)
        if letters == "CS":
            return signal_of(self.codes.contact_id(Qualifier.RESTORE, "441"), place)
        return signal_of(self.codes.sia(letters), place)

    def state(self, name: str, at: int, digit: str, raw: bytes) -> Signal | None:
        """Return what a digit of an answer says of zone or area `at`."""
        if name == "ZN":
            return Signal(kind=Kind.ZONE, state=ZONES[int(digit)], zone=at, frame=raw)
        if name == "AR":
            return Signal(kind=Kind.AREA, state=AREAS[int(digit)], area=at, frame=raw)
        if name == "AL" and digit in ALARMS:
            return signal_of(self.codes.sia(ALARMS[digit]), Place(number=at, frame=raw))
        return None


class MarlinPanel(PlainPanel):
    """What is asked of a Marlin, and how it is told what to do."""

    reads = MarlinDecoder
    commands = frozenset({Act.STATUS, *ORDERS})
    rounds = ("ZN", "AL", "AR")

    def covers(self, name: str, event: Signal) -> bool:
        """See PlainPanel."""
        return name == "AL" and event.zone is not None and event.kind in (Kind.BURGLARY, Kind.FIRE)

    def order(self, command: Command, ours: datetime | None) -> Order | None:
        """See PolledPanel."""
        del ours
        letters, check = ORDERS[command.act]
        at = command.area if check == "AR" else command.zone
        if at is None or not command.code:
            return None
        return Order(self.reads.framed(f"{letters},{at:02d},{command.code}"), check)


DRIVER = Driver(
    name="marlin",
    version="1",
    title="Marlin M-16 alarm panels, serial port",
    nature=Nature.STREAM,
    session=lambda setup: PolledSession(setup, HABITS, MarlinPanel),
    decoder=MarlinDecoder,
    panels=("Marlin M-16",),
    lines=("serial", "tcp"),
    bauds=(9600,),
    abilities=(
        *("events", "restores", "open_close", "zones", "areas", "bypass", "troubles"),
        *("at_start", "arm", "supervision", "listen_only"),
    ),
    commands=MarlinPanel.commands,
    options=(LISTEN_ONLY,),
)
