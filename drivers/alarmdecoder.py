"""AlarmDecoder AD2 (USB, serial, Pi): an adapter on the keypad bus of VISTA and DSC panels.

The lines are read in `drivers/_ad2_frames.py`.  A panel tells its keypads how it is every few
seconds: that is the heartbeat.  Reports come from the long range radio that the adapter imitates.
Open zones are shown one after the other; that one is closed again is inferred.

Sources: the maker's open client and its tests.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from drivers._ad2_frames import BATTERY, MAINS, Ad2Decoder, request
from edge_agent.domain.command import Act, Command
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.polled import Habits, Order, PolledPanel, PolledSession
from edge_agent.domain.session import (
    Action,
    Driver,
    Fault,
    FaultKind,
    Frame,
    Nature,
    Option,
    Send,
    Setup,
)
from edge_agent.domain.settings import LISTEN_ONLY, NS_PER_S, count_of, seconds_ns
from edge_agent.domain.signal import Signal
from edge_agent.domain.standing import bare

VERSION, KEYPAD = "V", "keypad"
NEVER = 1 << 30  # answers of the adapter that do not come: the panel is there all the same
HABITS = Habits(
    probe=VERSION,
    answer_s=12,  # the keypad line that shows what a command did: ten seconds at most
    poll_s=300,
    quiet_s=20,  # keypad lines come every 3 to 10 s
    speaks=True,
    polls_all=False,
    unanswered_max=NEVER,
)
AREAS = 8
MAINS_S = 10  # a flag that is off for less is a keypad line in between
ALONE_NS = 30 * NS_PER_S  # one zone shown so long and no other: there is no other
GAPS = 8  # between lines of a row, by which the pace of the row is known
LATE = 1.5  # of the usual gap
STAR_NS = 10 * NS_PER_S  # between two presses of `*`
TRANSMITTERS_MAX = 256  # whose battery is low; no panel has more

_ARMED: Final = frozenset({"armed_away", "armed_stay", "perimeter"})
_KEYS: Final = {Act.DISARM: "1", Act.ARM_AWAY: "2", Act.ARM_STAY: "3", Act.BYPASS: "6"}
_QUICK: Final = "#"
_QUICK_ACTS: Final = (Act.ARM_AWAY, Act.ARM_STAY)
ZONES = 99  # as many as two digits name
CODE_DIGITS = 4


class Ad2Panel(PolledPanel):
    """Follows what the keypads show, and the reports beside it."""

    def __init__(self, setup: Setup, talk: PolledSession) -> None:
        self.commands = DRIVER.commands
        self._setup = setup
        self._talk = talk
        self._area = count_of(setup, "area", 1, AREAS)
        self._mains_ns = seconds_ns(setup, "mains_s", MAINS_S)
        self._presses_star = bool(setup.options.get("press_star", True)) and not talk.listen_only
        self.forget(())

    def decoder(self) -> Ad2Decoder:
        """See PolledPanel."""
        return Ad2Decoder(self._setup)

    def request(self, name: str) -> bytes:
        """See PolledPanel."""
        return request(name)

    def round(self) -> Sequence[str]:
        """See PolledPanel: the panel says how it is by itself."""
        return (VERSION,)

    def forget(self, standing: tuple[Signal, ...]) -> None:
        """See PolledPanel."""
        del standing
        self._shown: dict[int, State] = {}  # zones that the keypads showed, and not yet at rest
        self._last: int | None = None  # the zone shown last; None: what came after it is lost
        self._alone_ns = 0  # since when it alone is shown
        self._line_ns = 0  # when a keypad line came last
        self._gaps: deque[int] = deque(maxlen=GAPS)  # ns, from one line of a row to the next
        self._passed_once: set[int] = set()  # zones that were not shown in their turn
        self._no_mains_ns: int | None = None  # since when the flag is off
        self._star_ns = -STAR_NS
        self._weak: set[str] = set()  # transmitters
        self._flags: frozenset[str] = frozenset()  # of the newest keypad line
        self._bypassing: int | None = None  # the zone that a command is to bypass

    def proves(self, frame: Frame) -> bool:
        """See PolledPanel: the adapter speaks for itself, too."""
        return frame.type not in ("version", "configuration", "adapter")

    def missed(self) -> None:
        """See PolledPanel: perhaps a zone was shown."""
        self._last = None

    def shown(self, frame: Frame) -> bytes:
        """See PolledPanel: keys are digits alone."""
        return frame.raw if frame.raw[:1] in (b"[", b"!") else b""

    def hear(self, frame: Frame, now_ns: int) -> list[Action]:
        """See PolledPanel."""
        talk = self._talk
        match frame.type:
            case "keypad":
                return self._on_keypad(frame, now_ns)
            case "version":
                talk.answered(VERSION, now_ns)
                return []
            case "radio":
                return self._on_radio(frame)
            case "report" | "old_report" | "expander" | "relay":
                if talk.is_doubled(frame, now_ns):
                    return [Fault(FaultKind.REPEAT, "", frame.raw)]
                for signal in frame.signals:
                    if signal.kind is Kind.ZONE and signal.zone is not None:
                        self._shown.pop(signal.zone, None)  # it is told apart from the keypads now
                return talk.report(talk.proven.heard(frame.signals))
        return []

    # ---- the keypads

    def _on_keypad(self, frame: Frame, now_ns: int) -> list[Action]:
        talk = self._talk
        flags = _flags(frame)
        signals = [*self._with_area(frame.signals), *self._mains(frame, flags, now_ns)]
        signals = [s for s in signals if not self._is_explained(s)]
        zones = self._zones(frame, flags, now_ns)

        def covers(signal: Signal) -> bool:
            return _is_over(signal, flags)

        news = talk.proven.map(KEYPAD, [*signals, *zones], frame.raw, covers)
        actions = talk.report(news) + self._judged(frame, now_ns)
        self._flags = flags
        return actions + self._star(str(frame.fields["text"]), flags, now_ns)

    def _judged(self, frame: Frame, now_ns: int) -> list[Action]:
        """Take what the line shows of a command; of a bypass only we know the zone."""
        actions = self._talk.judged(KEYPAD, frame, now_ns)
        zone, is_done = self._bypassing, bool(actions)
        if zone is None or not is_done:
            return actions
        self._bypassing = None
        self._shown[zone] = State.BYPASSED
        point = _points([zone], State.BYPASSED, frame)
        return self._talk.report(self._talk.proven.heard(point)) + actions

    def given_up(self, name: str) -> list[Action]:
        """See PolledPanel."""
        if name == KEYPAD:
            self._bypassing = None
        return []

    def _with_area(self, signals: Sequence[Signal]) -> list[Signal]:
        """A keypad line does not say its partition; the site does."""
        areal = (Kind.AREA, Kind.FIRE)
        return [replace(s, area=self._area) if s.kind in areal else s for s in signals]

    def _mains(self, frame: Frame, flags: frozenset[str], now_ns: int) -> list[Signal]:
        """Return the loss of mains, once the flag has been off for a while."""
        if "mains" in flags:
            self._no_mains_ns = None
            return []
        if self._no_mains_ns is None:
            self._no_mains_ns = now_ns
        kind, code = MAINS
        lost = Signal(kind=kind, code=code, state=State.ACTIVE, frame=frame.raw)
        is_long = now_ns - self._no_mains_ns >= self._mains_ns
        return [lost] if is_long or self._talk.proven.stands(lost) else []

    def _is_explained(self, signal: Signal) -> bool:
        """Tell whether a report told of this fire already, with its zone."""
        if signal.kind is not Kind.FIRE or self._talk.proven.stands(signal):
            return False
        return any(known.kind is Kind.FIRE for known in self._talk.proven.standing)

    def _zones(self, frame: Frame, flags: frozenset[str], now_ns: int) -> list[Signal]:
        """Return the zones that this line shows to be at rest, or not to be known any more."""
        unseen = self._zones_in(State.BYPASSED) if "bypass" not in flags else set()
        if flags & _ARMED:  # no keypad shows zones now
            self._last = None
            unseen |= self._shown.keys() - self._zones_in(State.BYPASSED)
            self._shown |= dict.fromkeys(unseen, State.UNKNOWN)
            return _points(unseen, State.UNKNOWN, frame)
        found = {s.zone: s.state for s in frame.signals if s.kind is Kind.ZONE and s.zone}
        at_rest = self._passed(min(found, default=None), frame, now_ns)
        # while one is faulty a zone that was open may be so, too; SYSTEM says ready in any case
        is_system = str(frame.fields["text"]).startswith("SYSTEM")
        if "ready" in flags and "check" not in flags and not is_system:
            at_rest |= self._shown.keys()
        at_rest -= found.keys() | (self._zones_in(State.BYPASSED) - unseen)
        self._shown |= {**dict.fromkeys(unseen, State.UNKNOWN), **found}
        for zone in at_rest:
            del self._shown[zone]
        self._passed_once -= at_rest | found.keys()
        return [
            *_points(unseen - at_rest - found.keys(), State.UNKNOWN, frame),
            *_points(at_rest, State.CLOSED, frame),
        ]

    def _zones_in(self, state: State) -> set[int]:
        return {zone for zone, known in self._shown.items() if known is state}

    def _passed(self, zone: int | None, frame: Frame, now_ns: int) -> set[int]:
        """Return what was shown before, and is not between the zone shown last and this one.

        A text of another kind, or one that does not fit the number beside it, breaks the row: the
        line may have changed it.  So does one that comes late: another was lost without a trace.
        """
        is_late = self._is_late(now_ns)
        number = str(frame.fields["number"])
        if zone is None or not number.isdecimal() or int(number) != zone:
            self._last = None
            return set()
        is_new = self._shown.get(zone) not in (State.OPEN, State.FAULT)
        # a zone that opens just now is shown at once, and not in its turn
        last, self._last = self._last, None if is_new else zone
        if last != zone or is_late:
            self._alone_ns = now_ns
        if last is None or is_new or is_late:
            return set()
        others = {known for known in self._shown if known != zone}
        if last == zone:
            return others if now_ns - self._alone_ns >= ALONE_NS else set()
        if last < zone:
            passed = {known for known in others if last < known < zone}
        else:
            passed = {known for known in others if known > last or known < zone}
        again = passed & self._passed_once  # once may be a line that was lost without a trace
        self._passed_once |= passed
        return again

    def _is_late(self, now_ns: int) -> bool:
        """Tell whether this line comes later than lines of a row do; the row has one pace."""
        gap_ns, self._line_ns = now_ns - self._line_ns, now_ns
        if self._last is None:
            return False
        usual_ns = sorted(self._gaps)[len(self._gaps) // 4] if self._gaps else gap_ns
        self._gaps.append(gap_ns)
        return gap_ns > LATE * usual_ns

    def _star(self, text: str, flags: frozenset[str], now_ns: int) -> list[Action]:
        """Ask for the open zones, as a person at the keypad would."""
        wanted = "hit *" in text.lower() and "programming" not in flags
        if not wanted or not self._presses_star or now_ns - self._star_ns < STAR_NS:
            return []
        self._star_ns = now_ns
        return [Send(b"*")]

    # ---- transmitters

    def _on_radio(self, frame: Frame) -> list[Action]:
        """Report a low battery once for each transmitter, and when no one's is low any more."""
        talk, serial = self._talk, str(frame.fields["serial"])
        if frame.signals:
            if serial in self._weak or len(self._weak) >= TRANSMITTERS_MAX:
                return []
            self._weak.add(serial)
            return talk.report(talk.proven.heard(frame.signals))
        if serial not in self._weak:
            return []
        self._weak.discard(serial)
        if self._weak:
            return []
        over = Signal(kind=Kind.ZONE_TROUBLE, code="384", state=State.ACTIVE)
        return talk.report(talk.proven.heard((bare(over, State.RESTORED, frame.raw),)))

    # ---- commands

    def order(self, command: Command, ours: datetime | None) -> Order | None:
        """See PolledPanel: keys, and the keypad line that shows what they did."""
        del ours
        code = command.code or ""
        if command.area not in (None, self._area):
            return None
        if not code and command.act in _QUICK_ACTS:
            code = _QUICK
        elif len(code) != CODE_DIGITS or not code.isdecimal():
            return None
        keys = code + _KEYS[command.act]
        if command.act is not Act.BYPASS:
            return Order(keys.encode(), KEYPAD, is_answered=True)
        zone = command.zone or 0
        if not 1 <= zone <= ZONES:
            return None
        keys += f"{zone:02d}"
        if "bypass" in self._flags:  # of another zone, perhaps: nothing will show it
            return Order(keys.encode(), "")
        self._bypassing = zone
        return Order(keys.encode(), KEYPAD, is_answered=True)

    def is_done(self, command: Command, frame: Frame, now_ns: int) -> bool | None:
        """See PolledPanel: until it is shown, it may still come."""
        del now_ns
        flags = _flags(frame)
        done = {
            Act.ARM_AWAY: "armed_away" in flags,
            Act.ARM_STAY: "armed_stay" in flags,
            Act.DISARM: not flags & _ARMED,
            Act.BYPASS: "bypass" in flags,
        }[command.act]
        return True if done else None


def _flags(frame: Frame) -> frozenset[str]:
    flags = frame.fields["flags"]
    return frozenset(map(str, flags)) if isinstance(flags, list) else frozenset()


def _points(zones: Iterable[int], state: State, frame: Frame) -> list[Signal]:
    return [Signal(kind=Kind.ZONE, state=state, zone=zone, frame=frame.raw) for zone in zones]


def _is_over(signal: Signal, flags: frozenset[str]) -> bool:
    """Tell whether an event that stood before the link came up is shown to have ended."""
    if signal.kind is Kind.FIRE:
        return "fire" not in flags
    if (signal.kind, signal.code) in (BATTERY, MAINS):
        flag = "battery_low" if signal.code == BATTERY[1] else "mains"
        return (flag in flags) is (flag == "mains")
    at_rest = "ready" in flags and not flags & {"alarm", "alarm_memory"}
    return signal.kind is Kind.BURGLARY and at_rest


DRIVER = Driver(
    name="alarmdecoder",
    version="1",
    title="AlarmDecoder AD2, on the keypad bus of VISTA and DSC alarm panels",
    nature=Nature.STREAM,
    session=lambda setup: PolledSession(setup, HABITS, Ad2Panel),
    decoder=Ad2Decoder,
    panels=(
        *(
            "Honeywell VISTA-10, 15, 20",
            "First Alert and others with the same bus",
            "DSC PowerSeries",
        ),
        "with an AD2USB, AD2SERIAL or AD2PI",
    ),
    lines=("serial", "tcp"),
    bauds=(115_200, 19_200),
    abilities=(
        *("events", "restores", "open_close", "zones", "areas", "outputs", "bypass", "troubles"),
        *("at_start", "arm", "supervision", "listen_only"),
    ),
    acknowledges=False,
    quality="counterpart",
    recognition="drivers._recognition:ALARMDECODER",
    commands=frozenset({Act.STATUS, *_KEYS}),
    options=(
        Option("area", int, None, "the adapter's partition", minimum=1, maximum=AREAS),
        Option("charset", str, None, "Python codec of texts (profile, else latin-1)"),
        Option("press_star", bool, True, "press * where the keypad wants it, to see open zones"),
        Option("mains_s", float, None, "so long without mains is reported", minimum=1, maximum=600),
        LISTEN_ONLY,
        Option(
            "quiet_s",
            float,
            None,
            "so long without a keypad line is silence",
            minimum=15,
            maximum=600,
        ),
    ),
)
