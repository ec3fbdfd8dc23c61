"""Ness D8x, D16x and D32x alarm panels: ASCII serial port, 9600 8N1, also through serial servers.

The frames are read in `drivers/_ness_frames.py`.  The panel says events by itself and acknowledges
nothing; its state is asked for: at link-up, each minute, and when something may have been missed.

Source: the maker's published protocol paper; an open client with captures.
"""

from dataclasses import dataclass

from drivers._ness_frames import AREA_UNSAID, ZONES_BYPASSED, NessDecoder, covers, request
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

POLL_S = 60.0  # the maker's interval for status requests
ANSWER_NS = 2 * NS_PER_S  # answers come within 100 ms; a serial server may hold them back a while
PAUSE_NS = 100_000_000  # the panel wants a pause between commands; `?` gives it one, this another
UNANSWERED_MAX = 3  # given up in a row, each asked twice: 12 s of silence
PROBE_NS = 10 * NS_PER_S  # how often an absent panel is asked whether it is there
DOUBLED_NS = 500_000_000  # a panel never repeats a message: the same one so soon was doubled
MISSED_NS = 2 * NS_PER_S  # after damage the state is asked for again, when the line is quiet
SETTLE_NS = NS_PER_S  # keys take effect within this, before it is asked whether they did
QUIET_DAY_S = 86_400.0  # listening only, without a periodic message: a day without a word
FULL_S14_VERSION = (5, 8)  # older firmware answers S14 with nothing while armed

_ROUND = ("17", "14", "13", "19", "00", "05", "12", "11", "09", "18")
_MORE_ZONES = ("33", "20", "25", "32", "31", "29")  # of panels with more than 16 zones


@dataclass(slots=True)
class _Doing:
    """A command under way: what is asked to see whether the panel did it, and from when on."""

    id: int
    command: Command
    check: str
    from_ns: int
    asked: bool = False


class NessSession:
    """Listens to events, and asks for the state at start, each minute, and after damage."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._listen_only = bool(setup.options.get("listen_only", False))
        self._address = int(str(setup.options.get("address", 0)))
        self._poll_ns = seconds_ns(setup, "poll_s", POLL_S)
        self._zones_max = self._number("zones", 16)
        beacon_s = setup.options.get("beacon_s")
        quiet_s = 3 * float(str(beacon_s)) if beacon_s else QUIET_DAY_S
        self._quiet_ns = int(quiet_s * NS_PER_S)
        self._clock = PanelClock(setup.zone)
        self._asking = Asking(Pace(ANSWER_NS, tries=2, pause_ns=PAUSE_NS))
        self._proven = Proven()
        self._quality = LineQuality()
        self._tokens = 0
        self._begin(0)

    def _number(self, name: str, default: int) -> int:
        value = self._setup.options.get(name)
        if value is None and self._setup.profile is not None:
            value = self._setup.profile.facts.get(name)
        value = default if value is None else value
        if not isinstance(value, int) or not 1 <= value <= 32:
            raise ValueError(f"{name} is {value!r}; allowed: 1 to 32")
        return value

    def _begin(self, now_ns: int) -> None:
        self._decoder = NessDecoder(self._setup)
        self._online: bool | None = None
        self._heard_ns = now_ns
        self._poll_at_ns = now_ns
        self._last: tuple[bytes, int] | None = None  # the newest event, and when it came
        self._sequence: int | None = None
        self._version: tuple[int, int] | None = None
        self._bypassed: dict[str, frozenset[object]] = {}  # by the request that showed them
        self._doing: _Doing | None = None
        self._proven.forget()
        self._asking.clear()

    def deadline_ns(self) -> int | None:
        """Return when to ask, to repeat, or to give up."""
        if self._listen_only:
            return None if self._online is False else self._heard_ns + self._quiet_ns
        due = [self._poll_at_ns, self._asking.deadline_ns()]
        if self._doing is not None and not self._doing.asked:
            due.append(self._doing.from_ns)
        return min(at_ns for at_ns in due if at_ns is not None)

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """Take one input; see the session contract."""
        actions: list[Action] = []
        match happened:
            case Opened(standing=standing):
                self._begin(now_ns)
                self._proven.forget(standing)
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
        if self._listen_only:
            is_quiet = now_ns - self._heard_ns >= self._quiet_ns
            return self._lost("nothing was heard") if is_quiet else []
        if now_ns >= self._poll_at_ns:
            self._poll_at_ns = now_ns + (PROBE_NS if self._online is False else self._poll_ns)
            self._want_state()
        if self._doing is not None and not self._doing.asked and now_ns >= self._doing.from_ns:
            self._doing.asked = True
            self._want(self._doing.check)
        return []

    def _want_state(self) -> None:
        if self._online is False:
            self._want(_ROUND[0])
            return
        for name in _ROUND + (_MORE_ZONES if self._zones_max > 16 else ()):
            self._want(name)

    def _want(self, name: str) -> None:
        self._asking.ask(name, request(self._address, f"S{name}"))

    def _ask(self, now_ns: int) -> list[Action]:
        actions = self._asking.due(now_ns)
        for name in self._asking.given_up:
            if self._doing is not None and self._doing.asked and self._doing.check == name:
                actions.append(self._done(Outcome.UNANSWERED, "no answer to whether it was done"))
        self._asking.given_up.clear()
        if self._asking.unanswered >= UNANSWERED_MAX:
            actions = [a for a in actions if not isinstance(a, Send)]
            actions += self._lost("no answer")
            self._asking.clear()
            self._poll_at_ns = now_ns + PROBE_NS
        return actions

    def _lost(self, reason: str) -> list[Action]:
        actions: list[Action] = []
        if self._doing is not None:
            actions.append(self._done(Outcome.UNANSWERED, reason))
        if self._online is False:
            return actions
        self._online = False
        return [*actions, Fault(FaultKind.SILENCE, reason), Link(online=False, reason=reason)]

    # ---- hearing

    def _on_frame(self, frame: Frame, now_ns: int) -> list[Action]:
        if frame.type in ("request", "keys"):
            return []  # our own, heard along, or those of another host
        if frame.fault is FaultKind.NOISE:
            return [Fault(FaultKind.NOISE, "", frame.raw[:FRAME_BYTES_MAX])]
        if frame.fault is not None:
            self._refresh(now_ns)  # perhaps an event was lost
            fault = Fault(frame.fault, "", frame.raw)
            return [fault, *(self._quality.bad() if frame.fault in _DAMAGE else [])]
        actions = self._alive(now_ns)  # before it says anything, what was proven before is void
        read = self._on_event if frame.type == "event" else self._on_status
        return [*actions, *read(frame, now_ns), *self._quality.good()]

    def _alive(self, now_ns: int) -> list[Action]:
        self._heard_ns = now_ns
        if self._online:
            return []
        if self._online is False:  # it was away: nothing that was proven holds
            self._proven.forget(self._proven.standing)
            self._sequence = None
            self._asking.clear()
            self._poll_at_ns = now_ns
        self._online = True
        return [Link(online=True)]

    def _refresh(self, now_ns: int) -> None:
        """Ask for the state soon: something may have been missed."""
        if self._online is not False:
            self._poll_at_ns = min(self._poll_at_ns, now_ns + MISSED_NS)

    def _on_event(self, frame: Frame, now_ns: int) -> list[Action]:
        last, self._last = self._last, (frame.raw.rstrip(), now_ns)
        if last is not None and last[0] == self._last[0] and now_ns - last[1] <= DOUBLED_NS:
            return [Fault(FaultKind.REPEAT, "", frame.raw)]
        actions = self._report(self._proven.heard(frame.signals))  # first of all
        sequence = 1 if frame.fields["sequence"] else 0
        if self._sequence == sequence:
            actions.append(Fault(FaultKind.MISSED, "the toggle did not change"))
            self._refresh(now_ns)
        self._sequence = sequence
        event = str(frame.fields["event"])
        if event in AREA_UNSAID:
            self._want("14")
        if event in ("04", "05", "06", "07"):  # a zone's state is another now
            self._want("19")
            self._want("00")
        if frame.signals and (told := frame.signals[0].panel_time):
            actions += self._clock.compare(PanelTime(told).local, now_ns)
        return actions

    def _on_status(self, frame: Frame, now_ns: int) -> list[Action]:
        name = str(frame.fields["request"])
        self._asking.answered(name, now_ns)
        if name == "17":
            self._version = _version(str(frame.fields["version"]))
        signals = frame.signals
        if name in ("00", "20"):
            # a bypass hides the contact; which zones are bypassed was asked just before
            signals = tuple(s for s in signals if self._is_shown(s.zone or 0))
        if name in ZONES_BYPASSED:
            self._bypassed_now(frame)
        if name == "14" and not self._is_s14_whole(str(frame.fields["data"])):
            signals = ()
        told = self._proven.map(name, signals, frame.raw, lambda signal: covers(name, signal))
        actions = self._report(told)
        if self._doing is not None and self._doing.asked and self._doing.check == name:
            actions.append(self._judge(frame))
        return actions

    def _bypassed_now(self, frame: Frame) -> None:
        zones = frame.fields["zones"]
        known = frozenset(zones) if isinstance(zones, list) else frozenset()
        self._bypassed[str(frame.fields["request"])] = known

    def _is_shown(self, zone: int) -> bool:
        bypassed = any(zone in known for known in self._bypassed.values())
        return zone <= self._zones_max and not bypassed

    def _is_s14_whole(self, data: str) -> bool:
        """Firmware before 5.8 answers with nothing while armed: that is no proof of disarmed."""
        old = self._version is not None and self._version < FULL_S14_VERSION
        return not old or data != "0000"

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
        if self._doing is not None or not self._online:
            why = "another command is under way" if self._doing else "the panel is not there"
            return [Obeyed(number, Outcome.REFUSED, why)]
        if command.act is Act.STATUS:
            self._want_state()
            return [Obeyed(number, Outcome.DONE, "asked")]
        keys, check = _keys(command)
        if not keys:
            return [Obeyed(number, Outcome.REFUSED, "a number or the user code is missing")]
        if command.act in _BYPASSES and self._is_bypassed(command) is not None:
            # the same keys take it out and in: they are pressed where the state is known only
            if self._is_bypassed(command) is (command.act is Act.BYPASS):
                return [Obeyed(number, Outcome.DONE, "it was so already")]
        elif command.act in _BYPASSES:
            return [Obeyed(number, Outcome.REFUSED, "it is not known yet what is bypassed")]
        self._doing = _Doing(number, command, check, now_ns + SETTLE_NS)
        return [Send(request(self._address, keys))]

    def _is_bypassed(self, command: Command) -> bool | None:
        state = self._proven.state(Kind.ZONE, command.zone or 0)
        return None if state is None else state is State.BYPASSED

    def _judge(self, frame: Frame) -> Action:
        assert self._doing is not None, "something was to be judged"
        done = _is_done(self._doing.command, frame)
        return self._done(Outcome.DONE if done else Outcome.REFUSED, "" if done else "no change")

    def _done(self, outcome: Outcome, detail: str) -> Action:
        assert self._doing is not None, "something was under way"
        number, self._doing = self._doing.id, None
        return Obeyed(number, outcome, detail)


_DAMAGE = frozenset({FaultKind.CHECKSUM, FaultKind.LENGTH, FaultKind.SHAPE})
_BYPASSES = (Act.BYPASS, Act.UNBYPASS)


def _version(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    return int(major), int(minor)


def _keys(command: Command) -> tuple[str, str]:
    """Return the keys to press and the status that shows their effect; "" where one is missing."""
    code, zone = command.code or "", command.zone
    match command.act:
        case Act.ARM_AWAY:
            return f"A{code}E", "14"
        case Act.ARM_STAY:
            return f"H{code}E", "14"
        case Act.DISARM:
            return (f"{code}E" if code else ""), "14"
        case Act.OUTPUT_ON | Act.OUTPUT_OFF:
            mark = "*" if command.act is Act.OUTPUT_ON else "#"
            return (f"{zone}{zone}{mark}" if zone and zone <= 8 else ""), "18"
    good = zone is not None and zone <= 32
    return (f"X{zone}E" if good else ""), "33" if zone is not None and zone > 16 else "19"


def _is_done(command: Command, frame: Frame) -> bool:
    if command.act in _BYPASSES:
        zones = frame.fields["zones"]
        is_in = isinstance(zones, list) and command.zone in zones
        return is_in is (command.act is Act.BYPASS)
    states = {signal.state for signal in frame.signals if _is_meant(command, signal)}
    match command.act:
        case Act.OUTPUT_ON | Act.OUTPUT_OFF:
            return states == {State.ON if command.act is Act.OUTPUT_ON else State.OFF}
        case Act.DISARM:
            return states == {State.DISARMED}
        case Act.ARM_STAY:
            return State.ARMED_STAY in states
    return bool(states & {State.ARMED_AWAY, State.EXIT_DELAY})


def _is_meant(command: Command, signal: Signal) -> bool:
    if signal.kind is Kind.OUTPUT:
        return signal.zone == command.zone
    return command.area is None or signal.area == command.area


DRIVER = Driver(
    name="ness",
    version="1",
    title="Ness D8x, D16x, D32x alarm panels, ASCII serial port",
    nature=Nature.STREAM,
    session=NessSession,
    decoder=NessDecoder,
    panels=("Ness D8x", "Ness D16x", "Ness D32x", "panels sold under other names with their port"),
    lines=("serial", "tcp"),
    bauds=(9600,),
    abilities=(
        *("events", "restores", "open_close", "zones", "areas", "outputs", "at_start", "bypass"),
        *("arm", "supervision", "panel_time", "listen_only"),
    ),
    acknowledges=False,
    quality="counterpart",
    recognition="drivers._recognition:NESS",
    commands=frozenset(Act) - {Act.CLOCK},
    options=(
        Option("address", int, 0, "the panel's address", minimum=0, maximum=15),
        Option("poll_s", float, None, "how often the state is asked for", minimum=10, maximum=600),
        Option("zones", int, None, "how many zones there are", minimum=1, maximum=32),
        Option("listen_only", bool, False, "never send a byte; all that is not said is unknown"),
        Option(
            "beacon_s",
            float,
            None,
            "interval of the panel's periodic version message, where it is on: for listen_only",
            minimum=1,
            maximum=86_400,
        ),
    ),
)
