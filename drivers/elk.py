"""Elk M1 Gold and EZ8 alarm panels: ASCII protocol on the serial port, or TCP 2101 of the M1XEP.

The frames are read in `drivers/_elk_frames.py`.  The panel says changes by itself and acknowledges
nothing; its state is asked for: at link-up, each minute, and when something may have been missed.
Alarms come as reports (`AR`, ready Contact ID) where the panel is set to send them; those that no
report told are taken from the alarm-by-zone map.

Source: the maker's ASCII protocol, as collected in the facts; an open client.
"""

from collections.abc import Callable, Sequence
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
from edge_agent.domain.command import Act, Command
from edge_agent.domain.kinds import POINTS, Kind, State
from edge_agent.domain.polled import (
    BYPASSES,
    Habits,
    Order,
    PolledPanel,
    PolledSession,
    is_shown,
)
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
from edge_agent.domain.settings import LISTEN_ONLY, NS_PER_S, count_of, poll_s, quiet_s
from edge_agent.domain.signal import Signal
from edge_agent.domain.standing import bare

HABITS = Habits(
    probe="vn",
    answer_s=5,
    poll_s=60,  # the panel says changes by itself: this finds those that were lost
    quiet_s=120,  # its test message comes each 30 s; after this the link is lost
    bypass_toggles=True,
)
SET_AGAIN_NS = 3600 * NS_PER_S  # a clock that does not take our time is not set all the time
SET_OFF_S = 30  # so far off a clock is set unasked, where that is allowed
OUTPUTS_NAMED = 16  # on the main board; more are shown when they are on, or were

_ROUND = ("vn", "as", "az", "zs", "ss", "cs", "rr")
_MAPS = frozenset({"AS", "AZ", "CS", "SS", "ZS"})
_ALARMS = frozenset(
    {
        *(Kind.BURGLARY, Kind.FIRE, Kind.FIRE_SUPERVISORY, Kind.PANIC, Kind.HOLDUP, Kind.MEDICAL),
        *(Kind.GAS, Kind.CO, Kind.ENVIRONMENT, Kind.TAMPER),
    }
)
_Zoned = tuple[Kind, int]
_Key = TypeVar("_Key")


class ElkPanel(PolledPanel):
    """Follows changes and reports, and what the maps show beyond them."""

    def __init__(self, setup: Setup, talk: PolledSession) -> None:
        self.commands = DRIVER.commands
        self._setup = setup
        self._talk = talk
        self._areas = count_of(setup, "areas", AREAS, AREAS)
        self._outputs = count_of(setup, "outputs", OUTPUTS_NAMED, ZONES)
        self._set_clock_from_ns = 0

    def decoder(self) -> ElkDecoder:
        """See PolledPanel."""
        return ElkDecoder(self._setup)

    def request(self, name: str) -> bytes:
        """See PolledPanel."""
        return request(name)

    def round(self) -> Sequence[str]:
        """See PolledPanel."""
        return _ROUND

    def opened(self, opened: Opened, now_ns: int) -> None:
        """See PolledPanel."""
        del opened
        self._set_clock_from_ns = now_ns

    def forget(self, standing: tuple[Signal, ...]) -> None:
        """See PolledPanel."""
        self._shown_outputs: set[int] = set()
        # zones of whose alarm a report told: the map, which shows it too, is not a second one
        self._told = {zoned for signal in standing if (zoned := _zoned(signal))}

    def shown(self, frame: Frame) -> bytes:
        """See PolledPanel."""
        return frame.raw if frame.raw[2:4].decode("latin-1") in _SHOWN else b""

    def hear(self, frame: Frame, now_ns: int) -> list[Action]:
        """See PolledPanel."""
        kind = frame.type or ""
        if kind == "AR" and self._talk.is_doubled(frame, now_ns):
            return [Fault(FaultKind.REPEAT, "", frame.raw)]
        if kind in _MAPS:
            actions = self._on_map(frame)
        else:
            if kind == "AR":
                self._told |= {zoned for signal in frame.signals if (zoned := _zoned(signal))}
            actions = self._talk.report(self._talk.proven.heard(frame.signals))
        match kind:
            case "AS" if any(signal.state is State.ALARM for signal in frame.signals):
                self._talk.want("az", first=True)  # which zone, where no report tells it
            case "ZB":
                self._talk.want("zs")  # how the contact is, it does not say
            case "RP" | "IE":
                # it is silent while it is programmed, and may be another one afterwards
                actions += self._talk.program(bool(frame.fields["programming"]), now_ns)
            case "XK" | "RR":
                actions += self._on_clock(str(frame.fields["time"]), now_ns)
        self._talk.answered(kind.lower(), now_ns)
        return actions + self._talk.judged(kind.lower(), frame, now_ns)

    def _on_clock(self, told: str, now_ns: int) -> list[Action]:
        at = datetime.fromisoformat(told)
        ours = self._talk.clock.now(now_ns)
        actions: list[Action] = [*self._talk.clock.compare(at, now_ns)]
        may_set = (
            "clock" in self._setup.allow
            and not self._talk.listen_only
            and not self._talk.programming
        )
        if ours is None or not may_set or now_ns < self._set_clock_from_ns:
            return actions
        if abs((at - ours).total_seconds()) > SET_OFF_S:
            self._set_clock_from_ns = now_ns + SET_AGAIN_NS
            self._talk.want("rr")
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
        return self._talk.report(self._talk.proven.map(name, signals, frame.raw, covers))

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
        for signal in self._talk.proven.standing:
            key = key_of(signal)
            if key is not None:
                found.setdefault(key, []).append(signal)
        return found

    # ---- commands

    def order(self, command: Command, ours: datetime | None) -> Order | None:
        """See PolledPanel."""
        is_clock = command.act is Act.CLOCK and ours is not None
        data = _clock_request(ours) if is_clock and ours else _request_of(command)
        return Order(data, _CHECKS[command.act]) if data else None

    def is_done(self, command: Command, frame: Frame, now_ns: int) -> bool | None:
        """See PolledPanel."""
        if command.act is not Act.CLOCK:
            return _is_done(command, frame.signals)
        ours, told = self._talk.clock.now(now_ns), datetime.fromisoformat(str(frame.fields["time"]))
        return ours is not None and abs((told - ours).total_seconds()) <= SET_OFF_S


_SHOWN = frozenset(NAMES) - {"IC", "UA"}  # damaged, the others could hold a user code
_CHECKS = {
    **dict.fromkeys((Act.ARM_AWAY, Act.ARM_STAY, Act.DISARM), "as"),
    **dict.fromkeys(BYPASSES, "zs"),
    **dict.fromkeys((Act.OUTPUT_ON, Act.OUTPUT_OFF), "cs"),
    Act.CLOCK: "rr",
}
_ARM_MODES = {Act.DISARM: "0", Act.ARM_AWAY: "1", Act.ARM_STAY: "2"}
_TROUBLE_CODES = frozenset(trouble.code for trouble in TROUBLES.values() if trouble.code)
_ZONED_TROUBLES = frozenset(trouble.code for trouble in TROUBLES.values() if trouble.is_zone)
_UNTIL_ON = "00000"  # seconds that an output stays on: until it is switched off


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
    return is_shown(command.act, states)


DRIVER = Driver(
    name="elk",
    version="1",
    title="Elk M1 Gold and EZ8 alarm panels, ASCII protocol",
    nature=Nature.STREAM,
    session=lambda setup: PolledSession(setup, HABITS, ElkPanel),
    decoder=ElkDecoder,
    panels=("Elk M1 Gold", "Elk M1 EZ8", "both through an M1XEP (TCP 2101, not encrypted)"),
    lines=("serial", "tcp"),
    bauds=(115_200, 38_400),
    abilities=(
        *("events", "restores", "open_close", "zones", "areas", "outputs", "bypass", "troubles"),
        *("at_start", "arm", "panel_time", "clock", "supervision", "listen_only"),
    ),
    acknowledges=False,
    quality="counterpart",
    recognition="drivers._recognition:ELK",
    commands=frozenset(Act),
    options=(
        poll_s(10, 600),
        Option("areas", int, None, "how many areas there are", minimum=1, maximum=AREAS),
        Option("outputs", int, None, "how many outputs are named", minimum=1, maximum=ZONES),
        Option("charset", str, None, "Python codec of texts (profile, else latin-1)"),
        LISTEN_ONLY,
        quiet_s(60, 86_400),
    ),
)
