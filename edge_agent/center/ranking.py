"""Open incidents in the order of what is at stake: kept so, since there may be very many."""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from edge_agent.center.incidents import Incident, Name

LIFE_TIER, PROPERTY_TIER = 4, 3


class Rank(NamedTuple):
    """Sorts incidents: life and fire, then by tier; the untouched first, the longest waiting."""

    place: int
    lowness: int  # the tier, turned round
    touched: bool
    waits_since_ms: int


class Kind(NamedTuple):
    """What incidents are counted by."""

    tier: int
    is_fire: bool


def rank(one: Incident) -> Rank:
    """Return the place of an incident among others, the lowest first."""
    touched = one.touched
    since_ms = one.grave_ms if touched is None else touched.time_ms
    return Rank(0 if is_first(one) else 1, -one.verdict.tier, touched is not None, since_ms)


def is_first(one: Incident) -> bool:
    """Whether nothing else may hide it: life and fire."""
    return one.verdict.tier >= LIFE_TIER or (one.is_fire and one.verdict.tier > 0)


class Ranking:
    """The open ones of the incidents that were put in; `put` again what has changed."""

    def __init__(self, known: Iterable[Incident] = ()) -> None:
        self._order: list[tuple[Rank, Name]] = []
        self._found: dict[Name, tuple[Rank, Kind, Incident]] = {}
        self._kinds: Counter[Kind] = Counter()
        for one in known:
            self.put(one)

    def __len__(self) -> int:
        return len(self._order)

    def put(self, one: Incident) -> None:
        """Take an incident as it is now; one that is not open is left out."""
        name = one.gateway, one.place
        known = self._found.pop(name, None)
        if known is not None:
            del self._order[bisect_left(self._order, (known[0], name))]
            self._kinds[known[1]] -= 1
        if one.is_open:
            place, kind = rank(one), Kind(one.verdict.tier, one.is_fire)
            insort(self._order, (place, name))
            self._kinds[kind] += 1
            self._found[name] = place, kind, one

    def top(self, count: int) -> list[Incident]:
        """Return the first so many."""
        return [self._found[name][2] for _, name in self._order[:count]]

    @property
    def firsts(self) -> int:
        """How many nothing else may hide."""
        return self._before(Rank(1, -LIFE_TIER - 1, False, 0))

    @property
    def kinds(self) -> list[tuple[Kind, int]]:
        """How many there are of each kind, in the order of what is at stake."""
        counted = [(kind, count) for kind, count in self._kinds.items() if count]
        return sorted(counted, key=lambda one: (not _is_first(one[0]), -one[0].tier))

    @property
    def waits_since_ms(self) -> int | None:
        """Since when the longest waiting of those that somebody is needed for is untouched (Unix
        time in ms), None where none is."""
        since = []
        for kind, _ in self.kinds:
            at = self._before(Rank(0 if _is_first(kind) else 1, -kind.tier, False, 0))
            place = self._order[at][0]
            if kind.tier and not place.touched:
                since.append(place.waits_since_ms)
        return min(since, default=None)

    def _before(self, place: Rank) -> int:
        return bisect_left(self._order, place, key=lambda one: one[0])


def _is_first(kind: Kind) -> bool:
    return kind.tier >= LIFE_TIER or (kind.is_fire and kind.tier > 0)
