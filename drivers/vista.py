"""Honeywell VISTA-128 and 250 alarm panels: RS-232 automation port (4100SM, or TB4, J9 on board).

The frames are read in `drivers/_vista_frames.py`.  The panel says events by itself and acknowledges
nothing.  The maker wants zone status to be asked for at the start and after a loss of sync only:
from then on zones are kept by events; arming status is the heartbeat.

Source: the public automation guide as collected in the facts, never tried on a panel.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from drivers._vista_frames import AREAS, BLOCK_ZONES, VistaDecoder, request
from edge_agent.domain.command import Act, Command
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.panel_clock import PanelTime
from edge_agent.domain.panel_log import Entry, PanelLog
from edge_agent.domain.polled import Habits, Order, PolledPanel, PolledSession
from edge_agent.domain.session import (
    Action,
    Driver,
    Fault,
    FaultKind,
    Frame,
    Nature,
    Opened,
    Option,
    Send,
    Setup,
)
from edge_agent.domain.settings import LISTEN_ONLY, count_of, poll_s, quiet_s
from edge_agent.domain.signal import Signal
from edge_agent.domain.standing import bare

_NAMES = ("as", "zs")
HABITS = Habits(
    probe="as",  # arming status, the heartbeat
    answer_s=5,
    poll_s=30,
    polls_all=False,
    quiet_s=86_400,  # listening only there is no heartbeat: a day without a word
    programming_s=3600,  # of silence, before a panel in programming is taken for gone
    resync_s=20,  # printed lines between frames look like damage
    noise_is_damage=True,  # a printed line, or the rest of an event
    once=frozenset({"LD"}),  # the panel's own log, up to 45 s
    pause_s=0.5,  # the maker's spacing of requests
    settle_s=2,
    needed=frozenset({"zs"}),
)
ZONES = 128
ZONES_MAX = 250

_ALARMS = frozenset({Kind.BURGLARY, Kind.FIRE, Kind.FIRE_SUPERVISORY, Kind.ENVIRONMENT})
_CHECKS: Final = {
    **dict.fromkeys((Act.ARM_AWAY, Act.ARM_STAY, Act.DISARM), "as"),
    Act.BYPASS: "zs",
    Act.CLOCK: "",  # it says no time but that of its next event
}
_CLOCK_PAIRS: Final = {"h": "%H", "m": "%M", "s": "%S", "D": "%d", "M": "%m", "y": "%y"}
CLOCK_PAIRS = 5
_ARMING = {Act.ARM_AWAY: "AA", Act.ARM_STAY: "AH", Act.DISARM: "AD"}
CODE_DIGITS = 4


class VistaPanel(PolledPanel):
    """Follows events, and what the maps of areas and zones show beyond them."""

    def __init__(self, setup: Setup, talk: PolledSession) -> None:
        self.commands = DRIVER.commands
        self._setup = setup
        self._talk = talk
        self._log = PanelLog()
        self._zones_max = count_of(setup, "zones", ZONES, ZONES_MAX)
        self._clock_format = _clock_format(str(setup.options.get("clock_digits") or ""))
        if not self._clock_format:
            self.commands -= {Act.CLOCK}

    def decoder(self) -> VistaDecoder:
        """See PolledPanel."""
        return VistaDecoder(self._setup)

    def request(self, name: str) -> bytes:
        """See PolledPanel."""
        return request(name)

    def round(self) -> Sequence[str]:
        """See PolledPanel."""
        return (*_NAMES, "LD") if self._log.is_wanted else _NAMES

    def opened(self, opened: Opened, now_ns: int) -> None:
        """See PolledPanel."""
        del now_ns
        self._log.clear()
        for recent in opened.recent:
            for frame in self.decoder().feed(recent.frame + b"\r\n"):
                if frame.type in ("event", "log") and frame.fault is None:
                    self._note(frame)

    def _note(self, frame: Frame) -> None:
        if (at := _moment(frame)) is not None:
            self._log.recorded(_identity(frame), at)

    def forget(self, standing: tuple[Signal, ...]) -> None:
        """See PolledPanel."""
        # zones of whose alarm an event told: the map, which shows it too, is not a second one
        self._told = {s.zone for s in standing if s.zone and s.kind in _ALARMS}
        self._log.open()  # what happened meanwhile the panel's own log tells

    def shown(self, frame: Frame) -> bytes:
        """See PolledPanel."""
        return frame.raw if frame.raw[2:4].upper() in (b"NQ", b"AS", b"ZS") else b""

    def hear(self, frame: Frame, now_ns: int) -> list[Action]:
        """See PolledPanel."""
        talk = self._talk
        match frame.type:
            case "event":
                return self._on_event(frame, now_ns)
            case "arming":
                told = talk.report(talk.proven.map("as", frame.signals, frame.raw))
                return told + talk.judged("as", frame, now_ns)
            case "zones":
                talk.coming("zs", now_ns)  # larger panels say several, and then that it was all
                return self._on_zones(frame) + talk.judged("zs", frame, now_ns)
            case "ok":
                for name in _NAMES:
                    talk.answered(name, now_ns)
            case "programming":
                told = talk.report(talk.proven.heard(frame.signals))
                return told + talk.program(bool(frame.fields["programming"]), now_ns)
            case "log":
                return self._on_log(frame, now_ns)
            case "log_end":
                talk.answered("LD", now_ns)
                return self._fill_gap()
            case "form_refused":
                talk.answered("LD", now_ns)  # a panel that does not say its log
                return [Fault(FaultKind.REFUSED, "form not valid")]
            case "unknown":
                return talk.report(talk.proven.heard(frame.signals))
        return []

    def _on_event(self, frame: Frame, now_ns: int) -> list[Action]:
        if self._talk.is_doubled(frame, now_ns):
            return [Fault(FaultKind.REPEAT, "", frame.raw)]
        self._note(frame)
        actions = self._talk.report(self._talk.proven.heard(frame.signals))
        for signal in frame.signals:
            if signal.kind in _ALARMS and signal.zone:
                self._told.add(signal.zone)
            if signal.kind in (Kind.OPEN_CLOSE, Kind.CANCEL):
                self._talk.want("as")  # which way, for all areas
            if signal.kind is Kind.BYPASS:
                self._talk.want("zs")  # how the zone is now, the event does not say
            if signal.panel_time:
                actions += self._on_clock(PanelTime(signal.panel_time).local, now_ns)
        return actions

    def _on_clock(self, told: datetime, now_ns: int) -> list[Action]:
        """Compare; a clock that has become wrong is set once, where that is allowed and known."""
        found = self._talk.clock.compare(told, now_ns)
        ours = self._talk.clock.now(now_ns)
        may_set = "clock" in self._setup.allow and not self._talk.listen_only
        if ours is None or not may_set or not any(finding.active for finding in found):
            return [*found]
        sets = self._clock_request(ours)
        return [*found, Send(sets)] if sets else [*found]

    def _clock_request(self, at: datetime) -> bytes:
        """Return what sets the clock; nothing where the order of its digits is not known."""
        return request("zk", at.strftime(self._clock_format)) if self._clock_format else b""

    def _on_log(self, frame: Frame, now_ns: int) -> list[Action]:
        self._talk.coming("LD", now_ns)
        if (at := _moment(frame)) is not None:
            self._log.take(Entry(_identity(frame), at, frame.signals))
        return []

    def _fill_gap(self) -> list[Action]:
        actions: list[Action] = []
        for entry in self._log.news():
            self._told |= {s.zone for s in entry.signals if s.zone and s.kind in _ALARMS}
            actions += self._talk.report(self._talk.proven.heard(entry.signals))
        return actions

    def given_up(self, name: str) -> list[Action]:
        """See PolledPanel: of a log without its end what came of it is taken."""
        return self._fill_gap() if name == "LD" else []

    def _on_zones(self, frame: Frame) -> list[Action]:
        block = int(str(frame.fields["block"]))
        told: list[Signal] = []
        standing: dict[int, list[Signal]] = {}  # an event and the map may both have told it
        for signal in self._talk.proven.standing:
            if signal.zone and signal.kind in _ALARMS:
                standing.setdefault(signal.zone, []).append(signal)
        here = {s.zone for s in frame.signals if s.kind is Kind.BURGLARY}
        self._told = {
            zone
            for zone in self._told
            if not _in_block(zone, block) or zone in here | set(standing)
        }
        for signal in frame.signals:
            zone = signal.zone or 0
            if signal.kind is Kind.BURGLARY and zone in standing:
                told += [bare(one, State.ACTIVE, frame.raw) for one in standing[zone]]
            elif signal.kind is Kind.BURGLARY and zone in self._told:
                continue  # an event told of it and of its end
            elif zone <= self._zones_max or signal.state is not State.CLOSED:
                told.append(signal)

        def covers(signal: Signal) -> bool:
            shown = signal.kind in _ALARMS or signal.code == "380"
            return shown and _in_block(signal.zone, block)

        return self._talk.report(self._talk.proven.map(f"zs{block}", told, frame.raw, covers))

    def order(self, command: Command, ours: datetime | None) -> Order | None:
        """See PolledPanel."""
        is_clock = command.act is Act.CLOCK and ours is not None
        data = self._clock_request(ours) if is_clock and ours else _request_of(command)
        return Order(data, _CHECKS[command.act]) if data else None

    def is_done(self, command: Command, frame: Frame, now_ns: int) -> bool | None:
        """See PolledPanel."""
        del now_ns
        is_area = command.act in _ARMING
        wanted = command.area or 1 if is_area else command.zone
        found = [s.state for s in frame.signals if (s.area if is_area else s.zone) == wanted]
        return _WANTED[command.act] in found if found else None  # another block of zones


def _clock_format(pairs: str) -> str:
    """Return the order of the clock's digit pairs for `strftime`, "" for none."""
    makes_a_time = set("hmDM") <= set(pairs) <= set(_CLOCK_PAIRS)
    if pairs and not (makes_a_time and len(pairs) == len(set(pairs)) == CLOCK_PAIRS):
        raise ValueError(
            f"clock_digits is {pairs!r}: five different ones of h m s D M y, with h m D M"
        )
    return "".join(_CLOCK_PAIRS[pair] for pair in pairs)


def _identity(frame: Frame) -> bytes:
    """Return what an event and its entry in the log have in common: all but type and check."""
    return frame.raw.strip()[4:-4]


def _moment(frame: Frame) -> str | None:
    """Return when it was by the panel's clock; None of panels that do not say the year."""
    return frame.signals[0].panel_time if frame.signals else None


_WANTED: Final = {
    Act.ARM_AWAY: State.ARMED_AWAY,
    Act.ARM_STAY: State.ARMED_STAY,
    Act.DISARM: State.DISARMED,
    Act.BYPASS: State.BYPASSED,
}


def _in_block(zone: int | None, block: int) -> bool:
    return zone is not None and block * BLOCK_ZONES < zone <= (block + 1) * BLOCK_ZONES


def _request_of(command: Command) -> bytes:
    """Return what tells the panel to do it; nothing where a number or the code is missing."""
    code, area, zone = command.code or "", command.area or 1, command.zone or 0
    if len(code) != CODE_DIGITS or area > AREAS:
        return b""
    if command.act is Act.BYPASS:
        return request("KS", f"{area}{code}6{zone:03d}") if 1 <= zone <= ZONES_MAX else b""
    flags = "".join(str(int(at == area)) for at in range(1, AREAS + 1))
    return request(_ARMING[command.act], f"00{code}{flags}")


DRIVER = Driver(
    name="vista",
    version="1",
    title="Honeywell VISTA-128 and 250 alarm panels, RS-232 automation",
    nature=Nature.STREAM,
    session=lambda setup: PolledSession(setup, HABITS, VistaPanel),
    decoder=VistaDecoder,
    panels=("Honeywell VISTA-120", "VISTA-128BP", "VISTA-250BP", "with 4100SM or TB4, J9 on board"),
    lines=("serial", "tcp"),
    bauds=(9600,),
    abilities=(
        *("events", "restores", "open_close", "zones", "areas", "bypass", "troubles", "at_start"),
        *("backfill", "arm", "panel_time", "clock", "supervision", "listen_only"),
    ),
    acknowledges=False,
    quality="emulated",
    recognition="drivers._recognition:VISTA",
    commands=frozenset(_CHECKS) | {Act.STATUS},
    options=(
        poll_s(10, 300, "arming is"),
        Option("zones", int, None, "how many zones there are", minimum=1, maximum=ZONES_MAX),
        Option("charset", str, None, "Python codec of texts (profile, else latin-1)"),
        Option(
            "clock_digits",
            str,
            None,
            "pairs of digits that set the clock, tried at commissioning: five of h m s D M y,"
            " such as hmsMD; without it the clock is not set",
        ),
        LISTEN_ONLY,
        quiet_s(60, 604_800),
    ),
)
