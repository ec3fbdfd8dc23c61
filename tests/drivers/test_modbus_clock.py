"""The clock of a polled device: when it is looked at, and what is written."""

from drivers._modbus_clock import LOOK_NS, SET_UNSEEN_NS, DeviceClock
from edge_agent.domain.register_map import Clock
from edge_agent.domain.session import ClockRead, Setup
from edge_agent.domain.stamp import Trust
from edge_agent.resources import load_codes

S = 1_000_000_000
OFFSET_NS = 1_795_464_000 * S  # 2026-11-23 20:00 UTC at 0
PARTS = ("year", "month", "day", "hour", "minute", "second")


def clock(where: Clock | None, trust: Trust = Trust.SYNCED) -> DeviceClock:
    made = DeviceClock(where, Setup(load_codes(), allow=frozenset({"clock"})))
    made.read(ClockRead(OFFSET_NS, trust))
    return made


def test_a_device_without_a_clock() -> None:
    found = clock(None)
    assert (found.can_write, found.count, found.due(0), found.set_due(0)) == (False, 0, None, False)
    assert found.registers(0) is None


def test_years_of_two_digits_and_another_order() -> None:
    found = clock(Clock(9, PARTS[::-1], 2000, read=True, write=True))
    assert found.registers(5 * S) == (9, (5, 0, 20, 23, 11, 26))
    assert found.compare((5, 0, 20, 23, 11, 26), 5 * S) == []
    whole_year = clock(Clock(9, PARTS, 0, read=True, write=True))
    assert whole_year.registers(0) == (9, (2026, 11, 23, 20, 0, 0))


def test_it_is_looked_at_once_a_minute_and_after_it_was_set() -> None:
    found = clock(Clock(9, PARTS, 2000, read=True, write=True))
    assert found.due(0) is not None
    assert found.due(LOOK_NS - 1) is None
    found.was_set(LOOK_NS - 1)
    assert found.due(LOOK_NS - 1) is not None


def test_one_that_cannot_be_read_is_set_once_a_day() -> None:
    found = clock(Clock(9, PARTS, 2000, read=False, write=True))
    assert found.due(0) is None
    assert found.set_due(0)
    found.registers(0)
    assert not found.set_due(SET_UNSEEN_NS - 1)
    assert found.set_due(SET_UNSEEN_NS)


def test_a_clock_of_ours_that_is_unsure_sets_none() -> None:
    found = clock(Clock(9, PARTS, 2000, read=False, write=True), Trust.HOLDOVER)
    assert not found.set_due(0)
    assert found.registers(0) is None
