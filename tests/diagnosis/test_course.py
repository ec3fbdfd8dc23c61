"""One line of time over restarts, steps of the clock and boots."""

from edge_agent.diagnosis.course import Course
from edge_agent.domain.stamp import Stamp, Trust

S = 1_000_000_000
DAY = 1_795_046_400 * S  # a midnight in UTC


def stamp(
    boot_s: float, wall_s: float | None = 0.0, boot: int = 1, trust: Trust = Trust.SYNCED
) -> Stamp:
    wall_ns = None if wall_s is None else DAY + round(wall_s * S)
    return Stamp(wall_ns, round(boot_s * S), bytes([boot] * 16), trust)


def test_it_begins_at_the_time_of_day_and_follows_boot_time_alone() -> None:
    course = Course()
    assert course.take(stamp(100, 3600)).t_ns == 3600 * S
    stepped = course.take(stamp(130, -80_000))
    assert (stepped.t_ns, stepped.gap, stepped.dated) == (3630 * S, False, True)
    assert stepped.wall_ns == DAY - 80_000 * S
    assert course.boottime_ns(3640 * S) == 140 * S
    assert course.at(140 * S) == 3640 * S


def test_it_never_goes_back_and_what_comes_late_is_undated() -> None:
    course = Course()
    course.take(stamp(100))
    overtaken = course.take(stamp(99.5))
    assert (overtaken.t_ns, overtaken.dated) == (0, True)
    late = course.take(stamp(90))
    assert (late.t_ns, late.dated) == (0, False)
    assert course.at(0) == 0


def test_between_boots_a_trusted_wall_clock_tells_the_time() -> None:
    course = Course()
    course.take(stamp(100, 0))
    course.take(stamp(150, 50, trust=Trust.HOLDOVER))
    after = course.take(stamp(20, 1000, boot=2))
    assert (after.t_ns, after.gap) == (1000 * S, False)


def test_without_one_the_gap_is_unknown_and_no_shorter_than_the_boot() -> None:
    course = Course()
    course.take(stamp(100, 0))
    after = course.take(stamp(20, 1000, boot=2, trust=Trust.UNSET))
    assert (after.t_ns, after.gap, after.wall_ns) == (20 * S, True, None)
    later = course.take(stamp(60, 2000, boot=2))
    assert (later.t_ns, later.gap) == (60 * S, False), "a clock that is set moves nothing"
    assert course.take(stamp(10, 2100, boot=3)).t_ns == 160 * S
    course.take(stamp(10, None, boot=4))
    assert course.take(stamp(10, 2200, boot=5)).gap, "nobody knows how long boot 4 was off"


def test_a_wall_clock_that_goes_back_between_boots_tells_nothing() -> None:
    course = Course()
    course.take(stamp(100, 5000))
    after = course.take(stamp(20, 1000, boot=2))
    assert (after.t_ns, after.gap) == (5020 * S, True)
