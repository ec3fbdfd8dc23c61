"""Honeywell VISTA-128 and 250 alarm panels: RS-232 automation port (4100SM, or TB4, J9 on board).

The frames are read in `drivers/_vista_frames.py`.  The panel says events by itself and acknowledges
nothing.  The maker wants zone status to be asked for at the start and after a loss of sync only:
from then on zones are kept by events; arming status is the heartbeat.

Source: the public automation guide as collected in the facts, never tried on a panel.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from drivers._vista_frames import AREAS, BLOCK_ZONES, VistaDecoder, request
from edge_agent.domain.asking import Asking, Pace
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.panel_clock import PanelClock, PanelTime
from edge_agent.domain.proven import Proven
from edge_agent.domain.quality import LineQuality
from edge_agent.domain.session import (
    Action,
    ClockRead,
    Commanded,
    Driver,
    Fault,
    FaultKind,
    Frame,
    Input,
    Link,
    Nature,
    Obeyed,
    Opened,
    Option,
    Received,
    Report,
    Send,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import NS_PER_S, seconds_ns
from edge_agent.domain.signal import FRAME_BYTES_MAX, Signal
from edge_agent.domain.standing import bare

POLL_S = 30.0  # of arming status, the heartbeat
ANSWER_NS = 5 * NS_PER_S
PAUSE_NS = 500_000_000  # the maker's spacing of requests
UNANSWERED_MAX = 3  # given up in a row: the maker's limit
PROBE_NS = 10 * NS_PER_S  # how often an absent panel is asked whether it is there
DOUBLED_NS = 500_000_000  # the same event so soon was doubled by the line
MISSED_NS = 2 * NS_PER_S  # after damage all is asked for again, when the line is quiet
RESYNC_NS = 20 * NS_PER_S  # but no more often: printed lines between frames look like damage
SETTLE_NS = 2 * NS_PER_S  # a command takes effect within this
PROGRAMMING_NS = 3600 * NS_PER_S  # of silence, before a panel in programming is taken for gone
QUIET_DAY_S = 86_400.0  # listening only there is no heartbeat: a day without a word
ZONES = 128
ZONES_MAX = 250

_NAMES = ("as", "zs")
_DAMAGE = frozenset({FaultKind.CHECKSUM, FaultKind.LENGTH, FaultKind.SHAPE})
_ALARMS = frozenset({Kind.BURGLARY, Kind.FIRE, Kind.FIRE_SUPERVISORY, Kind.ENVIRONMENT})
_CHECKS: Final = {
    **dict.fromkeys((Act.ARM_AWAY, Act.ARM_STAY, Act.DISARM), "as"),
    Act.BYPASS: "zs",
}
_ARMING = {Act.ARM_AWAY: "AA", Act.ARM_STAY: "AH", Act.DISARM: "AD"}
CODE_DIGITS = 4


@dataclass(slots=True)
class _Doing:
    """A command under way: what is asked to see whether the panel did it, and from when on."""

    id: int
    command: Command
    check: str
    from_ns: int
    asked: bool = False


class VistaSession:
    """Listens to events; asks for arming as a heartbeat, for zones at start and after damage."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._listen_only = bool(setup.options.get("listen_only", False))
        self._poll_ns = seconds_ns(setup, "poll_s", POLL_S)
        self._quiet_ns = seconds_ns(setup, "quiet_s", QUIET_DAY_S)
        facts = setup.profile.facts if setup.profile is not None else {}
        self._zones_max = int(str(setup.options.get("zones") or facts.get("zones") or ZONES))
        self._clock = PanelClock(setup.zone)
        self._asking = Asking(Pace(ANSWER_NS, tries=2, pause_ns=PAUSE_NS))
        self._proven = Proven()
        self._quality = LineQuality()
        self._tokens = 0
        self._begin(0)

    def _begin(self, now_ns: int) -> None:
        self._decoder = VistaDecoder(self._setup)
        self._online: bool | None = None
        self._heard_ns = now_ns
        self._poll_at_ns = now_ns
        self._sync_at_ns: int | None = now_ns
        self._synced_ns = now_ns - RESYNC_NS
        self._programming = False
        self._last: tuple[bytes, int] | None = None
        self._doing: _Doing | None = None
        self._forget(())
        self._asking.clear()

    def _forget(self, standing: Iterable[Signal]) -> None:
        known = tuple(standing)
        self._proven.forget(known)
        # zones of whose alarm an event told: the map, which shows it too, is not a second one
        self._told = {s.zone for s in known if s.zone and s.kind in _ALARMS}

    def deadline_ns(self) -> int | None:
        """Return when to ask, to repeat, or to give up."""
        if self._listen_only or self._programming:
            limit_ns = PROGRAMMING_NS if self._programming else self._quiet_ns
            return None if self._online is False else self._heard_ns + limit_ns
        due = [self._asking.deadline_ns(), self._poll_at_ns, self._sync_at_ns]
        if self._doing is not None and not self._doing.asked:
            due.append(self._doing.from_ns)
        return min(at_ns for at_ns in due if at_ns is not None)

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """Take one input; see the session contract."""
        actions: list[Action] = []
        match happened:
            case Opened(standing=standing):
                self._begin(now_ns)
                self._forget(standing)
            case ClockRead():
                self._clock.read(happened)
            case Received(data):
                for frame in self._decoder.feed(data):
                    actions += self._on_frame(frame, now_ns)
            case Commanded(number, command):
                actions += self._command(number, command, now_ns)
            case Ticked():
                actions += self._wake(now_ns)
            case _:
                pass  # nothing is acknowledged, and there is one peer and no register
        return actions if self._listen_only else actions + self._ask(now_ns)

    # ---- asking

    def _wake(self, now_ns: int) -> list[Action]:
        if self._listen_only or self._programming:
            limit_ns = PROGRAMMING_NS if self._programming else self._quiet_ns
            is_quiet = now_ns - self._heard_ns >= limit_ns
            return self._lost("nothing was heard", now_ns) if is_quiet else []
        if now_ns >= self._poll_at_ns:
            self._poll_at_ns = now_ns + (PROBE_NS if self._online is False else self._poll_ns)
            self._want("as")
        if self._sync_at_ns is not None and now_ns >= self._sync_at_ns:
            self._sync_at_ns, self._synced_ns = None, now_ns
            for name in _NAMES:
                self._want(name)
        if self._doing is not None and not self._doing.asked and now_ns >= self._doing.from_ns:
            self._doing.asked = True
            self._want(self._doing.check)
        return []

    def _want(self, name: str) -> None:
        self._asking.ask(name, request(name))

    def _ask(self, now_ns: int) -> list[Action]:
        if self._programming:
            return []
        actions = self._asking.due(now_ns)
        for name in self._asking.given_up:
            if self._doing is not None and self._doing.asked and self._doing.check == name:
                actions.append(self._done(Outcome.UNANSWERED, "no answer to whether it was done"))
            self._poll_at_ns = now_ns  # is it there at all
            if name == "zs":
                self._resync(now_ns)
        self._asking.given_up.clear()
        if self._asking.unanswered >= UNANSWERED_MAX:
            actions = [a for a in actions if not isinstance(a, Send)]
            actions += self._lost("no answer", now_ns)
        return actions

    def _resync(self, now_ns: int) -> None:
        """Ask for all again soon: something may have been missed."""
        if self._online is not False and self._sync_at_ns is None:
            self._sync_at_ns = max(now_ns + MISSED_NS, self._synced_ns + RESYNC_NS)

    def _lost(self, reason: str, now_ns: int) -> list[Action]:
        self._asking.clear()
        self._programming = False
        self._poll_at_ns, self._sync_at_ns = now_ns + PROBE_NS, None
        actions: list[Action] = []
        if self._doing is not None:
            actions.append(self._done(Outcome.UNANSWERED, reason))
        if self._online is False:
            return actions
        self._online = False
        return [*actions, Fault(FaultKind.SILENCE, reason), Link(online=False, reason=reason)]

    # ---- hearing

    def _on_frame(self, frame: Frame, now_ns: int) -> list[Action]:
        if frame.type == "request":
            return []  # our own, heard along, or that of another host
        if frame.fault is FaultKind.NOISE:
            self._resync(now_ns)  # a printed line, or the rest of an event
            return [Fault(FaultKind.NOISE, "", frame.raw[:FRAME_BYTES_MAX])]
        if frame.fault is not None:
            self._resync(now_ns)
            bad = self._quality.bad() if frame.fault in _DAMAGE else []
            shown = frame.raw if frame.raw[2:4].upper() in (b"NQ", b"AS", b"ZS") else b""
            return [Fault(frame.fault, "", shown), *bad]  # the others could hold a user code
        actions = self._alive(now_ns)
        return [*actions, *self._on_good(frame, now_ns), *self._quality.good()]

    def _alive(self, now_ns: int) -> list[Action]:
        self._heard_ns = now_ns
        if self._online:
            return []
        if self._online is False:  # it was away: nothing that was proven holds
            self._forget(self._proven.standing)
            self._asking.clear()
            self._sync_at_ns = now_ns
        self._online = True
        return [Link(online=True)]

    def _on_good(self, frame: Frame, now_ns: int) -> list[Action]:
        actions: list[Action] = []
        match frame.type:
            case "event":
                return self._on_event(frame, now_ns)
            case "arming":
                actions = self._report(self._proven.map("as", frame.signals, frame.raw))
                actions += self._judge("as", frame)
            case "zones":
                actions = self._on_zones(frame) + self._judge("zs", frame)
            case "ok":
                for name in _NAMES:
                    self._asking.answered(name, now_ns)
            case "programming":
                actions = self._report(self._proven.heard(frame.signals))
                self._programming = bool(frame.fields["programming"])
                self._asking.clear()
                if self._programming and self._doing is not None:
                    actions.append(self._done(Outcome.UNANSWERED, "the panel is being programmed"))
                if not self._programming:
                    self._poll_at_ns = self._sync_at_ns = now_ns
            case "form_refused":
                actions = [Fault(FaultKind.REFUSED, "form not valid")]
            case "unknown":
                actions = self._report(self._proven.heard(frame.signals))
        return actions

    def _on_event(self, frame: Frame, now_ns: int) -> list[Action]:
        last, self._last = self._last, (frame.raw.rstrip(), now_ns)
        if last is not None and last[0] == self._last[0] and now_ns - last[1] <= DOUBLED_NS:
            return [Fault(FaultKind.REPEAT, "", frame.raw)]
        actions = self._report(self._proven.heard(frame.signals))
        for signal in frame.signals:
            if signal.kind in _ALARMS and signal.zone:
                self._told.add(signal.zone)
            if signal.kind in (Kind.OPEN_CLOSE, Kind.CANCEL):
                self._want("as")  # which way, for all areas
            if signal.kind is Kind.BYPASS:
                self._want("zs")  # how the zone is now, the event does not say
            if signal.panel_time:
                actions += self._clock.compare(PanelTime(signal.panel_time).local, now_ns)
        return actions

    def _on_zones(self, frame: Frame) -> list[Action]:
        block = int(str(frame.fields["block"]))
        told: list[Signal] = []
        standing: dict[int, list[Signal]] = {}  # an event and the map may both have told it
        for signal in self._proven.standing:
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

        return self._report(self._proven.map(f"zs{block}", told, frame.raw, covers))

    def _report(self, signals: tuple[Signal, ...]) -> list[Action]:
        if not signals:
            return []
        self._tokens += 1
        return [Report(self._tokens, signals)]

    # ---- commands

    def _command(self, number: int, command: Command, now_ns: int) -> list[Action]:
        if self._listen_only:
            return [Obeyed(number, Outcome.FORBIDDEN, "this driver only listens")]
        if command.act not in DRIVER.commands:
            return [Obeyed(number, Outcome.UNSUPPORTED, f"no words for {command.act}")]
        if self._doing is not None or not self._online or self._programming:
            why = "another command is under way" if self._doing else "the panel is not there"
            why = "the panel is being programmed" if self._programming else why
            return [Obeyed(number, Outcome.REFUSED, why)]
        if command.act is Act.STATUS:
            self._sync_at_ns = now_ns
            return [Obeyed(number, Outcome.DONE, "asked"), *self._wake(now_ns)]
        data = _request_of(command)
        if not data:
            return [
                Obeyed(number, Outcome.REFUSED, "a number or a user code of 4 digits is missing")
            ]
        self._doing = _Doing(number, command, _CHECKS[command.act], now_ns + SETTLE_NS)
        return [Send(data)]

    def _judge(self, name: str, frame: Frame) -> list[Action]:
        doing = self._doing
        if doing is None or not doing.asked or doing.check != name:
            return []
        command = doing.command
        is_area = command.act in _ARMING
        wanted = command.area or 1 if is_area else command.zone
        found = [s.state for s in frame.signals if (s.area if is_area else s.zone) == wanted]
        if not found:
            return []  # another block of zones
        done = _WANTED[command.act] in found
        return [self._done(Outcome.DONE if done else Outcome.REFUSED, "" if done else "no change")]

    def _done(self, outcome: Outcome, detail: str) -> Action:
        assert self._doing is not None, "something was under way"
        number, self._doing = self._doing.id, None
        return Obeyed(number, outcome, detail)


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
    session=VistaSession,
    decoder=VistaDecoder,
    panels=("Honeywell VISTA-120", "VISTA-128BP", "VISTA-250BP", "with 4100SM or TB4, J9 on board"),
    lines=("serial", "tcp"),
    bauds=(9600,),
    abilities=(
        *("events", "restores", "open_close", "zones", "areas", "at_start", "bypass", "arm"),
        *("supervision", "panel_time", "listen_only"),
    ),
    acknowledges=False,
    quality="emulated",
    recognition="drivers._recognition:VISTA",
    commands=frozenset(_CHECKS) | {Act.STATUS},
    options=(
        Option("poll_s", float, None, "how often arming is asked for", minimum=10, maximum=300),
        Option("zones", int, None, "how many zones there are", minimum=1, maximum=ZONES_MAX),
        Option("listen_only", bool, False, "never send a byte; all that is not said is unknown"),
        Option(
            "quiet_s",
            float,
            None,
            "so long without a word is silence, for listen_only",
            minimum=60,
            maximum=604_800,
        ),
    ),
)
