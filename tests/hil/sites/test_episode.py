"""Labels: what an episode's actor tripped, what told of it, and who disarmed."""

from datetime import datetime
from typing import Any

from hil.sites.answers import answered
from hil.sites.episode import Group, label
from hil.sites.script import Scene
from hil.sites.stimulus import How
from hil.sites.world import play
from tests.hil.sites.scenes import DOOR, ENTRY_S, HALL, PLAN, ROOM, WINDOW, scene


def labelled(one: Scene) -> dict[str, Any]:
    heard = play(one, datetime.fromisoformat("2026-01-05T00:00:00+00:00"))
    return label(one.episodes[0], PLAN, heard)


def burglary(*trips: tuple[float, int], **traits: object) -> Scene:
    one = scene(**traits)
    one.arm(0, 1, How.REMOTE)
    episode = one.begin("sweep", Group.INTRUSION, trips[0][0], genuine=True)
    for t, zone in trips:
        one.hold(t, PLAN.zone(zone), 5, episode.id)
    one.speak(3000, kind="uplink", state="up")
    return one


def test_two_rooms_are_two_witnesses() -> None:
    found = labelled(burglary((100, WINDOW), (140, ROOM)))
    assert (found["raw_s"], found["second_s"], found["second_entry"]) == (100, 140, False)
    assert [trip["zone"] for trip in found["trips"]] == [WINDOW, ROOM]
    assert found["lines"] == [3, 4, 6, 7]


def test_a_delay_of_the_panel_is_in_what_was_heard() -> None:
    found = labelled(burglary((100, WINDOW), (140, ROOM), delay_s=1.0))
    assert (found["raw_s"], found["second_s"]) == (101, 141)


def test_a_report_held_for_an_abort_is_heard_when_it_is_sent() -> None:
    found = labelled(burglary((100, WINDOW), (190, ROOM), zone_lines=False, abort_s=30.0))
    assert (found["raw_s"], found["second_s"]) == (130, 220)


def test_without_alarm_events_a_way_in_is_an_alarm_when_its_delay_is_over() -> None:
    found = labelled(burglary((100, DOOR), (104, HALL), (140, ROOM), alarm_events=False))
    assert (found["raw_s"], found["second_s"], found["second_entry"]) == (None, 140, False)


def test_one_detector_again_is_no_second_witness() -> None:
    assert labelled(burglary((100, WINDOW), (140, WINDOW)))["second_s"] is None


def test_the_entry_route_counts_from_the_alarm_on() -> None:
    found = labelled(burglary((100, DOOR), (104, HALL)))
    assert [trip["entry"] for trip in found["trips"]] == [True, True]
    assert (found["second_s"], found["second_entry"]) == (100 + ENTRY_S, True)
    further = labelled(burglary((100, DOOR), (104, HALL), (160, ROOM)))
    assert (further["second_s"], further["second_entry"]) == (160, False)


def test_a_trip_that_no_line_tells_of_is_no_second_witness() -> None:
    quiet = burglary((100, WINDOW), (140, ROOM), zone_lines=False, first_alarm_only=True)
    found = labelled(quiet)
    assert found["second_s"] is None
    assert [trip["line"] is None for trip in found["trips"]] == [False, True]


def test_who_answers_an_alarm_is_not_its_actor_but_his_lines_are_its_lines() -> None:
    one = burglary((100, WINDOW))
    one.hold(400, PLAN.zone(ROOM), 5, answered(one.episodes[0]))
    found = labelled(one)
    assert [trip["zone"] for trip in found["trips"]] == [WINDOW]
    assert found["second_s"] is None
    assert len(found["lines"]) == 4


def test_only_a_known_user_disarms() -> None:
    for user, disarmed in ((2, 250), (77, None), (None, None)):
        one = burglary((100, WINDOW))
        one.disarm(250, user)
        assert labelled(one)["disarmed_s"] == disarmed


def test_an_episode_that_nobody_heard_has_no_lines() -> None:
    one = scene()
    one.hold(100, PLAN.zone(WINDOW), 5, one.begin("sweep", Group.INTRUSION, 100).id)
    found = labelled(one)
    assert (found["lines"], found["first_s"], found["trips"]) == ([], None, [])
    assert not found["alarmed"]


def test_a_way_in_that_ends_in_time_is_no_alarm() -> None:
    one = burglary((100, DOOR), (104, HALL))
    one.disarm(115, 2)
    assert not labelled(one)["alarmed"]
    assert labelled(burglary((100, DOOR)))["alarmed"]
