"""People in a building, and the kinds of burglars."""

from random import Random

import pytest

from hil.sites.building import draw_plan
from hil.sites.days import QUIET_S, Presence, Stretch, arrive, draw_calendar, leave
from hil.sites.intruders import INTRUDERS, burgle
from hil.sites.plan import DAY_S
from hil.sites.script import Scene, Walker
from hil.sites.stimulus import Trip
from hil.sites.traits import draw_traits
from tests.hil.sites.scenes import DOOR, EXIT_S, HALL, ROOM, heard, scene


def test_a_walker_is_seen_where_he_goes() -> None:
    one = scene()
    who = Walker(one, 0.0, None)
    who.seen()
    who.way(1)
    zones = {what.zone for _, _, _, what in one.happenings if isinstance(what, Trip)}
    assert zones <= {HALL, ROOM}
    assert 3.0 < who.t < 6.0
    assert who.room == 1


def test_two_who_hold_one_detector_open_it_once() -> None:
    one = scene()
    door = one.plan.zone(DOOR)
    one.hold(10, door, 10)
    one.hold(15, door, 10)
    assert heard(one) == ["10 zone open 1", "25 zone closed 1"]


def test_an_ordinary_day_begins_and_ends_without_an_alarm() -> None:
    for seed in range(40):
        one = scene()
        one.rng.seed(seed)
        presence = Presence(1000, 9000, 1, 2)
        one.arm(0, 1)
        arrive(one, presence)
        leave(one, presence)
        one.speak(9000 + EXIT_S + 60, kind="uplink", state="up")
        said = heard(one)
        assert not [line for line in said if "burglary" in line]
        assert said[-2].endswith("armed_away")


@pytest.mark.parametrize("kind", sorted(INTRUDERS))
def test_every_kind_of_burglar_is_heard_nearly_always(kind: str) -> None:
    unheard = 0
    for seed in range(20):
        rng = Random(f"{kind}{seed}")
        one = Scene(draw_plan(rng, seed), draw_traits(rng), rng, 2)
        one.arm(0, 1)
        episode = burgle(one, Stretch(2 * 3600.0, 12 * 3600.0), kind)
        assert episode.genuine
        assert 2 * 3600.0 <= episode.start <= episode.end
        unheard += not [line for line in heard(one) if " open " in line or "burglary" in line]
    assert unheard <= 3


def test_the_calendar_leaves_quiet_around_the_nights() -> None:
    for seed in range(30):
        rng = Random(seed)
        one = Scene(draw_plan(rng, seed), draw_traits(rng), rng, 14)
        calendar = draw_calendar(one, seed % 7)
        assert calendar.nights
        edges = [t for p in calendar.presences for t in (p.start, p.end)]
        for night in calendar.nights:
            assert night.end > night.start
            assert all(not night.start - QUIET_S + 1 < t < night.end + QUIET_S - 1 for t in edges)
            assert night.end <= 14 * DAY_S
