"""Elk M1 Gold and EZ8 alarm panels: ASCII protocol on the serial port, or TCP 2101 of the M1XEP.

The frames are read in `drivers/_elk_frames.py`.  The panel says changes by itself and acknowledges
nothing; its state is asked for: at link-up, each minute, and when something may have been missed.
Alarms come as reports (`AR`, ready Contact ID) where the panel is set to send them; those that no
report told are taken from the alarm-by-zone map.

Source: the maker's ASCII protocol, as collected in the facts; an open client.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from drivers._elk_frames import (
    AREAS,
    CODE_DIGITS,
    NAMES,
    TROUBLES,
    ZONES,
    ElkDecoder,
    request,
)
from edge_agent.domain.asking import Asking, Pace
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.kinds import POINTS, Kind, State
from edge_agent.domain.panel_clock import PanelClock
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

POLL_S = 60.0  # the panel says changes by itself: this finds those that were lost
QUIET_S = 120.0  # its test message comes each 30 s; after this the link is lost
ANSWER_NS = 5 * NS_PER_S
UNANSWERED_MAX = 3  # given up in a row, each asked twice: 30 s of silence
PROBE_NS = 10 * NS_PER_S  # how often an absent panel is asked whether it is there
DOUBLED_NS = 500_000_000  # the same report so soon was doubled by the line
MISSED_NS = 2 * NS_PER_S  # after damage the state is asked for again, when the line is quiet
SETTLE_NS = NS_PER_S  # a command takes effect within this, before it is asked whether it did
SET_AGAIN_NS = 3600 * NS_PER_S  # a clock that does not take our time is not set all the time
SET_OFF_S = 30  # so far off a clock is set unasked, where that is allowed
OUTPUTS_NAMED = 16  # on the main board; more are shown when they are on, or were

_ROUND = ("vn", "as", "az", "zs", "ss", "cs", "rr")
_MAPS = frozenset({"AS", "AZ", "CS", "SS", "ZS"})
_DAMAGE = frozenset({FaultKind.CHECKSUM, FaultKind.LENGTH, FaultKind.SHAPE})
_BYPASSES = (Act.BYPASS, Act.UNBYPASS)
_ALARMS = frozenset(
    {
        *(Kind.BURGLARY, Kind.FIRE, Kind.FIRE_SUPERVISORY, Kind.PANIC, Kind.HOLDUP, Kind.MEDICAL),
        *(Kind.GAS, Kind.CO, Kind.ENVIRONMENT, Kind.TAMPER),
    }
)
_Zoned = tuple[Kind, int]
_Key = TypeVar("_Key")


@dataclass(slots=True)
class _Doing:
    """A command under way: what is asked to see whether the panel did it, and from when on."""

    id: int
    command: Command
    check: str
    from_ns: int
    asked: bool = False


class ElkSession:
    """Listens to changes, and asks for the state at start, each minute, and after damage."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._listen_only = bool(setup.options.get("listen_only", False))
        self._poll_ns = seconds_ns(setup, "poll_s", POLL_S)
        self._quiet_ns = seconds_ns(setup, "quiet_s", QUIET_S)
        self._areas = _count(setup, "areas", AREAS, AREAS)
        self._outputs = _count(setup, "outputs", OUTPUTS_NAMED, ZONES)
        self._clock = PanelClock(setup.zone)
        self._asking = Asking(Pace(ANSWER_NS, tries=2))
        self._proven = Proven()
        self._quality = LineQuality()
        self._tokens = 0
        self._begin(0)

    def _begin(self, now_ns: int) -> None:
        self._decoder = ElkDecoder(self._setup)
        self._online: bool | None = None
        self._heard_ns = now_ns
        self._poll_at_ns = now_ns
        self._set_clock_from_ns = now_ns
        self._programming = False
        self._last: tuple[bytes, int] | None = None  # the newest report, and when it came
        self._doing: _Doing | None = None
        self._forget(())
        self._asking.clear()

    def _forget(self, standing: Iterable[Signal]) -> None:
        """Know nothing but what stands in the journal."""
        known = tuple(standing)
        self._proven.forget(known)
        self._shown_outputs: set[int] = set()
        # zones of whose alarm a report told: the map, which shows it too, is not a second one
        self._told = {zoned for signal in known if (zoned := _zoned(signal))}

    def deadline_ns(self) -> int | None:
        """Return when to ask, to repeat, or to give up."""
        if self._listen_only:
            return None if self._online is False else self._heard_ns + self._quiet_ns
        due = [self._asking.deadline_ns()]
        due.append(self._heard_ns + self._quiet_ns if self._programming else self._poll_at_ns)
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
            is_quiet = now_ns - self._heard_ns >= self._quiet_ns
            why = "nothing was heard since programming began" if self._programming else ""
            return self._lost(why or "nothing was heard", now_ns) if is_quiet else []
        if now_ns >= self._poll_at_ns:
            self._poll_at_ns = now_ns + (PROBE_NS if self._online is False else self._poll_ns)
            for name in _ROUND[:1] if self._online is False else _ROUND:
                self._want(name)
        if self._doing is not None and not self._doing.asked and now_ns >= self._doing.from_ns:
            self._doing.asked = True
            self._want(self._doing.check)
        return []

    def _want(self, name: str, *, first: bool = False) -> None:
        self._asking.ask(name, request(name), first=first)

    def _ask(self, now_ns: int) -> list[Action]:
        if self._programming:
            return []
        actions = self._asking.due(now_ns)
        for name in self._asking.given_up:
            if self._doing is not None and self._doing.asked and self._doing.check == name:
                actions.append(self._done(Outcome.UNANSWERED, "no answer to whether it was done"))
        self._asking.given_up.clear()
        if self._asking.unanswered >= UNANSWERED_MAX:
            actions = [a for a in actions if not isinstance(a, Send)]
            actions += self._lost("no answer", now_ns)
        return actions

    def _lost(self, reason: str, now_ns: int) -> list[Action]:
        self._asking.clear()
        self._programming = False
        self._poll_at_ns = now_ns + PROBE_NS
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
            return [Fault(FaultKind.NOISE, "", frame.raw[:FRAME_BYTES_MAX])]
        if frame.fault is not None:
            self._refresh(now_ns)  # perhaps an event was lost
            shown = frame.raw if frame.raw[2:4].decode("latin-1") in _SHOWN else b""
            bad = self._quality.bad() if frame.fault in _DAMAGE else []
            return [Fault(frame.fault, "", shown), *bad]
        actions = self._alive(now_ns)  # before it says anything, what was proven before is void
        return [*actions, *self._on_good(frame, now_ns), *self._quality.good()]

    def _alive(self, now_ns: int) -> list[Action]:
        self._heard_ns = now_ns
        if self._online:
            return []
        if self._online is False:  # it was away: nothing that was proven holds
            self._forget(self._proven.standing)
            self._asking.clear()
            self._poll_at_ns = now_ns
        self._online = True
        return [Link(online=True)]

    def _refresh(self, now_ns: int) -> None:
        """Ask for the state soon: something may have been missed."""
        if self._online is not False:
            self._poll_at_ns = min(self._poll_at_ns, now_ns + MISSED_NS)

    def _on_good(self, frame: Frame, now_ns: int) -> list[Action]:
        kind = frame.type or ""
        if kind == "AR" and self._is_doubled(frame, now_ns):
            return [Fault(FaultKind.REPEAT, "", frame.raw)]
        if kind in _MAPS:
            actions = self._on_map(frame)
        else:
            if kind == "AR":
                self._told |= {zoned for signal in frame.signals if (zoned := _zoned(signal))}
            actions = self._report(self._proven.heard(frame.signals))
        match kind:
            case "AS" if any(signal.state is State.ALARM for signal in frame.signals):
                self._want("az", first=True)  # which zone, where no report tells it
            case "ZB":
                self._want("zs")  # how the contact is, it does not say
            case "RP" | "IE":
                actions += self._on_programming(bool(frame.fields["programming"]), now_ns)
            case "XK" | "RR":
                actions += self._on_clock(str(frame.fields["time"]), now_ns)
        self._asking.answered(kind.lower(), now_ns)
        doing = self._doing
        if doing is not None and doing.asked and doing.check == kind.lower():
            actions.append(self._judge(frame, now_ns))
        return actions

    def _is_doubled(self, frame: Frame, now_ns: int) -> bool:
        last, self._last = self._last, (frame.raw.rstrip(), now_ns)
        same = last is not None and last[0] == self._last[0]
        return same and last is not None and now_ns - last[1] <= DOUBLED_NS

    def _on_programming(self, programming: bool, now_ns: int) -> list[Action]:
        """The panel is silent while it is programmed, and may be another one afterwards."""
        self._asking.clear()
        self._programming = programming
        if programming:
            done = self._doing is not None
            return [self._done(Outcome.UNANSWERED, "the panel is being programmed")] if done else []
        self._poll_at_ns = now_ns
        return self._wake(now_ns)

    def _on_clock(self, told: str, now_ns: int) -> list[Action]:
        at = datetime.fromisoformat(told)
        ours = self._clock.now(now_ns)
        actions: list[Action] = [*self._clock.compare(at, now_ns)]
        may_set = "clock" in self._setup.allow and not self._listen_only and not self._programming
        if ours is None or not may_set or now_ns < self._set_clock_from_ns:
            return actions
        if abs((at - ours).total_seconds()) > SET_OFF_S:
            self._set_clock_from_ns = now_ns + SET_AGAIN_NS
            self._want("rr")
            return [*actions, Send(_clock_request(ours))]
        return actions

    # ---- maps

    def _on_map(self, frame: Frame) -> list[Action]:
        name = (frame.type or "").lower()
        signals = frame.signals
        covers: Callable[[Signal], bool] = _uncovered
        match name:
            case "as":
                signals = tuple(s for s in signals if (s.area or 0) <= self._areas)
            case "cs":
                signals = tuple(s for s in signals if self._is_shown_output(s))
            case "az":
                signals = self._alarms_of(signals)
                covers = _is_zone_alarm
            case "ss":
                signals = self._troubles_of(signals)
                covers = _is_trouble
        return self._report(self._proven.map(name, signals, frame.raw, covers))

    def _is_shown_output(self, signal: Signal) -> bool:
        output = signal.zone or 0
        if signal.state is State.ON:
            self._shown_outputs.add(output)
        return output <= self._outputs or output in self._shown_outputs

    def _alarms_of(self, signals: tuple[Signal, ...]) -> tuple[Signal, ...]:
        """Return what the map of zones in alarm says beyond what reports told.

        An alarm that stands is the same one, in the words of its report.  One that a report ended
        is still shown until somebody disarms: it is no new alarm.
        """
        here = {zoned for signal in signals if (zoned := _zoned(signal))}
        standing = self._standing_by(_zoned)
        self._told &= here | set(standing)
        told: list[Signal] = []
        for signal in signals:
            zoned = _zoned(signal)
            known = standing.get(zoned, []) if zoned else []
            told += [bare(one, State.ACTIVE, signal.frame) for one in known]
            if not known and zoned not in self._told:
                told.append(signal)
        return tuple(told)

    def _troubles_of(self, signals: tuple[Signal, ...]) -> tuple[Signal, ...]:
        """Return the troubles that stand, in the words of their reports where there were any.

        A position names one zone only: another one in its place does not end the first.
        """
        standing = self._standing_by(_trouble)
        here = {_trouble(signal): signal for signal in signals}
        told = [signal for key, signal in here.items() if key not in standing]
        zoned = {signal.code for signal in signals} & _ZONED_TROUBLES
        for key, known in standing.items():
            shown = here.get(key)
            if shown is None and known[0].zone and known[0].code in zoned:
                shown = signals[0]
            if shown is not None:
                told += [bare(one, State.ACTIVE, shown.frame) for one in known]
        return tuple(told)

    def _standing_by(self, key_of: Callable[[Signal], _Key | None]) -> dict[_Key, list[Signal]]:
        """Return what stands, by what makes it the same: report and map may both have told it."""
        found: dict[_Key, list[Signal]] = {}
        for signal in self._proven.standing:
            key = key_of(signal)
            if key is not None:
                found.setdefault(key, []).append(signal)
        return found

    def _report(self, signals: tuple[Signal, ...]) -> list[Action]:
        if not signals:
            return []
        self._tokens += 1
        return [Report(self._tokens, signals)]

    # ---- commands

    def _command(self, number: int, command: Command, now_ns: int) -> list[Action]:
        if self._listen_only:
            return [Obeyed(number, Outcome.FORBIDDEN, "this driver only listens")]
        if self._doing is not None or not self._online or self._programming:
            why = "another command is under way" if self._doing else "the panel is not there"
            why = "the panel is being programmed" if self._programming else why
            return [Obeyed(number, Outcome.REFUSED, why)]
        if command.act is Act.STATUS:
            self._poll_at_ns = now_ns
            return [Obeyed(number, Outcome.DONE, "asked"), *self._wake(now_ns)]
        ours = self._clock.now(now_ns)
        if command.act is Act.CLOCK and ours is None:
            return [Obeyed(number, Outcome.CLOCK_UNSURE, "our own clock is not synced")]
        data = _clock_request(ours) if command.act is Act.CLOCK and ours else _request_of(command)
        if not data:
            return [Obeyed(number, Outcome.REFUSED, "a number or the user code is missing")]
        if command.act in _BYPASSES:
            # the same request takes it out and in: it is sent where the state is known only
            state = self._proven.state(Kind.ZONE, command.zone or 0)
            if state is None:
                return [Obeyed(number, Outcome.REFUSED, "the state of the zone is not known")]
            if (state is State.BYPASSED) is (command.act is Act.BYPASS):
                return [Obeyed(number, Outcome.DONE, "it was so already")]
        self._doing = _Doing(number, command, _CHECKS[command.act], now_ns + SETTLE_NS)
        return [Send(data)]

    def _judge(self, frame: Frame, now_ns: int) -> Action:
        assert self._doing is not None, "something was to be judged"
        command = self._doing.command
        if command.act is Act.CLOCK:
            ours, told = self._clock.now(now_ns), datetime.fromisoformat(str(frame.fields["time"]))
            done = ours is not None and abs((told - ours).total_seconds()) <= SET_OFF_S
        else:
            done = _is_done(command, frame.signals)
        return self._done(Outcome.DONE if done else Outcome.REFUSED, "" if done else "no change")

    def _done(self, outcome: Outcome, detail: str) -> Action:
        assert self._doing is not None, "something was under way"
        number, self._doing = self._doing.id, None
        return Obeyed(number, outcome, detail)


_SHOWN = frozenset(NAMES) - {"IC", "UA"}  # damaged, the others could hold a user code
_CHECKS = {
    **dict.fromkeys((Act.ARM_AWAY, Act.ARM_STAY, Act.DISARM), "as"),
    **dict.fromkeys(_BYPASSES, "zs"),
    **dict.fromkeys((Act.OUTPUT_ON, Act.OUTPUT_OFF), "cs"),
    Act.CLOCK: "rr",
}
_ARM_MODES = {Act.DISARM: "0", Act.ARM_AWAY: "1", Act.ARM_STAY: "2"}
_TROUBLE_CODES = frozenset(trouble.code for trouble in TROUBLES.values() if trouble.code)
_ZONED_TROUBLES = frozenset(trouble.code for trouble in TROUBLES.values() if trouble.is_zone)
_UNTIL_ON = "00000"  # seconds that an output stays on: until it is switched off


def _count(setup: Setup, name: str, default: int, most: int) -> int:
    value = setup.options.get(name)
    if value is None and setup.profile is not None:
        value = setup.profile.facts.get(name)
    value = default if value is None else value
    if not isinstance(value, int) or not 1 <= value <= most:
        raise ValueError(f"{name} is {value!r}; allowed: 1 to {most}")
    return value


def _zoned(signal: Signal) -> _Zoned | None:
    """Return what makes an alarm of a zone the same one in a report and in the map."""
    if signal.kind not in _ALARMS or signal.zone is None or signal.kind in POINTS:
        return None
    return Kind.PANIC if signal.kind is Kind.HOLDUP else signal.kind, signal.zone


def _trouble(signal: Signal) -> tuple[Kind, str | None, int | None]:
    """Return what makes a trouble the same one in a report and in SS: the account is not said."""
    return signal.kind, signal.code, signal.zone


def _uncovered(_: Signal) -> bool:
    return False


def _is_zone_alarm(signal: Signal) -> bool:
    """Whether the map of zones in alarm would show this if it stood; of tampers it shows few."""
    return _zoned(signal) is not None and signal.kind is not Kind.TAMPER


def _is_trouble(signal: Signal) -> bool:
    """Whether SS would show this if it stood."""
    is_zoned = signal.code in _ZONED_TROUBLES
    return signal.code in _TROUBLE_CODES and (is_zoned or signal.zone is None)


def _clock_request(at: datetime) -> bytes:
    """Second, minute, hour, weekday (Sunday is 1), day, month, year."""
    return request("rw", f"{at:%S%M%H}{at.isoweekday() % 7 + 1}{at:%d%m%y}")


def _request_of(command: Command) -> bytes:
    """Return what tells the panel to do it; nothing where a number or the code is missing."""
    code, area, zone = command.code or "", command.area or 1, command.zone or 0
    is_code = 0 < len(code) <= CODE_DIGITS
    match command.act:
        case Act.OUTPUT_ON | Act.OUTPUT_OFF if 1 <= zone <= ZONES:
            is_on = command.act is Act.OUTPUT_ON
            return request("cn" if is_on else "cf", f"{zone:03d}{_UNTIL_ON if is_on else ''}")
        case Act.BYPASS | Act.UNBYPASS if 1 <= zone <= ZONES and is_code:
            return request("zb", f"{zone:03d}{area}{code:0>6}") if area <= AREAS else b""
        case Act.ARM_AWAY | Act.ARM_STAY | Act.DISARM if is_code and area <= AREAS:
            return request(f"a{_ARM_MODES[command.act]}", f"{area}{code:0>6}")
    return b""


def _is_done(command: Command, signals: tuple[Signal, ...]) -> bool:
    is_area = command.act in _ARM_MODES
    wanted = command.area or 1 if is_area else command.zone
    states = {s.state for s in signals if (s.area if is_area else s.zone) == wanted}
    match command.act:
        case Act.BYPASS:
            return State.BYPASSED in states
        case Act.UNBYPASS:
            return bool(states) and State.BYPASSED not in states
        case Act.OUTPUT_ON | Act.OUTPUT_OFF:
            return states == {State.ON if command.act is Act.OUTPUT_ON else State.OFF}
        case Act.DISARM:
            return states == {State.DISARMED}
        case Act.ARM_STAY:
            return bool(states & {State.ARMED_STAY, State.EXIT_DELAY})
    return bool(states & {State.ARMED_AWAY, State.EXIT_DELAY})


DRIVER = Driver(
    name="elk",
    version="1",
    title="Elk M1 Gold and EZ8 alarm panels, ASCII protocol",
    nature=Nature.STREAM,
    session=ElkSession,
    decoder=ElkDecoder,
    panels=("Elk M1 Gold", "Elk M1 EZ8", "both through an M1XEP (TCP 2101, not encrypted)"),
    lines=("serial", "tcp"),
    bauds=(115_200, 38_400),
    abilities=(
        *("events", "restores", "open_close", "zones", "areas", "outputs", "at_start", "bypass"),
        *("arm", "supervision", "panel_time", "clock", "listen_only"),
    ),
    acknowledges=False,
    quality="counterpart",
    recognition="drivers._recognition:ELK",
    commands=frozenset(Act),
    options=(
        Option("poll_s", float, None, "how often the state is asked for", minimum=10, maximum=600),
        Option("areas", int, None, "how many areas there are", minimum=1, maximum=AREAS),
        Option("outputs", int, None, "how many outputs are named", minimum=1, maximum=ZONES),
        Option("listen_only", bool, False, "never send a byte; all that is not said is unknown"),
        Option(
            "quiet_s",
            float,
            None,
            "so long without a word is silence, for listen_only",
            minimum=60,
            maximum=86_400,
        ),
    ),
)
