"""GE and Interlogix Concord 4 alarm panels: the serial automation module, 9600 8O1.

The frames are cut in `drivers/_concord4_frames.py`, read in `drivers/_concord4_messages.py`.  The
panel says what happens by itself, one message at a time, each until it has its ACK; asked for its
equipment it says how each zone and area is, in the same way.

Source: collected facts on the maker's protocol; an open client.
"""

from collections.abc import Sequence
from datetime import datetime

from drivers._answered import Acks, AnsweredPanel, AnsweredSession, Waiting
from drivers._concord4_frames import ACK, NAK, WITHIN, framed
from drivers._concord4_messages import KEYS, ConcordDecoder
from edge_agent.domain.command import Act, Command
from edge_agent.domain.kinds import POINTS, Kind, State
from edge_agent.domain.polled import BYPASSES, Habits, Order, PolledSession
from edge_agent.domain.session import (
    Action,
    Driver,
    Fault,
    FaultKind,
    Frame,
    Nature,
    Opened,
    Setup,
)
from edge_agent.domain.settings import NO_ACK, NS_PER_S, poll_s, quiet_s
from edge_agent.domain.signal import Signal
from edge_agent.domain.standing import bare

HABITS = Habits(
    probe="20",
    answer_s=5,  # it acknowledges within 1 s, and says each message of a list until it has its ACK
    poll_s=60,
    quiet_s=86_400,  # listening only: nothing is known to come by itself
    polls_all=False,  # the list is long: at the start, after damage, and when the panel says so
    resync_s=60,
    settle_s=2,
    needed=frozenset({"02"}),
    bypass_toggles=True,
)
WAITING_TIMES = Waiting(
    soonest_ns=3 * NS_PER_S // 2,  # it waits 2 s for the ACK
    latest_ns=13 * NS_PER_S // 2,  # copies between may have been damaged
    crossing_ns=NS_PER_S // 2,
    late_ns=19 * NS_PER_S // 10,  # then it may say something else
    earlier_ns=8 * NS_PER_S,  # and says it three times more
)
SHORT_CHARS = 7  # of a message of one byte
DISARM_KEY, HASH_KEY, STAY_FOB, AWAY_FOB = 1, 0x0B, 0x28, 0x27
AREAS, ZONES = 6, 96
CODE_DIGITS = 4
_ARMED = (State.ARMED_AWAY, State.ARMED_STAY)
_EVENTS = ("alarm", "unknown")
_ALARMS = frozenset(
    {
        *(Kind.BURGLARY, Kind.FIRE, Kind.FIRE_SUPERVISORY, Kind.PANIC, Kind.HOLDUP, Kind.MEDICAL),
        *(Kind.GAS, Kind.CO, Kind.ENVIRONMENT, Kind.TAMPER, Kind.DURESS),
    }
)


class ConcordPanel(AnsweredPanel):
    """Follows what it says; the list of its equipment shows how all is."""

    def __init__(self, setup: Setup, talk: PolledSession, acks: Acks) -> None:
        self.commands = DRIVER.commands
        self._setup = setup
        self._talk = talk
        self._acks = acks
        self._earlier: tuple[bytes, int] | None = None
        self.misfits: list[Frame] = []  # of a right sum, and of no shape

    def decoder(self) -> ConcordDecoder:
        """See PolledPanel."""
        return ConcordDecoder(self._setup)

    def request(self, name: str) -> bytes:
        """See PolledPanel."""
        self._is_listing |= name == "02"
        return framed(bytes.fromhex(name))

    def round(self) -> Sequence[str]:
        """See PolledPanel."""
        return ("02",)

    def opened(self, opened: Opened, now_ns: int) -> None:
        """See PolledPanel: an event that was heard last may have had no ACK."""
        last = opened.waiting or opened.last
        if last is None or last.age_ns is None:
            return
        decoder = self.decoder()
        for frame in (*decoder.feed(last.frame), *decoder.finish()):
            if frame.type in _EVENTS and frame.fault is None:
                self._earlier = frame.raw, now_ns - last.age_ns

    def forget(self, standing: tuple[Signal, ...]) -> None:
        """See PolledPanel."""
        del standing  # what stands is told by its end, or shown by the list
        self._acks.forget()
        if self._earlier is not None:
            self._acks.earlier(*self._earlier)
            self._earlier = None
        # zones of whose alarm an event told: their state, which shows it too, is not a second one
        self._told: set[int] = set()
        self._is_listing = False
        self._area_of: dict[int, int] = {}  # of each zone
        self._short = (b"", 0)  # the newest message of one byte, and when it came
        self._delay_ns: dict[int, int] = {}  # until when an area's delay runs

    def shown(self, frame: Frame) -> bytes:
        """See PolledPanel; what has the right sum is what the panel said, and is kept."""
        if frame.type is not None:
            self.misfits.append(frame)
        return frame.raw if frame.raw[3:5] in (b"03", b"04", b"21", b"22") else b""

    def hear(self, frame: Frame, now_ns: int) -> list[Action]:
        """See PolledPanel."""
        if frame.type in ("ack", "nak") or WITHIN in frame.fields:
            self._talk.answered("20", now_ns)
        if frame.type in ("ack", "nak"):
            return []
        self._talk.coming("02", now_ns)
        if self._is_doubtful(frame, now_ns):
            pass  # it is obeyed, which harms nothing, and has no ACK before it comes again
        elif self.is_copy(frame, now_ns):
            is_event = frame.type in _EVENTS  # how something is may be said as often as it likes
            return [Fault(FaultKind.REPEAT, "", frame.raw)] if is_event else []
        match frame.type:
            case "zone_status" | "zone_data":
                return self._on_zone(frame, now_ns)
            case "arming_level" | "partition_data":
                return self._on_level(frame, now_ns)
            case "delay":
                return self._on_delay(frame, now_ns)
            case "list" | "refresh":
                self._talk.refresh(now_ns)
                what = "its buffer was full" if frame.type == "list" else "it began anew"
                return [Fault(FaultKind.MISSED, what)]
            case "list_done":
                self._is_listing = False
                self._talk.answered("02", now_ns)
        self._told |= {s.zone for s in frame.signals if s.zone and s.kind in _ALARMS}
        return self._talk.report(self._talk.proven.heard(frame.signals))

    def _is_doubtful(self, frame: Frame, now_ns: int) -> bool:
        """Tell whether a line that loses bytes may have made this of another message.

        In so few characters a sum of eight bits proves little, and the ACK would be that of the
        other message.  What comes twice was said.
        """
        if len(frame.raw) > SHORT_CHARS or (frame.type == "list_done" and self._is_listing):
            return False
        (before, at_ns), self._short = self._short, (frame.raw, now_ns)
        return before != frame.raw or now_ns - at_ns > WAITING_TIMES.latest_ns

    def is_copy(self, frame: Frame, now_ns: int) -> bool:
        """See AnsweredPanel: every message wants its ACK."""
        words = frame.raw.translate(None, ACK + NAK)  # single bytes may come within
        return self._acks.heard(words, ACK, now_ns)

    def nak(self) -> bytes:
        """See AnsweredPanel."""
        return NAK

    def _on_zone(self, frame: Frame, now_ns: int) -> list[Action]:
        zone = int(str(frame.fields["zone"]))
        if zone <= ZONES:
            self._area_of[zone] = int(str(frame.fields["partition"]))
        told: list[Signal] = []
        standing = [s for s in self._talk.proven.standing if _is_alarm_of(zone, s)]
        events = [signal for signal in frame.signals if signal.kind not in POINTS]
        if not events:
            self._told.discard(zone)
        for signal in frame.signals:
            if signal.kind in POINTS or not (standing or zone in self._told):
                told.append(signal)
            else:  # in the words of the event that told it; one that has ended is no new one
                told += [bare(one, State.ACTIVE, frame.raw) for one in standing]
        shown = self._talk.proven.map(
            f"zone {zone}", told, frame.raw, lambda signal: _is_alarm_of(zone, signal)
        )
        return self._talk.report(shown) + self._talk.judged("02", frame, now_ns)

    def _on_level(self, frame: Frame, now_ns: int) -> list[Action]:
        """While a delay runs the level says that it is armed, and not that it still runs."""
        area = int(str(frame.fields["partition"]))
        told = frame.signals
        if now_ns < self._delay_ns.get(area, 0):
            told = tuple(s for s in told if s.kind is not Kind.AREA or s.state is State.DISARMED)
        name = f"{frame.type} {area}"
        actions = self._talk.report(self._talk.proven.map(name, told, frame.raw))
        return actions + self._talk.judged("20", frame, now_ns)

    def _on_delay(self, frame: Frame, now_ns: int) -> list[Action]:
        area = int(str(frame.fields["partition"]))
        if frame.fields["ended"]:
            self._delay_ns.pop(area, None)
            self._talk.want("20")  # how the area is now, the end does not say
            return []
        self._delay_ns[area] = now_ns + int(str(frame.fields["delay_s"])) * NS_PER_S
        return self._talk.report(self._talk.proven.map(f"delay {area}", frame.signals, frame.raw))

    def order(self, command: Command, ours: datetime | None) -> Order | str | None:
        """See PolledPanel."""
        del ours
        if command.act in BYPASSES:
            return self._bypass(command.zone or 0, command.code or "")
        area, code = command.area or 1, command.code or ""
        keys = {Act.ARM_AWAY: [AWAY_FOB], Act.ARM_STAY: [STAY_FOB]}.get(command.act, [])
        if command.act is Act.DISARM and len(code) == CODE_DIGITS:
            keys = [DISARM_KEY, *_digits(code)]
        if not keys or area > AREAS:
            return None
        return Order(_pressed(area, keys), "20")

    def _bypass(self, zone: int, code: str) -> Order | str | None:
        """Return the keys that take a zone out, or in again.

        They mean that in an armed area only: in another one the digits of a zone can arm it.
        """
        if not 0 < zone <= ZONES or len(code) != CODE_DIGITS:
            return None
        area = self._area_of.get(zone, 0)
        if not 0 < area <= AREAS or self._talk.proven.state(Kind.AREA, area) not in _ARMED:
            return "its area is not armed: this panel bypasses in an armed area only"
        return Order(_pressed(area, [HASH_KEY, *_digits(code), *_digits(f"{zone:02}")]), "02")

    def is_done(self, command: Command, frame: Frame, now_ns: int) -> bool | None:
        """See PolledPanel."""
        del now_ns
        if command.act in BYPASSES:
            states = [s.state for s in frame.signals if s.kind is Kind.ZONE]
            is_meant = frame.fields.get("zone") == command.zone and bool(states)
            return (State.BYPASSED in states) is (command.act is Act.BYPASS) if is_meant else None
        areas = [s for s in frame.signals if s.kind is Kind.AREA and s.area == (command.area or 1)]
        if not areas:
            return None
        wanted = {
            Act.DISARM: State.DISARMED,
            Act.ARM_STAY: State.ARMED_STAY,
            Act.ARM_AWAY: State.ARMED_AWAY,
        }
        return areas[0].state is wanted[command.act]


def _pressed(area: int, keys: list[int]) -> bytes:
    return framed(bytes((KEYS, area, 0, *keys)))


def _digits(text: str) -> list[int]:
    return [int(digit) for digit in text]


def _is_alarm_of(zone: int, signal: Signal) -> bool:
    return signal.zone == zone and signal.kind in _ALARMS


DRIVER = Driver(
    name="concord4",
    version="1",
    title="Concord 4 alarm panels, serial automation module",
    nature=Nature.STREAM,
    session=lambda setup: AnsweredSession(setup, HABITS, WAITING_TIMES, ConcordPanel),
    decoder=ConcordDecoder,
    panels=("GE and Interlogix Concord 4", "Concord, Concord Express with an automation module"),
    lines=("serial", "tcp"),
    bauds=(9600,),
    abilities=(
        *("events", "restores", "open_close", "zones", "areas", "bypass", "troubles", "at_start"),
        *("arm", "supervision", "listen_only"),
    ),
    acknowledges=True,
    quality="counterpart",
    recognition="drivers._recognition:CONCORD4",
    commands=frozenset({Act.STATUS, *BYPASSES, Act.ARM_AWAY, Act.ARM_STAY, Act.DISARM}),
    options=(
        poll_s(10, 600, "a refresh is"),
        NO_ACK,
        quiet_s(60, 86_400),
    ),
)
