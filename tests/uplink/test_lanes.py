"""Memory is bounded, and what it drops is found in the source again."""

from dataclasses import replace

from edge_agent.uplink.lanes import (
    AWAITED_BYTES_MAX,
    FETCH_LOW_BYTES,
    LIVE_AGE_NS_MAX,
    LIVE_BYTES_MAX,
    LaneQueue,
    Waiting,
)
from tests.uplink.world import SECOND, make_event


def end_of_source(lane: LaneQueue) -> None:
    lane.reading()
    lane.fetched([], None)


def test_a_lane_starts_behind_until_the_source_was_read_to_its_end() -> None:
    lane = LaneQueue()
    assert lane.wants_more()
    lane.reading()
    lane.fetched([make_event(1)], "cursor")
    assert (lane.behind, lane.cursor) == (True, "cursor")
    lane.reading()
    lane.fetched([make_event(2)], None)
    assert (lane.behind, lane.cursor) == (False, None)


def test_live_events_beyond_the_bound_are_left_to_the_source() -> None:
    lane = LaneQueue()
    end_of_source(lane)
    count = LIVE_BYTES_MAX // 300
    for seq in range(count + 5):
        lane.offer(make_event(seq), SECOND)
        assert lane.live_bytes <= LIVE_BYTES_MAX
    assert len(lane.live) == count
    assert lane.wants_more()


def test_what_is_dropped_during_a_read_is_read_for_once_more() -> None:
    """The read may have passed the place already: its end proves nothing for what came later."""
    lane = LaneQueue()
    lane.reading()
    lane.miss()
    lane.fetched([], None)
    assert lane.wants_more()
    end_of_source(lane)
    assert not lane.wants_more()


def test_a_new_connection_keeps_fresh_live_events_only() -> None:
    lane = LaneQueue()
    end_of_source(lane)
    lane.offer(make_event(1), SECOND)
    lane.offer(make_event(2), 2 * SECOND)
    lane.fetched([make_event(3)], "cursor")
    lane.start_over(SECOND + LIVE_AGE_NS_MAX + 1)
    assert list(lane.live) == [make_event(2).key]
    assert not lane.backlog
    assert (lane.live_bytes, lane.backlog_bytes) == (300, 0)
    assert lane.behind
    assert lane.cursor is None


def test_what_was_in_flight_comes_back_ahead_of_later_events() -> None:
    lane, flown = LaneQueue(), LaneQueue()
    flown.offer(make_event(1), SECOND)
    lane.offer(make_event(2), SECOND)
    lane.give_back(list(flown.live.values()))
    assert [key[1] for key in lane.live] == [1, 2]


def test_the_source_is_read_on_before_the_last_portion_is_used_up() -> None:
    lane = LaneQueue()
    lane.reading()
    lane.fetched([make_event(seq) for seq in range(FETCH_LOW_BYTES // 300 + 1)], "cursor")
    assert not lane.wants_more()
    lane.take(make_event(0).key)
    lane.take(make_event(1).key)
    assert lane.wants_more()


def test_an_event_is_found_and_taken_wherever_it_waits() -> None:
    lane = LaneQueue()
    lane.offer(make_event(1), SECOND)
    lane.fetched([make_event(2)], None)
    live, read = lane.find(make_event(1).key), lane.find(make_event(2).key)
    assert live is not None
    assert live.live
    assert read is not None
    assert not read.live
    for seq in (1, 2, 3):
        lane.take(make_event(seq).key)
    assert (lane.live_bytes, lane.backlog_bytes) == (0, 0)


def test_what_a_panel_waits_for_never_gives_way_and_is_bounded() -> None:
    lane = LaneQueue()
    seq = 0
    while not lane.live_bytes or lane.live_bytes + 300 <= LIVE_BYTES_MAX:
        lane.offer(make_event(seq, 4, 300), SECOND)
        seq += 1
    lane.behind = False
    first = replace(make_event(10_000, 4, 300), awaited=True)
    lane.offer(first, SECOND)
    assert list(lane.awaited) == [first.key]
    assert not lane.behind
    lane.start_over(SECOND + LIVE_AGE_NS_MAX + 1)
    assert list(lane.awaited) == [first.key], "its panel waits all the same"
    assert not lane.live
    for more in range(20_000, 20_000 + 2 * AWAITED_BYTES_MAX // 300):
        lane.offer(replace(make_event(more, 4, 300), awaited=True), SECOND)
    assert lane.awaited_bytes <= AWAITED_BYTES_MAX
    assert lane.live, "beyond its bound it is like any other"
    lane.take(first.key)
    assert lane.find(first.key) is None
    lane.give_back([Waiting(first, SECOND)])
    assert lane.find(first.key) is not None
