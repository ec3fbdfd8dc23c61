"""What is proven: only news is reported, unknown comes first, and nothing ends without a proof."""

from dataclasses import replace

from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.proven import POINTS_MAX, Proven
from edge_agent.domain.signal import Signal


def zone(number: int, state: State) -> Signal:
    return Signal(kind=Kind.ZONE, state=state, zone=number, frame=b"map")


def alarm(number: int, state: State = State.ACTIVE, frame: bytes = b"event") -> Signal:
    return Signal(kind=Kind.BURGLARY, code="130", state=state, zone=number, area=1, frame=frame)


def told(signals: tuple[Signal, ...]) -> list[tuple[Kind, int | None, State, Origin]]:
    return [(s.kind, s.zone, s.state, s.origin) for s in signals]


OPEN1 = (Kind.ZONE, 1, State.OPEN)
CLOSED1 = (Kind.ZONE, 1, State.CLOSED)


def test_a_point_is_said_when_it_is_first_proven_and_when_it_changes() -> None:
    proven = Proven()
    assert proven.state(Kind.ZONE, 1) is None
    closed, opened = zone(1, State.CLOSED), zone(1, State.OPEN)
    assert told(proven.map("0", [closed], b"map")) == [(*CLOSED1, Origin.AT_START)]
    assert proven.map("0", [closed], b"map") == ()
    assert told(proven.map("0", [opened], b"map")) == [(*OPEN1, Origin.LIVE)]
    assert proven.state(Kind.ZONE, 1) is State.OPEN
    assert told(proven.heard([opened])) == [(*OPEN1, Origin.LIVE)], "a panel's own word is news"
    assert told(proven.heard([closed])) == [(*CLOSED1, Origin.LIVE)]
    assert proven.map("0", [closed], b"map") == (), "known by its event"
    proven.forget()
    assert told(proven.map("0", [closed], b"map")) == [(*CLOSED1, Origin.AT_START)]


def test_areas_zones_and_accounts_are_told_apart() -> None:
    proven = Proven()
    area = Signal(kind=Kind.AREA, state=State.DISARMED, area=1)
    other = Signal(kind=Kind.PANEL, state=State.ONLINE, account="1")
    news = proven.map("x", [area, zone(1, State.CLOSED), other], b"map")
    assert len(news) == 3
    assert proven.state(Kind.AREA, 1) is State.DISARMED
    with_area = Signal(kind=Kind.ZONE, state=State.CLOSED, zone=1, area=2)
    assert proven.map("x", [with_area], b"map") == (), "a zone is known by its number"


def test_what_stands_at_link_up_is_an_event_of_then_and_what_is_missed_one_of_now() -> None:
    proven = Proven()
    first = proven.map("5", [alarm(3)], b"map")
    assert told(first) == [(Kind.BURGLARY, 3, State.ACTIVE, Origin.AT_START)]
    assert proven.map("5", [alarm(3)], b"map") == ()
    missed = proven.map("5", [alarm(3), alarm(4)], b"map")
    assert told(missed) == [(Kind.BURGLARY, 4, State.ACTIVE, Origin.LIVE)]


def test_what_an_event_told_is_not_told_again_by_a_map() -> None:
    proven = Proven()
    proven.map("5", [], b"map")
    proven.heard([alarm(3)])
    assert proven.map("5", [alarm(3)], b"map") == ()


def test_an_end_that_was_missed_is_told_by_the_map_that_proves_it_and_says_no_more() -> None:
    proven = Proven()
    proven.heard([alarm(3)])
    proven.map("5", [replace(alarm(3), area=None)], b"map")
    (ended,) = proven.map("5", [], b"empty map")
    assert ended == Signal(
        kind=Kind.BURGLARY, code="130", state=State.RESTORED, zone=3, frame=b"empty map"
    )
    assert proven.map("5", [], b"empty map") == ()


def test_an_end_that_was_heard_is_not_told_again() -> None:
    proven = Proven()
    proven.map("5", [alarm(3)], b"map")
    proven.heard([alarm(3, State.RESTORED)])
    assert proven.map("5", [], b"map") == ()


def test_a_map_that_never_showed_an_event_does_not_end_it() -> None:
    proven = Proven()
    proven.heard([alarm(3)])
    assert proven.map("5", [], b"map") == ()
    assert proven.map("6", [], b"map") == ()


def test_maps_do_not_end_what_another_map_shows() -> None:
    proven = Proven()
    proven.map("5", [alarm(3)], b"map")
    proven.map("25", [alarm(20)], b"map")
    assert proven.map("25", [alarm(20)], b"map") == ()
    (ended,) = proven.map("25", [], b"map")
    assert ended.zone == 20


def test_a_panel_that_names_points_without_end_does_not_fill_the_memory() -> None:
    proven = Proven()
    signals = [zone(number, State.OPEN) for number in range(1, POINTS_MAX + 100)]
    assert len(proven.map("0", signals, b"map")) == len(signals), "each is said"
    assert proven.state(Kind.ZONE, POINTS_MAX) is State.OPEN
    assert proven.state(Kind.ZONE, POINTS_MAX + 50) is None


def seeded() -> Proven:
    proven = Proven()
    proven.forget([alarm(3), alarm(20)])
    return proven


def small(signal: Signal) -> bool:
    return signal.zone is not None and signal.zone <= 16


def test_what_is_in_the_journal_already_is_not_said_again() -> None:
    proven = seeded()
    assert proven.map("5", [alarm(3)], b"map", small) == ()
    assert {signal.zone for signal in proven.standing} == {3, 20}


def test_what_ended_while_nobody_listened_is_ended_by_the_map_that_covers_it() -> None:
    proven = seeded()
    assert proven.map("6", [], b"other") == (), "a map that is not about it"
    (ended,) = proven.map("5", [], b"map", small)
    assert (ended.zone, ended.state, ended.frame) == (3, State.RESTORED, b"map")
    assert [signal.zone for signal in proven.standing] == [20]
    assert proven.map("5", [], b"map", small) == ()


def test_what_was_shown_once_since_is_proven_and_ends_as_everything_does() -> None:
    proven = seeded()
    proven.map("5", [alarm(3)], b"map", small)
    (ended,) = proven.map("5", [], b"map", small)
    assert ended.zone == 3


def test_what_happens_after_the_link_is_up_is_not_ended_by_a_map_that_never_showed_it() -> None:
    proven = seeded()
    proven.heard([alarm(7)])
    assert [signal.zone for signal in proven.map("5", [], b"map", small)] == [3]
    assert {signal.zone for signal in proven.standing} == {7, 20}


def test_an_absence_keeps_what_is_in_the_journal() -> None:
    proven = seeded()
    proven.heard([alarm(7)])
    proven.forget(proven.standing)
    assert {signal.zone for signal in proven.standing} == {3, 7, 20}
    assert [signal.zone for signal in proven.map("5", [alarm(7)], b"map", small)] == [3]


def test_a_map_that_says_the_area_ends_the_event_of_that_area_alone() -> None:
    proven = Proven()
    here, there = replace(alarm(3), area=1), replace(alarm(3), area=2)
    assert len(proven.map("loops", [here, there], b"map")) == 2
    assert proven.stands(here)
    (ended,) = proven.map("loops", [there], b"map")
    assert (ended.area, ended.zone, ended.state) == (1, 3, State.RESTORED)
    assert not proven.stands(here)
    assert proven.stands(there)
    (ended,) = proven.map("loops", [], b"map")
    assert ended.area == 2


def test_of_two_areas_the_right_one_ends_though_the_map_says_none() -> None:
    """Without its area the end of the one would be the end of both."""
    proven = Proven()
    here, there = replace(alarm(3), area=1), replace(alarm(3), area=2)
    proven.forget([here, there])
    (ended,) = proven.map("x", [there], b"map", small)
    assert (ended.area, ended.zone) == (1, 3)
    (ended,) = proven.map("x", [], b"map", small)
    assert (ended.area, ended.zone) == (2, 3), "the map said it"
