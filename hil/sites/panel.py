"""The emulated panel: what it makes of its detectors and codes, and which lines it says.

A pure machine: `handle(stimulus, t, why) -> lines`, `deadline()`.  Times are seconds since the
start of the timeline.  `why` is the episode behind a stimulus; what a panel says later because of
it (the alarm at the end of an entry delay) carries the same reason.  Exit and entry delay, exit
error, abort and swinger shutdown are those of CP-01, with the variations seen in the field.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hil.sites.plan import Area, Plan, Zone
from hil.sites.stimulus import (
    Arm,
    Arming,
    Broken,
    ClockSet,
    Deaf,
    Disarm,
    How,
    Line,
    Speak,
    Stimulus,
    Trip,
    WalkTest,
    WrongCode,
)
from hil.sites.traits import ExitError, Restores, Traits

ALWAYS_ON = {
    # zone type: kind and code of its alarm, whatever the area's state
    "24h": ("burglary", "133"),
    "panic": ("panic", "120"),
    "holdup": ("holdup", "129"),
    "medical": ("medical", "100"),
    "tamper": ("tamper", "137"),
    "technical": ("environment", "154"),
}
FIRE_CODES = {"smoke": "111", "heat": "114", "flame": "117", "call_point": "115"}
BURGLARY_CODES = {"entry_exit": "134", "perimeter": "131", "interior": "132", "follower": "132"}
RECENT_S = 120.0
ARMING_DONE = frozenset({"armed_away", "armed_stay", "disarmed"})
ARMED = frozenset({Arming.AWAY, Arming.STAY, Arming.ENTRY})


@dataclass(frozen=True, slots=True)
class Said:
    """One line for the gateway and the episode behind it."""

    t: float
    line: Line
    why: int | None
    alarm: bool = False  # an alarm, or a zone that opened while armed
    entry: bool = False  # such an opening, on the way in


@dataclass(frozen=True, slots=True)
class Tripped:
    """A detector went off while it was armed, as the panel knows it."""

    t: float
    zone: int
    why: int | None
    entry: bool  # on the way in, inside an entry delay or beginning it


@dataclass(slots=True)
class _AreaState:
    """One area's arming and what it remembers until it is disarmed."""

    area: Area
    state: Arming = Arming.DISARMED
    before_entry: Arming = Arming.AWAY
    until: float | None = None  # of the exit or entry delay
    armed_at: float = 0.0
    how: How = How.USER
    user: int | None = None
    entry_zone: int = 0
    why: int | None = None
    exit_error: bool = False
    restarted: bool = False
    door_used: bool = False
    alarmed: list[int] = field(default_factory=list)
    counts: Counter[int] = field(default_factory=Counter)
    bypassed: set[int] = field(default_factory=set)


class Panel:
    """Decides what one panel says."""

    def __init__(self, plan: Plan, traits: Traits, start: datetime) -> None:
        self._traits, self._start = traits, start
        self._zones = {(zone.panel, zone.number): zone for zone in plan.zones}
        self._areas = {area.number: _AreaState(area) for area in plan.areas}
        self._open: dict[tuple[str, int], int | None] = {}  # zone: who opened it
        self._active: dict[int, tuple[str, str]] = {}  # zone: kind and code still reported active
        self._held: list[Said] = []  # reports waiting for an abort
        self._held_until = 0.0
        self._testing: set[int] = set()  # areas in a test that is obeyed
        self._deaf = False
        self._backlog: list[Said] | None = None
        self._clock = (0.0, 0.0, 0.0)  # since, offset, drift in ppm
        self._out: list[Said] = []
        self._now = 0.0
        self._why: int | None = None
        self.trips: list[Tripped] = []

    def state(self, area: int) -> Arming:
        """Return the area's state."""
        return self._areas[area].state

    def deadline(self) -> float | None:
        """Return when the panel does something by itself."""
        times = [area.until for area in self._areas.values() if area.until is not None]
        if self._held:
            times.append(self._held_until)
        return min(times, default=None)

    def wake(self, t: float) -> list[Said]:
        """Do what is due at `t`."""
        self._now = t
        for area in self._areas.values():
            if area.until is not None and area.until <= t:
                self._why = area.why
                area.until = None
                if area.state is Arming.EXIT:
                    self._exit_ends(area)
                elif area.state is Arming.ENTRY:
                    self._entry_ends(area)
        if self._held and self._held_until <= t:
            held, self._held = self._held, []
            for said in held:
                self._say_as(said.line, said.why, alarm=True)
        return self._take()

    def handle(self, stimulus: Stimulus, t: float, why: int | None) -> list[Said]:
        """Return what the panel says to it."""
        self._now, self._why = t, why
        match stimulus:
            case Trip(number, on, panel):
                zone = self._zones[panel, number]
                (self._opens if on else self._closes)(zone)
            case Broken(number, state):
                self._breaks(self._zones["p1", number], state)
            case Arm() | Disarm() | WrongCode() | WalkTest():
                self._code(stimulus)
            case Speak(line):
                self._say(line)
            case Deaf(on, held):
                self._hearing(on, held)
            case ClockSet(offset_s, drift_ppm):
                self._clock = (t, offset_s, drift_ppm)
        return self._take()

    # ---- detectors

    def _opens(self, zone: Zone) -> None:
        self._open[zone.panel, zone.number] = self._why
        area = self._areas.get(zone.area)
        if zone.type == "fire":
            self._alarm_line(zone, "fire", FIRE_CODES.get(zone.technology, "110"))
        elif zone.type in ALWAYS_ON:
            self._zone_line(zone, "open", trip=zone.type == "24h")
            if zone.type == "24h":
                self.trips.append(Tripped(self._now, zone.number, self._why, entry=False))
            if not (zone.type in {"24h", "tamper"} and zone.area in self._testing):
                self._alarm_line(zone, *ALWAYS_ON[zone.type])
        elif area is not None:
            self._intrudes(area, zone)

    def _intrudes(self, area: _AreaState, zone: Zone) -> None:
        if area.state is Arming.EXIT and zone.type == "entry_exit":
            self._zone_line(zone, "open")
            if area.door_used and not area.restarted:
                area.restarted, area.until = True, self._now + area.area.exit_delay_s
            area.door_used = True
            return
        inside = area.state is Arming.STAY or (
            area.state is Arming.ENTRY and area.before_entry is Arming.STAY
        )
        watched = area.state in ARMED and zone.number not in area.bypassed
        if inside and zone.type in {"interior", "follower"}:
            watched = False
        if not watched or zone.area in self._testing:
            self._zone_line(zone, "open")
            return
        entry = zone.type == "entry_exit" or (
            zone.type == "follower" and area.state is Arming.ENTRY
        )
        self.trips.append(Tripped(self._now, zone.number, self._why, entry=entry))
        muted = self._is_muted(area, zone)
        if not (muted and self._traits.swinger_mutes_lines):
            self._zone_line(zone, "open", trip=True, entry=entry)
        if entry and area.state is not Arming.ENTRY:
            self._entry_begins(area, zone)
        elif not entry:
            self._burglary(area, zone)

    def _closes(self, zone: Zone) -> None:
        self._open.pop((zone.panel, zone.number), None)
        if zone.type != "fire":
            self._zone_line(zone, "closed")
        area = self._areas.get(zone.area)
        if area is not None and zone.panel == "p1":
            area.bypassed.discard(zone.number)
        at_close = self._traits.restores is Restores.AT_CLOSE
        if zone.number in self._active and (at_close or zone.type in {"tamper", "technical"}):
            self._restore(zone.number)

    def _breaks(self, zone: Zone, state: str) -> None:
        armed = self._areas[zone.area].state in ARMED
        self._zone_line(zone, state, trip=False)
        if state == "closed":
            self._open.pop((zone.panel, zone.number), None)
            if zone.number in self._active:
                self._restore(zone.number)
        elif state == "tamper" and zone.area not in self._testing:
            self._alarm_line(zone, "tamper", "383" if not armed else "137")
        elif state in {"fault", "masked"} and self._traits.alarm_events:
            self._event("zone_trouble", "380", "active", zone=zone.number, area=zone.area)

    # ---- alarms

    def _is_muted(self, area: _AreaState, zone: Zone) -> bool:
        most = self._traits.swinger_trips
        return bool(most) and area.counts[zone.number] >= most

    def _burglary(self, area: _AreaState, zone: Zone) -> None:
        traits = self._traits
        if self._is_muted(area, zone):
            if area.counts[zone.number] == traits.swinger_trips and traits.swinger_told:
                self._event("bypass", "575", "active", zone=zone.number, area=zone.area)
            area.counts[zone.number] += 1
            return
        area.counts[zone.number] += 1
        first = not area.alarmed
        if zone.number not in area.alarmed:
            area.alarmed.append(zone.number)
        if first and traits.area_lines and traits.area_alarm:
            self._area_line(area, "alarm")
        if traits.first_alarm_only and not first:
            return
        if area.exit_error:
            area.exit_error = False
            self._event("exit_error", "374", "active", zone=zone.number, area=zone.area)
        code = BURGLARY_CODES[zone.type] if traits.alarm_events else "130"
        self._alarm_line(zone, "burglary", "136" if zone.outdoors else code)
        if traits.recent_close and self._now - area.armed_at <= RECENT_S and first:
            self._event("burglary", "459", "active", user=area.user, area=zone.area, alarm=True)
        if traits.verified_told and len(area.alarmed) == 2:
            self._event("burglary", "139", "active", zone=zone.number, area=zone.area, alarm=True)

    def _alarm_line(self, zone: Zone, kind: str, code: str) -> None:
        if kind in {"burglary", "tamper"} and not self._traits.alarm_events:
            return
        line = self._event_line(kind, code, "active", zone=zone.number, area=zone.area)
        line["panel"] = zone.panel
        if zone.panel == "p1":
            self._active[zone.number] = kind, code
        if kind == "burglary" and self._traits.abort_s and zone.type != "24h":
            if not self._held:
                self._held_until = self._now + self._traits.abort_s
            self._held.append(Said(self._now, line, self._why, alarm=True))
        else:
            self._say(line, alarm=kind != "environment")

    def _restore(self, number: int) -> None:
        kind, code = self._active.pop(number)
        if any(said.line.get("zone") == number for said in self._held):
            return
        zone = self._zones["p1", number]
        self._event(kind, code, "restored", zone=number, area=zone.area)

    # ---- arming

    def _code(self, stimulus: Arm | Disarm | WrongCode | WalkTest) -> None:
        area = self._areas[stimulus.area]
        match stimulus:
            case Arm(_, user, how):
                self._arms(area, user, how)
            case Disarm(_, user, how, duress):
                self._disarms(area, user, how)
                if duress:
                    self._event("duress", "121", "active", user=user, area=area.area.number)
            case WrongCode() if self._traits.wrong_codes_told and self._traits.alarm_events:
                self._event("access", "461", "active", area=area.area.number)
            case WalkTest(number, user, on, zone, obeyed):
                state = "active" if on else "restored"
                self._event("test", "607", state, user=user, area=number, zone=zone)
                if obeyed and zone is None:
                    (self._testing.add if on else self._testing.discard)(number)

    def _arms(self, area: _AreaState, user: int | None, how: How) -> None:
        if area.state is not Arming.DISARMED:
            return
        self._testing.discard(area.area.number)
        area.how, area.user, area.why = how, user, self._why
        area.restarted = area.door_used = area.exit_error = False
        area.alarmed, area.counts = [], Counter()
        if how in {How.STAY, How.REMOTE}:
            area.state = Arming.EXIT
            self._closing_line(area)
            self._is_armed(area)
            return
        area.state = Arming.EXIT
        area.until = self._now + area.area.exit_delay_s
        if self._traits.area_lines and self._traits.exit_told:
            self._area_line(area, "exit_delay")
        if self._traits.closing_at_start:
            self._closing_line(area)

    def _exit_ends(self, area: _AreaState) -> None:
        if not self._traits.closing_at_start:
            self._closing_line(area)
        self._is_armed(area)

    def _is_armed(self, area: _AreaState) -> None:
        stay = area.how is How.STAY
        area.state = Arming.STAY if stay else Arming.AWAY
        area.armed_at = self._now
        if self._traits.area_lines:
            self._area_line(area, area.state.value)
        area.bypassed = set()
        for panel, number in sorted(self._open):
            zone = self._zones[panel, number]
            here = panel == "p1" and zone.area == area.area.number
            if not here or zone.type not in BURGLARY_CODES:
                continue
            if zone.type == "entry_exit":
                self._exit_fails(area, zone)
            elif not stay or zone.type == "perimeter":
                area.bypassed.add(number)
                if self._traits.alarm_events:
                    self._event("bypass", "573", "active", zone=number, area=zone.area)

    def _exit_fails(self, area: _AreaState, zone: Zone) -> None:
        self._why = self._open[zone.panel, zone.number]
        self.trips.append(Tripped(self._now, zone.number, self._why, entry=True))
        if self._traits.exit_error is ExitError.AT_ONCE:
            self._burglary(area, zone)
        elif area.state is not Arming.ENTRY:
            area.exit_error = self._traits.exit_error is ExitError.FLAGGED
            self._entry_begins(area, zone)

    def _entry_begins(self, area: _AreaState, zone: Zone) -> None:
        area.before_entry, area.state = area.state, Arming.ENTRY
        area.until = self._now + area.area.entry_delay_s
        area.entry_zone, area.why = zone.number, self._why
        if self._traits.area_lines and self._traits.entry_told:
            self._area_line(area, "entry_delay")

    def _entry_ends(self, area: _AreaState) -> None:
        area.state = area.before_entry
        self._burglary(area, self._zones["p1", area.entry_zone])

    def _disarms(self, area: _AreaState, user: int | None, how: How) -> None:
        if area.state is Arming.DISARMED:
            return
        area.state, area.until, area.user = Arming.DISARMED, None, user
        number = area.area.number
        was_held = [said for said in self._held if said.line.get("area") == number]
        self._held = [said for said in self._held if said.line.get("area") != number]
        if self._traits.area_lines:
            self._area_line(area, "disarmed")
        if self._traits.open_close_lines:
            self._opening_or_closing("disarmed", area, user, how)
        if (area.alarmed and self._traits.cancels) or was_held:
            told = user if self._traits.user_told else None
            self._event("cancel", "406", "active", user=told, area=number)
        for zone in [zone for zone in self._active if self._zones["p1", zone].area == number]:
            if self._traits.restores is Restores.AT_DISARM:
                self._restore(zone)
            elif self._active[zone][0] == "burglary":
                del self._active[zone]

    def _closing_line(self, area: _AreaState) -> None:
        if self._traits.open_close_lines:
            self._opening_or_closing("armed", area, area.user, area.how)

    def _opening_or_closing(self, state: str, area: _AreaState, user: int | None, how: How) -> None:
        told = user if self._traits.user_told and how not in {How.KEY_SWITCH, How.QUICK} else None
        self._event("open_close", how.value, state, user=told, area=area.area.number)

    # ---- speaking

    def _zone_line(
        self, zone: Zone, state: str, *, trip: bool = False, entry: bool = False
    ) -> None:
        if self._traits.zone_lines:
            line = {"panel": zone.panel, "kind": "zone", "state": state, "zone": zone.number}
            self._hear(Said(self._at(), line, self._why, trip, entry))

    def _area_line(self, area: _AreaState, state: str) -> None:
        line: Line = {"panel": "p1", "kind": "area", "state": state, "area": area.area.number}
        if self._traits.area_user_told and state in ARMING_DONE and area.user:
            line["user"] = area.user
        self._say(line, alarm=state == "alarm")

    def _event_line(self, kind: str, code: str, state: str, **numbers: int | None) -> Line:
        line: Line = {"panel": "p1", "kind": kind, "code": code, "state": state}
        line.update({name: number for name, number in numbers.items() if number is not None})
        return line

    def _event(
        self, kind: str, code: str, state: str, *, alarm: bool = False, **numbers: int | None
    ) -> None:
        alarm = alarm or (state == "active" and kind in {"duress", "fire", "panic", "holdup"})
        self._say(self._event_line(kind, code, state, **numbers), alarm=alarm)

    def _say(self, line: Line, *, alarm: bool = False) -> None:
        self._say_as(line, self._why, alarm=alarm)

    def _say_as(self, line: Line, why: int | None, *, alarm: bool) -> None:
        if self._traits.panel_time and "code" in line:
            line = {**line, "panel_time": self._panel_time()}
        self._hear(Said(self._at(), line, why, alarm))

    def _at(self) -> float:
        return self._now + self._traits.delay_s

    def _hear(self, said: Said) -> None:
        if not self._deaf or said.line["kind"] in {"uplink", "panel"}:
            self._out.append(said)
        elif self._backlog is not None and "code" in said.line:
            self._backlog.append(said)

    def _panel_time(self) -> str:
        since, offset_s, drift_ppm = self._clock
        off_s = offset_s + (self._now - since) * drift_ppm / 1e6
        moment = self._start.replace(tzinfo=None) + timedelta(seconds=self._now + off_s)
        return moment.isoformat(timespec="seconds")

    def _hearing(self, deaf: bool, held: bool) -> None:
        state = "offline" if deaf else "online"
        self._say({"panel": "p1", "kind": "panel", "state": state})
        self._deaf = deaf
        if deaf:
            self._backlog = [] if held else None
        elif self._backlog is not None:
            late, self._backlog = self._backlog, None
            self._out += [replace(said, t=self._now + 0.5) for said in late]

    def _take(self) -> list[Said]:
        out, self._out = self._out, []
        return out
