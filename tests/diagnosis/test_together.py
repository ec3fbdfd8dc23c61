"""What shares a bus fails together, and is told together."""

from edge_agent.diagnosis.measures import DAY_NS, HOUR_NS, S
from edge_agent.diagnosis.together import Together, TogetherLimits


def group(size: int = 6) -> Together:
    return Together(TogetherLimits(), size)


def test_most_zones_lost_within_seconds_are_the_bus() -> None:
    bus = group()
    assert bus.lost(1, 0) == bus.lost(2, S) == []
    assert [one.rule for one in bus.lost(3, 2 * S)] == ["bus.lost"]
    assert bus.failing
    assert bus.back(1) == bus.back(2) == []
    assert [one.holds for one in bus.back(3)] == [False]


def test_zones_lost_one_by_one_are_their_own() -> None:
    bus = group()
    assert all(bus.lost(zone, zone * HOUR_NS) == [] for zone in range(1, 7))


def test_a_third_of_a_large_bus_is_not_the_bus() -> None:
    bus = group(12)
    assert all(bus.lost(zone, zone) == [] for zone in range(1, 5))


def test_loops_that_move_together_are_an_earth_fault_until_they_are_back() -> None:
    bus = group()
    assert bus.shifted(1, -0.08, -0.08, 0) == bus.shifted(2, -0.07, -0.07, HOUR_NS) == []
    assert bus.shifted(3, 0.07, 0.07, HOUR_NS) == []  # the other way: not of this leak
    assert [one.rule for one in bus.shifted(4, -0.06, -0.06, 2 * HOUR_NS)] == ["earth.shift"]
    for zone in (1, 2, 3):
        assert bus.shifted(zone, 0.0, 0.0, DAY_NS) == []
    assert [one.holds for one in bus.shifted(4, 0.0, 0.001, DAY_NS)] == [False]


def test_loops_that_move_on_different_days_are_their_own() -> None:
    bus = group()
    assert all(bus.shifted(zone, -0.08, -0.08, zone * DAY_NS) == [] for zone in range(1, 6))


def test_the_panels_own_word_counts() -> None:
    bus = group()
    assert [one.rule for one in bus.told_bus(True, "code 333")] == ["bus.lost"]
    assert [one.rule for one in bus.told_earth(True, "code 310")] == ["earth.shift"]
