"""Caddx and Interlogix NetworX panels: the serial port of NX-584, NX-8E and NX-590E.

The frames are cut in `drivers/_nx584_frames.py` and read in `drivers/_nx584_messages.py`.  The
panel says changes and entries of its log by itself, one at a time, each until it has its ACK;
alarms of zones come from the log.  Its state is asked for at link-up and at each poll.

Source: collected facts on the maker's protocol; open clients.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from drivers._answered import Acks, AnsweredPanel, AnsweredSession, Waiting
from drivers._nx584_frames import framed
from drivers._nx584_messages import (
    ACK,
    ALARM,
    AREA_EVENTS,
    AREAS,
    BYPASS_TOGGLE,
    CLOCK,
    FIRE,
    LOG_REQUEST,
    NAK,
    PRIMARY,
    SECONDARY,
    SYSTEM_EVENTS,
    WANTS_ACK,
    ZONE_EVENTS,
    ZONES,
    NxDecoder,
)
from edge_agent.domain.command import Act, Command
from edge_agent.domain.kinds import POINTS, Kind, Origin, State
from edge_agent.domain.panel_clock import panel_time
from edge_agent.domain.polled import BYPASSES, Habits, Order, PolledSession, is_shown
from edge_agent.domain.session import (
    Action,
    Driver,
    Fault,
    FaultKind,
    Frame,
    Nature,
    Opened,
    Option,
    Plain,
    Setup,
)
from edge_agent.domain.settings import NO_ACK, NS_PER_S, count_of, poll_s, quiet_s
from edge_agent.domain.signal import Signal

HABITS = Habits(
    probe="28",
    answer_s=3,  # the maker's: then it is asked again
    poll_s=120,  # the panel says changes by itself: this finds those that were lost
    quiet_s=86_400,  # listening only: it has no periodic message
    pause_s=0.1,  # set-clock is followed by a status: the next request waits for it
    polls_all=False,  # each zone is asked by itself: no more often than each ROUND_NS
    once=frozenset({"3B"}),  # time that is late is wrong
    bypass_toggles=True,
)
SET_CLOCK = "3B"
ZONES_USUAL = 16
ROUND_NS = 120 * NS_PER_S  # the state of all, where nothing else calls for it sooner
# It says a message again after 1 s; one takes 0.4 s at 600 baud.
WAITING_TIMES = Waiting(
    soonest_ns=0, latest_ns=2 * NS_PER_S, crossing_ns=NS_PER_S // 2, late_ns=NS_PER_S
)
SET_AGAIN_NS = 3600 * NS_PER_S  # a clock that does not take our time is not set all the time
KNOWN_MAX = 256  # entries of the log remembered: its numbers have eight bits
CODE_SIZES = (4, 6)
NEEDED: Final = ("zone_status", "partition_status", "system_status", "log_event")
"""Messages that have to be enabled at the panel."""

_Identity = tuple[Plain, ...]
_SHOWN = frozenset(range(0x03, 0x0B))  # types in which no code can stand


class NxPanel(AnsweredPanel):
    """Follows what it says, asks for its state step by step, fills gaps from its log."""

    def __init__(self, setup: Setup, talk: PolledSession, acks: Acks) -> None:
        self.commands = DRIVER.commands
        self._setup = setup
        self._talk = talk
        self._acks = acks
        self._zones_max = count_of(setup, "zones", ZONES_USUAL, ZONES)
        self._live: deque[_Identity] = deque(maxlen=KNOWN_MAX)
        self._filled: deque[_Identity] = deque(maxlen=KNOWN_MAX)
        self._set_clock_from_ns = 0
        self._clock_frame = b""  # what sets it, when that is asked
        self._fires: set[int] = set()  # zones that are programmed for fire, as they said last
        self.misfits: list[Frame] = []  # of a right sum, and of no shape

    def decoder(self) -> NxDecoder:
        """See PolledPanel."""
        return NxDecoder(self._setup)

    def opened(self, opened: Opened, now_ns: int) -> None:
        """See PolledPanel."""
        self._set_clock_from_ns = now_ns
        self._live.clear()
        self._filled.clear()
        known = (*opened.recent, *([opened.waiting] if opened.waiting else []))
        for recent in known:
            decoder = self.decoder()
            for frame in (*decoder.feed(recent.frame), *decoder.finish()):
                if frame.type == "log_event" and frame.fault is None:
                    (self._live if frame.fields["ack_wanted"] else self._filled).append(_id(frame))

    def forget(self, standing: tuple[Signal, ...]) -> None:
        """See PolledPanel."""
        del standing
        self._acks.forget()
        form = self._setup.options.get("form") or "auto"
        self._form = None if form == "auto" else str(form)
        self._todo: deque[str] = deque()
        self._current = ""
        self._is_round = False
        self._round_at_ns = 0
        self._configured = False
        self._newest = 0
        self._gap = bool(self._live or self._filled)
        self._read: list[Frame] = []

    # ---- asking

    def request(self, name: str) -> bytes:
        """See PolledPanel: by its type in hex and a number as printed."""
        if name == SET_CLOCK:
            return self._clock_frame
        kind, _, number = name.partition(" ")
        payload = [int(kind, 16)]
        if number:
            payload.append(int(number) - (payload[0] != LOG_REQUEST))
        return self.framed(bytes(payload))

    def framed(self, payload: bytes) -> bytes:
        """Return a frame in the form that the panel speaks; in both, while that is not known."""
        forms = (False, True) if self._form is None else (self._form == "binary",)
        return b"".join(framed(payload, binary=form) for form in forms)

    def round(self) -> Sequence[str]:
        """See PolledPanel: the rest is asked step by step, by what this one shows."""
        self._is_round = True
        return ("28",)

    def _begin_round(self, frame: Frame) -> None:
        areas = frame.fields["areas"]
        names = [] if self._configured else ["21"]
        names += [f"26 {area}" for area in areas] if isinstance(areas, list) else []
        names += [f"24 {zone}" for zone in range(1, self._zones_max + 1)]
        self._is_round, self._todo = False, deque(names)
        self._step()

    def _step(self) -> None:
        """Ask for the next; behind the last one for the log, where there was a gap."""
        self._current = ""
        if self._todo:
            self._current = self._todo.popleft()
        elif self._gap:
            self._gap, self._read = False, []
            self._current = f"2A {self._newest}"
        if self._current:
            self._talk.want(self._current)

    def _answered(self, name: str, now_ns: int) -> None:
        self._talk.answered(name, now_ns)
        if name == self._current:
            self._step()

    def given_up(self, name: str) -> list[Action]:
        """See PolledPanel."""
        if name != self._current:
            return []
        if name.startswith("2A"):
            return self._fill_gap()
        self._step()
        return []

    # ---- hearing

    def shown(self, frame: Frame) -> bytes:
        """See PolledPanel; what has the right sum is what the panel said, and is kept."""
        if frame.type is not None:
            self.misfits.append(frame)
        kind = frame.raw[2:3] if frame.raw[:1] == b"~" else _unhex(frame.raw[3:5])
        return frame.raw if kind and kind[0] & ~WANTS_ACK in _SHOWN else b""

    def hear(self, frame: Frame, now_ns: int) -> list[Action]:
        """See PolledPanel."""
        self._form = str(frame.fields["form"])
        if self.is_copy(frame, now_ns):
            return [Fault(FaultKind.REPEAT, "", frame.raw)]
        match frame.type:
            case "zone_status":
                self._learn_type(frame)
                return self._on_state(f"24 {frame.fields['zone']}", frame, now_ns)
            case "partition_status":
                return self._on_state(f"26 {frame.fields['area']}", frame, now_ns)
            case "system_status":
                return self._on_system(frame, now_ns)
            case "zones_snapshot" | "partitions_snapshot":
                return self._on_snapshot(frame, now_ns)
            case "log_event":
                return self._on_log(frame, now_ns)
            case "interface_configuration":
                return self._on_configuration(frame, now_ns)
            case "rejected":
                if not self._talk.answered(SET_CLOCK, now_ns):
                    self._answered(self._current or "28", now_ns)
                return [Fault(FaultKind.REFUSED, "a request")]
            case "command_failed":
                return [Fault(FaultKind.REFUSED, "a command")]
        return self._talk.report(self._talk.proven.heard(frame.signals))

    def is_copy(self, frame: Frame, now_ns: int) -> bool:
        """See AnsweredPanel."""
        if not frame.fields["ack_wanted"]:
            return False
        answer = framed(ACK, binary=frame.fields["form"] == "binary")
        words = frame.raw.removesuffix(b"\r")  # a line whose end was lost says the same
        return self._acks.heard(words, answer, now_ns)

    def nak(self) -> bytes:
        """See AnsweredPanel."""
        return self.framed(NAK)

    def _learn_type(self, frame: Frame) -> None:
        """A zone is of fire by the first bit of its type."""
        zone, is_fire = int(str(frame.fields["zone"])), frame.fields["is_fire"]
        (self._fires.add if is_fire else self._fires.discard)(zone)

    def _on_state(self, name: str, frame: Frame, now_ns: int) -> list[Action]:
        told = self._talk.proven.map(
            name, frame.signals, frame.raw, lambda signal: _is_shown(name, signal)
        )
        self._answered(name, now_ns)
        return self._talk.report(told) + self._talk.judged(name, frame, now_ns)

    def _on_system(self, frame: Frame, now_ns: int) -> list[Action]:
        self._talk.answered(SET_CLOCK, now_ns)
        actions = self._on_state("28", frame, now_ns)
        self._newest = int(str(frame.fields["log_newest"]))
        if self._is_round or 0 < self._round_at_ns <= now_ns:
            self._round_at_ns = now_ns + ROUND_NS
            self._begin_round(frame)
        flags = frame.fields["flags"]
        if isinstance(flags, list) and "clock_lost" in flags:
            self._set_clock(now_ns)
        return actions

    def _on_snapshot(self, frame: Frame, now_ns: int) -> list[Action]:
        """A snapshot says less than the status of each; of areas it shows no alarm that stands."""
        proven = self._talk.proven
        told = [s for s in frame.signals if proven.state(Kind.AREA, s.area or 0) is not State.ALARM]
        self._talk.refresh(now_ns)
        return self._talk.report(proven.map(str(frame.type), told, frame.raw))

    def _on_configuration(self, frame: Frame, now_ns: int) -> list[Action]:
        self._configured = True
        self._answered("21", now_ns)
        says = frame.fields["says"]
        missing = [name for name in NEEDED if isinstance(says, list) and name not in says]
        what = f"the panel is not set to say: {', '.join(missing)}"
        return [Fault(FaultKind.MISSED, what)] if missing else []

    # ---- the log

    def _on_log(self, frame: Frame, now_ns: int) -> list[Action]:
        identity = _id(frame)
        number = f"2A {frame.fields['log_number']}"
        if not frame.fields["ack_wanted"]:
            self._talk.answered(number, now_ns)
            if number == self._current:
                return self._on_entry(frame)
            return self._fill(frame)
        if identity in self._live:
            return [Fault(FaultKind.REPEAT, "", frame.raw)]
        self._live.append(identity)
        actions = self._talk.report(self._talk.proven.heard(self._events(frame)))
        return actions + self._on_clock(frame, now_ns)

    def _events(self, frame: Frame) -> tuple[Signal, ...]:
        """Return what an entry says; the alarm of a zone says of which kind by the zone's type.

        It ends in the words in which it began: what the zone is may have been learned since.
        """
        told: list[Signal] = []
        for signal in frame.signals:
            if signal.code != ALARM or signal.zone is None:
                told.append(signal)
                continue
            fire = replace(signal, kind=Kind.FIRE, code=FIRE)
            usual = fire if signal.zone in self._fires else signal
            is_end = signal.state is State.RESTORED
            begun = [one for one in (signal, fire) if is_end and self._talk.proven.stands(one)]
            told += begun or [usual]
        return tuple(told)

    def _on_entry(self, frame: Frame) -> list[Action]:
        """Read on backwards, until one is known or all were read."""
        size = int(str(frame.fields["log_size"]))
        self._read.append(frame)
        is_known = _id(frame) in (*self._live, *self._filled)
        if is_known or len(self._read) >= size:
            return self._fill_gap()
        before = (int(str(frame.fields["log_number"])) - 1) % size
        self._current = f"2A {before}"
        self._talk.want(self._current)
        return []

    def _fill_gap(self) -> list[Action]:
        entries, self._read = self._read[::-1], []
        self._step()
        return [action for frame in entries for action in self._fill(frame)]

    def _fill(self, frame: Frame) -> list[Action]:
        identity = _id(frame)
        if identity in self._live or identity in self._filled:
            return []
        self._filled.append(identity)
        told = tuple(replace(one, origin=Origin.BACKFILL) for one in self._events(frame))
        return self._talk.report(self._talk.proven.heard(told))

    # ---- the clock

    def _on_clock(self, frame: Frame, now_ns: int) -> list[Action]:
        """Compare the minute that it tells, of the year that makes the least difference."""
        ours = self._talk.clock.now(now_ns)
        if ours is None:
            return []
        month, day, hour, minute = _numbers(str(frame.fields["time"]))
        told = min(
            (
                panel_time((ours.year + years, month, day), (hour, minute, 30)).local
                for years in (-1, 0, 1)
            ),
            key=lambda at: abs(at - ours),
        )
        found = self._talk.clock.compare(told, now_ns)
        if any(finding.active for finding in found):
            self._set_clock(now_ns)
        return [*found]

    def _set_clock(self, now_ns: int) -> None:
        """Set it when the line is free: the panel answers by its status, and wants to be left."""
        ours = self._talk.clock.now(now_ns)
        may_set = "clock" in self._setup.allow and not self._talk.listen_only
        if ours is None or not may_set or now_ns < self._set_clock_from_ns:
            return
        self._set_clock_from_ns = now_ns + SET_AGAIN_NS
        self._clock_frame = self.framed(_clock(ours))
        self._talk.want(SET_CLOCK, first=True)

    # ---- commands

    def order(self, command: Command, ours: datetime | None) -> Order | None:
        """See PolledPanel."""
        if command.act is Act.CLOCK and ours is not None:
            return Order(self.framed(_clock(ours)), "28")
        zone, area = command.zone or 0, command.area or 1
        if command.act in BYPASSES:
            toggle = bytes((BYPASS_TOGGLE, zone - 1)) if 0 < zone <= ZONES else b""
            return Order(self.framed(toggle), f"24 {zone}") if toggle else None
        function = _function(command, 1 << area - 1) if area <= AREAS else b""
        return Order(self.framed(function), f"26 {area}") if function else None

    def is_done(self, command: Command, frame: Frame, now_ns: int) -> bool | None:
        """See PolledPanel."""
        del now_ns
        states = {signal.state for signal in frame.signals if signal.kind in POINTS}
        flags = frame.fields["flags"]
        if command.act is Act.CLOCK:
            return isinstance(flags, list) and "clock_lost" not in flags
        return is_shown(command.act, states)


def _id(frame: Frame) -> _Identity:
    """Return what makes an entry of the log the same one; whether it was reported changes."""
    names = ("log_number", "event", "zone", "user", "device", "area", "time")
    return tuple(frame.fields.get(name) for name in names)


def _is_shown(name: str, signal: Signal) -> bool:
    """Whether the answer to `name` would show this event if it stood."""
    kind, _, number = name.partition(" ")
    match kind:
        case "24":
            return signal.zone == int(number) and signal.code in ZONE_EVENTS.values()
        case "26":
            is_here = signal.area == int(number) and signal.zone is None
            return is_here and signal.code in AREA_EVENTS.values()
    return signal.zone is None and signal.area is None and signal.code in SYSTEM_EVENTS.values()


def _unhex(digits: bytes) -> bytes:
    try:
        return bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        return b""


def _numbers(time: str) -> tuple[int, int, int, int]:
    date, _, clock = time.partition("T")
    month, day, hour, minute = (int(part) for part in (*date.split("-"), *clock.split(":")))
    return month, day, hour, minute


def _clock(at: datetime) -> bytes:
    """Year, month, day, hour, minute, weekday (Sunday is 1)."""
    weekday = at.isoweekday() % 7 + 1
    return bytes((CLOCK, at.year % 100, at.month, at.day, at.hour, at.minute, weekday))


def _function(command: Command, mask: int) -> bytes:
    """Return the keypad function; without a code the secondary one, which cannot disarm."""
    code = command.code or ""
    primary = {Act.DISARM: 1, Act.ARM_AWAY: 2, Act.ARM_STAY: 3}.get(command.act)
    if primary is not None and len(code) in CODE_SIZES:
        return bytes((PRIMARY, *_pin(code), primary, mask))
    secondary = {Act.ARM_STAY: 0, Act.ARM_AWAY: 2}.get(command.act)
    return bytes((SECONDARY, secondary, mask)) if secondary is not None and not code else b""


def _pin(code: str) -> bytes:
    """Two digits a byte, the first in the low half; unused bytes FF."""
    digits = [int(digit) for digit in code]
    pairs = zip(digits[::2], digits[1::2], strict=True)
    return bytes(first | second << 4 for first, second in pairs).ljust(3, b"\xff")


DRIVER = Driver(
    name="nx584",
    version="1",
    title="NetworX alarm panels, serial port of NX-584, NX-8E and NX-590E",
    nature=Nature.STREAM,
    session=lambda setup: AnsweredSession(setup, HABITS, WAITING_TIMES, NxPanel),
    decoder=NxDecoder,
    panels=(
        "Caddx, GE and Interlogix NetworX NX-4, NX-6, NX-8 through an NX-584",
        "NetworX NX-8E",
        "NX-590E over TCP",
        "Hills Reliance",
    ),
    lines=("serial", "tcp"),
    bauds=(38_400, 9600),
    abilities=(
        *("events", "restores", "open_close", "zones", "areas", "bypass", "troubles", "at_start"),
        *("backfill", "arm", "clock", "supervision", "listen_only"),
    ),
    acknowledges=True,
    quality="counterpart",
    recognition="drivers._recognition:NX584",
    commands=frozenset(Act) - {Act.OUTPUT_ON, Act.OUTPUT_OFF},
    options=(
        poll_s(10, 600),
        Option("zones", int, None, "how many zones there are", minimum=1, maximum=ZONES),
        Option("form", str, "auto", "how the panel speaks", allowed=("auto", "ascii", "binary")),
        Option("day_first", bool, None, "the log's dates begin with the day (profile, else not)"),
        Option("charset", str, None, "Python codec of zone names (profile, else latin-1)"),
        NO_ACK,
        quiet_s(60, 86_400),
    ),
)
