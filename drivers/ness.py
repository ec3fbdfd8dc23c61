"""Ness D8x, D16x and D32x alarm panels: ASCII serial port, 9600 8N1, also through serial servers.

The frames are read in `drivers/_ness_frames.py`.  The panel says events by itself and acknowledges
nothing; its state is asked for: at link-up, each minute, and when something may have been missed.

Source: the maker's published protocol paper; an open client with captures.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from drivers._ness_frames import AREA_UNSAID, ZONES_BYPASSED, NessDecoder, covers, request
from edge_agent.domain.command import Act, Command
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.panel_clock import PanelTime
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
    Option,
    Session,
    Setup,
)
from edge_agent.domain.settings import LISTEN_ONLY, count_of, poll_s
from edge_agent.domain.signal import Signal

HABITS = Habits(
    probe="17",
    answer_s=2,  # answers come within 100 ms; a serial server may hold them back a while
    poll_s=60,  # the maker's interval for status requests
    quiet_s=86_400,  # listening only, without a periodic message: a day without a word
    pause_s=0.1,  # the panel wants a pause between commands; `?` gives it one, this another
    bypass_toggles=True,
    host_types=frozenset({"request", "keys"}),
)
ZONES_MAX = 32
FULL_S14_VERSION = (5, 8)  # older firmware answers S14 with nothing while armed

_ROUND = ("17", "14", "13", "19", "00", "05", "12", "11", "09", "18")
_MORE_ZONES = ("33", "20", "25", "32", "31", "29")  # of panels with more than 16 zones


class NessPanel(PolledPanel):
    """Follows events, and what the answers to status requests show."""

    def __init__(self, setup: Setup, talk: PolledSession) -> None:
        self.commands = DRIVER.commands
        self._setup = setup
        self._talk = talk
        self._address = int(str(setup.options.get("address", 0)))
        self._zones_max = count_of(setup, "zones", 16, ZONES_MAX)

    def decoder(self) -> NessDecoder:
        """See PolledPanel."""
        return NessDecoder(self._setup)

    def request(self, name: str) -> bytes:
        """See PolledPanel."""
        return request(self._address, f"S{name}")

    def round(self) -> Sequence[str]:
        """See PolledPanel."""
        return _ROUND + (_MORE_ZONES if self._zones_max > 16 else ())

    def forget(self, standing: tuple[Signal, ...]) -> None:
        """See PolledPanel."""
        del standing
        self._sequence: int | None = None
        self._version: tuple[int, int] | None = None
        self._bypassed: dict[str, frozenset[object]] = {}  # by the request that showed them

    def shown(self, frame: Frame) -> bytes:
        """See PolledPanel: no message of the panel holds a code."""
        return frame.raw

    def hear(self, frame: Frame, now_ns: int) -> list[Action]:
        """See PolledPanel."""
        return (self._on_event if frame.type == "event" else self._on_status)(frame, now_ns)

    def _on_event(self, frame: Frame, now_ns: int) -> list[Action]:
        if self._talk.is_doubled(frame, now_ns):
            return [Fault(FaultKind.REPEAT, "", frame.raw)]
        actions = self._talk.report(self._talk.proven.heard(frame.signals))  # first of all
        sequence = 1 if frame.fields["sequence"] else 0
        if self._sequence == sequence:
            actions.append(Fault(FaultKind.MISSED, "the toggle did not change"))
            self._talk.refresh(now_ns)
        self._sequence = sequence
        event = str(frame.fields["event"])
        if event in AREA_UNSAID:
            self._talk.want("14")
        if event in ("04", "05", "06", "07"):  # a zone's state is another now
            self._talk.want("19")
            self._talk.want("00")
        if frame.signals and (told := frame.signals[0].panel_time):
            actions += self._talk.clock.compare(PanelTime(told).local, now_ns)
        return actions

    def _on_status(self, frame: Frame, now_ns: int) -> list[Action]:
        name = str(frame.fields["request"])
        self._talk.answered(name, now_ns)
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
        proven = self._talk.proven
        told = proven.map(name, signals, frame.raw, lambda signal: covers(name, signal))
        return [*self._talk.report(told), *self._talk.judged(name, frame, now_ns)]

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

    def order(self, command: Command, ours: datetime | None) -> Order | None:
        """See PolledPanel."""
        del ours
        keys, check = _keys(command)
        return Order(request(self._address, keys), check) if keys else None

    def is_done(self, command: Command, frame: Frame, now_ns: int) -> bool | None:
        """See PolledPanel."""
        del now_ns
        return _is_done(command, frame)


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
    good = zone is not None and zone <= ZONES_MAX
    return (f"X{zone}E" if good else ""), "33" if zone is not None and zone > 16 else "19"


def _is_done(command: Command, frame: Frame) -> bool:
    if command.act in BYPASSES:
        zones = frame.fields["zones"]
        is_in = isinstance(zones, list) and command.zone in zones
        return is_in is (command.act is Act.BYPASS)
    states = {signal.state for signal in frame.signals if _is_meant(command, signal)}
    if command.act is Act.ARM_STAY:
        return State.ARMED_STAY in states  # home is shown while its exit delay runs, too
    return is_shown(command.act, states)


def _is_meant(command: Command, signal: Signal) -> bool:
    if signal.kind is Kind.OUTPUT:
        return signal.zone == command.zone
    return command.area is None or signal.area == command.area


def session(setup: Setup) -> Session:
    """Start a conversation."""
    beacon_s = setup.options.get("beacon_s")  # with it, three that are missed are silence
    quiet_s = 3 * float(str(beacon_s)) if beacon_s else HABITS.quiet_s
    return PolledSession(setup, replace(HABITS, quiet_s=quiet_s), NessPanel)


DRIVER = Driver(
    name="ness",
    version="1",
    title="Ness D8x, D16x, D32x alarm panels, ASCII serial port",
    nature=Nature.STREAM,
    session=session,
    decoder=NessDecoder,
    panels=("Ness D8x", "Ness D16x", "Ness D32x", "panels sold under other names with their port"),
    lines=("serial", "tcp"),
    bauds=(9600,),
    abilities=(
        *("events", "restores", "open_close", "zones", "areas", "outputs", "bypass", "troubles"),
        *("at_start", "arm", "panel_time", "supervision", "listen_only"),
    ),
    acknowledges=False,
    quality="counterpart",
    recognition="drivers._recognition:NESS",
    commands=frozenset(Act) - {Act.CLOCK},
    options=(
        Option("address", int, 0, "the panel's address", minimum=0, maximum=15),
        poll_s(10, 600),
        Option("zones", int, None, "how many zones there are", minimum=1, maximum=ZONES_MAX),
        LISTEN_ONLY,
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
