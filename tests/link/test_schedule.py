"""Who is asked next on a bus, in simulated time: hours of polling in milliseconds."""

import statistics
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.session import Read, Table
from edge_agent.link.schedule import (
    MISSES_DEAD,
    PROBE_LAST_NS,
    READS_WAITING_MAX,
    Ask,
    Failed,
    Left,
    Pace,
    Passed,
    Schedule,
    Settled,
    Wanted,
    rtu_pace,
)
from tests.link.rig import MS

SECOND = 1000 * MS


def read(request: int = 0, count: int = 8) -> Read:
    return Read(request, Table.DISCRETE_INPUTS, 0, count)


@dataclass
class Bus:
    """Devices that answer after `answer_ns`, or never, polled through a schedule."""

    answer_ns: dict[int, int | None]
    poll_ns: int = 0  # after an answer; 0 is at once
    pace: Pace = field(default_factory=Pace)
    now_ns: int = 0
    asked: dict[int, list[int]] = field(default_factory=dict)
    failed: dict[int, list[int]] = field(default_factory=dict)
    busy_ns: dict[int, int] = field(default_factory=dict)

    def run(self, until_ns: int) -> "Bus":
        schedule = Schedule(self.pace)
        wants = dict.fromkeys(self.answer_ns, 0)  # unit -> when its session wants to read
        flight: Ask | None = None
        answer_at_ns: int | None = None
        spins = 0
        while self.now_ns < until_ns:
            actions = []
            for unit, at_ns in list(wants.items()):
                if at_ns <= self.now_ns:
                    del wants[unit]
                    actions += schedule.handle(Wanted(unit, read()), self.now_ns)
            if flight is not None and answer_at_ns is not None and answer_at_ns <= self.now_ns:
                wants[flight.unit] = self.now_ns + self.poll_ns
                flight, answer_at_ns = None, None
                actions += schedule.handle(Settled(), self.now_ns)
            actions += schedule.handle(Passed(), self.now_ns)
            for action in actions:
                if isinstance(action, Ask):
                    assert flight is None, "two requests on the bus"
                    flight = action
                    self.asked.setdefault(action.unit, []).append(self.now_ns)
                    answer_ns = self.answer_ns[action.unit]
                    answer_at_ns = None if answer_ns is None else self.now_ns + answer_ns
                else:
                    flight = None if action.asked else flight
                    self.failed.setdefault(action.unit, []).append(self.now_ns)
                    wants[action.unit] = self.now_ns + max(self.poll_ns, 1)
            times = [*wants.values(), answer_at_ns, schedule.deadline_ns()]
            next_ns = min(at for at in times if at is not None)
            spins = spins + 1 if next_ns <= self.now_ns else 0
            assert spins < 100, "woken again and again with nothing to do"
            self.now_ns = max(self.now_ns, next_ns)
        return self

    def interval_ns(self, units: range) -> float:
        return statistics.mean(self.now_ns / len(self.asked[unit]) for unit in units)


UNITS = range(1, 8)


@pytest.mark.parametrize("poll_ns", [0, 500 * MS], ids=["back to back", "twice a second"])
@pytest.mark.parametrize("dead", [[8], [8, 9, 10, 11]], ids=["one dead", "four dead"])
def test_dead_units_hardly_slow_the_others(poll_ns: int, dead: list[int]) -> None:
    alive: dict[int, int | None] = dict.fromkeys(UNITS, 30 * MS)
    before = Bus(alive, poll_ns).run(300 * SECOND).interval_ns(UNITS)
    beside = Bus(alive | dict.fromkeys(dead), poll_ns).run(300 * SECOND).interval_ns(UNITS)
    assert beside < 1.05 * before


def test_a_unit_that_dies_hardly_slows_the_others() -> None:
    alive: dict[int, int | None] = dict.fromkeys(range(1, 9), 30 * MS)
    bus = Bus(alive).run(60 * SECOND)
    before = bus.interval_ns(UNITS)
    beside = Bus(alive | {8: None}).run(60 * SECOND).interval_ns(UNITS)
    assert beside < 1.05 * before  # in the first minute, though a seventh of the asking is gone


def test_healthy_units_take_turns() -> None:
    bus = Bus({1: 10 * MS, 2: 50 * MS, 3: 10 * MS}).run(10 * SECOND)
    counts = {len(times) for times in bus.asked.values()}
    assert max(counts) - min(counts) <= 1


def test_where_nobody_was_heard_yet_the_one_who_answers_need_not_wait_for_the_dead() -> None:
    bus = Bus({1: 10 * MS} | dict.fromkeys(range(2, 9)), poll_ns=100 * MS).run(10 * SECOND)
    gaps = [b - a for a, b in pairwise(bus.asked[1])]
    assert max(gaps) <= 600 * MS  # one dead unit in between, not seven


def test_a_dead_unit_is_asked_ever_more_rarely_but_for_ever() -> None:
    bus = Bus({1: 10 * MS, 2: None}, poll_ns=100 * MS).run(600 * SECOND)
    times = bus.asked[2]
    gaps_s = [round((b - a) / SECOND) for a, b in pairwise(times)]
    assert gaps_s[:8] == [1, 1, 1, 2, 4, 8, 16, 30]
    assert set(gaps_s[8:]) == {30}
    assert times[-1] > bus.now_ns - PROBE_LAST_NS - SECOND


def test_a_unit_that_returns_is_polled_like_before() -> None:
    bus = Bus({1: 10 * MS, 2: None}, poll_ns=100 * MS)
    bus.run(100 * SECOND)
    schedule = Schedule(Pace())
    now_ns = dead(schedule, 2)
    for _ in range(3):
        now_ns = answered(schedule, 2, now_ns)
    assert schedule.handle(Wanted(2, read()), now_ns) == [Ask(2, read())]
    assert schedule.deadline_ns() == now_ns + 300 * MS


def answered(schedule: Schedule, unit: int, now_ns: int) -> int:
    schedule.handle(Wanted(unit, read()), now_ns)
    while (at_ns := schedule.deadline_ns()) is not None and schedule._flight is None:
        now_ns = at_ns
        schedule.handle(Passed(), now_ns)
    schedule.handle(Settled(), now_ns + 20 * MS)
    return now_ns + 20 * MS


def missed(schedule: Schedule, unit: int, now_ns: int) -> int:
    """Let `unit` miss once; return when."""
    schedule.handle(Wanted(unit, read()), now_ns)
    while True:
        at_ns = schedule.deadline_ns()
        assert at_ns is not None
        in_flight = schedule._flight is not None
        actions = schedule.handle(Passed(), at_ns)
        if in_flight:
            assert actions[0] == Failed(unit, read(), actions[0].detail, asked=True)  # type: ignore[union-attr]
            return at_ns


def dead(schedule: Schedule, unit: int, now_ns: int = 0) -> int:
    for _ in range(MISSES_DEAD):
        now_ns = missed(schedule, unit, now_ns)
    return now_ns


def probe_ns(schedule: Schedule, unit: int, now_ns: int) -> int:
    """Return how long a probe of `unit` waits that may begin at `now_ns`."""
    assert schedule.handle(Wanted(unit, read()), now_ns) == [Ask(unit, read())]
    until_ns = schedule.deadline_ns()
    assert until_ns is not None
    schedule.handle(Passed(), until_ns)
    return until_ns - now_ns


@pytest.mark.parametrize("heard_before", [True, False])
def test_a_dead_unit_is_probed_briefly_with_a_full_wait_now_and_then(heard_before: bool) -> None:
    schedule = Schedule(Pace())
    now_ns = dead(schedule, 1, answered(schedule, 1, 0) if heard_before else 0) + SECOND
    waits_ms = [probe_ns(schedule, 1, now_ns + n * 100 * SECOND) // MS for n in range(8)]
    assert waits_ms == [100, 100, 100, 300, 100, 100, 100, 300]


def test_a_slow_unit_is_probed_as_long_as_it_needs() -> None:
    schedule = Schedule(Pace())
    schedule.handle(Wanted(1, read()), 0)
    schedule.handle(Settled(), 60 * MS)
    now_ns = dead(schedule, 1, 60 * MS) + SECOND
    assert probe_ns(schedule, 1, now_ns) == 180 * MS


def test_a_flapping_unit_that_answers_one_probe_is_not_trusted_at_once() -> None:
    schedule = Schedule(Pace())
    now_ns = answered(schedule, 1, dead(schedule, 1))
    now_ns = missed(schedule, 1, now_ns)  # one miss is enough now
    schedule.handle(Wanted(1, read()), now_ns)
    assert schedule.deadline_ns() == now_ns + 2 * SECOND


def test_all_reads_of_a_dead_unit_fail_together() -> None:
    schedule = Schedule(Pace())
    now_ns = dead(schedule, 1)
    for request in range(4):
        schedule.handle(Wanted(1, read(request)), now_ns)
    schedule.handle(Passed(), now_ns + SECOND)
    actions = schedule.handle(Passed(), now_ns + 2 * SECOND)
    assert [(a.wanted.request, a.asked) for a in actions if isinstance(a, Failed)] == [
        (0, True),
        (1, False),
        (2, False),
        (3, False),
    ]
    assert schedule.deadline_ns() is None


def test_a_unit_that_missed_is_not_asked_again_while_its_late_answer_may_come() -> None:
    schedule = Schedule(Pace())
    assert schedule.handle(Wanted(1, read(0)), 0) == [Ask(1, read(0))]
    schedule.handle(Wanted(1, read(1)), 0)
    schedule.handle(Wanted(2, read(2)), 0)
    actions = schedule.handle(Passed(), 300 * MS)
    assert actions[1:] == [Ask(2, read(2))]
    assert schedule.handle(Settled(), 310 * MS) == []
    assert schedule.deadline_ns() == 600 * MS
    assert schedule.handle(Passed(), 600 * MS) == [Ask(1, read(1))]


def test_a_gateway_that_does_not_reach_a_unit_is_a_miss() -> None:
    schedule = Schedule(Pace())
    now_ns = 0
    for _ in range(MISSES_DEAD):
        schedule.handle(Wanted(1, read()), now_ns)
        schedule.handle(Passed(), schedule.deadline_ns() or now_ns)
        now_ns = (schedule.deadline_ns() or 0) - 290 * MS
        schedule.handle(Settled(absent=True), now_ns)
    schedule.handle(Wanted(1, read()), now_ns)
    assert schedule.deadline_ns() == now_ns + SECOND


def test_frames_are_kept_apart_by_the_gap() -> None:
    schedule = Schedule(Pace(gap_ns=4 * MS))
    schedule.handle(Wanted(1, read(0)), 0)
    assert schedule.handle(Wanted(1, read(1)), 0) == []
    assert schedule.handle(Settled(), 10 * MS) == []
    assert schedule.deadline_ns() == 14 * MS
    assert schedule.handle(Passed(), 14 * MS) == [Ask(1, read(1))]


def test_the_pace_of_a_serial_bus_follows_its_baud_rate() -> None:
    assert rtu_pace(9600).gap_ns // 1000 == 4010  # 3.5 characters of 11 bits
    assert rtu_pace(115_200).gap_ns == 1_750_000
    assert rtu_pace(9600, gap_ns=50 * MS).gap_ns == 50 * MS
    registers = Read(0, Table.HOLDING_REGISTERS, 0, 125)
    assert rtu_pace(9600).wire_ns(registers) // MS == 301  # longer than the answer time alone
    assert rtu_pace(9600).wire_ns(read(count=8)) // 1000 == 16_041
    assert Pace().wire_ns(registers) == 0


def test_reads_that_wait_are_bounded() -> None:
    schedule = Schedule(Pace())
    for request in range(READS_WAITING_MAX + 1):
        assert not any(isinstance(a, Failed) for a in schedule.handle(Wanted(1, read(request)), 0))
    (failed,) = schedule.handle(Wanted(1, read(99)), 0)
    assert isinstance(failed, Failed)
    assert (failed.wanted.request, failed.asked) == (99, False)


def test_what_a_gone_session_wanted_is_forgotten() -> None:
    schedule = Schedule(Pace())
    schedule.handle(Wanted(1, read(0)), 0)
    schedule.handle(Wanted(1, read(1)), 0)
    schedule.handle(Left(1), 0)
    assert schedule.handle(Passed(), 300 * MS) == []
    assert schedule.deadline_ns() is None
    assert schedule.handle(Left(9), 300 * MS) == []
    assert schedule.handle(Settled(), 300 * MS) == []


@given(
    st.dictionaries(
        st.integers(1, 12), st.one_of(st.none(), st.integers(1, 299)), min_size=1, max_size=8
    ),
    st.sampled_from([0, 100, 500]),
    st.integers(0, 10),
)
def test_nobody_who_answers_is_ever_failed_or_starved(
    answers_ms: dict[int, int | None], poll_ms: int, gap_ms: int
) -> None:
    answers = {unit: None if ms is None else ms * MS for unit, ms in answers_ms.items()}
    bus = Bus(answers, poll_ms * MS, Pace(gap_ns=gap_ms * MS)).run(10 * SECOND)
    for unit, answer_ns in answers.items():
        if answer_ns is None:
            assert bus.failed[unit]
        else:
            assert unit not in bus.failed
            assert len(bus.asked[unit]) >= 10 * SECOND // (8 * 2 * 310 * MS + poll_ms * MS)
