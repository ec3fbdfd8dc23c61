"""What a receipt proves, what it does not, and what becomes of events passed over."""

import dataclasses

from edge_agent.evidence.receipt import Range, range_digest
from edge_agent.uplink.flights import (
    ASIDE_NS,
    REMEMBERED_MAX,
    STRIKES_MAX,
    UNRECEIPTED_NS_MAX,
    Flight,
    Flights,
    Verdict,
)
from edge_agent.uplink.messages import Key, Topic
from edge_agent.uplink.window import Window
from tests.uplink.world import EPOCH, SECOND, make_event

LATE = SECOND + UNRECEIPTED_NS_MAX


def nothing(_: Key) -> bytes | None:
    return None


def fly(flights: Flights, *seqs: int, at: int = SECOND, topic: Topic = Topic.EVENTS) -> None:
    window = Window()
    for seq in seqs:
        sent = window.sent(300, 1, at)
        flights.add(Flight(make_event(seq), None, topic, sent, 300))


def claim(*seqs: int) -> Range:
    return Range(EPOCH, seqs[0], seqs[-1], range_digest(make_event(seq).leaf for seq in seqs))


def test_a_range_is_held_only_with_the_digest_of_our_bytes() -> None:
    flights = Flights()
    fly(flights, 1, 2, 3)
    assert flights.judge(claim(1, 2, 3), nothing) is Verdict.HELD
    assert flights.judge(claim(2), nothing) is Verdict.HELD
    other = dataclasses.replace(claim(1, 2, 3), digest=claim(1, 2).digest)
    assert flights.judge(other, nothing) is Verdict.MISMATCH


def test_a_range_with_any_unknown_event_proves_nothing() -> None:
    flights = Flights()
    fly(flights, 1, 3)
    assert flights.judge(claim(1, 2, 3), nothing) is Verdict.UNKNOWN
    waiting = make_event(2)
    assert flights.judge(claim(1, 2, 3), {waiting.key: waiting.leaf}.get) is Verdict.HELD


def test_a_range_of_any_length_costs_nothing() -> None:
    flights = Flights()
    fly(flights, 0)
    endless = Range(EPOCH, 0, 2**62, bytes(32))
    assert flights.judge(endless, lambda _: bytes(32)) is Verdict.UNKNOWN


def test_events_let_go_still_count_in_a_mixed_range() -> None:
    flights = Flights()
    fly(flights, 1, 2)
    flights.land(make_event(1).key, SECOND)
    flights.remember(make_event(1).key, make_event(1).leaf)
    assert flights.judge(claim(1, 2), nothing) is Verdict.HELD
    for seq in range(10, 10 + REMEMBERED_MAX):
        flights.remember(make_event(seq).key, make_event(seq).leaf)
    assert flights.judge(claim(1, 2), nothing) is Verdict.UNKNOWN


def test_silence_lasts_while_something_is_out_and_nothing_comes_back() -> None:
    flights = Flights()
    seen: list[int | None] = [flights.silent_ns]
    fly(flights, 1)
    fly(flights, 2, at=LATE)
    seen.append(flights.silent_ns)
    flights.land(make_event(1).key, LATE)
    seen.append(flights.silent_ns)
    flights.land(make_event(2).key, LATE)
    seen.append(flights.silent_ns)
    fly(flights, 3, at=5 * LATE)
    assert seen == [None, SECOND, LATE, None]
    assert flights.silent_ns == 5 * LATE, "the pause before was no silence"


def test_what_is_recalled_does_not_end_the_silence() -> None:
    """A broker without subscribers is no center, however often everything is sent again."""
    flights = Flights()
    fly(flights, 1)
    assert [flight.event.seq for flight in flights.recall()] == [1]
    fly(flights, 1, at=LATE - 1)
    assert flights.silent_ns == SECOND
    flights.start_over()
    fly(flights, 1, at=LATE)
    assert flights.silent_ns == LATE


def test_nothing_is_late_while_the_center_is_silent_to_all() -> None:
    """Then another path is the remedy, not to send the same again over this one."""
    flights = Flights()
    fly(flights, 1)
    assert flights.deadline_ns() is None
    assert flights.drop_late(9 * LATE) == []
    fly(flights, 2, at=LATE)
    flights.land(make_event(2).key, LATE + 1)
    assert flights.deadline_ns() == LATE
    assert [flight.event.seq for flight in flights.drop_late(LATE + 1)] == [1]


def test_what_went_over_the_connection_before_is_recalled_alone() -> None:
    flights = Flights()
    fly(flights, 1, 2)
    fly(flights, 3, at=2 * SECOND)
    assert [flight.event.seq for flight in flights.recall_before(2 * SECOND)] == [1, 2]
    assert list(flights.out) == [make_event(3).key]


def test_an_event_passed_over_again_and_again_is_set_aside() -> None:
    flights = Flights()
    key = make_event(1).key
    now = SECOND
    for strike in range(STRIKES_MAX):
        assert key not in flights.aside, strike
        fly(flights, 1, 2 + strike, at=now)
        flights.out[make_event(2 + strike).key].sent.sent_ns += 1
        flights.land(make_event(2 + strike).key, now + 2)
        now += UNRECEIPTED_NS_MAX
        assert [flight.event.seq for flight in flights.drop_late(now)] == [1]
    assert flights.is_settled(key, now)
    assert flights.deadline_ns() == now + ASIDE_NS
    assert not flights.recall_aside(now + ASIDE_NS - 1)
    assert flights.recall_aside(now + ASIDE_NS)
    assert not flights.is_settled(key, now + ASIDE_NS)


def test_silence_of_one_topic_is_no_strike_against_its_events() -> None:
    """The center reads the topics independently: alarms arriving say nothing about events."""
    flights = Flights()
    for round_ in range(2 * STRIKES_MAX):
        now = SECOND + round_ * UNRECEIPTED_NS_MAX
        fly(flights, 1, at=now)
        fly(flights, 100 + round_, at=now + 1, topic=Topic.ALARMS)
        flights.land(make_event(100 + round_).key, now + 2)
        assert len(flights.drop_late(now + UNRECEIPTED_NS_MAX)) == 1
    assert not flights.aside


def test_landing_clears_what_was_held_against_an_event() -> None:
    flights = Flights()
    fly(flights, 1)
    assert flights.land(make_event(1).key, SECOND) is not None
    assert flights.land(make_event(1).key, SECOND) is None
    assert flights.deadline_ns() is None
