"""Retention: what may go, what stays whatever presses, and what is said about it.

Seen to fail: where what is old enough goes, whoever still waits for it.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.journal.retention import Oldest, Remove, Retention, Stuck, Why
from edge_agent.journal.space import Room

DAY = 86_400 * 10**9
EASY, TIGHT, FULL = Room(), Room(level=70), Room(level=85)


def retention() -> Retention:
    return Retention(180 * DAY, 14 * DAY)


def oldest(days: float | None, *, receipted: bool = True, number: int = 1) -> Oldest:
    return Oldest(number, receipted, None if days is None else int(days * DAY))


@pytest.mark.parametrize(
    ("segment", "room", "expected"),
    [
        (oldest(180), EASY, Remove(1, Why.AGE)),
        (oldest(179.9), EASY, None),
        (oldest(179.9), TIGHT, None),
        (oldest(179.9), FULL, Remove(1, Why.SPACE)),
        (oldest(14), FULL, Remove(1, Why.SPACE)),
        (oldest(13.9), FULL, Stuck(Why.YOUNG)),
        (oldest(1000, receipted=False), EASY, None),
        (oldest(1000, receipted=False), FULL, Stuck(Why.UNRECEIPTED)),
        (oldest(None), EASY, None),
        (oldest(None), FULL, Stuck(Why.UNDATED)),
        (oldest(200), None, Remove(1, Why.AGE)),
        (oldest(100), None, None),
        (None, EASY, None),
        (None, FULL, None),
    ],
)
def test_what_becomes_of_the_oldest(
    segment: Oldest | None, room: Room | None, expected: object
) -> None:
    assert retention().handle(segment, room) == expected


def test_once_space_presses_it_goes_on_until_there_is_room() -> None:
    keeper = retention()
    assert keeper.handle(oldest(20), TIGHT) is None
    assert keeper.handle(oldest(20), FULL) == Remove(1, Why.SPACE)
    assert keeper.handle(oldest(20, number=2), TIGHT) == Remove(2, Why.SPACE)
    assert keeper.handle(oldest(20, number=3), EASY) is None
    assert keeper.handle(oldest(20, number=3), TIGHT) is None


def test_why_nothing_can_be_removed_is_said_once() -> None:
    keeper = retention()
    assert keeper.handle(oldest(1), FULL) == Stuck(Why.YOUNG)
    assert keeper.handle(oldest(1), FULL) is None
    assert keeper.handle(oldest(1, receipted=False), FULL) == Stuck(Why.UNRECEIPTED)
    assert keeper.handle(oldest(1, receipted=False), EASY) is None
    assert keeper.handle(oldest(1, receipted=False), FULL) == Stuck(Why.UNRECEIPTED)


def test_a_keep_time_shorter_than_the_shortest_counts_itself() -> None:
    keeper = Retention(2 * DAY, 14 * DAY)
    assert keeper.handle(oldest(2), FULL) == Remove(1, Why.AGE)
    assert keeper.handle(oldest(1.9), FULL) == Stuck(Why.YOUNG)


facts = st.builds(
    Oldest, st.integers(1, 9), st.booleans(), st.none() | st.integers(0, 400).map(lambda n: n * DAY)
)
rooms = st.none() | st.sampled_from([EASY, TIGHT, FULL, Room(level=95)])


@given(st.lists(st.tuples(facts, rooms), max_size=20))
def test_nothing_unreceipted_young_or_undated_is_ever_removed(
    looks: list[tuple[Oldest, Room | None]],
) -> None:
    keeper = retention()
    for segment, room in looks:
        if isinstance(done := keeper.handle(segment, room), Remove):
            assert done.number == segment.number
            assert segment.receipted
            assert segment.age_ns is not None
            assert segment.age_ns >= 14 * DAY
            assert segment.age_ns >= 180 * DAY or done.why is Why.SPACE
