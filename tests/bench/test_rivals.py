"""The rules that the product is compared with, each on the trips that tell it from the others."""

from dataclasses import replace
from typing import Any

import pytest

from bench.rivals import RIVALS, verdicts
from hil.sites.timeline import Timeline
from tests.hil.sites.scenes import DOOR, HALL, PLAN, ROOM, WINDOW


def heard(*trips: tuple[float, int], disarmed: float | None = None) -> Timeline:
    lines: list[dict[str, Any]] = [
        {"t": t, "kind": "burglary", "state": "active", "zone": zone} for t, zone in trips
    ]
    numbers = list(range(2, len(lines) + 2))
    if disarmed is not None:
        lines.append({"t": disarmed, "kind": "area", "state": "disarmed", "area": 1, "user": 1})
    lines.sort(key=lambda line: float(line["t"]))
    return Timeline(1, 1, PLAN, "2026-01-05T00:00:00+00:00", lines, [], numbers)


def final(rule: str, timeline: Timeline) -> list[int]:
    last = {one["incident"]: one["tier"] for one in verdicts(timeline, RIVALS[rule])}
    return list(last.values())


ALL = ("raw", "cp01", "cross_zone", "bs8243", "bs8243_entry", "two_trips")


@pytest.mark.parametrize(
    ("trips", "tiers"),
    [
        ([(0, WINDOW)], (2, 2, 1, 1, 1, 1)),
        ([(0, WINDOW), (20, ROOM)], (2, 2, 2, 2, 2, 2)),
        ([(0, WINDOW), (600, ROOM)], (2, 2, 1, 2, 2, 2)),
        ([(0, WINDOW), (20, WINDOW)], (2, 2, 1, 1, 1, 2)),
        ([(0, HALL), (20, ROOM)], (2, 2, 2, 2, 2, 2)),
        ([(0, DOOR), (20, HALL)], (2, 2, 2, 2, 1, 2)),
    ],
)
def test_each_rule_on_an_incident(trips: list[tuple[float, int]], tiers: tuple[int, ...]) -> None:
    assert tuple(final(rule, heard(*trips))[0] for rule in ALL) == tiers
    assert set(ALL) == set(RIVALS)


@pytest.mark.parametrize(
    ("disarmed", "rules"),
    [
        (100, {"cp01", "cross_zone", "bs8243", "bs8243_entry"}),
        (250, {"cp01", "cross_zone"}),
        (400, set()),
    ],
)
def test_how_long_a_code_takes_an_alarm_back(disarmed: float, rules: set[str]) -> None:
    timeline = heard((0, WINDOW), disarmed=disarmed)
    back = {rule for rule in RIVALS if final(rule, timeline) == [0]}
    assert back - {"two_trips"} == rules


def test_trips_far_apart_are_two_incidents() -> None:
    assert final("raw", heard((0, WINDOW), (4000, ROOM))) == [2, 2]


def test_an_opening_within_the_entry_delay_is_no_alarm_to_confirm_another() -> None:
    timeline = replace(heard((0, DOOR), (20, HALL), (60, ROOM)), entries=frozenset({2, 3}))
    assert final("bs8243", timeline) == [1]
    assert final("cross_zone", timeline) == [2]
