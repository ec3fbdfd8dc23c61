"""Floor plans: who is a witness beside whom, and how much the configuration tells."""

import tomllib
from dataclasses import replace
from random import Random

import pytest

from hil.sites.building import ZONES_MAX, draw_plan
from hil.sites.plan import Detail, Zone, days_text, independent, to_toml
from hil.sites.script import path
from tests.hil.sites.scenes import DOOR, HALL, PLAN, ROOM, WINDOW

PIR = Zone(1, 1, "a", "interior", "pir", 3)


@pytest.mark.parametrize(
    ("other", "two_witnesses"),
    [
        (replace(PIR, number=2, room=4), True),
        (replace(PIR, number=2), False),  # the same technology over the same space
        (replace(PIR, number=2, technology="dual"), True),
        (replace(PIR, number=2, room=4, outdoors=True), False),
        (PIR, False),
    ],
)
def test_independence_of_movement_detectors(other: Zone, two_witnesses: bool) -> None:
    assert independent(PIR, other) is two_witnesses
    assert independent(other, PIR) is two_witnesses


def test_two_contacts_on_one_door_are_one_witness() -> None:
    leaf = Zone(1, 1, "leaf", "entry_exit", "contact", 0, opening=7)
    assert not independent(leaf, replace(leaf, number=2))
    assert independent(leaf, replace(leaf, number=2, opening=8))


def test_the_configuration_in_full() -> None:
    site = tomllib.loads(to_toml(PLAN))
    door = site["zone"][DOOR - 1]
    assert door["near"] == [
        {"zone": HALL, "walk_s": 1.0},
        {"zone": ROOM, "walk_s": 4.0},
        {"zone": WINDOW, "walk_s": 4.0},
    ]
    assert door["bus"] == "b1"
    assert site["user"][0] == {"panel": "p1", "user": 1, "role": "keyholder"}


def test_the_configuration_in_part_and_by_numbers_only() -> None:
    part = tomllib.loads(to_toml(replace(PLAN, detail=Detail.PART)))
    assert part["zone"][0].keys() == {"panel", "zone", "area", "name", "type", "technology"}
    numbers = tomllib.loads(to_toml(replace(PLAN, detail=Detail.NUMBERS)))
    assert numbers["zone"][0] == {"panel": "p1", "zone": 1, "area": 1}
    assert "user" not in numbers


@pytest.mark.parametrize(
    ("days", "text"),
    [({0, 1, 2, 3, 4}, "Mon-Fri"), ({5, 6}, "Sat,Sun"), ({0, 2, 4}, "Mon,Wed,Fri")],
)
def test_weekdays_are_written_as_a_range_where_they_are_one(days: set[int], text: str) -> None:
    assert days_text(frozenset(days)) == text


def test_buildings_are_whole() -> None:
    for seed in range(200):
        plan = draw_plan(Random(seed), seed)
        mine = [zone for zone in plan.zones if zone.panel == "p1"]
        assert 3 <= len(mine) <= ZONES_MAX
        assert mine[0].type == "entry_exit"
        assert all(path(plan, 0, room)[-1] == room for room in plan.rooms() if room)
        assert all((zone.bus is None) is zone.wireless for zone in mine)
