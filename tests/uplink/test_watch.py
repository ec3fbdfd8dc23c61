"""Paths that are not in use: when they are looked at, what proves them, when one is ready.

Seen to fail: without the hold a path that comes and goes is returned to each time; with PathBack at
the CONNACK a broker without a center is taken for good.
"""

from itertools import count

from edge_agent.uplink.messages import Disconnect, Greet, Probe
from edge_agent.uplink.watch import (
    AGAIN_NS,
    AGAIN_NS_MAX,
    FIRST_NS,
    HOLD_NS_MAX,
    HOLD_NS_MIN,
    NOTHING,
    PATIENCE_NS,
    Told,
    Watch,
)
from tests.uplink.world import SECOND, make_event

EVERY = 1000 * SECOND
GENESIS = make_event(0)


def make_watch(paths: int = 2, main: int = 0) -> Watch:
    numbers = count(100)
    watch = Watch(paths, EVERY, lambda: next(numbers))
    watch.settled(main, 0.0, 0)
    return watch


def begin(watch: Watch, main: int = 0, now: int = FIRST_NS) -> Probe:
    [probe] = watch.tick(main, 0.5, now).actions
    assert isinstance(probe, Probe)
    return probe


def prove(watch: Watch, main: int, now: int) -> Told:
    """Let the probe that is due succeed."""
    begin(watch, main, now)
    watch.connected(GENESIS, now)
    return watch.receipted(main, 0.5, now)


def test_a_spare_path_is_proven_by_the_receipt_of_the_genesis_and_left_alone() -> None:
    watch = make_watch()
    assert watch.deadline_ns() == FIRST_NS
    probe = begin(watch)
    assert probe == Probe(1, 100, PATIENCE_NS)
    assert watch.is_probe(100)
    assert watch.connected(GENESIS, FIRST_NS) == Told((Greet(100, GENESIS),)), "not proven yet"
    proven = watch.receipted(0, 0.5, FIRST_NS)
    assert proven == Told((Disconnect(1, 100, "seen", orderly=True),), good=1)
    assert watch.deadline_ns() == FIRST_NS + EVERY
    assert watch.ready is None


def test_the_second_failure_in_a_row_is_told() -> None:
    watch = make_watch()
    begin(watch)
    assert watch.lost("refused", 0.5, FIRST_NS) == NOTHING
    assert watch.deadline_ns() == FIRST_NS + AGAIN_NS
    begin(watch, now=FIRST_NS + AGAIN_NS)
    assert watch.lost("refused", 0.5, 2 * AGAIN_NS) == Told(bad=1, reason="refused")
    assert watch.deadline_ns() == 4 * AGAIN_NS
    for _ in range(9):
        now = watch.deadline_ns() or 0
        begin(watch, now=now)
        watch.lost("refused", 0.5, now)
    assert watch.deadline_ns() == now + AGAIN_NS_MAX


def test_a_broker_without_its_center_is_no_good_path() -> None:
    watch = make_watch()
    for number in (1, 2):
        now = watch.deadline_ns() or 0
        begin(watch, now=now)
        watch.connected(GENESIS, now)
        told = watch.tick(0, 0.5, now + PATIENCE_NS)
        [gone] = told.actions
        assert isinstance(gone, Disconnect)
        assert gone.orderly
        assert told.bad == (1 if number == 2 else None)


def test_a_preferred_path_is_held_before_it_is_ready() -> None:
    watch = make_watch(main=1)
    assert prove(watch, 1, FIRST_NS) == Told(good=0)
    assert watch.deadline_ns() == FIRST_NS + HOLD_NS_MIN
    watch.tick(1, 0.5, FIRST_NS + HOLD_NS_MIN - 1)
    assert watch.ready is None
    watch.tick(1, 0.5, FIRST_NS + HOLD_NS_MIN)
    ready: int | None = watch.ready
    assert ready == 0
    assert watch.stop("used").actions == (Disconnect(0, 100, "used", orderly=True),)
    assert watch.ready is None


def test_a_preferred_path_that_breaks_while_held_is_not_ready() -> None:
    watch = make_watch(main=1)
    prove(watch, 1, FIRST_NS)
    watch.lost("cut", 0.5, FIRST_NS + SECOND)
    assert watch.ready is None
    assert watch.deadline_ns() == FIRST_NS + SECOND + AGAIN_NS


def test_a_path_that_failed_soon_after_the_return_is_held_longer_each_time() -> None:
    watch = make_watch(main=1)
    hold, now = HOLD_NS_MIN, FIRST_NS
    for _ in range(7):
        prove(watch, 1, now)
        assert (watch.deadline_ns() or 0) - now == min(hold, HOLD_NS_MAX)
        now += hold
        watch.tick(1, 0.5, now)
        watch.stop("used")
        watch.returned(0, now)
        watch.settled(0, 0.0, now)
        watch.failed_in_use(0, now + SECOND)
        watch.settled(1, 0.0, now + SECOND)
        now += SECOND + FIRST_NS
        hold *= 2
    watch.returned(0, now)
    watch.failed_in_use(0, now + 3600 * SECOND)
    watch.stop("")
    now += 9000 * SECOND
    prove(watch, 1, now)
    assert (watch.deadline_ns() or 0) - now == HOLD_NS_MIN


def test_without_a_genesis_the_look_is_put_off() -> None:
    watch = make_watch()
    begin(watch)
    assert watch.connected(None, FIRST_NS).actions == (Disconnect(1, 100, "seen", orderly=True),)
    assert watch.deadline_ns() == FIRST_NS + AGAIN_NS


def test_one_probe_at_a_time_and_a_stopped_one_is_made_again() -> None:
    watch = make_watch(paths=3)
    assert begin(watch).path == 1
    assert watch.tick(0, 0.5, FIRST_NS) == NOTHING
    watch.stop("doubt")
    assert begin(watch, now=FIRST_NS).path == 2
    watch.stop("doubt")
    assert watch.deadline_ns() == FIRST_NS + 2 * PATIENCE_NS
