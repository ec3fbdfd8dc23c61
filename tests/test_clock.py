"""The clock's trust and steps, without waiting; and one look at the real machine."""

from edge_agent.clock import (
    Changed,
    ClockWatch,
    Now,
    SystemClock,
    Told,
    now_ms,
    system_now,
)
from edge_agent.discipline import Discipline
from edge_agent.domain.stamp import ClockChange, Trust

S = 1_000_000_000
DAY = 86_400 * S
T0 = 1_700_000_000 * S
YES, NO, UNKNOWN = Discipline(True, 3, "kernel"), Discipline(False), Discipline(None)


def make(*, battery: bool = False) -> ClockWatch:
    return ClockWatch(battery, built_ns=0)


def changes(found: list[Changed]) -> list[ClockChange]:
    return [one.change for one in found]


def test_a_gateway_without_battery_clock_starts_unset_and_becomes_synced() -> None:
    watch = make()
    assert watch.handle(0, 5 * S, NO) == []
    assert watch.handle(T0, 6 * S, YES) == [
        Changed(ClockChange.STEPPED, T0 - 6 * S + 5 * S, Trust.UNSET),
        Changed(ClockChange.TRUSTED, 0, Trust.UNSET, "kernel"),
    ]
    assert watch.trust == Trust.SYNCED
    assert watch.uncertainty_ms(6 * S) == 3


def test_lost_discipline_is_holdover_is_said_once_and_grows_less_certain() -> None:
    watch = make()
    watch.handle(T0, 0, YES)
    assert changes(watch.handle(T0 + S, S, NO)) == [ClockChange.LOST]
    assert watch.handle(T0 + 2 * S, 2 * S, UNKNOWN) == []
    assert watch.trust is Trust.HOLDOVER
    assert watch.uncertainty_ms(S) == 503
    assert watch.uncertainty_ms(DAY) == 503 + 8640  # 100 millionths of a day


def test_a_battery_clock_is_holdover_from_the_start_and_nobody_bounds_its_error() -> None:
    watch = make(battery=True)
    watch.handle(T0, 0, NO)
    assert watch.trust is Trust.HOLDOVER
    assert watch.uncertainty_ms(S) is None
    assert watch.now(T0, S) == Now(0, None)


def test_a_battery_clock_older_than_what_was_seen_is_not_trusted_and_that_is_said() -> None:
    watch = make(battery=True)
    watch.recall(0, T0)
    (change,) = watch.handle(T0 - DAY, 0, NO)
    assert (change.change, change.was) == (ClockChange.DOUBTED, Trust.HOLDOVER)
    assert "older" in change.source
    assert watch.trust is Trust.UNSET
    assert watch.handle(T0 - DAY + S, S, NO) == []


def test_unknown_discipline_is_never_trusted() -> None:
    watch = make()
    assert watch.handle(100 * S, 0, UNKNOWN) == []
    assert watch.trust is Trust.UNSET


def test_slewing_is_no_step_but_a_jump_back_is() -> None:
    watch = make(battery=True)
    watch.handle(100 * S, 0, NO)
    assert watch.handle(101 * S + 500_000, S, NO) == []  # 500 ppm, the fastest slew
    stepped, lost = watch.handle(50 * S, 2 * S, NO)
    assert stepped.change is ClockChange.STEPPED
    assert -53 * S < stepped.step_ns < -51 * S
    assert lost.change is ClockChange.LOST  # whoever did it, nobody vouches for him
    assert watch.trust is Trust.UNSET


def test_a_jump_is_not_trusted_in_the_moment_before_it_is_looked_at() -> None:
    """Fails where `trust_of` returns the trust of the last look."""
    watch = make()
    watch.handle(T0, 0, YES)
    assert watch.trust_of(T0 + S, S) is Trust.SYNCED
    assert watch.trust_of(T0 - DAY, S) is Trust.UNSET
    assert watch.now(T0 - DAY, S) == Now(0, None)


# ---- what contradicts a clock


def test_a_source_that_says_less_than_the_center_said_is_not_believed() -> None:
    """Fails where a disciplined clock is synced whatever else is known."""
    watch = make()
    watch.recall(T0, T0)
    (change,) = watch.handle(T0 - DAY, 0, YES)
    assert change.change is ClockChange.DOUBTED
    assert watch.trust is Trust.UNSET
    assert changes(watch.handle(T0, S, YES)) == [ClockChange.STEPPED, ClockChange.TRUSTED]


def test_what_only_an_earlier_run_believed_does_not_veto_a_time_source() -> None:
    """A time server that once said 2036 must not lock the gateway out for ten years."""
    watch = make()
    watch.recall(T0, T0 + 3650 * DAY)
    assert changes(watch.handle(T0 + DAY, 0, YES)) == [ClockChange.TRUSTED]


def test_the_build_date_is_known_for_certain() -> None:
    watch = ClockWatch(battery=False, built_ns=T0)
    assert changes(watch.handle(0, 0, YES)) == [ClockChange.DOUBTED]
    assert watch.now(0, 0) == Now(T0, None)


def test_a_clock_ahead_of_or_behind_the_center_is_doubted_until_it_agrees() -> None:
    for off_ns, word in ((DAY, "ahead"), (-DAY, "behind")):
        watch = make()
        watch.handle(T0 + off_ns, 0, YES)
        watch.hear(Told(S, T0 + S, T0 + S + S))
        (change,) = watch.handle(T0 + off_ns + 2 * S, 2 * S, YES)
        assert (change.change, change.was) == (ClockChange.DOUBTED, Trust.SYNCED)
        assert word in change.source
        assert watch.handle(T0 + off_ns + 3 * S, 3 * S, YES) == []  # said once
        assert watch.trust is Trust.UNSET
        assert changes(watch.handle(T0 + 4 * S, 4 * S, YES)) == [
            ClockChange.STEPPED,
            ClockChange.TRUSTED,
        ]


def test_a_clock_within_seconds_of_the_center_stays_trusted() -> None:
    watch = make()
    watch.handle(T0, 0, YES)
    watch.hear(Told(S, T0 + 6 * S, T0 + 7 * S))
    assert watch.handle(T0 + 2 * S, 2 * S, YES) == []
    assert watch.trust is Trust.SYNCED


def test_the_centers_word_corrects_what_was_seen_and_tells_the_present() -> None:
    watch = make()
    watch.recall(T0, T0 + 3650 * DAY)
    watch.handle(0, 0, NO)
    assert watch.now(0, 0) == Now(T0 + 3650 * DAY, None)
    watch.hear(Told(0, T0 + DAY, T0 + DAY + S))
    now = watch.now(0, 100 * S)
    assert now.latest_ns is not None
    assert now.earliest_ns == T0 + DAY + 100 * S - S // 100
    assert now.latest_ns == T0 + DAY + S + 100 * S + S // 100


def test_the_present_of_a_synced_clock_is_its_reading_within_its_error() -> None:
    watch = make()
    watch.handle(T0, 0, YES)
    assert watch.now(T0, 0) == Now(T0 - 3_000_000, T0 + 3_000_000)


def test_the_real_clocks_run_and_stamp() -> None:
    clock = SystemClock()
    first, second = clock.stamp(), clock.stamp()
    assert 0 < first.boottime_ns < second.boottime_ns
    assert first.boot_id == second.boot_id
    clock.recall(0, 0)
    assert clock.look() == []
    assert clock.now().earliest_ns > T0
    assert abs(system_now().earliest_ns - (clock.stamp().wall_ns or 0)) < 60 * S
    assert abs(now_ms() * 1_000_000 - system_now().earliest_ns) < 60 * S


def test_the_real_clock_that_contradicts_the_center_is_no_more_trusted() -> None:
    clock = SystemClock()
    far = (clock.stamp().wall_ns or 0) + 365 * DAY
    clock.recall(far, far)
    assert clock.stamp().trust is Trust.UNSET
    clock.hear(Told(clock.boottime_ns(), far + DAY, far + 2 * DAY))
    assert clock.now().earliest_ns >= far + DAY
