"""Where people are expected: which areas of a panel are armed, and which zones are under test."""

from dataclasses import dataclass

from edge_agent.diagnosis.observation import NS, Measure, Observation
from edge_agent.domain.kinds import Kind, State

WALK_TEST = "607"
GATEWAYS_OWN_NS = 2 * 3600 * NS  # as long as the gateway's own walk test may last
_STAY_CODES = frozenset({"441", "442", "456"})


@dataclass(slots=True)
class _Area:
    armed: State | None = None  # ARMED_AWAY, ARMED_STAY; None: disarmed or never told
    since_ns: int = 0


class Areas:
    """The areas of one panel, as they were told; `None` stands for a panel that names none."""

    def __init__(self, test_ns: int) -> None:
        self._test_ns = test_ns
        self._areas: dict[int | None, _Area] = {}
        self._tests: dict[tuple[int | None, int | None], int] = {}
        self._walked_until_ns: int | None = None  # at the latest: a test that the gateway keeps
        self.came_ns: int | None = None  # when somebody last disarmed

    def handle(self, observation: Observation, now_ns: int) -> bool:
        """Take what is said of areas; return whether somebody has come (disarmed)."""
        if observation.kind is Kind.TEST and observation.code == WALK_TEST:
            self._test(observation, now_ns)
            return False
        if observation.kind is Measure.WALK:
            begins = observation.state is State.ACTIVE
            self._walked_until_ns = now_ns + GATEWAYS_OWN_NS if begins else None
            return False
        armed = _armed(observation)
        if armed is None:
            return False
        whom = [observation.area]
        if observation.area is None:
            whom = [*self._areas] or [None]
        for area in whom:
            if len(self._areas) >= AREAS_MAX and area not in self._areas:
                continue
            entry = self._areas.setdefault(area, _Area())
            state = None if armed is State.DISARMED else armed
            if state != entry.armed:
                entry.armed, entry.since_ns = state, now_ns
        if armed is not State.DISARMED:
            self._tests.clear()  # whoever arms has finished
            return False
        self.came_ns = now_ns
        return True

    def _test(self, observation: Observation, now_ns: int) -> None:
        key = observation.area, observation.zone
        if observation.state is State.RESTORED:
            self._tests = {
                one: until
                for one, until in self._tests.items()
                if key[0] not in (None, one[0]) or key[1] not in (None, one[1])
            }
        elif observation.state is State.ACTIVE and len(self._tests) < AREAS_MAX:
            self._tests[key] = now_ns + self._test_ns

    def armed(self, area: int | None) -> State | None:
        """Return how an area is armed; None: not."""
        entry = self._areas.get(area) or self._areas.get(None)
        if entry is not None:
            return entry.armed
        if area is not None or not self._areas:
            return None
        states = {one.armed for one in self._areas.values()}  # a zone of no known area
        return next(iter(states)) if len(states) == 1 else None

    def since_ns(self, area: int | None) -> int:
        """Return since when an area is as it is."""
        entry = self._areas.get(area) or self._areas.get(None)
        return entry.since_ns if entry is not None else 0

    def in_test(self, area: int | None, zone: int, now_ns: int) -> bool:
        """Whether a zone is walk-tested now."""
        if self._walked_until_ns is not None and now_ns <= self._walked_until_ns:
            return True
        return any(
            now_ns <= until
            and (tested_area is None or area in (None, tested_area))
            and tested_zone in (None, zone)
            for (tested_area, tested_zone), until in self._tests.items()
        )


AREAS_MAX = 256
"""Areas and tests of one panel; the largest have 64 areas."""


def _armed(observation: Observation) -> State | None:
    """Return DISARMED, ARMED_AWAY or ARMED_STAY as an observation says; None: nothing of arming."""
    state = observation.state
    if observation.kind is Kind.AREA and state in _OF_AREA:
        return _OF_AREA[state]
    if observation.kind is Kind.OPEN_CLOSE:
        if state in (State.DISARMED, State.ACTIVE):
            return State.DISARMED
        if state in (State.ARMED, State.RESTORED):
            stay = observation.code in _STAY_CODES
            return State.ARMED_STAY if stay else State.ARMED_AWAY
    return None


_OF_AREA: dict[State | None, State] = {
    State.DISARMED: State.DISARMED,
    State.ARMED_AWAY: State.ARMED_AWAY,
    State.ARMED_STAY: State.ARMED_STAY,
}
