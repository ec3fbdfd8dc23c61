"""The outbox as playbooks and in a simulated world with faults.

Seen to fail: judging every range HELD breaks the law of receipts; forgetting `miss()` on overflow
loses events; freeing at publish breaks the bound; reading lower lanes first breaks the order.
"""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.uplink.flights import ASIDE_NS, STRIKES_MAX, UNRECEIPTED_NS_MAX
from edge_agent.uplink.lanes import LIVE_BYTES_MAX
from edge_agent.uplink.messages import (
    Answered,
    Connect,
    Connected,
    Disconnect,
    Fetch,
    Fetched,
    FetchFailed,
    Introduce,
    Introduced,
    Lost,
    Offered,
    Outgoing,
    PathBack,
    PathFault,
    Ping,
    Publish,
    Receipted,
    Started,
    Ticked,
    Topic,
    Unread,
    Use,
)
from edge_agent.uplink.outbox import FETCH_RETRY_NS, UNREAD_NS_MIN, Outbox
from edge_agent.uplink.paths import DIAL_NS
from edge_agent.uplink.pulse import ANSWER_NS_MIN, HUSH_NS
from edge_agent.uplink.supervision import STALL_ALONE_NS
from edge_agent.uplink.window import IN_FLIGHT_BYTES_MAX, URGENT_BYTES
from tests.uplink.world import EPOCH, MS, OLD_EPOCH, SECOND, World, make_event, make_receipt

GENESIS = make_event(0)
PACKET_MAX = 16 * 1024 + 4096  # one message may always go, whatever its last event


def make_connected(now: int = SECOND) -> Outbox:
    """Return an outbox that is connected, its genesis receipted and its lanes read to the end."""
    box = Outbox(1)
    box.handle(Started(EPOCH), now)
    box.handle(Introduced(EPOCH, GENESIS), now)
    actions = box.handle(Connected(1, 65535, 0.5), now)
    while fetches := [action for action in actions if isinstance(action, Fetch)]:
        actions = box.handle(Fetched(fetches[0].request, (), None), now)
    box.handle(Receipted(make_receipt([GENESIS]), 1), now)
    assert not any(lane.behind for lane in box.lanes)
    return box


def sent(actions: object) -> list[tuple[Topic, int]]:
    assert isinstance(actions, list)
    return [(a.topic, e.seq) for a in actions if isinstance(a, Publish) for e in a.events]


def test_the_running_genesis_goes_first_on_each_connection() -> None:
    box = Outbox(1)
    assert box.handle(Started(EPOCH), 0) == [Introduce(EPOCH), Connect(0, 1, 2 * DIAL_NS)]
    assert box.handle(Introduced(EPOCH, GENESIS), 0) == []
    assert box.handle(Offered(make_event(1, 0)), 0) == []
    first = [(Topic.ALARMS, 0), (Topic.ALARMS, 1)]
    assert sent(box.handle(Connected(1, 65535, 0.5), 0)) == first
    box.handle(Lost(1, "cut", 0.0), 1)
    box.handle(Ticked(0.0), SECOND)
    assert sent(box.handle(Connected(2, 65535, 0.5), SECOND)) == first


def test_a_live_event_is_published_within_the_call() -> None:
    box = make_connected()
    assert sent(box.handle(Offered(make_event(1, 2)), SECOND)) == [(Topic.ALARMS, 1)]
    assert sent(box.handle(Offered(make_event(2, 3)), SECOND)) == [(Topic.ALARMS, 2)]
    assert sent(box.handle(Offered(make_event(3, 4)), SECOND)) == [(Topic.EVENTS, 3)]


def test_an_event_offered_before_and_after_its_commit_is_sent_once() -> None:
    box = make_connected()
    event = make_event(1, 0)
    assert sent(box.handle(Offered(event), SECOND))
    assert box.handle(Offered(event), SECOND) == []
    box.handle(Receipted(make_receipt([event]), 1), SECOND)
    assert box.handle(Offered(event), SECOND) == []


def test_life_never_waits_for_the_window_and_state_does() -> None:
    box = make_connected()
    states = [make_event(seq, 5) for seq in range(1, 40)]
    went = [seq for event in states for _, seq in sent(box.handle(Offered(event), SECOND))]
    assert len(went) < len(states), "the window is full"
    assert sent(box.handle(Offered(make_event(100, 0)), SECOND)) == [(Topic.ALARMS, 100)]
    burst = [make_event(seq, 1) for seq in range(200, 400)]
    through = [seq for event in burst for _, seq in sent(box.handle(Offered(event), SECOND))]
    assert URGENT_BYTES // 400 - 2 <= len(through) < len(burst), "even they are bounded"


def test_a_flood_of_intrusion_alarms_does_not_stand_before_a_life() -> None:
    """Seen to fail while both used one reserve: the life waited for receipts."""
    box = make_connected()
    flood = [make_event(seq, 2) for seq in range(1, 400)]
    went = [seq for event in flood for _, seq in sent(box.handle(Offered(event), SECOND))]
    assert len(went) < len(flood), "the window and their reserve are full"
    for seq in range(1000, 1010):
        life = make_event(seq, seq % 2)
        assert sent(box.handle(Offered(life), SECOND)) == [(Topic.ALARMS, seq)]


def test_what_a_panel_waits_for_goes_before_any_backlog() -> None:
    """Seen to fail in lane order: a trouble waited for thousands of old alarms to drain, its panel
    for its ACK, and behind it in the panel whatever came next."""
    box = make_connected()
    full = [make_event(seq, 2) for seq in range(1, 400)]
    for event in full:
        box.handle(Offered(event), SECOND)
    trouble = replace(make_event(1000, 4), awaited=True)
    box.handle(Offered(trouble), SECOND)
    box.handle(Offered(make_event(1001, 4)), SECOND)
    life = make_event(1002, 0)
    assert [seq for _, seq in sent(box.handle(Offered(life), SECOND))] == [1002]
    receipt = make_receipt(full[:20])
    went = [seq for _, seq in sent(box.handle(Receipted(receipt, 1), SECOND + 1))]
    assert went[:1] == [1000]
    assert not box.lanes[4].awaited


def test_urgent_lanes_first_and_live_before_backlog() -> None:
    """Everything waits behind a full window; one receipt shows the order."""
    box = make_connected()
    filler = [make_event(seq, 5) for seq in range(1, 40)]
    for event in filler:
        box.handle(Offered(event), SECOND)
    waiting = set(box.lanes[5].live)
    in_flight = [event for event in filler if event.key not in waiting]
    box.lanes[4].fetched([make_event(51, 4)], None)
    box.lanes[3].fetched([make_event(52, 3)], None)
    for event in (make_event(61, 6), make_event(62, 4), make_event(63, 3)):
        assert sent(box.handle(Offered(event), SECOND)) == []
    order = [seq for _, seq in sent(box.handle(Receipted(make_receipt(in_flight), 1), SECOND + MS))]
    assert order[:4] == [63, 52, 62, 51]
    assert box.lanes[6].live or order[-1] == 61


def test_puback_frees_nothing_there_is_no_such_input() -> None:
    """Time alone, too, frees nothing until an event is late."""
    box = make_connected()
    box.handle(Offered(make_event(1, 0)), SECOND)
    out = box.window.bytes_out
    assert out
    box.handle(Ticked(0.0), SECOND + UNRECEIPTED_NS_MAX - 1)
    assert box.window.bytes_out == out


def test_a_receipt_with_another_digest_lets_nothing_go() -> None:
    box = make_connected()
    event = make_event(1, 0)
    box.handle(Offered(event), SECOND)
    assert box.handle(Receipted(make_receipt([event], forged=True), 1), SECOND) == []
    assert box.tally.receipt_mismatch == 1
    assert box.handle(Receipted(make_receipt([make_event(9)]), 1), SECOND) == []
    assert box.tally.receipt_unknown == 1
    assert box.window.bytes_out


def test_nothing_receipted_for_half_a_minute_is_a_path_fault() -> None:
    """The broker answers all the while; another connection is made before this one is dropped."""
    box = make_connected()
    box.handle(Offered(make_event(1, 0)), SECOND)
    asked = SECOND + HUSH_NS
    assert box.deadline_ns() == asked
    assert box.handle(Ticked(0.0), asked) == [Ping(1)]
    box.handle(Answered(1), asked)
    end = SECOND + STALL_ALONE_NS
    fault, connect = box.handle(Ticked(0.0), end)
    assert isinstance(fault, PathFault)
    assert fault.reason.startswith("nothing receipted for 30 s, though the broker answers")
    assert connect == Connect(0, 2, 2 * DIAL_NS)
    actions = box.handle(Connected(2, 65535, 0.5), end)
    assert actions[:2] == [Use(2), Disconnect(0, 1, fault.reason)]
    assert (Topic.ALARMS, 1) in sent(actions)


def test_a_broker_that_does_not_answer_is_left_within_seconds() -> None:
    box = make_connected()
    box.handle(Offered(make_event(1, 0)), SECOND)
    box.handle(Ticked(0.0), SECOND + HUSH_NS)
    silent = SECOND + HUSH_NS + ANSWER_NS_MIN
    assert box.deadline_ns() == silent
    assert box.handle(Ticked(0.0), silent) == [Connect(0, 2, 2 * DIAL_NS)]
    assert box.deadline_ns() is None, "nothing is asked until the rival has answered"
    assert sent(box.handle(Connected(2, 65535, 0.5), silent)) == [
        (Topic.ALARMS, 0),
        (Topic.ALARMS, 1),
    ]


def test_a_late_receipt_of_the_last_connection_counts() -> None:
    """It is about what waits to be sent again: then it need not be."""
    box = make_connected()
    event = make_event(1, 5)
    box.handle(Offered(event), SECOND)
    box.handle(Lost(1, "cut", 0.0), SECOND)
    box.handle(Ticked(0.0), 2 * SECOND)
    box.window.messages_max = 0
    box.handle(Connected(2, 1, 0.5), 2 * SECOND)
    assert box.lanes[5].live, "the only message allowed is the genesis"
    actions = box.handle(Receipted(make_receipt([event]), 1), 2 * SECOND)
    assert [action.seqs for action in actions if hasattr(action, "seqs")] == [(1,)]
    assert not box.lanes[5].live


def test_a_broker_without_subscribers_is_tried_again_soon() -> None:
    box = make_connected()
    box.handle(Offered(make_event(1, 0)), SECOND)
    box.handle(Unread(), SECOND)
    box.handle(Unread(), SECOND)
    assert box.deadline_ns() == SECOND + UNREAD_NS_MIN
    again = sent(box.handle(Ticked(0.0), SECOND + UNREAD_NS_MIN))
    assert again == [(Topic.ALARMS, 0), (Topic.ALARMS, 1)]
    box.handle(Unread(), 2 * SECOND)
    assert box.deadline_ns() == 2 * SECOND + 2 * UNREAD_NS_MIN


def test_what_a_broker_may_still_owe_counts_when_all_is_sent_again() -> None:
    """The connection is the same.  Seen to fail with a window that counts from nothing."""
    box = Outbox(1)
    box.handle(Started(EPOCH), SECOND)
    box.handle(Introduced(EPOCH, GENESIS), SECOND)
    box.handle(Connected(1, 20, 0.5), SECOND)
    lives = [make_event(seq, 0) for seq in range(1, 40)]
    first = [seq for event in lives for _, seq in sent(box.handle(Offered(event), SECOND))]
    box.handle(Unread(), SECOND)
    again = sent(box.handle(Ticked(0.0), SECOND + UNREAD_NS_MIN))
    assert len(first) + 1 == 20, "with the genesis all that the broker allows"
    assert len(again) == 1, "one goes all the same, so that the center is heard of"


def test_a_source_that_cannot_read_is_asked_again() -> None:
    box = Outbox(1)
    box.handle(Started(EPOCH), 0)
    [fetch] = [a for a in box.handle(Connected(1, 65535, 0.5), 0) if isinstance(a, Fetch)]
    assert box.handle(FetchFailed(fetch.request), SECOND) == []
    assert box.deadline_ns() == SECOND + FETCH_RETRY_NS
    [again] = box.handle(Ticked(0.0), SECOND + FETCH_RETRY_NS)
    assert isinstance(again, Fetch)
    assert again.lane == 0
    assert box.handle(Fetched(fetch.request, (make_event(9, 0),), None), SECOND * 7) == []


def test_the_backlog_is_read_lane_by_lane_urgent_first() -> None:
    world = World()
    for seq in range(1, 400):
        event = make_event(seq, seq % 7, epoch=OLD_EPOCH)
        world.source[event.key] = event
    world.start().run(5 * SECOND)
    assert not world.source
    lanes = [e.lane for _, events in world.published for e in events if e.seq]
    assert lanes == sorted(lanes)
    assert {topic for topic, _ in world.published[1:]} == {Topic.EVENTS}


def test_old_epochs_are_introduced_before_their_events_and_orphans_are_kept() -> None:
    """What no genesis vouches for stays in the source: the center could only hold it."""
    world = World()
    lost_epoch = b"epoch-no"
    for seq in (1, 2):
        for epoch in (OLD_EPOCH, lost_epoch):
            event = make_event(seq, 2, epoch=epoch)
            world.source[event.key] = event
    world.start().run(SECOND)
    assert {key[0] for key in world.source} == {lost_epoch}
    assert world.outbox.tally.without_genesis == 2
    world.genesis[lost_epoch] = make_event(0, epoch=lost_epoch)
    world.cut()
    world.run(5 * SECOND)
    assert not world.source


def test_an_overflow_of_live_events_falls_back_to_the_source() -> None:
    """Memory stays bounded on a path that is up but slow, and nothing is forgotten."""
    world = World()
    world.road.rate_bytes_s = 20_000
    world.start().run(SECOND)
    count = 3 * LIVE_BYTES_MAX // 300
    for seq in range(1, count + 1):
        world.record(make_event(seq, 4))
        held = sum(lane.live_bytes + lane.backlog_bytes for lane in world.outbox.lanes)
        assert held <= LIVE_BYTES_MAX * 2
    assert world.outbox.tally.overflowed
    world.run(60 * SECOND)
    assert not world.source
    assert len(world.at_center) == count + 1


def test_an_event_that_the_center_passes_over_stops_nobody() -> None:
    """Sent three times, then set aside; tried again later, and receipted at last."""
    world = World()
    refused = make_event(1, 0)
    world.passed_over.add(refused.key)
    world.start().run(SECOND)
    world.record(refused)
    for seq in range(2, 2 + STRIKES_MAX * 4):
        world.record(make_event(seq, 0))
        world.run(10 * SECOND)
    assert refused.key in world.outbox.flights.aside
    assert list(world.source) == [refused.key]
    assert not [told for told in world.told if isinstance(told, PathFault)]
    times = sum(refused in events for _, events in world.published)
    assert times == STRIKES_MAX
    world.passed_over.clear()
    world.run(ASIDE_NS + SECOND)
    assert not world.source


def test_a_center_that_is_away_is_one_fault_and_one_return() -> None:
    world = World()
    world.start().run(SECOND)
    world.center_up = False
    world.record(make_event(1, 0))
    world.run(200 * SECOND)
    world.center_up = True
    world.run(60 * SECOND)
    assert not world.source
    news = [type(told) for told in world.told if not isinstance(told, Disconnect | Use)]
    assert news == [PathBack, PathFault, PathBack]


CALLS = ("alarm", "burst", "state", "wait")
FAULTS = ("cut", "broker", "center", "forge", "pass_over", "hole", "deaf", "path", *CALLS)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(FAULTS), st.integers(0, 6)), max_size=40),
    st.integers(0, 2**32),
    st.integers(1, 3),
)
def test_whatever_happens_everything_arrives_and_nothing_is_let_go_unreceipted(
    script: list[tuple[str, int]], seed: int, paths: int
) -> None:
    """Faults in any order; when they stop, all is receipted.  The world checks each LetGo."""
    rng = random.Random(seed)
    world = World(paths=paths, jitter=rng.random(), one_broker=rng.random() < 0.5)
    world.road.rate_bytes_s = rng.choice((20_000, 125_000, 10_000_000))
    world.road.delay_ns = rng.choice((1, 40)) * MS
    world.start()
    seq = 0
    for fault, lane in script:
        for _ in range({"alarm": 1, "state": 1, "burst": 80}.get(fault, 0)):
            seq += 1
            world.record(make_event(seq, lane, rng.choice((200, 300, 4000))))
        if fault == "pass_over" and seq:
            world.passed_over ^= {(EPOCH, rng.randint(1, seq))}
        _switch(world, fault, lane)
        world.run(rng.choice((0, 1, 30, 400, 12_000, 45_000)) * MS)
        assert world.bytes_out_max <= IN_FLIGHT_BYTES_MAX + PACKET_MAX
    world.broker_up = world.center_up = True
    world.forging = False
    world.passed_over.clear()
    for switched in (world.hole, world.deaf, world.down):
        switched.clear()
    world.run(2 * ASIDE_NS)
    assert not world.source
    assert world.outbox.window.bytes_out == 0
    assert set(world.at_center) >= {(EPOCH, number) for number in range(1, seq + 1)}


def _switch(world: World, fault: str, lane: int) -> None:
    match fault:
        case "cut" if world.connection:
            world.cut()
        case "broker":
            world.broker_up = not world.broker_up
            if not world.broker_up and world.connection:
                world.cut()
        case "center":
            world.center_up = not world.center_up
        case "forge":
            world.forging = not world.forging
        case "hole" | "deaf":
            affected: set[int] = getattr(world, fault)
            affected ^= {lane % world.paths}
        case "path" if lane % world.paths in world.down:
            world.down.discard(lane % world.paths)
        case "path":
            world.cut_path(lane % world.paths)


def test_a_mixed_backlog_and_offers_are_never_doubled_while_the_path_stands() -> None:
    world = World()
    backlog: list[Outgoing] = [make_event(seq, 5) for seq in range(1, 500)]
    world.source.update({event.key: event for event in backlog})
    world.start()
    for seq in range(1000, 1200):
        world.record(make_event(seq, 5))
        world.run(3 * MS)
    world.run(20 * SECOND)
    assert not world.source
    everything = [event.key for _, events in world.published for event in events]
    assert len(everything) == len(set(everything))
