"""Failover at once, pauses between rounds, and each change of a path told once."""

from edge_agent.uplink.messages import Action, Connect, Disconnect, PathBack, PathFault
from edge_agent.uplink.paths import (
    PAUSE_NS_MAX,
    PAUSE_NS_MIN,
    RETURN_NS_MAX,
    STAYED_UP_NS,
    Paths,
    Phase,
)
from tests.uplink.world import SECOND

LATE = 10 * SECOND


def fail(paths: Paths, now: int, jitter: float = 1.0) -> list[Action]:
    return paths.lost(paths.attempt, "cut", jitter, now)


def test_the_next_path_follows_at_once_and_a_round_ends_in_a_pause() -> None:
    paths = Paths(2)
    assert paths.start() == [Connect(0, 1)]
    assert fail(paths, LATE) == [PathFault(0, "cut"), Connect(1, 2)]
    assert fail(paths, LATE) == [PathFault(1, "cut")]
    assert paths.deadline_ns() == LATE + PAUSE_NS_MIN
    assert paths.tick(LATE + PAUSE_NS_MIN - 1) == []
    assert paths.tick(LATE + PAUSE_NS_MIN) == [Connect(0, 3)]


def test_a_fault_is_told_once_and_its_end_with_the_first_receipt() -> None:
    paths = Paths(1)
    paths.start()
    assert fail(paths, 0) == [PathFault(0, "cut")]
    paths.tick(LATE)
    assert fail(paths, LATE) == []
    paths.tick(2 * LATE)
    assert paths.connected(paths.attempt, 2 * LATE)
    assert paths.told == [False], "a broker that answers is no center"
    assert paths.proved() == [PathBack(0)]
    assert paths.proved() == []


def test_pauses_double_up_to_half_a_minute_and_never_start_in_step() -> None:
    paths = Paths(1)
    paths.start()
    now, pauses = 0, []
    for _ in range(8):
        fail(paths, now)
        pauses.append((paths.deadline_ns() or 0) - now)
        now += pauses[-1]
        paths.tick(now)
    assert pauses[:3] == [PAUSE_NS_MIN, 2 * PAUSE_NS_MIN, 4 * PAUSE_NS_MIN]
    assert pauses[-1] == PAUSE_NS_MAX
    fail(paths, now, jitter=0.0)
    assert paths.deadline_ns() == now + PAUSE_NS_MAX // 2


def test_only_a_link_that_stayed_up_resets_the_pause() -> None:
    paths = Paths(1)
    paths.start()
    fail(paths, 0)
    paths.tick(SECOND)
    paths.connected(paths.attempt, SECOND)
    fail(paths, SECOND + STAYED_UP_NS - 1)
    assert paths.deadline_ns() == SECOND + STAYED_UP_NS - 1 + 2 * PAUSE_NS_MIN
    paths.tick(LATE * 9)
    paths.connected(paths.attempt, LATE * 9)
    end = LATE * 9 + STAYED_UP_NS
    fail(paths, end)
    assert paths.deadline_ns() == end + RETURN_NS_MAX
    paths.tick(end + RETURN_NS_MAX)
    fail(paths, end + RETURN_NS_MAX)
    assert paths.deadline_ns() == end + RETURN_NS_MAX + PAUSE_NS_MIN


def test_a_stall_gives_the_connection_up_for_the_next_path() -> None:
    paths = Paths(2)
    paths.start()
    paths.connected(1, 0)
    assert paths.stalled("silence", 0.0, LATE) == [
        Disconnect(0, 1, "silence"),
        PathFault(0, "silence"),
    ]
    assert paths.tick(LATE) == [Connect(1, 2)]


def test_news_of_an_attempt_that_was_given_up_is_ignored() -> None:
    paths = Paths(2)
    paths.start()
    fail(paths, 0)
    assert not paths.connected(1, 0)
    assert paths.lost(1, "late", 0.0, 0) == []
    assert paths.phase is Phase.DIALLING
    fail(paths, 0)
    assert paths.lost(paths.attempt, "again", 0.0, 0) == []
    assert not paths.connected(paths.attempt, 0)
    assert paths.proved() == []
