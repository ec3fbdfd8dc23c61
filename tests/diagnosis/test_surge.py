"""A surge is told from people: by who should be there, by the plan, by how busy the hour is."""

import random

from edge_agent.diagnosis.measures import HOUR_NS, S
from edge_agent.diagnosis.surge import Surge, SurgeLimits, Tripped


def strike(surge: Surge, zones: range, now_ns: int, *, armed: bool) -> frozenset[int]:
    struck: frozenset[int] = frozenset()
    for step, zone in enumerate(zones):
        at_ns = now_ns + step * S // 5
        struck = struck or surge.handle(Tripped(at_ns, zone, armed, lost=False))
    return struck


def test_three_zones_that_nobody_can_have_walked_were_struck() -> None:
    assert strike(Surge(SurgeLimits(), lambda a, b: 6.0), range(1, 4), 0, armed=True)


def test_a_burglar_who_trips_what_sees_one_door_was_not() -> None:
    assert not strike(Surge(SurgeLimits(), lambda a, b: 0.0), range(1, 6), 0, armed=True)


def test_without_a_plan_it_takes_four() -> None:
    assert not strike(Surge(SurgeLimits(), lambda a, b: None), range(1, 4), 0, armed=True)
    assert strike(Surge(SurgeLimits(), lambda a, b: None), range(1, 5), 0, armed=True)


def test_in_a_quiet_hour_by_day_it_is_told_and_in_a_busy_one_it_is_not() -> None:
    surge = Surge(SurgeLimits(), lambda a, b: 8.0)
    assert strike(surge, range(1, 5), HOUR_NS, armed=False)
    rng, busy = random.Random(2), Surge(SurgeLimits(), lambda a, b: 8.0)
    told = 0
    now_ns = 0
    for _ in range(20_000):
        now_ns += int(rng.expovariate(1 / 4) * S)
        told += bool(busy.handle(Tripped(now_ns, rng.randint(1, 9), armed=False, lost=False)))
    assert told == 0


def test_lost_zones_count_by_day_too() -> None:
    surge = Surge(SurgeLimits(), lambda a, b: 8.0)
    struck = [surge.handle(Tripped(zone, zone, armed=False, lost=True)) for zone in (1, 2, 3)]
    assert struck[-1] == {1, 2, 3}
