"""Events stand from their begin to their end, whatever else is said, in bounded memory."""

from dataclasses import replace

from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.signal import Signal
from edge_agent.domain.standing import STANDING_MAX, Events, Standing


def alarm(zone: int, state: State = State.ACTIVE, **more: object) -> Signal:
    return Signal(kind=Kind.BURGLARY, code="130", state=state, zone=zone, **more)  # type: ignore[arg-type]


def test_an_event_stands_until_it_is_restored() -> None:
    standing = Standing()
    standing.take(alarm(1, area=2, frame=b"raw", panel_time="2026-11-23T20:00:00"))
    standing.take(alarm(2, origin=Origin.AT_START))
    standing.take(alarm(1))
    assert list(standing.signals) == [alarm(1, area=2), alarm(2)], "no more than what it is"
    standing.take(alarm(1, State.STATUS))
    assert len(standing.signals) == 2
    standing.take(alarm(1, State.RESTORED, area=2))
    assert list(standing.signals) == [alarm(2)]
    standing.take(alarm(9, State.RESTORED))
    assert list(standing.signals) == [alarm(2)]


def test_points_and_arming_do_not_stand() -> None:
    standing = Standing()
    standing.take(Signal(kind=Kind.ZONE, state=State.OPEN, zone=1))
    standing.take(Signal(kind=Kind.OPEN_CLOSE, code="401", state=State.ARMED, user=1))
    assert not standing.signals


def test_different_zones_users_codes_and_accounts_are_different_events() -> None:
    other = Signal(kind=Kind.BURGLARY, code="134", state=State.ACTIVE, zone=1)
    here = [Signal(kind=Kind.PANIC, code="120", state=State.ACTIVE, user=user) for user in (1, 2)]
    different = [alarm(1), alarm(2), alarm(1, account="7"), *here, other]
    assert list(Events(different).signals) == different


def test_zones_of_the_same_number_in_two_loops_are_two_events() -> None:
    standing = Standing()
    standing.take(alarm(3, area=1))
    standing.take(alarm(3, area=2))
    assert list(standing.signals) == [alarm(3, area=1), alarm(3, area=2)]
    standing.take(alarm(3, State.RESTORED, area=1))
    assert list(standing.signals) == [alarm(3, area=2)]
    standing.take(alarm(3, State.RESTORED, area=9))
    assert list(standing.signals) == [alarm(3, area=2)], "that was about another"


def test_an_area_that_one_of_two_frames_does_not_say_fits_any() -> None:
    standing = Standing()
    standing.take(alarm(3))
    standing.take(alarm(3, area=2))
    assert list(standing.signals) == [alarm(3)]
    standing.take(alarm(3, State.RESTORED, area=2))
    assert not standing.signals
    for area in (1, 2):
        standing.take(alarm(3, area=area))
    standing.take(alarm(3))
    assert len(standing.signals) == 2
    standing.take(alarm(3, State.RESTORED))
    assert not standing.signals, "wherever it was"


def test_the_oldest_goes_alone_though_others_would_fit_it() -> None:
    events = Events([alarm(1, area=4), alarm(1, area=6), alarm(2)])
    events.drop_oldest()
    assert list(events.signals) == [alarm(1, area=6), alarm(2)]
    events.drop_oldest()
    events.add(alarm(1, area=4))
    events.discard(alarm(1, area=5))
    assert list(events.signals) == [alarm(2), alarm(1, area=4)]


def test_memory_is_bounded() -> None:
    """By what stands: what is over makes room."""
    standing = Standing()
    for zone in range(1, STANDING_MAX):
        standing.take(alarm(zone))
        standing.take(alarm(zone, State.RESTORED))
    standing.take(alarm(STANDING_MAX * 2))
    for zone in range(1, STANDING_MAX):
        standing.take(alarm(zone))
    assert standing.signals[0].zone == STANDING_MAX * 2
    for zone in range(1, STANDING_MAX + 10):
        standing.take(alarm(zone))
    assert len(standing.signals) == STANDING_MAX
    assert standing.signals[0].zone == 10


def test_a_zone_that_one_user_took_out_another_one_takes_in() -> None:
    standing = Standing()
    out = Signal(kind=Kind.BYPASS, code="570", state=State.ACTIVE, zone=3, user=1)
    standing.take(out)
    assert [one.user for one in standing.signals] == [None]
    standing.take(replace(out, state=State.RESTORED, user=2))
    assert not standing.signals
