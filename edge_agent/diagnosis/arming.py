"""Decides for every area whether it is armed, in a delay, or not known, from what panels say of it.

Panels tell it by states of areas, by reports of opening and closing, or both, with or without a
user, at the start of the exit delay or at its end.  Unknown is not disarmed: after a silence of the
panel nothing is known until it is said again.
"""

from dataclasses import dataclass, field
from enum import Enum

from edge_agent.diagnosis.observation import NS, Observation
from edge_agent.diagnosis.site import Site, ZoneKey
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.site import Technology, ZoneSettings, ZoneType

AreaKey = tuple[str | None, int | None]
"""An area of a panel; None where the panel did not say."""

AREAS_MAX = 4096  # more areas than the largest gateway's panels have; then the oldest are forgotten
SLACK_NS = 2 * NS  # what panels say takes its time; their timers run within 10 %
# CP-01: entry delay and abort window together are no longer; where nobody said the area's own
ENTRY_UNKNOWN_S = 60
GAP_NS = 900 * NS  # a panel that was silent no longer is taken to be armed as it was before
EXIT_LONGEST_S = 255

_STAY_CODES = frozenset({"441", "442", "456"})
_AUTOMATIC = "403"

_OF_ARMED = frozenset({"131", "132", "134"})  # not 130 and 133: zones that are armed always
_OF_PRESENCE = frozenset(
    {None, ZoneType.ENTRY_EXIT, ZoneType.PERIMETER, ZoneType.INTERIOR, ZoneType.FOLLOWER}
)
_NO_PRESENCE = frozenset(
    {
        *(ZoneType.FIRE, ZoneType.PANIC, ZoneType.HOLDUP, ZoneType.MEDICAL),
        *(ZoneType.TAMPER, ZoneType.TECHNICAL),
    }
)
"""Zones whose opening does not tell that somebody came in."""

MOTION = frozenset({Technology.PIR, Technology.MICROWAVE, Technology.DUAL, Technology.CAMERA})


class Arm(Enum):
    """How an area is armed."""

    UNKNOWN = "unknown"
    DISARMED = "disarmed"
    AWAY = "away"
    STAY = "stay"


_ARMED = frozenset({Arm.AWAY, Arm.STAY})


class Opening(Enum):
    """What the opening of a zone is worth by itself."""

    NOTHING = "nothing"  # its area is not armed, or people are leaving
    INSIDE = "inside"  # people are there, and nobody said what the zone is for
    ENTRY = "entry"  # on the way in: a trip only if nobody disarms in time
    TRIP = "trip"


@dataclass(slots=True)
class AreaState:
    """What is known of one area."""

    arm: Arm = Arm.UNKNOWN
    armed_ns: int | None = None
    armed_line: int | None = None
    exit_until_ns: int = 0  # openings before are people leaving
    in_exit: bool = False  # the panel itself says that the exit delay runs
    entry_until_ns: int = 0  # openings on the way in may still be people coming home
    disarmed_ns: int | None = None
    lost_ns: int | None = None  # since when nobody knows
    back_ns: int | None = None  # since when the panel is heard again
    before: Arm = Arm.UNKNOWN  # what it was then

    @property
    def is_armed(self) -> bool:
        """Whether the area is known to be armed, delays included."""
        return self.arm in _ARMED

    @property
    def supposed(self) -> Arm:
        """How it is armed; after a silence of the panel, how it was before if that was armed.

        It may raise a tier: whoever cuts a line does so before he comes.  It proves nothing.
        """
        return self.before if self.lost_ns is not None and self.before in _ARMED else self.arm

    @property
    def is_supposed_armed(self) -> bool:
        """Whether it is armed, or was before the panel fell silent."""
        return self.supposed in _ARMED

    def is_doubtful(self, now_ns: int) -> bool:
        """Whether the silence was so long that somebody may well have disarmed."""
        if self.lost_ns is None:
            return False
        return (self.back_ns or now_ns) - self.lost_ns > GAP_NS

    def lose(self, now_ns: int) -> None:
        """From now on it is not known; or was not until now, where it was lost before."""
        if self.lost_ns is not None:
            self.back_ns = now_ns
            return
        self.lost_ns, self.before, self.arm = now_ns, self.arm, Arm.UNKNOWN
        self.armed_ns = self.armed_line = self.disarmed_ns = None

    def show(self, state: State, now_ns: int) -> None:
        """The panel shows an entry delay, an alarm, or that it does not know itself."""
        if state is State.UNKNOWN:
            self.lose(now_ns)
            return
        self.in_exit = False
        if state is State.ALARM:  # of a zone that is armed always, perhaps
            self.entry_until_ns = min(self.entry_until_ns, now_ns)
        elif not self.is_armed:  # only an armed area counts down an entry
            self.know(self.before if self.before in _ARMED else Arm.AWAY)

    def know(self, arm: Arm) -> None:
        """It is known how it is armed."""
        self.arm, self.lost_ns, self.back_ns = arm, None, None


@dataclass(frozen=True, slots=True)
class Disarmed:
    """An area was disarmed; `valid` where a known user's code did it."""

    panel: str | None
    area: int | None
    line: int
    valid: bool


@dataclass(frozen=True, slots=True)
class Armed:
    """An area was armed."""

    panel: str | None
    area: int | None
    line: int


Change = Armed | Disarmed


@dataclass(slots=True)
class Arming:
    """The state of every area of a site."""

    site: Site
    _areas: dict[AreaKey, AreaState] = field(default_factory=dict)
    _of_panel: dict[str | None, set[int | None]] = field(default_factory=dict)

    def take(self, seen: Observation) -> list[Change]:
        """Take an observation of kind area or open_close; return what changed by it."""
        if seen.kind is Kind.AREA:
            return self._take_state(seen)
        if seen.state is State.DISARMED:
            return [self._disarm(seen)]
        if seen.state is State.ARMED:
            arm = Arm.STAY if seen.code in _STAY_CODES else Arm.AWAY
            return self._arm(seen, arm)
        return []

    def forget(self, panel: str | None, now_ns: int) -> None:
        """The panel was not heard for a while: what its areas did meanwhile nobody knows."""
        for area in self._of_panel.get(panel, ()):
            self._areas[panel, area].lose(now_ns)

    def state(self, panel: str | None, area: int | None) -> AreaState:
        """Return what is known of an area; of all of a panel's where it is not said which."""
        found = self._areas.get((panel, area))
        if found is not None and (area is not None or found.arm is not Arm.UNKNOWN):
            return found
        if area is not None:
            whole = self._areas.get((panel, None))
            return whole if whole is not None else AreaState()
        named = self.site.areas_of(panel)  # of an area that the site does not have nothing follows
        states = [
            self._areas[panel, one]
            for one in self._of_panel.get(panel, ())
            if one is None or not named or one in named
        ]
        if not states:
            return AreaState()
        first = states[0]
        return first if all(one.arm is first.arm for one in states) else AreaState()

    def is_anybody_in(self, panel: str | None, area: int | None) -> bool:
        """Whether people may be in an area, or in any of the panel's where it is not said which."""
        states = [self.state(panel, area)]
        if area is None:
            states += [self._areas[panel, one] for one in self._of_panel.get(panel, ())]
        return any(state.arm in (Arm.DISARMED, Arm.STAY) for state in states)

    def areas_of(self, panel: str | None) -> set[int]:
        """Return a panel's areas: those that the site names, else those that it spoke of."""
        spoken = (area for area in self._of_panel.get(panel, ()) if area is not None)
        return self.site.areas_of(panel) or set(spoken)

    def prove(self, seen: Observation, area: int | None) -> None:
        """An alarm came that only an armed area gives: where nothing is known, that is."""
        kind = self.site.type_of((seen.panel, seen.zone))
        told = seen.kind is Kind.BURGLARY and seen.code in _OF_ARMED and kind in _OF_PRESENCE
        if told and area is not None and self.state(seen.panel, area).arm is Arm.UNKNOWN:
            state = self._known(seen.panel, area)
            state.know(state.before if state.before in _ARMED else Arm.AWAY)

    def opening(self, key: ZoneKey, area: int | None, now_ns: int) -> Opening:
        """Return what the opening of a zone is worth."""
        zone = self.site.zone(key)
        kind = zone.type if zone is not None else None
        if kind in _NO_PRESENCE:
            return Opening.NOTHING
        state = self.state(key[0], area)
        if kind is ZoneType.ALWAYS:
            return Opening.TRIP
        arm = state.supposed
        if arm not in _ARMED or state.in_exit or now_ns < state.exit_until_ns:
            return Opening.NOTHING
        if arm is Arm.STAY and _is_inside(zone):
            return Opening.NOTHING if kind is not None else Opening.INSIDE
        if kind in (ZoneType.ENTRY_EXIT, None):
            return Opening.ENTRY
        if kind is ZoneType.FOLLOWER and now_ns < state.entry_until_ns:
            return Opening.ENTRY
        return Opening.TRIP

    def begin_entry(self, panel: str | None, area: int | None, now_ns: int) -> int:
        """The way in was opened; return until when its openings may be people coming home."""
        state = self._known(panel, area)
        if now_ns >= state.entry_until_ns:
            state.entry_until_ns = now_ns + self.entry_ns(panel, area)
        return state.entry_until_ns

    def entry_ns(self, panel: str | None, area: int | None) -> int:
        """Return how long somebody who comes home may take to disarm, by all clocks."""
        if not self.site.is_time_given(panel, area, "entry_delay_s"):
            return ENTRY_UNKNOWN_S * NS
        return self.site.time_ns(panel, area, "entry_delay_s") * 11 // 10 + SLACK_NS

    def _known(self, panel: str | None, area: int | None) -> AreaState:
        state = self._areas.get((panel, area))
        if state is None:
            if len(self._areas) >= AREAS_MAX:
                oldest = next(iter(self._areas))
                del self._areas[oldest]
                self._of_panel[oldest[0]].discard(oldest[1])
            state = self._areas[panel, area] = AreaState()
            self._of_panel.setdefault(panel, set()).add(area)
        return state

    def _each(self, panel: str | None, area: int | None) -> list[AreaState]:
        """The states that a report is about: one area's, or all of a panel's where it names none.

        What is said of all stands for those that the panel never named, too.
        """
        if area is not None:
            return [self._known(panel, area)]
        self._known(panel, None)
        return [self._areas[panel, one] for one in self._of_panel[panel]]

    def _take_state(self, seen: Observation) -> list[Change]:
        match seen.state:
            case State.DISARMED:
                return [self._disarm(seen)]
            case State.ARMED_AWAY:
                return self._arm(seen, Arm.AWAY)
            case State.ARMED_STAY:
                return self._arm(seen, Arm.STAY)
            case State.EXIT_DELAY:
                changes = self._arm(seen, Arm.AWAY)
                for state in self._each(seen.panel, seen.area):
                    state.in_exit = True
                    state.exit_until_ns = seen.t_ns + EXIT_LONGEST_S * NS
                return changes
            case State.ENTRY_DELAY | State.ALARM | State.UNKNOWN:
                for state in self._each(seen.panel, seen.area):
                    state.show(seen.state, seen.t_ns)
                if seen.state is State.ENTRY_DELAY:
                    self.begin_entry(seen.panel, seen.area, seen.t_ns)
        return []

    def _arm(self, seen: Observation, arm: Arm) -> list[Change]:
        changes: list[Change] = []
        delay_ns = self.site.time_ns(seen.panel, seen.area, "exit_delay_s")
        for state in self._each(seen.panel, seen.area):
            if state.is_armed:
                if seen.kind is Kind.AREA and state.in_exit:  # its exit delay is over
                    state.in_exit = False
                    state.exit_until_ns = seen.t_ns
                if seen.kind is Kind.AREA or arm is Arm.STAY:
                    state.arm = arm
                continue
            state.know(arm)
            state.armed_ns, state.armed_line, state.in_exit = seen.t_ns, seen.line, False
            # whether the panel says so before or after the exit delay is not known
            state.exit_until_ns = seen.t_ns + delay_ns
            state.entry_until_ns = 0
            changes = [Armed(seen.panel, seen.area, seen.line)]
        return changes

    def _disarm(self, seen: Observation) -> Disarmed:
        for state in self._each(seen.panel, seen.area):
            state.know(Arm.DISARMED)
            state.disarmed_ns, state.in_exit = seen.t_ns, False
            state.entry_until_ns = 0
        valid = seen.code != _AUTOMATIC and self.site.is_valid_user(seen.panel, seen.user)
        return Disarmed(seen.panel, seen.area, seen.line, valid)


def _is_inside(zone: ZoneSettings | None) -> bool:
    """Whether people who stay at home set it off; of an unknown zone that must be supposed."""
    if zone is None:
        return True
    if zone.type is not None:
        return zone.type in (ZoneType.INTERIOR, ZoneType.FOLLOWER)
    return zone.technology is None or zone.technology in MOTION
