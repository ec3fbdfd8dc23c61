"""Paradox APR-PRT3 printer module in ASCII mode: EVO48, 96, 192, HD, and Digiplex panels.

The lines are read in `drivers/_prt3_frames.py`.  The module says events by itself and acknowledges
nothing.  It is asked for areas every few seconds; for zones once at the start, then for some of
them in turn, since 192 of them take minutes.

Sources: open clients of the module.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from drivers._prt3_frames import (
    AREA_TROUBLE,
    AREAS,
    ENTRY_DELAY,
    EXIT_DELAY,
    HAS_CODE,
    READY,
    ZONE_CODES,
    ZONES,
    Prt3Decoder,
    request,
)
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
    Setup,
)
from edge_agent.domain.settings import LISTEN_ONLY, count_of, poll_s, quiet_s
from edge_agent.domain.signal import Signal

PROBE = "RA001"
HABITS = Habits(
    probe=PROBE,
    answer_s=4,  # the module takes 0.5 to 2 s
    poll_s=10,
    quiet_s=90_000,  # listening only: it says midnight, if nothing else
)
ZONES_A_ROUND = 10  # one a second at the usual pace

_ALARMS = frozenset({Kind.BURGLARY, Kind.FIRE, Kind.PANIC, Kind.DURESS, Kind.MEDICAL, Kind.TAMPER})
_TROUBLES = frozenset(
    {Kind.POWER, Kind.COMMS, Kind.SYSTEM_TROUBLE, Kind.MODULE_TROUBLE, Kind.ZONE_TROUBLE}
)
_MODES: Final = {Act.ARM_AWAY: "A", Act.ARM_STAY: "S"}
CODE_DIGITS_MAX = 6


class Prt3Panel(PolledPanel):
    """Follows events, and what the answers about areas and zones show beyond them."""

    def __init__(self, setup: Setup, talk: PolledSession) -> None:
        self.commands = DRIVER.commands
        self._setup = setup
        self._talk = talk
        self._areas_max = count_of(setup, "areas", AREAS, AREAS)
        self._zones_max = count_of(setup, "zones", ZONES, ZONES)
        self.forget(())

    def decoder(self) -> Prt3Decoder:
        """See PolledPanel."""
        return Prt3Decoder(self._setup)

    def request(self, name: str) -> bytes:
        """See PolledPanel."""
        return request(name)

    def forget(self, standing: tuple[Signal, ...]) -> None:
        """See PolledPanel."""
        del standing
        self._absent: set[str] = set()  # questions to which there is no answer on this panel
        self._first_of_all: int | None = None  # the zone that is asked for on the first way
        self._is_begun = False
        self._turn = 0  # of the zones asked for later

    def proves(self, frame: Frame) -> bool:
        """See PolledPanel: a module answers so when the panel is gone, too."""
        return frame.type != "dropped" and frame.fields.get("ok") is not False

    def shown(self, frame: Frame) -> bytes:
        """See PolledPanel."""
        return b"" if frame.raw.startswith(HAS_CODE) else frame.raw

    # ---- asking

    def round(self) -> Sequence[str]:
        """See PolledPanel: all areas, and the zones whose turn it is."""
        areas = [f"RA{area:03d}" for area in range(1, self._areas_max + 1)]
        if not self._is_begun:
            self._is_begun, self._first_of_all = True, 1
            zones = [_zone_name(1)]
        elif self._first_of_all is not None:
            zones = []  # each is asked for when the one before it is known
        else:
            zones = self._next_zones()
        return [name for name in (*areas, *zones) if name not in self._absent]

    def _next_zones(self) -> list[str]:
        there = [
            name
            for zone in range(1, self._zones_max + 1)
            if (name := _zone_name(zone)) not in self._absent
        ]
        chosen = (there[self._turn :] + there)[: min(ZONES_A_ROUND, len(there))]
        self._turn = (self._turn + len(chosen)) % max(1, len(there))
        return chosen

    def _go_on(self, name: str) -> None:
        """Ask for the zone after this one, where that is still to be done."""
        at = self._first_of_all
        if at is None or name != _zone_name(at):
            return
        while at < self._zones_max:
            at += 1
            if (following := _zone_name(at)) not in self._absent:
                self._first_of_all = at
                self._talk.want(following)
                return
        self._first_of_all = None

    def _ask_all_zones(self) -> None:
        if self._first_of_all is None:
            self._first_of_all = 1
            self._talk.want(_zone_name(1))

    def given_up(self, name: str) -> list[Action]:
        """See PolledPanel."""
        self._go_on(name)
        return []

    # ---- hearing

    def hear(self, frame: Frame, now_ns: int) -> list[Action]:
        """See PolledPanel."""
        match frame.type:
            case "event":
                return self._on_event(frame, now_ns)
            case "area_status":
                return self._on_area(frame, now_ns)
            case "zone_status":
                return self._on_zone(frame, now_ns)
            case "result":
                return self._on_result(frame, now_ns)
            case "bus":
                return self._on_bus(frame, now_ns)
            case "dropped":  # what was asked is asked again when no answer comes
                return [Fault(FaultKind.REFUSED, "the module's buffer was full")]
        return self._talk.report(self._talk.proven.heard(frame.signals))

    def _on_event(self, frame: Frame, now_ns: int) -> list[Action]:
        talk = self._talk
        if talk.is_doubled(frame, now_ns):
            return [Fault(FaultKind.REPEAT, "", frame.raw)]
        said = int(str(frame.fields["group"])), int(str(frame.fields["number"]))
        signals = tuple(s for s in frame.signals if self._is_believed(s, said))
        actions = talk.report(talk.proven.heard(signals))
        is_of_areas = said[0] in (64, 65) or any(s.kind in _OF_AREAS for s in frame.signals)
        if is_of_areas and said not in (EXIT_DELAY, ENTRY_DELAY):  # of delays RA says nothing
            self._ask_areas(int(str(frame.fields["area"])))
        return actions

    def _is_believed(self, signal: Signal, said: tuple[int, int]) -> bool:
        """Tell whether an area is meant, and `ready` not said of one that is armed."""
        if signal.kind is not Kind.AREA:
            return True
        if signal.area is None:
            return False  # of which areas it is true, they are asked
        known = self._talk.proven.state(Kind.AREA, signal.area)
        is_armed = known is not None and known is not State.DISARMED
        return said != READY or not is_armed or self._talk.listen_only

    def _ask_areas(self, area: int) -> None:
        every = range(1, self._areas_max + 1)
        for one in (area,) if area in every else every:
            if (name := f"RA{one:03d}") not in self._absent:
                self._talk.want(name, first=True)

    def _on_area(self, frame: Frame, now_ns: int) -> list[Action]:
        talk, area = self._talk, int(str(frame.fields["area"]))
        name = f"RA{area:03d}"
        talk.answered(name, now_ns)
        signals = tuple(s for s in frame.signals if s.kind is Kind.AREA or self._is_unexplained(s))
        if State.ALARM in {s.state for s in signals} and not self._has_alarm():
            self._ask_all_zones()  # its event was lost: the zone shows it

        def covers(signal: Signal) -> bool:
            return signal.code == AREA_TROUBLE and signal.area in (None, area)

        return talk.report(talk.proven.map(name, signals, frame.raw, covers))

    def _is_unexplained(self, trouble: Signal) -> bool:
        """Tell whether an area's trouble is one that no event told."""
        others = (s for s in self._talk.proven.standing if s.code != AREA_TROUBLE)
        is_known = any(s.kind in _TROUBLES for s in others)
        return self._talk.proven.stands(trouble) or not is_known

    def _has_alarm(self) -> bool:
        return any(signal.kind in _ALARMS for signal in self._talk.proven.standing)

    def _on_zone(self, frame: Frame, now_ns: int) -> list[Action]:
        talk, zone = self._talk, int(str(frame.fields["zone"]))
        name = _zone_name(zone)
        talk.answered(name, now_ns)

        def covers(signal: Signal) -> bool:
            return signal.zone == zone and signal.code in ZONE_CODES

        actions = talk.report(talk.proven.map(name, frame.signals, frame.raw, covers))
        self._go_on(name)
        return actions

    def _on_result(self, frame: Frame, now_ns: int) -> list[Action]:
        name = str(frame.fields["command"])
        if name != PROBE and name[:2] in ("RA", "RZ"):  # it failed: there is none such
            self._absent.add(name)
            self._talk.answered(name, now_ns)
            self._go_on(name)
            return []
        if name[:2] in ("AA", "AQ", "AD"):
            self._ask_areas(int(name[2:]))
        return self._talk.judged(name, frame, now_ns)

    def _on_bus(self, frame: Frame, now_ns: int) -> list[Action]:
        actions = self._talk.report(self._talk.proven.heard(frame.signals))
        if not frame.fields["ok"]:
            return actions + self._talk.lost("the module has lost the panel's bus", now_ns)
        self._absent.clear()
        self._is_begun = False
        self._talk.refresh(now_ns)
        return actions

    # ---- commands

    def order(self, command: Command, ours: datetime | None) -> Order | None:
        """See PolledPanel: without a code it is a quick arming."""
        del ours
        code, area = command.code or "", command.area or 1
        if area > AREAS or not (not code or (code.isdecimal() and len(code) <= CODE_DIGITS_MAX)):
            return None
        mode = _MODES.get(command.act)
        if mode is None:
            name = f"AD{area:03d}"
            return Order(request(name + code), name, is_answered=True) if code else None
        name = f"{'AA' if code else 'AQ'}{area:03d}"
        return Order(request(name + mode + code), name, is_answered=True)

    def is_done(self, command: Command, frame: Frame, now_ns: int) -> bool | str:
        """See PolledPanel."""
        del command, now_ns
        return bool(frame.fields["ok"]) or "the panel answered that it failed"


_OF_AREAS = frozenset({Kind.OPEN_CLOSE, Kind.CANCEL})


def _zone_name(zone: int) -> str:
    return f"RZ{zone:03d}"


DRIVER = Driver(
    name="paradox_prt3",
    version="1",
    title="Paradox EVO and Digiplex alarm panels through a PRT3 module, ASCII mode",
    nature=Nature.STREAM,
    session=lambda setup: PolledSession(setup, HABITS, Prt3Panel),
    decoder=Prt3Decoder,
    panels=("Paradox EVO48", "EVO96", "EVO192", "Digiplex", "with an APR-PRT3 module (枫叶)"),
    lines=("serial", "tcp"),
    bauds=(57_600, 19_200, 9600),
    abilities=(
        *("events", "restores", "open_close", "zones", "areas", "outputs", "bypass", "troubles"),
        *("at_start", "arm", "supervision", "listen_only"),
    ),
    acknowledges=False,
    quality="counterpart",
    recognition="drivers._recognition:PARADOX_PRT3",
    commands=frozenset({Act.STATUS, Act.ARM_AWAY, Act.ARM_STAY, Act.DISARM}),
    options=(
        poll_s(5, 300, "areas are"),
        Option("areas", int, None, "how many areas there are", minimum=1, maximum=AREAS),
        Option("zones", int, None, "how many zones there are", minimum=1, maximum=ZONES),
        Option("charset", str, None, "Python codec of names (profile, else latin-1)"),
        LISTEN_ONLY,
        quiet_s(60, 604_800),
    ),
)
