"""Failover at once, pauses between rounds, rivals beside a doubted connection, each change once.

Seen to fail: without `_tried` a failed path is dialled again before the next; a rival that tells
silence at once makes a fault of every pause of the process; a return that drops the connection
before it loses what is under way (the outbox's tests).
"""

from edge_agent.uplink.messages import Action, Connect, Disconnect, PathBack, PathFault, Use
from edge_agent.uplink.paths import (
    DIAL_NS,
    DIAL_NS_MAX,
    LEAVING_NS_MAX,
    PAUSE_NS_MAX,
    PAUSE_NS_MIN,
    RETURN_NS_MAX,
    STAYED_UP_NS,
    Joined,
    Paths,
    Phase,
    Why,
)
from tests.uplink.world import SECOND

LATE = 10 * SECOND


def fail(paths: Paths, now: int, jitter: float = 1.0) -> list[Action]:
    return paths.lost(paths.attempt, "cut", jitter, now)


def make_up(count: int, path: int = 0) -> Paths:
    """Paths that are up since 0 over `path`; those before it have failed."""
    paths = Paths(count)
    paths.start()
    for _ in range(path):
        fail(paths, 0)
    paths.connected(paths.attempt, 0)
    return paths


def test_the_next_path_follows_at_once_and_a_round_ends_in_a_pause() -> None:
    paths = Paths(2)
    assert paths.start() == [Connect(0, 1, DIAL_NS)]
    assert fail(paths, LATE) == [PathFault(0, "cut"), Connect(1, 2, DIAL_NS)]
    assert fail(paths, LATE) == [PathFault(1, "cut")]
    assert paths.deadline_ns() == LATE + PAUSE_NS_MIN
    assert paths.tick(LATE + PAUSE_NS_MIN - 1) == []
    assert paths.tick(LATE + PAUSE_NS_MIN) == [Connect(0, 3, 2 * DIAL_NS)]


def test_a_fault_is_told_once_and_its_end_with_the_first_receipt() -> None:
    paths = Paths(1)
    paths.start()
    assert fail(paths, 0) == [PathFault(0, "cut")]
    paths.tick(LATE)
    assert fail(paths, LATE) == []
    paths.tick(2 * LATE)
    assert paths.connected(paths.attempt, 2 * LATE) == (Joined.ANEW, [Use(3)])
    assert paths.ways[0].good is False, "a broker that answers is no center"
    assert paths.proved(3 * LATE) == [PathBack(0)]
    assert paths.proved(3 * LATE) == []
    assert (paths.ways[0].good, paths.ways[0].since_ns, paths.ways[0].reason) == (
        True,
        3 * LATE,
        "",
    )


def test_pauses_double_up_to_half_a_minute_and_never_start_in_step() -> None:
    paths = Paths(1)
    paths.start()
    now, pauses, patience = 0, [], []
    for _ in range(8):
        fail(paths, now)
        pauses.append((paths.deadline_ns() or 0) - now)
        now += pauses[-1]
        [dialled] = paths.tick(now)
        assert isinstance(dialled, Connect)
        patience.append(dialled.patience_ns)
    assert pauses[:3] == [PAUSE_NS_MIN, 2 * PAUSE_NS_MIN, 4 * PAUSE_NS_MIN]
    assert pauses[-1] == PAUSE_NS_MAX
    assert patience[-1] == DIAL_NS_MAX, "a bad link is given more time each round"
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


def test_a_path_known_to_fail_is_tried_last() -> None:
    paths = make_up(3)
    paths.tell_fault(1, "seen by the watch", 0)
    assert fail(paths, LATE) == [PathFault(0, "cut"), Connect(2, 2, DIAL_NS)]
    assert fail(paths, LATE) == [PathFault(2, "cut"), Connect(1, 3, DIAL_NS)]


def test_a_silent_connection_is_given_up_when_another_one_answers() -> None:
    paths = make_up(2)
    assert paths.doubt(Why.SILENT, "silence", LATE) == [Connect(1, 2, DIAL_NS)]
    assert paths.phase is Phase.UP, "it carries on meanwhile"
    joined, actions = paths.connected(2, LATE)
    assert joined is Joined.ANEW
    assert actions == [PathFault(0, "silence"), Use(2), Disconnect(0, 1, "silence")]
    assert paths.path == 1
    assert paths.lost(1, "late", 0.0, LATE) == []


def test_a_connection_that_answers_again_stays_and_no_fault_is_told() -> None:
    paths = make_up(2)
    paths.doubt(Why.SILENT, "silence", LATE)
    assert paths.withdraw("it answers") == [Disconnect(1, 2, "it answers")]
    assert paths.connected(2, LATE) == (Joined.NOT, [])
    assert paths.ways[0].good is None


def test_silence_on_every_path_ends_in_a_pause_like_any_round() -> None:
    paths = make_up(2)
    paths.doubt(Why.SILENT, "silence", LATE)
    actions = paths.lost(2, "late", 1.0, LATE)
    assert actions == [Disconnect(0, 1, "silence"), PathFault(1, "late"), PathFault(0, "silence")]
    assert paths.phase is Phase.WAITING
    assert paths.deadline_ns() == LATE + PAUSE_NS_MIN


def test_the_only_path_is_made_anew_beside_a_silent_connection() -> None:
    paths = make_up(1)
    assert paths.doubt(Why.SILENT, "silence", LATE) == [Connect(0, 2, 2 * DIAL_NS)]
    joined, actions = paths.connected(2, LATE)
    assert joined is Joined.ANEW
    assert actions == [PathFault(0, "silence"), Use(2), Disconnect(0, 1, "silence")]


def test_a_stalled_center_is_told_at_once_and_its_broker_is_kept_for_want_of_a_better() -> None:
    paths = make_up(2)
    assert paths.doubt(Why.STALLED, "stall", LATE) == [
        PathFault(0, "stall"),
        Connect(1, 2, DIAL_NS),
    ]
    assert paths.lost(2, "refused", 1.0, LATE) == [PathFault(1, "refused")]
    assert paths.phase is Phase.UP
    paths.doubt(Why.STALLED, "stall", LATE)
    back = paths.proved(LATE)
    assert back == [Disconnect(1, 3, "the center receipts again"), PathBack(0)]


def test_a_break_while_a_rival_is_made_leaves_the_rival() -> None:
    paths = make_up(2)
    paths.doubt(Why.SILENT, "silence", LATE)
    assert fail(paths, LATE) == [PathFault(0, "silence")]
    assert paths.phase is Phase.DIALLING
    assert paths.connected(2, LATE) == (Joined.ANEW, [Use(2)])


def test_a_return_leaves_the_old_connection_open_until_it_has_brought_all() -> None:
    paths = make_up(2, path=1)
    assert paths.rejoin(0) == [Connect(0, 3, DIAL_NS)]
    assert paths.connected(3, LATE) == (Joined.MOVED, [Use(3)])
    assert paths.leave(nothing_out=False, now_ns=LATE) == []
    assert paths.deadline_ns() == LATE + LEAVING_NS_MAX
    gone = [Disconnect(1, 2, "moved to a preferred path", orderly=True)]
    assert paths.leave(nothing_out=True, now_ns=LATE) == gone
    assert paths.deadline_ns() is None
    paths = make_up(2, path=1)
    paths.rejoin(0)
    paths.connected(3, LATE)
    assert paths.leave(nothing_out=False, now_ns=LATE + LEAVING_NS_MAX) == gone


def test_a_broker_that_drops_the_older_of_two_is_no_fault() -> None:
    """Both paths lead to it: the good-bye may come before the CONNACK, or after it."""
    paths = make_up(2, path=1)
    paths.rejoin(0)
    assert paths.lost(2, "taken over", 0.0, LATE) == []
    assert paths.connected(3, LATE) == (Joined.MOVED, [Use(3)])
    paths = make_up(2, path=1)
    paths.rejoin(0)
    paths.connected(3, LATE)
    assert paths.lost(2, "taken over", 0.0, LATE) == []
    assert paths.leaving is not None, "its receipts come over the new one"


def test_a_return_that_fails_is_a_fault_of_the_preferred_path_alone() -> None:
    paths = make_up(2, path=1)
    paths.tell_back(0, 0)
    paths.rejoin(0)
    assert paths.lost(3, "refused", 0.0, LATE) == [PathFault(0, "refused")]
    assert (paths.phase, paths.path) == (Phase.UP, 1)


def test_doubt_ends_a_return() -> None:
    paths = make_up(2, path=1)
    paths.rejoin(0)
    actions = paths.doubt(Why.SILENT, "silence", LATE)
    assert actions == [
        Disconnect(0, 3, "the path in use is in doubt"),
        Connect(0, 4, DIAL_NS),
    ]


def test_news_of_an_attempt_that_was_given_up_is_ignored() -> None:
    paths = Paths(2)
    paths.start()
    fail(paths, 0)
    assert paths.connected(1, 0) == (Joined.NOT, [])
    assert paths.lost(1, "late", 0.0, 0) == []
    assert paths.phase is Phase.DIALLING
    fail(paths, 0)
    assert paths.lost(paths.attempt, "again", 0.0, 0) == []
    assert paths.connected(paths.attempt, 0) == (Joined.NOT, [])
    assert paths.proved(0) == []
