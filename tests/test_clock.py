"""The clock's trust and steps, without waiting; and one look at the real machine."""

from edge_agent.clock import (
    Changed,
    ClockWatch,
    Discipline,
    SystemClock,
    read_discipline,
)
from edge_agent.domain.stamp import ClockChange, Trust

S = 1_000_000_000
YES, NO, UNKNOWN = Discipline(True, 3), Discipline(False), Discipline(None)


def test_a_gateway_without_battery_clock_starts_unset_and_becomes_synced() -> None:
    watch = ClockWatch(battery=False)
    assert watch.handle(0, 5 * S, NO) == []
    changes = watch.handle(1_700_000_000 * S, 6 * S, YES)
    assert changes == [
        Changed(ClockChange.STEPPED, 1_700_000_000 * S - 6 * S + 5 * S),
        Changed(ClockChange.TRUSTED),
    ]
    assert watch.trust == Trust.SYNCED


def test_lost_discipline_is_holdover_and_is_said_once() -> None:
    watch = ClockWatch(battery=False)
    watch.handle(100 * S, 0, YES)
    assert watch.handle(101 * S, S, NO) == [Changed(ClockChange.LOST)]
    assert watch.handle(102 * S, 2 * S, UNKNOWN) == []
    assert watch.trust is Trust.HOLDOVER


def test_a_battery_clock_is_holdover_from_the_start() -> None:
    assert ClockWatch(battery=True).trust is Trust.HOLDOVER


def test_unknown_discipline_is_never_trusted() -> None:
    watch = ClockWatch(battery=False)
    assert watch.handle(100 * S, 0, UNKNOWN) == []
    assert watch.trust is Trust.UNSET


def test_slewing_is_no_step_but_a_jump_back_is() -> None:
    watch = ClockWatch(battery=True)
    watch.handle(100 * S, 0, NO)
    assert watch.handle(101 * S + 500_000, S, NO) == []  # 500 ppm, the fastest slew
    (change,) = watch.handle(50 * S, 2 * S, NO)
    assert change.change is ClockChange.STEPPED
    assert -53 * S < change.step_ns < -51 * S


def test_the_real_clocks_run_and_stamp() -> None:
    clock = SystemClock()
    first, second = clock.stamp(), clock.stamp()
    assert 0 < first.boottime_ns < second.boottime_ns
    assert first.boot_id == second.boot_id
    assert clock.look() == []
    assert read_discipline().disciplined in (True, False, None)
