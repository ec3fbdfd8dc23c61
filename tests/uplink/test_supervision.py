"""Failover and failback of a whole outbox in a simulated world of several paths.

Seen to fail: without the question to the broker (`Ping` never sent) a black hole is found by the
stall alone, as a fault of the center; with `Joined.ANEW` at a return what was under way is doubled;
without the doubling of the stall a center that is down has the gateway run from path to path.
"""

import itertools

import pytest

from edge_agent.uplink.messages import Answered, Disconnect, PathBack, PathFault, Ticked, Use
from edge_agent.uplink.paths import LEAVING_NS_MAX
from edge_agent.uplink.pulse import ANSWER_NS_MIN, HUSH_NS, IDLE_NS
from edge_agent.uplink.supervision import STALL_NS
from edge_agent.uplink.watch import HOLD_NS_MIN
from tests.uplink.world import EPOCH, MS, SECOND, Road, World, make_event

FAILOVER_NS_MAX = 10 * SECOND
RETURN_NS = 60 * SECOND  # found good, held, moved
SLOW = Road(rate_bytes_s=125_000, delay_ns=80 * MS)
NARROW = Road(rate_bytes_s=20_000)


def make_world(paths: int = 2, *, road: Road | None = None, one_broker: bool = True) -> World:
    """A world whose preferred path is up and proven, with every spare path seen once."""
    world = World(road or Road(), paths=paths, one_broker=one_broker).start()
    world.run(60 * SECOND)
    assert world.path == 0
    assert [way.good for way in world.outbox.paths.ways] == [True] * paths
    world.told.clear()
    return world


def arrived_after(world: World, seq: int) -> int:
    key = (EPOCH, seq)
    return world.receipted_at[key] - world.offered_at[key]


def told(world: World) -> list[PathFault | PathBack]:
    return [one for one in world.told if isinstance(one, PathFault | PathBack)]


@pytest.mark.parametrize("one_broker", [True, False])
@pytest.mark.parametrize("road", [None, SLOW])
def test_an_alarm_into_a_black_hole_is_receipted_over_the_next_path(
    road: Road | None, one_broker: bool
) -> None:
    world = make_world(road=road, one_broker=one_broker)
    world.hole.add(0)
    world.record(make_event(1, 0))
    world.run(FAILOVER_NS_MAX)
    assert arrived_after(world, 1) < HUSH_NS + ANSWER_NS_MIN + 2 * SECOND
    assert [type(one) for one in told(world)] == [PathFault]
    assert "does not answer" in told(world)[0].reason  # type: ignore[union-attr]  # a fault, as just seen


def test_a_hole_in_the_middle_of_a_drain_costs_seconds_and_loses_nothing() -> None:
    world = make_world(road=SLOW)
    for seq in range(1, 800):
        world.record(make_event(seq, 5))
    world.run(SECOND)
    assert world.source
    world.hole.add(0)
    world.record(make_event(1000, 0))
    world.run(FAILOVER_NS_MAX)
    assert world.path == 1
    assert arrived_after(world, 1000) < FAILOVER_NS_MAX
    world.run(30 * SECOND)
    assert not world.source


def test_an_idle_path_that_goes_silent_is_told_before_it_is_needed() -> None:
    world = make_world()
    world.hole.add(0)
    world.run(IDLE_NS + ANSWER_NS_MIN + SECOND)
    assert world.path == 1
    assert [type(one) for one in told(world)] == [PathFault]


def test_three_paths_of_which_two_are_holes_still_fail_over_in_time() -> None:
    """The second is known to be bad by the watch, so that the third is tried at once."""
    world = make_world(3)
    world.hole.add(1)
    world.run(1200 * SECOND)
    assert world.outbox.paths.ways[1].good is False
    world.hole.add(0)
    world.record(make_event(1, 0))
    world.run(FAILOVER_NS_MAX)
    assert world.path == 2
    assert arrived_after(world, 1) < FAILOVER_NS_MAX


def test_a_connection_that_breaks_is_replaced_at_once() -> None:
    world = make_world()
    world.cut_path(0)
    world.record(make_event(1, 0))
    world.run(SECOND)
    assert arrived_after(world, 1) < SECOND


def test_a_broker_without_its_center_is_gone_round() -> None:
    world = make_world(one_broker=False)
    world.deaf.add(0)
    world.record(make_event(1, 0))
    world.run(FAILOVER_NS_MAX)
    assert arrived_after(world, 1) < FAILOVER_NS_MAX
    [fault] = told(world)
    assert isinstance(fault, PathFault)
    assert fault.path == 0
    assert "check that the center runs" in fault.reason


@pytest.mark.parametrize("paths", [1, 2, 3])
def test_a_center_that_is_down_is_said_and_not_hunted(paths: int) -> None:
    world = make_world(paths)
    world.center_up = False
    world.record(make_event(1, 0))
    world.run(1800 * SECOND)
    moves = sum(isinstance(one, Use) for one in world.told)
    assert moves <= 1800 * SECOND // (60 * SECOND) + 4
    assert [one.path for one in told(world)] == list(range(paths)), "each once"
    world.center_up = True
    world.run(61 * SECOND)
    assert not world.source
    assert all(isinstance(one, PathBack) for one in told(world)[paths:])


@pytest.mark.parametrize("one_broker", [True, False])
@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_the_preferred_path_is_returned_to_without_a_double(
    jitter: float, *, one_broker: bool
) -> None:
    """With events all the while, ten a second."""
    world = make_world(one_broker=one_broker)
    world.jitter = jitter
    world.cut_path(0)
    world.run(5 * SECOND)
    assert world.path == 1
    world.down.clear()
    doubled = len(world.doubled)
    for seq in range(1, 600):
        world.record(make_event(seq, seq % 7))
        world.run(RETURN_NS // 600)
    world.run(SECOND)
    assert world.path == 0
    assert world.doubled[doubled:] == []
    assert not world.source
    alarms = [arrived_after(world, seq) for seq in range(1, 600) if seq % 7 < 3]
    assert max(alarms) < SECOND, "no alarm waits for the move"
    assert [type(one) for one in told(world)] == [PathFault, PathBack]


@pytest.mark.parametrize("one_broker", [True, False])
@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_what_is_under_way_at_the_moment_of_the_return_is_not_doubled(
    jitter: float, *, one_broker: bool
) -> None:
    world = make_world(one_broker=one_broker)
    world.jitter = jitter
    world.cut_path(0)
    world.run(5 * SECOND)
    world.down.clear()
    while world.outbox.paths.rival is None:
        world.run(MS)
    for seq in itertools.count(1):
        world.record(make_event(seq, 2))
        world.run(MS // 4)
        if world.path == 0:
            break
    assert len(world.outbox.flights.out) > 5, "under way"
    world.run(10 * SECOND)
    assert world.doubled == []
    assert not world.source
    assert world.path == 0


@pytest.mark.thorough
def test_a_drain_goes_on_over_the_preferred_path() -> None:
    """Cheaper and quicker than to finish it over the spare one."""
    world = make_world(road=SLOW, one_broker=False)
    world.cut_path(0)
    world.run(5 * SECOND)
    for seq in range(1, 40_000):
        world.source[(EPOCH, seq)] = make_event(seq, 5)
    for lane in world.outbox.lanes:
        lane.miss()
    world.run(5 * SECOND)
    world.down.clear()
    world.run(RETURN_NS)
    assert world.path == 0
    assert world.source
    assert world.doubled == []


@pytest.mark.thorough
@pytest.mark.parametrize("road", [SLOW, NARROW])
def test_the_backlog_rests_while_it_moves_so_that_the_broker_drops_nothing(road: Road) -> None:
    """One broker behind both paths closes the older connection, with what is in its socket.

    Seen to fail on the narrow road, where a new connection is quicker than what is under way,
    with a return that does not wait for the receipts.
    """
    world = make_world(road=road)
    world.cut_path(0)
    world.run(5 * SECOND)
    for seq in range(1, 40_000):
        world.source[(EPOCH, seq)] = make_event(seq, 5)
    for lane in world.outbox.lanes:
        lane.miss()
    world.down.clear()
    world.run(RETURN_NS)
    assert world.path == 0
    assert world.source
    assert world.outbox.tally.resent == 0
    assert world.doubled == []


def test_an_alarm_that_was_lost_in_the_move_goes_again_within_seconds() -> None:
    world = make_world(one_broker=False)
    world.cut_path(0)
    world.run(5 * SECOND)
    world.down.clear()
    while world.outbox.paths.rival is None:
        world.run(MS)
    world.hole.add(1)
    world.record(make_event(1, 0))
    world.run(10 * SECOND)
    assert world.path == 0
    assert arrived_after(world, 1) < LEAVING_NS_MAX + SECOND
    assert world.outbox.tally.resent == 1


def test_a_preferred_path_that_comes_and_goes_is_not_run_after() -> None:
    world = make_world()
    for _ in range(30):
        world.cut_path(0)
        world.run(10 * SECOND)
        world.down.clear()
        world.run(30 * SECOND)
    moves = sum(isinstance(one, Use) for one in world.told)
    assert moves < 16, "the hold doubles"
    world.run(2000 * SECOND)
    assert world.path == 0


def test_a_spare_path_is_found_dead_while_the_main_one_works_and_found_back() -> None:
    world = make_world()
    world.down.add(1)
    world.run(1500 * SECOND)
    world.down.clear()
    world.run(700 * SECOND)
    assert [(type(one), one.path) for one in told(world)] == [(PathFault, 1), (PathBack, 1)]
    assert world.path == 0
    assert not [one for one in world.told if isinstance(one, Use)]
    assert world.doubled == []


def test_a_process_that_was_stopped_for_a_while_sees_no_fault() -> None:
    """Its timers are all due before it has read what the broker said meanwhile."""
    world = make_world()
    world.now += 300 * SECOND
    world.outbox.handle(Ticked(0.5), world.now)  # asks
    world.now += 300 * SECOND
    world.feed(Ticked(0.5))  # no answer yet: a rival
    world.feed(Answered(world.outbox.paths.attempt))
    world.run(10 * SECOND)
    assert world.path == 0
    assert told(world) == []
    assert any(isinstance(one, Disconnect) for one in world.told), "the rival was withdrawn"


def test_the_times_add_up() -> None:
    """Silence, then the dial of one path, or the stall: each leaves room within ten seconds."""
    assert STALL_NS + 2 * SECOND <= FAILOVER_NS_MAX
    assert HOLD_NS_MIN < RETURN_NS
