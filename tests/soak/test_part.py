"""What the long run says while it runs and at its end."""

import pytest

from tests.soak.part import Ending, Result, Watch, duration, progress, table, verdict


class Time:
    """A clock that is set by hand."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def time() -> Time:
    return Time()


def test_progress_tells_done_rate_time_left_and_failures() -> None:
    result = Result("worlds", 1_000, done=250, seconds=50.0)
    assert progress(result) == "worlds        250/1,000  5.00/s  150 s left".replace(
        "150 s", "2 min"
    )
    result.fail("seed 1", "again")
    assert progress(result, time_left_s=30).endswith("30 s left  1 FAILED")


def test_progress_without_an_end_has_no_time_left() -> None:
    assert progress(Result("kills", None, done=8, seconds=16.0)) == "kills           8  0.50/s"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-3, "0 s"), (45.4, "45 s"), (150, "2 min"), (5_940, "99 min"), (11_100, "3 h 05 min")],
)
def test_a_duration_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_a_failure_is_shown_at_once_and_once(time: Time) -> None:
    shown: list[str] = []
    watch = Watch(Result("worlds", 2), time, shown.append)
    watch.result.fail("seed 7: law 1", "./run soak --seed 7")
    watch.look()
    watch.look()
    assert [text for text in shown if "FAILED seed 7" in text] == [
        "FAILED seed 7: law 1\n  again: ./run soak --seed 7\n"
    ]


def test_time_that_is_over_is_told_where_a_number_was_asked(time: Time) -> None:
    asked = Watch(Result("worlds", 9), time, print, seconds_max=60)
    free = Watch(Result("worlds", None), time, print, seconds_max=60)
    assert not asked.is_over()
    time.now_s += 60
    assert asked.is_over()
    assert free.is_over()
    assert (asked.result.ending, free.result.ending) == (Ending.OUT_OF_TIME, Ending.WHOLE)
    assert asked.result.seconds == 60


def test_an_interrupt_lets_nothing_begin(time: Time) -> None:
    watch = Watch(Result("worlds", None), time, print)
    watch.interrupt()
    assert watch.is_over()
    assert watch.result.ending is Ending.INTERRUPTED


def test_the_exit_code_is_good_only_where_all_is() -> None:
    good, cut, bad = Result("worlds", 1), Result("kills", 1), Result("images", 1)
    cut.ending = Ending.INTERRUPTED
    bad.fail("lost", "again")
    assert verdict([good]) == 0
    assert verdict([good, cut]) == 130
    assert verdict([good, cut, bad]) == 1


def test_the_table_has_every_part_and_what_was_counted() -> None:
    result = Result("worlds", 10_000, done=9_000, seconds=1_200.0)
    result.facts["lost"] = 0
    said = table([result, Result("kills", None)])
    assert "worlds         9,000    10,000       0      20 min  whole" in said
    assert "kills              0         -       0" in said
    assert "worlds: 0 lost" in said
