"""Marlin M-16 alarm panels, which are invented: text lines over a serial port, by manual.txt."""

import re

from edge_agent.domain.codes import Meaning, Place, Said, number, points, signal_of
from edge_agent.domain.command import Act
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.marked_lines import MarkedLines
from edge_agent.domain.plain import EVENT, PlainPanel
from edge_agent.domain.polled import Habits, PolledSession
from edge_agent.domain.session import Driver, FaultKind, Frame, Nature
from edge_agent.domain.settings import LISTEN_ONLY
from edge_agent.domain.signal import Signal, Span

BODY = re.compile(r"([A-Z]{2})(?:,([0-9A-Z,.]*))?")
EVENT_DATA = re.compile(r"([A-Z]{2}),([0-9]{2}),([0-9]{2})")
CODE_AT = len("$BY,03,")
ANSWERS = {"HI": r"M16,[0-9.]+", "ZN": "[0-2]{16}", "AL": "[0-2]{16}", "AR": "[0-5]{2}"}
OUTCOMES = ("OK", "NO")
OWN = {
    **points(Kind.ZONE, "ZO open ZC closed"),
    "CS": Meaning(Kind.OPEN_CLOSE, "441", State.ARMED, "user"),
}
ZONES = points(Kind.ZONE, "0 closed 1 open 2 bypassed")
ALARMS: dict[str, Said] = {"1": "BA", "2": "FA"}
AREAS = points(Kind.AREA, "0 disarmed 1 armed_away 2 armed_stay 3 exit_delay 4 entry_delay 5 alarm")
STATES = {"ZN": ZONES, "AR": AREAS, "AL": ALARMS}
TOLD = ("BY", "UB", "AW", "SY", "DI")
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
        return Frame(raw, name, self.codes.row(data, STATES.get(name, {}), raw), {"data": data})

    def event(self, event: re.Match[str], raw: bytes) -> Signal:
        """Return what an event says: its letters are those of the SIA codes, but for two."""
        letters, area, at = event.groups()
        place = Place(area=number(area), number=number(at), frame=raw)
        return signal_of(self.codes.told(OWN.get(letters, letters)), place)


class MarlinPanel(PlainPanel):
    """What is asked of a Marlin, and how it is told what to do."""

    reads = MarlinDecoder
    rounds = ("ZN", "AL", "AR")
    orders = {
        Act.BYPASS: "BY,{zone:02d},{code}",
        Act.UNBYPASS: "UB,{zone:02d},{code}",
        Act.ARM_AWAY: "AW,{area:02d},{code}",
        Act.ARM_STAY: "SY,{area:02d},{code}",
        Act.DISARM: "DI,{area:02d},{code}",
    }
    zones, areas, code_digits = 16, 2, 4
    shown_in = {Kind.ZONE: "ZN", Kind.AREA: "AR"}

    def covers(self, name: str, event: Signal) -> bool:
        """See PlainPanel."""
        return name == "AL" and event.zone is not None and event.kind in (Kind.BURGLARY, Kind.FIRE)


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
